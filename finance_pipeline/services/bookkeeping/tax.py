"""Tax of a month: what its authorised documents state, beside an estimate by the book's table of rates."""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.ledger.tax import estimated_tax
from finance_pipeline.services import records
from finance_pipeline.services.workspace import Workspace


def tax_estimates(workspace: Workspace, book_id: str, month_text: str) -> pl.DataFrame:
    """One row per authorised document that was issued in a month (ledger.tax.TAX_ESTIMATES).

    Raises BadInput where the book has no table of rates: nothing is guessed.
    """
    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    if not book.ledger.tax_rates:
        raise BadInput(
            f"book {book_id} has no table of tax rates, so nothing can be estimated.",
            todo="Add `tax_rates: [{account: '200', percent: '20', since: 2026-01-01}]` to its `ledger:`.",
        )
    with workspace.database.transaction(role="reader") as conn:
        known = records.current(conn, schemas.INVOICES, book_id, str(month), str(month))
    counted = ~pl.col("removed") & (pl.col("status") == "authorised")
    return estimated_tax(book, known.filter(counted))
