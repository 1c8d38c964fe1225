"""The ledger card of one account: what it began with, every posting, what is left. Amounts are minor units, + debit."""

from __future__ import annotations

from datetime import date

import polars as pl

from finance_pipeline.ledger.reports.asked import Asked, Connection
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

CARD = pl.Schema(
    {
        "number": pl.String,
        "accounting_on": pl.Date,
        "effective_on": pl.Date,
        "currency": pl.String,
        "description": pl.String,
        "contra": pl.String,
        "amount_minor": pl.Int64,
        "functional_minor": pl.Int64,
        "source_id": pl.String,
        "purpose": pl.String,
        "version": pl.Int32,
    }
)
"""contra: codes of the entry's other accounts. version: negative for a reversal."""


def account_card(conn: Connection, asked: Asked, code: str, first_day: date) -> pl.DataFrame:
    """One row per posting (CARD and balance_minor, the running balance in the book's currency) since a first day.

    Before them, one row per currency of what the account held when that day began; its number is null.
    """
    parameters = asked.parameters | {"code": code, "first_day": first_day}
    posted = copy_out(conn, query("report_account"), parameters, CARD)
    return posted.with_columns(balance_minor=pl.col("functional_minor").cum_sum())
