"""Sync: pull what is new from each connection and land it, each update together with its cursor.

One connection's trouble never stops another's: it is noted with its words, its cursor stays, and the rest goes on.
Only when every connection of a kind failed does the sync itself fail.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from finance_pipeline.canonical import registry as canonical_registry
from finance_pipeline.core.problems import Busy, Problem
from finance_pipeline.core.settings import Connection, ConnectionKind
from finance_pipeline.landing.files import LandedFile, pages_frame
from finance_pipeline.landing.manifest import Connection as ManifestConnection
from finance_pipeline.landing.manifest import Landed, Landing, cursor_of, land, note_read, note_sync
from finance_pipeline.services.intake.connections import LeftAlone, enter, note_health, policy_of
from finance_pipeline.services.intake.publishing import publish_rates
from finance_pipeline.services.intake.statement_overlaps import OneFormat
from finance_pipeline.services.results import Figures, Materialized
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources import registry as source_registry
from finance_pipeline.sources.base import Page, Update

ASSET_OF: dict[ConnectionKind, str] = {
    "plaid": "plaid_evidence",
    "stripe": "stripe_evidence",
    "xero": "xero_evidence",
    "camt053": "statement_evidence",
    "ecb": "exchange_rates",
}
_LOCK_SPACE = 7_203_002
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Synced:
    """How one pull of a connection ended."""

    connection_id: str
    outcome: str
    """read or failed."""
    words: str
    page_count: int
    new_version_count: int
    dead_letter_count: int
    problem: Problem | None = None
    refused: frozenset[tuple[str, str]] = frozenset()
    """Kind and id of every record, and name of every file, that did not fit."""


@dataclass
class Ending:
    """What a pull has landed so far, and what it ended with."""

    sync_id: str
    pages: int = 0
    versions: int = 0
    letters: int = 0
    refused: set[tuple[str, str]] = field(default_factory=set)
    problem: Problem | None = None

    def add(self, update: Update, landed: Landed) -> None:
        """One update more."""
        self.pages += len(update.pages)
        self.versions += landed.new_version_count
        self.letters += landed.dead_letter_count
        self.refused |= {(letter.kind, letter.source_id or "") for letter in update.dead_letters}

    def of(self, connection: Connection) -> Synced:
        """How the pull of a connection ended."""
        problem = self.problem
        words = str(problem) if problem else f"{self.versions} new versions from {self.pages} pages"
        outcome = "failed" if problem else "read"
        counts = (self.pages, self.versions, self.letters)
        return Synced(connection.id, outcome, words, *counts, problem, frozenset(self.refused))


def sync(workspace: Workspace, kind: ConnectionKind) -> Materialized:
    """Pull every connection of a kind. Raises the first problem only if all of them failed."""
    connections = [c for c in workspace.settings.connections if c.kind == kind]
    results = [sync_connection(workspace, connection) for connection in connections]
    return _report(kind, results)


def sync_connection(workspace: Workspace, connection: Connection, *, from_the_beginning: bool = False) -> Synced:
    """Pull one connection from its cursor and land what it says; a Problem ends in the result, not in a raise.

    from_the_beginning: as if it had never been read. What is known already adds nothing.
    """
    source = source_registry.source_of(connection.kind, policy_of(workspace))
    now = datetime.now(UTC)
    return _land_all(
        workspace,
        connection,
        lambda cursor: source.pull(connection, workspace.settings, None if from_the_beginning else cursor, now),
        now,
    )


def import_statement_files(
    workspace: Workspace,
    files: Sequence[Path],
    on_progress: Callable[[str, bool], None],
    *,
    account: str | None = None,
    currency: str | None = None,
    profile: Path | None = None,
) -> Synced:
    """Land statement files that somebody names, whatever the watched folder holds. A file that does not fit is held.

    account, currency: of files whose format states none; profile: of CSV, besides those in the data folder.
    """
    from finance_pipeline.sources.statement_files import read_files
    from finance_pipeline.sources.statements.child import Told
    from finance_pipeline.sources.statements.profiles import profiles_of

    told = Told(profiles_of(workspace.home, profile), account, currency)

    connection = next(c for c in workspace.settings.connections if c.kind == "camt053")
    now = datetime.now(UTC)

    def each_file() -> Iterator[Update]:
        read = 0
        for update in read_files(files, now, told):
            read += len(update.pages)
            on_progress(f"{read} of {len(files)} files", read == len(files))
            yield update

    return _land_all(workspace, connection, lambda _cursor: each_file(), now, keep_cursor=True)


def _land_all(
    workspace: Workspace,
    connection: Connection,
    pull: Callable[[dict[str, Any] | None], Iterable[Update]],
    now: datetime,
    *,
    keep_cursor: bool = False,
) -> Synced:
    """Land every update that a pull yields, each in one transaction, under the connection's lock."""
    ended = Ending(uuid.uuid4().hex)
    with workspace.database.transaction() as lock:
        try:
            _lock_connection(lock, connection)
            enter(lock, connection, now)
            cursor = cursor_of(lock, connection.id)
            one_format = OneFormat(workspace)
            for each in pull(cursor):
                update = one_format.kept(each) if connection.kind == "camt053" else each
                landed = _land_update(workspace, connection, update, ended.sync_id, moves_cursor=not keep_cursor)
                ended.add(update, landed)
        except Problem as caught:
            ended.problem = caught
            log.warning("connection failed", connection=connection.id, words=str(caught), sync_id=ended.sync_id)
        # Before the lock is let go: a process that waits for it has to know that the connection is to be left alone.
        if not isinstance(ended.problem, LeftAlone):
            _note_end(lock, connection, ended, now, workspace.settings.calls.time_scale)
    return ended.of(connection)


