"""What was approved of what people submitted, as the journal reads it. Not here: submitting and approving."""

from __future__ import annotations

from typing import LiteralString

import polars as pl
from psycopg import sql

from finance_pipeline.core.identity import digest
from finance_pipeline.core.period import Month
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.schemas import JOURNAL_LINES
from finance_pipeline.store.copy import copy_out


def approved_lines(conn: Connection, book: str, month: Month) -> pl.DataFrame:
    """Lines of approved journals that post or take themselves back in a month (JOURNAL_LINES)."""
    return stored_lines(
        conn,
        """
        submission_id in (
            select submission_id from ledger.approved_submission where kind = 'journals' and book = %(book)s
        ) and (effective_on between %(first)s and %(last)s or reverses_on between %(first)s and %(last)s)
        """,
        {"book": book, "first": month.first_day, "last": month.last_day},
    )


def approved_digest(conn: Connection, book: str, month: Month) -> str:
    """Digest of which approved journals concern a month."""
    return digest(*approved_lines(conn, book, month)["submission_id"].unique().sort())


def stored_lines(conn: Connection, where: LiteralString, parameters: dict[str, object]) -> pl.DataFrame:
    """Submitted lines that a condition of ours picks (JOURNAL_LINES), in the order of their files."""
    statement = sql.SQL("select {} from ledger.submitted_line where {} order by submission_id, ordinal").format(
        sql.SQL(", ").join(map(sql.Identifier, JOURNAL_LINES.names)), sql.SQL(where)
    )
    return copy_out(conn, statement, parameters, JOURNAL_LINES.schema)
