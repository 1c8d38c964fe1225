"""HTTP: the one retry policy of every connector, with its time-outs. The vendors' SDKs retry nothing themselves.

Here: how often, how long, and when to give up. Not here: what a vendor's errors mean, its limits (`limits`), or whether
a connection may be called at all (`health`).

The first call that uses up its budget ends the pull of its connection, and no other call is tried. A server that names
a time beyond the budget (Xero's day limit) is left alone at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from finance_pipeline.core.problems import Unreachable
from finance_pipeline.sources.limits import Gate, Limit, OwnGate

T = TypeVar("T")
_CHUNK_BYTES, _LARGEST_BYTES = 1 << 20, 1 << 28
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
    connect_s: int = 5
    read_s: int = 30
    """Between two bytes. Whole seconds, as connect_s: xero-python ignores any other number, and then waits for ever."""
    answer_s: float = 120.0
    """For a whole answer, however steadily it trickles."""
    time_scale: float = 1.0
    """How much of each wait is really slept; below 1 only against simulated servers."""
    gate: Gate = field(default_factory=OwnGate)
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
                    asks = f"{failed.what}; the server asks to be left alone for {wait_s / 60:.0f} minutes."
                    raise self._turned_away(where, asks, wait_s) from failed
                if turn == self.attempts or spent_s + wait_s > self.budget_s:
                    raise _unreachable(where, failed, turn) from failed
                self.wait(wait_s)
                waited_s += wait_s
        raise ValueError("a retry policy needs at least one attempt")

    def admit(self, where: str, limits: Sequence[Limit]) -> None:
        """Count one call against the vendor's limits, after waiting for its turn. Raises TurnedAway for long waits."""
        waited_s = 0.0
        while wait_s := self.gate.take(limits):
            if waited_s + wait_s > self.budget_s:
                used = f"the vendor's limit is used up by our own calls for {wait_s / 60:.0f} minutes."
                raise self._turned_away(where, used, wait_s)
            self.wait(wait_s)
            waited_s += wait_s

    def pause(self, turn: int) -> None:
        """The wait before a call is made again whose answer was no use; turn: counts from 1."""
        self.wait(self._wait_s(turn, Transient("no use")))

    def wait(self, seconds: float) -> None:
        self.sleep(seconds * self.time_scale)

    @property
    def timeout(self) -> tuple[int, int]:
        """Connect and read time-out, as every HTTP library here takes them."""
        return self.connect_s, self.read_s

    def body(self, answer: Any, largest_bytes: int = _LARGEST_BYTES) -> bytes:
        """The body of a urllib3 response that was not read yet, and of a larger one not much more than it may have.

        Raises Transient if it takes too long.
        """
        ends_s, count = self.clock() + self.answer_s, 0
        chunks: list[bytes] = []
        while count <= largest_bytes and (chunk := answer.read1(_CHUNK_BYTES, decode_content=True)):
            chunks.append(chunk)
            count += len(chunk)
            if self.clock() > ends_s:
                answer.close()
                raise Transient(f"its answer took longer than {self.answer_s:.0f} seconds")
        answer.release_conn()
        return b"".join(chunks)

    def _turned_away(self, where: str, what: str, wait_s: float) -> TurnedAway:
        return TurnedAway(
            what,
            datetime.now(UTC) + timedelta(seconds=wait_s * self.time_scale),
            where=where,
            kept="What was read before is kept, and the cursor stays where it was.",
        )

    def _wait_s(self, turn: int, failed: Transient) -> float:
        """What the server asked for, else the exponential wait, of which half is left to chance."""
        backed_off_s: float = min(self.first_wait_s * 2 ** (turn - 1), self.longest_wait_s)
        jittered_s = backed_off_s * (0.5 + self.jitter() / 2)
        return jittered_s if failed.retry_after_s is None else failed.retry_after_s + jittered_s


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
