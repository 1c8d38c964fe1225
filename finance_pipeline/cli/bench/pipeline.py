"""Benchmarks of the pipeline on a simulated company, each on a data folder of its own that is removed afterwards.

Everything is real: the sandbox's servers are asked over HTTP, PostgreSQL keeps its promises (fsync is on), and what is
measured runs in a process of its own that starts cold. Simulating, starting servers and landing what a run works on
are not part of any figure. A figure is of one run; on a machine that has other things to do, take the best of three.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from finance_pipeline.cli import log_to_stderr
from finance_pipeline.cli.show import Shown, progress, say, show_json, show_table, text
from finance_pipeline.core.settings import home_folder
from finance_pipeline.services.campaigns.own_database import environment_of

if TYPE_CHECKING:
    from finance_pipeline.defs.runner import Timing
    from finance_pipeline.sandbox.world.options import WorldOptions
    from finance_pipeline.services.workspace import Workspace

_SPARE_PERCENT = 2
"""A world meets the wished number of lines within a few per cent; so many more are asked for."""
_WORKER = "from finance_pipeline.cli.bench.pipeline import sync_once; sync_once()"
CONNECTION = "us-plaid"


@dataclass(frozen=True)
class Part:
    """One part of what was measured. All parts together are the whole, less what lies between them."""

    what: str
    milliseconds: int


@dataclass(frozen=True)
class Figure:
    """What a bench measured, of how much work, and what it should be."""

    what: str
    work: str
    milliseconds: int
    target_ms: int
    parts: tuple[Part, ...]


Bench = Callable[[int | None], Figure]


def run_pipeline_bench(what: str, bench: Bench, lines: int | None, *, as_json: bool) -> None:
    """Run a bench and print its figure."""
    figure = bench(lines)
    if as_json:
        show_json(asdict(figure) | {"met": figure.milliseconds < figure.target_ms})
        return
    parts = [asdict(part) | {"what": f"  {part.what}", "work": "", "target_ms": None} for part in figure.parts]
    show_table(f"bench {what}", [asdict(figure), *parts], _COLUMNS)


def _seconds(heading: str, name: str) -> Shown:
    return Shown(heading, lambda row: "" if row[name] is None else f"{row[name] / 1000:.2f}", is_figure=True)


_COLUMNS = [
    text("What", "what"),
    text("Work", "work"),
    _seconds("Seconds", "milliseconds"),
    _seconds("Target", "target_ms"),
]


def bench_sync(lines: int | None) -> Figure:
    """New bank transactions from the Plaid sandbox: API to canonical rows in PostgreSQL, in a process that is cold.

    The work begins with the first request and ends with the last commit; loading what talks to the bank is part of it.
    """
    wanted = lines or 500
    from finance_pipeline.sandbox.world.options import WorldOptions

    options = WorldOptions(books=("us",), month_count=1, bank_lines=max(wanted * 2, 2_000))
    with world_of_its_own(options) as workspace:
        from finance_pipeline.sandbox.clock import advance_clock

        advance_clock(workspace.home, _moment_before(workspace, wanted))
        sync_to_rows(workspace)
        advance_clock(workspace.home, options.complete_at + timedelta(hours=1))
        os.sync()
        began = time.perf_counter_ns()
        worker = subprocess.run([sys.executable, "-c", _WORKER], check=True, stdout=subprocess.PIPE)
        elapsed = (time.perf_counter_ns() - began) // 1_000_000
    said = json.loads(worker.stdout)
    parts = [
        Part("API to landed evidence", said["landed_ms"]),
        Part("evidence to canonical rows", said["mapped_ms"]),
        Part("besides: process start and end, settings, server found", elapsed - said["landed_ms"] - said["mapped_ms"]),
    ]
    work = f"{said['transactions']:,} new versions of bank transactions, {said['pages']} page(s), {said['rows']:,} rows"
    return Figure("one sync", work, said["landed_ms"] + said["mapped_ms"], 1_000, tuple(parts))


def sync_once() -> None:
    """What the process of bench_sync does: one sync, and its times as JSON."""
    from finance_pipeline.services.workspace import Workspace

    log_to_stderr()
    workspace = Workspace.open()
    try:
        sys.stdout.write(json.dumps(sync_to_rows(workspace)))
    finally:
        workspace.close()


def sync_to_rows(workspace: Workspace) -> dict[str, int]:
    """Pull one connection and map what landed; times, and how much it was."""
    began = time.perf_counter_ns()
    from finance_pipeline.core.period import BookMonth
    from finance_pipeline.services.intake.canonicalize import canonicalize
    from finance_pipeline.services.intake.sync import sync_connection

    synced = sync_connection(workspace, workspace.settings.connection(CONNECTION))
    if synced.problem is not None:
        raise synced.problem
    landed = time.perf_counter_ns()
    month = BookMonth("us", workspace.settings.book("us").first_month)
    mapped = canonicalize(workspace, "bank_transaction", [month])
    done = time.perf_counter_ns()
    return {
        "landed_ms": (landed - began) // 1_000_000,
        "mapped_ms": (done - landed) // 1_000_000,
        "pages": synced.page_count,
        "transactions": synced.new_version_count,
        "rows": int(mapped.figures["new_versions"]),
    }


def _moment_before(workspace: Workspace, wanted: int) -> datetime:
    """A moment of the sandbox's clock after which its bank still has so many new transactions to show that stay."""
    import polars as pl

    log = pl.read_parquet(workspace.home / "sandbox" / "served" / CONNECTION / "transaction.parquet")
    withdrawn = log.filter(pl.col("op") == "removed")["id"].unique()
    staying = log.filter(pl.col("op") == "added", ~pl.col("id").is_in(withdrawn.implode()))["visible_at"].sort()
    moment: datetime = staying[-min(wanted, staying.len())] - timedelta(microseconds=1)
    return moment


