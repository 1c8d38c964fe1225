"""The sensors: which book-months a landing touched, which statement files are new, what vendors announced, and whom a
vendor's limit has kept waiting for long enough.

Here: thin shells that read a cursor, call a pure function and request runs. Not here: what a landed record touches
(finance_pipeline.services). The cursor is the truth; run keys only keep a tick that was cut off from asking twice.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from finance_pipeline.core.period import BookMonth
from finance_pipeline.core.problems import Problem
from finance_pipeline.core.settings import STATEMENT_KIND, ConnectionKind, Settings, load_settings
from finance_pipeline.defs.evidence import ASSETS
from finance_pipeline.defs.jobs import book_months_job, sync_job
from finance_pipeline.defs.partitions import known, loaded_books, spans
from finance_pipeline.defs.resources import Books

LAST_ASSET = dg.AssetKey("tie_outs")
SETTLED_S = 5.0
"""A file that changed within this time may still be written."""


def requests_for(keys: Iterable[BookMonth], high_water: int) -> list[dg.RunRequest]:
    """Exactly these book-months, one run per run of consecutive months of a book."""
    return [dg.RunRequest(run_key=f"{span} landed {high_water}", tags=span.tags()) for span in spans(keys)]


def not_done_since(
    keys: Iterable[BookMonth], done_at: Mapping[str, int], landed_at: Sequence[int | None]
) -> list[BookMonth]:
    """Book-months whose last materialization is older than the last landing. Both are positions in the event log."""
    latest = max((position for position in landed_at if position is not None), default=None)
    return [key for key in keys if latest is None or done_at.get(str(key), -1) < latest]


def _on_first_tick(keys: Sequence[BookMonth], instance: dg.DagsterInstance) -> list[BookMonth]:
    """What a sensor without a cursor has to ask for: a command line may have done everything before it was started."""
    landed = instance.get_asset_records([dg.AssetKey(name) for name in ASSETS.values()])
    done = instance.get_latest_storage_id_by_partition(LAST_ASSET, dg.DagsterEventType.ASSET_MATERIALIZATION)
    return not_done_since(keys, done, [each.asset_entry.last_materialization_storage_id for each in landed])


@dg.sensor(
    job=book_months_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests exactly the book-months that landed records touch, and the later months that follow.",
)
def touched_months(context: dg.SensorEvaluationContext, books: Books) -> dg.SensorResult | dg.SkipReason:
    from finance_pipeline.services import api

    try:
        workspace = books.workspace
        touched, high_water = api.touched(workspace, int(context.cursor or 0))
    except Problem as problem:  # a failed read is not an empty one: the cursor stays
        return dg.SkipReason(str(problem))
    keys = known(touched, workspace.settings)
    unloaded = sorted({key.book for key in keys} - loaded_books())
    wanted = [key for key in keys if key.book not in unloaded]
    if context.cursor is None:
        wanted = _on_first_tick(wanted, context.instance)
    # Months of a book that this process does not know yet wait for its next start: the cursor stays for them.
    cursor = context.cursor if unloaded else str(high_water)
    return dg.SensorResult(run_requests=requests_for(wanted, high_water), cursor=cursor)


def watched_folders(settings: Settings) -> list[Path]:
    """The folders that statement connections watch."""
    return [settings.home / c.folder for c in settings.connections if c.kind == STATEMENT_KIND and c.folder]


def state_of(folders: Iterable[Path], now: datetime) -> str:
    """A digest of the names, sizes and times of all settled files below some folders; empty when there is none."""
    lines = []
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            seen = file.stat()
            if file.is_file() and now.timestamp() - seen.st_mtime >= SETTLED_S:
                lines.append(f"{file}\0{seen.st_size}\0{seen.st_mtime_ns}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else ""


@dg.sensor(
    job=sync_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads the watched folders when a statement file is new or changed.",
)
def statement_folder(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    try:
        state = state_of(watched_folders(load_settings()), datetime.now(UTC))
    except (Problem, OSError) as problem:
        return dg.SkipReason(str(problem))
    if state in ("", context.cursor):
        return dg.SkipReason("No statement file is new.")
    return dg.SensorResult(run_requests=[_pull(STATEMENT_KIND, f"files {state}")], cursor=state)


def _pull(kind: ConnectionKind, run_key: str) -> dg.RunRequest:
    """A run that reads one kind of source. run_key: what it answers; the same is answered once."""
    return dg.RunRequest(run_key=run_key, asset_selection=[dg.AssetKey(ASSETS[kind])])


@dg.sensor(
    job=sync_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Pulls a kind of source when a verified webhook said that something is new. Polling alone suffices.",
)
def announced(books: Books) -> dg.SensorResult | dg.SkipReason:
    from finance_pipeline.services import api

    try:
        waiting = api.due(books.workspace)
    except Problem as problem:
        return dg.SkipReason(str(problem))
    if not waiting:
        return dg.SkipReason("No webhook since the last read.")
    # One run for the same news: a pull that fails waits for the next webhook or the daily run.
    requests = [_pull(each.kind, f"webhooks {each.kind} {each.last_seq} {each.event_count}") for each in waiting]
    return dg.SensorResult(run_requests=requests)


@dg.sensor(
    job=sync_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Pulls a kind of source again once a day limit is reset, or an open circuit may be tried.",
)
def left_alone(books: Books) -> dg.SensorResult | dg.SkipReason:
    from finance_pipeline.services import api

    try:
        waiting = api.due_again(books.workspace, datetime.now(UTC))
    except Problem as problem:
        return dg.SkipReason(str(problem))
    if not waiting:
        return dg.SkipReason("No connection has been left alone for long enough.")
    # One run for each end of a wait: a pull that is turned away again names another.
    return dg.SensorResult(
        run_requests=[_pull(each.kind, f"again {each.kind} {each.since.isoformat()}") for each in waiting]
    )
