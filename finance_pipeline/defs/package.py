"""The close package: what an auditor is handed of a month, as files with their hashes.

Here: keys, one call, reporting. Not here: what is in it (finance_pipeline.close.package).
"""

from collections.abc import Iterator

import dagster as dg

from finance_pipeline.defs.checks import checked, month_checks
from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import STAGES, code_version, spec, told_clearly
from finance_pipeline.defs.resources import Books

CHECKS = {"package_ties_out": "Every two figures in the package that must be equal are, and none is missing."}


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
    check_specs=month_checks("close_package", CHECKS),
    partitions_def=book_months,
    backfill_policy=one_run_a_range,
)
def package(context: dg.AssetExecutionContext, books: Books) -> Iterator[dg.MaterializeResult[None]]:
    from finance_pipeline.services import api

    with told_clearly():
        done, checks = api.package(books.workspace, keys_of(context, books.settings))
    yield checked(context, done, checks, list(CHECKS))
