"""Anchors: where the chain ended, noted outside the database, so that whoever holds all of it cannot rewrite it unseen.

A file of lines, oldest first, each the JSON of one anchor. It only grows: a line is on disk before its writer goes on.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from finance_pipeline.core.problems import BadInput

Connection = psycopg.Connection[tuple[Any, ...]]
_HEAD = """
    select
        head.position, encode(head.link, 'hex'),
        to_char(head.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        (select coalesce(sum(entry_count), 0)::bigint from ledger.seal where position <= head.position),
        control_position, encode(control_link, 'hex')
    from ledger.head
    where head.position > 0 or head.control_position > 0
"""


class BadAnchor(BadInput):
    """A file that should hold anchors holds something else, or cannot be read."""


@dataclass(frozen=True)
class Anchor:
    """Where the chain ended at some moment."""

    position: int
    """Place of the last seal."""
    link: str
    """Its link, in hexadecimal."""
    recorded_at: str
    """When it was sealed, in UTC."""
    entries: int
    """Entries of all seals up to it."""
    controls: int = 0
    """Place of the last seal of a decision about the books: a sign-off, a lock, an approval."""
    control_link: str = ""
    """Its link, in hexadecimal."""


def anchor_of(conn: Connection) -> Anchor | None:
    """Where the chain ends now; None while nothing was posted."""
    row = conn.execute(_HEAD).fetchone()
    return Anchor(*row) if row else None


def append_anchor(file: Path, anchor: Anchor) -> bool:
    """Add an anchor to a file, unless it is the last one there already. On disk when this returns.

    A half line, which a crash left, is replaced. Raises BadAnchor.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            opened.seek(0)
            written = opened.read()
            line = json.dumps(asdict(anchor)).encode()
            if written.endswith(line + b"\n"):
                return False
            opened.truncate(written.rfind(b"\n") + 1)
            opened.write(line + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as cause:
        raise BadAnchor(f"the anchor cannot be written: {cause.strerror}.", where=str(file)) from cause
    return True


def read_anchors(file: Path) -> list[Anchor]:
    """Every anchor of a file, oldest first. Raises BadAnchor."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise BadAnchor("the file of anchors cannot be read.", where=str(file), todo="Name another file.") from cause
    return list(_parsed(text, file))


def _parsed(text: str, file: Path) -> Iterator[Anchor]:
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            said = json.loads(line)
            ledger = int(said["position"]), str(said["link"]), str(said["recorded_at"]), int(said["entries"])
            yield Anchor(*ledger, int(said.get("controls", 0)), str(said.get("control_link", "")))
        except (ValueError, KeyError, TypeError) as cause:
            if number == len(lines) and not text.endswith("\n"):
                return  # its writer was killed: what it noted is noted again with the next run
            raise BadAnchor(
                f"line {number} is no anchor.",
                where=str(file),
                kept="Nothing was compared.",
                todo="Restore the file from a copy.",
            ) from cause
