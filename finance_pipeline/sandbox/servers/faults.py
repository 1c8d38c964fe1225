"""Faults: what a connection does wrong, on order for its next calls, or at random by a seed.

Here: which fault a call meets, how often each was met, and what its caller did next. Not here: what an answer looks
like then (`spoiling`).
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "status_429",
    "bare_429",
    "status_500",
    "login_required",
    "unauthorised",
    "forbidden",
    "day_limit",
    "cursor_mutation",
    "lost_cursor",
    "reset",
    "reset_after",
    "slow",
    "slow_body",
    "truncated",
    "malformed",
    "html",
    "expired_token",
    "token_race",
    "disorder",
    "new_fields",
    "changed_types",
    "unknown_enum",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
REFUSALS = KINDS[: KINDS.index("reset")]
"""Refused in the vendor's words, nothing done."""
_OF_ANYBODY: tuple[Kind, ...] = (
    *("status_429", "bare_429", "status_500", "reset", "reset_after"),
    *("slow", "slow_body", "truncated", "malformed", "html"),
)
_OF_AN_API: tuple[Kind, ...] = ("login_required", "disorder", "new_fields", "changed_types", "unknown_enum")
PLAIDS_OWN: tuple[Kind, ...] = ("cursor_mutation", "lost_cursor")
OF_VENDOR: dict[str, tuple[Kind, ...]] = {
    "ecb": _OF_ANYBODY,
    "plaid": (*_OF_ANYBODY, *_OF_AN_API, *PLAIDS_OWN),
    "stripe": (*_OF_ANYBODY, *_OF_AN_API),
    "xero": (*_OF_ANYBODY, *_OF_AN_API, "expired_token", "token_race", "day_limit", "forbidden"),
}
"""What a vendor does at random."""
_ANSWERED: tuple[Kind, ...] = (
    *("slow", "slow_body", "expired_token", "token_race"),
    *("disorder", "new_fields", "changed_types", "unknown_enum"),
)
_NAME_A_TIME: tuple[Kind, ...] = ("status_429", "day_limit")
TOKEN_PATH = "connect/token"


class Fault(BaseModel):
    """A fault for the next calls of one connection.

    Refusals, in the vendor's words, with nothing done: status_429, bare_429 (which names no time), status_500,
    login_required, unauthorised, forbidden, day_limit, cursor_mutation and lost_cursor (the last two of Plaid).
    The wire: reset (before anything is done), reset_after (when all is done), slow (late), slow_body (a pause in the
    middle), truncated (ends before its length). The answer: malformed (half of it, with the right length), html (a page
    for people, with status 200). Tokens: expired_token (all do, first), token_race (and so does the next one).
    The records, all of them but in changed_types: disorder (shuffled, some twice), new_fields, changed_types (a text of
    one record is a number), unknown_enum.
    """

    model_config = ConfigDict(extra="forbid")

    connection: str
    kind: Kind
    count: int = Field(default=1, ge=-1)
    """How many calls; -1 until the faults are cleared."""
    path: str = ""
    """Only calls whose path has this in it."""
    skip: int = Field(default=0, ge=0)
    """How many such calls go well first."""
    retry_after_s: int = Field(default=1, ge=0)
    delay_s: float = Field(default=2, ge=0, le=600)
    member: str = ""
    """Of changed_types and unknown_enum: which member of a record; the vendor's usual ones if left out."""
    seed: int = 0
    """Of disorder and changed_types: which records."""


class Chaos(BaseModel):
    """Faults at random: of so many per cent of all calls, of kinds that the vendor can have."""

    model_config = ConfigDict(extra="forbid")

    seed: int
    percent: int = Field(ge=0, le=100)
    kinds: tuple[Kind, ...] = KINDS
    retry_after_s: int = Field(default=20, ge=0)
    day_limit_s: int = Field(default=600, ge=0)
    """What a day limit asks for."""
    delay_s: float = Field(default=0.02, ge=0, le=600)
    stall_s: float = Field(default=0.02, ge=0, le=600)
    """The delay of one slow answer in eight."""
    time_scale: float = Field(default=1, gt=0, le=1)
    """How much of a time that we name a caller has to wait, where its own waits are shortened."""


@dataclass(frozen=True)
class _Met:
    """A fault that a connection's last call met, until its next call shows what came of it."""

    fault: Fault
    call: str
    at_s: float


class Faults:
    """The faults in waiting, oldest first, and chance. `injected` counts what was met: (connection, kind).

    `aftermath` counts what the caller did next, (kind, what): `retried`, the same call again; `waited`, the same after
    the time that the fault named; `too_early`, the same before it; `resumed`, another call after one that failed, as of
    a pull that begins anew; `taken`, another call after one that was answered, however oddly.
    """

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._chaos: Chaos | None = None
        self._calls: Counter[str] = Counter()
        self._met: dict[str, _Met] = {}
        self.injected: Counter[tuple[str, str]] = Counter()
        self.aftermath: Counter[tuple[str, str]] = Counter()

    def order(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def let_loose(self, chaos: Chaos | None) -> None:
        """Chance decides from now on, from its beginning; None: no more."""
        self._chaos = chaos
        for kept in (self._calls, self._met, self.injected, self.aftermath):
            kept.clear()

    def clear(self, connection: str | None = None) -> None:
        """Forget the ordered faults of one connection, or all."""
        self._waiting = [each for each in self._waiting if connection not in (None, each.connection)]

    def take(self, connection: str, path: str, vendor: str, call: str) -> Fault | None:
        """The fault that a call meets; an ordered one has one use less from now on. call: what tells calls apart."""
        now_s = time.monotonic()
        if (met := self._met.get(connection)) and not (path == TOKEN_PATH and met.call != call):
            self.aftermath[met.fault.kind, self._what_came(met, call, now_s)] += 1
            del self._met[connection]
        fault = self._ordered(connection, path) or self._drawn(connection, vendor)
        if fault is not None:
            self.injected[connection, fault.kind] += 1
            self._met[connection] = _Met(fault, call, now_s)
        return fault

    def _what_came(self, met: _Met, call: str, now_s: float) -> str:
        if met.call != call:
            return "taken" if met.fault.kind in _ANSWERED else "resumed"
        if met.fault.kind not in _NAME_A_TIME:
            return "retried"
        asked_s = met.fault.retry_after_s * (self._chaos.time_scale if self._chaos else 1)
        return "waited" if now_s - met.at_s >= asked_s else "too_early"

    def _ordered(self, connection: str, path: str) -> Fault | None:
        for fault in self._waiting:
            if fault.connection != connection or fault.path not in path:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.count > 0:
                fault.count -= 1
            if fault.count == 0:
                self._waiting.remove(fault)
            return fault
        return None

    def _drawn(self, connection: str, vendor: str) -> Fault | None:
        """What chance has for a connection's next call: a function of the seed and of how many calls it had."""
        chaos = self._chaos
        if chaos is None:
            return None
        self._calls[connection] += 1
        rng = Random(f"{chaos.seed}/{connection}/{self._calls[connection]}")
        kinds = [kind for kind in OF_VENDOR[vendor] if kind in chaos.kinds]
        if not kinds or rng.randrange(100) >= chaos.percent:
            return None
        kind = rng.choice(kinds)
        asks_s = chaos.day_limit_s if kind == "day_limit" else chaos.retry_after_s
        delay_s = rng.choice((*(chaos.delay_s,) * 7, chaos.stall_s))
        return Fault(connection=connection, kind=kind, retry_after_s=asks_s, delay_s=delay_s, seed=rng.randrange(2**31))
