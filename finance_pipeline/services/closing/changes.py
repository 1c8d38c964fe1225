"""What every change of a close shares: the book-month it is of, a transaction that holds the book, a reason, and what
was seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from finance_pipeline.close.steps import Close
from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput, Busy, PermanentProblem
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services.bookkeeping import anchoring
from finance_pipeline.services.calendar import last_month
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.locks import book_lock

LOCK_WAIT = "30s"
"""Who waits to close a month keeps its writers waiting; a long posting is let go first."""
_SAYS_NO = (
    psycopg.errors.CheckViolation,
    psycopg.errors.ObjectNotInPrerequisiteState,
    psycopg.errors.UniqueViolation,
    psycopg.errors.InvalidTransactionState,
)


class NotReady(PermanentProblem):
    """A month is not far enough for what was asked; nothing was changed."""


def seen_of(close: Close, **more: object) -> str:
    """The steps of a close as JSON, and what else was shown when somebody did something about it."""
    shown = [{"step": step.name, "state": step.state, "words": step.words} for step in close.steps]
    seen = {"book": close.facts.book, "month": str(close.facts.month), "steps": shown}
    return json.dumps(seen | more, sort_keys=True)


def book_month(workspace: Workspace, book_id: str, month_text: str) -> tuple[Book, Month]:
    """A book and one of its months. Raises BadInput for a month that the book does not keep."""
    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    if month < book.first_month or month > last_month(book):
        raise BadInput(
            f"book {book_id} has no month {month}.",
            todo=f"It begins in {book.first_month}, and the current month is {last_month(book)}.",
        )
    return book, month


@contextmanager
def changing(workspace: Workspace, book: Book, month: Month) -> Iterator[Connection]:
    """A transaction that holds the book; what the database refuses becomes a Problem with what to do next.

    Afterwards, where the chain of decisions ends is noted outside the database.
    """
    where, todo = f"{book.id} {month}", f"finance-pipeline close status --book {book.id} --month {month}"
    try:
        with workspace.database.transaction() as conn:
            book_lock(conn, book.id)
            conn.execute("select pg_catalog.set_config('lock_timeout', %s, true)", (LOCK_WAIT,))
            yield conn
    except _SAYS_NO as cause:
        said = cause.diag.message_primary or str(cause)
        raise NotReady(f"{said}.", where=where, kept="Nothing was changed.", todo=todo) from cause
    except psycopg.errors.LockNotAvailable as cause:
        raise Busy(
            f"somebody posts to it for longer than {LOCK_WAIT}.", where=where, kept="Nothing was changed.",
            todo="Try again when that has ended.",
        ) from cause  # fmt: skip
    anchoring.note_end(workspace)


def given(reason: str) -> str:
    """A reason without blanks around it. Raises BadInput for none."""
    if not reason.strip():
        raise BadInput("it takes a reason.", kept="Nothing was changed.")
    return reason.strip()
