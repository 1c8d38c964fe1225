"""One measured piece in a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from finance_pipeline.core.problems import PermanentProblem

_KIB = 1024
_LAST_CHARS = 600


class PieceFailed(PermanentProblem):
    """A measured process ended with an error; its last words are in the message."""


@dataclass(frozen=True)
class Measured:
    """milliseconds: of the whole process. peak_bytes: the most memory that it held. said: the JSON of its last line,
    null where it printed nothing."""

    milliseconds: int
    peak_bytes: int
    said: Any


def measured(module: str, *arguments: str) -> Measured:
    """Run a module of ours to its end. Raises PieceFailed if it fails."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed, tempfile.TemporaryFile("w+") as complained:
        began = time.perf_counter_ns()
        piece = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=printed, stderr=complained)
        _, status, used = os.wait4(piece.pid, 0)
        elapsed = (time.perf_counter_ns() - began) // 1_000_000
        piece.returncode = os.waitstatus_to_exitcode(status)
        for stream in (printed, complained):
            stream.seek(0)
        if piece.returncode:
            last = complained.read()[-_LAST_CHARS:].strip()
            raise PieceFailed(f"it ended with {piece.returncode}: {last}", where=f"python -m {module}")
        lines = printed.read().strip().splitlines()
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else _KIB
    return Measured(elapsed, used.ru_maxrss * unit, json.loads(lines[-1]) if lines else None)
