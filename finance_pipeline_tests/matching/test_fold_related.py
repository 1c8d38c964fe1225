"""The fold of lines that belong to other lines: payments that came back, lines told twice, what is paid on account.

What is found is given, the engine is not asked: here it is about what a month makes of it.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance_pipeline.matching import engine, schemas
from finance_pipeline.matching.month.duplicates import refuted
from finance_pipeline.matching.month.learning import TAUGHT, with_learnt
from finance_pipeline.matching.outcomes import Outcome
from finance_pipeline_tests import examples
from finance_pipeline_tests.matching.months import JULY, JUNE, MAY, BookOfMonths, Folded, outcome_of
from finance_pipeline_tests.matching.test_fold import in_month
from finance_pipeline_tests.matching.world import minor

BILL = {"kind": "bill", "party_id": "acme", "party_name": "Acme Ltd"}
INVOICE = {"kind": "invoice", "party_id": "acme", "party_name": "Acme Ltd"}
Parts = list[dict[str, Any]]


def pays(line: str, item: str, amount: str, **more: Any) -> dict[str, Any]:
    """A line settles so much of an item."""
    return {"line_id": line, "item_id": item, "amount_minor": minor(amount), "item_amount_minor": minor(amount), **more}


def beside(line: str, other: str, amount: str, role: str = "principal", **more: Any) -> dict[str, Any]:
    """A part of a line belongs to another line."""
    return {"line_id": line, "other_line_id": other, "amount_minor": minor(amount), "role": role, **more}


def fold(book: BookOfMonths, month: Any, *parts: dict[str, Any]) -> Folded:
    """One month in which these parts are found, as far as their lines are not matched yet and their items are open."""

    def find(inputs: engine.Inputs, _: object) -> Outcome:
        declined = inputs.decisions.filter(verdict="decline").select("line_id", "item_id").rows()
        held = {*inputs.standing["line_id"], *inputs.standing["other_line_id"]}
        offered = {None, *inputs.open_items["item_id"]}
        free = [
            part
            for part in parts
            if part["line_id"] not in held
            and part.get("item_id") in offered
            and (part["line_id"], part.get("other_line_id")) not in declined
        ]
        return outcome_of(free)

    return book.fold(month, engine_is=find)


def paid_and_returned() -> BookOfMonths:
    """A bill of May paid in May; what was paid comes back in June less a charge."""
    book = BookOfMonths().item("bill", "-2400.00", carried_at="-2600.00", on=in_month(MAY, 2), **BILL)
    book.line("sent", "-2400.00", on=in_month(MAY, 30)).line("back", "2392.50", on=in_month(JUNE, 3))
    fold(book, MAY, pays("sent", "bill", "-2400.00"))
    return book


BACK = (beside("back", "sent", "2400.00"), beside("back", "sent", "-7.50", "fee"))


def test_a_payment_that_came_back_opens_its_bill_again_at_what_it_was_carried() -> None:
    book = paid_and_returned()
    june = fold(book, JUNE, *BACK)
    assert june.carried_at() == {"bill": (minor("-2400.00"), minor("-2600.00"))}
    assert june.open_lines() == []
    said = june.new.allocations.select("relation", "role", "item_id", "amount_minor", "item_amount_minor").rows()
    assert sorted(said, key=repr) == [
        ("returned", "fee", None, -750, None),
        ("returned", "principal", "bill", 240_000, 240_000),
    ]
    reopened = june.closing.open_items.row(0, named=True)
    assert (reopened["number"], reopened["party_id"], reopened["total_minor"]) == ("bill", "acme", minor("-2400.00"))


def test_a_bill_that_was_opened_again_can_be_paid_again_in_the_same_month() -> None:
    book = paid_and_returned().line("again", "-2400.00", on=in_month(JUNE, 20))
    june = fold(book, JUNE, *BACK, pays("again", "bill", "-2400.00"))
    assert (june.carried_at(), june.open_lines()) == ({}, [])
    may = fold(book, MAY)
    assert (may.reasons(), may.carried_at()) == ([], {})
    again = fold(book, JUNE)
    assert (again.settled(), again.reasons(), again.carried_at()) == ([], [], {})


def test_may_offers_nothing_of_a_bill_that_june_gave_back_and_july_paid_again() -> None:
    book = paid_and_returned().line("again", "-2400.00", on=in_month(JULY, 9))
    fold(book, JUNE, *BACK)
    fold(book, JULY, pays("again", "bill", "-2400.00"))
    seen: list[dict[str, int]] = []

    def note(inputs: engine.Inputs, _: object) -> Outcome:
        held = inputs.standing.group_by("item_id").agg(pl.col("item_amount_minor").sum())
        left = inputs.open_items.join(held, on="item_id", how="left").with_columns(
            left=pl.col("amount_minor") - pl.col("item_amount_minor").fill_null(0)
        )
        seen.append(dict(left.select("item_id", "left").rows()))
        return outcome_of([])

    book.fold(MAY, engine_is=note)
    assert seen == [{"bill": 0}]


def test_a_return_falls_when_what_its_original_settled_changes_and_is_found_again() -> None:
    book = paid_and_returned()
    fold(book, JUNE, *BACK)
    book.item("bill", "-2300.00", on=in_month(MAY, 2), **BILL)
    may = fold(book, MAY)
    assert may.reasons() == [
        "the amount of an item that it settles changed",
        "what the payment that came back had settled is settled otherwise now",
    ], "the match of May, and with it the one of June that rests on it"
    june = fold(book, JUNE, *BACK)
    assert june.open_lines() == [], "the two cancel each other now"
    assert set(june.new.allocations["relation"]) == {"netted"}
    assert set(june.carried_at()) == {"bill"}


def test_a_payment_that_came_back_twice_or_not_whole_is_left_to_a_person() -> None:
    book = (
        paid_and_returned().line("twice", "2400.00", on=in_month(JUNE, 5)).line("part", "1000.00", on=in_month(JUNE, 6))
    )
    found = (beside("part", "sent", "1000.00"), *BACK, beside("twice", "sent", "2400.00"))
    june = fold(book, JUNE, *found)
    assert june.open_lines() == ["part", "twice"]
    assert [line for line, _ in june.settled()] == ["back", "back"]


def test_a_payment_that_came_back_before_it_settled_anything_leaves_neither_line_open() -> None:
    book = BookOfMonths().line("sent", "-2400.00", on=in_month(MAY, 30)).line("back", "2392.50", on=in_month(JUNE, 3))
    assert fold(book, MAY).open_lines() == ["sent"]
    june = fold(book, JUNE, *BACK)
    assert (june.open_lines(), june.carried_at()) == ([], {})
    assert june.new.allocations["other_amount_minor"].sum() == minor("-2400.00")
    assert fold(book, JUNE).reasons() == []


def test_a_line_told_twice_is_done_and_the_one_that_it_repeats_is_as_free_as_before() -> None:
    book = BookOfMonths().item("inv", "500.00", **INVOICE).line("a", "500.00").line("b", "500.00")
    may = fold(book, MAY, pays("a", "inv", "500.00"), beside("b", "a", "500.00"))
    assert (may.open_lines(), may.carried_at()) == ([], {})
    assert sorted(may.new.allocations.select("line_id", "relation").rows()) == [("a", None), ("b", "duplicate")]
    assert fold(book, MAY).reasons() == []
    book.line("a", "510.00")
    assert fold(book, MAY).reasons() == [
        "the amount of its line changed",
        "the amount of the line that it repeats changed",
    ]


def test_a_repetition_of_another_amount_or_account_is_none() -> None:
    book = BookOfMonths().line("a", "500.00").line("b", "400.00").line("c", "500.00", account_id="us-reserve")
    may = fold(book, MAY, beside("b", "a", "400.00"), beside("c", "a", "500.00"))
    assert may.open_lines() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("stands", "gap", "counted"),
    [(False, "0.00", True), (False, "500.00", False), (True, "-500.00", True), (True, "0.00", False)],
)
def test_a_repetition_that_the_banks_own_balance_counts_is_a_payment(stands: bool, gap: str, counted: bool) -> None:
    line = {"line_id": "b", "other_line_id": "a", "account_id": "x", "amount_minor": 50_000, "stands": stands}
    repeated = pl.DataFrame([line | {"booked_on": in_month(MAY, 10)}])
    before = {"account_id": "x", "balance_on": in_month(MAY, 9), "gap_minor": 0}
    after = {"account_id": "x", "balance_on": in_month(MAY, 31), "gap_minor": minor(gap)}
    later = {"account_id": "x", "balance_on": in_month(JUNE, 30), "gap_minor": 0}
    gaps = pl.DataFrame([before, after, later])
    assert refuted(repeated, gaps).rows() == ([("b", "a")] if counted else [])
    assert refuted(repeated, gaps.clear()).is_empty(), "without a statement nothing is refuted"


def test_what_comes_beyond_the_items_is_the_partys_on_account_until_it_is_paid_back() -> None:
    book = (
        BookOfMonths().item("inv", "1000.00", **INVOICE).line("receipt", "1200.00", functional_minor=minor("1300.00"))
    )
    more = {"line_id": "receipt", "item_id": "inv", "amount_minor": 20_000, "item_amount_minor": 0, "role": "residual"}
    may = fold(book, MAY, pays("receipt", "inv", "1000.00"), more)
    on_account = "receipt/on-account"
    assert may.carried_at() == {on_account: (minor("-200.00"), minor("-216.67"))}
    item = may.closing.open_items.row(0, named=True)
    assert (item["kind"], item["party_id"], item["total_minor"]) == ("customer_on_account", "acme", minor("-200.00"))
    assert (fold(book, MAY).reasons(), fold(book, MAY).carried_at()) == ([], may.carried_at())
    book.line("refund", "-200.00", on=in_month(JUNE, 10))
    june = fold(book, JUNE, pays("refund", on_account, "-200.00"))
    assert (june.carried_at(), june.open_lines()) == ({}, [])
    assert june.new.allocations["item_functional_minor"].to_list() == [minor("-216.67")]


def test_a_coded_line_is_done_and_nothing_else_moves() -> None:
    book = BookOfMonths().line("fee", "-12.00")
    coded = {"line_id": "fee", "account_code": "6820", "amount_minor": minor("-12.00")}
    may = fold(book, MAY, coded)
    assert (may.open_lines(), may.carried_at()) == ([], {})
    assert may.new.allocations.select("account_code", "relation").rows() == [("6820", None)]


@settings(max_examples=examples(4), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from((MAY, JUNE, JULY)), st.booleans()), min_size=1, max_size=5))
def test_paid_and_given_back_in_any_months_a_bill_is_open_by_what_was_last_and_folding_again_changes_nothing(
    happened: list[tuple[Any, bool]],
) -> None:
    """A bill is paid whenever it is open, and a payment may come back in its month or later, less a charge."""
    book = BookOfMonths().item("bill", "-90.01", carried_at="-100.00", on=in_month(MAY, 1), **BILL)
    parts, paid = [], ""
    for number, (month, comes_back) in enumerate(sorted(happened, key=lambda each: str(each[0]))):
        on = in_month(month, number + 2)
        if paid and comes_back:
            book.line(f"back {number}", "89.50", on=on)
            parts += [beside(f"back {number}", paid, "90.01"), beside(f"back {number}", paid, "-0.51", "fee")]
            paid = ""
        elif not paid:
            paid = f"sent {number}"
            book.line(paid, "-90.01", on=on)
            parts.append(pays(paid, "bill", "-90.01"))
    once = [fold(book, month, *parts) for month in (MAY, JUNE, JULY)]
    assert once[-1].carried_at() == ({} if paid else {"bill": (minor("-90.01"), minor("-100.00"))})
    assert [folded.open_lines() for folded in once] == [[], [], []]
    again = [fold(book, month, *parts) for month in (MAY, JUNE, JULY)]
    assert all((folded.settled(), folded.reasons()) == ([], []) for folded in again)
    standing = book.standing.group_by("item_id").agg(pl.col("item_amount_minor").sum())
    assert dict(standing.drop_nulls("item_id").rows()).get("bill", 0) == (minor("-90.01") if paid else 0)


# Decisions


def decided(book: BookOfMonths, line: str, item: str | None, verdict: str) -> BookOfMonths:
    book.decisions[line, item or ""] = {"line_id": line, "item_id": item, "verdict": verdict}
    return book


def test_what_was_declined_falls_whatever_its_evidence_and_stays_down() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **INVOICE).line("receipt", "100.00", "INV-2041")
    assert book.fold(MAY).settled() == [("receipt", "INV-2041")]
    decided(book, "receipt", "INV-2041", "decline")
    again = book.fold(MAY)
    assert (again.reasons(), again.settled()) == (["declined by a person"], [])
    assert again.open_lines() == ["receipt"]
    assert book.fold(MAY).settled() == []


def test_what_was_declined_is_kept_out_even_of_an_engine_that_finds_it_again() -> None:
    book = BookOfMonths().line("fee", "-12.00")
    book.decisions["fee", ""] = {"line_id": "fee", "account_code": "6820", "verdict": "decline"}
    insists = outcome_of([{"line_id": "fee", "account_code": "6820", "amount_minor": minor("-12.00")}])
    may = book.fold(MAY, engine_is=lambda *_: insists)
    assert (may.settled(), may.open_lines()) == ([], ["fee"])
    assert may.exceptions.select("line_id", "reason").rows() == [("fee", "declined")]


def test_a_transfer_that_was_declined_from_its_other_leg_falls_too() -> None:
    book = BookOfMonths().line("out", "-100.00", "TRANSFER TO RESERVE")
    book.line("in", "100.00", "TRANSFER FROM OPERATING", account_id="us-reserve").fold(MAY)
    assert decided(book, "in", "out", "decline").fold(MAY).reasons() == ["declined by a person"]


def test_what_a_person_confirmed_is_not_taken_by_stronger_evidence() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **INVOICE)
    book.line("guess", "100.00", on=in_month(MAY, 10), counterparty_name="ACME LTD").fold(MAY)
    decided(book, "guess", "INV-2041", "confirm").line("named", "100.00", "INV-2041", on=in_month(MAY, 12))
    again = book.fold(MAY)
    assert (again.reasons(), again.open_lines()) == ([], ["named"])
    del book.decisions["guess", "INV-2041"]
    assert book.fold(MAY).reasons() == ["stronger evidence names INV-2041 for another line"]


def test_what_a_person_confirmed_falls_with_its_inputs_alone() -> None:
    book = BookOfMonths().item("INV-2041", "100.00", **INVOICE).line("receipt", "100.00", on=in_month(MAY, 10))
    decided(book, "receipt", "INV-2041", "confirm")
    assert book.fold(MAY).new.matches["rule"].to_list() == ["confirmed"]
    book.item("INV-2041", "120.00", **INVOICE)
    assert book.fold(MAY).reasons() == ["the amount of an item that it settles changed"]
    book.item("INV-2041", "100.00", **INVOICE).fold(MAY)
    book.decisions.clear()
    assert book.fold(MAY).reasons() == ["the person who confirmed it, or another, withdrew that"]


# What confirmations teach


def learnt(*taught: tuple[str, str | None, str | None]) -> dict[str, tuple[list[str], list[str]]]:
    """Party -> names and account numbers that it is known by besides its own."""
    parties = schemas.conformed(
        schemas.PARTIES,
        pl.DataFrame({"party_id": ["acme", "zenith"], "name": ["Acme Ltd", "Zenith GmbH"]}),
    ).with_columns(account_numbers=pl.when(party_id=pl.lit("zenith")).then(pl.lit(["DE11"])).otherwise(pl.lit([])))
    frame = pl.DataFrame([(p, "line", n, a) for p, n, a in taught], schema=TAUGHT, orient="row")
    found = with_learnt(parties, frame, ("stripe",), ["Our Company AG", "DE99"])
    known = found.select("party_id", "aliases", "account_numbers").rows()
    return {party: (names or [], numbers or []) for party, names, numbers in known}


def test_a_confirmed_line_teaches_how_its_payer_prints_its_name_and_which_account_it_uses() -> None:
    assert learnt(("acme", "A. C. M. E. Holding", "GB12 3456"))["acme"] == (["A. C. M. E. Holding"], ["GB12 3456"])


@pytest.mark.parametrize(
    "taught",
    [
        (("acme", "ZENITH", "DE11"),),
        (("acme", "STRIPE PAYOUT", None),),
        (("acme", "Our Company AG", "DE 99"),),
        (("acme", "Somebody", "GB1"), ("zenith", "Somebody", "GB1")),
    ],
    ids=["another party's name", "a processor's", "ours", "taught for two"],
)
def test_what_could_be_somebody_elses_teaches_nothing(taught: tuple[tuple[str, str | None, str | None], ...]) -> None:
    assert learnt(*taught) == {"acme": ([], []), "zenith": ([], ["DE11"])}
