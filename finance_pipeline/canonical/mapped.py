"""What a mapper gives: canonical frames, and what did not fit with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from finance_pipeline.core.tables import Column, Table

UNFIT = Table(
    "unfit",
    "One row per source record that cannot be mapped.",
    (
        Column("kind", pl.String, "Kind of source record."),
        Column("source_id", pl.String, "The source's id of the record."),
        Column("content_hash", pl.String, "SHA-256 of the landed record."),
        Column("reason", pl.String, "Why it does not fit, in words."),
    ),
)


@dataclass(frozen=True)
class Mapped:
    """Canonical frames by table name (finance_pipeline.canonical.schemas.RECORDS), and the records left out."""

    tables: dict[str, pl.DataFrame]
    unfit: pl.DataFrame = field(default_factory=UNFIT.empty)
    families: list[str] = field(default_factory=list)
    """What ids of payments begin with that one source record lists, all of them: those it lists no more are gone."""
