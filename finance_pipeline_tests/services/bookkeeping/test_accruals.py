"""Bills that nobody approved yet: the month bears their cost at its end; owed they are only once they are approved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from finance_pipeline.core.period import Month
from finance_pipeline.services.bookkeeping.basis import on_cash_basis
from finance_pipeline.services.bookkeeping.posting import postings_of
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.by_hand import close_month
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, Told, day, told

END_OF_MAY, JULY = date(2026, 5, 31), Month(2026, 7)


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Iterator[Told]:
    with told(database, tmp_path) as found:
        yield found


def test_a_bill_that_nobody_approved_is_accrued_at_each_months_end_and_is_no_item(book: Told) -> None:
    book.document("BILL-1", "-1200.00", day(20), "Northwind Ltd", tax="-200.00", status="draft")
    book.months(MAY, JUNE)
    assert book.open_items(MAY) == {}
    accrued = {"2050": "-1,000.00", "5000": "1,000.00"}
    assert book.balances(END_OF_MAY) == accrued
    assert book.balances(date(2026, 6, 1)) == {}, "taken back on the first day"
    assert book.balances(date(2026, 6, 30)) == accrued
    assert on_cash_basis(book.workspace, "us", "2026-05")["cash_minor"].to_list() == [0, 0]
    book.document("BILL-1", "-1200.00", day(20), "Northwind Ltd", tax="-200.00")
    book.months(MAY, JUNE)
    assert book.open_items(MAY) == {"invoice/BILL-1": "-1,200.00"}
    assert book.balances(END_OF_MAY) == {"1300": "200.00", "2000": "-1,200.00", "5000": "1,000.00"}
    assert rows(book.workspace, "select count(*) from ledger.standing where source = 'accrual'") == [(0,)]


def test_what_a_locked_month_accrued_is_taken_back_in_the_next_whatever_became_of_the_bill(
    book: Told, database: Database
) -> None:
    book.document("BILL-1", "-1200.00", day(20), "Northwind Ltd", tax="-200.00", status="draft")
    book.months(MAY)
    close_month(database, MAY.first_day)
    book.document("BILL-1", "-1200.00", day(20), "Northwind Ltd", tax="-200.00", status="void")
    book.months(JUNE)
    assert book.balances(END_OF_MAY) == {"2050": "-1,000.00", "5000": "1,000.00"}
    assert book.balances(date(2026, 6, 30)) == {}


def test_an_unapproved_bill_with_an_account_that_is_not_mapped_is_held_by_name(book: Told, database: Database) -> None:
    book.document("BILL-1", "-50.00", day(20), "Northwind Ltd", status="draft", line_accounts=["999"])
    book.months(MAY)
    assert book.balances(END_OF_MAY) == {}
    with database.transaction() as conn:
        held = postings_of(conn, book.workspace.settings.books[0], MAY).held
    assert held.select("source_id", "amount_minor", "reason").rows() == [
        ("us/told/invoice/BILL-1 2026-05", -5000, "account_not_mapped")
    ]
