"""How an asset presents itself and what it did: specs with schema and version, results, failures a person can read.

Here: translation between the words of services and the words of Dagster. Not here: any figure of our own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from finance_pipeline.core.problems import Problem
from finance_pipeline.core.tables import Column, Table

if TYPE_CHECKING:
    from finance_pipeline.services.results import CheckResult, Materialized

OWNERS = ["team:finance-data"]
STAGES = ("1_evidence", "2_canonical", "3_reconciliation", "4_ledger", "5_cash", "6_close")
"""Groups in the order in which data flows; the digit keeps lists in that order too."""
DAILY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=48), warn_window=timedelta(hours=26))
"""A day and some slack. Of the whole asset: one fresh book hides a stale one, so cash tells its age by account."""


@cache
def code_version(*rooms: str) -> str:
    """A short hash of the code of some rooms of the package: it changes with any byte of the rules behind an asset."""
    package = Path(__file__).resolve().parents[1]
    whole = sha256()
    for room in rooms:
        for file in sorted((package / room).rglob("*.py")):
            whole.update(file.read_bytes())
    return whole.hexdigest()[:12]


def column_schema(table: Table) -> dg.TableSchema:
    """A table's columns as Dagster shows them: the same texts as in the schema and in SQL comments."""
    return dg.TableSchema(
        columns=[_column(column, unique=table.key == (column.name,)) for column in table.columns],
        constraints=dg.TableConstraints(other=[f"unique together: {', '.join(table.key)}"] if table.key else []),
    )


def _column(column: Column, *, unique: bool) -> dg.TableColumn:
    return dg.TableColumn(
        name=column.name,
        type=str(column.dtype),
        description=column.meaning,
        constraints=dg.TableColumnConstraints(
            nullable=column.nullable,
            unique=unique,
            other=[f"one of {', '.join(column.one_of)}"] if column.one_of else [],
        ),
    )


def spec(name: str, words: str, *, grain: str = "", **more: Any) -> dg.AssetSpec:
    """An asset spec with what all of ours share: a description that opens with the grain, columns, owners.

    grain: only for an asset without a table of its own; the others state their table's.
    """
    from finance_pipeline.services.results import TABLES

    table = TABLES.get(name)
    metadata = {"dagster/column_schema": column_schema(table)} if table else {}
    description = f"{grain or (table.grain if table else '')} {words}"
    return dg.AssetSpec(name, description=description, owners=OWNERS, metadata=metadata, **more)


def result_of(
    context: dg.AssetExecutionContext,
    done: Materialized,
    checks: Sequence[dg.AssetCheckResult] = (),
) -> dg.MaterializeResult[None]:
    """What a service did for one asset, as its one result, with each partition's own figures beside it.

    A service may have worked on more months than the run was asked for (it folds from the earliest stale one); only
    partitions of the run can carry metadata.
    """
    partitioned = context.assets_def.partitions_def is not None
    asked = {str(key) for key in context.partition_keys} if partitioned else set()
    for key, figures in done.by_partition.items():
        if key in asked:
            context.add_asset_metadata(_of_partition(figures), asset_key=done.asset, partition_key=key)
    metadata: dict[str, Any] = {"dagster/row_count": done.row_count, **done.figures}
    if done.table_markdown:
        metadata["summary"] = dg.MetadataValue.md(done.table_markdown)
    return dg.MaterializeResult(asset_key=done.asset, metadata=metadata, check_results=list(checks))


def _of_partition(figures: Mapping[str, int | str]) -> dict[str, int | str]:
    return {("dagster/partition_row_count" if name == "row_count" else name): figures[name] for name in figures}


def log_each_check(context: dg.AssetExecutionContext, checks: Sequence[CheckResult]) -> None:
    """One evaluation per check and partition, so that a controller sees which month of which book does not tie out."""
    for check in checks:
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(check.asset),
                check_name=check.name,
                passed=check.passed,
                description=check.words,
                metadata=dict(check.figures),
                severity=dg.AssetCheckSeverity.WARN if check.is_warning else dg.AssetCheckSeverity.ERROR,
                blocking=False,
                partition=check.partition,
            )
        )


def failed_elsewhere(context: dg.AssetExecutionContext, asset: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Per check, the partitions outside this run in which its latest evaluation failed.

    Dagster's page shows the latest result of a check, whichever book it was of. So that one book's success does not
    hide another's difference, the result of a run counts those too.
    """
    asked = {str(key) for key in context.partition_keys}
    keys = [dg.AssetCheckKey(dg.AssetKey(asset), name) for name in names]
    found: dict[str, list[str]] = {name: [] for name in names}
    for info in context.instance.event_log_storage.get_asset_check_partition_info(keys):
        if info.latest_execution_status.value == "FAILED" and info.partition_key not in (None, *asked):
            found[info.check_key.name].append(str(info.partition_key))
    return {name: sorted(partitions) for name, partitions in found.items()}


def check_results(checks: Sequence[CheckResult], elsewhere: Mapping[str, Sequence[str]]) -> list[dg.AssetCheckResult]:
    """One result per check over all book-months: passed if it was made, held in the run, and failed nowhere else.

    elsewhere: every declared check -> partitions outside the run in which it failed when last made.
    """
    return [
        _over_all(name, [check for check in checks if check.name == name], others) for name, others in elsewhere.items()
    ]


def _over_all(name: str, checks: Sequence[CheckResult], elsewhere: Sequence[str]) -> dg.AssetCheckResult:
    failed = [check for check in checks if not check.passed]
    holds = f"Holds in all {len(checks)} book-months of this run." if checks else "Was not made in this run."
    words = [f"{check.partition}: {check.words}" for check in failed[:5]] or [holds]
    if elsewhere:
        words.append(f"Still failed, from earlier runs: {', '.join(elsewhere)}.")
    return dg.AssetCheckResult(
        check_name=name,
        passed=bool(checks) and not failed and not elsewhere,
        severity=dg.AssetCheckSeverity.WARN
        if any(check.is_warning for check in checks)
        else dg.AssetCheckSeverity.ERROR,
        description=" ".join(words),
        metadata={"book_months": len(checks), "failed": [check.partition for check in failed] + list(elsewhere)},
    )


@contextmanager
def told_clearly() -> Iterator[None]:
    """Turn a Problem into Dagster's Failure with its four parts: the run page and the command line say the same.

    No retries here: services already retry what may pass, within a budget, and then wait for the next tick.
    """
    try:
        yield
    except Problem as problem:
        parts = {"what": problem.what, "where": problem.where, "kept": problem.kept, "todo": problem.todo}
        raise dg.Failure(
            description=str(problem),
            metadata={**{name: text for name, text in parts.items() if text}, "exit_code": problem.exit_code},
            allow_retries=False,
        ) from problem
