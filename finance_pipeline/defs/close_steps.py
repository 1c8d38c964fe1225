"""The steps of a close, as checks that a controller can read: what is left to do before a month is signed and locked.

Here: keys, one call, reporting each check by book and month. A step that is not done stops no run: it is a warning.
Not here: what a step asks (finance_pipeline.close.steps), or what people decide (the command line's `close`).
"""

from collections.abc import Iterator

import dagster as dg

from finance_pipeline.defs.checks import checked, month_checks
from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import DAILY, STAGES, code_version, spec, told_clearly
from finance_pipeline.defs.resources import Books

STEPS = {
    "month_over": "The month has ended where the book is kept.",
    "earlier_months": "Every earlier month of the book is locked.",
    "sources_fresh": "Every connection of the book was read to the end after the month.",
    "statements_complete": "Each bank account has a closing balance of the last day from the bank itself.",
    "evidence_complete": "What landed is mapped, or a person decided about it.",
    "figures_current": "The tie-outs rest on the journal as it is.",
    "accounts_mapped": "Every account that documents name is mapped.",
    "tie_outs": "Every pair of figures that must be equal is.",
    "items_explained": "What is open on accounts that must clear is explained, item by item.",
    "intercompany": "Books of a group say the same of what they owe each other.",
    "revaluation": "Balances in other currencies stand at the closing rate.",
    "ledgers_agree": "Our trial balance equals that of the accounting system, or each difference is explained.",
    "rules_approved": "What changed of mapping, rules, tolerances and rates was approved by another person.",
    "differences": "What is known otherwise of closed months was decided on.",
}


@dg.multi_asset(
    specs=[
        spec(
            "close_status",
            "Done, open, waiting for another step, or not needed. People sign and lock by `finance-pipeline close`.",
            group_name=STAGES[5],
            kinds={"postgres"},
            code_version=code_version("close"),
            deps=["tie_outs", "exceptions", "close_differences"],
            freshness_policy=DAILY,
        )
    ],
    check_specs=month_checks("close_status", STEPS),
    partitions_def=book_months,
    backfill_policy=one_run_a_range,
)
def close_steps(context: dg.AssetExecutionContext, books: Books) -> Iterator[dg.MaterializeResult[None]]:
    from finance_pipeline.services import api

    with told_clearly():
        done, checks = api.close_status(books.workspace, keys_of(context, books.settings))
    yield checked(context, done, checks, list(STEPS))
