"""Periods: the accounting month, a book's month, and the calendar of a book's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import total_ordering
from zoneinfo import ZoneInfo

from finance_pipeline.core.problems import BadInput

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@total_ordering
@dataclass(frozen=True)
class Month:
    """An accounting period: a calendar month. Prints and parses as 2026-05. Raises BadInput on anything else."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        found = _MONTH.fullmatch(text)
        if not found:
            raise BadInput(f"{text!r} is not a month.", todo="Write it as YYYY-MM, for example 2026-05.")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        return self.next.first_day - timedelta(days=1)

    @property
    def next(self) -> Month:
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> Month:
        return Month.of(self.first_day - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def __lt__(self, other: Month) -> bool:
        return (self.year, self.number) < (other.year, other.number)


def months(first: Month, last: Month) -> list[Month]:
    """Every month from first to last, both included. Raises BadInput when they are reversed."""
    if last < first:
        raise BadInput(f"{first} comes after {last}.", todo="Give the earlier month first.")
    found = [first]
    while found[-1] < last:
        found.append(found[-1].next)
    return found


@total_ordering
@dataclass(frozen=True)
class BookMonth:
    """The unit of work: one book's accounting month. Prints as us|2026-05, the partition key."""

    book: str
    month: Month

    @classmethod
    def parse(cls, key: str) -> BookMonth:
        book, _, month = key.partition("|")
        return cls(book, Month.parse(month))

    def __str__(self) -> str:
        return f"{self.book}|{self.month}"

    def __lt__(self, other: BookMonth) -> bool:
        return (self.book, self.month) < (other.book, other.month)


def by_book(keys: Iterable[BookMonth]) -> dict[str, list[Month]]:
    """The months of each book, in order, each once."""
    grouped: dict[str, list[Month]] = {}
    for key in sorted(set(keys)):
        grouped.setdefault(key.book, []).append(key.month)
    return grouped


def local_date(moment: datetime, zone: str) -> date:
    """The calendar date of an aware moment in a book's time zone: a New York evening is a UTC tomorrow."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone has no date")
    return moment.astimezone(ZoneInfo(zone)).date()


def utc_window(month: Month, zone: str) -> tuple[datetime, datetime]:
    """The UTC moments at which a month begins and ends in a time zone; the end is excluded."""
    begin, end = (datetime(m.year, m.number, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) for m in (month, month.next))
    return begin, end
