"""The close stage: tie-outs, as checks that a controller can read.

Here: keys, one call, reporting each check by book and month. A tie-out that fails marks the account and blocks
sign-off, never the rest of the day's work: no check here blocks a run.
Not here: what has to agree with what (finance_pipeline.close).
"""

from collections.abc import Iterator

import dagster as dg

from finance_pipeline.defs.checks import checked, month_checks
from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import DAILY, STAGES, code_version, spec, told_clearly
from finance_pipeline.defs.resources import Books

CHECKS = {
    "bank_account_equals_statement": "Each bank account in the ledger equals the balance that its bank states.",
    "clearing_equals_processor": "Each processor clearing account equals the processor's own balance, day by day.",
    "receivables_equal_open_items": "The receivables control account equals the open customer items.",
    "payables_equal_open_items": "The payables control account equals the open supplier items.",
    "statements_are_continuous": "Each bank statement opens with the balance that the one before closed with.",
    "transit_equals_open_items": "Payouts in transit and outstanding payments equal their open items.",
    "unidentified_equals_open_lines": "Unidentified receipts and payments equal the lines without a counterpart.",
    "every_line_is_posted": "What each bank's feed named and what the journal posted for it add to the same.",
    "debits_equal_credits": "Debits equal credits over all entries of the month and of the trial balance.",
    "opening_plus_movement_equals_closing": "Each account's opening balance plus its movement is its closing balance.",
    "valuation_equals_closing_rate": "Balances in other currencies are worth what the closing rate says.",
}


@dg.multi_asset(
    specs=[
        spec(
            "tie_outs",
            "A difference marks the account and blocks sign-off, nothing else.",
            group_name=STAGES[5],
            kinds={"postgres"},
            code_version=code_version("close"),
            deps=["trial_balance", "open_items", "stated_balances", "cash_position"],
            freshness_policy=DAILY,
        )
    ],
    check_specs=month_checks("tie_outs", CHECKS),
    partitions_def=book_months,
    backfill_policy=one_run_a_range,
)
def close(context: dg.AssetExecutionContext, books: Books) -> Iterator[dg.MaterializeResult[None]]:
    from finance_pipeline.services import api

    with told_clearly():
        done, checks = api.tie_out(books.workspace, keys_of(context, books.settings))
    yield checked(context, done, checks, list(CHECKS))
