"""Benchmarks of the pipeline on simulated companies, each on a data folder of its own.

The database server's start and the simulation are not part of any figure; process starts are, where a person waits
for them. Figures are from one run: machines are noisy, so ratios within a run are worth more than seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from finance_pipeline.cli.show import say, show_json, show_table, text
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import HOME_VARIABLE

if TYPE_CHECKING:
    from finance_pipeline.sandbox.world.options import WorldOptions
    from finance_pipeline.services.workspace import Workspace


@dataclass(frozen=True)
class Measured:
    """One figure of a bench."""

    what: str
    milliseconds: int
    size: str


def run_bench(what: str, lines: int | None, *, as_json: bool) -> None:
    """Run one bench and print its figures. Raises BadInput for an unknown one."""
    benches: dict[str, Callable[[int | None], list[Measured]]] = {
        "sync": bench_sync,
        "pipeline": bench_pipeline,
        "backfill": bench_backfill,
    }
    if what not in benches:
        raise BadInput(f"there is no bench {what!r}.", todo=f"Known: {', '.join(benches)}.")
    figures = benches[what](lines)
    rows = [{"what": f.what, "ms": f"{f.milliseconds:,} ms", "size": f.size} for f in figures]
    if as_json:
        show_json([vars(figure) for figure in figures])
    else:
        show_table(f"bench {what}", rows, [text("What", "what"), text("Time", "ms"), text("Of", "size")])


def bench_sync(lines: int | None) -> list[Measured]:
    """New bank transactions from the Plaid sandbox: API to canonical rows in PostgreSQL, in one process."""
    wanted = lines or 500
    from finance_pipeline.sandbox.world.options import WorldOptions

    options = WorldOptions(books=("us",), month_count=1, bank_lines=max(wanted * 2, 2_000))
    with _world(options) as workspace:
        from finance_pipeline.core.period import BookMonth
        from finance_pipeline.sandbox.clock import advance_clock
        from finance_pipeline.services.api import canonicalize
        from finance_pipeline.services.sync import sync_connection

        connection = workspace.settings.connection("us-plaid")
        advance_clock(workspace.home, _moment_before(workspace, wanted))
        sync_connection(workspace, connection)
        book = workspace.settings.book("us")
        canonicalize(workspace, "bank_transaction", [BookMonth("us", book.first_month)])
        advance_clock(workspace.home, options.complete_at + timedelta(hours=1))
        began = time.perf_counter_ns()
        synced = sync_connection(workspace, connection)
        landed = time.perf_counter_ns()
        canonicalize(workspace, "bank_transaction", [BookMonth("us", book.first_month)])
        done = time.perf_counter_ns()
    size = f"{synced.new_version_count} new versions from {synced.page_count} pages"
    return [
        Measured("API to landed evidence", (landed - began) // 1_000_000, size),
        Measured("evidence to canonical rows", (done - landed) // 1_000_000, size),
        Measured("together", (done - began) // 1_000_000, size),
    ]


def bench_pipeline(lines: int | None) -> list[Measured]:
    """One book-month through all assets in one Dagster run, process start included."""
    from finance_pipeline.sandbox.world.options import WorldOptions

    count = lines or 15_000
    with _world(WorldOptions(books=("us",), month_count=1, bank_lines=count)) as workspace:
        _sync_everything(workspace)
        month = str(workspace.settings.book("us").first_month)
        elapsed = _timed_command(["run", "--book", "us", "--month", month])
    return [Measured("finance-pipeline run, process start to end", elapsed, f"{count:,} bank lines of one month")]


def bench_backfill(lines: int | None) -> list[Measured]:
    """Six months of one book in one Dagster run, process start included."""
    from finance_pipeline.sandbox.world.options import WorldOptions

    count = lines or 20_000
    with _world(WorldOptions(books=("us",), bank_lines=count)) as workspace:
        _sync_everything(workspace)
        first, last = workspace.settings.book("us").first_month, "2026-10"
        elapsed = _timed_command(["backfill", "--book", "us", "--from", str(first), "--to", last])
    return [Measured("finance-pipeline backfill, process start to end", elapsed, f"{count:,} bank lines of six months")]


@contextmanager
def _world(options: WorldOptions) -> Iterator[Workspace]:
    """A workspace on a world of its own, all of which is removed at the end."""
    from finance_pipeline.cli.demo import set_up_sandbox
    from finance_pipeline.sandbox.process import stop_sandbox
    from finance_pipeline.services import administration
    from finance_pipeline.services.workspace import Workspace

    before = os.environ.get(HOME_VARIABLE)
    home = Path(tempfile.mkdtemp(prefix="finance-pipeline-bench-"))
    os.environ[HOME_VARIABLE] = str(home)
    try:
        set_up_sandbox(home, options)
        workspace = Workspace.open(home)
        try:
            yield workspace
        finally:
            workspace.close()
    finally:
        stop_sandbox(home)
        administration.stop(home)
        shutil.rmtree(home)
        if before is None:
            del os.environ[HOME_VARIABLE]
        else:
            os.environ[HOME_VARIABLE] = before


def _sync_everything(workspace: Workspace) -> None:
    """Land all that the sandbox has, so that only the pipeline is measured."""
    from finance_pipeline.cli.environment import prepare_dagster
    from finance_pipeline.defs.runner import run_sync
    from finance_pipeline.sandbox.clock import advance_clock
    from finance_pipeline.sandbox.world import deliver_statements, world_options

    options = world_options(workspace.home)
    assert options is not None, "the bench made this world itself"
    last = options.complete_at + timedelta(hours=1)
    advance_clock(workspace.home, last)
    deliver_statements(workspace.home, last)
    home = prepare_dagster(workspace)
    run_sync(home, sorted({c.kind for c in workspace.settings.connections}), on_progress=say).raise_if_failed()


def _moment_before(workspace: Workspace, wanted: int) -> datetime:
    """A moment of the sandbox's clock after which its bank still has about so many new lines to show."""
    import polars as pl

    log = pl.read_parquet(workspace.home / "sandbox" / "served" / "us-plaid" / "transaction.parquet")
    shown = log.filter(pl.col("op") == "added")["visible_at"].sort()
    return datetime.fromisoformat(str(shown[-min(wanted, len(shown) - 1) - 1])).astimezone(UTC)


def _timed_command(arguments: list[str]) -> int:
    """Milliseconds that a command takes as a process of its own. Raises CalledProcessError if it fails."""
    began = time.perf_counter_ns()
    subprocess.run([sys.executable, "-m", "finance_pipeline.cli", *arguments], check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter_ns() - began) // 1_000_000
