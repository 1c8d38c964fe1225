"""The cash position: what the ledger says of each account, beside what the bank or processor itself stated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl
import psycopg

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.reports import Asked
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

Connection = psycopg.Connection[tuple[Any, ...]]
POSITION = pl.Schema(
    {
        "account": pl.String(),
        "kind": pl.String(),
        "currency": pl.String(),
        "balance_minor": pl.Int64(),
        "functional_minor": pl.Int64(),
        "balance_on": pl.Date(),
        "stated_minor": pl.Int64(),
        "stated_on": pl.Date(),
        "stated_by": pl.String(),
        "oldest_source": pl.String(),
        "read_at": pl.Datetime("us", "UTC"),
        "tied": pl.Boolean(),
    }
)
_NOW: Mapping[str, object] = {"known_at": "infinity", "position": 2**63 - 1, "by_effective": True}
"""All that is known, by effective date."""


def cash_position(conn: Connection, book: Book, month: Month, today: date) -> pl.DataFrame:
    """One row per bank account, processor balance and transit account of a book (POSITION), by all that is known.

    Balances are by effective date at the month's end, or today in the current month; minor units of the account.
    """
    return _position(conn, book, min(month.last_day, max(today, month.first_day)), _NOW)


def cash_as_of(conn: Connection, book: Book, asked: Asked) -> pl.DataFrame:
    """The same (POSITION) at the end of any day, by the date and as known at the moment asked for."""
    return _position(conn, book, asked.as_of, asked.parameters)


def _position(conn: Connection, book: Book, on_day: date, known: Mapping[str, object]) -> pl.DataFrame:
    """`tied` says whether the ledger had the balance that the bank or processor stated, on the day it stated it. The
    freshness of a figure is the age of the connection read least recently among those that it rests on.
    """
    feeds = [(a.id, a.feed) for a in book.accounts if a.feed]
    return copy_out(
        conn,
        query("cash_by_account"),
        {
            **known,
            "book": book.id,
            "on_day": on_day,
            "bank_accounts": [a.id for a in book.bank_accounts],
            "bank_codes": [a.gl_account for a in book.bank_accounts],
            "bank_currencies": [a.currency for a in book.bank_accounts],
            "processor_accounts": [a.id for a in book.processor_accounts],
            "processor_currencies": [a.currency for a in book.processor_accounts],
            "clearing": role_code(book, "processor_clearing"),
            "payouts_in_transit": role_code(book, "payouts_in_transit"),
            "fed_accounts": [account for account, _ in feeds],
            "feeds": [feed for _, feed in feeds],
        },
        POSITION,
    )
