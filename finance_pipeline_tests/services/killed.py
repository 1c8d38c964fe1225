"""A run of the pipeline that is killed at a named point, as the system kills: no goodbye, nothing cleaned up.

Each run is a process of its own, forked from one that has imported everything and done nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any
from unittest.mock import patch

import plaid.api.plaid_api
import stripe
import xero_python.accounting

from finance_pipeline.core.period import BookMonth
from finance_pipeline.core.settings import load_settings
from finance_pipeline.landing import manifest
from finance_pipeline.ledger import journal
from finance_pipeline.services.bookkeeping import posting, proving
from finance_pipeline.services.intake import canonicalize, publishing, sync
from finance_pipeline.services.reconciliation import folding
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources import ecb, statement_files
from finance_pipeline.sources import plaid as plaid_source
from finance_pipeline.sources import stripe as stripe_source
from finance_pipeline.sources import xero as xero_source
from finance_pipeline.store.database import Database
from finance_pipeline.store.roles import Roles
from finance_pipeline_tests.services.pipeline import compute, sync_all

IMPORTED = (plaid, stripe, xero_python, statement_files, ecb, plaid_source, stripe_source, xero_source)
"""What a run would else import after it was forked, which takes longer than the run."""
SEVERAL_THREADS = {"POLARS_MAX_THREADS": "4"}
"""What a run that is to be killed publishes was computed with more threads than what it is compared with."""
_NOT_KILLED = 3
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Point:
    """The moment before or after the n-th call of a function."""

    words: str
    module: ModuleType
    function: str
    call: int = 1
    after: bool = False

    def __post_init__(self) -> None:
        """A function that has moved is missed by every run, not only by those that draw its point."""
        assert hasattr(self.module, self.function), f"{self.module.__name__} has no {self.function}"


POINTS = (
    Point("an Item's pages are read, none is landed", plaid_source, "_whole_run", after=True),
    Point("a statement file is read, nothing of it is landed", statement_files, "update_of", after=True),
    Point("pages are on disk, nothing names them yet", sync, "_write_pages", call=2, after=True),
    Point("versions and cursor are written, not committed", sync, "land", call=2, after=True),
    Point("an update's evidence is written and staged, its manifest is not", manifest, "_note_file", call=3),
    Point("one connection is committed, the next is on its way", sync, "note_sync", call=3),
    Point("records are staged, not published", publishing, "copy_in", call=2, after=True),
    Point("records are published and marked, not committed", canonicalize, "_row_counts", call=4),
    Point("matches are retracted, the new ones not published", folding, "_publish_matches", call=2),
    Point("a month is folded, not committed", folding, "_note_month", call=1, after=True),
    Point("entries are staged, none is posted", journal, "_post", call=1),
    Point("entries are posted, the batch is not sealed", posting.marks, "set_mark", call=2, after=True),
    Point("one month's cash is replaced, the next is not", proving, "_replace", call=2, after=True),
)


def sample(seed: int) -> list[tuple[Point, ...]]:
    """Points at which one run is killed, one after the other: one of each stage, in their order, drawn by a seed. Every
    point, each by itself, where the environment says EVERY_POINT."""
    if os.environ.get("EVERY_POINT"):
        return [(point,) for point in POINTS]
    pulled = (plaid_source, statement_files)
    stages = (pulled, (sync, manifest), (canonicalize, publishing), (folding,), (journal, posting.marks), (proving,))
    rng = Random(seed)
    return [tuple(rng.choice([point for point in POINTS if point.module in stage]) for stage in stages)]


def killed_run(books: Workspace, keys: list[BookMonth], point: Point) -> None:
    """Sync and compute in another process, which dies at the point. Fails if the point was never reached."""
    names = (str(books.home), books.database.url, books.database.dagster_url, [str(key) for key in keys])
    process = _forks.Process(target=_run, args=(*names, dict(os.environ), POINTS.index(point)))
    with patch.dict(os.environ, SEVERAL_THREADS):  # the first start is that of the process that all are forked from
        process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"it was to be killed when {point.words}: {process.exitcode}"


def _run(home: str, url: str, dagster_url: str, keys: list[str], environment: dict[str, str], number: int) -> None:
    os.environ.update(environment)
    point = POINTS[number]
    books = Workspace(load_settings(Path(home)), Database(url, dagster_url, Roles()))
    setattr(point.module, point.function, _deadly(getattr(point.module, point.function), point))
    sync_all(books)
    compute(books, [BookMonth.parse(key) for key in keys])
    sys.exit(_NOT_KILLED)


def _deadly(function: Callable[..., Any], point: Point) -> Callable[..., Any]:
    """The function, whose n-th call ends the process."""
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == point.call and not point.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **kwargs)
        if calls == point.call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call
