"""When a payment to a supplier leaves payables: when it was sent, or when the bank confirms it, as the book has it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from finance_pipeline.core.settings import LedgerPolicy
from finance_pipeline.services.approved_settings import guarded
from finance_pipeline.services.bookkeeping.completeness import completeness
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.told import JUNE, MAY, US, Told, day, told

END_OF_MAY, END_OF_JUNE = day(31), date(2026, 6, 30)
CONFIRMED = US.model_copy(update={"ledger": LedgerPolicy(supplier_payments_leave="when_confirmed")})


def test_a_supplier_is_paid_when_it_was_sent_or_when_the_bank_confirms_as_the_books_policy_says(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path) as book:
        bill = book.document("BILL-1", "-600.00", day(4), "Northwind Ltd")
        sent = {"account": "main", "settles": bill, "settled_minor": -60_000, "party_name": "Northwind Ltd"}
        book.movement("sent", "recorded_payment", "-600.00", day(28), **sent)
        credit = book.document("CN-1", "-50.00", day(5), "Acme Ltd", kind="credit_note", line_accounts=["200"])
        back = {"account": "main", "settles": credit, "settled_minor": -5_000, "party_name": "Acme Ltd"}
        book.movement("back", "recorded_payment", "-50.00", day(29), **back)
        ahead = {"account": "main", "side": "supplier", "party_name": "Ahead Ltd"}
        book.movement("ahead", "recorded_payment", "-30.00", day(20), **ahead)
        book.document("BILL-2", "-30.00", day(21), "Ahead Ltd")
        book.allocation("a", "-30.00", day(22), of="payment/ahead/on-account", to="BILL-2")
        book.months(MAY)
        assert book.balances(END_OF_MAY) == {"2110": "-680.00", "4000": "50.00", "5000": "630.00"}
        book = Told(Workspace(book.workspace.settings.model_copy(update={"books": (CONFIRMED,)}), database))
        book.months(MAY)
        assert book.balances(END_OF_MAY) == {"2000": "-630.00", "2110": "-50.00", "4000": "50.00", "5000": "630.00"}
        waiting = {"invoice/BILL-2": "-30.00", "payment/back": "-50.00"}
        assert book.open_items(MAY) == {"invoice/BILL-1": "-600.00"} | waiting, "what was not paid yet is no credit"
        assert completeness(book.workspace, "us", "2026-05", "2026-05").is_proven
        book.line("bank", "-600.00", date(2026, 6, 2), "BILL-1")
        book.months(MAY, JUNE)
        left = {"2000": "-30.00", "2110": "-50.00", "4000": "50.00", "5000": "630.00"}
        assert book.balances(END_OF_JUNE) == {"1010": "-600.00"} | left
        assert {name for name, _, _ in book.untied()} == {"bank_account_equals_statement"}, "no statement was told"


def test_what_a_book_never_said_of_a_younger_choice_is_no_change_of_what_was_approved() -> None:
    assert "supplier_payments_leave" not in guarded(US)
    assert "tax_rates" not in guarded(US)
    assert '"supplier_payments_leave": "when_confirmed"' in guarded(CONFIRMED)
