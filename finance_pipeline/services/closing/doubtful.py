"""Matches of an open month that stand, and would not be found any more: what was learnt since made them one of two.

Nothing is written: what stands stays until a person undoes it (accounting rule 28). Of a closed month `close diff` says
the same, against what was signed (services.closed_months.differences).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services.closed_months.differences import DOUBTFUL, difference_report
from finance_pipeline.services.closed_months.from_nothing import matched_from_nothing
from finance_pipeline.services.closed_months.held import held_months
from finance_pipeline.services.reconciliation import openings
from finance_pipeline.services.reconciliation.policies import policy_of
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out


def doubtful(workspace: Workspace, book_id: str, month_text: str) -> pl.DataFrame:
    """One row per match of a month that stands and nobody would find any more (differences.DOUBTFUL)."""
    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    with workspace.database.transaction(role="reader") as conn:
        if month not in held_months(conn, book):
            return doubtful_of(conn, book, month)
    return difference_report(workspace, book_id, month_text).doubtful


def doubtful_of(conn: Connection, book: Book, month: Month) -> pl.DataFrame:
    """The same of an open month, matched again as if nothing of it stood."""
    policy = policy_of(book)
    stand = openings.standing(conn, book.id, month, policy).here.select("match_id").unique()
    if stand.is_empty():
        return pl.DataFrame(schema=DOUBTFUL)
    found = matched_from_nothing(conn, book, policy, [month], {})
    gone = stand.join(found.allocations, on="match_id", how="anti")
    return copy_out(
        conn,
        "select book, month, match_id, words from recon.standing"
        " where book = %(book)s and month = %(month)s and match_id = any(%(matches)s) order by match_id",
        {"book": book.id, "month": str(month), "matches": gone["match_id"].to_list()},
        DOUBTFUL,
    )
