"""What was read of a statement so far, added up as it is read: counts, sums and days, and none of the entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from finance_pipeline.sources.statements.model import Entry, Unread

MOST_WORDS = 20


@dataclass
class Totals:
    """The entries of one statement, added up."""

    entry_count: int = 0
    detail_count: int = 0
    sum_minor: int = 0
    """Of the booked entries."""
    gross_minor: int = 0
    """Of all amounts without their signs."""
    pending_count: int = 0
    first_on: date | None = None
    last_on: date | None = None
    currencies: set[str] = field(default_factory=set)
    unread: list[str] = field(default_factory=list)
    """The first words about entries that cannot be read."""
    unread_count: int = 0

    def add(self, event: Entry | Unread) -> None:
        """One entry."""
        if isinstance(event, Unread):
            self.entry_count += 1
            self.unread_count += 1
            if event.words and len(self.unread) < MOST_WORDS:
                self.unread.append(event.words)
            return
        self.count(
            event.amount_minor,
            is_booked=event.status == "booked",
            detail_count=len(event.details),
            on=event.booked_on or event.value_on,
        )

    def count(self, amount_minor: int, *, is_booked: bool, detail_count: int, on: date | None) -> None:
        """What counts of an entry. on: its booking date, else its value date."""
        self.entry_count += 1
        self.detail_count += detail_count
        if is_booked:
            self.sum_minor += amount_minor
        else:
            self.pending_count += 1
        if on is not None:
            if self.first_on is None or on < self.first_on:
                self.first_on = on
            if self.last_on is None or on > self.last_on:
                self.last_on = on
