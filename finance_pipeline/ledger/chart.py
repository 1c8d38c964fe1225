"""The chart of accounts: which account plays which role in a book, and how the chart reaches the database.

Here: the default chart, a book's own bank accounts and mapped accounts. Not here: what is posted to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import yaml

from finance_pipeline.core.identity import digest
from finance_pipeline.core.problems import BadSettings
from finance_pipeline.core.settings import Book
from finance_pipeline.core.tables import Column, Table

ACCOUNTS = Table(
    "account",
    "One row per account of a book's chart.",
    (
        Column("book", pl.String, "Legal entity."),
        Column("code", pl.String, "Code by which people and reports name it."),
        Column("name", pl.String, "Name."),
        Column(
            "kind", pl.String, "Class of the account.", one_of=("asset", "liability", "equity", "income", "expense")
        ),
        Column("normal_side", pl.String, "Side on which its balance usually stands.", one_of=("debit", "credit")),
        Column("role", pl.String, "What the posting rules use it for; mapped: named by the book's chart only."),
        Column("currency", pl.String, "Only currency that it may hold; null: any.", nullable=True),
        Column("is_control", pl.Boolean, "True where the balance must equal a list of open items."),
    ),
    key=("book", "code"),
)
_KIND_OF_CLASS = {"1": "asset", "2": "liability", "3": "equity", "4": "income"} | dict.fromkeys("56789", "expense")
_DEBIT_KINDS = ("asset", "expense")


@cache
def _default_chart() -> tuple[dict[str, Any], ...]:
    text = (Path(__file__).parent / "chart.yaml").read_text(encoding="utf-8")
    return tuple(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # every process reads it


@cache
def _codes_of_roles() -> dict[str, str]:
    return {account["role"]: account["code"] for account in _default_chart()}


_CLEARED_BY_MATCHING = frozenset(
    (
        *("receivables", "payables", "processor_clearing", "payouts_in_transit", "transfers_in_transit"),
        *("unidentified_receipts", "unidentified_payments", "unapplied_card_receipts", "outstanding_receipts"),
        *("outstanding_payments", "refunds_awaiting_credit_note", "exchange", "disputes_receivable", "bank"),
    )
)
"""Roles of accounts whose balance is that of lines or items still open: a line coded there would never clear."""
TRADE_ROLES = ("receivables", "payables")
"""Control accounts: the revaluation of their items is taken back on the first day of the next month."""
_CLEARING_ROLES = (
    *("processor_clearing", "payouts_in_transit", "transfers_in_transit", "disputes_receivable"),
    *("unidentified_payments", "unidentified_receipts", "outstanding_receipts", "outstanding_payments"),
    *("unapplied_card_receipts", "refunds_awaiting_credit_note"),
)
"""Accounts that must clear and may hold other currencies: revalued at month end like cash, for good. Not exchange: what
stands there in one currency stands there in another."""
INTERCOMPANY = "intercompany"
"""Role of what another book of the group owes this one, or is owed."""
VALUATION = "_valuation"
"""Ends the role of the adjunct of an account: what its balances in other currencies are worth more than carried at."""


def codable_accounts(book: Book) -> frozenset[str]:
    """Codes of the accounts that a line without a document may be coded to."""
    role = pl.col("role")
    untouchable = role.is_in(list(_CLEARED_BY_MATCHING)) | role.str.ends_with(VALUATION) | pl.col("is_control")
    accounts = accounts_of(book).filter(~untouchable)
    return frozenset(accounts["code"])


def role_code(book: Book, role: str) -> str:
    """Code of the account that plays a role in a book. Raises BadSettings for a role that its chart lacks."""
    try:
        return _codes_of_roles()[role]
    except KeyError as cause:
        raise BadSettings(f"no account plays the role {role!r}.", where=f"chart of book {book.id}") from cause


def valuation_accounts(book: Book) -> dict[str, str]:
    """Account that is revalued -> its valuation account: control and clearing accounts, banks in other currencies."""
    codes = [role_code(book, role) for role in (*TRADE_ROLES, *_CLEARING_ROLES)]
    codes += [bank.gl_account for bank in book.bank_accounts if bank.currency != book.currency]
    codes += [other.gl_account for other in book.intercompany]
    return {code: f"{code}V" for code in codes}


def accounts_of(book: Book) -> pl.DataFrame:
    """Every account of a book (ACCOUNTS): the default chart, its bank accounts, their valuation accounts, and accounts
    that its chart maps to.

    Raises BadSettings for a bank account on a code of the default chart, two bank accounts on one code, or a mapped
    code whose first digit names no class.
    """
    rows = {account["code"]: {"is_control": False, "currency": None} | account for account in _default_chart()}
    for code, owner, added in _declared(book):
        if code in rows:
            raise BadSettings(
                f"the ledger account {code} is taken by {rows[code]['name']!r}.",
                where=f"{owner} of book {book.id}",
                todo="Give each a gl_account of its own, for example one from 1010 to 1090.",
            )
        rows[code] = added
    for code, valuation in valuation_accounts(book).items():
        rows[valuation] = {
            "code": valuation,
            "role": f"{rows[code]['role']}{VALUATION}",
            "name": f"{rows[code]['name']}, valuation",
            "kind": rows[code]["kind"],
            "currency": None,
            "is_control": False,
        }
    for code in sorted(set(book.chart.values()) - set(rows)):
        rows[code] = _mapped(book, code)
    return ACCOUNTS.frame(
        [
            account | {"book": book.id, "normal_side": "debit" if account["kind"] in _DEBIT_KINDS else "credit"}
            for _, account in sorted(rows.items())
        ]
    )


def _declared(book: Book) -> list[tuple[str, str, dict[str, Any]]]:
    """Accounts that a book's settings name: code, whose it is, and the account itself."""
    plain = {"kind": "asset", "is_control": False}
    banks = [
        (bank.gl_account, f"bank account {bank.id}", bank.name or bank.id, {"role": "bank", "currency": bank.currency})
        for bank in book.bank_accounts
    ]
    group = [
        (other.gl_account, f"intercompany {other.book}", f"Due from (to) {other.book}", {"role": INTERCOMPANY})
        for other in book.intercompany
    ]
    return [
        (code, owner, plain | {"code": code, "name": name, "currency": None} | rest)
        for code, owner, name, rest in (*banks, *group)
    ]


