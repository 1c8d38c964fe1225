"""Revaluation: what is owed and held in other currencies, at the rate of the month's end. Pure.

The carrying amounts stay as they are; what they are too high or too low stands beside them, in a valuation account of
each account (accounting rule 23). Of receivables and payables that is taken back on the first day of the next month,
so that what a settlement gains or loses is always reckoned from the document's own rate; of cash and of what must
clear it stands, and each month adds to it. What was paid in advance or on account is not revalued: it will be settled
with a document, not with money.

Not here: gains and losses of settlements (finance_pipeline.ledger.posting.settling).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl

from finance_pipeline.core.money import format_money
from finance_pipeline.core.period import Month, local_date
from finance_pipeline.core.settings import Book
from finance_pipeline.core.tables import Column, Table
from finance_pipeline.ledger.chart import TRADE_ROLES, accounts_of, role_code, valuation_accounts
from finance_pipeline.ledger.posting.entries import (
    Postings,
    assembled,
    first_reason,
    leg,
    no_rate,
    not_before,
    parted,
    together,
)
from finance_pipeline.ledger.rates import closing_rates, functional

BALANCES = Table(
    "foreign_balance",
    "One row per account and currency other than the book's own, at a month's end.",
    (
        Column("code", pl.String, "Account."),
        Column("currency", pl.String, "Currency of the balance (ISO 4217)."),
        Column("amount_minor", pl.Int64, "Balance in that currency, + debit."),
        Column("functional_minor", pl.Int64, "What it is carried at in the book's currency."),
        Column("evidence_id", pl.String, "Of a valuation account: its last entry.", nullable=True),
        Column("evidence_hash", pl.String, "Hash of what that entry says.", nullable=True),
    ),
    key=("code", "currency"),
)
VALUED = pl.Schema(
    {
        "item_id": pl.String(),
        "code": pl.String(),
        "currency": pl.String(),
        "amount_minor": pl.Int64(),
        "carried_minor": pl.Int64(),
        "value_minor": pl.Int64(),
    }
)
"""One row per open item in another currency (item_id), and per balance of an account that must clear or holds cash.
value_minor: at the closing rate, null without one."""
_OF_CUSTOMERS = ("invoice", "credit_note")
_OF_SUPPLIERS = ("bill", "supplier_credit")


def is_over(book: Book, month: Month, now: datetime) -> bool:
    """Whether a month has ended where the book is kept: before, it has no closing rate and is not revalued."""
    return month.last_day < local_date(now, book.time_zone)


def valued(
    book: Book, month: Month, balances: pl.DataFrame, open_items: pl.DataFrame, rates: pl.DataFrame
) -> pl.DataFrame:
    """Everything that a month's end revalues (VALUED), item by item, each rounded by itself.

    balances: BALANCES. open_items: item_id, kind, currency, total_minor, open_minor, open_functional_minor. An item
    that is open with the other sign than its document was paid in advance, and is left out like what is on account.
    """
    money = balances.filter(pl.col("code").is_in(_codes(book, trade=False)), pl.col("currency") != book.currency)
    due = open_items.filter(
        pl.col("kind").is_in((*_OF_CUSTOMERS, *_OF_SUPPLIERS)),
        pl.col("currency") != book.currency,
        pl.col("open_minor").sign() == pl.col("total_minor").sign(),
    )
    receivables, payables = (pl.lit(role_code(book, role)) for role in TRADE_ROLES)
    both = pl.concat(
        [
            due.select(
                "item_id",
                "currency",
                code=pl.when(pl.col("kind").is_in(_OF_CUSTOMERS)).then(receivables).otherwise(payables),
                amount_minor="open_minor",
                carried_minor="open_functional_minor",
            ),
            money.select("currency", "code", "amount_minor", carried_minor="functional_minor"),
        ],
        how="diagonal",
    ).with_columns(day=pl.lit(month.last_day))
    priced = functional(both, rates, book, on="day", into="value_minor")
    nothing = pl.when(pl.col("amount_minor") == 0).then(0).otherwise("value_minor")  # nothing needs no rate
    return priced.with_columns(value_minor=nothing).select(VALUED.names()).sort("code", "currency", "item_id")


def revaluations(
    book: Book,
    month: Month,
    balances: pl.DataFrame,
    open_items: pl.DataFrame,
    rates: pl.DataFrame,
    *,
    is_over: bool,
) -> Postings:
    """Reversals on the month's first day and, once it is over, revaluations on its last: one entry an account and
    currency. Without a rate that is young enough nothing is guessed: it is held.

    balances (BALANCES) and open_items are those at the month's end, valuation accounts before what is posted here.
    """
    before = _valuations(book, balances)
    trade = pl.col("code").is_in(_codes(book, trade=True))
    reversals = _reversals(book, month, before.filter(trade, pl.col("valuation_minor") != 0))
    if not is_over:
        return reversals
    amounts = valued(book, month, balances, open_items, rates)
    standing = before.filter(~trade).select("code", "currency", "valuation_minor")
    return together([reversals, _closing(book, month, amounts, standing, rates)])


def _codes(book: Book, *, trade: bool) -> list[str]:
    of_trade = [role_code(book, role) for role in TRADE_ROLES]
    return of_trade if trade else [code for code in valuation_accounts(book) if code not in of_trade]


def _valuations(book: Book, balances: pl.DataFrame) -> pl.DataFrame:
    """What stands in the valuation account of each account: code, currency, valuation_minor and its evidence."""
    revalued = {valuation: code for code, valuation in valuation_accounts(book).items()}
    return (
        balances.filter(pl.col("code").is_in(list(revalued)))
        .with_columns(code=pl.col("code").replace_strict(revalued, return_dtype=pl.String))
        .rename({"functional_minor": "valuation_minor"})
    )


def _reversals(book: Book, month: Month, standing: pl.DataFrame) -> Postings:
    rows = standing.with_columns(
        difference=-pl.col("valuation_minor"),
        evidence_id=pl.coalesce("evidence_id", pl.lit("opening balances")),
        evidence_hash=pl.coalesce("evidence_hash", pl.lit("")),
        description=pl.format(f"Revaluation of {{}} in {{}} of {month.previous} taken back", named(book), "currency"),
    )
    return _posted(book, _heads(book, month, rows, "reversal", month.first_day))


def _closing(book: Book, month: Month, amounts: pl.DataFrame, standing: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """What the valuation accounts lack to the difference between value and carrying amount."""
    totals = amounts.group_by("code", "currency", maintain_order=True).agg(
        pl.col("amount_minor", "carried_minor").sum(),
        value_minor=pl.when(pl.col("value_minor").is_not_null().all()).then(pl.col("value_minor").sum()),
    )
    rows = totals.join(standing, on=["code", "currency"], how="left", maintain_order="left").with_columns(
        valuation_minor=pl.col("valuation_minor").fill_null(0)
    )
    quoted = closing_rates(rows["currency"].unique().sort().to_list(), rates, book, month.last_day)
    rows = rows.join(quoted, on="currency", how="left", maintain_order="left").with_columns(
        difference=pl.col("value_minor") - pl.col("carried_minor") - pl.col("valuation_minor"),
        evidence_id=pl.col("rate_id").fill_null("no rate"),
        evidence_hash=pl.col("rate_hash").fill_null(""),
        at=pl.col("rate_words").fill_null("no rate, nothing is left of it"),
    )
    said = [_said(book, row) for row in rows.with_columns(name=named(book)).iter_rows(named=True)]
    rows = rows.with_columns(description=pl.Series(said, dtype=pl.String)).filter(
        pl.col("difference").is_null() | (pl.col("difference") != 0)
    )
    heads = _heads(book, month, rows, "revaluation", month.last_day)
    missing = (pl.col("difference").is_null(), "no_rate", no_rate("effective_on", book))
    fit, held = parted(heads.with_columns(first_reason(missing)))
    posted = _posted(book, fit)
    return together([posted, Postings(posted.entries.clear(), held)])


def _said(book: Book, row: dict[str, Any]) -> str:
    """What an entry says of itself: how much, at which rate, against what it was carried at."""
    if row["value_minor"] is None:
        return f"Revaluation of {row['name']} in {row['currency']}"
    amount = f"{format_money(row['amount_minor'], row['currency'])} {row['currency']}"
    worth = f"{format_money(row['value_minor'], book.currency)} {book.currency}"
    carried = format_money(row["carried_minor"] + row["valuation_minor"], book.currency)
    return f"Revaluation of {row['name']}: {amount} at {row['at']}, worth {worth}, carried at {carried}"


def named(book: Book) -> pl.Expr:
    """Code and name of the account in `code`."""
    names = dict(accounts_of(book).select("code", "name").rows())
    return pl.format("{} {}", "code", pl.col("code").replace_strict(names, default="", return_dtype=pl.String))


def _heads(book: Book, month: Month, rows: pl.DataFrame, purpose: str, on: date) -> pl.DataFrame:
    return rows.with_columns(
        book=pl.lit(book.id),
        source=pl.lit("revaluation"),
        source_id=pl.format(f"{book.id}/{month}/{{}}/{{}}", "code", "currency"),
        purpose=pl.lit(purpose),
        effective_on=pl.lit(on),
        match_id=pl.lit(None, pl.String),
        rule=pl.lit(f"{purpose}_at_closing_rate" if purpose == "revaluation" else "revaluation_reversal"),
    ).with_columns(accounting_on=not_before(book, "effective_on"), key="source_id")


def _posted(book: Book, heads: pl.DataFrame) -> Postings:
    """Dr valuation, Cr gains and losses on exchange where the difference is a gain. The entry is in the currency that
    was revalued, of which it moves nothing, so that valuations are known by currency.
    """
    nothing, difference = pl.lit(0), pl.col("difference")
    valuation = pl.col("code").replace_strict(valuation_accounts(book), return_dtype=pl.String)
    fx = pl.lit(role_code(book, "fx"))
    return assembled(
        book, heads, [leg(heads, 0, valuation, nothing, difference), leg(heads, 1, fx, nothing, -difference)]
    )
