"""Tie-outs: pairs of figures that come from different places and must be equal at the end of a day.

Each rule is one query over what was published. A figure that nobody stated is null, and a pair with a null proves
nothing: it is listed as not tied, with the words that say what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from finance_pipeline.core.money import odd_exponents
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code, valuation_accounts
from finance_pipeline.ledger.revaluation import is_over
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

Connection = psycopg.Connection[tuple[Any, ...]]
RULES = (
    "bank_account_equals_statement",
    "statements_are_continuous",
    "clearing_equals_processor",
    "receivables_equal_open_items",
    "payables_equal_open_items",
    "transit_equals_open_items",
    "unidentified_equals_open_lines",
    "every_line_is_posted",
    "debits_equal_credits",
    "opening_plus_movement_equals_closing",
    "valuation_equals_closing_rate",
)
_PAIR = pl.Schema(
    {
        "name": pl.String,
        "subject": pl.String,
        "on_day": pl.Date,
        "currency": pl.String,
        "left_words": pl.String,
        "left_minor": pl.Int64,
        "right_words": pl.String,
        "right_minor": pl.Int64,
    }
)


def tie_outs(conn: Connection, book: Book, month: Month) -> pl.DataFrame:
    """One row per pair of figures of a book-month: name, subject, on_day, both figures, tied, words.

    Amounts are minor units of the row's currency. Queries: sql/queries/tie_*.sql.
    """
    parameters = _parameters(book, month)
    pairs = copy_out(conn, _every_rule(), parameters, _PAIR)
    difference = pl.col("left_minor") - pl.col("right_minor")
    return pairs.with_columns(
        book=pl.lit(book.id),
        month=pl.lit(str(month)),
        tied=(difference == 0).fill_null(False),
        words=pl.when(pl.col("right_minor").is_null())
        .then(pl.format("no {} is known", "right_words"))
        .when(pl.col("left_minor").is_null())
        .then(pl.format("no {} is known", "left_words"))
        .when(difference == 0)
        .then(pl.lit("equal"))
        .otherwise(pl.format("{} and {} differ by {} minor units", "left_words", "right_words", difference)),
    )


def _every_rule() -> sql.Composed:
    """All rules as one statement over one reading of the journal, in which each rule reads `movement`."""
    rules = sql.SQL("\nunion all\n").join(sql.SQL("(\n{}\n)").format(sql.SQL(query(f"tie_{r}"))) for r in RULES)
    return sql.SQL("with movement as materialized (\n{}\n)\n{}").format(sql.SQL(query("tie_movements")), rules)


def _parameters(book: Book, month: Month) -> Mapping[str, object]:
    """What every rule may name: the month's days, the book's accounts, and the codes of its control accounts."""
    return {
        "book": book.id,
        "functional": book.currency,
        "month": str(month),
        "first_day": month.first_day,
        "last_day": month.last_day,
        "starts_on": book.starts_on,
        "bank_accounts": [a.id for a in book.bank_accounts],
        "bank_codes": [a.gl_account for a in book.bank_accounts],
        "bank_currencies": [a.currency for a in book.bank_accounts],
        "processor_accounts": [a.id for a in book.processor_accounts],
        "processor_currencies": [a.currency for a in book.processor_accounts],
        "is_over": is_over(book, month, datetime.now(UTC)),
        "rate_greatest_age_days": book.ledger.rate_greatest_age_days,
        "odd_currencies": list(odd_exponents()),
        "odd_exponents": list(odd_exponents().values()),
        "revalued_codes": list(valuation_accounts(book)),
        "valuation_codes": list(valuation_accounts(book).values()),
        "clearing": role_code(book, "processor_clearing"),
        "receivables": role_code(book, "receivables"),
        "payables": role_code(book, "payables"),
        "payouts_in_transit": role_code(book, "payouts_in_transit"),
        "transfers_in_transit": role_code(book, "transfers_in_transit"),
        "outstanding_receipts": role_code(book, "outstanding_receipts"),
        "outstanding_payments": role_code(book, "outstanding_payments"),
        "unidentified_receipts": role_code(book, "unidentified_receipts"),
        "unidentified_payments": role_code(book, "unidentified_payments"),
        "unapplied_card_receipts": role_code(book, "unapplied_card_receipts"),
        "refunds_awaiting_credit_note": role_code(book, "refunds_awaiting_credit_note"),
    }
