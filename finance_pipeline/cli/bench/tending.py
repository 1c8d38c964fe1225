"""The process that a fault campaign kills: it pulls what was not read yet, retries what did not fit, and maps it all.

Every such process is forked from one that has imported everything and done nothing, and may be killed at any moment.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import polars as pl
import structlog

from finance_pipeline.core.money import exponent
from finance_pipeline.core.period import BookMonth, months
from finance_pipeline.core.problems import BadInput
from finance_pipeline.services.intake import canonicalize, dead_letters, sync
from finance_pipeline.services.workspace import Workspace

UNFINISHED = 3
"""What a process ends with that leaves something for the next one to do."""
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["__main__", "finance_pipeline.sources.preloaded", __name__])
exponent("EUR")  # The table of currencies is read once, by whom the others are forked from.


def start_tending(home: Path, since: datetime, environment: Mapping[str, str]) -> ForkServerProcess:
    """A process that tends a data folder's connections; what was read since a moment is read."""
    process = _forks.Process(target=_tend_and_end, args=(str(home), since.isoformat(), dict(environment)))
    process.start()
    return process


def _tend_and_end(home: str, since: str, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    workspace = Workspace.open(Path(home))
    sys.exit(0 if tend(workspace, datetime.fromisoformat(since)) else UNFINISHED)


def tend(workspace: Workspace, since: datetime) -> bool:
    """Read what was not read since a moment, then mend what did not fit, then map it. Whether all that is done."""
    # Asked again before each pull: a process beside this one may have read the connection meanwhile.
    ended = [
        sync.sync_connection(workspace, connection)
        for connection in workspace.settings.connections
        if connection.id in _unread(workspace, since)
    ]
    if any(each.problem is not None for each in ended):
        return False
    if not _all_fits(workspace):
        return False
    for table in canonicalize.SOURCES_OF:
        canonicalize.canonicalize(workspace, table, keys_of(workspace))
    return dead_letters.dead_letters(workspace).is_empty()


def _all_fits(workspace: Workspace) -> bool:
    """Retry what did not fit. A statement file that was cut off came whole since: a person dismisses the first."""
    waiting = dead_letters.dead_letters(workspace)
    for number in waiting.filter(pl.col("kind") == "file")["dead_letter_id"]:
        with suppress(BadInput):  # a process beside this one was sooner
            dead_letters.dismiss(workspace, number, "it came whole")
    others = waiting.filter(pl.col("kind") != "file")["dead_letter_id"].to_list()
    if others:
        dead_letters.retry(workspace, others)
    return waiting.is_empty() or dead_letters.dead_letters(workspace).is_empty()


def keys_of(workspace: Workspace) -> list[BookMonth]:
    """The first book-month of each book: whatever months are asked for, all of them are mapped."""
    return [BookMonth(book.id, months(book.first_month, book.first_month)[0]) for book in workspace.settings.books]


def _unread(workspace: Workspace, since: datetime) -> list[str]:
    """Connections that were not read to their end since a moment, and the inbox, which changes at any moment."""
    with workspace.database.transaction(role="reader") as conn:
        read = conn.execute(
            "select connection_id from landing.sync where outcome = 'read' and started_at >= %s", (since,)
        ).fetchall()
    known = {connection_id for (connection_id,) in read}
    return [c.id for c in workspace.settings.connections if c.kind == "camt053" or c.id not in known]
