"""Faults on order: what a test or a demonstration asks a connection to do wrong for its next calls."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

REFUSALS = ("status_429", "status_500", "login_required", "unauthorised", "forbidden")
Kind = Literal[
    "status_429",
    "status_500",
    "login_required",
    "unauthorised",
    "forbidden",
    "malformed",
    "slow",
    "reset",
    "reset_after",
    "expired_token",
]


class Fault(BaseModel):
    """A fault for the next calls of one connection.

    status_429, status_500, login_required, unauthorised, forbidden: refused in the vendor's words, nothing done.
    malformed: the true answer, cut in half. slow: the true answer, late. reset: the connection breaks before anything
    is done. reset_after: it breaks when all is done and nothing was said. expired_token: every token expires first.
    """

    model_config = ConfigDict(extra="forbid")

    connection: str
    kind: Kind
    count: int = Field(1, ge=-1)
    """How many calls; -1 until the faults are cleared."""
    path: str = ""
    """Only calls whose path has this in it."""
    skip: int = Field(0, ge=0)
    """How many such calls go well first."""
    retry_after_s: int = Field(1, ge=0)
    delay_s: float = Field(2, ge=0, le=600)


class Faults:
    """The faults in waiting, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def order(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self, connection: str | None = None) -> None:
        """Forget the faults of one connection, or all."""
        self._waiting = [each for each in self._waiting if connection not in (None, each.connection)]

    def take(self, connection: str, path: str) -> Fault | None:
        """The fault that a call meets, which has one use less from now on."""
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
