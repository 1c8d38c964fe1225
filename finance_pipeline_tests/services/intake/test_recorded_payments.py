"""Payments that a bookkeeper records: in instalments, in advance, in a currency without a rate; the books tie out."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

from finance_pipeline.sandbox.world import WorldOptions
from finance_pipeline.services import api, read
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.companies import Shared, company
from finance_pipeline_tests.services.pipeline import compute, rows, sync_all
from finance_pipeline_tests.services.told import JUNE, MAY, day, told

OPTIONS = WorldOptions(seed=3, books=("uk",), first_month="2025-05", month_count=2, bank_lines=300)
PAID_ON = (date(2025, 5, 20), date(2025, 5, 21), date(2025, 6, 3))
RECORDED_LATE = OPTIONS.complete_at + timedelta(hours=1)
"""When the bookkeeper records the second instalment, with the date on which it was paid."""


def xero(home: Path, kind: str) -> Path:
    return home / "sandbox" / "served" / "uk-xero" / f"{kind}.parquet"


def pay_in_instalments(home: Path) -> None:
    """Have twelve invoices in euros be paid in a quarter, a quarter and the rest; the second quarter is told late."""
    invoices = [json.loads(text, parse_float=Decimal) for text in pl.read_parquet(xero(home, "invoice"))["json"]]
    foreign = {
        each["InvoiceID"]: each for each in invoices if (each["CurrencyCode"], each["Type"]) == ("EUR", "ACCREC")
    }
    log = pl.read_parquet(xero(home, "payment"))
    events = []
    for invoice in [each for each in foreign.values() if each["Status"] == "AUTHORISED"][:12]:
        quarter = (invoice["Total"] / 4).quantize(Decimal("0.01"))
        for number, amount in enumerate((quarter, quarter, invoice["Total"] - 2 * quarter)):
            name = f"{invoice['InvoiceID'][:-1]}{number}"
            seen = RECORDED_LATE if number == 1 else log["visible_at"][0]
            payment = receipt(log["json"][0], name, invoice, amount, PAID_ON[number], seen)
            events.append((seen, "added", name, 10_000 + len(events), payment))
    pl.concat([log, pl.DataFrame(events, schema=log.schema, orient="row")]).write_parquet(xero(home, "payment"))


def pay_in_advance(home: Path) -> None:
    """Have an invoice of June be paid in May, by a third and then in full."""
    invoices = [json.loads(text, parse_float=Decimal) for text in pl.read_parquet(xero(home, "invoice"))["json"]]
    invoice = next(
        each
        for each in invoices
        if each["DateString"] > "2025-06-02" and (each["CurrencyCode"], each["Type"]) == ("EUR", "ACCREC")
    )
    log = pl.read_parquet(xero(home, "payment"))
    third = (invoice["Total"] / 3).quantize(Decimal("0.01"))
    parts = {"in-advance-1": (third, date(2025, 5, 20)), "in-advance-2": (invoice["Total"] - third, date(2025, 5, 28))}
    events = [
        (
            log["visible_at"][0],
            "added",
            name,
            10_000,
            receipt(log["json"][0], name, invoice, *part, log["visible_at"][0]),
        )
        for name, part in parts.items()
    ]
    pl.concat([log, pl.DataFrame(events, schema=log.schema, orient="row")]).write_parquet(xero(home, "payment"))


def receipt(like: str, name: str, invoice: dict[str, str], amount: Decimal, on: date, seen: datetime) -> str:
    """A payment as Xero has it, made from one of a bill: a receipt for an invoice, on the account in euros."""
    paid_ms = int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp()) * 1000
    seen_ms = int(seen.timestamp()) * 1000
    changed = re.sub(r'Amount":[0-9.]+', f'Amount":{amount}', like)
    changed = re.sub(r'"Date":"[^"]+"', f'"Date":"/Date({paid_ms}+0000)/"', changed)
    changed = re.sub(r'"UpdatedDateUTC":"[^"]+"', f'"UpdatedDateUTC":"/Date({seen_ms}+0000)/"', changed)
    changed = re.sub(r'"PaymentID":"[^"]+"', f'"PaymentID":"{name}"', changed)
    changed = re.sub(r'"InvoiceID":"[^"]+"', f'"InvoiceID":"{invoice["InvoiceID"]}"', changed)
    changed = changed.replace("ACCPAY", "ACCREC").replace('"CurrencyCode":"GBP"', '"CurrencyCode":"EUR"')
    return in_euros(changed)


def in_euros(payment: str) -> str:
    """The same payment on the account in euros."""
    return payment.replace('"Code":"090"', '"Code":"091"')


def untied(books: Workspace) -> list[tuple[object, ...]]:
    broken = read.tie_outs(books).filter(~pl.col("tied"))
    return broken.select("month", "name", "subject", "left_minor", "right_minor").rows()


def test_a_foreign_invoice_paid_in_instalments_leaves_no_cent_in_the_control_account(
    shared: Shared, tmp_path: Path
) -> None:
    with company(OPTIONS, shared, tmp_path, alter=pay_in_instalments) as found, found.new_books() as books:
        sync_all(books)
        compute(books, found.keys)
        assert untied(books) == []
        found.it_is(RECORDED_LATE)
        sync_all(books)
        compute(books, found.keys)
        carried = rows(
            books,
            """
            select settles, sum(posting.functional_minor), max(document.functional_minor), count(*)
            from canonical.payment_current as payment
            join canonical.invoice_current as document on document.record_id = payment.settles
            join ledger.standing as entry on entry.source_id = payment.record_id
            join ledger.posting as posting on posting.entry_id = entry.entry_id and posting.role = 'receivables'
            where payment.kind = 'recorded_receipt' group by 1
            """,
        )
        assert [(-posted, count) for _, posted, _, count in carried] == [(whole, 3) for _, _, whole, _ in carried]
        assert len(carried) == 12
        assert untied(books) == []


def test_an_invoice_that_was_paid_in_an_earlier_month_is_an_advance_there_and_settled_in_its_own(
    shared: Shared, tmp_path: Path
) -> None:
    with company(OPTIONS, shared, tmp_path, alter=pay_in_advance) as found, found.new_books() as books:
        sync_all(books)
        compute(books, found.keys)
        assert untied(books) == []
        [(invoice, whole)] = rows(
            books,
            """
            select record_id, -functional_minor from canonical.invoice_current
            where record_id = (select settles from canonical.payment_current where record_id like '%in-advance-1')
            """,
        )
        opened = "select month, open_functional_minor from recon.open_item where item_id = %s order by 1"
        assert rows(books, opened, invoice) == [("2025-05", whole)]


def pay_a_bill_in_euros(home: Path) -> None:
    """Have the first bill that was paid be paid from the account in euros."""
    log = pl.read_parquet(xero(home, "payment"))
    first = pl.col("id") == log["id"][0]
    changed = pl.when(first).then(pl.lit(in_euros(log["json"][0]))).otherwise("json").alias("json")
    log.with_columns(changed).write_parquet(xero(home, "payment"))


def test_without_reference_rates_what_is_foreign_is_held_the_rest_is_posted_and_all_comes_with_the_rates(
    shared: Shared, tmp_path: Path
) -> None:
    with company(OPTIONS, shared, tmp_path, alter=pay_a_bill_in_euros) as found, found.new_books() as books:
        for kind in ("camt053", "plaid", "stripe", "xero"):
            api.sync(books, kind)
        without = compute(books, found.keys)
        assert without.held > 1
        assert without.new_entries > 100
        ties = read.tie_outs(books)
        assert set(ties.filter(pl.col("subject") == "uk-current")["tied"]) == {True}
        assert False in ties.filter(pl.col("subject") == "uk-euro")["tied"], "a break says that something is missing"
        sync_all(books)
        assert compute(books, found.keys).held == 0
        assert untied(books) == []


def test_what_is_recorded_as_paid_twice_is_owed_back_until_it_is_returned(database: Database, tmp_path: Path) -> None:
    july, euros = JUNE.next, {"currency": "EUR", "account": "euro", "side": "customer"}
    with told(database, tmp_path) as books:
        ends = {day(29): "1.1200", day(30, JUNE): "1.0900", day(31, july): "1.1100"}
        for on, rate in {
            day(1): "1.1000",
            day(12): "1.1000",
            day(4, JUNE): "1.1300",
            day(5, july): "1.0800",
            **ends,
        }.items():
            books.rate(on, rate)
        books.document("INV-1", "500.00", day(2), "Acme")
        books.line("paid", "500.00", day(10), "INVOICE INV-1 ACME")
        books.document("INV-2", "300.00", day(3), "Beta", currency="EUR", functional="331.00")
        second = {"settles": "us/told/invoice/INV-2"} | euros
        books.movement("euros", "recorded_receipt", "300.00", day(12), settled_minor=300_00, **second)
        books.months(MAY, JUNE)
        first = {"settles": "us/told/invoice/INV-1", "account": "main", "side": "customer"}
        books.movement("again", "recorded_receipt", "500.00", day(3, JUNE), settled_minor=500_00, **first)
        books.movement("euros again", "recorded_receipt", "120.00", day(4, JUNE), settled_minor=120_00, **second)
        books.movement("and again", "recorded_receipt", "60.00", day(5, july), settled_minor=60_00, **second)
        books.movement("back", "recorded_payment", "-500.00", day(6, july), settled_minor=-500_00, **first)
        books.months(MAY, JUNE, july)
        assert [tie for tie in books.untied() if "closing balance" not in tie[2]] == []
        owed = {"invoice/INV-1": "-500.00", "invoice/INV-2": "-120.00"}
        assert {name: open for name, open in books.open_items(JUNE).items() if name in owed} == owed
        left = books.open_items(july)
        assert "invoice/INV-1" not in left
        assert left["invoice/INV-2"] == "-180.00"
