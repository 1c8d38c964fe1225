"""Items that no line can reach are left out before the tiers begin; nothing that is found may depend on that."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from finance_pipeline.matching import reach
from finance_pipeline.matching.engine import Inputs, reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.pool import PAIRS, REFUSED, Pool
from finance_pipeline.sandbox.labelled import Labelled, Options, generate

FRAMES = ("matches", "allocations", "retractions", "exceptions", "explanations")


@pytest.fixture(scope="module")
def labelled() -> Labelled:
    return generate(Options(400, "hard", 5, judged=False))


def _days(labelled: Labelled, first: int) -> Inputs:
    """Some 60 lines, spread over all, against everything that is open."""
    return Inputs(
        labelled.bank_lines.gather_every(7, first),
        labelled.open_items,
        labelled.parties,
        remittances=labelled.remittances,
        fx_rates=labelled.fx_rates,
    )


@pytest.mark.parametrize("first", [0, 3])
def test_a_few_lines_find_the_same_whether_or_not_items_beyond_their_reach_are_looked_at(
    labelled: Labelled, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = _days(labelled, first)
    assert inputs.open_items.height > reach.MANY_TIMES * inputs.bank_lines.height
    some = reconcile(inputs, Policy())
    monkeypatch.setattr(reach, "MANY_TIMES", 10**9)
    every = reconcile(inputs, Policy())
    assert some.matches.height > 20
    assert some.exceptions.height > 5
    for name in FRAMES:
        assert_frame_equal(getattr(some, name), getattr(every, name))


def test_most_of_what_is_open_is_beyond_the_reach_of_a_few_lines(
    labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[float | None] = []
    whole = reach.reached

    def seen(*asked: Any) -> pl.Series:
        within = whole(*asked)
        looked_at.append(within.mean())  # type: ignore[arg-type]
        return within

    monkeypatch.setattr(reach, "reached", seen)
    reconcile(Inputs(labelled.bank_lines.head(3), labelled.open_items), Policy())
    assert looked_at[0] is not None
    assert looked_at[0] < 0.5


def test_an_item_that_a_step_fetched_and_that_was_settled_since_is_not_open_again() -> None:
    items = pl.DataFrame({"i": [0, 1, 2], "amount": [500, 700, 700]}, schema_overrides={"i": pl.UInt32})
    none = pl.DataFrame(schema={"l": pl.UInt32, "i": pl.UInt32})
    pairs, refused = pl.DataFrame(schema=PAIRS), pl.DataFrame(schema=REFUSED)
    pool = Pool(none, items[:1], none, none, pairs, refused, Policy(), unreached=items[1:])
    fetched = pool.reaching(lambda unreached: unreached["amount"] == 700)
    assert fetched.items["i"].to_list() == [0, 1, 2]
    settled = replace(fetched, items=fetched.items[:2])
    assert settled.reaching(lambda unreached: unreached["amount"] == 700).items["i"].to_list() == [0, 1]
