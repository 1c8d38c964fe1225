"""The bank reconciliation statement: each account from the ledger's balance to the bank's own, to zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from finance_pipeline.close.package.document import Column, Live, Money, Places, Row, Sheet, Table, Value
from finance_pipeline.close.package.facts import Facts

ENTRIES, ITEMS = "bank entries", "bank items"
DIFFERENCE_ROW, START_ROW = 6, 0
_LINE = (Column("words", "", 52), Column("amount", "Amount", 18, is_figure=True), Column("currency", "", 8))
_OUTSTANDING = (
    ("outstanding_receipts", "Receipts outstanding: recorded, not at the bank"),
    ("outstanding_payments", "Payments outstanding: recorded, not at the bank"),
    ("unidentified_receipts", "Receipts at the bank that nobody identified"),
    ("unidentified_payments", "Payments at the bank that nobody identified"),
)


def key_of(account: str) -> str:
    """The table with the statement of one account."""
    return f"bank {account}"


def bank_reconciliation(facts: Facts) -> Sheet:
    """One table per bank account, and the entries and items that they count."""
    accounts = [_statement(facts, row) for row in facts.banks.iter_rows(named=True)]
    return Sheet("Bank reconciliation", "Bank reconciliation", (*accounts, _entries(facts), _items(facts)))


def _statement(facts: Facts, row: dict[str, Any]) -> Table:
    key, last_day = key_of(row["account"]), facts.month.last_day
    title = f"{row['account']} ({row['code']}), in {row['currency']}"
    rows = [_shown(row, words, value) for words, value in _lines(row, key, last_day)]
    note = "" if row["stated_on"] else "Not proven: no closing balance from the bank is known by then."
    return Table(key, title, _LINE, rows, note=note)


def _shown(row: dict[str, Any], words: str, value: Value) -> Row:
    return {"words": words, "amount": value, "currency": row["currency"]}


def _lines(row: dict[str, Any], key: str, last_day: object) -> Iterator[tuple[str, Value]]:
    """Words and amounts from the ledger to the bank; DIFFERENCE_ROW is the difference."""
    currency, stated_on = row["currency"], row["stated_on"] or "the statement's day"

    def live(minor: int, formula: Any, *, is_check: bool = False) -> Live:
        return Live(minor, currency, formula, is_check)

    def at_row(places: Places, number: int) -> str:
        return places.cell(key, number, "amount")

    yield f"Ledger on {last_day}, by accounting date", Money(row["by_accounting_minor"], currency)
    yield "Late items: happened by then, in a later period", live(row["late_minor"], _counted(row, "late", "moves"))
    by_effective = live(row["by_effective_minor"], lambda at: f"{at_row(at, 0)}+{at_row(at, 1)}")
    yield f"Ledger on {last_day}, by effective date", by_effective
    if row["stated_on"] is None:
        for words in ("Less what happened after the statement", "Ledger on the statement's day"):
            yield words, "not known"
        yield "Statement of the bank", "not stated"
        yield "Difference", "not proven"
    else:
        after = _counted(row, "after", "amount")
        yield f"Less what happened after {stated_on}", live(-row["after_minor"], lambda at: f"-{after(at)}")
        yield (
            f"Ledger on {stated_on}",
            live(row["when_stated_minor"], lambda at: f"{at_row(at, 2)}+{at_row(at, 3)}"),
        )
        yield f"Statement of the bank on {stated_on}", Money(row["stated_minor"], currency)
        difference = live(row["difference_minor"], lambda at: f"{at_row(at, 4)}-{at_row(at, 5)}", is_check=True)
        yield "Difference", difference
    for role, words in _OUTSTANDING:
        yield words, live(row[f"{role}_minor"], _waiting(row, role))


def _counted(row: dict[str, Any], flag: str, amount: str) -> Any:
    """The sum of an account's entries that bear a flag."""

    def formula(at: Places) -> str:
        where = f'{at.column(ENTRIES, "code")},"{row["code"]}",{at.column(ENTRIES, flag)},"yes"'
        return f"SUMIFS({at.column(ENTRIES, amount)},{where})"

    return formula


def _waiting(row: dict[str, Any], role: str) -> Any:
    """The sum of an account's items of one kind."""

    def formula(at: Places) -> str:
        where = f'{at.column(ITEMS, "account")},"{row["account"]}",{at.column(ITEMS, "what")},"{_words(role)}"'
        return f"SUMIFS({at.column(ITEMS, 'amount')},{where})"

    return formula


def _words(role: str) -> str:
    return role.replace("_", " ")


def _entries(facts: Facts) -> Table:
    """Entries that the statements count; `moves` is what a late one adds to the balance by effective date."""
    rows = [
        {
            **{name: row[name] for name in ("code", "number", "description", "currency", "recorded_at")},
            "effective": row["effective_on"],
            "accounting": row["accounting_on"],
            "late": "yes" if row["is_late"] else "",
            "after": "yes" if row["is_after_statement"] else "",
            "amount": Money(row["amount_minor"], row["currency"]),
            "moves": Money(_moves(row), row["currency"]),
        }
        for row in facts.bank_entries.iter_rows(named=True)
    ]
    columns = (
        Column("number", "Entry", 52),
        Column("code", "Account", 18),
        Column("late", "Late", 8),
        Column("after", "After the statement", 11),
        Column("effective", "Effective", 12),
        Column("accounting", "Accounting", 12),
        Column("recorded_at", "Recorded", 24),
        Column("description", "Text", 44),
        Column("amount", "Amount", 16, is_figure=True),
        Column("currency", "", 6),
        Column("moves", "Late: effective less accounting", 16, is_figure=True, on_page=False),
    )
    return Table(ENTRIES, "Late items, and what happened after the statements", columns, rows, empty="None.")


def _moves(row: dict[str, Any]) -> int:
    if not row["is_late"]:
        return 0
    return int(row["amount_minor"] if row["happened"] else -row["amount_minor"])


def _items(facts: Facts) -> Table:
    known = facts.bank_items.filter(pl.col("account").is_in(facts.banks["account"].implode()))
    rows = [
        {
            "what": _words(row["role"]),
            **{name: row[name] for name in ("account", "party_name", "description", "currency")},
            "on": row["issued_on"],
            "age": max(row["age_days"], 0),
            "amount": Money(row["bank_minor"], row["currency"]),
        }
        for row in known.sort("account", "role", "issued_on", "item_id").iter_rows(named=True)
    ]
    columns = (
        Column("what", "What", 52),
        Column("account", "Bank account", 18),
        Column("on", "Day", 12),
        Column("age", "Days", 11, is_figure=True),
        Column("party_name", "Party", 24),
        Column("description", "Text", 44),
        Column("amount", "Amount", 24, is_figure=True),
        Column("currency", "", 44),
    )
    return Table(ITEMS, "Outstanding, and not identified", columns, rows, empty="Nothing.")
