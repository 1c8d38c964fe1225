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
    from finance_pipeline.services.results import Materialized

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
