"""Worked examples of the accounting rules as a controller meets them: from records to tie-outs, January and February.

The others are beside their subjects: processor, dispute, discount with tax and exchange in the ledger's own worked
examples, the transfer in test_worked_examples, going live in test_going_live.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from finance_pipeline.core.money import format_money, to_minor
from finance_pipeline.core.period import Month
from finance_pipeline.services import reports
from finance_pipeline.services.reports import Question
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.closed import ONE_BANK, close_months, run, signed_balances, stands
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import Told, told

JANUARY, FEBRUARY = Month(2026, 1), Month(2026, 2)
END_OF_JANUARY, END_OF_FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)
FIFTEEN = (
    *("100.10", "184.33", "251.75", "330.02", "412.68", "498.11", "577.49", "655.27"),
    *("742.90", "861.36", "973.58", "1088.04", "1201.19", "1377.83", "1540.15"),
)
BOOK = ONE_BANK.model_copy(update={"starts_on": date(2026, 1, 1)})


def january(day: int) -> date:
    return date(2026, 1, day)


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Iterator[Told]:
    with told(database, tmp_path, BOOK) as found:
        found.balance("main", "0.00", january(1), "opening")
        yield found


def with_policy(book: Told, **overrides: object) -> Told:
    """The same book, whose policy says something else."""
    other = BOOK.model_copy(update={"policy": overrides})
    return Told(Workspace(book.workspace.settings.model_copy(update={"books": (other,)}), book.workspace.database))


def fifteen_open_invoices(book: Told) -> str:
    """Acme's only open invoices; returns what they add to, as on paper."""
    for number, amount in enumerate(FIFTEEN):
        book.document(f"INV-{7000 + number}", amount, january(2), "Acme")
    return format_money(sum(to_minor(amount, "USD") for amount in FIFTEEN), "USD")


def test_one_receipt_settles_fifteen_invoices_that_it_does_not_name(book: Told) -> None:
    total = fifteen_open_invoices(book)
    book.line("receipt", total.replace(",", ""), january(20), "ACH CREDIT ACME", counterparty_name="ACME")
    book.months(JANUARY)
    assert (book.waiting(JANUARY), book.open_items(JANUARY)) == ({}, {})
    assert rows(book.workspace, "select count(*) from recon.allocation") == [(15,)]
    assert book.balances(END_OF_JANUARY) == {"1010": total, "4000": f"-{total}"}


def test_with_five_more_open_invoices_the_same_receipt_is_an_exception_and_settles_none(book: Told) -> None:
    total = fifteen_open_invoices(book)
    for number, amount in enumerate(("211.17", "333.91", "505.03", "777.97", "1200.11")):
        book.document(f"INV-{7100 + number}", amount, january(2), "Acme")
    book.line("receipt", total.replace(",", ""), january(20), "ACH CREDIT ACME", counterparty_name="ACME")
    book.months(JANUARY)
    assert len(book.open_items(JANUARY)) == 20
    assert book.waiting(JANUARY)["receipt"] in ("several_solutions", "could_be_chance")
    assert book.balances(END_OF_JANUARY)["2100"] == f"-{total}"


def test_a_short_payment_is_written_off_within_its_limit_and_asked_about_beyond(book: Told) -> None:
    book.document("INV-8001", "1000.00", january(2), "Acme")
    book.line("paid", "999.60", january(12), "INV-8001")
    strict = with_policy(book, short_payment_limit_minor=30)
    strict.months(JANUARY)
    assert list(strict.waiting(JANUARY)) == ["paid"]
    assert strict.balances(END_OF_JANUARY)["2100"] == "-999.60"
    with_policy(book, short_payment_limit_minor=50).months(JANUARY)
    assert book.waiting(JANUARY) == {}
    assert book.balances(END_OF_JANUARY) == {"1010": "999.60", "4000": "-1,000.00", "6850": "0.40"}
    named = "select rule, description from ledger.standing where match_id is not null"
    assert rows(book.workspace, named) == [("short_payment", "Match by short payment: settlement")]


def test_an_overpayment_is_on_account_until_it_is_refunded_and_profit_and_loss_never_sees_it(book: Told) -> None:
    book.document("INV-8001", "1000.00", january(2), "Acme")
    book.line("paid", "1200.00", january(12), "INV-8001", counterparty_name="Acme")
    book.months(JANUARY)
    assert list(book.open_items(JANUARY).values()) == ["-200.00"]
    assert book.balances(END_OF_JANUARY) == {"1010": "1,200.00", "1100": "-200.00", "4000": "-1,000.00"}
    assert [row for row in book.untied() if row[0] == "receivables_equal_open_items"] == []


def test_a_supplier_payment_returned_in_february_leaves_locked_january_as_it_was_signed(book: Told) -> None:
    book.document("BILL-1", "-2400.00", january(5), "Northwind Ltd")
    book.line("sent", "-2400.00", january(30), "BILL-1", end_to_end_id="E2E-1", counterparty_name="Northwind Ltd")
    book.balance("main", "-2400.00", END_OF_JANUARY)
    close_months(book, JANUARY)
    book.line(
        "back", "2392.50", date(2026, 2, 3), "RETURNED PAYMENT E2E-1", end_to_end_id="E2E-1",
        counterparty_name="Northwind Ltd",
    )  # fmt: skip
    book.months(FEBRUARY)
    assert book.balances(END_OF_JANUARY) == {"1010": "-2,400.00", "5000": "2,400.00"}
    later = {"1010": "-7.50", "2000": "-2,400.00", "5000": "2,400.00", "6820": "7.50"}
    assert book.balances(date(2026, 2, 3)) == later
    assert book.open_items(FEBRUARY) == {"invoice/BILL-1": "-2,400.00"}
    found = reports.open_items(book.workspace, Question("us", date(2026, 2, 3))).items.row(0, named=True)
    assert (found["item_id"], found["due_on"]) == ("us/told/invoice/BILL-1", january(5))
    assert signed_balances(book) == []


def test_a_line_of_january_that_arrives_when_january_is_locked_posts_in_february_and_is_listed(book: Told) -> None:
    book.line("early", "100.00", january(4))
    book.balance("main", "100.00", END_OF_JANUARY)
    close_months(book, JANUARY)
    book.line("late", "25.00", january(30))
    run(book, JANUARY, FEBRUARY)
    posted = "select accounting_on, effective_on from ledger.entry where source_id like '%late' and purpose = 'line'"
    assert rows(book.workspace, posted) == [(date(2026, 2, 1), january(30))]
    assert stands(book) == {"late": ("late", "late item")}
    assert (signed_balances(book), book.balances(END_OF_JANUARY)["1010"]) == ([], "100.00")
    bank = reports.bank_reconciliation(book.workspace, Question("us", END_OF_JANUARY), "main")
    listed = bank.entries.select("is_late", "effective_on", "accounting_on", "amount_minor").rows()
    assert listed == [(True, january(30), date(2026, 2, 1), 2500)]
