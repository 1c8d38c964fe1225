"""A call that is made ahead: asked for now, beside other work, and awaited later."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")

_A_WHILE = 60.0
"""Seconds of one wait. A wait without an end does not hear Ctrl-C: Polars has interrupted calls go on by themselves
(SA_RESTART), and only waits that have an end are excepted."""


class Ahead(Generic[T]):
    """One call in a thread of its own, which nobody has to wait for.

    An executor's threads are waited for when the process ends: whoever stops a pull would wait for the call under way
    and all its retries. What a call of this kind brings is lost with the process; it has only read.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._coming: Future[T] = Future()
        Thread(target=self._run, args=(call,), name="ahead", daemon=True).start()

    def _run(self, call: Callable[[], T]) -> None:
        try:
            found = call()
        except BaseException as problem:  # noqa: BLE001 - raised where it is awaited
            self._coming.set_exception(problem)
        else:
            self._coming.set_result(found)

    def result(self) -> T:
        """What the call gave. Raises what it raised, and KeyboardInterrupt as soon as somebody stops the wait."""
        while not self._coming.done():
            self.wait(_A_WHILE)
        return self._coming.result()

    def wait(self, seconds: float) -> None:
        """Until it is there, and no longer than so."""
        wait([self._coming], timeout=seconds)
