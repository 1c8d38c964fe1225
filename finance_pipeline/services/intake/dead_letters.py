"""Dead letters: what did not fit, where its bytes are, and what a person does about it.

A retry reads again the way a first read does: a connection from its beginning, a statement file from the bytes that
were kept. Whatever is known already adds nothing, so a retry may be repeated at will. What people did is recorded and
never changed; the letter itself stays as it was written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from finance_pipeline.core.period import BookMonth
from finance_pipeline.core.problems import BadInput, Problem
from finance_pipeline.core.settings import Book
from finance_pipeline.services.calendar import last_month
from finance_pipeline.services.intake.canonicalize import SOURCES_OF, canonicalize
from finance_pipeline.services.intake.sync import Synced, import_statement_files, sync_connection
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources.gather import book_of
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_MOMENT = pl.Datetime("us", "UTC")
DEAD_LETTERS = pl.Schema(
    {
        "dead_letter_id": pl.Int64(),
        "connection_id": pl.String(),
        "kind": pl.String(),
        "source_id": pl.String(),
        "reason": pl.String(),
        "standing": pl.String(),
        "landed_at": _MOMENT,
        "unmapped": pl.Boolean(),
        "page_hash": pl.String(),
        "endpoint": pl.String(),
        "path": pl.String(),
        "payload": pl.String(),
        "actor": pl.String(),
        "decided_because": pl.String(),
        "decided_at": _MOMENT,
    }
)
_READ_AGAIN = "read again"


@dataclass(frozen=True)
class Retried:
    """What a retry did. letters: those it was about. settled: how many of them fit now."""

    connection_id: str
    letters: int
    settled: int
    new_versions: int
    problem: Problem | None


def dead_letters(workspace: Workspace, connection: str | None = None, *, every: bool = False) -> pl.DataFrame:
    """One row per dead letter (DEAD_LETTERS), newest first; only those that wait, unless `every`."""
    if connection is not None:
        workspace.settings.connection(connection)
    return _read(workspace, connection=connection, dead_letter_id=None, every=every)


def dead_letter(workspace: Workspace, dead_letter_id: int) -> dict[str, Any]:
    """One dead letter by number. Raises BadInput if there is none."""
    found = _read(workspace, connection=None, dead_letter_id=dead_letter_id, every=True)
    if found.is_empty():
        raise BadInput(
            f"there is no dead letter {dead_letter_id}.",
            todo="`finance-pipeline deadletters list` shows their numbers.",
        )
    return found.row(0, named=True)


def dismiss(workspace: Workspace, dead_letter_id: int, reason: str) -> dict[str, Any]:
    """Record that a dead letter needs nothing more. Raises BadInput without a reason, or if it does not wait."""
    letter = dead_letter(workspace, dead_letter_id)
    if not reason.strip():
        raise BadInput("a dismissal needs a reason.", kept="Nothing was recorded.", todo="Give --reason.")
    if letter["standing"] != "waiting":
        raise BadInput(f"dead letter {dead_letter_id} is {letter['standing']} already.", kept="Nothing was recorded.")
    with workspace.database.transaction() as conn:
        _decide(conn, dead_letter_id, "dismissed", None, workspace.settings.actor, reason.strip())
    return dead_letter(workspace, dead_letter_id)


def retry(workspace: Workspace, dead_letter_ids: Sequence[int]) -> list[Retried]:
    """Read again what these letters are about, each connection once. Raises BadInput for an unknown number."""
    letters = [dead_letter(workspace, each) for each in dict.fromkeys(dead_letter_ids)]
    by_connection: dict[str, list[dict[str, Any]]] = {}
    for letter in letters:
        if letter["standing"] == "waiting":
            by_connection.setdefault(letter["connection_id"], []).append(letter)
    return [_retry(workspace, connection, waiting) for connection, waiting in by_connection.items()]


def _retry(workspace: Workspace, connection_id: str, letters: list[dict[str, Any]]) -> Retried:
    """One connection's letters: read again, map again, and record which of them fit now."""
    connection = workspace.settings.connection(connection_id)
    if connection.kind == "camt053":
        ended = _import_again(workspace, letters)
    else:
        ended = sync_connection(workspace, connection, from_the_beginning=True)
    book = book_of(connection, workspace.settings)
    if book is not None and ended.problem is None and not ended.refused:
        _map_again(workspace, book, connection.kind)
    settled = 0
    with workspace.database.transaction() as conn:
        for letter in letters:
            fits = ended.problem is None and _fits(conn, letter, ended)
            settled += fits
            _decide(conn, letter["dead_letter_id"], "retried", fits, workspace.settings.actor, _READ_AGAIN)
    return Retried(connection_id, len(letters), settled, ended.new_version_count, ended.problem)


def _import_again(workspace: Workspace, letters: list[dict[str, Any]]) -> Synced:
    """Held files, read from the bytes that were kept, under the names that they had."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for letter in letters:
            kept = workspace.landing.read([letter["path"]]).filter(pl.col("page_hash") == letter["page_hash"]).collect()
            file = Path(folder) / str(letter["dead_letter_id"]) / Path(letter["endpoint"]).name
            file.parent.mkdir()
            file.write_bytes(kept["raw"][0])
            files.append(file)
        return import_statement_files(workspace, files, lambda _words, _ended: None)


def _map_again(workspace: Workspace, book: Book, source: str) -> None:
    """What was landed becomes canonical, now that all of it fits, so that it is known whether it can be mapped."""
    key = BookMonth(book.id, max(book.first_month, last_month(book)))
    for table, sources in SOURCES_OF.items():
        if source in sources:
            canonicalize(workspace, table, [key])


def _fits(conn: psycopg.Connection[tuple[Any, ...]], letter: dict[str, Any], ended: Synced) -> bool:
    """Whether nothing is wrong any more with what a letter is about, after all was read and mapped again."""
    if letter["kind"] == "page":
        return True
    if (letter["kind"], letter["source_id"]) in ended.refused:
        return False
    if not letter["unmapped"]:
        return True
    parameters = {name: letter[name] for name in ("connection_id", "kind", "source_id")}
    row = conn.execute(query("record_is_mapped"), parameters).fetchone()
    return bool(row and row[0])


def _decide(
    conn: psycopg.Connection[tuple[Any, ...]],
    dead_letter_id: int,
    verdict: str,
    fits: bool | None,
    actor: str,
    reason: str,
) -> None:
    conn.execute(
        """
        insert into landing.dead_letter_decision (dead_letter_id, verdict, fits, actor, reason)
        values (%s, %s, %s, %s, %s)
        """,
        (dead_letter_id, verdict, fits, actor, reason),
    )


def _read(workspace: Workspace, **parameters: object) -> pl.DataFrame:
    with workspace.database.transaction(role="reader") as conn:
        return copy_out(conn, query("dead_letters"), parameters, DEAD_LETTERS)
