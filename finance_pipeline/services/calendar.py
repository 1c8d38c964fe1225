"""Which months of a book there are, and which of them new evidence touches."""

from __future__ import annotations

from datetime import UTC, datetime

from finance_pipeline.core.period import BookMonth, Month, local_date, months
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book, Settings
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.sql import query


def last_month(book: Book) -> Month:
    """The month that now is in the book's time zone."""
    return Month.of(local_date(datetime.now(UTC), book.time_zone))


def known_months(settings: Settings, book_id: str, first: str, last: str) -> list[BookMonth]:
    """The partitions from first to last. Raises BadInput for an unknown book, a reversed range or a month not kept."""
    book = settings.book(book_id)
    wanted = months(Month.parse(first), Month.parse(last))
    if wanted[0] < book.first_month or wanted[-1] > last_month(book):
        raise BadInput(
            f"book {book_id} has no month {wanted[0] if wanted[0] < book.first_month else wanted[-1]}.",
            todo=f"It begins in {book.first_month}, and the current month is {last_month(book)}.",
        )
    return [BookMonth(book_id, month) for month in wanted]


def months_with_data(workspace: Workspace, book_id: str) -> list[Month]:
    """Every month of a book from its first to the last that evidence has reached; empty before the first sync."""
    landed = [key.month for key in _touched_keys(workspace, 0)[0] if key.book == book_id]
    book = workspace.settings.book(book_id)
    return months(book.first_month, max(landed)) if landed and max(landed) >= book.first_month else []


def touched(workspace: Workspace, after: int) -> tuple[list[BookMonth], int]:
    """Book-months that evidence landed after a sequence number touches, and the new high-water number.

    A month carries into the next, so each touched month brings with it every later one that has data.
    """
    direct, high = _touched_keys(workspace, after)
    everything, _ = _touched_keys(workspace, 0)
    due: set[BookMonth] = set()
    for book in workspace.settings.books:
        mine = [key.month for key in direct if key.book == book.id]
        all_mine = [key.month for key in everything if key.book == book.id]
        if mine:
            due |= {BookMonth(book.id, month) for month in months(min(mine), max(all_mine))}
    return sorted(due), high


def _touched_keys(workspace: Workspace, after: int) -> tuple[set[BookMonth], int]:
    """Book-months that landed records name directly, clamped to the months that each book keeps."""
    with workspace.database.transaction(role="reader") as conn:
        rows, high = _landed_months(conn, after)
    books_of = _books_by_feed(workspace.settings)
    keys: set[BookMonth] = set()
    for connection_id, account, month in rows:
        for book in books_of.get((connection_id, account), books_of.get((connection_id, None), [])):
            clamped = min(max(Month.parse(month), book.first_month), max(last_month(book), book.first_month))
            keys.add(BookMonth(book.id, clamped))
    return keys, high


def _landed_months(conn: Connection, after: int) -> tuple[list[tuple[str, str | None, str]], int]:
    row = conn.execute("select coalesce(max(seq), 0) from landing.record").fetchone()
    high = int(row[0]) if row else 0
    return conn.execute(query("landed_months"), {"after": after, "high": high}).fetchall(), high


def _books_by_feed(settings: Settings) -> dict[tuple[str, str | None], list[Book]]:
    """Which books a landed record belongs to: by connection and account, or by connection alone."""
    books_of: dict[tuple[str, str | None], list[Book]] = {}
    statement_connections = [c.id for c in settings.connections if c.kind == "camt053"]
    for book in settings.books:
        if book.accounting:
            books_of.setdefault((book.accounting, None), []).append(book)
        for processor in book.processor_accounts:
            books_of.setdefault((processor.feed, None), []).append(book)
        for account in book.bank_accounts:
            if account.feed:
                books_of.setdefault((account.feed, account.external_id), []).append(book)
            for statement_id in account.statement_ids:
                for connection_id in statement_connections:
                    books_of.setdefault((connection_id, statement_id), []).append(book)
    return books_of
