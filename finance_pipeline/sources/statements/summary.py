"""What `statements parse` prints of a file: one object a statement, and whether it adds up.

Entries are counted and added as they are read and not kept, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from finance_pipeline.sources.statements.figures import text_of
from finance_pipeline.sources.statements.model import Entry, Event, Head, Unread

_MOST_PROBLEMS = 20


@dataclass
class _Totals:
    """What was read of a statement before its head."""

    entry_count: int = 0
    detail_count: int = 0
    sum_minor: int = 0
    pending_count: int = 0
    first_on: date | None = None
    last_on: date | None = None
    unread: list[str] = field(default_factory=list)
    unread_count: int = 0

    def add(self, event: Entry | Unread) -> None:
        self.entry_count += 1
        if isinstance(event, Unread):
            self.unread_count += 1
            if event.words and len(self.unread) < _MOST_PROBLEMS:
                self.unread.append(event.words)
            return
        self.detail_count += len(event.details)
        if event.status == "booked":
            self.sum_minor += event.amount_minor
        else:
            self.pending_count += 1
        on = event.booked_on or event.value_on
        if on is not None:
            if self.first_on is None or on < self.first_on:
                self.first_on = on
            if self.last_on is None or on > self.last_on:
                self.last_on = on


def summaries(name: str, events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """One object a statement, as it is printed; amounts are signed decimal texts.

    sum: of the booked entries, null where one cannot be read. foots: whether opening balance and sum are the closing
    balance, null where one of them is missing. difference: what the closing balance has more (+) or less (-).
    """
    totals = _Totals()
    before: dict[tuple[str | None, str | None], Head] = {}
    for event in events:
        if isinstance(event, Entry | Unread):
            totals.add(event)
            continue
        yield _summary(name, event, totals, before.get((event.account, event.currency)))
        before[event.account, event.currency] = event
        totals = _Totals()


def _summary(name: str, head: Head, totals: _Totals, before: Head | None) -> dict[str, Any]:
    def decimal(amount_minor: int | None) -> str | None:
        return None if amount_minor is None else text_of(amount_minor, head.currency)

    opening = head.opening.amount_minor if head.opening else None
    closing = head.closing.amount_minor if head.closing else None
    booked = totals.sum_minor if head.has_sum and not totals.unread_count else None
    apart = None if opening is None or closing is None or booked is None else closing - opening - booked
    return {
        "file": name,
        "format": head.format,
        "account": head.account,
        "currency": head.currency,
        "opening": decimal(opening),
        "closing": decimal(closing),
        "sum": decimal(booked),
        "entry_count": totals.entry_count,
        "detail_count": totals.detail_count if head.format.startswith("camt") else 0,
        "first_date": totals.first_on and totals.first_on.isoformat(),
        "last_date": totals.last_on and totals.last_on.isoformat(),
        "foots": None if apart is None else apart == 0,
        "difference": decimal(apart),
        "problems": _problems(head, totals, apart, before),
    }


def _problems(head: Head, totals: _Totals, apart: int | None, before: Head | None) -> list[str]:
    """Everything that a reader of the figures should know, the gravest first."""
    words = []
    if apart:
        shown = text_of(apart, head.currency)
        words.append(f"does not foot: the closing balance is {shown} apart from opening balance and entries")
    words += head.problems
    words += totals.unread
    if totals.unread_count > len(totals.unread) > 0:
        words.append(f"{totals.unread_count - len(totals.unread):,} more entries cannot be read")
    for missing, what in (
        (head.account, "account"),
        (head.currency, "currency"),
        (head.opening, "opening balance"),
        (head.closing, "closing balance"),
    ):
        if missing is None:
            words.append(f"states no {what}")
    if totals.pending_count:
        words.append(f"{totals.pending_count:,} entries are not booked and not in the sum")
    if before is not None and _breaks_off(before, head):
        shown = text_of(before.closing.amount_minor if before.closing else 0, head.currency)
        words.append(f"does not continue the statement before it, which closes with {shown}")
    return [*words, *head.remarks]


def _breaks_off(before: Head, head: Head) -> bool:
    """Whether a statement of a later day opens with another balance than the one before it in the file closed with."""
    if head.interim or before.closing is None or head.opening is None or head.closing is None:
        return False
    later = (before.closing.on or date.min) < (head.closing.on or date.max)
    return later and before.closing.amount_minor != head.opening.amount_minor


def unreadable(name: str, reason: str) -> dict[str, Any]:
    """What is printed of a file that cannot be read."""
    return {"file": name, "error": reason}
