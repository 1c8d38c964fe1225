"""Book x month: the partitions of everything from the canonical stage on, and the keys of a run.

Here: the one partitions definition, ranges as run tags, and the check that a run was given keys that exist.
Not here: what happens in a month.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from finance_pipeline.core.period import BookMonth, Month, months
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Settings, load_settings

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
BOOK_TAG = "finance_pipeline/book"
EARLIEST_ZONE = "Pacific/Kiritimati"
"""UTC+14: a month begins nowhere earlier, so the open month of every book exists, whatever its time zone."""


def partitions_of(settings: Settings) -> dg.MultiPartitionsDefinition:
    """Every book x every month from the earliest book's first to the open one. Without books: none."""
    start = min((book.first_month for book in settings.books), default=Month.of(datetime.now(UTC).date()))
    return dg.MultiPartitionsDefinition(
        {
            "book": dg.StaticPartitionsDefinition(settings.book_ids),
            "month": dg.TimeWindowPartitionsDefinition(
                start=str(start), fmt="%Y-%m", cron_schedule="0 0 1 * *", end_offset=1, timezone=EARLIEST_ZONE
            ),
        }
    )


declared = load_settings()
book_months = partitions_of(declared)
one_run_a_range = dg.BackfillPolicy.single_run()
"""Six months of one book are one run. Dagster groups several books by the dimension with fewer keys (three months of
three books come as one run a month, in no order), so no asset may rely on the order of runs."""


def open_month() -> Month:
    """The month that is open somewhere on earth: the last month that has a partition."""
    keys = book_months.time_window_partitions_def.get_partition_keys()
    if not keys:
        raise BadInput("no month has begun yet.", todo="Set `starts_on` of the books to a day that has come.")
    return Month.parse(keys[-1])


def loaded_books() -> set[str]:
    """The books that this process has partitions for: those declared when it started."""
    return set(declared.book_ids)


def known(keys: Iterable[BookMonth], settings: Settings) -> list[BookMonth]:
    """Those of some book-months that exist: of a declared book, from its first month to the open one. In order."""
    first = {book.id: book.first_month for book in settings.books}
    wanted = sorted({key for key in keys if key.book in first})
    last = open_month() if wanted else None
    return [key for key in wanted if last is not None and first[key.book] <= key.month <= last]


def checked_keys(keys: Iterable[str], settings: Settings) -> list[BookMonth]:
    """The book-months of some partition keys, in order, from each book's own first month on.

    Dagster validates no range: a reversed one has no keys, and one past the end has months that do not exist. Months
    before a book's start exist in the grid when another book starts earlier; they hold nothing and are left out.
    Raises BadInput when a book is unknown, a month has not begun, or none is left.
    """
    asked = sorted({BookMonth.parse(str(key)) for key in keys})
    for key in asked:
        settings.book(key.book)
        if open_month() < key.month:
            raise BadInput(f"{key} has not begun.", kept="Nothing was written.", todo=f"Open is {open_month()}.")
    found = known(asked, settings)
    if not found:
        raise BadInput(
            "the run has no book-month to work on.",
            where=", ".join(str(key) for key in asked) or "an empty or reversed range of partitions",
            kept="Nothing was written.",
            todo="Choose months from the book's first to the open one, the earlier month first.",
        )
    return found


def keys_of(context: dg.AssetExecutionContext, settings: Settings) -> list[BookMonth]:
    """The book-months that a run was asked for. Raises BadInput as checked_keys does."""
    return checked_keys(context.partition_keys, settings)


@dataclass(frozen=True, order=True)
class Span:
    """Consecutive months of one book, both ends included: what one run works on."""

    book: str
    first: Month
    last: Month

    def keys(self) -> list[BookMonth]:
        return [BookMonth(self.book, month) for month in months(self.first, self.last)]

    def tags(self) -> dict[str, str]:
        """Run tags by which Dagster runs the whole span as one run; the book's own tag keeps its runs apart."""
        return {
            RANGE_START_TAG: str(BookMonth(self.book, self.first)),
            RANGE_END_TAG: str(BookMonth(self.book, self.last)),
            BOOK_TAG: self.book,
        }

    def __str__(self) -> str:
        return f"{self.book}|{self.first}..{self.last}"


def spans(keys: Iterable[BookMonth]) -> Sequence[Span]:
    """Exactly these book-months as the fewest spans, in order."""
    found: list[Span] = []
    for key in sorted(set(keys)):
        if found and found[-1].book == key.book and found[-1].last.next == key.month:
            found[-1] = Span(key.book, found[-1].first, key.month)
        else:
            found.append(Span(key.book, key.month, key.month))
    return found
