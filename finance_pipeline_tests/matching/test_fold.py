"""The fold of a month: what is open carries forward, what stands stays, and every part of a carrying amount is kept."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance_pipeline.core.period import Month
from finance_pipeline_tests import examples
from finance_pipeline_tests.matching.months import JULY, JUNE, MAY, BookOfMonths, Folded
from finance_pipeline_tests.matching.world import minor

ACME = {"party_id": "acme", "party_name": "Acme Ltd"}
PROPERTY = settings(max_examples=examples(2), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def in_month(month: Month, day: int) -> date:
    return month.first_day.replace(day=day)


# What stands stays


def test_a_match_on_party_and_amount_stays_when_a_twin_of_its_invoice_arrives_later() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **ACME)
    book.line("receipt", "100.00", on=in_month(MAY, 10), counterparty_name="ACME LTD")
    assert book.fold(MAY).settled() == [("receipt", "INV-2041")]
    book.item("INV-2077", "100.00", on=in_month(MAY, 9), **ACME)
    again = book.fold(MAY)
    assert (again.settled(), again.reasons()) == ([], [])
    assert set(again.carried_at()) == {"INV-2077"}


def test_a_reference_that_names_the_invoice_takes_it_from_a_match_on_party_and_amount_and_says_so() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **ACME)
    book.line("guess", "100.00", on=in_month(MAY, 10), counterparty_name="ACME LTD").fold(MAY)
    book.line("named", "100.00", "INV-2041", on=in_month(MAY, 12))
    again = book.fold(MAY)
    assert again.settled() == [("named", "INV-2041")]
    assert again.reasons() == ["stronger evidence names INV-2041 for another line"]
    assert again.open_lines() == ["guess"]


def test_a_line_of_may_that_arrives_late_takes_its_invoice_from_a_weaker_match_of_june() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **ACME)
    book.line("guess", "100.00", on=in_month(JUNE, 10), counterparty_name="ACME LTD").fold_all()
    book.line("named", "100.00", "INV-2041", on=in_month(MAY, 12))
    may, june, _ = book.fold_all()
    assert may.settled() == [("named", "INV-2041")]
    assert may.reasons() == ["stronger evidence names INV-2041 for another line"]
    assert june.open_lines() == ["guess"]


def test_a_line_of_may_that_arrives_late_leaves_what_june_settled_by_reference_alone() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **ACME)
    book.line("named", "100.00", "INV-2041", on=in_month(JUNE, 10)).fold_all()
    book.line("late", "100.00", "INV-2041", on=in_month(MAY, 12))
    may, june, _ = book.fold_all()
    assert (may.settled(), may.reasons(), may.open_lines()) == ([], [], ["late"])
    assert (june.reasons(), june.carried_at()) == ([], {})


# What changed is retracted, with the reason


def line_changes(book: BookOfMonths) -> None:
    book.line("receipt", "150.00", "INV-2041", on=in_month(MAY, 10))


def line_moves_in_time(book: BookOfMonths) -> None:
    book.line("receipt", "100.00", "INV-2041", on=in_month(MAY, 9))


def line_disappears(book: BookOfMonths) -> None:
    del book.lines["receipt"]


def item_changes(book: BookOfMonths) -> None:
    book.item("INV-2041", "120.00", **ACME)


def item_disappears(book: BookOfMonths) -> None:
    del book.items["INV-2041"]


def item_is_settled_elsewhere(book: BookOfMonths) -> None:
    book.recorded("INV-2041", "100.00")


def item_is_overdrawn(book: BookOfMonths) -> None:
    book.recorded("INV-2041", "30.00")


def carrying_amount_changes(book: BookOfMonths) -> None:
    book.item("INV-2041", "100.00", carried_at="108.50", **ACME)


Change = Callable[[BookOfMonths], object]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (line_changes, "the amount of its line changed"),
        (line_moves_in_time, "the day of its line changed"),
        (line_disappears, "a line that it rests on no longer exists"),
        (item_changes, "the amount of an item that it settles changed"),
        (item_disappears, "an item that it settles no longer exists or is settled elsewhere"),
        (item_is_settled_elsewhere, "an item that it settles no longer exists or is settled elsewhere"),
        (item_is_overdrawn, "an item that it settles has less open than it takes"),
        (carrying_amount_changes, "the carrying amount of an item that it settles changed"),
    ],
)
def test_a_match_whose_inputs_changed_is_retracted_with_the_reason(change: Change, reason: str) -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **ACME).item("INV-2042", "70.00", **ACME)
    book.line("receipt", "100.00", "INV-2041", on=in_month(MAY, 10))
    book.line("other", "70.00", "INV-2042", on=in_month(MAY, 11)).fold(MAY)
    change(book)
    again = book.fold(MAY)
    assert again.reasons() == [reason]
    assert "other" in again.standing["line_id"], "what did not change stands"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda book: book.lines.pop("in"), "the other line that it rests on no longer exists"),
        (lambda book: book.line("in", "90.00", "TRANSFER FROM OPERATING"), "the amount of the other line changed"),
        (lambda book: book.line("in", "100.00", on=in_month(MAY, 2)), "the day of the other line changed"),
    ],
)
def test_a_transfer_whose_other_leg_changed_is_retracted_with_the_reason(change: Change, reason: str) -> None:
    book = BookOfMonths().line("in", "100.00", "TRANSFER FROM OPERATING", account_id="us-reserve")
    transfer = book.line("out", "-100.00", "TRANSFER TO RESERVE").fold(MAY)
    assert (transfer.settled(), transfer.open_lines()) == ([("out", "in")], [])
    change(book)
    assert book.fold(MAY).reasons() == [reason]


def test_what_a_retracted_match_held_is_free_for_other_evidence_at_once() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **ACME)
    book.line("receipt", "100.00", "INV-2041", on=in_month(MAY, 10)).fold(MAY)
    again = book.line("receipt", "90.00", "REFUND").line("reissued", "100.00", "INV-2041").fold(MAY)
    assert (again.settled(), again.reasons()) == ([("reissued", "INV-2041")], ["the amount of its line changed"])
    assert again.standing["line_id"].to_list() == ["reissued"]
    assert again.open_lines() == ["receipt"]


def test_the_same_match_may_stand_again_after_its_retraction_as_its_next_version() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **ACME)
    book.line("receipt", "100.00", "INV-2041", on=in_month(MAY, 10))
    first = book.fold(MAY).standing
    removed = book.lines.pop("receipt")
    assert book.fold(MAY).standing.is_empty()
    book.lines["receipt"] = removed
    again = book.fold(MAY).standing
    assert again.select("match_id", "version").rows() == [(first["match_id"][0], 2)]


# Opening + movement = closing


def test_what_the_accounting_system_recorded_as_paid_is_no_longer_open_and_is_carried_in_proportion() -> None:
    book = BookOfMonths().item("INV-2041", "300.00", carried_at="330.01").recorded("INV-2041", "100.00")
    book.recorded("INV-2041", "50.00").recorded("INV-2041", "150.00", on=in_month(JUNE, 3))
    may, june, _ = book.fold_all()
    assert may.carried_at() == {"INV-2041": (minor("150.00"), minor("165.00"))}, "half of 330.01, half away from zero"
    assert june.carried_at() == {}


def test_an_item_that_was_recorded_as_paid_is_not_offered_to_a_line() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **ACME).recorded("INV-2041", "100.00")
    folded = book.line("receipt", "100.00", "INV-2041", on=in_month(MAY, 10)).fold(MAY)
    assert folded.settled() == []
    assert folded.open_lines() == ["receipt"]


def test_what_is_paid_in_advance_is_open_with_the_other_sign_until_the_month_of_its_invoice() -> None:
    book = BookOfMonths().item("INV-2041", "300.00", carried_at="330.01", on=in_month(JULY, 3), **ACME)
    book.recorded("INV-2041", "100.00").recorded("INV-2041", "50.00", on=in_month(JUNE, 3))
    book.line("refund?", "-100.00", "INV-2041", on=in_month(MAY, 20))
    may, june, july = book.fold_all()
    assert may.carried_at() == {"INV-2041": (minor("-100.00"), minor("-110.00"))}, "a third of 330.01"
    assert may.settled() == [], "it is offered to no line"
    assert june.carried_at() == {"INV-2041": (minor("-150.00"), minor("-165.00"))}, "and a quarter of the rest"
    assert july.carried_at() == {"INV-2041": (minor("150.00"), minor("165.01"))}


def test_an_invoice_that_was_paid_in_advance_in_full_is_never_offered_to_a_line() -> None:
    book = BookOfMonths().item("INV-2041", "300.00", on=in_month(JUNE, 3), **ACME).recorded("INV-2041", "300.00")
    book.line("receipt", "300.00", "INV-2041", on=in_month(JUNE, 20))
    may, june, _ = book.fold_all()
    assert may.carried_at() == {"INV-2041": (minor("-300.00"), minor("-300.00"))}
    assert (june.settled(), june.carried_at(), june.open_lines()) == ([], {}, ["receipt"])


def test_a_line_without_a_counterpart_is_offered_to_the_documents_of_the_next_month() -> None:
    book = BookOfMonths().line("early", "100.00", "INV-2041", on=in_month(MAY, 30))
    book.item("INV-2041", "100.00", on=in_month(JUNE, 2), **ACME)
    may, june, _ = book.fold_all()
    assert may.open_lines() == ["early"]
    assert june.settled() == [("early", "INV-2041")]
    assert june.new.matches["matched_on"].to_list() == [in_month(JUNE, 2)], "the day on which both were known"


@st.composite
def books(draw: st.DrawFn) -> BookOfMonths:
    """Three months of documents in a foreign currency, receipts in full and in part, transfers and strangers."""
    book, days = BookOfMonths(), st.integers(1, 28)
    for number in range(draw(st.integers(1, 4))):
        on = in_month(draw(st.sampled_from((MAY, JUNE))), draw(days))
        total = draw(st.integers(1, 90_000)) * draw(st.sampled_from((1, -1)))
        carried_at = total * draw(st.integers(1, 300)) // 100 + total // abs(total)
        kind = "invoice" if total > 0 else "bill"
        book.item(f"INV-204{number}", cents(total), cents(carried_at), on=on, kind=kind, **ACME)
        if draw(st.booleans()):
            book.recorded(
                f"INV-204{number}",
                cents(total // draw(st.integers(2, 9))),
                on=in_month(draw(st.sampled_from((MAY, JUNE))), draw(days)),
            )
        for part in range(draw(st.integers(0, 3))):
            amount = draw(st.sampled_from((total, total // 3, total - 2 * (total // 3), total // 7)))
            month = draw(st.sampled_from((MAY, JUNE, JULY)))
            memo = draw(st.sampled_from((f"INV-204{number}", "INV-2040", "")))
            book.line(f"line-{number}-{part}", cents(amount or 1), memo, on=in_month(month, draw(days)))
    return book


def cents(amount_minor: int) -> str:
    return f"{Decimal(amount_minor).scaleb(-2):.2f}"


def assert_closing_is_opening_plus_movement(folded: Folded) -> None:
    """For every line and item, in both currencies."""
    settling = folded.standing.filter(pl.col("relation").is_null())
    settled = settling.group_by("item_id").agg(pl.col("item_amount_minor", "item_functional_minor").sum())
    expected = {
        item: (open_minor, functional)
        for item, open_minor, functional in folded.opening.items.select(
            "item_id", "open_minor", "open_functional_minor"
        ).rows()
    }
    for item, amount, functional in settled.drop_nulls("item_id").rows():
        expected[item] = (expected[item][0] - amount, expected[item][1] - functional)
    assert folded.carried_at() == {item: left for item, left in expected.items() if left[0]}
    assert all(left == (0, 0) for left in expected.values() if left[0] == 0), "nothing is left on a settled item"
    in_matches = {*folded.standing["line_id"], *folded.standing["other_line_id"].drop_nulls()}
    assert in_matches.isdisjoint(folded.open_lines())
    assert in_matches.union(folded.open_lines()) == set(folded.opening.lines["line_id"])


@settings(max_examples=examples(10), deadline=None)
@given(
    st.lists(st.integers(1, 90_000), min_size=1, max_size=6),
    st.integers(1, 10_000_000),
    st.sampled_from((1, -1)),
    st.integers(0, 6),
    st.booleans(),
)
def test_parts_take_their_share_of_the_carrying_amount_half_away_from_zero_and_the_one_that_ends_it_the_rest(
    parts: list[int], carried_at: int, sign: int, in_may: int, in_full: bool
) -> None:
    total = sum(parts) + (0 if in_full else 1)
    book = BookOfMonths().item("INV-2041", cents(sign * total), cents(sign * carried_at))
    for number, part in enumerate(parts):
        month = MAY if number < in_may else JUNE
        book.line(f"part-{9 - number}", cents(sign * part), on=in_month(month, number + 1))
    left, carried = sign * total, sign * carried_at
    for month, numbers in ((MAY, range(min(in_may, len(parts)))), (JUNE, range(in_may, len(parts)))):
        found = [(f"part-{9 - number}", "INV-2041", sign * parts[number]) for number in numbers]
        folded = book.fold(month, found=found)
        open_before, carried_before = left, carried
        for amount, functional in (
            folded.new.allocations.sort("line_on").select("item_amount_minor", "item_functional_minor").rows()
        ):
            left -= amount
            share = (Decimal(carried_before) * amount / open_before).quantize(Decimal(1), ROUND_HALF_UP)
            assert functional == (share if left else carried)
            carried -= functional
        assert folded.carried_at() == ({"INV-2041": (left, carried)} if left else {})
    assert (left, carried) == (0, 0) or not in_full


def test_a_late_part_of_may_takes_what_the_part_of_june_that_stands_leaves_of_the_carrying_amount() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", carried_at="100.01", **ACME)
    book.line("june", "50.00", "INV-2041", on=in_month(JUNE, 10)).fold_all()
    book.line("may", "50.00", "INV-2041", on=in_month(MAY, 12))
    may, june, _ = book.fold_all()
    assert may.new.allocations["item_functional_minor"].to_list() == [minor("50.00")]
    assert june.standing["item_functional_minor"].to_list() == [minor("50.01")], "half of 100.01, as it was posted"
    assert (may.carried_at(), june.carried_at()) == ({"INV-2041": (minor("50.00"), minor("50.01"))}, {})


# The fold is a function of what it is given


@PROPERTY
@given(books())
def test_opening_plus_movement_is_closing_and_folding_again_with_what_stands_changes_nothing(
    book: BookOfMonths,
) -> None:
    once = book.fold_all()
    for folded in once:
        assert_closing_is_opening_plus_movement(folded)
    again = book.fold_all()
    assert all(not folded.settled() and not folded.reasons() for folded in again)
    assert [folded.closing.digest for folded in again] == [folded.closing.digest for folded in once]


@PROPERTY
@given(books(), st.integers(0, 1000))
def test_row_order_never_matters(book: BookOfMonths, seed: int) -> None:
    other = BookOfMonths()
    other.items, other.lines = dict(reversed(book.items.items())), dict(reversed(book.lines.items()))
    other.recorded_settlements = random.Random(seed).sample(book.recorded_settlements, len(book.recorded_settlements))
    for month in (MAY, JUNE, JULY):
        one, two = book.fold(month), other.fold(month, shuffled_by=seed)
        assert one.texts() == two.texts()
        other.standing = other.standing.sample(fraction=1, shuffle=True, seed=seed)


def test_another_order_of_arrival_gives_the_same_books_where_evidence_is_by_reference() -> None:
    def fold_of(*arrivals: tuple[str, str, date]) -> Folded:
        book = BookOfMonths().item("INV-2041", "100.00", **ACME).item("INV-2042", "70.00", **ACME)
        for line_id, memo, on in arrivals:
            book.line(line_id, {"INV-2041": "100.00", "INV-2042": "70.00"}[memo], memo, on=on).fold(MAY)
        return book.fold(MAY)

    first, second = ("a", "INV-2041", in_month(MAY, 10)), ("b", "INV-2042", in_month(MAY, 9))
    assert fold_of(first, second).closing.digest == fold_of(second, first).closing.digest