def _mapped(book: Book, code: str) -> dict[str, Any]:
    """An account that only the book's chart names: its class follows from the first digit of its code."""
    if code[:1] not in _KIND_OF_CLASS:
        raise BadSettings(
            f"the ledger account {code!r} begins with none of 1 to 9, so that its class is unknown.",
            where=f"chart of book {book.id}",
            todo="Map to a code like 4010: 1 assets, 2 liabilities, 3 equity, 4 income, 5 to 9 expenses.",
        )
    return {
        "code": code,
        "role": "mapped",
        "name": f"Account {code}",
        "kind": _KIND_OF_CLASS[code[0]],
        "currency": None,
        "is_control": False,
    }


def digest_of(book: Book) -> str:
    """Digest of what the posting rules read of a book's settings: its accounts, its mapping, its start, its policy."""
    mapping = sorted(book.chart.items())
    banks = [(bank.id, bank.gl_account, bank.currency) for bank in book.bank_accounts]
    return digest(accounts_of(book).write_csv(), mapping, banks, book.currency, book.starts_on, *policy_of_days(book))


def policy_of_days(book: Book) -> tuple[object, ...]:
    """What the policy of a book's ledger says of days: a part of every digest of what rests on them.

    What was computed before there was a choice is not stale where the choice is as it was.
    """
    age, leave = book.ledger.rate_greatest_age_days, book.ledger.supplier_payments_leave
    return (age,) if leave == "when_sent" else (age, leave)


def ensure_accounts(conn: psycopg.Connection[Any], books: Iterable[Book]) -> int:
    """Add the books and accounts that the ledger lacks; returns how many accounts were added. What is there stays.

    Raises BadSettings if a book's functional currency is not the one that its ledger is kept in.
    """
    added = 0
    for book in books:
        conn.execute(
            """
            insert into ledger.book (book, functional_currency, starts_on, fiscal_year_starts_month)
            values (%s, %s, %s, %s) on conflict (book) do nothing
            """,
            (book.id, book.currency, book.starts_on, book.fiscal_year_starts_month),
        )
        _check_book(conn, book)
        rows = accounts_of(book).select(ACCOUNTS.names)
        added += conn.execute(
            """
            insert into ledger.account (book, code, name, kind, normal_side, role, currency, is_control)
            select %s, wanted.*
            from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[])
                as wanted (code, name, kind, normal_side, role, currency, is_control)
            where not exists (
                select from ledger.account as known where known.book = %s and known.code = wanted.code
            )
            """,
            (book.id, *(rows[name].to_list() for name in ACCOUNTS.names[1:]), book.id),
        ).rowcount
    return added


def _check_book(conn: psycopg.Connection[Any], book: Book) -> None:
    row = conn.execute(
        "select functional_currency, starts_on, fiscal_year_starts_month from ledger.book where book = %s", (book.id,)
    ).fetchone()
    wanted = (book.currency, book.starts_on, book.fiscal_year_starts_month)
    if row != wanted:
        raise BadSettings(
            f"its ledger was opened with {row}, and the settings now say {wanted} "
            "(currency, first day, first month of the fiscal year).",
            where=f"book {book.id}",
            kept="Nothing was posted.",
            todo="Set them back, or begin a new book.",
        )
