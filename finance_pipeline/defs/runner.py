"""The one way in which the command line reaches Dagster: runs in this process, recorded so that the UI shows them.

Here: the instance's folder, runs over a span of months or over sources, and their outcome in words.
Not here: printing, and anything that an asset does.
"""

from __future__ import annotations

import gc
import importlib
import os
import re
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finance_pipeline.core.period import Month, months
from finance_pipeline.core.problems import BadInput, PermanentProblem, Problem, TransientProblem
from finance_pipeline.core.settings import HOME_VARIABLE, load_settings

if TYPE_CHECKING:
    import dagster as dg

URL_VARIABLE = "FINANCE_PIPELINE_DAGSTER_URL"
LOGS_VARIABLE = "FINANCE_PIPELINE_DAGSTER_LOGS"
PROCESS_TAG = "finance_pipeline/process"
"""Id of the process that a run lives in, by which the next one sees that it is gone."""
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_NO_CAPTURE = {
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
}
"""The command line owns its own output: nothing is redirected into Dagster's log files."""
Say = Callable[[str, bool], None]
"""What happens in a run, in words, and whether a step ended with it."""
Figures = Mapping[str, object]


class RunFailed(PermanentProblem):
    """Steps of a run failed for good; the others went on as far as they could."""


class RunWaits(TransientProblem):
    """Steps of a run failed for a reason that may pass."""


@dataclass(frozen=True)
class Step:
    """One step of a run as it ended. outcome: done, failed, or left out because one before it failed."""

    name: str
    outcome: str
    words: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class RunResult:
    """One recorded run."""

    run_id: str
    steps: tuple[Step, ...]
    figures: Mapping[str, Mapping[str, Figures]]
    """Asset -> partition key ('' where there are none) -> the figures it reported."""

    @property
    def failed(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.outcome == "failed")

    def raise_if_failed(self) -> None:
        """Raise what the failed steps said, with their exit code when they agree on one. Raises RunFailed, RunWaits."""
        if not self.failed:
            return
        codes = {step.exit_code for step in self.failed}
        kind = RunWaits if codes == {TransientProblem.exit_code} else RunFailed
        failure: Problem = kind(
            " ".join(f"{step.name}: {step.words}" for step in self.failed),
            kept=f"{sum(step.outcome == 'done' for step in self.steps)} other steps were done.",
            todo=f"The run is {self.run_id} in the UI.",
        )
        if len(codes) == 1:
            failure.exit_code = codes.pop()
        raise failure


@dataclass(frozen=True)
class Timing:
    """When a recorded run began (since 1970), how long it took, and each of its steps in their order."""

    began_at_ms: int
    milliseconds: int
    steps_ms: Mapping[str, int]


def prepare_instance(home: Path, dagster_url: str) -> Path:
    """Make a data folder's DAGSTER_HOME and point this process and its children at it. Returns that folder.

    dagster_url: Dagster's own database. The driver is named in it, because SQLAlchemy 2.1 would choose another.
    """
    folder = home / "dagster"
    logs = home / "logs" / "runs"
    for each in (folder, logs):
        each.mkdir(parents=True, exist_ok=True)
    _write_whole(folder / "dagster.yaml", (Path(__file__).parent / "dagster.yaml").read_bytes())
    os.environ.update(
        {
            HOME_VARIABLE: str(home),
            URL_VARIABLE: re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+psycopg2://", dagster_url),
            LOGS_VARIABLE: str(logs),
            "DAGSTER_HOME": str(folder),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "DAGSTER_EVENT_BATCH_SIZE": "100",  # an asset's months are noted together
        }
    )
    return folder


def _write_whole(file: Path, content: bytes) -> None:
    """Write by rename, so that a process that reads at this moment sees the old file or the new one."""
    if file.exists() and file.read_bytes() == content:
        return
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(file)


def run_months(home: Path, book: str, first: str, last: str, *, on_progress: Say) -> RunResult:
    """Materialize the months first to last of a book as one run. Raises BadInput for months that are not there."""
    settings = load_settings(home)
    wanted = months(Month.parse(first), Month.parse(last))
    if wanted[0] < settings.book(book).first_month:
        raise BadInput(
            f"book {book} has no month {wanted[0]}.", todo=f"It begins in {settings.book(book).first_month}."
        )
    defs = _definitions(home)
    from finance_pipeline.defs.partitions import Span

    return _run(defs, "book_months_job", Span(book, wanted[0], wanted[-1]).tags(), None, on_progress)


def run_sync(home: Path, kinds: Sequence[str], *, on_progress: Say) -> RunResult:
    """Pull all connections of some kinds (plaid, stripe, xero, camt053, ecb) as one run."""
    defs = _definitions(home)
    from finance_pipeline.defs.evidence import ASSETS

    unknown = [kind for kind in kinds if kind not in ASSETS]
    if unknown:
        raise BadInput(f"{unknown[0]!r} is no kind of connection.", todo=f"Known kinds: {', '.join(ASSETS)}.")
    return _run(defs, "sync_job", {}, [ASSETS[kind] for kind in kinds], on_progress)


