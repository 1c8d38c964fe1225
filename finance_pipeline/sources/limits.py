"""Rate limits: how many calls a vendor allows, and whether one more fits. Pure; whoever keeps the counts is a Gate.

A limit holds in *any* window of its length, so a bucket that is refilled would let twice as much through round the
moment of refilling. Calls are counted by slots of a twentieth of the window instead, and a call fits if the last
twenty-one slots, which cover every window that it could fall in, hold fewer than the limit. That gives away less than
five per cent of what the vendor allows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

SLOTS = 20


@dataclass(frozen=True)
class Limit:
    """At most so many calls in any so many seconds. name: of the vendor, what it limits and whose it is."""

    name: str
    calls: int
    per_s: float


@dataclass(frozen=True)
class Spent:
    """What was used of a limit. slot: number of the newest slot with calls. counts: calls by slot, newest first."""

    slot: int = 0
    counts: tuple[int, ...] = ()


class Gate(Protocol):
    """Keeps what was spent of limits, for one process or for all."""

    def take(self, limits: Sequence[Limit]) -> float:
        """Count one call against all of these limits and return 0; or count nothing and return seconds to wait."""
        ...


def taken(spent: Spent, limit: Limit, now_s: float) -> tuple[Spent, float]:
    """What is spent after one more call, and 0; or what is spent and the seconds until one more fits.

    A clock that goes back, or another machine's that is behind, makes no room.
    """
    slot_s = limit.per_s / SLOTS
    slot = max(int(now_s // slot_s), spent.slot)
    moved = slot - spent.slot
    counts = ((0,) * min(moved, SLOTS + 1) + spent.counts + (0,) * (SLOTS + 1))[: SLOTS + 1]
    used = Spent(slot, counts)
    if sum(counts) < limit.calls:
        return Spent(slot, (counts[0] + 1, *counts[1:])), 0.0
    oldest = max(index for index, count in enumerate(counts) if count)
    return used, max(slot_s / SLOTS, (slot - oldest + SLOTS + 1) * slot_s - now_s)


def taken_together(spent: Sequence[Spent], limits: Sequence[Limit], now_s: float) -> tuple[list[Spent], float]:
    """One call against several limits: counted against all, or against none and the longest wait returned."""
    results = [taken(each, limit, now_s) for each, limit in zip(spent, limits, strict=True)]
    wait_s = max((wait for _, wait in results), default=0.0)
    return ([after for after, _ in results], 0.0) if not wait_s else (list(spent), wait_s)


class OwnGate:
    """The limits of one process, counted in memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._spent: dict[str, Spent] = {}

    def take(self, limits: Sequence[Limit]) -> float:
        with self._lock:
            known = [self._spent.get(limit.name, Spent()) for limit in limits]
            after, wait_s = taken_together(known, limits, self._clock())
            self._spent.update(zip((limit.name for limit in limits), after, strict=True))
        return wait_s
