"""Bank lines: the bank account against what is not identified yet, at once, whatever arrives later.

So the bank account is right before anything is matched, and entries do not depend on what arrived first. Unidentified
receipts (a liability) and unidentified payments (an asset) never net. Pending lines never post.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.entries import (
    Postings,
    assembled,
    first_reason,
    keyed,
    leg,
    no_rate,
    not_before,
    nothing,
    parted,
    together,
)
from finance_pipeline.ledger.rates import functional


def bank_lines(book: Book, transactions: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """Dr bank, Cr unidentified receipts for money in; Dr unidentified payments, Cr bank for money out.

    transactions: schemas.BANK_TRANSACTIONS. rates: schemas.FX_RATES.
    """
    booked = transactions.filter((pl.col("status") == "booked") & (pl.col("amount_minor") != 0))
    if booked.is_empty():
        return nothing()
    rows = functional(keyed(booked), rates, book, on="booked_on").with_columns(
        _account_code(book, "bank_account"),
        other=unidentified(book, pl.col("amount_minor")),
        purpose=pl.lit("line"),
        effective_on=pl.col("booked_on"),
        accounting_on=not_before(book, "booked_on"),
        rule=pl.lit("bank_line"),
        description=pl.coalesce("counterparty_name", "memo", pl.lit("bank line")),
    )
    heads, held = parted(
        rows.with_columns(
            first_reason(
                (pl.col("code").is_null(), "account_unknown", _unknown(book, "bank_account")),
                (pl.col("functional_minor").is_null(), "no_rate", no_rate("booked_on", book)),
            )
        )
    )
    amount, carried = pl.col("amount_minor"), pl.col("functional_minor")
    posted = assembled(
        book,
        heads,
        [leg(heads, 0, pl.col("code"), amount, carried), leg(heads, 1, pl.col("other"), -amount, -carried)],
    )
    return together([posted, Postings(posted.entries.clear(), held)])


def bank_openings(book: Book, balances: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """Dr bank, Cr opening balances: the first balance that a bank stated of each account, once.

    balances: schemas.BALANCES, the first opening one of each account. The account is the subject, not the balance
    record: an earlier statement that arrives later replaces the opening instead of adding a second one.
    """
    bank_ids = [account.id for account in book.bank_accounts]
    stated = balances.filter((pl.col("kind") == "opening") & pl.col("account").is_in(bank_ids))
    if stated.is_empty():
        return nothing()
    rows = functional(keyed(stated), rates, book, amount="balance_minor", on="balance_on").with_columns(
        _account_code(book, "account"),
        source=pl.lit("opening"),
        source_id=pl.format("{}/{}", "book", "account"),
        purpose=pl.lit("opening"),
        amount_minor=pl.col("balance_minor"),
        effective_on=pl.col("balance_on"),
        accounting_on=not_before(book, "balance_on"),
        rule=pl.lit("opening_balance"),
        description=pl.format("Opening balance of {}", "account"),
    )
    missing = (pl.col("functional_minor").is_null(), "no_rate", no_rate("balance_on", book))
    heads, held = parted(rows.with_columns(first_reason(missing)))
    amount, carried = pl.col("balance_minor"), pl.col("functional_minor")
    equity = pl.lit(role_code(book, "opening_balances"))
    posted = assembled(
        book, heads, [leg(heads, 0, pl.col("code"), amount, carried), leg(heads, 1, equity, -amount, -carried)]
    )
    return together([posted, Postings(posted.entries.clear(), held)])


def unidentified(book: Book, amount: pl.Expr) -> pl.Expr:
    """Code of the account where a bank line waits: receipts and payments apart."""
    receipts, payments = role_code(book, "unidentified_receipts"), role_code(book, "unidentified_payments")
    return pl.when(amount > 0).then(pl.lit(receipts)).otherwise(pl.lit(payments))


def _account_code(book: Book, column: str) -> pl.Expr:
    codes = {account.id: account.gl_account for account in book.bank_accounts}
    return pl.col(column).replace_strict(codes, default=None, return_dtype=pl.String).alias("code")


def _unknown(book: Book, column: str) -> pl.Expr:
    return pl.format(f"book {book.id} declares no bank account {{}}; add it to the settings", column)
