"""Whether a month is what it would be again: a digest of what it was folded from is kept with what it came to."""

from __future__ import annotations

from finance_pipeline.core.identity import digest
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger import chart
from finance_pipeline.matching import engine
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services import marks, records
from finance_pipeline.services.bookkeeping import opened_books
from finance_pipeline.services.reconciliation import openings


def inputs_of(conn: Connection, book: Book, policy: Policy, month: Month) -> str:
    """Digest of what an open month is folded from: the month before, its own records, matches, decisions, policy."""
    first, last = records.first_and_last(book, month)
    before = None if month <= book.first_month else state_of(conn, book.id, month.previous)
    return digest(
        marks.canonical_digest(conn, book.id, first, last),
        marks.rates_digest(conn, month),
        before[1] if before else "",
        engine.ENGINE_VERSION,
        policy.digest,
        openings.decided_digest(conn, book.id, month),
        *openings.own_accounts(book),
        *chart.policy_of_days(book),
        opened_books.signed(conn, book.id),
    )


def state_of(conn: Connection, book: str, month: Month) -> tuple[str, str, str] | None:
    """Digests of what a month was folded from and of what it closed with, and when; None before that."""
    row = conn.execute(
        "select input_digest, closing_digest, folded_at::text from recon.month where book = %s and month = %s",
        (book, str(month)),
    ).fetchone()
    return (row[0], row[1], row[2]) if row else None