def bench_pipeline(lines: int | None) -> Figure:
    """One book-month through all assets in one Dagster run, from the start of the process to its end."""
    from finance_pipeline.sandbox.world.options import WorldOptions

    with world_of_its_own(
        WorldOptions(books=("us",), month_count=1, bank_lines=_with_spare(lines or 15_000))
    ) as workspace:
        _land_everything(workspace)
        month = str(workspace.settings.book("us").first_month)
        elapsed, parts, _ = _timed_run(["run", "--book", "us", "--month", month])
        work = f"{_bank_lines(workspace):,} bank lines of one month, all assets"
    return Figure("finance-pipeline run, the whole process", work, elapsed, 10_000, parts)


def bench_backfill(lines: int | None) -> Figure:
    """Six months of one book in one Dagster run, from the run's start to its end."""
    from finance_pipeline.sandbox.world.options import WorldOptions

    options = WorldOptions(books=("us",), bank_lines=_with_spare(lines or 20_000))
    with world_of_its_own(options) as workspace:
        _land_everything(workspace)
        first, last = str(options.months[0]), str(options.months[-1])
        _, parts, timing = _timed_run(["backfill", "--book", "us", "--from", first, "--to", last])
        work = f"{_bank_lines(workspace):,} bank lines of {options.month_count} months, all assets"
    return Figure("finance-pipeline backfill, the run", work, timing.milliseconds, 25_000, parts)


def _with_spare(lines: int) -> int:
    return lines * (100 + _SPARE_PERCENT) // 100


def _timed_run(arguments: list[str]) -> tuple[int, tuple[Part, ...], Timing]:
    """Milliseconds of a command as a process of its own, their parts, and the times of the run that it made."""
    from finance_pipeline.defs.runner import last_run

    os.sync()  # What was landed a moment ago is written by now, not while something else is measured.
    began_at, began = time.time_ns() // 1_000_000, time.perf_counter_ns()
    subprocess.run([sys.executable, "-m", "finance_pipeline.cli", *arguments], check=True, stdout=subprocess.DEVNULL)
    elapsed = (time.perf_counter_ns() - began) // 1_000_000
    timing = last_run()
    before = timing.began_at_ms - began_at
    steps = [Part(f"step {name}", milliseconds) for name, milliseconds in timing.steps_ms.items()]
    parts = (
        Part("before: process start to the run's start", before),
        *steps,
        Part("between the steps", timing.milliseconds - sum(step.milliseconds for step in steps)),
        Part("after: what came of it, process end", elapsed - before - timing.milliseconds),
    )
    return elapsed, parts, timing


def _bank_lines(workspace: Workspace) -> int:
    """Bank lines of the months that were computed."""
    from finance_pipeline.services.read import month_lines

    return int(month_lines(workspace)["bank_lines"].sum())


@contextmanager
def world_of_its_own(
    options: WorldOptions, alter: Callable[[Path], object] | None = None, *, below: Path | None = None
) -> Iterator[Workspace]:
    """A workspace on a world of its own, all of which is stopped and removed at the end.

    alter: what to change in the world before it is served. below: where its folder is made, if not in `bench` of the
    data folder.
    """
    from finance_pipeline.cli.demo import set_up_sandbox
    from finance_pipeline.sandbox.process import stop_sandbox
    from finance_pipeline.sandbox.world import build_world
    from finance_pipeline.services import administration
    from finance_pipeline.services.workspace import Workspace

    benches = below or home_folder() / "bench"
    benches.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=benches))
    with environment_of(home):
        try:
            if alter:
                build_world(home, options)
                alter(home)
            set_up_sandbox(home, options)
            workspace = Workspace.open(home)
            try:
                yield workspace
            finally:
                workspace.close()
        finally:
            say("Removing the bench's data folder ...")
            stop_sandbox(home)
            administration.stop(home)
            shutil.rmtree(home)
            administration.stop(home)  # A cluster that had to be kept outside goes once its data folder is gone.
            if not any(benches.iterdir()):
                benches.rmdir()


def _land_everything(workspace: Workspace) -> None:
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
    kinds = sorted({c.kind for c in workspace.settings.connections})
    run_sync(home, kinds, on_progress=progress()).raise_if_failed()


BENCHES: dict[str, Bench] = {
    "sync": bench_sync,
    "pipeline": bench_pipeline,
    "backfill": bench_backfill,
}
