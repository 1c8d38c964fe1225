"""What `statements parse` prints of a file: one object a statement, and whether it adds up.

Entries are counted and added as they are read and not kept, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from finance_pipeline.sources.statements.figures import text_of
from finance_pipeline.sources.statements.model import Event, Head
from finance_pipeline.sources.statements.totals import Totals


def summaries(name: str, events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """One object a statement, as it is printed; amounts are signed decimal texts.

    sum: of the booked entries, null where one cannot be read. foots: whether opening balance and sum are the closing
    balance, null where one of them is missing. difference: what the closing balance has more (+) or less (-).
    """
    return summaries_of_totals(name, _added(events))


def _added(events: Iterable[Event]) -> Iterator[tuple[Totals, Head]]:
    """Each statement's entries added up, and its head."""
    totals = Totals()
    for event in events:
        if isinstance(event, Head):
            yield totals, event
            totals = Totals()
        else:
            totals.add(event)


def summaries_of_totals(name: str, statements: Iterable[tuple[Totals, Head]]) -> Iterator[dict[str, Any]]:
    """One object a statement, from its totals and its head."""
    before: dict[tuple[str | None, str | None], Head] = {}
    for totals, head in statements:
        yield _summary(name, head, totals, before.get((head.account, head.currency)))
        before[head.account, head.currency] = head


def _summary(name: str, head: Head, totals: Totals, before: Head | None) -> dict[str, Any]:
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


def _problems(head: Head, totals: Totals, apart: int | None, before: Head | None) -> list[str]:
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
