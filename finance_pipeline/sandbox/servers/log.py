"""Event logs: what the world wrote for a vendor to serve, replayed up to a moment.

A log is a Parquet file with one row per event: visible_at, op (added, modified, removed), id, sort, json. Its
*position* at a moment is the number of events visible by then, so a state is a function of a position, and so is
every cursor. Records stay the raw JSON texts that the world wrote: nothing here re-encodes a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import polars as pl

COLUMNS = pl.Schema(
    [
        ("visible_at", pl.Datetime("us", "UTC")),
        ("op", pl.String()),
        ("id", pl.String()),
        ("sort", pl.Int64()),
        ("json", pl.String()),
    ]
)
Fields = Mapping[str, tuple[str, pl.DataType]]
"""Columns that a server filters by: name -> (path in the record, type). A path that leads nowhere gives null."""
_STATES_KEPT = 4


class EventLog:
    """One kind of record of one connection. Grain of `events`: one row per event, in order; `at` counts from 0."""

    def __init__(self, events: pl.DataFrame, fields: Fields | None = None) -> None:
        found = [
            pl.col("json").str.json_path_match(path).cast(dtype, strict=False).alias(name)
            for name, (path, dtype) in (fields or {}).items()
        ]
        ordered = events.select(COLUMNS.names()).cast(COLUMNS).sort("visible_at", "sort", maintain_order=True)
        self.events = ordered.with_columns(found).with_row_index("at")
        self.state = lru_cache(maxsize=_STATES_KEPT)(self._state)

    @classmethod
    def read(cls, file: Path, fields: Fields | None = None) -> EventLog:
        """The log in a file; a file that is not there is a log without events."""
        return cls(pl.read_parquet(file) if file.exists() else pl.DataFrame(schema=COLUMNS), fields)

    def position(self, moment: datetime) -> int:
        """How many events are visible at a moment."""
        return int(self.events["visible_at"].search_sorted(moment, side="right"))

    def current(self, moment: datetime) -> pl.DataFrame:
        """The records that exist at a moment, one row each: the latest event of each, in the order of these events."""
        return self.state(self.position(moment))

    def _state(self, position: int) -> pl.DataFrame:
        latest = self.events.head(position).unique("id", keep="last", maintain_order=True)
        return latest.filter(pl.col("op") != "removed").sort("at")

    def net_changes(self, base: int, upto: int) -> pl.DataFrame:
        """What became of each record between two positions: columns of events, plus `change` and `before`.

        change: added, modified or removed as seen by somebody who last looked at `base`; a record that came and went
        in between is not there. before: the record's JSON at `base`, null if it did not exist. In order of events.
        """
        before = self.state(base).select("id", before="json")
        latest = self.events.slice(base, upto - base).unique("id", keep="last", maintain_order=True).sort("at")
        gone, known = pl.col("op") == "removed", pl.col("before").is_not_null()
        change = (
            pl.when(gone & known)
            .then(pl.lit("removed"))
            .when(gone)
            .then(None)
            .when(known)
            .then(pl.lit("modified"))
            .otherwise(pl.lit("added"))
        )
        joined = latest.join(before, on="id", how="left", maintain_order="left")
        return joined.with_columns(change=change).filter(pl.col("change").is_not_null())

    def mark(self, position: int) -> str:
        """A name for the last event before a position, by which a cursor proves that it belongs to this log."""
        if position == 0:
            return ""
        return "|".join(str(part) for part in self.events.select("id", "op", "sort").row(position - 1))


class Served:
    """The folder that the world fills for one connection. Files are read once and again when they change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._logs: dict[str, tuple[tuple[int, int], EventLog]] = {}

    def log(self, kind: str, fields: Fields | None = None) -> EventLog:
        """The event log of a kind of record. Every caller of a kind asks for the same fields."""
        file = self.folder / f"{kind}.parquet"
        version = file_version(file)
        known = self._logs.get(kind)
        if known is None or known[0] != version:
            known = self._logs[kind] = (version, EventLog.read(file, fields))
        return known[1]


def file_version(file: Path) -> tuple[int, int]:
    """Modification time in ns and size in bytes, which change when a file does; (0, 0) if there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
