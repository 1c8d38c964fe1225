"""Intercompany: what books of one group owe each other, as both say it.

Here: comparing. Not here: what a bank line between two books is coded to
(services.reconciliation.policies, from the settings).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

OWED = pl.Schema(
    {
        "book": pl.String,
        "other": pl.String,
        "currency": pl.String,
        "book_minor": pl.Int64,
        "other_minor": pl.Int64,
        "difference_minor": pl.Int64,
    }
)


def owed(workspace: Workspace, month_text: str) -> pl.DataFrame:
    """One row per pair of books and currency (OWED): what each says that the other owes it (+) or is owed (-), and what
    does not cancel out: money under way at the month's end, or an entry that one of them lacks.
    """
    month = Month.parse(month_text)
    pairs = [(b.id, other.book, other.gl_account) for b in workspace.settings.books for other in b.intercompany]
    parameters = {
        "books": [book for book, _, _ in pairs],
        "others": [other for _, other, _ in pairs],
        "codes": [code for _, _, code in pairs],
        "first_day": month.first_day,
    }
    with workspace.database.transaction(role="reader") as conn:
        return copy_out(conn, query("intercompany"), parameters, OWED)
