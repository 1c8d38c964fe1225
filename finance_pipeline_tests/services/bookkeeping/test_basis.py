"""Views that post nothing: cash basis, of each document what was paid with its tax; and estimates of tax."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from finance_pipeline.core.settings import LedgerPolicy, TaxRate
from finance_pipeline.services.bookkeeping.basis import on_cash_basis
from finance_pipeline.services.bookkeeping.tax import tax_estimates
from finance_pipeline.services.reconciliation.decide import decide
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, US, Told, day, told


def cash(book: Told, month: str) -> dict[str, int]:
    found = on_cash_basis(book.workspace, "us", month)
    assert found["cash_minor"].sum() == found["accrual_minor"].sum() == 0
    return dict(found.filter(found["cash_minor"] != 0).select("code", "cash_minor").rows())


def test_on_cash_basis_a_document_counts_as_far_as_it_was_paid_with_its_part_of_the_tax(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path) as book:
        book.rate(date(2026, 5, 29), "1.1200")
        item = book.document("INV-1", "1200.00", day(2), "Acme Ltd", tax="200.00")
        book.document("INV-2", "1000.00", day(3), "Globex Ltd", currency="EUR", functional="1100.00")
        book.document("BILL-1", "-600.00", day(4), "Northwind Ltd", tax="-100.00")
        line = book.line("part", "480.00", day(9), "INV-1")
        book.line("sent", "-600.00", day(3, JUNE), "BILL-1")
        book.months(MAY)
        if book.waiting(MAY):
            decide(book.workspace, line, [item], "confirm", reason="a part of it")
            book.months(MAY)
        accrual = book.balances(date(2026, 5, 31))
        assert (accrual["1100"], accrual["1100V"], accrual["4000"]) == ("1,820.00", "20.00", "-2,100.00")
        assert cash(book, "2026-05") == {"1010": 48000, "2200": -8000, "4000": -40000}
        entries = rows(book.workspace, "select count(*) from ledger.entry")
        book.months(JUNE)
        assert cash(book, "2026-06")["5000"] == 50000, "the bill counts in the month in which it was paid"
        assert rows(book.workspace, "select count(*) from ledger.entry") > entries, "only by what happened in June"


def test_an_estimate_of_tax_goes_by_the_rate_of_the_documents_day_says_what_has_none_and_posts_nothing(
    database: Database, tmp_path: Path
) -> None:
    rates = (
        TaxRate(account="200", percent=Decimal("20"), since=date(2026, 1, 1)),
        TaxRate(account="200", percent=Decimal("20.5"), since=day(10)),
    )
    with told(database, tmp_path, US.model_copy(update={"ledger": LedgerPolicy(tax_rates=rates)})) as book:
        book.document("INV-1", "1200.00", day(9), "Acme Ltd", tax="200.00")
        book.document("INV-2", "1000.01", day(10), "Acme Ltd")
        book.document("CN-1", "-12.03", day(11), "Acme Ltd", tax="-2.00", kind="credit_note", line_accounts=["200"])
        book.document("BILL-1", "-600.00", day(4), "Northwind Ltd", tax="-100.00")
        book.document("DRAFT", "500.00", day(4), "Acme Ltd", status="draft")
        found = tax_estimates(book.workspace, "us", "2026-05").select(
            "number", "stated_minor", "estimated_minor", "difference_minor", "without_rate"
        )
        assert found.rows() == [
            ("BILL-1", -10000, None, None, ["400"]),
            ("INV-1", 20000, 20000, 0, []),
            ("INV-2", 0, 20500, -20500, []),
            ("CN-1", -200, -206, 6, []),
        ]
        assert rows(book.workspace, "select count(*) from ledger.entry") == [(0,)]
        book.months(MAY)
        assert "2200" not in str(book.moved(day(31), "invoice/INV-2")), "what a document does not state is not posted"
