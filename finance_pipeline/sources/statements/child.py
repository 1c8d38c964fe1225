"""The side of the child process that asks: one reader a process, started when first used, killed if it takes too long.

Here: requests, time limits, what becomes of a reader that ends. Not here: what it does (worker).
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from finance_pipeline.sources.statements.model import MalformedStatement, StatementDoesNotFoot

_MODULE = "finance_pipeline.sources.statements.worker"
_START_S = 60.0
_LEAST_S = 20.0
_SLOWEST_BYTES_PER_S = 2_000_000
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Told:
    """What somebody declared about files that do not say it themselves; profiles of CSV as YAML."""

    profiles: tuple[str, ...] = ()
    account: str | None = None
    currency: str | None = None


class _TookTooLong(Exception):
    """The reader did not answer in time."""


class _Ended(Exception):
    """The reader ended instead of answering."""


class Reader:
    """A child process that reads files, one at a time. What it cannot read it says; it never takes us with it."""

    def __init__(self, least_s: float = _LEAST_S) -> None:
        self._least_s = least_s
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._has_answered = False

    def summaries(self, path: Path, name: str, told: Told | None = None) -> list[dict[str, Any]]:
        """What `statements parse` prints of a file. Raises MalformedStatement."""
        request = {"want": "summaries", "path": str(path), "name": name, "declared": asdict(told or Told())}
        found: list[dict[str, Any]] = self._asked(request, path, None)
        return found

    def proposal(self, path: Path) -> str:
        """A proposed CSV profile as YAML. Raises MalformedStatement saying what has to be decided."""
        found: str = self._asked({"want": "proposal", "path": str(path), "name": path.stem}, path, None)
        return found

    def rows(self, raw: bytes, name: str, told: Told | None = None) -> list[tuple[str, str, str, str | None, str]]:
        """Rows of evidence of a file's bytes. Raises MalformedStatement, StatementDoesNotFoot."""
        request = {"want": "rows", "name": name, "sent_bytes": len(raw), "declared": asdict(told or Told())}
        answered = self._asked(request, None, raw)
        return [(row[0], row[1], row[2], row[3], row[4]) for row in answered]

    def stop(self) -> None:
        """End the child; the next request starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        self._has_answered = False

    def _asked(self, request: dict[str, Any], path: Path | None, raw: bytes | None) -> Any:
        size_bytes = path.stat().st_size if path is not None and path.is_file() else len(raw or b"")
        limit_s = self._least_s + size_bytes / _SLOWEST_BYTES_PER_S
        request["limit_s"] = limit_s
        with self._turn:
            try:
                answer = self._exchange(request, raw, limit_s if self._has_answered else limit_s + _START_S)
            except _TookTooLong:
                self.stop()
                raise MalformedStatement(f"reading it took longer than {limit_s:.0f} s, so it was given up.") from None
            except _Ended:
                self.stop()
                raise MalformedStatement("the process that read it was ended by it.") from None
        if "held" in answer:
            raise StatementDoesNotFoot(answer["held"])
        if "refused" in answer:
            raise MalformedStatement(answer["refused"])
        return answer["found"]

    def _exchange(self, request: dict[str, Any], raw: bytes | None, limit_s: float) -> dict[str, Any]:
        """One request and its answer. Raises _TookTooLong, _Ended."""
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise _Ended
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n" + (raw or b""))
            process.stdin.flush()
        except OSError:
            raise _Ended from None
        answer: dict[str, Any] = json.loads(_line(process.stdout, time.monotonic() + limit_s))
        self._has_answered = True
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._has_answered = False
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"POLARS_MAX_THREADS": "1"},
                start_new_session=True,
            )
        return self._process


def _line(stream: IO[bytes], until: float) -> bytes:
    """One line of an answer, however long. Raises _TookTooLong, _Ended."""
    parts: list[bytes] = []
    handle = stream.fileno()
    while not (parts and parts[-1].endswith(b"\n")):
        left = until - time.monotonic()
        if left <= 0 or not select.select([handle], [], [], left)[0]:
            raise _TookTooLong
        part = os.read(handle, _CHUNK_BYTES)
        if not part:
            raise _Ended
        parts.append(part)
    return b"".join(parts)


_SHARED = Reader()
atexit.register(_SHARED.stop)


def shared_reader() -> Reader:
    """The reader of this process."""
    return _SHARED