def _note_end(
    conn: ManifestConnection, connection: Connection, ended: Ending, began_at: datetime, time_scale: float
) -> None:
    """How a pull ended, and what that says of its connection."""
    said = ended.of(connection)
    counts = (said.page_count, said.new_version_count, said.dead_letter_count)
    note_sync(conn, (ended.sync_id, connection.id, connection.kind), began_at, said.outcome, said.words, counts)
    note_health(conn, connection.id, ended.problem, datetime.now(UTC), time_scale)
    if ended.problem is None:
        note_read(conn, connection.id, began_at)


def _lock_connection(conn: ManifestConnection, connection: Connection) -> None:
    """One pull of a connection at a time. Raises Busy while another process holds it."""
    row = conn.execute("select pg_try_advisory_xact_lock(%s, hashtext(%s))", (_LOCK_SPACE, connection.id)).fetchone()
    if not (row and row[0]):
        raise Busy(
            "another process is pulling this connection.",
            where=f"connection {connection.id}",
            kept="Nothing was read.",
            todo="It will be read at the next tick.",
        )


def _land_update(
    workspace: Workspace, connection: Connection, update: Update, sync_id: str, *, moves_cursor: bool
) -> Landed:
    """Files by rename; manifest, versions and cursor in one transaction, which ends when the files are there.

    Evidence is written while the database takes the records, and pages while it makes versions of them.
    """
    pages = {page.hash: page for page in update.pages}
    with ThreadPoolExecutor(1) as beside:
        writing_evidence = beside.submit(_write_evidence, workspace, update)
        writing_pages = beside.submit(_write_pages, workspace, list(pages.values()))
        landing = Landing(
            sync_id=sync_id,
            connection_id=connection.id,
            source=connection.kind,
            pages=tuple((page.hash, page.endpoint, page.fetched_at) for page in pages.values()),
            pages_file=writing_pages.result,
            evidence=update.evidence,
            evidence_file=writing_evidence.result,
            dead_letters=tuple(
                (letter.kind, letter.source_id or "", letter.reason, letter.payload, letter.page_hash)
                for letter in update.dead_letters
            ),
            complete_kinds=update.complete_kinds,
            complete_from=update.complete_from,
            cursor=update.cursor if moves_cursor else None,
        )
        with workspace.database.transaction() as conn:
            landed = land(conn, landing)
            if connection.kind == "ecb" and update.evidence.height:
                publish_rates(conn, canonical_registry.map_rates(update.evidence))
    return landed


def _write_evidence(workspace: Workspace, update: Update) -> LandedFile | None:
    return workspace.landing.write("evidence", update.evidence) if update.evidence.height else None


def _write_pages(workspace: Workspace, pages: list[Page]) -> LandedFile | None:
    if not pages:
        return None
    return workspace.landing.write(
        "pages", pages_frame((page.hash, page.endpoint, page.fetched_at, page.raw) for page in pages)
    )


def _report(kind: ConnectionKind, results: Sequence[Synced]) -> Materialized:
    failed = [r for r in results if r.outcome == "failed"]
    if failed and len(failed) == len(results) and failed[0].problem is not None:
        raise failed[0].problem
    figures: Figures = {
        "connections": len(results),
        "pages": sum(r.page_count for r in results),
        "new_versions": sum(r.new_version_count for r in results),
        "dead_letters": sum(r.dead_letter_count for r in results),
    }
    figures |= {f"failed: {r.connection_id}": r.words for r in failed}
    return Materialized(ASSET_OF[kind], int(figures["new_versions"]), figures=figures)
