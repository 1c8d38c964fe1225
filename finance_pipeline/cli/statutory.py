"""The accounting system's ledger beside ours, account by account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.golive import AsJson, Book, Reason
from finance_pipeline.cli.show import Shown, console, money, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.bookkeeping.statutory import Tie

app = typer.Typer(no_args_is_help=True)
Month = Annotated[str, typer.Option("--month", help="Accounting month, YYYY-MM.")]


@app.command("import")
def import_trial_balance(
    file: Annotated[Path, typer.Argument(help="CSV or Excel: account, debit, credit [, name], at the month's end.")],
    book: Book,
    month: Month,
    as_json: AsJson = False,
) -> None:
    """Bring the accounting system's trial balance of a month's end, and compare it with ours."""
    from finance_pipeline.services.bookkeeping.statutory import bring_trial_balance

    with opened() as workspace:
        found, currency = bring_trial_balance(workspace, book, month, file), workspace.settings.book(book).currency
    _show(found, currency, as_json=as_json)


@app.command()
def pull(book: Book, month: Month, as_json: AsJson = False) -> None:
    """Ask the book's Xero for its trial balance at a month's end, and compare it with ours."""
    from finance_pipeline.cli.environment import prepare_sources
    from finance_pipeline.services.bookkeeping.statutory import pull_trial_balance

    with opened() as workspace:
        prepare_sources(workspace.home)
        found, currency = pull_trial_balance(workspace, book, month), workspace.settings.book(book).currency
    _show(found, currency, as_json=as_json)


@app.command()
def show(book: Book, month: Month, as_json: AsJson = False) -> None:
    """Ours and the accounting system's balance of every account that differs, and what was said of it."""
    from finance_pipeline.services.bookkeeping.statutory import compare

    with opened() as workspace:
        found, currency = compare(workspace, book, month), workspace.settings.book(book).currency
    _show(found, currency, as_json=as_json)


@app.command()
def explain(
    account: Annotated[str, typer.Argument(help="Account, as `statutory show` prints it.")],
    book: Book,
    month: Month,
    reason: Reason,
) -> None:
    """Say why an account differs. It holds while the difference is just what it is now."""
    from finance_pipeline.services.bookkeeping.statutory import explain_difference

    with opened() as workspace:
        found = explain_difference(workspace, book, month, account, reason=reason)
    console.print(found.words)


def _show(found: Tie, currency: str, *, as_json: bool) -> None:
    if as_json:
        show_json({"words": found.words, "is_whole": found.is_whole, "accounts": found.accounts.to_dicts()})
        return
    differing = found.accounts.filter(pl.col("difference_minor") != 0).with_columns(currency=pl.lit(currency))
    columns = [
        *(text("Account", "code"), text("Name", "name"), money("Ours", "ours_minor"), money("Theirs", "theirs_minor")),
        money("Ours less theirs", "difference_minor"),
        Shown("", lambda row: "not mapped" if row["is_unmapped"] else ""),
        Shown("Why", lambda row: f"{row['explanation']} ({row['explained_by']})" if row["explained_by"] else "-"),
    ]
    if found.is_known:
        equal = found.accounts.height - differing.height
        title = f"Accounts of {found.book} that differ at the end of {found.month}, in {currency}; {equal} are equal"
        show_table(title, differing.iter_rows(named=True), columns)
    console.print(found.words)
