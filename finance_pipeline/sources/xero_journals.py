"""Xero's manual journals: one read of all of them, outside the cursors, of what a bookkeeper posted there by hand.

Here: the calls, and the lines of the answers as texts. Not here: which of them a book takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.core.settings import Connection
from finance_pipeline.sources.http import RetryPolicy
from finance_pipeline.sources.xero_client import XeroClient

_PAGE_SIZE = 1000
_MOMENT = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


class JournalLine(NamedTuple):
    """One line of a manual journal. amount: + debit, in the organisation's currency. turn: its place in the journal."""

    journal_id: str
    turn: int
    status: str
    narration: str
    dated_on: date
    account: str
    amount: str
    tax: str
    words: str


class UnreadableJournals(PermanentProblem):
    """Xero's answer holds no manual journals as we know them; nothing of it was taken."""


def manual_journals(connection: Connection, policy: RetryPolicy) -> list[bytes]:
    """Every page of the organisation's manual journals, byte for byte. Raises every Problem that a pull raises."""
    client, pages = XeroClient(connection, policy), list[bytes]()
    count = _PAGE_SIZE
    while count == _PAGE_SIZE:
        page = len(pages) + 1
        raw = client.get("get_manual_journals", page=page, page_size=_PAGE_SIZE, order="UpdatedDateUTC ASC")
        count = len(_journals(raw))
        pages += [raw] if count or not pages else []
    return pages


def lines_of(raw: bytes) -> list[JournalLine]:
    """The lines of a page's journals, in its order. Raises UnreadableJournals."""
    try:
        return [line for journal in _journals(raw) for line in _lines(journal)]
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise _unreadable() from cause


def _journals(raw: bytes) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = parse_json(raw)["ManualJournals"]
        return list(found)
    except (ValueError, KeyError, TypeError) as cause:
        raise _unreadable() from cause


def _lines(journal: dict[str, Any]) -> Iterator[JournalLine]:
    """Raises ValueError for a journal without a date."""
    for turn, line in enumerate(journal.get("JournalLines") or ({},), start=1):
        yield JournalLine(
            str(journal["ManualJournalID"]),
            turn,
            str(journal["Status"]),
            str(journal.get("Narration") or ""),
            _day(journal),
            str(line.get("AccountCode") or ""),
            str(line.get("LineAmount") or "0"),
            str(line.get("TaxAmount") or "0"),
            str(line.get("Description") or ""),
        )


def _day(journal: dict[str, Any]) -> date:
    if stated := journal.get("DateString"):
        return date.fromisoformat(str(stated)[:10])
    found = _MOMENT.fullmatch(str(journal.get("Date")))
    if found is None:
        raise ValueError("a journal without a date")
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))).date()


def _unreadable() -> UnreadableJournals:
    return UnreadableJournals(
        "the answer holds no manual journals as Xero documents them.",
        where="ManualJournals",
        kept="Nothing was taken.",
        todo="Bring the journals as a file: finance-pipeline journals import FILE.",
    )
