"""Accounts whose balance is explained item by item: what is open of each, and how old it is.

The figures are those of the postings, so that the items of an account always add to its balance. Amounts are minor
units, + debit: owed to us, or waiting to come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from finance_pipeline.ledger.reports.asked import Asked, Connection
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query, without_nested_loops

ITEMS = pl.Schema(
    {
        "code": pl.String,
        "role": pl.String,
        "item_id": pl.String,
        "kind": pl.String,
        "number": pl.String,
        "party_name": pl.String,
        "account": pl.String,
        "description": pl.String,
        "currency": pl.String,
        "original_minor": pl.Int64,
        "open_minor": pl.Int64,
        "open_functional_minor": pl.Int64,
        "issued_on": pl.Date,
        "due_on": pl.Date,
        "assigned": pl.Boolean,
    }
)
"""code, role: the account. account: the bank or processor account it is expected on. original_minor: what it came into
being with. assigned: false where nothing says which item a posting belongs to, so that it stands by itself."""
OF_PARTIES = ("receivables", "payables")
CLEARING = (
    *("processor_clearing", "payouts_in_transit", "transfers_in_transit", "outstanding_receipts"),
    *("outstanding_payments", "unapplied_card_receipts", "refunds_awaiting_credit_note", "disputes_receivable"),
)
UNIDENTIFIED = ("unidentified_receipts", "unidentified_payments")
BUCKETS = ("not due", "1 to 30 days", "31 to 60 days", "61 to 90 days", "over 90 days")
_UPPER_DAYS = (0, 30, 60, 90)


def items(conn: Connection, asked: Asked, roles: Sequence[str]) -> pl.DataFrame:
    """One row per item, account and currency with a balance (ITEMS, age_days and bucket), by account, party and day.

    roles: of the accounts (OF_PARTIES, CLEARING, UNIDENTIFIED). An item ages from the day on which it was due, or from
    its own day where none is known.
    """
    with without_nested_loops(conn):
        found = copy_out(conn, query("report_items"), asked.parameters | {"roles": list(roles)}, ITEMS)
    return aged(found, asked.as_of)


def aged(found: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The same with age_days (days since it was due; not above zero: not due) and its bucket (one of BUCKETS)."""
    days = (pl.lit(as_of) - pl.coalesce("due_on", "issued_on")).dt.total_days()
    bucket = pl.lit(BUCKETS[-1])
    for upper, name in reversed(list(zip(_UPPER_DAYS, BUCKETS, strict=False))):
        bucket = pl.when(pl.col("age_days") <= upper).then(pl.lit(name)).otherwise(bucket)
    return found.with_columns(age_days=days).with_columns(bucket=bucket)
