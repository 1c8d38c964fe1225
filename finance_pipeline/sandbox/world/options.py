"""What can be asked of a simulated world, and the calendar that follows from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from typing import Any

from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput

COUNTRIES = ("us", "uk", "de")


@dataclass(frozen=True)
class WorldOptions:
    """A world is a function of these. Books are named by country, with a suffix where there are several: de, de-2."""

    seed: int = 2026
    books: tuple[str, ...] = COUNTRIES
    first_month: str = "2026-05"
    month_count: int = 6
    bank_lines: int = 20_000
    """Booked bank lines of all books and months together; met within a few per cent."""
    card_charge_share: float = 0.25
    """Card charges for each bank line."""

    def __post_init__(self) -> None:
        Month.parse(self.first_month)
        unknown = [book for book in self.books if book.partition("-")[0] not in COUNTRIES]
        if unknown or not self.books or len(set(self.books)) < len(self.books):
            raise BadInput(
                f"the sandbox cannot have the books {', '.join(self.books) or 'none'}.",
                todo="Name each once, as us, uk or de, with a suffix if need be (de-2).",
            )
        if self.month_count < 1 or self.bank_lines < 40 * len(self.books) * self.month_count:
            raise BadInput(
                f"{self.bank_lines} bank lines are too few for {len(self.books)} books of {self.month_count} months.",
                todo="Ask for at least one month, and 40 lines for each book and month.",
            )

    @cached_property
    def months(self) -> tuple[Month, ...]:
        found = [Month.parse(self.first_month)]
        while len(found) < self.month_count:
            found.append(found[-1].next)
        return tuple(found)

    @cached_property
    def first_day(self) -> date:
        return self.months[0].first_day

    @cached_property
    def last_day(self) -> date:
        return self.months[-1].last_day

    @cached_property
    def complete_at(self) -> datetime:
        """By this moment every vendor shows all that was booked until the last day."""
        return datetime.combine(self.last_day + timedelta(days=2), time(5), UTC)

    @property
    def lines_per_book(self) -> int:
        return self.bank_lines // len(self.books)

    def chance(self, *concern: str) -> Random:
        """The source of chance of one concern, which no other concern's draws disturb."""
        return Random("/".join([str(self.seed), *concern]))

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "books": list(self.books)}
