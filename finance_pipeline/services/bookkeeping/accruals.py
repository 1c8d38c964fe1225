"""Accrue: bills that nobody approved yet at a month's end, and what of the month before is taken back.

Here: what the rule reads. Not here: the rule (finance_pipeline.ledger.posting.accruals).
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import digest
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.posting import Postings, together
from finance_pipeline.ledger.posting.accruals import accruals, taken_back
from finance_pipeline.ledger.revaluation import is_over
from finance_pipeline.ledger.schemas import ENTRIES
from finance_pipeline.services import records
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query


def accrued(conn: Connection, book: Book, month: Month) -> Postings:
    """Accruals of a month that is over, and the reversals of those that stand for the month before."""
    back = taken_back(month, _standing(conn, book, month.previous))
    reversals = Postings(back, accruals(book, month, schemas.INVOICES.empty()).held)
    if not is_over(book, month, datetime.now(UTC)):
        return reversals
    return together([accruals(book, month, _bills(conn, book, month)), reversals])


def inputs_digest(conn: Connection, book: Book, month: Month) -> str:
    """Digest of what a month's accruals and their reversals rest on."""
    bills = _bills(conn, book, month).select("record_id", "content_hash")
    back = _standing(conn, book, month.previous).select("source_id", "evidence_hash")
    return digest(bills.write_csv(), back.write_csv(), is_over(book, month, datetime.now(UTC)))


def _bills(conn: Connection, book: Book, month: Month) -> pl.DataFrame:
    """Bills of this and earlier months of the book that nobody approved (schemas.INVOICES)."""
    ids = conn.execute(
        """
        select record_id from canonical.invoice_current
        where book = %s and month between %s and %s and kind = 'bill' and status = 'draft' and not removed
            and issued_on >= %s
        """,
        (book.id, str(book.first_month), str(month), book.starts_on),
    ).fetchall()
    return records.current(conn, schemas.INVOICES, book.id, "", "", [row[0] for row in ids])


def _standing(conn: Connection, book: Book, month: Month) -> pl.DataFrame:
    """What stands accrued at a month's end (ENTRIES)."""
    return copy_out(conn, query("ledger_accrued"), {"book": book.id, "last_day": month.last_day}, ENTRIES.schema)
