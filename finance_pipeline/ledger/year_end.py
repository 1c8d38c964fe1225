"""Year end: profit and loss of a fiscal year roll into retained earnings on the first day of the next. Pure.

The roll belongs to the new year, so that the last month closes with the year's profit and loss on its accounts, as it
was signed, and nothing that was signed moves by it; the new year opens without any. Reports count it to the opening
balances of that day's month (accounting.md 8).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.entries import Postings, assembled, leg, nothing

SOURCE = "year_end"
PURPOSE = "retained_earnings"
PROFIT_AND_LOSS = pl.Schema(
    {"code": pl.String(), "currency": pl.String(), "amount_minor": pl.Int64(), "functional_minor": pl.Int64()}
)
"""One row per income or expense account and currency: its balance at the end of a fiscal year, + debit."""


def opens_fiscal_year(book: Book, month: Month) -> bool:
    """Whether a fiscal year of the book begins with this month."""
    return month.number == book.fiscal_year_starts_month


def year_of(book: Book, month: Month) -> int:
    """The fiscal year of a month, named after the calendar year in which it ends."""
    return month.year + (book.fiscal_year_starts_month > 1 and month.number >= book.fiscal_year_starts_month)


def rolled(book: Book, month: Month, balances: pl.DataFrame, signature_id: str, signed: str) -> Postings:
    """One entry a currency that empties every income and expense account into retained earnings on the first day of
    `month`, the first of a fiscal year.

    balances: PROFIT_AND_LOSS at the end of the month before. signature_id, signed: its sign-off and what that saw, the
    evidence.
    """
    due = balances.filter((pl.col("amount_minor") != 0) | (pl.col("functional_minor") != 0))
    if due.is_empty():
        return nothing()
    year = year_of(book, month.previous)
    day: date = month.first_day
    heads = due.group_by("currency").agg(pl.col("amount_minor").sum()).sort("currency")
    heads = heads.with_columns(
        book=pl.lit(book.id),
        source=pl.lit(SOURCE),
        source_id=pl.format(f"{book.id}/{year}/{{}}", "currency"),
        purpose=pl.lit(PURPOSE),
        effective_on=pl.lit(day),
        accounting_on=pl.lit(day),
        description=pl.lit(f"Profit and loss of {year} to retained earnings"),
        evidence_id=pl.lit(signature_id),
        evidence_hash=pl.lit(signed),
        match_id=pl.lit(None, pl.String),
        rule=pl.lit("year_end_to_retained_earnings"),
        key="currency",
    )
    lines = due.sort("currency", "code").select(
        key="currency",
        order=pl.int_range(pl.len(), dtype=pl.Int32).over("currency"),
        code="code",
        amount_minor=-pl.col("amount_minor"),
        functional_minor=-pl.col("functional_minor"),
    )
    total = due.group_by(key="currency").agg(pl.col("amount_minor", "functional_minor").sum())
    earned = heads.select("key").join(total, on="key", maintain_order="left")
    retained = pl.lit(role_code(book, "retained_earnings"))
    return assembled(
        book, heads, [lines, leg(earned, due.height, retained, pl.col("amount_minor"), pl.col("functional_minor"))]
    )
