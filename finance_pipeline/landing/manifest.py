"""The manifest: what was landed, and up to where each connection was read.

Here: one update becomes manifest rows, record versions, dead letters and a cursor, in the caller's one transaction.
Landing is idempotent: a record whose content is that of its latest version adds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
import psycopg

from finance_pipeline.landing.files import LandedFile
from finance_pipeline.store.copy import copy_in
from finance_pipeline.store.sql import query

Connection = psycopg.Connection[tuple[Any, ...]]
_LANDING_LOCK = 7_203_001
"""Serialises the moment of landing over all connections, so that sequence numbers become visible in their order."""

_MEMORY = "set local work_mem = '128MB'"
"""Until the end of the transaction: a first update of 100,000 records is sorted without a file."""


@dataclass(frozen=True)
class Landing:
    """One update on its way into the manifest."""

    sync_id: str
    connection_id: str
    source: str
    pages: tuple[tuple[str, str, datetime], ...]
    """page hash, endpoint, moment it was fetched."""
    pages_file: Callable[[], LandedFile | None]
    """Asked for when it is noted, as evidence_file: it may be written until then."""
    evidence: pl.DataFrame
    evidence_file: Callable[[], LandedFile | None]
    dead_letters: tuple[tuple[str, str, str, str, str], ...]
    """kind, source id, reason, payload, page hash."""
    complete_kinds: tuple[str, ...]
    complete_from: date | None
    cursor: Mapping[str, Any] | None
    """Where the next pull begins; None leaves it where it is."""


@dataclass(frozen=True)
class Landed:
    """What an update added."""

    new_version_count: int
    dead_letter_count: int


def land(conn: Connection, landing: Landing) -> Landed:
    """Write one update and its cursor. Returns the number of record versions and dead letters that were new."""
    _stage(conn, landing)
    evidence_file = landing.evidence_file()
    conn.execute("select pg_advisory_xact_lock(%s)", (_LANDING_LOCK,))
    if evidence_file:
        _note_file(conn, landing, evidence_file, "evidence")
    versions = _land_records(conn, landing, evidence_file)
    if pages_file := landing.pages_file():
        _note_file(conn, landing, pages_file, "pages")
        _note_pages(conn, landing, pages_file)
    letters = _land_dead_letters(conn, landing)
    if landing.cursor is None:
        return Landed(versions, letters)
    conn.execute(
        """
        insert into landing.cursor (connection_id, state) values (%s, %s::jsonb)
        on conflict (connection_id) do update set state = excluded.state, moved_at = clock_timestamp()
        """,
        (landing.connection_id, json.dumps(landing.cursor)),
    )
    return Landed(versions, letters)


def cursor_of(conn: Connection, connection_id: str) -> dict[str, Any] | None:
    """Where the next pull of a connection begins; None before the first."""
    row = conn.execute("select state from landing.cursor where connection_id = %s", (connection_id,)).fetchone()
    return row[0] if row else None


def note_read(conn: Connection, connection_id: str, read_at: datetime) -> None:
    """Record that a connection was read to its end: what freshness is measured from."""
    conn.execute(
        """
        insert into landing.cursor (connection_id, read_at) values (%s, %s)
        on conflict (connection_id) do update set read_at = greatest(landing.cursor.read_at, excluded.read_at)
        """,
        (connection_id, read_at),
    )


def note_sync(
    conn: Connection,
    landing_id: tuple[str, str, str],
    started_at: datetime,
    outcome: str,
    words: str,
    counts: tuple[int, int, int],
) -> None:
    """Record that a pull ended. landing_id: sync, connection, source; counts: pages, versions, dead letters."""
    conn.execute(
        """
        insert into landing.sync (sync_id, connection_id, source, started_at, outcome, words,
                                  page_count, new_version_count, dead_letter_count)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (*landing_id, started_at, outcome, words, *counts),
    )


def _note_file(conn: Connection, landing: Landing, file: LandedFile, holds: str) -> None:
    conn.execute(
        """
        insert into landing.file (content_hash, connection_id, holds, path, byte_count, row_count, sync_id)
        values (%s, %s, %s, %s, %s, %s, %s) on conflict (content_hash) do nothing
        """,
        (file.content_hash, landing.connection_id, holds, file.path, file.byte_count, file.row_count, landing.sync_id),
    )


def _note_pages(conn: Connection, landing: Landing, file: LandedFile) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into landing.page (page_hash, file_hash, endpoint, fetched_at)
            values (%s, %s, %s, %s) on conflict do nothing
            """,
            [(page_hash, file.content_hash, endpoint, fetched_at) for page_hash, endpoint, fetched_at in landing.pages],
        )


def _stage(conn: Connection, landing: Landing) -> None:
    """An update's records where `_land_records` looks for them; of one seen twice, the last word counts."""
    if landing.evidence.is_empty():
        return
    copy_in(
        conn,
        "staging.evidence",
        landing.evidence.drop("payload")
        .unique(["kind", "source_id"], keep="last")
        .sort("kind", "source_id")
        .with_columns(sync_id=pl.lit(landing.sync_id)),
    )


def _land_records(conn: Connection, landing: Landing, file: LandedFile | None) -> int:
    """New versions of the staged records whose content changed. file: holds them."""
    if file is None and not landing.complete_kinds:
        return 0
    conn.execute(_MEMORY)
    added = conn.execute(
        query("land_records"),
        {
            "sync_id": landing.sync_id,
            "connection_id": landing.connection_id,
            "source": landing.source,
            "file_hash": file.content_hash if file else None,
            "complete_kinds": list(landing.complete_kinds),
            "complete_from": landing.complete_from,
            "refused_ids": [source_id for _, source_id, *_ in landing.dead_letters],
        },
    ).rowcount
    conn.execute("delete from staging.evidence where sync_id = %s", (landing.sync_id,))
    return added


def _land_dead_letters(conn: Connection, landing: Landing) -> int:
    return sum(
        conn.execute(
            """
            insert into landing.dead_letter (connection_id, kind, source_id, reason, payload, page_hash, sync_id)
            values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
            """,
            (landing.connection_id, *letter, landing.sync_id),
        ).rowcount
        for letter in landing.dead_letters
    )


def note_unfit(conn: Connection, connection_id: str, unfit: Iterable[tuple[str, str, str, str]]) -> int:
    """Dead letters of records that were landed but cannot be mapped: (kind, source id, content hash, reason)."""
    return sum(
        conn.execute(
            """
            insert into landing.dead_letter (connection_id, kind, source_id, reason, payload, page_hash, sync_id)
            values (%s, %s, %s, %s, '', %s, 'mapping') on conflict do nothing
            """,
            (connection_id, kind, source_id, reason, content),
        ).rowcount
        for kind, source_id, content, reason in unfit
    )
