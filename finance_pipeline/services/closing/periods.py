"""Periods as people change them: soft-closed, locked by area, reopened for a time; and posting to a soft-closed month.

A lock of a whole month is the end of its close (services.closing.signing).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from finance_pipeline.core.identity import new_correlation_id
from finance_pipeline.core.period import BookMonth
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger import journal
from finance_pipeline.services.bookkeeping import posting
from finance_pipeline.services.closing.changes import NotReady, book_month, changing, given, seen_of
from finance_pipeline.services.closing.people import acting
from finance_pipeline.services.closing.signing import status
from finance_pipeline.services.workspace import Workspace

AREAS = ("AR", "AP", "bank", "GL")


def soft_close(
    workspace: Workspace, book_id: str, month_text: str, posters: Sequence[str], *, reason: str,
    actor: str | None = None, origin: str | None = None,
) -> None:  # fmt: skip
    """From now on only these people may post to a month, each time with a reason."""
    who = acting(workspace.settings, "controller", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    seen = seen_of(status(workspace, book.id, str(month)))
    with changing(workspace, book, month) as conn:
        conn.execute(
            "select ledger.soft_close_period(%s, %s, %s, %s, %s, %s, %s, %s)",
            (book.id, month.first_day, list(posters), who.name, who.role, given(reason), who.origin, seen),
        )


def post_softly(
    workspace: Workspace, book_id: str, month_text: str, *, reason: str, actor: str | None = None,
    origin: str | None = None,
) -> int:  # fmt: skip
    """Post what belongs to a soft-closed month and does not stand yet, as one of those whom it names; returns how many
    entries are new or taken back. Raises NotReady for a month that is not soft-closed, or for anybody else.
    """
    who = acting(workspace.settings, "accountant", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    poster = journal.Poster(who.name, who.role, given(reason), who.origin)
    with workspace.database.transaction(role="reader") as conn:
        may = conn.execute("select ledger.may_post_softly(%s, %s, %s)", (book.id, month.first_day, who.name)).fetchone()
    if not may or not may[0]:
        raise NotReady(
            f"it is not soft-closed, or does not name {who.name}.", where=f"{book.id} {month}",
            kept="Nothing was posted.", todo=f"finance-pipeline close history --book {book.id} --month {month}",
        )  # fmt: skip
    done = posting.post(workspace, [BookMonth(book.id, month)], new_correlation_id(), poster)["journal_entries"]
    return int(done.figures["new_entries"]) + int(done.figures["reversed"])


def lock_area(
    workspace: Workspace, book_id: str, month_text: str, area: str, *, reason: str, actor: str | None = None,
    origin: str | None = None,
) -> str:  # fmt: skip
    """Lock one area of a month ahead of the rest: AR, AP, bank or GL. Returns the area."""
    who = acting(workspace.settings, "controller", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    wanted = _areas([area])[0]
    seen = seen_of(status(workspace, book.id, str(month)))
    with changing(workspace, book, month) as conn:
        conn.execute(
            "select ledger.lock_area(%s, %s, %s, %s, %s, %s, %s, %s)",
            (book.id, month.first_day, wanted, who.name, who.role, given(reason), who.origin, seen),
        )
    return wanted


def ask_reopening(
    workspace: Workspace, book_id: str, month_text: str, until: datetime, *, reason: str,
    areas: Sequence[str] = (), actor: str | None = None, origin: str | None = None,
) -> int:  # fmt: skip
    """Ask that a closed month takes entries again until a moment. Returns the request, which takes another person."""
    who = acting(workspace.settings, "controller", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    seen = seen_of(status(workspace, book.id, str(month)))
    with changing(workspace, book, month) as conn:
        row = conn.execute(
            "select ledger.ask_reopening(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                book.id, month.first_day, _areas(areas) or None, until, who.name, who.role, given(reason), who.origin,
                seen,
            ),
        ).fetchone()  # fmt: skip
    return int(row[0]) if row else 0


def approve_reopening(
    workspace: Workspace, request: int, *, reason: str, actor: str | None = None, origin: str | None = None
) -> BookMonth:
    """Grant a request to reopen, as another person than who asked. Returns what is open again."""
    who = acting(workspace.settings, "controller", actor, origin)
    with workspace.database.transaction(role="reader") as conn:
        row = conn.execute(
            "select book, to_char(month, 'YYYY-MM') from ledger.period_event"
            " where event_seq = %s and action = 'reopening_asked'",
            (request,),
        ).fetchone()
    if row is None:
        raise BadInput(f"there is no request {request} to reopen a month.", todo="`close history` lists them.")
    book, month = book_month(workspace, row[0], row[1])
    seen = seen_of(status(workspace, book.id, str(month)))
    with changing(workspace, book, month) as conn:
        conn.execute(
            "select ledger.approve_reopening(%s, %s, %s, %s, %s, %s)",
            (request, who.name, who.role, given(reason), who.origin, seen),
        )
    return BookMonth(book.id, month)


def end_of_day(text: str, book: Book) -> datetime:
    """The moment at which a day (YYYY-MM-DD) ends where the book is kept; a moment is taken as it is given, without an
    offset as of that place. Raises BadInput.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as cause:
        todo = "Write it as YYYY-MM-DD or YYYY-MM-DDThh:mm."
        raise BadInput(f"{text!r} is no day or moment.", todo=todo) from cause
    if len(text) == len("YYYY-MM-DD"):
        moment += timedelta(days=1)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(book.time_zone))


def _areas(wanted: Sequence[str]) -> list[str]:
    known = {area.casefold(): area for area in AREAS}
    unknown = [area for area in wanted if area.casefold() not in known]
    if unknown:
        raise BadInput(f"there is no area {unknown[0]!r}.", todo=f"Areas are {', '.join(AREAS)}.")
    return [known[area.casefold()] for area in wanted]
