"""The demo: three simulated companies from nothing to closed tie-outs, and what a controller wants to know of them.

It may be stopped at any moment and started again. Its one commit point of its own is the sandbox's clock: a stage of
the demo is over when the clock has moved on, and every stage before that can be repeated without effect.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from finance_pipeline.cli.demo_report import show_demo
from finance_pipeline.cli.environment import prepare_dagster
from finance_pipeline.cli.preparing import prepare_engine
from finance_pipeline.cli.show import progress, say
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import SETTINGS_NAME, home_folder

if TYPE_CHECKING:
    from finance_pipeline.sandbox.world.options import WorldOptions
    from finance_pipeline.services.workspace import Workspace


def run_demo(*, seed: int | None, bank_lines: int, as_json: bool) -> None:
    """Set up the sandbox, sync and reconcile it at two moments of its clock, and print the result."""
    from finance_pipeline.services.administration import home_lock
    from finance_pipeline.services.workspace import Workspace

    home = home_folder()
    home.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    prepare_engine()
    with home_lock(home, "demo"):
        options = _options(seed, bank_lines)
        set_up_sandbox(home, options)
        workspace = Workspace.open(home)
        try:
            before = _ledger_size(workspace)
            new_entries = run_stages(workspace, options)
            say(f"Done in {time.monotonic() - began:.0f} s.")
            show_demo(workspace, before, new_entries, as_json=as_json)
        finally:
            workspace.close()


def _options(seed: int | None, bank_lines: int) -> WorldOptions:
    from finance_pipeline.sandbox.world.options import WorldOptions

    return WorldOptions(bank_lines=bank_lines) if seed is None else WorldOptions(seed=seed, bank_lines=bank_lines)


_HASTE = "calls: {time_scale: 0.01}   # of each wait for a vendor's limits; these servers are simulated\n"


def set_up_sandbox(home: Path, options: WorldOptions) -> None:
    """The world, its servers, and settings that name them. Raises BadInput where a person's settings stand already."""
    from finance_pipeline.sandbox.clock import start_clock
    from finance_pipeline.sandbox.process import ensure_sandbox
    from finance_pipeline.sandbox.world import build_world, sandbox_environment, sandbox_settings_yaml

    settings_file = home / SETTINGS_NAME
    if settings_file.exists() and not (home / "sandbox").exists():
        raise BadInput(
            "this data folder has settings of its own.",
            where=str(settings_file),
            kept="Nothing was touched.",
            todo="Run the demo with another FINANCE_PIPELINE_HOME.",
        )
    say("Simulating three companies ...")
    world = build_world(home, options)
    say(
        f"  {world.bank_lines:,} bank lines, {world.documents:,} documents, {world.card_transactions:,} card "
        f"movements, {world.payouts:,} payouts, {world.statements:,} bank statements"
    )
    start_clock(home, moments_of(options)[0])
    base_urls = ensure_sandbox(home)
    os.environ.update(sandbox_environment(options))
    content = sandbox_settings_yaml(options, base_urls) + _HASTE
    if not settings_file.exists() or settings_file.read_text(encoding="utf-8") != content:
        unfinished = settings_file.with_suffix(".unfinished")
        unfinished.write_text(content, encoding="utf-8")
        unfinished.replace(settings_file)


def run_stages(workspace: Workspace, options: WorldOptions) -> int:
    """Sync and reconcile at each moment of the sandbox's clock that is not over yet; returns new journal entries."""
    from finance_pipeline.sandbox.clock import advance_clock, read_clock
    from finance_pipeline.sandbox.world import deliver_statements

    new_entries = 0
    for moment in moments_of(options):
        if read_clock(workspace.home) > moment:
            continue
        advance_clock(workspace.home, moment)
        deliver_statements(workspace.home, moment)
        say(f"[bold]It is {moment:%d %B %Y} in the sandbox.[/]")
        new_entries += sync_and_reconcile(workspace)
    return new_entries


def moments_of(options: WorldOptions) -> tuple[datetime, datetime]:
    """When the sandbox's clock stops for the pipeline: late in the last month, and once all of it is shown."""
    end = options.complete_at + timedelta(hours=1)
    return end - timedelta(days=13), end


def sync_and_reconcile(workspace: Workspace) -> int:
    """Pull every connection and materialize every month that has data, one Dagster run a book."""
    from finance_pipeline.defs.runner import run_months, run_sync
    from finance_pipeline.services.calendar import months_with_data

    home = prepare_dagster(workspace)
    kinds = sorted({connection.kind for connection in workspace.settings.connections})
    run_sync(home, kinds, on_progress=progress("  ")).raise_if_failed()
    new_entries = 0
    for book in workspace.settings.book_ids:
        months = months_with_data(workspace, book)
        if not months:
            continue
        say(f"  {book}: {months[0]} to {months[-1]}")
        outcome = run_months(home, book, str(months[0]), str(months[-1]), on_progress=progress("    "))
        outcome.raise_if_failed()
        posted = outcome.figures.get("journal_entries", {}).values()
        new_entries += sum(int(str(figures.get("new_entries", 0))) for figures in posted)
    return new_entries


def _ledger_size(workspace: Workspace) -> int:
    from finance_pipeline.services.bookkeeping.books import entry_count

    return entry_count(workspace)
