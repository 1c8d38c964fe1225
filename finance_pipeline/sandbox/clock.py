"""The sandbox's clock: the moment up to which its servers show what happened. It only goes forward."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from finance_pipeline.core.problems import BadInput

DEMO_CLOCKS = (datetime(2026, 10, 20, 6, tzinfo=UTC), datetime(2026, 11, 2, 6, tzinfo=UTC))
"""The two moments of the demo: late in the last month, and once that month is over."""


def read_clock(home: Path) -> datetime:
    """The moment that it is in the sandbox of a data folder; the demo's first if nobody set it."""
    try:
        content = json.loads(_file(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DEMO_CLOCKS[0]
    return datetime.fromisoformat(content["now"])


def start_clock(home: Path, at: datetime) -> datetime:
    """Set the clock of a sandbox that never had one; returns the moment that it is there."""
    return read_clock(home) if _file(home).exists() else advance_clock(home, at)


def forget_clock(home: Path) -> None:
    """As if the clock had never been set: for whoever lives the same days again, with nothing landed of them."""
    _file(home).unlink(missing_ok=True)


def advance_clock(home: Path, to: datetime) -> datetime:
    """Set the clock and return it. The same moment again is fine. Raises BadInput for an earlier or zoneless one."""
    if to.tzinfo is None:
        raise BadInput(f"{to} has no time zone.", where="the sandbox's clock", todo="Give it with an offset, or Z.")
    file = _file(home)
    if file.exists() and to < (now := read_clock(home)):
        raise BadInput(
            f"{to.isoformat()} is before {now.isoformat()}.",
            where="the sandbox's clock",
            kept="It stays where it is.",
            todo="Time there only goes forward; use another data folder to see an earlier moment.",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps({"now": to.astimezone(UTC).isoformat()}), encoding="utf-8")
    os.replace(beside, file)  # noqa: PTH105 - says that it replaces
    return to


def _file(home: Path) -> Path:
    return home / "sandbox" / "clock.json"
