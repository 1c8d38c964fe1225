"""Plaid's lines and balances as canonical records.

Plaid's sign is turned here, once: it calls money out positive. Lines of accounts that the book does not name are not
ours to map.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical.decoding import decode
from finance_pipeline.canonical.mapped import Mapped
from finance_pipeline.canonical.payloads import (
    currencies,
    finished,
    first_reason,
    id_expr,
    parted,
    said,
    text,
    together,
)
from finance_pipeline.core.money import minor_expr
from finance_pipeline.core.settings import Book

MAPPER_VERSION = 1
_SOURCE = "plaid"
_TRANSACTION = {
    "account_id": None,
    "amount": None,
    "iso_currency_code": None,
    "unofficial_currency_code": None,
    "date": None,
    "pending": None,
    "name": None,
    "original_description": None,
    "merchant_name": None,
    "check_number": None,
    "transaction_code": None,
    "personal_finance_category": {"detailed": None},
    "payment_meta": {"by_order_of": None, "payee": None, "payer": None, "reference_number": None},
    "counterparties": [
        {"name": None, "account_numbers": {"bacs": {"account": None}, "international": {"iban": None}}},
    ],
}
_ACCOUNT = {
    "account_id": None,
    "retrieved_on": None,
    "type": None,
    "balances": {
        "current": None,
        "iso_currency_code": None,
        "unofficial_currency_code": None,
        "last_updated_datetime": None,
    },
}
_OWED_TYPES = ("credit", "loan")


def map_evidence(evidence: pl.DataFrame, book: Book) -> Mapped:
    """Kinds transaction -> bank_transaction, account -> balance. evidence: one book's Plaid rows, latest versions."""
    lines, unfit_lines = _lines(evidence.filter(pl.col("kind") == "transaction"), book)
    balances, unfit_balances = _balances(evidence.filter(pl.col("kind") == "account"), book)
    return together({"bank_transaction": [lines], "balance": [balances]}, [*unfit_lines, *unfit_balances])


def _of_the_book(decoded: pl.DataFrame, book: Book) -> pl.DataFrame:
    """The rows of the book's accounts, with `bank_account` and `account_currency`."""
    accounts = [(a.external_id, a.id, a.currency) for a in book.bank_accounts if a.feed and a.external_id]
    schema = ["account_id", "bank_account", "account_currency"]
    named = pl.DataFrame(accounts, schema=dict.fromkeys(schema, pl.String), orient="row")
    return decoded.with_columns(account_id=said("account_id")).join(
        named, on="account_id", how="inner", maintain_order="left"
    )


def _currency_reasons(frame: pl.DataFrame, unofficial: pl.Expr) -> tuple[tuple[pl.Expr, str | pl.Expr], ...]:
    """Why a row's `currency` cannot be trusted: a currency is never assumed."""
    known = pl.col("currency").is_in(currencies(frame["currency"]))
    return (
        (
            unofficial.is_not_null() & pl.col("currency").is_null(),
            pl.format("its currency is the unofficial {}", unofficial),
        ),
        (pl.col("currency").is_null(), "it states no currency"),
        (~known, pl.format("{} is not an ISO 4217 currency", "currency")),
        (
            pl.col("currency") != pl.col("account_currency"),
            pl.format("it is in {}, but account {} is in {}", "currency", "bank_account", "account_currency"),
        ),
    )


def _lines(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    decoded, unreadable = decode(evidence, _TRANSACTION)
    rows = _of_the_book(decoded, book).with_columns(
        currency=text("iso_currency_code"),
        booked_on=said("date").str.to_date("%Y-%m-%d", strict=False),
    )
    rows = rows.with_columns(amount_minor=-minor_expr(said("amount"), pl.col("currency")))
    rows = rows.with_columns(
        reason=first_reason(
            *_currency_reasons(rows, text("unofficial_currency_code")),
            (
                pl.col("amount_minor").is_null(),
                pl.format("{} is not an amount of {}", said("amount").fill_null("nothing"), "currency"),
            ),
            (pl.col("booked_on").is_null(), "it has no date"),
            (~said("pending").is_in(["true", "false"]), "it does not say whether it is pending"),
        )
    )
    fit, unfit = parted(rows)
    incoming = pl.col("amount_minor") > 0
    party = said("counterparties").list.first()
    numbers = party.struct.field("account_numbers")
    mapped = fit.with_columns(
        record_id=id_expr(book, _SOURCE, "transaction", pl.col("source_id")),
        value_on=pl.lit(None, pl.Date),
        status=pl.when(said("pending") == "true").then(pl.lit("pending")).otherwise(pl.lit("booked")),
        counterparty_name=pl.coalesce(
            pl.when(incoming)
            .then(pl.coalesce(text("payment_meta", "payer"), text("payment_meta", "by_order_of")))
            .otherwise(text("payment_meta", "payee")),
            party.struct.field("name"),
            text("merchant_name"),
        ),
        counterparty_account=pl.coalesce(
            numbers.struct.field("international").struct.field("iban"),
            numbers.struct.field("bacs").struct.field("account"),
        ),
        memo=pl.coalesce(text("original_description"), text("name")),
        end_to_end_id=pl.lit(None, pl.String),
        bank_reference=pl.coalesce(text("payment_meta", "reference_number"), text("check_number")),
        transaction_code=pl.coalesce(text("transaction_code"), text("personal_finance_category", "detailed")),
        original_amount_minor=pl.lit(None, pl.Int64),
        original_currency=pl.lit(None, pl.String),
        detail_count=pl.lit(1, pl.Int32),
    )
    return finished(mapped, "bank_transaction", book, _SOURCE, day="booked_on"), [unreadable, unfit]


def _balances(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The bank's current balance; of a credit account it is what we owe, hence negative."""
    decoded, unreadable = decode(evidence, _ACCOUNT)
    rows = _of_the_book(decoded, book).with_columns(currency=text("balances", "iso_currency_code"))
    current = minor_expr(said("balances", "current"), pl.col("currency"))
    rows = rows.with_columns(
        balance_minor=pl.when(said("type").is_in(_OWED_TYPES)).then(-current).otherwise(current),
        balance_on=text("retrieved_on").str.to_date("%Y-%m-%d", strict=False),
    )
    rows = rows.with_columns(
        reason=first_reason(
            *_currency_reasons(rows, text("balances", "unofficial_currency_code")),
            (pl.col("balance_minor").is_null(), "it states no current balance"),
            (pl.col("balance_on").is_null(), "it has no date"),
        )
    )
    fit, unfit = parted(rows)
    stated = said("balances", "last_updated_datetime").str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    mapped = fit.with_columns(
        record_id=id_expr(book, _SOURCE, "account", pl.col("source_id")),
        account=pl.col("bank_account"),
        kind=pl.lit("feed"),
        stated_at=stated,
        statement_id=pl.lit(None, pl.String),
    )
    return finished(mapped, "balance", book, _SOURCE, day="balance_on"), [unreadable, unfit]
