"""What every source gives: updates, each of which is landed whole together with its cursor.

Here: the vocabulary between a source and the landing. Not here: HTTP, files, databases, or what a record means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Protocol

import polars as pl

from finance_pipeline.core.identity import content_hash
from finance_pipeline.core.settings import Connection, Settings
from finance_pipeline.core.tables import Column, Table

EVIDENCE = Table(
    "evidence",
    "One row per observation of a source record in one update.",
    (
        Column("kind", pl.String, "Kind of record in the source's words: transaction, invoice, payout, ..."),
        Column("source_id", pl.String, "The source's id of the record."),
        Column("account", pl.String, "Account within the connection, where it has several.", nullable=True),
        Column(
            "accounting_on", pl.Date, "Day that decides the month it touches, in the book's time zone.", nullable=True
        ),
        Column("removed", pl.Boolean, "True when the source says that the record no longer exists."),
        Column("payload", pl.String, "The record as canonical JSON, numbers digit for digit."),
        Column("content_hash", pl.String, "SHA-256 of the payload."),
        Column("page_hash", pl.String, "SHA-256 of the raw page or file that it came in."),
    ),
)


@dataclass(frozen=True)
class Page:
    """The raw bytes of one answer or file, kept as they came."""

    endpoint: str
    """Path or file name, without secrets."""
    raw: bytes
    fetched_at: datetime

    @cached_property
    def hash(self) -> str:
        return content_hash(self.raw)


@dataclass(frozen=True)
class DeadLetter:
    """A record or page that does not fit, with the reason; its raw bytes are in the page."""

    kind: str
    source_id: str | None
    reason: str
    payload: str
    page_hash: str


@dataclass(frozen=True)
class Update:
    """What one pull learned, landed in one transaction with the cursor that it leads to."""

    pages: tuple[Page, ...]
    evidence: pl.DataFrame
    """Schema EVIDENCE."""
    cursor: Mapping[str, Any]
    dead_letters: tuple[DeadLetter, ...] = field(default=())
    complete_kinds: tuple[str, ...] = field(default=())
    """Kinds of which this update lists every record that exists; landing tombstones the others of this connection."""
    complete_from: date | None = None
    """First day that such a list reaches back to; what is older is not listed, and stays as it is."""


class Source(Protocol):
    """One system. pull yields updates in order; stopping between two of them loses nothing."""

    def pull(
        self, connection: Connection, settings: Settings, cursor: Mapping[str, Any] | None, now: datetime
    ) -> Iterator[Update]:
        """Everything since the cursor (None: since ever). Raises Unreachable, NeedsItsOwner, BadSettings."""
        ...
