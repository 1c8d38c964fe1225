"""`bench throughput`: Plaid transactions from the sandbox to canonical rows, against reading and parsing their pages.

Both are measured in one process, one after the other, and both ask the sandbox's servers over HTTP. Plaid allows an
Item 50 calls a minute, which no program outruns: here these waits are shortened, in both alike.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import yaml

from finance_pipeline.cli import log_to_stderr
from finance_pipeline.cli.bench.pipeline import CONNECTION, Figure, Part, sync_to_rows, world_of_its_own

_USUAL_LINES = 100_000
_TIMES = 3
"""What the whole may take: so many times what reading and parsing alone takes."""
_TIME_SCALE = 0.0001
_MONTHS = 6
_SPARE_PERCENT = 3
_WORKER = "from finance_pipeline.cli.bench.throughput import measure; measure()"


def bench_throughput(lines: int | None) -> Figure:
    """All transactions of a new Item: API to landed evidence to canonical rows in PostgreSQL."""
    from finance_pipeline.sandbox.clock import advance_clock
    from finance_pipeline.sandbox.world.options import WorldOptions

    wanted = max(lines or _USUAL_LINES, 40 * _MONTHS) * (100 + _SPARE_PERCENT) // 100
    options = WorldOptions(books=("us",), month_count=_MONTHS, bank_lines=wanted)
    with world_of_its_own(options) as workspace:
        file = workspace.home / "finance_pipeline.d" / "calls.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump({"calls": {"time_scale": _TIME_SCALE}}), encoding="utf-8")
        advance_clock(workspace.home, options.complete_at + timedelta(hours=1))
        worker = subprocess.run([sys.executable, "-c", _WORKER], check=True, stdout=subprocess.PIPE)
    said = json.loads(worker.stdout)
    parts = (
        Part("API to landed evidence", said["landed_ms"]),
        Part("evidence to canonical rows", said["mapped_ms"]),
        Part("besides: reading and JSON-parsing the same pages", said["read_ms"]),
        Part("besides: processor time of the process for the whole", said["whole_cpu_ms"]),
        Part("besides: processor time of the process for reading and parsing", said["read_cpu_ms"]),
    )
    work = f"{said['rows']:,} canonical rows of {said['transactions']:,} transactions, {said['pages']} pages"
    whole_ms = said["landed_ms"] + said["mapped_ms"]
    return Figure(
        f"{whole_ms / max(said['read_ms'], 1):.2f} times reading and parsing",
        work,
        whole_ms,
        said["read_ms"] * _TIMES,
        parts,
    )


def measure() -> None:
    """What the process of the bench does: read and parse every page, then sync the Item; its times as JSON."""
    from finance_pipeline.services.intake.pages import load_sources, read_and_parse
    from finance_pipeline.services.workspace import Workspace

    log_to_stderr()
    load_sources()
    workspace = Workspace.open()
    try:
        read_and_parse(workspace, CONNECTION, most=1)  # The servers look up what they serve.
        found = _timed("read", lambda: {"pages": read_and_parse(workspace, CONNECTION)})
        found |= _timed("whole", lambda: sync_to_rows(workspace))
    finally:
        workspace.close()
    sys.stdout.write(json.dumps(found))


def _timed(name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a piece of work says, and its wall and processor time."""
    began, cpu_began = time.perf_counter_ns(), time.process_time_ns()
    found = work()
    found[f"{name}_ms"] = (time.perf_counter_ns() - began) // 1_000_000
    found[f"{name}_cpu_ms"] = (time.process_time_ns() - cpu_began) // 1_000_000
    return found
