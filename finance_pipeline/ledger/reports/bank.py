"""The bank reconciliation: what the ledger has of each bank account against what its bank states, to zero."""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.reports.asked import Asked, Connection
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

BANK = pl.Schema(
    {"account": pl.String, "code": pl.String, "currency": pl.String}
    | dict.fromkeys(("by_accounting_minor", "by_effective_minor", "when_stated_minor", "stated_minor"), pl.Int64)
    | {"stated_on": pl.Date, "statement_id": pl.String}
)
BANK_ENTRIES = pl.Schema(
    {
        "code": pl.String(),
        "is_late": pl.Boolean(),
        "is_after_statement": pl.Boolean(),
        "number": pl.String(),
        "effective_on": pl.Date(),
        "accounting_on": pl.Date(),
        "recorded_at": pl.Datetime("us", "UTC"),
        "currency": pl.String(),
        "description": pl.String(),
        "happened": pl.Boolean(),
        "amount_minor": pl.Int64(),
    }
)


def bank_balances(conn: Connection, asked: Asked, book: Book) -> pl.DataFrame:
    """One row per bank account (BANK), in its currency; when_stated_minor and what is stated are null without a
    statement."""
    parameters = asked.parameters | {
        "bank_accounts": [account.id for account in book.bank_accounts],
        "bank_codes": [account.gl_account for account in book.bank_accounts],
        "bank_currencies": [account.currency for account in book.bank_accounts],
    }
    return copy_out(conn, query("report_bank"), parameters, BANK)


def bank_entries(conn: Connection, asked: Asked, balances: pl.DataFrame) -> pl.DataFrame:
    """One row per entry on a bank account (BANK_ENTRIES) which its two dates put on two sides of the day
    (is_late), or that happened since the last statement (is_after_statement). balances: BANK."""
    parameters = asked.parameters | {
        "codes": balances["code"].to_list(),
        "stated_on": balances["stated_on"].to_list(),
    }
    return copy_out(conn, query("report_bank_entries"), parameters, BANK_ENTRIES)