def last_run() -> Timing:
    """The times of the latest run, which is over. prepare_instance comes first."""
    with _instance() as instance:
        record = instance.get_run_records(limit=1)[0]
        steps = instance.get_run_step_stats(record.dagster_run.run_id)
    took = {s.step_key: (s.start_time, s.end_time) for s in steps if s.start_time and s.end_time}
    ordered = sorted(took, key=took.__getitem__)
    began, ended = record.start_time or 0.0, record.end_time or 0.0
    return Timing(
        round(began * 1000),
        round((ended - began) * 1000),
        {step: round((took[step][1] - took[step][0]) * 1000) for step in ordered},
    )


def _definitions(home: Path) -> dg.Definitions:
    """The definitions for the books that are declared now.

    Dagster's partitions are made when the modules load. A book declared after that (by an import in the same process)
    needs them loaded anew.
    """
    os.environ[HOME_VARIABLE] = str(home)
    with _loading():
        import finance_pipeline.defs.partitions as partitions

        if partitions.declared != load_settings(home):
            _forget_definitions()
        defs: dg.Definitions = importlib.import_module("finance_pipeline.definitions").defs
    return defs


@contextmanager
def _loading() -> Iterator[None]:
    """Load modules without looking for garbage, which is next to none of what they make, and never look there again.

    Dagster makes a few hundred thousand objects that live as long as the process. Looking among them takes a sixth of
    the time of loading them, and half a second when the process ends.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if "duckdb" not in sys.modules:  # When the process ends, it calls leaked, aloud, what is frozen of it.
            gc.freeze()


def _forget_definitions() -> None:
    """Have the next import of the definitions run their modules again; this module stays."""
    package = sys.modules[__package__]
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.") and name != __name__]:
        del sys.modules[name]
        delattr(package, name.rpartition(".")[2])
    sys.modules.pop("finance_pipeline.definitions", None)


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's storage. Keeps its connections open: a third of a run of six months otherwise goes into connecting."""
    import dagster as dg
    from dagster._core.instance.ref import InstanceRef

    with _loading():
        instance = dg.DagsterInstance.from_ref(InstanceRef.from_dir(os.environ["DAGSTER_HOME"], overrides=_NO_CAPTURE))
    with instance as opened:
        opened.optimize_for_webserver(statement_timeout=60_000, pool_recycle=3600, max_overflow=5)
        yield opened


def _run(defs: dg.Definitions, job: str, tags: Mapping[str, str], assets: Sequence[str] | None, say: Say) -> RunResult:
    """One run in this process, to its end, whatever fails on the way."""
    import dagster as dg

    run_id = str(uuid.uuid4())
    with _instance() as instance:
        _end_orphans(instance)
        instance.add_event_listener(run_id, lambda entry: _tell(entry, say))
        planned = defs.resolve_job_def(job)
        result = planned.execute_in_process(
            instance=instance,
            run_id=run_id,
            run_config=_QUIET,
            tags={**tags, PROCESS_TAG: str(os.getpid())},
            asset_selection=[dg.AssetKey(name) for name in assets] if assets is not None else None,
            raise_on_error=False,
        )
    names = assets or [node.name for node in planned.nodes_in_topological_order]
    return _result_of(run_id, names, result.all_events)


def _end_orphans(instance: dg.DagsterInstance) -> None:
    """Mark as failed the runs whose process was killed: nobody else will, and the UI would show them for ever."""
    import dagster as dg

    running = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for run in instance.get_runs(running):
        process = run.tags.get(PROCESS_TAG, "")
        if process.isdigit() and not _lives(int(process)):
            instance.report_run_failed(run, "The process of this run ended before the run did. Run it again.")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _tell(entry: dg.EventLogEntry, say: Say) -> None:
    """A line at the beginning and the end of each step."""
    event = entry.dagster_event
    if event is None or event.step_key is None:
        return
    if event.is_step_start:
        say(f"{event.step_key} ...", False)
    elif event.is_step_success:
        say(f"{event.step_key} done in {event.step_success_data.duration_ms / 1000:.1f} s", True)
    elif event.is_step_failure:
        say(f"{event.step_key} failed: {_failure(event).words}", True)


def _failure(event: dg.DagsterEvent) -> Step:
    """What a failed step said: a Problem's own words and code, or the name and message of what nobody foresaw."""
    data = event.step_failure_data
    name = event.step_key or ""
    if data.user_failure_data is not None:
        code = data.user_failure_data.metadata.get("exit_code")
        return Step(
            name, "failed", data.user_failure_data.description or "", int(str(code.value)) if code is not None else 1
        )
    error = data.error.cause if data.error is not None and data.error.cause is not None else data.error
    return Step(name, "failed", error.message.strip() if error is not None else "", PermanentProblem.exit_code)


def _result_of(run_id: str, planned: Sequence[str], events: Sequence[dg.DagsterEvent]) -> RunResult:
    """planned: every step of the run. Dagster says nothing of those it left out because one before them failed."""
    ended: dict[str, Step] = {}
    figures: dict[str, dict[str, Figures]] = {}
    for event in events:
        if event.is_step_success and event.step_key:
            ended[event.step_key] = Step(event.step_key, "done")
        elif event.is_step_failure and event.step_key:
            ended[event.step_key] = _failure(event)
        elif event.is_step_materialization:
            made = event.step_materialization_data.materialization
            values = {name: value.value for name, value in made.metadata.items()}
            figures.setdefault(made.asset_key.to_user_string(), {})[str(made.partition or "")] = values
    return RunResult(run_id, tuple(ended.get(name, Step(name, "left out")) for name in planned), figures)
