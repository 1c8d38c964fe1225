"""The matches of a month as the ledger wants them: one row per allocation, with what both sides are carried at."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.rates import functional
from finance_pipeline.ledger.schemas import SETTLEMENTS
from finance_pipeline.services import records
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_COMPUTED = "line_functional_minor"
_ALLOCATED = pl.Schema((column.name, column.dtype) for column in SETTLEMENTS.columns if column.name != _COMPUTED)


def settlements(
    conn: Connection, book: Book, month: Month, rates: pl.DataFrame, at: datetime | str = records.NOW
) -> pl.DataFrame:
    """One row per allocation of the matches that stand, or stood at a moment, and post to a book-month (SETTLEMENTS).

    A line is carried at the rate of its own day, whatever day it is matched on.
    """
    first_day = records.first_day(book, month)
    parameters = {"book": book.id, "month": str(month), "first_day": first_day, "last_day": month.last_day, "at": at}
    found = copy_out(conn, query("month_settlements"), parameters, _ALLOCATED)
    return functional(
        found,
        rates,
        book,
        amount="line_amount_minor",
        currency="line_currency",
        on="line_on",
        into=_COMPUTED,
    )
