"""What a report is asked for: days and moments as people write them, and what is certain at a moment.

A day is one of the book's time zone. A moment without an offset is one of the book's time zone too, and is shown with
its offset, so that it can be asked again from anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from finance_pipeline.core.period import local_date
from finance_pipeline.core.problems import BadInput, Busy
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger import reports
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.address import Connection
from finance_pipeline.store.locks import book_lock

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Question:
    """A book, a day, by which date, and as known when."""

    book: str
    as_of: date | None = None
    """Last day that counts; None: the day of the moment, in the book's time zone."""
    by: reports.By = "accounting"
    known_at: datetime | None = None
    """An aware moment; None: now."""


@dataclass(frozen=True)
class Stamp:
    """What a report rests on; printed on each."""

    book: str
    currency: str
    as_of: date
    by: reports.By
    known_at: datetime
    """In the book's time zone."""
    position: int
    sealed_at: datetime | None
    link: str | None
    oldest_source: str | None
    """Connection read least recently among those that the book's records came from; None: there was none."""
    oldest_read_at: datetime | None
    """When that was; None: never to its end."""

    @property
    def is_to_come(self) -> bool:
        """Whether its day had not come when it was known: what is posted so far stands for it."""
        return self.as_of > self.known_at.date()

    @property
    def as_row(self) -> dict[str, Any]:
        """For machines: ISO texts, the moment in UTC."""
        said = dict(self.__dict__)
        return said | {"known_at": self.known_at.astimezone(UTC)}


def day_of(text: str) -> date:
    """A day as people write it. Raises BadInput on anything but YYYY-MM-DD."""
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError as cause:
        raise BadInput(f"{text!r} is not a day.", todo="Write it as YYYY-MM-DD, for example 2026-05-31.") from cause


def has_begun(book: Book, as_of: date | None) -> bool:
    """Whether a book keeps a day; None is today."""
    return as_of is None or as_of >= book.starts_on


def moment_of(text: str, book: Book) -> datetime:
    """A moment as people write it: with an offset, or in the book's time zone.

    Raises BadInput for a day without a time, and for a time that the book's clocks showed twice or never.
    """
    example = "2026-05-31T18:00:00+02:00"
    if _DAY.fullmatch(text):
        raise BadInput(f"{text} is a whole day, no moment.", todo=f"Add the time: {example}, or {text}T18:00.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as cause:
        raise BadInput(f"{text!r} is not a moment.", todo=f"Write it like {example}.") from cause
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    early, late = (moment.replace(tzinfo=ZoneInfo(book.time_zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    if early != late:
        raise BadInput(
            f"the clocks of {book.time_zone} were changed then: {text} came twice or not at all.",
            where=f"book {book.id}",
            todo=f"Write the moment with its offset, like {example}.",
        )
    return early


@contextmanager
def asked(workspace: Workspace, question: Question) -> Iterator[tuple[Connection, reports.Asked, Stamp]]:
    """A question with its moment made certain, its stamp, and a connection of the read-only role to answer it.

    Raises BadInput for a moment to come and for a day before the book began, Busy where a run on the book outlasts the
    wait.
    """
    book = workspace.settings.book(question.book)
    if not has_begun(book, question.as_of):
        raise BadInput(
            f"book {book.id} begins on {book.starts_on}: it has no balances of {question.as_of}.",
            todo=f"Ask as of {book.starts_on} for what it opened with.",
        )
    at = _certain(workspace, book.id, question.known_at)
    as_of = question.as_of or local_date(at, book.time_zone)
    with workspace.database.transaction(role="reader") as conn:
        conn.execute("set local work_mem = '128MB'")  # a whole ledger is sorted in memory, not on disk
        known = reports.known(conn, book.id, at)
        sources = reports.freshness(conn, book.id, at).rows()
        oldest = sources[0] if sources else (None, None)
        stamp = Stamp(
            book.id,
            book.currency,
            as_of,
            question.by,
            at.astimezone(ZoneInfo(book.time_zone)),
            known.position,
            known.sealed_at,
            known.link,
            *oldest,
        )
        yield conn, reports.Asked(book.id, as_of, question.by, known), stamp


def _certain(workspace: Workspace, book: str, wanted: datetime | None) -> datetime:
    """A moment at which all that was recorded by then is committed, so that what is known at it never changes.

    Whoever writes to a book holds its lock until it has committed, and records the time of what it writes under it.
    While a run holds it, what is known now is what was known when the book's last batch was sealed.
    """
    with workspace.database.transaction(role="reader") as conn:
        now = _clock(conn)
        last = reports.known(conn, book, now).sealed_at
        if wanted is not None:
            if wanted > now:
                raise BadInput(f"{wanted.isoformat()} is still to come.", todo="Name a moment that has passed.")
            if last is None or last < wanted:
                book_lock(conn, book)
            return wanted
        try:
            book_lock(conn, book, timeout_s=0 if last else 60)
        except Busy:
            if last is None:
                raise
            return last
        return _clock(conn)


def _clock(conn: Connection) -> datetime:
    """The database's clock, which all recorded times are of."""
    row = conn.execute("select clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment.astimezone(UTC)
