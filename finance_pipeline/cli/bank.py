"""`cash` and `bank-reconciliation`: what is on the accounts, and whether their banks say so too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from finance_pipeline.cli import overview
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
from finance_pipeline.cli.show import Shown, console, days, money, show_frame, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.reports import BankReconciliation, Question
    from finance_pipeline.services.workspace import Workspace


def cash(
    book: Annotated[str | None, typer.Option("--book", help="Only this book.")] = None,
    month: Annotated[str | None, typer.Option("--month", help="As published for this month, YYYY-MM.")] = None,
    as_of: AsOf = None,
    by: ByDate = "accounting",
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Cash by account and currency, with the bank's own balance and the age of the figures.

    As it was last published; with --as-of or --known-at, asked of the ledger.
    """
    from finance_pipeline.services import read
    from finance_pipeline.services.reports import has_begun

    with opened() as workspace:
        if as_of is None and known_at is None:
            show_frame("Cash", read.cash_position(workspace, book, month), CASH_COLUMNS, as_json=as_json)
            return
        books = [book] if book else workspace.settings.book_ids
        asked = [question_of(workspace, each, as_of, by, known_at, month) for each in books]
        questions = [each for each in asked if has_begun(workspace.settings.book(each.book), each.as_of)] or asked[:1]
        reports = [_cash_of(workspace, question, as_json=as_json) for question in questions]
    if as_json:
        show_json(reports)


def _cash_of(workspace: Workspace, question: Question, *, as_json: bool) -> dict[str, Any]:
    """Cash of one book for machines, printed for people unless they read JSON."""
    from finance_pipeline.services import reports

    found = reports.cash(workspace, question)
    rows = found.accounts.with_columns(book=pl.lit(question.book)).to_dicts()
    if not as_json:
        say_stamp(f"Cash of {question.book}", found.stamp)
        columns = [*CASH_COLUMNS[:-1], text("Source read last", "oldest_source"), Shown("Read", _read_at)]
        show_table("By account", rows, columns, empty="the book has no account")
    return stamped(found.stamp, accounts=rows)


def bank_reconciliation(
    book: Book,
    month: MaybeMonth = None,
    as_of: AsOf = None,
    account: Annotated[str | None, typer.Option("--account", help="Only this bank account.")] = None,
    by: ByDate = "accounting",
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Each bank account from the ledger's balance to the bank's own, and what is outstanding or not identified."""
    from finance_pipeline.services import reports

    with opened() as workspace:
        question = question_of(workspace, book, as_of, by, known_at, month)
        found = reports.bank_reconciliation(workspace, question, account)
    if as_json:
        frames = {"accounts": found.accounts, "entries": found.entries, "items": found.items}
        show_json(stamped(found.stamp, **{name: frame.to_dicts() for name, frame in frames.items()}))
        return
    say_stamp(f"Bank reconciliation of {book}", found.stamp)
    for row in found.accounts.iter_rows(named=True):
        _show_account(found, row)


def _show_account(found: BankReconciliation, row: dict[str, Any]) -> None:
    title = f"Bank account {row['account']} ({row['code']}), in {row['currency']}"
    lines = [line | {"currency": row["currency"]} for line in _statement(row, found.stamp.as_of)]
    show_table(title, lines, [text("", "words"), money("Amount", "minor")])
    entries = found.entries.filter(pl.col("is_late"), code=row["code"])
    if entries.height:
        show_table("Late items: in a later period than the day they happened", entries.to_dicts(), _LATE_COLUMNS)
    items = found.items.filter(account=row["account"])
    if items.height:
        show_table("Not yet explained", items.sort("role", "issued_on", "item_id").to_dicts(), _ITEM_COLUMNS)
    if row["stated_on"] is None:
        console.print(
            "[red]Not proven: no closing balance from the bank is known by then.[/] Import the bank's statement: "
            "`finance-pipeline import FILE`.",
            soft_wrap=True,
        )
    else:
        say_difference(
            f"Ledger less statement of {row['stated_on']}",
            row["difference_minor"],
            row["currency"],
            f"Look for lines that are missing or told twice: `finance-pipeline explain {row['account']}`.",
        )


def _statement(row: dict[str, Any], as_of: object) -> Iterator[dict[str, Any]]:
    """The reconciliation of one account, from the ledger to the bank, and beyond to what the bank does not know yet."""
    yield {"words": f"Ledger on {as_of}, by accounting date", "minor": row["by_accounting_minor"]}
    yield {"words": "Late items: happened by then, in a later period", "minor": row["late_minor"]}
    yield {"words": f"Ledger on {as_of}, by effective date", "minor": row["by_effective_minor"]}
    if row["stated_on"] is not None:
        yield {"words": f"Less what happened after {row['stated_on']}", "minor": -row["after_minor"]}
        yield {"words": f"Ledger on {row['stated_on']}", "minor": row["when_stated_minor"]}
        yield {"words": f"Statement of the bank, {row['stated_on']}", "minor": row["stated_minor"]}
        yield {"words": "Difference", "minor": row["difference_minor"]}
    yield {"words": "Receipts outstanding: recorded, not at the bank", "minor": row["outstanding_receipts_minor"]}
    yield {"words": "Payments outstanding: recorded, not at the bank", "minor": row["outstanding_payments_minor"]}
    yield {"words": "Receipts at the bank that nobody identified", "minor": row["unidentified_receipts_minor"]}
    yield {"words": "Payments at the bank that nobody identified", "minor": row["unidentified_payments_minor"]}


def _read_at(row: dict[str, Any]) -> str:
    return "never" if row["read_at"] is None else f"{row['read_at']:%Y-%m-%d %H:%M} UTC"


CASH_COLUMNS = [
    *overview.CASH_IDENTITY,
    money("Balance", "balance_minor"),
    text("On", "balance_on"),
    money("Stated", "stated_minor"),
    text("On", "stated_on"),
    Shown("Agreed", lambda row: "-" if row["tied"] is None else "yes" if row["tied"] else "[red]no[/]"),
    Shown("Last read", overview.age),
]
_LATE_COLUMNS = [
    text("Entry", "number"),
    text("Effective", "effective_on"),
    text("Accounting", "accounting_on"),
    Shown("Recorded", lambda row: f"{row['recorded_at']:%Y-%m-%d %H:%M} UTC"),
    text("Text", "description"),
    money("Amount", "amount_minor"),
    text("", "currency"),
]
_ITEM_COLUMNS = [
    Shown("What", lambda row: row["role"].replace("_", " ")),
    text("Day", "issued_on"),
    text("Party", "party_name"),
    text("Text", "description"),
    Shown("Age", lambda row: days(max(row["age_days"], 0)), is_figure=True),
    money("Amount", "bank_minor"),
    text("", "currency"),
]
