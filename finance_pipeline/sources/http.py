"""HTTP: the one retry policy and the rate budget of every connector. The vendors' SDKs retry nothing themselves.

Here: how often, how long, and when to give up. Not here: what a vendor's errors mean.

The circuit: the first call that uses up its budget ends the pull of its connection, and no other call is tried. The
next tick is the probe. A server that names a time beyond the budget (Xero's day limit) is left alone at once.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from finance_pipeline.core.problems import Unreachable

T = TypeVar("T")
CONNECT_S, READ_S = 5, 30
"""Time-outs of every call, in whole seconds: xero-python ignores any other number, and then waits for ever."""
TIMEOUT = (CONNECT_S, READ_S)
_TRANSIENT_STATUSES = frozenset({408, 425, 429})


class Transient(Exception):
    """One call failed in a way that another need not. retry_after_s: what the server asked for, if it did."""

    def __init__(self, what: str, retry_after_s: float | None = None) -> None:
        self.what, self.retry_after_s = what, retry_after_s
        super().__init__(what)


class TurnedAway(Unreachable):
    """The server asks for a longer wait than a pull may take. again_at: when it wants to be asked again."""

    def __init__(self, what: str, again_at: datetime, *, where: str, kept: str) -> None:
        self.again_at = again_at
        super().__init__(what, where=where, kept=kept, todo=f"Try again after {again_at:%Y-%m-%d %H:%M} UTC.")


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential back-off with jitter, `Retry-After` honoured, capped in attempts, in each wait and in all.

    budget_s bounds what one call may take with its waits. sleep, clock and jitter are parameters for tests.
    """

    attempts: int = 5
    first_wait_s: float = 0.4
    longest_wait_s: float = 20.0
    budget_s: float = 90.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def call(self, where: str, attempt: Callable[[], T]) -> T:
        """The result of the first attempt that is not Transient. Raises Unreachable when the budget is used up."""
        begun_s, waited_s = self.clock(), 0.0
        for turn in range(1, self.attempts + 1):
            try:
                return attempt()
            except Transient as failed:
                wait_s = self._wait_s(turn, failed)
                spent_s = max(waited_s, self.clock() - begun_s)
                if failed.retry_after_s is not None and spent_s + wait_s > self.budget_s:
                    raise _turned_away(where, failed, wait_s) from failed
                if turn == self.attempts or spent_s + wait_s > self.budget_s:
                    raise _unreachable(where, failed, turn) from failed
                self.sleep(wait_s)
                waited_s += wait_s
        raise ValueError("a retry policy needs at least one attempt")

    def _wait_s(self, turn: int, failed: Transient) -> float:
        """What the server asked for, else the exponential wait, of which half is left to chance."""
        backed_off_s: float = min(self.first_wait_s * 2 ** (turn - 1), self.longest_wait_s)
        jittered_s = backed_off_s * (0.5 + self.jitter() / 2)
        return jittered_s if failed.retry_after_s is None else failed.retry_after_s + jittered_s


class RateBudget:
    """At most so many calls in any so many seconds, for one connection and pull. pause() waits until one more fits."""

    def __init__(self, policy: RetryPolicy, calls: int, per_s: float) -> None:
        self._policy, self._calls, self._per_s = policy, calls, per_s
        self._made: deque[float] = deque()

    def pause(self) -> None:
        """Count one call, after waiting for its turn."""
        now_s = self._policy.clock()
        while self._made and self._made[0] <= now_s - self._per_s:
            self._made.popleft()
        if len(self._made) >= self._calls:
            wait_s = self._made.popleft() + self._per_s - now_s
            self._policy.sleep(wait_s)
            now_s += wait_s
        self._made.append(now_s)


def transient_of(status: int, headers: Mapping[str, str], what: str) -> Transient | None:
    """What to raise if a status says that the same call may succeed later: 408, 425, 429, 5xx. None for any other."""
    if status not in _TRANSIENT_STATUSES and status < 500:
        return None
    return Transient(f"{what} (HTTP {status})", retry_after_s(headers))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or as a date; None if it is not there or not readable."""
    asked = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        at = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None


def _unreachable(where: str, failed: Transient, attempts: int) -> Unreachable:
    return Unreachable(
        f"no answer after {attempts} attempts; the last one: {failed.what}.",
        where=where,
        kept="What was read before is kept, and the cursor stays where it was.",
        todo="It is tried again at the next tick; check the network and base_url if this goes on.",
    )


def _turned_away(where: str, failed: Transient, wait_s: float) -> TurnedAway:
    return TurnedAway(
        f"{failed.what}; the server asks to be left alone for {wait_s / 60:.0f} minutes.",
        datetime.now(UTC) + timedelta(seconds=wait_s),
        where=where,
        kept="What was read before is kept, and the cursor stays where it was.",
    )
