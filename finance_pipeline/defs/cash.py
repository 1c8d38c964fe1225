"""The cash stage: what there is, where, and how fresh the figure is.

Here: keys, one call, reporting. Not here: what counts as cash (finance_pipeline.cash).
"""

import dagster as dg

from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import DAILY, STAGES, code_version, result_of, spec, told_clearly
from finance_pipeline.defs.resources import Books


@dg.multi_asset(
    specs=[
        spec(
            "cash_position",
            "By the ledger and by the bank, with the age of the evidence under each figure.",
            group_name=STAGES[4],
            kinds={"postgres"},
            code_version=code_version("cash"),
            # Of the two assets that the ledger's step makes, the later one: with journal_entries here Dagster plans
            # cash before that step and splits every backfill into two runs (tried on 1.13.27).
            deps=["trial_balance", "stated_balances"],
            freshness_policy=DAILY,
        )
    ],
    partitions_def=book_months,
    backfill_policy=one_run_a_range,
)
def cash(context: dg.AssetExecutionContext, books: Books) -> dg.MaterializeResult[None]:
    from finance_pipeline.services import api

    with told_clearly():
        return result_of(context, api.cash(books.workspace, keys_of(context, books.settings)))
