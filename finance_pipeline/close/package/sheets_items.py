"""Sheets of what is open, item by item and by age: receivables, payables, clearing, and what nobody identified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from finance_pipeline.close.package.document import Column, Live, Money, Places, Row, Sheet, Table
from finance_pipeline.close.package.facts import Facts
from finance_pipeline.close.package.sheets_ledger import BALANCES, row_of
from finance_pipeline.ledger.reports import BUCKETS, CLEARING, UNIDENTIFIED

GROUP = "group"
"""The table with what other books of the group say."""
_ITEM_COLUMNS = (
    Column("party", "Party", 36),
    Column("code", "Account", 10),
    Column("kind", "Kind", 20),
    Column("number", "Number", 30),
    Column("of", "Of", 16),
    Column("due", "Due", 16),
    Column("days", "Days overdue", 16, is_figure=True),
    Column("bucket", "Age", 16, on_page=False),
    Column("original", "Original", 16, is_figure=True),
    Column("open", "Open", 16, is_figure=True),
    Column("currency", "", 6),
    Column("carried", "Carried", 16, is_figure=True),
)


def receivables(facts: Facts) -> Sheet:
    """Customers' open items and their ageing."""
    return _parties(facts, "receivables", "AR ageing", "Receivables: + owed to us, - owed back")


def payables(facts: Facts) -> Sheet:
    """Suppliers' open items and their ageing."""
    return _parties(facts, "payables", "AP ageing", "Payables: - owed by us, + owed back")


def clearing(facts: Facts) -> Sheet:
    """What is on its way between us, banks and processors, account by account."""
    title = "Clearing: what must come to zero by itself"
    return _accounts(facts, "clearing", CLEARING, "Clearing", title)


def unidentified(facts: Facts) -> Sheet:
    """Money that moved and belongs to nobody yet; receipts and payments apart."""
    title = "Unidentified: + payments, - receipts that nobody identified yet"
    return _accounts(facts, "unidentified", UNIDENTIFIED, "Unidentified items", title)


def _parties(facts: Facts, role: str, name: str, title: str) -> Sheet:
    items = facts.items.filter(role=role)
    return Sheet(name, title, (_ages(facts, role, items), _items(facts, role, "Items", items, _ITEM_COLUMNS)))


def _accounts(facts: Facts, key: str, roles: Sequence[str], name: str, title: str) -> Sheet:
    items = facts.items.filter(pl.col("role").is_in(list(roles)))
    columns = (*_ITEM_COLUMNS, Column("text", "Text", 50), Column("explanation", "Explanation", 50))
    tables = (_controls(facts, key, roles), _ages(facts, key, items), _items(facts, key, "Items", items, columns))
    return Sheet(name, title, tables)


def _controls(facts: Facts, key: str, roles: Sequence[str]) -> Table:
    """One row per account: its balance, the sum of its items, and that they are equal."""
    table = f"{key} accounts"
    accounts = facts.trial_balance.filter(pl.col("role").is_in(list(roles)))
    sums = dict(facts.items.group_by("code").agg(pl.col("open_functional_minor").sum()).rows())

    def row_for(number: int, code: str, name: str, balance: int) -> Row:
        held = sums.get(code, 0)

        def items_of(at: Places) -> str:
            return f'SUMIFS({at.column(key, "carried")},{at.column(key, "code")},"{code}")'

        def difference(at: Places) -> str:
            return f"{at.cell(table, number, 'balance')}-{at.cell(table, number, 'items')}"

        return {
            "account": f"{code} {name}",
            "balance": Live(balance, facts.currency, lambda at: at.cell(BALANCES, row_of(facts, code), "closing")),
            "items": Live(held, facts.currency, items_of),
            "difference": Live(balance - held, facts.currency, difference, is_check=True),
        }

    rows = accounts.select("code", "name", "closing_minor").rows()
    return Table(
        table,
        f"Balances against their items, in {facts.currency}",
        (
            Column("account", "Account", 36),
            Column("balance", "Balance", 18, is_figure=True),
            Column("items", "Items", 24, is_figure=True),
            Column("difference", "Difference", 16, is_figure=True),
        ),
        [row_for(number, *row) for number, row in enumerate(rows)],
        empty="No such account ever moved.",
    )


