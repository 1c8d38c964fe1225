"""The reports: each a question answered from the ledger, with the stamp of what it rests on.

Amounts are minor units, + debit; of a bank account, + is money on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from finance_pipeline.cash.position import cash_as_of
from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger import reports
from finance_pipeline.services.reports.questions import Question, Stamp, asked
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.address import Connection

ROLES: Mapping[str, tuple[str, ...]] = {
    "parties": reports.OF_PARTIES,
    "receivables": ("receivables",),
    "payables": ("payables",),
    "clearing": reports.CLEARING,
    "unidentified": reports.UNIDENTIFIED,
    "all": (*reports.OF_PARTIES, *reports.CLEARING, *reports.UNIDENTIFIED),
}
"""Roles of the accounts whose balance is explained item by item, by what people call them together."""
OUTSTANDING = ("outstanding_receipts", "outstanding_payments", *reports.UNIDENTIFIED)
"""Roles of the accounts with what one of the two sides of a bank reconciliation does not know."""


@dataclass(frozen=True)
class TrialBalance:
    """Balances of all accounts of a book."""

    stamp: Stamp
    first_day: date
    """First day of `debit` and `credit`."""
    accounts: pl.DataFrame
    """reports.AS_OF."""
    is_partial: bool
    """Nobody says which ledger of the book is statutory: what no source and no journal brings may be missing."""

    @property
    def difference_minor(self) -> int:
        """Debits less credits."""
        return int(self.accounts["closing_minor"].sum())


@dataclass(frozen=True)
class AccountCard:
    """One account: what it began with, every posting since, and what is left."""

    stamp: Stamp
    code: str
    name: str
    first_day: date
    postings: pl.DataFrame
    """reports.card.CARD and balance_minor; rows without a number are the opening balance."""
    closing_minor: int


@dataclass(frozen=True)
class OpenItems:
    """What the balance of some accounts consists of, item by item."""

    stamp: Stamp
    items: pl.DataFrame
    """reports.items.ITEMS, age_days, bucket."""
    accounts: pl.DataFrame
    """One row per account: code, name, role, balance_minor (of the ledger), items_minor, difference_minor."""


@dataclass(frozen=True)
class Cash:
    """Cash by account."""

    stamp: Stamp
    accounts: pl.DataFrame
    """cash.position.POSITION."""


@dataclass(frozen=True)
class BankReconciliation:
    """Bank accounts against what their banks state."""

    stamp: Stamp
    accounts: pl.DataFrame
    """reports.bank.BANK with late_minor, after_minor, of what is outstanding and of what is not identified the receipts
    and the payments, as the bank signs them (OUTSTANDING), and difference_minor (null without a statement)."""
    entries: pl.DataFrame
    """reports.bank.BANK_ENTRIES: late items, and what happened since the statement."""
    items: pl.DataFrame
    """reports.items.ITEMS and bank_minor (what is open, as the bank signs it): of roles OUTSTANDING, these accounts."""


def trial_balance(workspace: Workspace, question: Question, first_day: date | None = None) -> TrialBalance:
    """The trial balance; its movements are those since first_day, or since the first of the month."""
    with asked(workspace, question) as (conn, what, stamp):
        first = _first_day(first_day, what.as_of)
        accounts = reports.trial_balance_as_of(conn, what, first, stamp.currency)
    return TrialBalance(stamp, first, accounts, workspace.settings.book(question.book).ledger.statutory is None)


def account(workspace: Workspace, question: Question, code: str, first_day: date | None = None) -> AccountCard:
    """The ledger card of an account. Raises BadInput that lists the book's accounts for one that it does not have."""
    with asked(workspace, question) as (conn, what, stamp):
        first = _first_day(first_day, what.as_of)
        name = _name_of(conn, what.book, code)
        postings = reports.account_card(conn, what, code, first)
    return AccountCard(stamp, code, name, first, postings, int(postings["functional_minor"].sum()))


def open_items(workspace: Workspace, question: Question, roles: Sequence[str] = reports.OF_PARTIES) -> OpenItems:
    """What is open, item by item, beside the balances that the items must add to."""
    with asked(workspace, question) as (conn, what, stamp):
        return OpenItems(stamp, *items_of(conn, what, stamp.currency, roles))


