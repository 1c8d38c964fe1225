"""Two policies on one history: what changes, and what contradicts the people who decided about it."""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import schemas
from finance_pipeline.matching.month.comparing import ACCEPTED, compared, contradictions


def accepts(**lines: str) -> pl.DataFrame:
    """Line -> what it is matched with, several apart by a space."""
    rows = [
        {"line_id": line, "tier": 2, "rule": "party_and_amount", "named": sorted(named.split()), "words": "as it is"}
        for line, named in lines.items()
    ]
    return pl.DataFrame(rows, schema=ACCEPTED)


def decided(**lines: str) -> pl.DataFrame:
    """Line -> verdict and what it is about."""
    rows: list[dict[str, object]] = []
    for line, said in lines.items():
        verdict, *named = said.split()
        rows += [{"line_id": line, "item_id": each, "verdict": verdict} for each in named]
    return schemas.DECISIONS.frame(rows)


def against(found: pl.DataFrame, decisions: pl.DataFrame) -> list[tuple[str, str]]:
    return contradictions(found, decisions).select("line_id", "words").rows()


def test_every_line_is_the_same_new_gone_or_changed() -> None:
    old, new = accepts(a="1", b="2", c="3 4"), accepts(a="1", c="3", d="5")
    changes = compared(old, new).select("line_id", "change", "before", "after").rows()
    assert changes == [
        ("a", "same", ["1"], ["1"]),
        ("b", "no longer accepted", ["2"], None),
        ("c", "changed", ["3", "4"], ["3"]),
        ("d", "newly accepted", None, ["5"]),
    ]


def test_what_people_declined_or_confirmed_otherwise_or_for_another_line_is_contradicted() -> None:
    assert against(accepts(a="1"), decided(a="decline 1")) == [("a", "1 was declined, and would be accepted")]
    assert against(accepts(a="1"), decided(a="confirm 1 2")) == [
        ("a", "confirmed with 1, 2, and would be matched with 1")
    ]
    assert against(accepts(b="1"), decided(a="confirm 1")) == [
        ("b", "1 was confirmed for a, and this line would take it")
    ]


def test_what_agrees_with_people_or_leaves_the_line_open_contradicts_nobody() -> None:
    assert against(accepts(a="1 2"), decided(a="confirm 1 2")) == []
    assert against(accepts(b="2"), decided(a="confirm 1", b="decline 1")) == []
    assert against(accepts(a="1", b="1"), decided(a="confirm 1")) == [], "each pays a part"
