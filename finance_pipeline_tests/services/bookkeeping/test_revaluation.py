"""Open items and balances in other currencies at a month's end: revalued beside their accounts, and tied."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from finance_pipeline.core.period import BookMonth
from finance_pipeline.core.settings import LedgerPolicy
from finance_pipeline.services import api
from finance_pipeline.services.bookkeeping.posting import postings_of
from finance_pipeline.services.bookkeeping.revaluation import revalued
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, US, Told, day, told

END_OF_MAY, END_OF_JUNE = date(2026, 5, 31), date(2026, 6, 30)


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Told:
    with told(database, tmp_path) as found:
        return found


def untied(book: Told) -> list[tuple[str, str, str]]:
    return [row for row in book.untied() if row[0] != "bank_account_equals_statement"]


def test_an_open_invoice_is_revalued_at_the_months_end_and_taken_back_on_the_first_of_the_next(book: Told) -> None:
    book.rate(day(29), "1.1200")
    book.rate(day(10, JUNE), "1.0850")
    book.document("INV-1", "1000.00", day(2), "Acme Ltd", currency="EUR", functional="1100.00")
    book.months(MAY)
    assert book.balances(END_OF_MAY) == {"1100": "1,100.00", "1100V": "20.00", "4000": "-1,100.00", "6900": "-20.00"}
    book.line("paid", "1085.00", day(10, JUNE), "INV-1", counterparty_name="Acme Ltd")
    book.months(JUNE)
    assert book.balances(date(2026, 6, 1))["1100"] == "1,100.00"
    assert "1100V" not in book.balances(date(2026, 6, 1)), "taken back on the first day"
    assert book.balances(END_OF_JUNE) == {"1010": "1,085.00", "4000": "-1,100.00", "6900": "15.00"}
    assert untied(book) == []


def test_what_a_foreign_bank_account_holds_is_revalued_for_good_and_each_month_adds_to_it(book: Told) -> None:
    for on, rate in ((day(4), "1.1000"), (day(29), "1.1200"), (day(30, JUNE), "1.0900")):
        book.rate(on, rate)
    book.line("in", "1000.00", day(4), account="euro")
    book.months(MAY, JUNE)
    held = {"1030": "1,100.00", "2100": "-1,100.00"}
    assert book.balances(END_OF_MAY) == held | {"1030V": "20.00", "2100V": "-20.00"}
    assert book.balances(date(2026, 6, 29)) == book.balances(END_OF_MAY), "nothing is taken back in between"
    assert book.balances(END_OF_JUNE) == held | {"1030V": "-10.00", "2100V": "10.00"}
    said = rows(
        book.workspace,
        "select description, evidence_id, functional_amounts from ledger.standing"
        " where source_id = 'us/2026-06/1030/EUR'",
    )
    words = (
        "Revaluation of 1030 Euro account: 1,000.00 EUR at 1.0900 USD for 1 EUR (ecb, 2026-06-30), worth 1,090.00 USD, "
    )
    assert said == [(words + "carried at 1,120.00", "ecb/rate/2026-06-30/USD", [-3000, 3000])]
    assert untied(book) == []


def test_what_is_on_account_or_paid_in_advance_is_not_revalued(book: Told) -> None:
    for on in (day(4), day(29)):
        book.rate(on, "1.1000" if on == day(4) else "1.1200")
    book.document("INV-1", "1000.00", day(2), "Acme Ltd", currency="EUR", functional="1100.00")
    book.line("paid", "1200.00", day(4), "INV-1", account="euro", counterparty_name="Acme Ltd")
    book.months(MAY)
    kinds = rows(book.workspace, "select kind, open_minor, currency from recon.open_item")
    assert kinds == [("customer_on_account", -20000, "EUR")]
    assert book.balances(END_OF_MAY) == {
        "1030": "1,320.00", "1030V": "24.00", "1100": "-220.00", "4000": "-1,100.00", "6900": "-24.00",
    }  # fmt: skip
    assert untied(book) == []


def test_without_a_rate_that_is_young_enough_nothing_is_guessed_and_the_books_own_limit_of_age_counts(
    book: Told, database: Database, tmp_path: Path
) -> None:
    book.rate(day(22), "1.1200")
    book.document("INV-1", "1000.00", day(2), "Acme Ltd", currency="EUR", functional="1100.00")
    key = [BookMonth("us", MAY)]
    book.months(MAY)
    assert "1100V" not in book.balances(END_OF_MAY)
    with database.transaction() as conn:
        held = postings_of(conn, book.workspace.settings.books[0], MAY).held
    assert held.select("source", "amount_minor", "reason", "words").rows() == [
        ("revaluation", 100000, "no_rate", "no rate of EUR in USD is published for 2026-05-31 or the days before")
    ]
    assert untied(book) == [("valuation_equals_closing_rate", "1100V EUR", "no value at the closing rate is known")]
    patient = US.model_copy(update={"ledger": LedgerPolicy(rate_greatest_age_days=9)})
    with told(database, tmp_path, patient) as allowed:
        assert api.post(allowed.workspace, key, "run")["journal_entries"].figures["new_entries"] == 1
        assert allowed.balances(END_OF_MAY)["1100V"] == "20.00"


def test_a_revaluation_follows_when_what_was_open_changes_and_is_posted_once(book: Told) -> None:
    book.rate(day(29), "1.1200")
    book.document("INV-1", "1000.00", day(2), "Acme Ltd", currency="EUR", functional="1100.00")
    book.document("BILL-1", "-500.00", day(3), "Northwind Ltd", currency="EUR", functional="-560.00")
    book.months(MAY, JUNE)
    count = "select count(*) from ledger.entry where source = 'revaluation'"
    once = rows(book.workspace, count)
    book.months(MAY, JUNE)
    assert rows(book.workspace, count) == once == [(2,)], "the bill is carried at what it is worth"
    book.document("INV-1", "2000.00", day(2), "Acme Ltd", currency="EUR", functional="2200.00")
    book.months(MAY, JUNE)
    assert book.balances(END_OF_MAY)["1100V"] == "40.00"
    assert "1100V" not in book.balances(END_OF_JUNE)
    shown = (
        revalued(book.workspace, "us", "2026-05").select("name", "subject", "value_minor", "difference_minor").rows()
    )
    assert shown == [
        ("1100 Accounts receivable", "INV-1 Acme Ltd", 224000, 4000),
        ("2000 Accounts payable", "BILL-1 Northwind Ltd", -56000, 0),
    ]
