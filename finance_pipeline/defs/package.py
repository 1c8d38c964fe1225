"""The close package: what an auditor is handed of a month, as files with their hashes.

Here: keys, one call, reporting. Not here: what is in it (finance_pipeline.close.package).
"""

import warnings
from collections.abc import Iterator

import dagster as dg

from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import (
    STAGES,
    check_results,
    code_version,
    failed_elsewhere,
    log_each_check,
    result_of,
    spec,
    told_clearly,
)
from finance_pipeline.defs.resources import Books

CHECKS = {"package_ties_out": "Every two figures in the package that must be equal are, and none is missing."}


def package_checks() -> list[dg.AssetCheckSpec]:
    """By book and month, so that each keeps its own result. Dagster calls that a preview, each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(name, asset="close_package", description=words, partitions_def=book_months)
            for name, words in CHECKS.items()
        ]


@dg.multi_asset(
    specs=[
        spec(
            "close_package",
            "A workbook with live formulas, a page of the same and a manifest of hashes, as known when it was made.",
            group_name=STAGES[5],
            kinds={"excel"},
            code_version=code_version("close"),
            deps=["tie_outs"],
        )
    ],
    check_specs=package_checks(),
    partitions_def=book_months,
    backfill_policy=one_run_a_range,
)
def package(context: dg.AssetExecutionContext, books: Books) -> Iterator[dg.MaterializeResult[None]]:
    from finance_pipeline.services import api

    with told_clearly():
        done, checks = api.package(books.workspace, keys_of(context, books.settings))
    log_each_check(context, checks)
    yield result_of(context, done, check_results(checks, failed_elsewhere(context, "close_package", list(CHECKS))))
