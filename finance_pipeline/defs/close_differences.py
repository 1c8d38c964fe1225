"""What closed months would be today: the report of materializing a closed partition, which touches no row of the books.

Here: keys, one call, reporting. Not here: what is compared (services.closed_months.differences), or what
people decide about it (the command line's `close adjust` and `close dismiss`).
"""

from collections.abc import Iterator

import dagster as dg

from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import STAGES, code_version, result_of, spec, told_clearly
from finance_pipeline.defs.resources import Books


@dg.multi_asset(
    specs=[
        spec(
            "close_differences",
            "Computed in memory from the month's own signed opening; an open month has none.",
            group_name=STAGES[5],
            kinds={"python", "postgres"},
            code_version=code_version("close"),
            deps=["tie_outs"],
        )
    ],
    partitions_def=book_months,
    backfill_policy=one_run_a_range,
)
def close_differences(context: dg.AssetExecutionContext, books: Books) -> Iterator[dg.MaterializeResult[None]]:
    from finance_pipeline.services import api

    with told_clearly():
        done = api.differences(books.workspace, keys_of(context, books.settings))
    yield result_of(context, done)
