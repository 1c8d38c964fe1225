"""Journals that were submitted and not refused, whoever brought them: so that none is brought twice.

Here: what is known, and when two say the same. Not here: reading a file (journals) or asking Xero (xero_journals).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.landing.manifest import Connection
from finance_pipeline.store.copy import copy_out

XERO = "xero/"
"""How the number of a journal begins that came from Xero: this, its id there, and a count."""
KNOWN = pl.Schema(
    {
        "submission_id": pl.String,
        "journal": pl.String,
        "effective_on": pl.Date,
        "code": pl.String,
        "amount_minor": pl.Int64,
        "is_approved": pl.Boolean,
    }
)


def known_lines(conn: Connection, book: str) -> pl.DataFrame:
    """One row per line of a journal of a book that was submitted and not refused: KNOWN, and origin: of one from Xero
    its number without the count, null of others."""
    lines = copy_out(
        conn,
        """
        select submission_id, journal, effective_on, code, amount_minor, exists (
                select from ledger.approved_submission as stands
                where stands.submission_id = submission.submission_id
            ) as is_approved
        from ledger.submission
        join ledger.submitted_line using (submission_id)
        where submission.kind = 'journals' and submission.book = %(book)s and not exists (
            select from ledger.verdict
            where verdict.submission_id = submission.submission_id and verdict.verdict = 'refuse'
        )
        order by submission_id, ordinal
        """,
        {"book": book},
        KNOWN,
    )
    of_xero = pl.col("journal").str.starts_with(XERO)
    return lines.with_columns(origin=pl.when(of_xero).then(pl.col("journal").str.replace(r"/\d+$", "")))


def contents(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per journal: journal, and content, which is the same for journals of the same days, accounts and amounts.

    A journal that comes to nothing has no content.
    """
    left = lines.group_by("journal", "effective_on", "code").agg(pl.col("amount_minor").sum())
    return (
        left.filter(pl.col("amount_minor") != 0)
        .sort("journal", "effective_on", "code")
        .group_by("journal", maintain_order=True)
        .agg(content=pl.format("{} {} {}", "effective_on", "code", "amount_minor"))
        .with_columns(pl.col("content").list.join("; "))
    )
