"""The matches of a month as the ledger wants them: one row per allocation, with what both sides are carried at."""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.rates import functional
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_ALLOCATED = pl.Schema(
    {
        "match_id": pl.String,
        "match_version": pl.Int32,
        "book": pl.String,
        "month": pl.String,
        "tier": pl.Int16,
        "rule": pl.String,
        "matched_on": pl.Date,
        "ordinal": pl.Int32,
        "line_id": pl.String,
        "line_kind": pl.String,
        "line_account": pl.String,
        "line_on": pl.Date,
        "line_currency": pl.String,
        "line_amount_minor": pl.Int64,
        "amount_minor": pl.Int64,
        "role": pl.String,
        "item_id": pl.String,
        "item_kind": pl.String,
        "item_currency": pl.String,
        "item_amount_minor": pl.Int64,
        "item_functional_minor": pl.Int64,
        "other_line_id": pl.String,
        "other_line_on": pl.Date,
        "evidence_hash": pl.String,
    }
)


def settlements(conn: Connection, book: Book, month: Month, rates: pl.DataFrame) -> pl.DataFrame:
    """One row per allocation of the matches of a book-month that stand, with line_functional_minor.

    A line is carried at the rate of its own day, whatever day it is matched on.
    """
    found = copy_out(conn, query("month_settlements"), {"book": book.id, "month": str(month)}, _ALLOCATED)
    return functional(
        found,
        rates,
        book.currency,
        amount="line_amount_minor",
        currency="line_currency",
        on="line_on",
        into="line_functional_minor",
    )
