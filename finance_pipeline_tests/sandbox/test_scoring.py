"""Scoring: precision and recall of what was matched, against a truth that names every allocation."""

from pathlib import Path

import polars as pl
import pytest

from finance_pipeline.sandbox.scoring import Score, compare, score
from finance_pipeline_tests.sandbox.worlds import SMALL, Built

TRUTH = pl.DataFrame(
    [
        ("receipt-1", "invoice-1", None, None, "one_to_one"),
        ("receipt-2", "invoice-2", None, None, "batch"),
        ("receipt-2", "invoice-3", None, None, "batch"),
        ("payout-line", "payout-1", "movement-1", None, "payout"),
        ("transfer-out", "transfer-in", None, None, "transfer"),
    ],
    schema={
        "line_record_id": pl.String,
        "other_record_id": pl.String,
        "also_record_id": pl.String,
        "twin_record_id": pl.String,
        "shape": pl.String,
    },
    orient="row",
)
"""receipt-9 is nobody's and receipt-1b pays invoice-1 again: the truth pairs neither with anything."""
MONTHS = {
    "receipt-1": "2026-05",
    "receipt-2": "2026-05",
    "payout-line": "2026-06",
    "transfer-out": "2026-06",
    "transfer-in": "2026-07",
    "receipt-9": "2026-08",
    "receipt-1b": "2026-08",
}
LINES = pl.DataFrame(
    [(line, "us", month) for line, month in MONTHS.items()], ["line_id", "book", "month"], orient="row"
)
PERFECT = (
    ("receipt-1", "invoice-1", 1),
    ("receipt-2", "invoice-2", 1),
    ("receipt-2", "invoice-3", 1),
    ("payout-line", "payout-1", 0),
    ("transfer-out", "transfer-in", 5),
)


def scored(*pairs: tuple[str, str, int], lines: pl.DataFrame = LINES, truth: pl.DataFrame = TRUTH) -> Score:
    """The score of pairs: line, counterpart, tier."""
    schema = {"line_id": pl.String, "counter_id": pl.String, "tier": pl.Int64, "amount_minor": pl.Int64}
    return compare(truth, pl.DataFrame([(*pair, 100) for pair in pairs], schema, orient="row"), lines)


def counts(found: Score) -> tuple[int, int, int, int]:
    return found.proposed, found.right, found.true, found.found


def test_all_that_is_true_and_nothing_else_is_a_perfect_score() -> None:
    found = scored(*PERFECT)
    assert counts(found) == (5, 5, 5, 5)
    assert found.wrong.is_empty()
    assert found.by_tier.rows() == [(0, 1, 1), (1, 3, 3), (5, 1, 1)]
    assert found.by_shape.rows() == [("batch", 2, 2), ("one_to_one", 1, 1), ("payout", 1, 1), ("transfer", 1, 1)]


def test_a_wrong_pair_costs_precision_in_its_tier_and_is_listed() -> None:
    found = scored(*PERFECT[:-1], ("receipt-2", "invoice-1", 2))
    assert counts(found) == (5, 4, 5, 4)
    assert found.wrong.rows() == [("receipt-2", "invoice-1", 2)]
    assert found.by_tier.rows() == [(0, 1, 1), (1, 3, 3), (2, 1, 0)]


def test_a_missing_pair_costs_recall_in_its_shape_and_no_precision() -> None:
    found = scored(*PERFECT[:2], *PERFECT[3:])
    assert counts(found) == (4, 4, 5, 4)
    assert found.by_shape.filter(pl.col("shape") == "batch").rows() == [("batch", 2, 1)]


@pytest.mark.parametrize("line", ["receipt-9", "receipt-1b"])
def test_what_pays_nothing_is_wrong_with_any_counterpart(line: str) -> None:
    """Neither a second payment whose first is known, nor money of nobody."""
    found = scored(*PERFECT, (line, "invoice-1", 7))
    assert counts(found) == (6, 5, 5, 5)
    assert found.wrong.rows() == [(line, "invoice-1", 7)]


def test_of_two_equal_payments_of_one_invoice_either_settles_it_but_not_both() -> None:
    first, again = ("receipt-1", "invoice-1", 2), ("receipt-1b", "invoice-1", 2)
    truth = TRUTH.head(1).with_columns(twin_record_id=pl.lit("receipt-1b"))
    assert counts(scored(first, truth=truth)) == (1, 1, 1, 1)
    assert counts(scored(again, truth=truth)) == (1, 1, 1, 1)
    both = scored(first, again, truth=truth)
    assert counts(both) == (2, 1, 1, 1)
    assert both.wrong["line_id"].to_list() == ["receipt-1b"]


def test_a_payout_may_be_named_as_such_or_by_its_own_movement() -> None:
    assert counts(scored(("payout-line", "payout-1", 0))) == (1, 1, 5, 1)
    assert counts(scored(("payout-line", "movement-1", 0))) == (1, 1, 5, 1)
    assert counts(scored(("payout-line", "movement-2", 0))) == (1, 0, 5, 0)


def test_either_leg_of_a_transfer_may_be_the_line_and_both_are_one_true_allocation() -> None:
    assert counts(scored(("transfer-in", "transfer-out", 5))) == (1, 1, 5, 1)
    assert counts(scored(("transfer-in", "transfer-out", 5), ("transfer-out", "transfer-in", 5))) == (2, 2, 5, 1)
    assert counts(scored(("invoice-1", "receipt-1", 1))) == (1, 0, 5, 0), "no other pair has two sides"


def test_principal_and_fee_of_one_pair_are_one_proposal_of_its_better_tier() -> None:
    found = scored(("receipt-1", "invoice-1", 4), ("receipt-1", "invoice-1", 1))
    assert counts(found) == (1, 1, 5, 1)
    assert found.by_tier.rows() == [(1, 1, 1)]


def test_nothing_proposed_is_nothing_found() -> None:
    found = scored()
    assert counts(found) == (0, 0, 5, 0)
    assert found.by_shape["found"].sum() == 0
    assert found.by_tier.is_empty()


def test_months_add_to_the_whole_even_where_nothing_is_true() -> None:
    found = scored(*PERFECT[1:], ("receipt-9", "invoice-1", 7))
    assert found.by_month.select("month", "proposed", "right", "true", "found").rows() == [
        ("2026-05", 2, 2, 3, 2),
        ("2026-06", 2, 2, 2, 2),
        ("2026-08", 1, 0, 0, 0),
    ]
    assert found.by_month.select("proposed", "right", "true", "found").sum().row(0) == counts(found)


def test_the_truth_of_a_world_scored_against_itself_is_perfect(tmp_path: Path) -> None:
    world = Built.of(tmp_path, SMALL)
    pairs = world.truth.select(
        "amount_minor", line_id="line_record_id", counter_id="other_record_id", tier=pl.lit(1, pl.Int64)
    )
    lines = world.truth.select("book", line_id="line_record_id", month=pl.lit("2026-05")).unique()
    found = score(tmp_path, pairs, lines)
    assert counts(found) == (world.truth.height,) * 4
    by_movement = pairs.with_columns(counter_id=pl.coalesce(world.truth["also_record_id"], "counter_id"))
    assert counts(score(tmp_path, by_movement, lines)) == (world.truth.height,) * 4
    less = score(tmp_path, pairs[1:], lines)
    assert (less.right, less.found) == (world.truth.height - 1,) * 2
    assert less.as_json()["found"] == world.truth.height - 1
