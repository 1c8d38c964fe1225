"""What rolls into retained earnings at a year end: for the journal, and for the close that asks whether it stands."""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger import year_end
from finance_pipeline.ledger.posting.entries import Postings, nothing
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query


def ends_fiscal_year(book: Book, month: Month) -> bool:
    return year_end.opens_fiscal_year(book, month.next)


def opening_roll(conn: Connection, book: Book, month: Month) -> Postings:
    """What should stand on a month's first day: the roll of the fiscal year before, once its last month was locked.

    Nothing for a month in the middle of a year, or while the year before was never locked. A year that is reopened and
    comes out otherwise rolls otherwise: the journal then takes the roll back and posts it anew.
    """
    if not year_end.opens_fiscal_year(book, month) or month <= book.first_month:
        return nothing()
    row = conn.execute(
        """
        select signed.signature_id, signed.seen_digest
        from ledger.period
        join close.standing_signature as signed
            on signed.book = period.book and close.first_day(signed.month) = period.month
        where period.book = %s and period.month = %s and period.state = 'locked'
        """,
        (book.id, month.previous.first_day),
    ).fetchone()
    if row is None:
        return nothing()
    return year_end.rolled(book, month, _profit_and_loss(conn, book, month.previous), *row)


def is_rolled(conn: Connection, book: Book, month: Month) -> bool:
    """Whether what a fiscal year that ends with this month left on profit and loss is in retained earnings."""
    row = conn.execute(query("close_not_rolled"), _parameters(book, month)).fetchone()
    return bool(row and not row[0])


def _profit_and_loss(conn: Connection, book: Book, month: Month) -> pl.DataFrame:
    return copy_out(conn, query("close_profit_and_loss"), _parameters(book, month), year_end.PROFIT_AND_LOSS)


def _parameters(book: Book, month: Month) -> dict[str, object]:
    return {"book": book.id, "month": str(month), "first_day": month.first_day, "next_day": month.next.first_day}
