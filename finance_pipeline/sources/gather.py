"""Gathering: what one update holds, column by column, and how a page or a record that does not fit is set aside.

Here: what every connector shares between raw bytes and an Update. Not here: HTTP, or any one vendor's records.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from finance_pipeline.core.identity import content_hash, exact_bytes, exact_json, parse_json
from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.core.settings import Book, Connection, Settings
from finance_pipeline.sources.base import EVIDENCE, DeadLetter, Page, Update
from finance_pipeline.sources.http import RetryPolicy

READINGS = 3
"""How often an answer is asked for that cannot be read, before its pull ends."""

_ROWS_A_FRAME = 1_000


class MalformedPage(PermanentProblem):
    """An answer that cannot be read, or has not the shape that its vendor documents. Landed; nothing of it is used."""


class Unfit(Exception):
    """A record that cannot be evidence. The reason goes into its dead letter."""


class Gathering:
    """Pages, evidence and dead letters on their way into an Update. Use one a pull; `update` empties it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._empty()

    def _empty(self) -> None:
        self._pages: dict[str, Page] = {}
        self._rows: list[tuple[Any, ...]] = []
        """In the order of EVIDENCE; the last ones, before they join the frames."""
        self._frames: list[pl.DataFrame] = []
        self._dead_letters: list[DeadLetter] = []

    @property
    def page_count(self) -> int:
        return len(self._pages)

    def page(self, endpoint: str, raw: bytes) -> Page:
        """Keep the raw bytes of an answer."""
        page = Page(endpoint, raw, datetime.now(UTC))
        self._pages.setdefault(page.hash, page)
        return page

    def add(
        self,
        kind: str,
        source_id: str,
        record: Any,
        page: Page,
        *,
        on: date | None,
        account: str | None = None,
        removed: bool = False,
    ) -> None:
        """Keep a record as evidence. on: the day that decides its month."""
        try:
            payload = exact_bytes(record)
        except UnicodeEncodeError:
            self.refuse(
                kind, source_id, "it holds half a character (a lone surrogate), which no text can hold", record, page
            )
            return
        self._rows.append((kind, source_id, account, on, removed, payload, content_hash(payload), page.hash))
        if len(self._rows) == _ROWS_A_FRAME:
            self._fold()

    def _fold(self) -> None:
        """Rows become a frame while their texts are still at hand: later, their memory is touched twice."""
        self._frames.append(_frame(self._rows))
        self._rows = []

    def take_over(self, other: Gathering) -> None:
        """The records that another one keeps or has set aside; its pages stay with it."""
        self._fold()
        self._frames += other._frames
        self._rows = other._rows
        self._dead_letters += other._dead_letters

    def refuse(self, kind: str, source_id: Any, reason: str, record: Any, page: Page) -> None:
        """Set a record aside with the reason; the rest of its page goes on."""
        named = _storable(source_id) if isinstance(source_id, str) else None
        self._dead_letters.append(DeadLetter(kind, named, reason, _legible(record), page.hash))

    def read(
        self,
        endpoint: str,
        ask: Callable[[], bytes],
        content: Callable[[bytes], dict[str, Any]],
        policy: RetryPolicy,
    ) -> tuple[Page, dict[str, Any]]:
        """An answer and its content; one that cannot be read is kept as it came, and asked for again.

        content: raises ValueError saying what is wrong. Raises MalformedPage once the last reading is set aside.
        """
        turn = 1
        while True:
            page = self.page(endpoint, ask())
            try:
                return page, content(page.raw)
            except ValueError as wrong:
                problem = self.malformed(page, str(wrong))
            if turn == READINGS:
                raise problem
            policy.pause(turn)
            turn += 1

    def refused(self, kind: str) -> set[str | None]:
        """Ids of the records of a kind that were set aside since the last update; None for one without an id."""
        return {letter.source_id for letter in self._dead_letters if letter.kind == kind}

    def malformed(self, page: Page, reason: str) -> MalformedPage:
        """Set a whole page aside; of several readings of one endpoint the last is told of.

        Returns the problem to raise once the update is landed.
        """
        said = f"{page.endpoint}: "
        earlier = [each for each in self._dead_letters if each.kind == "page" and each.reason.startswith(said)]
        self._dead_letters = [each for each in self._dead_letters if each not in earlier]
        self._dead_letters.append(DeadLetter("page", None, said + reason, "", page.hash))
        return MalformedPage(
            f"{page.endpoint} gave an answer that cannot be read: {reason}.",
            where=f"connection {self._connection.id}",
            kept=f"Its {len(page.raw)} bytes are kept as page {page.hash[:12]}; the cursor stays where it was.",
            todo="It is asked for again at the next tick.",
        )

    def update(self, cursor: Mapping[str, Any] | None, complete: Mapping[str, date | None] | None = None) -> Update:
        """Everything gathered since the last update, with the cursor that it leads to.

        complete: the kind that it lists in full, and the first day that the list reaches back to.
        """
        kinds = tuple(complete or {})
        first_days = [day for day in (complete or {}).values() if day is not None]
        self._fold()
        update = Update(
            pages=tuple(self._pages.values()),
            evidence=pl.concat(self._frames),
            cursor=dict(cursor or {}),
            dead_letters=tuple(self._dead_letters),
            complete_kinds=kinds,
            complete_from=min(first_days, default=None),
        )
        self._empty()
        return update


