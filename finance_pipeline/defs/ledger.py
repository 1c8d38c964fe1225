"""The ledger stage: double entry, by book and month.

Here: keys, one call, reporting. Not here: posting rules or the journal writer (finance_pipeline.ledger).
"""

from collections.abc import Iterator

import dagster as dg

from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import STAGES, code_version, result_of, spec, told_clearly
from finance_pipeline.defs.resources import Books


def ledger_spec(name: str, words: str, deps: list[str]) -> dg.AssetSpec:
    """What both assets of the stage share."""
    return spec(name, words, deps=deps, group_name=STAGES[3], kinds={"postgres"}, code_version=code_version("ledger"))


@dg.multi_asset(
    specs=[
        ledger_spec(
            "journal_entries",
            "Append-only: history is corrected by new entries.",
            ["bank_transactions", "invoices", "payments", "matches"],
        ),
        ledger_spec("trial_balance", "Debits equal credits.", ["journal_entries"]),
    ],
    partitions_def=book_months,
    backfill_policy=one_run_a_range,
)
def ledger(context: dg.AssetExecutionContext, books: Books) -> Iterator[dg.MaterializeResult[None]]:
    """Posts what is not posted yet; the same month again posts nothing."""
    from finance_pipeline.services import api

    with told_clearly():
        done = api.post(books.workspace, keys_of(context, books.settings), context.run.run_id)
    for name in ("journal_entries", "trial_balance"):
        yield result_of(context, done[name])
