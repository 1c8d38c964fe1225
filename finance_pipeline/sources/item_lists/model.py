"""What a list of open items says, row by row.

Here: the records between reading, recognising and whoever asks. Not here: files, headers, what becomes of an item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from finance_pipeline.core.problems import BadInput


class BadList(BadInput):
    """A list that cannot be read as it stands: the words name the column, and what to say about it."""


class Row(NamedTuple):
    """One row of the file: its number as a person counts, and its cells as texts."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """One table of a file; a CSV is one without a name."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Said:
    """What somebody says about a list where it does not say it, or says it twice."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Field -> header."""
    sheet: str | None = None
    date_format: str | None = None
    """Of dd, mm, yyyy, yy, mon and what stands between."""
    decimal_mark: str | None = None
    currency: str | None = None
    """Of rows that name none."""
    payables: bool = False
    """The list is of suppliers' bills: what it shows without a sign is owed by us."""


class Item(NamedTuple):
    """One open item."""

    row: int
    number: str | None
    party_id: str | None
    party: str | None
    kind: str
    """invoice and supplier_credit are owed to us, bill and credit_note by us."""
    currency: str
    amount_minor: int
    """Open; positive is owed to us. 0: settled."""
    issued_on: date | None
    due_on: date | None
    account: str | None
    """Account number of the party."""
    references: tuple[str, ...]
    discount_percent: Decimal | None
    discount_until: date | None


class Refused(NamedTuple):
    """A row that is no item, and why."""

    row: int
    reason: str
    shown: str
    """The beginning of its words."""


class Twice(NamedTuple):
    """A number that stands in several rows of one party."""

    number: str
    party: str | None
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """How a list was read, for a person to agree with."""

    sheet: str
    header_row: int
    columns: Mapping[str, tuple[str, ...]]
    """Field -> headers."""
    ignored: tuple[str, ...]
    """Headers that nothing was read from."""
    date_format: str | None
    decimal_mark: str | None
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class ItemList:
    """A list of open items."""

    items: tuple[Item, ...]
    refused: tuple[Refused, ...]
    totals: tuple[Refused, ...]
    """Rows of totals, which are no items."""
    twice: tuple[Twice, ...]
    reading: Reading