def _ages(facts: Facts, key: str, items: pl.DataFrame) -> Table:
    """One row per account and currency: what is open by age, and what all of it is carried at."""
    columns = (
        Column("account", "Account", 36),
        Column("currency", "Currency", 18),
        *(Column(bucket, bucket.capitalize(), 16, is_figure=True) for bucket in BUCKETS),
        Column("open", "Open", 16, is_figure=True),
        Column("carried", f"Carried, {facts.currency}", 16, is_figure=True),
    )
    names = dict(facts.trial_balance.select("code", "name").rows())
    groups = items.select("code", "currency").unique().sort("code", "currency").rows()
    rows = [
        _age_row(facts, key, number, f"{code} {names[code]}", items.filter(code=code, currency=currency))
        for number, (code, currency) in enumerate(groups)
    ]
    return Table(f"{key} ages", "By age", columns, rows, ("carried",), currency=facts.currency)


def _age_row(facts: Facts, key: str, number: int, account: str, held: pl.DataFrame) -> Row:
    """held: the items of one account and currency."""
    code, currency = held.row(0, named=True)["code"], held.row(0, named=True)["currency"]
    minor_of = dict(held.group_by("bucket").agg(pl.col("open_minor").sum()).rows())

    def where(at: Places) -> str:
        return f'{at.column(key, "code")},"{code}",{at.column(key, "currency")},"{currency}"'

    def in_bucket(bucket: str) -> Live:
        def formula(at: Places) -> str:
            return f'SUMIFS({at.column(key, "open")},{where(at)},{at.column(key, "bucket")},"{bucket}")'

        return Live(minor_of.get(bucket, 0), currency, formula)

    return {
        "account": account,
        "currency": currency,
        **{bucket: in_bucket(bucket) for bucket in BUCKETS},
        "open": Live(
            int(held["open_minor"].sum()),
            currency,
            lambda at: "+".join(at.cell(f"{key} ages", number, bucket) for bucket in BUCKETS),
        ),
        "carried": Live(
            int(held["open_functional_minor"].sum()),
            facts.currency,
            lambda at: f"SUMIFS({at.column(key, 'carried')},{where(at)})",
        ),
    }


def _items(facts: Facts, key: str, title: str, items: pl.DataFrame, columns: tuple[Column, ...]) -> Table:
    rows = [_item(facts, row) for row in items.iter_rows(named=True)]
    return Table(key, title, columns, rows, ("carried",), empty="Nothing is open.", currency=facts.currency)


def _item(facts: Facts, row: dict[str, Any]) -> Row:
    return {
        "code": row["code"],
        "party": row["party_name"],
        "kind": row["kind"].replace("_", " "),
        "number": row["number"],
        "of": row["issued_on"],
        "due": row["due_on"],
        "days": row["age_days"],
        "bucket": row["bucket"],
        "original": Money(row["original_minor"], row["currency"]),
        "open": Money(row["open_minor"], row["currency"]),
        "currency": row["currency"],
        "carried": Money(row["open_functional_minor"], facts.currency),
        "text": row["description"],
        "explanation": row["explanation"],
    }


def intercompany(facts: Facts) -> Iterator[Sheet]:
    """What the other books of the group say of the same; no sheet where there is none."""
    if facts.group.is_empty():
        return
    columns = (
        Column("other", "Book", 18),
        Column("account", "Account here", 14),
        Column("ours", f"{facts.book} says", 18, is_figure=True),
        Column("theirs", "It says", 18, is_figure=True),
        Column("under_way", "Under way", 18, is_figure=True),
        Column("apart", "Apart", 18, is_figure=True),
        Column("explained", "Explained", 18, is_figure=True),
        Column("currency", "", 8),
        Column("explanation", "Explanation", 60),
    )
    rows = [_other_book(number, row) for number, row in enumerate(facts.group.iter_rows(named=True))]
    note = "Under way: one book counted it by the month's end, and the other within ten days."
    title = "What one book owes the other, as both say it: + is owed to whoever says it"
    yield Sheet("Intercompany", "Intercompany", (Table(GROUP, title, columns, rows, note=note),))


def _other_book(number: int, row: dict[str, Any]) -> Row:
    def apart(at: Places) -> str:
        ours, theirs, under_way = (at.cell(GROUP, number, name) for name in ("ours", "theirs", "under_way"))
        return f"{ours}+{theirs}-{under_way}"

    currency, explanation = row["currency"], row["explanation"]
    return {
        **{name: Money(row[f"{name}_minor"], currency) for name in ("ours", "theirs", "under_way")},
        **{name: row[name] for name in ("other", "account", "currency", "explanation")},
        "apart": Live(row["difference_minor"], currency, apart),
        "explained": Money(row["difference_minor"] if explanation else 0, currency),
    }
