"""The cash stage: what there is, where, and how fresh the figure is.

Here: keys, one call, reporting. Not here: what counts as cash (finance_pipeline.cash).
"""

from collections.abc import Iterator

import dagster as dg

from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import DAILY, STAGES, code_version, result_of, spec, told_clearly
from finance_pipeline.defs.resources import Books

CHECK = "sources_of_books_are_fresh"


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
    check_specs=[
        dg.AssetCheckSpec(CHECK, asset="cash_position", description="No book rests on a source not read for long.")
    ],
    partitions_def=book_months,
    backfill_policy=one_run_a_range,
)
def cash(context: dg.AssetExecutionContext, books: Books) -> Iterator[dg.MaterializeResult[None]]:
    from finance_pipeline.services import api

    with told_clearly():
        done = api.cash(books.workspace, keys_of(context, books.settings))
        old = api.stale_books(books.workspace)
    yield result_of(context, done, [_freshness(old)])


def _freshness(old: list[str]) -> dg.AssetCheckResult:
    """The check that figures are no older than a day and a half, with a line for each book whose are."""
    words = dg.MetadataValue.md("\n".join(f"- {each}" for each in old) or "All are fresh.")
    return dg.AssetCheckResult(
        check_name=CHECK,
        asset_key="cash_position",
        passed=not old,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"books": words},
    )
