"""Which record each entry that differs follows from, and by how much accounts would be others."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from finance_pipeline.close.difference_entries import LINKS, attributed, compared, counted, effects
from finance_pipeline.ledger.schemas import ENTRIES

CAUSES = pl.DataFrame({"difference_id": ["a late line", "a removed line"], "record_id": ["late", "removed"]})


def entry(source_id: str, minor: int, *, other: str = "2100", match: bool = False) -> dict[str, Any]:
    """An entry of a bank line, or of a match by its id."""
    return {
        "book": "us", "source": "match" if match else "plaid", "source_id": source_id,
        "purpose": "settlement" if match else "line", "effective_on": date(2026, 5, 28),
        "accounting_on": date(2026, 5, 28), "currency": "USD", "description": source_id,
        "accounts": ["1010", other], "amounts": [minor, -minor], "functional_amounts": None,
        "evidence_id": source_id, "evidence_hash": "", "match_id": source_id if match else None, "rule": "rule",
    }  # fmt: skip


def of(*entries: dict[str, Any]) -> pl.DataFrame:
    return ENTRIES.frame(list(entries))


def linked(**records: list[str]) -> pl.DataFrame:
    rows = [(match, record) for match, each in records.items() for record in each]
    return pl.DataFrame(rows, schema=LINKS, orient="row")


def test_a_match_that_loses_its_invoice_to_a_late_line_follows_from_the_late_line() -> None:
    before = of(entry("early", 500), entry("m1", 500, other="1100", match=True))
    after = of(entry("early", 500), entry("late", 500), entry("m2", 500, other="1100", match=True))
    links = linked(m1=["early", "invoice"], m2=["late", "invoice"])
    found = attributed(compared(before, after), links, CAUSES)
    assert set(found.select("source_id", "change", "difference_id").rows()) == {
        ("late", "added", "a late line"),
        ("m2", "added", "a late line"),
        ("m1", "removed", "a late line"),
    }
    assert effects(found).rows() == [
        ("a late line", "1010", 500, 3),
        ("a late line", "1100", 0, 2),
        ("a late line", "2100", -500, 1),
    ]
    assert counted(found).rows() == [("a late line", 2, 1, 0)]


def test_each_record_answers_for_its_own_entries() -> None:
    before, after = of(entry("removed", 70), entry("same", 1)), of(entry("late", 500), entry("same", 1))
    found = attributed(compared(before, after), linked(), CAUSES)
    assert dict(found.select("source_id", "difference_id").rows()) == {
        "late": "a late line",
        "removed": "a removed line",
    }


def test_words_and_evidence_alone_are_no_difference() -> None:
    before, after = entry("same", 500), entry("same", 500)
    assert compared(of(before), of(after | {"description": "other words", "evidence_hash": "x"})).is_empty()
