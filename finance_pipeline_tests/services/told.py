"""Books of records that are told directly, without a source: what happened in the language of accountants, in, and
what the database, the ledger and the tie-outs say of it, out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import digest
from finance_pipeline.core.money import format_money, to_minor
from finance_pipeline.core.period import BookMonth, Month
from finance_pipeline.core.settings import BankAccount, Book, Settings
from finance_pipeline.core.tables import Table
from finance_pipeline.services import api, read
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_in
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.pipeline import rows

US = Book(
    id="us",
    name="A book in dollars",
    currency="USD",
    starts_on=date(2026, 5, 1),
    bank_accounts=(
        BankAccount(id="main", name="Main", currency="USD", gl_account="1010"),
        BankAccount(id="euro", name="Euro account", currency="EUR", gl_account="1030"),
    ),
    chart={"200": "4000", "400": "5000"},
)
MAY, JUNE = Month(2026, 5), Month(2026, 6)


def day(number: int, month: Month = MAY) -> date:
    return month.first_day.replace(day=number)


@dataclass
class Told:
    """One book, and what was told of it."""

    workspace: Workspace
    versions: dict[str, int] = field(default_factory=dict)
    book: str = "us"

    def line(self, name: str, amount: str, on: date, memo: str = "", account: str = "main", **more: Any) -> str:
        """A booked bank line; + is money in."""
        currency = {"main": "USD", "euro": "EUR"}[account]
        row = {
            "bank_account": account, "currency": currency, "amount_minor": to_minor(amount, currency), "booked_on": on,
            "status": "booked", "detail_count": 1, "memo": memo or None,
        }  # fmt: skip
        return self._add(schemas.BANK_TRANSACTIONS, name, on, row | more)

    def document(
        self, name: str, total: str, on: date, party: str, *, tax: str = "0", currency: str = "USD",
        functional: str | None = None, **more: Any,
    ) -> str:  # fmt: skip
        """An invoice, or a bill where it is owed by us; its number is its name. functional: in dollars."""
        minor, tax_minor = to_minor(total, currency), to_minor(tax, currency)
        carried = to_minor(functional, "USD") if functional else minor
        row = {
            "kind": "invoice" if minor > 0 else "bill", "number": name, "references": [], "party_id": f"us/{party}",
            "party_name": party, "currency": currency, "total_minor": minor, "tax_minor": tax_minor,
            "functional_minor": carried, "line_accounts": ["200" if minor > 0 else "400"],
            "line_nets_minor": [minor - tax_minor], "issued_on": on, "due_on": on, "status": "authorised",
        }  # fmt: skip
        return self._add(schemas.INVOICES, name, on, row | more)

    def movement(
        self, name: str, kind: str, amount: str, on: date, *, fee: str = "0", names: tuple[str, ...] = (), **more: Any
    ) -> str:
        """A movement of the card processor's balance in dollars; + raises it. names: documents that it names."""
        gross, kept = to_minor(amount, "USD"), to_minor(fee, "USD")
        row = {
            "kind": kind, "account": "card", "currency": "USD", "amount_minor": gross, "fee_minor": kept,
            "net_minor": gross - kept, "occurred_on": on, "references": list(names), "status": "done",
        }  # fmt: skip
        return self._add(schemas.PAYMENTS, name, on, row | more)

    def allocation(self, name: str, amount: str, on: date, *, of: str, to: str, **more: Any) -> str:
        """A part of a credit (`table/name`) that was applied to a document in dollars: + to an invoice."""
        minor = to_minor(amount, "USD")
        row = {
            "kind": "allocation", "currency": "USD", "amount_minor": minor, "fee_minor": 0, "net_minor": 0,
            "occurred_on": on, "references": [], "status": "done", "settled_minor": minor,
            "settles": f"{self.book}/told/invoice/{to}", "credit": f"{self.book}/told/{of}",
        }  # fmt: skip
        return self._add(schemas.PAYMENTS, name, on, row | more)

    def moved(self, until: date, *names: str) -> dict[str, str]:
        """What entries about these records (`table/name`) left on each account in dollars until a day, zeros apart."""
        ids = [f"{self.book}/told/{name}" for name in names]
        found = rows(
            self.workspace,
            "select code, sum(functional_minor)::bigint from ledger.posting where book = %s and evidence_id = any(%s)"
            " and accounting_on <= %s group by 1 order by 1",
            *(self.book, ids, until),
        )
        return {code: format_money(minor, "USD") for code, minor in found if minor}

    def payer(self, name: str, on: date) -> str:
        """A customer as the card processor knows it."""
        row = {"name": name, "account_numbers": [], "source": "stripe"}
        return self._add(schemas.PARTIES, name, on, row)

    def balance(self, account: str, amount: str, on: date, kind: str = "closing") -> str:
        """What the bank or the processor states."""
        currency = {"main": "USD", "euro": "EUR", "card": "USD"}[account]
        row = {
            "account": account, "currency": currency, "kind": kind, "balance_minor": to_minor(amount, currency),
            "balance_on": on, "statement_id": f"{account} {on}",
        }  # fmt: skip
        return self._add(schemas.BALANCES, f"{kind} of {account} {on}", on, row)

    def rate(self, on: date, per_euro: str) -> None:
        rate = {"rate_on": on, "currency": "USD", "per_eur": Decimal(per_euro), "source": "ecb", "content_hash": "r"}
        with self.workspace.database.transaction() as conn:
            copy_in(conn, "canonical.fx_rate", schemas.FX_RATES.frame([rate]))

    def _add(self, table: Table, name: str, on: date, row: dict[str, Any]) -> str:
        record_id = f"{self.book}/told/{table.name}/{name}"
        self.versions[record_id] = self.versions.get(record_id, 0) + 1
        known = {
            "record_id": record_id, "book": self.book, "month": str(Month.of(on)), "removed": False, "source": "xero",
            "content_hash": digest(name, row),
        }  # fmt: skip
        with self.workspace.database.transaction() as conn:
            frame = table.frame([known | row]).with_columns(version=pl.lit(self.versions[record_id]))
            copy_in(conn, f"canonical.{table.name}", frame)
        return record_id

    def months(self, *wanted: Month) -> None:
        """Everything from records to tie-outs."""
        keys = [BookMonth(self.book, month) for month in wanted]
        api.reconcile(self.workspace, keys)
        api.post(self.workspace, keys, "run")
        api.tie_out(self.workspace, keys)

    def balances(self, until: date, by: str = "accounting_on") -> dict[str, str]:
        """What is left on each account in dollars, by accounting or effective date; zeros left out."""
        statement: Any = f"""
            select code, sum(functional_minor)::bigint from ledger.posting
            where book = %s and {by} <= %s group by 1 order by 1
        """  # noqa: S608
        found = rows(self.workspace, statement, self.book, until)
        return {code: format_money(minor, "USD") for code, minor in found if minor}

    def open_items(self, month: Month) -> dict[str, str]:
        """What is open of each item at a month's end."""
        found = rows(
            self.workspace,
            "select item_id, open_minor, currency from recon.open_item where month = %s order by 1",
            str(month),
        )
        return {item.removeprefix("us/told/"): format_money(minor, currency) for item, minor, currency in found}

    def waiting(self, month: Month) -> dict[str, str]:
        """Lines that need a person at a month's end, with the reason."""
        found = rows(self.workspace, "select line_id, reason from recon.exception where month = %s", str(month))
        return {line.split("/")[-1]: reason for line, reason in found}

    def untied(self) -> list[tuple[str, str, str]]:
        pairs = read.tie_outs(self.workspace).filter(~pl.col("tied"))
        return pairs.select("name", "subject", "words").rows()


@contextmanager
def told(database: Database, folder: Path, book: Book = US) -> Iterator[Told]:
    """A book in a database of its own, of which nothing was told yet."""
    yield Told(Workspace(Settings(home=folder, books=(book,)), database))
