"""Balances of accounts: by month, by day. Computed from the journal when asked. Amounts are minor units, + debit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Literal

import polars as pl
import psycopg

from finance_pipeline.core.period import Month
from finance_pipeline.ledger.reports.asked import Asked
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

Connection = psycopg.Connection[tuple[Any, ...]]
TRIAL_BALANCE = pl.Schema(
    {
        "code": pl.String,
        "name": pl.String,
        "opening_minor": pl.Int64,
        "debit_minor": pl.Int64,
        "credit_minor": pl.Int64,
        "closing_minor": pl.Int64,
    }
)
BALANCES_BY_DAY = pl.Schema(
    {
        "code": pl.String,
        "on_day": pl.Date,
        "movement_minor": pl.Int64,
        "balance_minor": pl.Int64,
        "functional_movement_minor": pl.Int64,
        "functional_balance_minor": pl.Int64,
    }
)
AS_OF = pl.Schema(
    {"code": pl.String, "name": pl.String, "kind": pl.String, "role": pl.String}
    | dict.fromkeys(("opening_minor", "debit_minor", "credit_minor", "closing_minor"), pl.Int64)
    | {"other_currency": pl.String, "other_minor": pl.Int64}
)
"""other_currency and other_minor: of an account that holds one currency which is not the book's, else null."""
MONTH_TOTALS = pl.Schema(
    {
        "month": pl.String,
        "entries": pl.Int64,
        "accounts": pl.Int64,
        "debit_minor": pl.Int64,
        "credit_minor": pl.Int64,
    }
)


def trial_balance(conn: Connection, book: str, month: Month) -> pl.DataFrame:
    """One row per account that ever moved (TRIAL_BALANCE), in the book's currency, by accounting date."""
    return copy_out(
        conn,
        query("ledger_trial_balance"),
        {"book": book, "first_day": month.first_day, "last_day": month.last_day},
        TRIAL_BALANCE,
    )


def month_totals(conn: Connection, book: str, months: Sequence[Month]) -> pl.DataFrame:
    """One row per wanted month: its entries, debits and credits, and accounts of its trial balance (MONTH_TOTALS)."""
    days = {"first_days": [m.first_day for m in months], "last_days": [m.last_day for m in months]}
    return copy_out(conn, query("ledger_month_totals"), {"book": book} | days, MONTH_TOTALS)


def balances_by_day(
    conn: Connection,
    book: str,
    codes: Sequence[str],
    currency: str,
    *,
    by: Literal["effective", "accounting"] = "effective",
) -> pl.DataFrame:
    """One row per account and day on which it moved in one currency (BALANCES_BY_DAY), oldest first."""
    parameters = {"book": book, "codes": list(codes), "currency": currency, "by_effective": by == "effective"}
    return copy_out(conn, query("ledger_balances_by_day"), parameters, BALANCES_BY_DAY)


def trial_balance_as_of(conn: Connection, asked: Asked, first_day: date, functional: str) -> pl.DataFrame:
    """One row per account that ever moved by the day asked for (AS_OF); `debit` and `credit` are those since first_day.

    functional: the book's currency, in which all amounts are but other_minor.
    """
    whole_before = Month.of(asked.as_of + timedelta(days=1)).first_day
    month = Month.of(first_day)
    is_divided = first_day != month.first_day and month.first_day < whole_before
    parameters = asked.parameters | {
        "first_day": first_day,
        "functional": functional,
        "whole_before": whole_before,
        "divided_from": month.first_day if is_divided else None,
        "divided_to": month.next.first_day if is_divided else None,
        "divides": is_divided or whole_before <= asked.as_of,
    }
    return copy_out(conn, query("report_trial_balance"), parameters, AS_OF)
