"""Faults: what a connection does wrong, on order for its next calls, or at random by a seed.

Here: which fault a call meets, and how often each was met. Not here: what an answer looks like then (`spoiling`).
"""

from __future__ import annotations

from collections import Counter
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


class Faults:
    """The faults in waiting, oldest first, and chance. `injected` counts what was met: (connection, kind)."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._chaos: Chaos | None = None
        self._calls: Counter[str] = Counter()
        self.injected: Counter[tuple[str, str]] = Counter()

    def order(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def let_loose(self, chaos: Chaos | None) -> None:
        """Chance decides from now on, from its beginning; None: no more."""
        self._chaos = chaos
        self._calls.clear()
        self.injected.clear()

    def clear(self, connection: str | None = None) -> None:
        """Forget the ordered faults of one connection, or all."""
        self._waiting = [each for each in self._waiting if connection not in (None, each.connection)]

    def take(self, connection: str, path: str, vendor: str) -> Fault | None:
        """The fault that a call meets; an ordered one has one use less from now on."""
        fault = self._ordered(connection, path) or self._drawn(connection, vendor)
        if fault is not None:
            self.injected[connection, fault.kind] += 1
        return fault

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
        return Fault(
            connection=connection, kind=kind, retry_after_s=asks_s, delay_s=chaos.delay_s, seed=rng.randrange(2**31)
        )
