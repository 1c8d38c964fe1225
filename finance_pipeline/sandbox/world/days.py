"""Days and times: when banks and offices work, when a payment falls, when a vendor shows something."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

_HOLIDAYS = {
    "us": {(1, 1), (5, 25), (7, 3), (9, 7), (10, 12), (11, 26), (12, 25)},
    "uk": {(1, 1), (4, 3), (4, 6), (5, 4), (5, 25), (8, 31), (12, 25), (12, 28)},
    "de": {(1, 1), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (10, 3), (12, 25), (12, 26)},
}
DAY = timedelta(days=1)


@lru_cache(maxsize=65536)
def is_business_day(day: date, country: str) -> bool:
    return day.weekday() < 5 and (day.month, day.day) not in _HOLIDAYS[country]


@lru_cache(maxsize=65536)
def business_day(day: date, country: str, after: int = 0) -> date:
    """The business day on or after a day, and then so many business days later."""
    while not is_business_day(day, country):
        day += DAY
    for _ in range(after):
        day += DAY
        while not is_business_day(day, country):
            day += DAY
    return day


@lru_cache(maxsize=256)
def business_days(first: date, last: date, country: str) -> tuple[date, ...]:
    """Every business day from first to last, both included."""
    days = (first + DAY * at for at in range((last - first).days + 1))
    return tuple(day for day in days if is_business_day(day, country))


@lru_cache(maxsize=256)
def payment_weights(days: tuple[date, ...]) -> tuple[int, ...]:
    """How busy each day is, cumulated: Mondays and Fridays, the middle and the end of a month are."""
    total, cumulated = 0, []
    for day in days:
        busy = 10 + 3 * (day.weekday() in (0, 4)) + 5 * (day.day in (15, 16)) + 7 * ((day + DAY * 3).day <= 3)
        total += busy
        cumulated.append(total)
    return tuple(cumulated)


def some_days(rng: Random, first: date, last: date, country: str, count: int) -> Sequence[date]:
    """So many business days, drawn by how busy they are, in no order."""
    days = business_days(first, last, country)
    return rng.choices(days, cum_weights=payment_weights(days), k=count) if days else []


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=16384)
def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), _zone(zone)).astimezone(UTC)


def local_moment(day: date, zone: str, seconds: int) -> datetime:
    """A moment of a local day, in UTC, to the second."""
    return _midnight(day, zone) + timedelta(seconds=seconds)


def office_moment(rng: Random, day: date, zone: str) -> datetime:
    """Some moment of the working day, in UTC."""
    return local_moment(day, zone, rng.randrange(8 * 3600, 18 * 3600))
