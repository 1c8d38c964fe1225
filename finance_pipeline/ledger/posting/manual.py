"""Journals that people brought from files and another person approved: payroll, depreciation, accruals.

One entry a journal and currency; an accrual takes itself back on the day that it names. Which accounts a journal may
touch is decided when it is submitted (services.bookkeeping.journals).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.posting.entries import Postings, assembled, nothing, together

MANUAL = "manual"
"""Source of the entries of journals that people brought."""


def manual_journals(book: Book, lines: pl.DataFrame) -> Postings:
    """The approved journals (schemas.JOURNAL_LINES) as entries, and their reversals on the days that they name."""
    if lines.is_empty():
        return nothing()
    keyed = lines.with_columns(
        key=pl.format(f"{book.id}/{{}}/{{}}/{{}}", pl.col("submission_id").str.head(12), "journal", "currency")
    ).sort("key", "ordinal")
    back = keyed.filter(pl.col("reverses_on").is_not_null()).with_columns(
        effective_on="reverses_on",
        amount_minor=-pl.col("amount_minor"),
        functional_minor=-pl.col("functional_minor"),
        description=pl.format("{}, taken back", "description"),
    )
    return together([_entries(book, keyed, "journal"), _entries(book, back, "reversal")])


def _entries(book: Book, lines: pl.DataFrame, purpose: str) -> Postings:
    heads = lines.unique("key", keep="first", maintain_order=True).with_columns(
        book=pl.lit(book.id),
        source=pl.lit(MANUAL),
        source_id="key",
        purpose=pl.lit(purpose),
        accounting_on="effective_on",
        description=pl.format("Journal {}: {}", "journal", "description"),
        evidence_id=pl.format(f"{book.id}/journals/{{}}/{{}}", pl.col("submission_id").str.head(12), "journal"),
        match_id=pl.lit(None, pl.String),
        rule=pl.lit("manual_journal" if purpose == "journal" else "accrual_reversal"),
    )
    legs = lines.select("key", "code", "amount_minor", "functional_minor", order=pl.col("ordinal").cast(pl.Int32))
    return assembled(book, heads, [legs.select("key", "order", "code", "amount_minor", "functional_minor")])
