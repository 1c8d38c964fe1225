"""The reconciliation stage: what settles what, by book and month.

Here: keys, one call, reporting. Not here: any rule about what matches (finance_pipeline.matching).
What carries forward from month to month folds inside the call: a declared dependency on the month before would split
or fail every backfill.
"""

from collections.abc import Iterator

import dagster as dg

from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import STAGES, code_version, result_of, spec, told_clearly
from finance_pipeline.defs.resources import Books

CANONICAL = ["bank_transactions", "invoices", "payments", "parties", "exchange_rates"]
RESULTS = {
    "matches": "Each says why, and which tier found it.",
    "exceptions": "What no rule could prove, never silently left out.",
    "open_items": "With the lines left over, what carries forward.",
}


@dg.multi_asset(
    specs=[
        spec(
            name,
            words,
            group_name=STAGES[2],
            kinds={"python", "postgres"},
            code_version=code_version("matching"),
            deps=CANONICAL if name == "matches" else ["matches"],  # what matching leaves over
        )
        for name, words in RESULTS.items()
    ],
    partitions_def=book_months,
    backfill_policy=one_run_a_range,
)
def reconciliation(context: dg.AssetExecutionContext, books: Books) -> Iterator[dg.MaterializeResult[None]]:
    """Folds each book's months in order under the book's lock. Reports after the work: a result marks all months."""
    from finance_pipeline.services import api

    with told_clearly():
        done = api.reconcile(books.workspace, keys_of(context, books.settings))
    for name in RESULTS:
        yield result_of(context, done[name])