def _frame(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    # Series by series, which copies a text once; a frame from a dictionary takes three times as long.
    columns = zip(*rows, strict=True) if rows else [()] * len(EVIDENCE.names)
    return pl.DataFrame(
        [
            pl.Series(name, values, pl.Binary if name == "payload" else dtype, strict=True).cast(dtype)
            for (name, dtype), values in zip(EVIDENCE.schema.items(), columns, strict=True)
        ]
    )


def _storable(text: str) -> str:
    """The text itself, unless it holds what UTF-8 cannot say: that is then spelled out."""
    return text.encode(errors="backslashreplace").decode()


def _legible(record: Any) -> str:
    """A record that was set aside, for people to read."""
    try:
        return exact_json(record)
    except UnicodeEncodeError:
        return json.dumps(record, sort_keys=True, default=str)


def object_of(raw: bytes, lists: Iterable[str] = ()) -> dict[str, Any]:
    """A JSON object whose named members are lists of objects. Raises ValueError saying what is wrong with it."""
    try:
        found = parse_json(raw)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("the answer is not a JSON object")
    for name in lists:
        members = found.get(name)
        if not isinstance(members, list) or not all(isinstance(each, dict) for each in members):
            raise ValueError(f"{name!r} is not a list of objects")
    return found


def text_of(record: Mapping[str, Any], name: str) -> str:
    """A text that a record cannot be without. Raises Unfit."""
    value = record.get(name)
    if not isinstance(value, str) or not value:
        raise Unfit(f"it has no {name}")
    return value


def day_of(text: Any, name: str) -> date:
    """The calendar date at the head of a text such as 2026-05-03 or 2026-05-03T00:00:00. Raises Unfit."""
    try:
        return date.fromisoformat(text[:10])
    except (TypeError, ValueError):
        raise Unfit(f"its {name} is not a date") from None


def book_of(connection: Connection, settings: Settings) -> Book | None:
    """The book that a connection feeds: its bank accounts, its processor accounts or its accounting system."""
    for book in settings.books:
        feeds = [account.feed for account in book.bank_accounts]
        feeds += [processor.feed for processor in book.processor_accounts]
        if connection.id in (*feeds, book.accounting):
            return book
    return None


def zone_of(connection: Connection, settings: Settings) -> str:
    """The time zone of the book that a connection feeds; UTC while no book names it."""
    book = book_of(connection, settings)
    return book.time_zone if book else "UTC"


def base_url_of(connection: Connection, default: str) -> str:
    """The server of a connection, without a slash at its end."""
    return (connection.base_url or default).rstrip("/")
