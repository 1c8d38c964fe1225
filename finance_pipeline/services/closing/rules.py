"""What a book is computed with, against what it was at an earlier sign-off: mapping, rules, tolerances, rates.

Approving a change of them is finance_pipeline.services.approved_settings; here is only whether it was.
"""

from __future__ import annotations

from finance_pipeline.close.facts import Rules
from finance_pipeline.core.identity import content_hash
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services.approved_settings import guarded
from finance_pipeline.store.sql import query


def settings_digest(book: Book) -> str:
    """Digest of the settings that take two people."""
    return content_hash(guarded(book).encode())


def rules_of(conn: Connection, book: Book, month: Month) -> Rules:
    """Whether they changed since the last sign-off of an earlier month, and who approved what is in force."""
    row = conn.execute(query("close_rules"), {"book": book.id, "month": str(month)}).fetchone()
    since, signed, approved_by = row or (None, None, None)
    return Rules(
        Month.parse(since) if since else None, signed is not None and signed != settings_digest(book), approved_by
    )