def items_of(
    conn: Connection, what: reports.Asked, functional: str, roles: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Items of the accounts of some roles, and those accounts with the difference between balance and items."""
    items = reports.items(conn, what, roles)
    balances = reports.trial_balance_as_of(conn, what, what.as_of, functional)
    by_code = items.group_by("code").agg(items_minor=pl.col("open_functional_minor").sum())
    accounts = (
        balances.filter(pl.col("role").is_in(list(roles)))
        .join(by_code, on="code", how="left", maintain_order="left")
        .select("code", "name", "role", balance_minor="closing_minor", items_minor=pl.col("items_minor").fill_null(0))
        .with_columns(difference_minor=pl.col("balance_minor") - pl.col("items_minor"))
    )
    return items, accounts


def cash(workspace: Workspace, question: Question) -> Cash:
    """Cash by account: the ledger's balance, and the bank's or processor's own."""
    with asked(workspace, question) as (conn, what, stamp):
        return Cash(stamp, cash_as_of(conn, workspace.settings.book(what.book), what))


def bank_reconciliation(workspace: Workspace, question: Question, account_id: str | None = None) -> BankReconciliation:
    """Each bank account of a book, or one. Raises BadInput for an account that the book does not have."""
    book = workspace.settings.book(question.book)
    known = [each.id for each in book.bank_accounts]
    if account_id is not None and account_id not in known:
        raise BadInput(f"book {book.id} has no bank account {account_id!r}.", todo=f"It has {', '.join(known)}.")
    with asked(workspace, question) as (conn, what, stamp):
        accounts, entries, items = reconciled(conn, what, book)
    if account_id is not None:
        accounts = accounts.filter(account=account_id)
        entries = entries.filter(pl.col("code").is_in(accounts["code"].implode()))
        items = items.filter(account=account_id)
    return BankReconciliation(stamp, accounts, entries, items)


def reconciled(conn: Connection, what: reports.Asked, book: Book) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Bank accounts, entries and items as BankReconciliation has them."""
    balances = reports.bank_balances(conn, what, book)
    entries = reports.bank_entries(conn, what, balances)
    waiting = reports.items(conn, what, OUTSTANDING).with_columns(
        bank_minor=pl.when(pl.col("role").is_in(reports.UNIDENTIFIED))
        .then(-pl.col("open_minor"))
        .otherwise("open_minor")
    )
    signed = pl.when(pl.col("happened")).then("amount_minor").otherwise(-pl.col("amount_minor"))
    by_code = entries.group_by("code").agg(late_minor=signed.filter(pl.col("is_late")).sum())
    by_account = waiting.group_by("account").agg(
        pl.col("bank_minor").filter(pl.col("role") == role).sum().alias(f"{role}_minor") for role in OUTSTANDING
    )
    sums = ("late_minor", *(f"{role}_minor" for role in OUTSTANDING))
    accounts = (
        balances.join(by_code, on="code", how="left", maintain_order="left")
        .join(by_account, on="account", how="left", maintain_order="left")
        .with_columns(pl.col(sums).fill_null(0))
        .with_columns(
            after_minor=pl.col("by_effective_minor") - pl.col("when_stated_minor"),
            difference_minor=pl.col("when_stated_minor") - pl.col("stated_minor"),
        )
    )
    return accounts, entries, waiting


def _first_day(wanted: date | None, as_of: date) -> date:
    """The first of the month unless a day is named. Raises BadInput for one after the last."""
    if wanted is not None and wanted > as_of:
        raise BadInput(f"{wanted} comes after {as_of}.", todo="Give the earlier day with --from.")
    return wanted or Month.of(as_of).first_day


def _name_of(conn: Connection, book: str, code: str) -> str:
    rows: dict[str, str] = dict(
        conn.execute("select code, name from ledger.account where book = %s order by code", (book,)).fetchall()
    )
    if code not in rows:
        raise BadInput(f"book {book} has no account {code!r}.", todo=f"It has {', '.join(rows) or 'none yet'}.")
    return rows[code]
