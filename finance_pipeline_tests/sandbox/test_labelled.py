"""Labelled data is true, always the same, and judged by what its tables show; scoring counts what a person would."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from finance_pipeline.core.problems import BadInput
from finance_pipeline.matching.policy import Policy
from finance_pipeline.sandbox.labelled import Labelled, Options, generate
from finance_pipeline.sandbox.labelled.amounts import rates
from finance_pipeline.sandbox.labelled.draft import FLOW, KIND, NONE
from finance_pipeline.sandbox.labelled.judge.between import judge_transfers
from finance_pipeline.sandbox.labelled.judge.docket import Docket
from finance_pipeline.sandbox.labelled.judge.recorded import judge_recorded
from finance_pipeline.sandbox.labelled.judge.sums import coincidences
from finance_pipeline.sandbox.labelled.judge.together import with_unique_together
from finance_pipeline.sandbox.labelled.scoring import Score, scored
from finance_pipeline.sandbox.labelled.shapes import PLANS, SHAPES

SMALL = Options(4_000, "default", 7)


@pytest.fixture(scope="module")
def made() -> Labelled:
    return generate(SMALL)


def test_what_is_true_adds_up_to_each_line_and_settles_no_item_twice(made: Labelled) -> None:
    truth = made.truth_allocations
    parts = truth.group_by("line_id").agg(pl.col("amount_minor").sum())
    lines = parts.join(made.bank_lines, on="line_id", suffix="_line")
    assert lines.height == parts.height
    assert lines.filter(pl.col("amount_minor") != pl.col("amount_minor_line")).is_empty()
    settled = truth.drop_nulls("item_id").group_by("item_id").agg(pl.col("item_amount_minor").sum())
    items = settled.join(made.open_items, on="item_id")
    assert items.height == settled.height
    too_much = pl.col("item_amount_minor").abs() > pl.col("amount_minor").abs()
    turned = pl.col("item_amount_minor").sign() * pl.col("amount_minor").sign() < 0
    assert items.filter(too_much | turned).is_empty()


def test_the_same_options_give_the_same_bytes_and_another_seed_others(made: Labelled) -> None:
    again, other = generate(SMALL), generate(replace(SMALL, seed=8))
    for field in fields(Labelled):
        assert_frame_equal(getattr(again, field.name), getattr(made, field.name))
    assert not other.bank_lines.equals(made.bank_lines)


def test_every_shape_and_every_unclear_case_occurs(made: Labelled) -> None:
    assert set(made.truth_lines["shape"]) == set(SHAPES)
    assert set(made.truth_lines["plan"]) == set(PLANS)
    assert set(made.truth_allocations["role"]) == {"principal", "fee", "discount", "write_off", "residual"}


def test_ids_and_orders_of_rows_say_nothing_about_what_belongs_together(made: Labelled) -> None:
    lines = made.bank_lines.select("line_id").with_row_index("line_place")
    items = made.open_items.select("item_id").with_row_index("item_place")
    pairs = made.truth_allocations.drop_nulls("item_id").join(lines, on="line_id").join(items, on="item_id")
    number = pl.col("line_id").str.slice(1).cast(pl.Int64), pl.col("item_id").str.slice(1).cast(pl.Int64)
    ids = pairs.select(pl.corr(*number, method="spearman")).item()
    places = pairs.select(pl.corr("line_place", "item_place", method="spearman")).item()
    assert abs(ids) < 0.06
    assert abs(places) < 0.06


def test_there_is_a_rate_for_each_day_on_which_money_can_move(made: Labelled) -> None:
    last, latest = made.bank_lines["booked_on"].max(), made.fx_rates["date"].max()
    assert isinstance(last, date)
    assert isinstance(latest, date)
    assert latest - last > timedelta(days=60)


def why_of(made: Labelled, plan: str) -> pl.DataFrame:
    return made.truth_lines.filter(pl.col("plan") == plan)


def test_cases_that_no_evidence_singles_out_are_never_called_resolvable(made: Labelled) -> None:
    unclear = ("equal_items", "two_subsets", "amount_only", "partial_unnamed", "stranger", "never_billed", "paid_twice")
    for plan in unclear:
        assert not why_of(made, plan)["resolvable"].any(), plan
    assert why_of(made, "equal_items")["guess"].mean() > 0.5
    assert made.truth_lines.filter("resolvable")["tier"].is_not_null().all()


def test_a_clear_case_that_its_surroundings_make_ambiguous_is_not_resolvable_either(made: Labelled) -> None:
    lines = made.truth_lines.filter(pl.col("plan") == "clear", ~pl.col("resolvable"))
    assert {"several_subsets", "party_unknown", "party_of_several", "chance_too_great"} <= set(lines["why"])
    silent = made.truth_lines.filter(pl.col("why") == "party_and_amount").select("line_id")
    pairs = made.truth_allocations.join(silent, on="line_id", how="semi").join(made.open_items, on="item_id")
    dates = pairs.join(made.bank_lines.select("line_id", "booked_on"), on="line_id")
    key = ["book", "party_name", "currency", "amount_minor"]
    rivals = made.open_items.select(*key, rival="item_id", rival_issued="issued_on")
    taken = made.truth_allocations.select(rival="item_id", rival_line="line_id").drop_nulls()
    paid = taken.join(made.bank_lines.select(rival_line="line_id", rival_paid="booked_on"), on="rival_line")
    crowd = dates.select("line_id", "item_id", "booked_on", *key).join(rivals, on=key)
    crowd = crowd.filter(pl.col("rival") != pl.col("item_id"), pl.col("rival_issued") <= pl.col("booked_on"))
    open_then = crowd.join(paid, on="rival", how="left").filter(
        pl.col("rival_paid").is_null() | (pl.col("rival_paid") > pl.col("booked_on"))
    )
    # What is left of them was named by another line, later: no competitor.
    named = made.truth_lines.filter(pl.col("tier") <= 1).select(rival_line="line_id")
    assert open_then.join(named, on="rival_line", how="anti").is_empty()


def test_what_is_short_by_just_cents_or_a_known_charge_is_never_called_short_beyond_the_rules(made: Labelled) -> None:
    beyond = made.truth_lines.filter(pl.col("why") == "beyond_the_rules", pl.col("shape") == "short_payment")
    paid = made.truth_allocations.join(beyond, on="line_id").join(made.open_items, on="item_id", suffix="_item")
    gap = (pl.col("amount_minor_item") - pl.col("item_amount_minor")).abs()
    charged = gap.is_in(Policy().fee_amounts_minor) & (gap * 10 <= pl.col("amount_minor_item").abs())
    assert paid.height > 10
    assert paid.filter((gap <= Policy().short_payment_limit_minor) | charged).is_empty()


def test_a_second_payment_of_a_document_never_stands_alone(made: Labelled) -> None:
    twice = made.truth_lines.filter(pl.col("why") == "claimed_twice").join(made.bank_lines, on="line_id")
    assert twice.height > 10
    assert twice.filter(pl.len().over("book", "currency", "amount_minor") == 1).is_empty()


def test_a_leg_that_shows_the_account_of_the_other_leaves_no_doubt_about_a_third() -> None:
    docket = Docket(transfer_legs(), pl.DataFrame({"item": [], "amount": []}), transfer_parts())
    judge_transfers(docket, rates(1))
    assert docket.resolved.tolist() == [True, True, False]


def transfer_legs() -> pl.DataFrame:
    """Two legs of a transfer, of which the second shows the account of the first, and a third that shows another."""
    common = {"book": 0, "currency": 0, "flow": FLOW["transfer"], "word": 1, "name": 0, "pending": 0, "original": 0}
    each = [
        {"account": 0, "amount": -5000, "booked": 3, "own": NONE, "counterparty_account": None},
        {"account": 1, "amount": 5000, "booked": 4, "own": 0, "counterparty_account": "DE1"},
        {"account": 1, "amount": 5000, "booked": 4, "own": 2, "counterparty_account": "DE3"},
    ]
    rows = [{"line": place, "original_currency": NONE, **common, **row} for place, row in enumerate(each)]
    return pl.DataFrame(rows)


def transfer_parts() -> pl.DataFrame:
    return pl.DataFrame({"line": [0], "item": [NONE], "other": [1], "item_amount": [0]})


def test_a_recorded_receipt_is_met_by_its_money_whatever_else_is_open_of_that_amount() -> None:
    """One receipt within the week: that. Of two in the week none, and one of another account never."""
    common = {"book": 0, "party": 0, "currency": 0, "kind": KIND["receipt_in_ledger"], "issued": 40}
    receipts = [(0, 700, 40), (1, 800, 40), (0, 900, 40), (0, 900, 42)]
    items = [common | {"item": n, "account": a, "amount": v, "issued": d} for n, (a, v, d) in enumerate(receipts)]
    invoice = common | {"item": 4, "account": NONE, "amount": 700, "kind": KIND["invoice"]}
    lines = [{"line": n, "amount": amount} for n, amount in enumerate((700, 800, 900))]
    whole = {"book": 0, "account": 0, "currency": 0, "seen": 0, "booked": 41, "pending": 0}
    parts = pl.DataFrame(
        [{"line": n, "item": n, "other": NONE, "item_amount": v, "role": 0} for n, v in enumerate((700, 800, 900))]
    )
    docket = Docket(pl.DataFrame([line | whole for line in lines]), pl.DataFrame([*items, invoice]), parts)
    judge_recorded(docket)
    assert docket.resolved.tolist() == [True, False, False]


@pytest.mark.parametrize(("total", "one"), [(183, True), (153, False), (999, False)])
def test_numbers_that_fit_several_documents_are_resolvable_where_one_choice_makes_the_amount(
    total: int, one: bool
) -> None:
    frame = pl.DataFrame(
        {"line": [0, 0], "mention_row": [0, 1], "line_amount": [total, total], "readable": [True, True]}
    )
    pairs = {"mention_row": [0, 0, 1, 1], "candidate": [1, 2, 3, 4], "item_party": [5, 6, 7, 8]}
    worths = pl.DataFrame(pairs | {"candidate_amount": [100, 70, 53, 83]})
    assert with_unique_together(frame, worths)["unique_together"].to_list() == [one, one]


def test_a_document_that_a_line_names_though_a_person_has_to_decide_is_claimed_and_a_wrong_number_claims_nothing() -> (
    None
):
    reasons = ("claimed_twice", "beyond_the_rules", "reference_of_another", "reference_unknown")
    lines = pl.DataFrame({"line": range(4), "pending": 0})
    docket = Docket(lines, pl.DataFrame({"item": [], "amount": []}), pl.DataFrame())
    docket.named = pl.DataFrame({"line": range(4), "item": range(4)})
    docket.why[:] = reasons
    assert docket.claimed()["item"].to_list() == [0, 1]


def test_no_line_that_is_handed_out_misleads(made: Labelled) -> None:
    """The only document of its payer and amount at its date, not long due, is what a silent line pays."""
    silent = made.truth_lines.filter(~pl.col("resolvable"), pl.col("plan") == "never_billed").select("line_id")
    assert silent.height > 10
    lines = made.bank_lines.join(silent, on="line_id").select(
        "book", "currency", "amount_minor", "counterparty_name", "booked_on"
    )
    items = made.open_items.select(
        "book", "currency", "amount_minor", "item_id", "issued_on", counterparty_name="party_name"
    )
    fits = lines.join(items, on=["book", "currency", "amount_minor", "counterparty_name"])
    open_ones = fits.filter(pl.col("issued_on") <= pl.col("booked_on")).join(
        made.truth_allocations, on="item_id", how="anti"
    )
    assert open_ones.is_empty()


def test_chance_grows_with_the_number_of_items_and_with_round_amounts() -> None:
    few = np.array([[10_013, 20_029, 40_111]])
    many = np.array([[10_013, 20_029, 40_111] * 4])
    assert coincidences(few)[0] * 100 < coincidences(many)[0]
    assert coincidences(few // 100 * 100)[0] > 50 * coincidences(few)[0]


def test_data_that_cannot_be_made_is_refused() -> None:
    for wrong in ({"difficulty": "impossible"}, {"line_count": 10}, {"seed": -1}):
        with pytest.raises(BadInput):
            Options(**wrong)  # type: ignore[arg-type]


NO_PARTS = {"item_id": None, "other_line_id": None, "amount_minor": 0, "item_amount_minor": None, "role": "principal"}


def by_hand() -> Labelled:
    """Three payments of which one cannot be resolved, a repeated line, and a transfer."""
    empty = pl.DataFrame()
    allocations = [
        {"line_id": "a", "item_id": "1", "item_amount_minor": 100},
        {"line_id": "a", "item_id": "2", "item_amount_minor": 50},
        {"line_id": "b", "item_id": "3", "item_amount_minor": 70},
        {"line_id": "b again", "other_line_id": "b"},
        {"line_id": "out", "other_line_id": "in"},
        {"line_id": "c", "item_id": "4", "item_amount_minor": 10},
    ]
    lines = [
        {"line_id": "a", "shape": "one_to_many", "why": "named", "resolvable": True},
        {"line_id": "b", "shape": "one_to_one", "why": "named", "resolvable": True, "unit_id": "b"},
        {"line_id": "b again", "shape": "duplicate", "why": "repeated", "resolvable": True, "unit_id": "b"},
        {"line_id": "out", "shape": "transfer", "why": "transfer", "resolvable": True},
        {"line_id": "in", "shape": "transfer", "why": "transfer", "resolvable": True},
        {"line_id": "c", "shape": "equal_items", "why": "equal_items", "resolvable": False, "guess": True},
        {"line_id": "d", "shape": "no_item", "why": "stranger", "resolvable": False},
    ]
    types = {"item_id": pl.String, "other_line_id": pl.String, "item_amount_minor": pl.Int64}
    truth = pl.DataFrame([NO_PARTS | row for row in allocations], schema_overrides=types)
    known = pl.DataFrame(
        [{"unit_id": None, "guess": False, "tier": None} | row for row in lines],
        schema_overrides={"unit_id": pl.String},
    )
    return Labelled(empty, empty, empty, empty, empty, truth, known)


def score_of(*proposed: tuple[str, str | None, str | None, int | None]) -> Score:
    rows = [
        {"line_id": line, "item_id": item, "other_line_id": other, "item_amount_minor": amount, "tier": 1}
        for line, item, other, amount in proposed
    ]
    types = {"item_id": pl.String, "other_line_id": pl.String, "item_amount_minor": pl.Int64}
    return scored(by_hand(), pl.DataFrame(rows, schema_overrides=types))


def test_pairs_count_and_not_lines_and_an_amount_can_be_wrong_where_the_pair_is_right() -> None:
    score = score_of(("a", "1", None, 100), ("a", "2", None, 40), ("a", "9", None, 10))
    assert [score.total(name) for name in ("proposed", "right", "amount_right", "resolvable", "found")] == [
        3,
        2,
        1,
        5,
        2,
    ]
    assert score.wrong.select("line_id", "item_id").rows() == [("a", "9")]


def test_a_repeated_line_may_stand_for_its_original_but_not_both_for_one_item() -> None:
    either = score_of(("b again", "3", None, 70), ("b", None, "b again", None))
    assert [either.total(name) for name in ("proposed", "right", "amount_right", "found")] == [2, 2, 2, 2]
    both = score_of(("b again", "3", None, 70), ("b", "3", None, 70))
    assert [both.total(name) for name in ("proposed", "right")] == [1, 0]


def test_a_transfer_is_one_pair_from_either_side() -> None:
    score = score_of(("out", None, "in", None), ("in", None, "out", None))
    assert [score.total(name) for name in ("proposed", "right", "found")] == [1, 1, 1]


def test_a_guess_is_wrong_even_if_it_is_right_and_what_was_left_alone_counts() -> None:
    score = score_of(("c", "4", None, 10))
    rows = {row["why"]: row for row in score.unresolvable.to_dicts()}
    assert (rows["equal_items"]["wrong"], rows["equal_items"]["lucky"]) == (1, 0)
    assert (rows["stranger"]["left_alone"], rows["stranger"]["wrong"]) == (1, 0)
    assert score.total("right") == 1
