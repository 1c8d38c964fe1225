"""The canonical stage: one vocabulary for what every source says, by book and month.

Here: one asset per canonical table. Not here: how a source's record becomes a row (finance_pipeline.canonical).
"""

import dagster as dg

from finance_pipeline.defs.partitions import book_months, keys_of, one_run_a_range
from finance_pipeline.defs.reporting import STAGES, code_version, result_of, spec, told_clearly
from finance_pipeline.defs.resources import Books

TABLES = {
    "bank_transactions": (
        "bank_transaction",
        "What the banks say moved, from feeds and from statement files.",
        ["plaid_evidence", "statement_evidence"],
    ),
    "invoices": (
        "invoice",
        "Positive is owed to us, negative by us.",
        ["xero_evidence"],
    ),
    "payments": (
        "payment",
        "Payouts are among them: what leaves the processor here arrives as a bank line.",
        ["stripe_evidence", "xero_evidence"],
    ),
    "stated_balances": (
        "balance",
        "What the tie-outs compare the ledger with.",
        ["plaid_evidence", "stripe_evidence", "statement_evidence"],
    ),
    "parties": (
        "party",
        "With the names and accounts by which they pay.",
        ["stripe_evidence", "xero_evidence"],
    ),
}
"""Asset -> its canonical table, what else to know of it, and the evidence it is mapped from."""


def canonical_of(name: str) -> dg.AssetsDefinition:
    """The asset of one canonical table. Mapping is pure; a changed source record adds a version."""
    table, words, evidence = TABLES[name]

    @dg.multi_asset(
        name=name,
        specs=[
            spec(
                name,
                f"{words} A changed source record adds a version; nothing is overwritten.",
                group_name=STAGES[1],
                kinds={"polars", "postgres"},
                code_version=code_version("canonical"),
                deps=evidence,
            )
        ],
        partitions_def=book_months,
        backfill_policy=one_run_a_range,
    )
    def canonicalize(context: dg.AssetExecutionContext, books: Books) -> dg.MaterializeResult[None]:
        from finance_pipeline.services import api

        with told_clearly():
            return result_of(context, api.canonicalize(books.workspace, table, keys_of(context, books.settings)))

    return canonicalize


canonical_assets = [canonical_of(name) for name in TABLES]
