"""What callers changed at Stripe: metadata that they set, and the answers kept under idempotency keys.

Kept in a file per connection, replaced whole, so that a retry after a restart finds the answer of its first attempt.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from finance_pipeline.sandbox.servers.calls import Answer


@dataclass(frozen=True)
class Kept:
    """The answer of the first call with a key. fingerprint: of that call's method, path and parameters."""

    fingerprint: str
    request_id: str
    answer: Answer


class StripeState:
    """Reads its file at start, writes it at every change."""

    def __init__(self, file: Path) -> None:
        self.file = file
        content = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        self.metadata: dict[str, dict[str, str]] = content.get("metadata", {})
        self._answers: dict[str, list[str]] = content.get("answers", {})

    def kept(self, key: str) -> Kept | None:
        """What was answered to a key, if it was used."""
        if key not in self._answers:
            return None
        fingerprint, request_id, status, body = self._answers[key]
        return Kept(fingerprint, request_id, Answer(int(status), body.encode()))

    def keep(self, key: str, fingerprint: str, request_id: str, answer: Answer) -> None:
        """Remember an answer for every later call with this key."""
        self._answers[key] = [fingerprint, request_id, str(answer.status), answer.body.decode()]
        self._write()

    def set_metadata(self, object_id: str, metadata: dict[str, str]) -> None:
        """The whole metadata of an object from now on."""
        self.metadata[object_id] = metadata
        self._write()

    def _write(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        beside = self.file.with_suffix(".new")
        beside.write_text(json.dumps({"metadata": self.metadata, "answers": self._answers}), encoding="utf-8")
        os.replace(beside, self.file)  # noqa: PTH105 - Path.replace is the same call with less said
