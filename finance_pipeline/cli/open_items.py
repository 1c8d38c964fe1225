"""`open-items`: what is open of customers and suppliers, or on accounts that must clear, item by item and by age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl
import typer

from finance_pipeline.cli.asking import (
    AsJson,
    AsOf,
    Book,
    ByDate,
    KnownAt,
    MaybeMonth,
    question_of,
    say_difference,
    say_stamp,
    stamped,
)
from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, days, money, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.reports import OpenItems

Of = Annotated[
    Literal["parties", "receivables", "payables", "clearing", "unidentified", "all"],
    typer.Option("--of", help="parties: receivables and payables. clearing: what must come to zero by itself."),
]


def open_items(
    book: Book,
    month: MaybeMonth = None,
    as_of: AsOf = None,
    of: Of = "parties",
    by: ByDate = "accounting",
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Open items with their dates, ages and amounts, and whether they add to their control accounts."""
    from finance_pipeline.services import reports

    with opened() as workspace:
        question = question_of(workspace, book, as_of, by, known_at, month)
        found = reports.open_items(workspace, question, reports.ROLES[of])
    if as_json:
        show_json(stamped(found.stamp, items=found.items.to_dicts(), accounts=found.accounts.to_dicts()))
    else:
        _show(found)


def _show(found: OpenItems) -> None:
    functional = found.stamp.currency
    say_stamp(f"Open items of {found.stamp.book}", found.stamp)
    for account in found.accounts.iter_rows(named=True):
        items = found.items.filter(code=account["code"])
        title = f"{account['code']} {account['name']} (+ owed to us or coming in, - owed by us)"
        show_table(title, _rows(items, functional), ITEM_COLUMNS, empty="nothing is open")
        show_table("By age", _ages(items, functional), _AGE_COLUMNS, empty="nothing is open")
        say_difference(
            f"{account['name']} {_shown(account['balance_minor'], functional)} less its items",
            account["difference_minor"],
            functional,
            "Run `finance-pipeline tie-outs` to see since when.",
        )


def _rows(items: pl.DataFrame, functional: str) -> list[dict[str, Any]]:
    return [row | {"functional": functional} for row in items.iter_rows(named=True)]


def _ages(items: pl.DataFrame, functional: str) -> list[dict[str, Any]]:
    """One row per currency: what is open in it by age, and in the book's currency."""
    from finance_pipeline.services.reports import BUCKETS

    buckets = {name: pl.col("open_minor").filter(pl.col("bucket") == name).sum() for name in BUCKETS}
    grouped = items.group_by("currency").agg(
        **buckets, open_minor=pl.col("open_minor").sum(), open_functional_minor=pl.col("open_functional_minor").sum()
    )
    return _rows(grouped.sort("currency"), functional)


def _shown(minor: int, currency: str) -> str:
    return f"{money('', 'minor').value({'minor': minor, 'currency': currency})} {currency}"


def _age(row: dict[str, Any]) -> str:
    """Days since it was due; of what is not due yet, how many are left."""
    late = row["age_days"]
    return days(late) if late > 0 else f"in {days(-late)}" if late < 0 else "today"


ITEM_COLUMNS = [
    text("Party", "party_name"),
    Shown("Kind", lambda row: row["kind"].replace("_", " ")),
    text("Number", "number"),
    text("Of", "issued_on"),
    text("Due", "due_on"),
    Shown("Overdue", _age, is_figure=True),
    money("Original", "original_minor"),
    money("Open", "open_minor"),
    text("", "currency"),
    money("In the book", "open_functional_minor", "functional"),
]
_AGE_COLUMNS = [
    text("", "currency"),
    *(money(name.capitalize(), name) for name in ("not due", "1 to 30 days", "31 to 60 days", "61 to 90 days")),
    money("Over 90 days", "over 90 days"),
    money("Open", "open_minor"),
    money("In the book", "open_functional_minor", "functional"),
]
