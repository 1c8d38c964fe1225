"""Nothing is lost on the way: what vendors answered, counted again by hand, stands landed, mapped and posted."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from finance_pipeline.sandbox.world import WorldOptions
from finance_pipeline.services import read
from finance_pipeline.services.bookkeeping.completeness import completeness
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.companies import Company, Shared, company
from finance_pipeline_tests.services.pipeline import compute, rows, sync_all
from finance_pipeline_tests.services.told import MAY, day, told

Totals = dict[str, tuple[int, int]]
"""Account or kind -> count, and sum in minor units."""


def answers(books: Workspace, source: str, path: str) -> list[dict[str, Any]]:
    """The raw pages that were landed of an endpoint, in the order in which they came, parsed exactly."""
    files = rows(
        books,
        """
        select distinct file.path
        from landing.file as file join landing.sync as sync using (sync_id)
        where file.holds = 'pages' and sync.source = %s
        """,
        source,
    )
    pages = (
        books.landing.read([file for (file,) in files])
        .filter(pl.col("endpoint").str.starts_with(path))
        .sort("fetched_at")
    )
    return [json.loads(raw, parse_float=Decimal) for raw in pages.collect()["raw"]]


def totals(records: list[tuple[str, Decimal]]) -> Totals:
    counts, sums = Counter(name for name, _ in records), defaultdict(Decimal)
    for name, amount in records:
        sums[name] += amount
    return {name: (count, int(sums[name].scaleb(2))) for name, count in counts.items()}


def known(books: Workspace, statement: Any) -> Totals:
    return {name: (count, int(amount)) for name, count, amount in rows(books, statement)}


def test_every_line_that_the_feed_shows_is_a_bank_line_pending_ones_too(settled: Workspace) -> None:
    living: dict[str, tuple[str, Decimal]] = {}
    for page in answers(settled, "plaid", "/transactions/sync"):
        for line in (*page["added"], *page["modified"]):
            living[line["transaction_id"]] = line["account_id"], -Decimal(line["amount"])
        for line in page["removed"]:
            living.pop(line["transaction_id"], None)
    ours = {a.external_id: a.id for b in settled.settings.books for a in b.bank_accounts if a.feed}
    shown = totals([(ours[account], amount) for account, amount in living.values()])
    assert len(shown) == 3
    assert shown == known(
        settled,
        """
        select bank_account, count(*), sum(amount_minor) from canonical.bank_transaction_current
        where source = 'plaid' and not removed group by 1
        """,
    )


def test_every_movement_of_the_processor_is_a_payment(settled: Workspace) -> None:
    movements = {
        record["id"]: (record["currency"], Decimal(record["net"]).scaleb(-2))
        for page in answers(settled, "stripe", "/v1/balance_transactions")
        for record in page["data"]
    }
    assert totals(list(movements.values())) == known(
        settled,
        """
        select lower(currency), count(*), sum(net_minor) from canonical.payment_current
        where source = 'stripe' and not removed group by 1
        """,
    )


def test_every_document_and_recorded_payment_of_the_accounting_system_is_there(
    settled: Workspace,
) -> None:
    documents = {
        each["InvoiceID"]: ({"ACCREC": "invoice", "ACCPAY": "bill"}[each["Type"]], Decimal(each["Total"]))
        for page in answers(settled, "xero", "/Invoices")
        for each in page["Invoices"]
    } | {
        each["CreditNoteID"]: (
            {"ACCRECCREDIT": "credit_note", "ACCPAYCREDIT": "supplier_credit"}[each["Type"]],
            Decimal(each["Total"]),
        )
        for page in answers(settled, "xero", "/CreditNotes")
        for each in page["CreditNotes"]
    }
    owed_by_us = ("bill", "credit_note")
    signed = [(kind, -total if kind in owed_by_us else total) for kind, total in documents.values()]
    assert totals(signed) == known(
        settled, "select kind, count(*), sum(total_minor) from canonical.invoice_current where not removed group by 1"
    )
    payments = {each["PaymentID"] for page in answers(settled, "xero", "/Payments") for each in page["Payments"]}
    received = {
        each["BankTransactionID"]
        for page in answers(settled, "xero", "/BankTransactions")
        for each in page["BankTransactions"]
    }
    credits = {
        each.get("CreditNoteID") or each.get("OverpaymentID") or each["PrepaymentID"]: each["Allocations"]
        for name in ("CreditNotes", "Overpayments", "Prepayments")
        for page in answers(settled, "xero", f"/{name}")
        for each in page[name]
    }
    allocated = sum(map(len, credits.values()))
    assert min(len(payments), len(received), allocated) > 0
    recorded = rows(
        settled,
        "select count(*) filter (where kind <> 'allocation'), count(*) filter (where kind = 'allocation')"
        " from canonical.payment_current where source = 'xero' and not removed",
    )
    assert recorded == [(len(payments | received), allocated)]


def test_every_entry_of_every_statement_is_landed_and_is_a_line_where_no_feed_brings_it(
    two_books: Company, settled: Workspace
) -> None:
    entries = []
    for file in sorted((two_books.server.home / "inbox").glob("*.xml")):
        tree = ElementTree.parse(file)
        for element in tree.iter():
            element.tag = element.tag.rpartition("}")[2]
        account = tree.findtext(".//Acct/Id/IBAN", "")
        for entry in tree.iter("Ntry"):
            sign = 1 if entry.findtext("CdtDbtInd") == "CRDT" else -1
            entries.append((account, sign * Decimal(entry.findtext("Amt", ""))))
    stated = totals(entries)
    landed = rows(
        settled,
        "select account, count(*) from landing.record where kind = 'entry' and not removed group by 1 order by 1",
    )
    assert landed == [(account, count) for account, (count, _) in sorted(stated.items())]
    unfed = next(a for b in settled.settings.books for a in b.bank_accounts if not a.feed)
    mapped = known(
        settled,
        """
        select bank_account, count(*), sum(amount_minor) from canonical.bank_transaction_current
        where source = 'camt053' and not removed group by 1
        """,
    )
    assert mapped == {unfed.id: stated[unfed.statement_ids[0]]}


def test_landed_is_mapped_plus_set_aside_record_by_record(settled: Workspace) -> None:
    """Every version in the manifest lies in a landed file, and every current record rests on a landed version."""
    unknown = rows(
        settled,
        """
        with mapped as (
            select record_id, content_hash from canonical.bank_transaction_current
            union all select record_id, content_hash from canonical.invoice_current
            union all select record_id, content_hash from canonical.payment_current
            union all select record_id, content_hash from canonical.party_current
        )
        select record_id from mapped
        where not exists (select from landing.record where record.content_hash = mapped.content_hash)
        """,
    )
    assert unknown == []
    counts = rows(
        settled,
        """
        select
            (select count(*) from landing.dead_letter),
            (select count(distinct (connection_id, source_id)) from landing.record
                where kind in (
                    'transaction', 'invoice', 'credit_note', 'payment', 'bank_transaction', 'balance_transaction',
                    'contact', 'customer'
                )),
            (select count(*) from canonical.bank_transaction_current where source = 'plaid')
                + (select count(*) from canonical.invoice_current) + (select count(*) from canonical.party_current)
                + (select count(*) from canonical.payment_current where kind not in ('dispute_lost', 'allocation'))
        """,
    )
    [(set_aside, landed, mapped)] = counts
    assert landed == mapped + set_aside
    assert landed > 500


@pytest.mark.parametrize(
    ("what", "source", "posted"),
    [
        (
            "booked bank lines",
            """
            select bank_account, count(*), sum(amount_minor) from canonical.bank_transaction_current
            where not removed and status = 'booked' group by 1
            """,
            """
            select line.bank_account, count(*), sum(posting.amount_minor)
            from canonical.bank_transaction_current as line
            join ledger.standing as entry on entry.source_id = line.record_id and entry.purpose = 'line'
            join ledger.posting as posting on posting.entry_id = entry.entry_id and posting.role = 'bank'
            group by 1
            """,
        ),
        (
            "movements on a processor's balance",
            """
            select account, count(*), sum(net_minor) from canonical.payment_current
            where not removed and source = 'stripe' group by 1
            """,
            """
            select payment.account, count(distinct payment.record_id), sum(posting.amount_minor)
            from canonical.payment_current as payment
            join ledger.standing as entry on entry.source_id = payment.record_id
            join ledger.posting as posting on posting.entry_id = entry.entry_id and posting.role = 'processor_clearing'
            where payment.source = 'stripe' group by 1
            """,
        ),
        (
            "authorised documents",
            """
            select kind, count(*), sum(functional_minor) from canonical.invoice_current
            where not removed and status = 'authorised' group by 1
            """,
            """
            select document.kind, count(*), sum(posting.functional_minor)
            from canonical.invoice_current as document
            join ledger.standing as entry on entry.source_id = document.record_id
            join ledger.posting as posting
                on posting.entry_id = entry.entry_id and posting.role in ('receivables', 'payables')
            group by 1
            """,
        ),
    ],
)
def test_what_is_mapped_is_posted_once_by_count_and_sum(
    settled: Workspace, what: str, source: str, posted: str
) -> None:
    assert known(settled, source) == known(settled, posted), what
    assert len(known(settled, source)) > 1


def test_a_line_that_cannot_be_mapped_is_set_aside_with_the_reason_and_the_rest_goes_on(
    shared: Shared, tmp_path: Path
) -> None:
    """A tenth of a penny is no amount: nothing is rounded, and the bank account says that something is missing."""

    def a_tenth_of_a_penny(home: Path) -> None:
        file = home / "sandbox" / "served" / "uk-plaid" / "transaction.parquet"
        log = pl.read_parquet(file).with_row_index("at")
        odd = re.sub(r'"amount":-?[0-9.]+', '"amount":10.001', log["json"][0])
        changed = pl.when(pl.col("at") == 0).then(pl.lit(odd)).otherwise("json").alias("json")
        log.with_columns(changed).drop("at").write_parquet(file)

    options = WorldOptions(seed=5, books=("uk",), first_month="2025-05", month_count=1, bank_lines=60)
    with company(options, shared, tmp_path, alter=a_tenth_of_a_penny) as found, found.new_books() as books:
        sync_all(books)
        compute(books, found.keys)
        [(connection, kind, source_id, reason)] = rows(
            books, "select connection_id, kind, source_id, reason from landing.dead_letter"
        )
        assert (connection, kind) == ("uk-plaid", "transaction")
        assert "amount" in reason
        known = {row[0] for row in rows(books, "select record_id from canonical.bank_transaction_current")}
        landed = {row[0] for row in rows(books, "select source_id from landing.record where kind = 'transaction'")}
        assert {f"uk/plaid/transaction/{each}" for each in landed - {source_id}} <= known
        assert f"uk/plaid/transaction/{source_id}" not in known
        assert read.connections(books).filter(pl.col("connection_id") == "uk-plaid")["dead_letters"].to_list() == [1]
        broken = read.tie_outs(books).filter(~pl.col("tied"))
        assert set(broken["name"]) == {"bank_account_equals_statement"}


def test_what_sources_said_is_passed_over_posted_or_held_in_count_and_sum(settled: Workspace) -> None:
    for book in ("uk", "de"):
        found = completeness(settled, book, "2025-05", "2025-06")
        assert (found.is_proven, found.unmapped_count, found.dead_letter_count) == (True, 0, 0), found.rows
        assert found.rows["posted_count"].sum() > 100
        lines = found.rows.filter(kind="bank line")
        assert (lines["record_minor"] - lines["passed_minor"] - lines["posted_minor"]).to_list() == [0] * lines.height


def test_what_waits_is_named_with_its_reason_and_what_is_posted_without_a_record_is_missing(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path) as book:
        book.document("INV-1", "500.00", day(2), "Acme Ltd")
        book.line("abroad", "10.00", day(3), account="euro")
        book.line("fee", "-12.00", day(9))
        book.months(MAY)
        found = completeness(book.workspace, "us", "2026-05", "2026-05")
        assert (found.is_proven, found.held["reason"].to_list()) == (True, ["no_rate"])
        held = found.rows.filter(pl.col("held_count") > 0)
        assert held.select("kind", "currency", "held_count", "held_minor").rows() == [("bank line", "EUR", 1, 1000)]
        book.line("fee", "-12.00", day(9), removed=True)
        found = completeness(book.workspace, "us", "2026-05", "2026-05")
        missing = found.rows.filter(pl.col("missing_count") != 0)
        assert (found.is_proven, missing["missing_count"].to_list(), missing["missing_minor"].to_list()) == (
            False, [-1], [1200],
        )  # fmt: skip
        book.months(MAY)
        assert completeness(book.workspace, "us", "2026-05", "2026-05").is_proven
