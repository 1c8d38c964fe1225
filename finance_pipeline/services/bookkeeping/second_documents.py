"""Suppliers' second documents of one number: they count once two people said so, and not before (accounting rule 27).

Here: which do not count. Not here: what people decide about them (services.closing.documents).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from finance_pipeline.landing.manifest import Connection
from finance_pipeline.store.copy import copy_out

_IDS = pl.Schema({"record_id": pl.String})


def held(conn: Connection, book: str) -> list[str]:
    """Documents of a book that wait for a second person, or were refused."""
    rows = conn.execute("select record_id from close.second_documents(%s) where is_held order by 1", (book,)).fetchall()
    return [row[0] for row in rows]


def refused_by(conn: Connection, book: str, moment: datetime) -> list[str]:
    """Documents of a book that were refused at a moment: of those of a month signed then, none waited."""
    found = copy_out(
        conn,
        """
        select record_id
        from (
            select distinct on (record_id) record_id, verdict
            from close.document_decision
            where book = %(book)s and recorded_at <= %(moment)s
            order by record_id, decision_seq desc
        ) as last_word
        where verdict = 'refused'
        """,
        {"book": book, "moment": moment},
        _IDS,
    )
    return found["record_id"].to_list()
