"""Accounting beyond the day's postings: what a month's end revalues, cash basis, tax, completeness, intercompany."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finance_pipeline.cli.show import console, count, money, show_frame, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.workspace import Workspace


def show_revaluation(workspace: Workspace, book: str, month: str, *, as_json: bool) -> None:
    """Print what a month's end revalues, item by item, with the rate of its closing."""
    from finance_pipeline.services.bookkeeping.revaluation import revalued

    own = workspace.settings.book(book).currency
    found = revalued(workspace, book, month)
    if as_json:
        show_json(found.to_dicts())
        return
    rows = found.filter((pl.col("amount_minor") != 0) | (pl.col("difference_minor") != 0)).with_columns(own=pl.lit(own))
    columns = [
        text("Account", "name"),
        text("Item", "subject"),
        money("Amount", "amount_minor"),
        text("", "currency"),
        money("Carried", "carried_minor", "own"),
        money("Worth", "value_minor", "own"),
        money("More (+) or less (-)", "difference_minor", "own"),
    ]
    title = f"Revaluation of {book} at the end of {month}, in {own}"
    show_table(title, rows.iter_rows(named=True), columns, empty="nothing in another currency")
    for currency, words in rows.select("currency", "rate_words").unique().sort("currency").rows():
        console.print(f"{currency}: {words or '[red]no rate is young enough: held, nothing is guessed[/]'}")


def show_cash_basis(workspace: Workspace, book: str, month: str, *, as_json: bool) -> None:
    """Print a month's end on accrual and on cash basis, account by account."""
    from finance_pipeline.services.bookkeeping.basis import on_cash_basis

    own = workspace.settings.book(book).currency
    rows = on_cash_basis(workspace, book, month).with_columns(currency=pl.lit(own))
    columns = [
        *(text("Account", "code"), text("Name", "name"), money("Accrual", "accrual_minor")),
        *(money("Not paid yet", "unpaid_minor"), money("Cash", "cash_minor")),
    ]
    title = f"Trial balance of {book} at the end of {month} on cash basis, in {own}; + debit, - credit"
    show_frame(title, rows, columns, as_json=as_json, empty="no account ever moved")


def show_tax(workspace: Workspace, book: str, month: str, *, as_json: bool) -> None:
    """Print what documents of a month state as tax beside what the book's rates make of them."""
    from finance_pipeline.services.bookkeeping.tax import tax_estimates

    found = tax_estimates(workspace, book, month).with_columns(pl.col("without_rate").list.join(", "))
    columns = [
        *(text("Document", "number"), text("Kind", "kind"), text("Party", "party_name"), text("Issued", "issued_on")),
        *(money("Net", "net_minor"), money("Tax stated", "stated_minor"), money("Estimate", "estimated_minor")),
        *(money("Apart", "difference_minor"), text("", "currency"), text("No rate for", "without_rate")),
    ]
    title = (
        f"Tax of {book} in {month}: as documents state it, beside an ESTIMATE by the book's rates, which posts nothing"
    )
    show_frame(title, found, columns, as_json=as_json, empty="no document was issued")


def show_completeness(workspace: Workspace, book: str, first: str | None, last: str | None, *, as_json: bool) -> None:
    """Print what sources said of some months beside what is posted of it; ends with 1 where something is missing.

    first, last: None for the book's first month and the last that has data.
    """
    from finance_pipeline.services.bookkeeping.completeness import completeness
    from finance_pipeline.services.calendar import months_with_data

    first = first or str(workspace.settings.book(book).first_month)
    last = last or str(max(months_with_data(workspace, book), default=first))
    found = completeness(workspace, book, first, last)
    if as_json:
        frames = {"rows": found.rows.to_dicts(), "held": found.held.to_dicts()}
        show_json(found.__dict__ | frames | {"is_proven": found.is_proven})
    else:
        columns = [text("Source", "source"), text("Kind", "kind")]
        for heading, name in (("Records", "record"), ("Passed over", "passed"), ("Posted", "posted"), ("Held", "held")):
            columns += [count(heading, f"{name}_count"), money("", f"{name}_minor")]
        columns += [text("", "currency"), count("Missing", "missing_count"), money("", "missing_minor")]
        show_table(f"What sources said of {book}, {first} to {last}", found.rows.iter_rows(named=True), columns)
        waiting = [text("Month", "month"), text("Record", "source_id"), text("In words", "words")]
        show_table("Held", found.held.iter_rows(named=True), waiting)
        if found.unmapped_count or found.dead_letter_count:
            console.print(f"Not mapped yet: {found.unmapped_count}. Dead letters that wait: {found.dead_letter_count}.")
        proven = "Complete: records = passed over + posted + held, in count and sum."
        console.print(proven if found.is_proven else "[red]Not complete.[/]")
    if not found.is_proven:
        raise SystemExit(1)


def show_intercompany(workspace: Workspace, month: str, *, as_json: bool) -> None:
    """Print what books of a group owe each other, as both say it."""
    from finance_pipeline.services.bookkeeping.intercompany import owed

    columns = [
        *(text("Book", "book"), text("Other", "other"), money("Owed to book", "book_minor")),
        *(money("Owed to other", "other_minor"), money("Under way", "under_way_minor")),
        *(money("Apart", "difference_minor"), text("", "currency"), text("Since", "since")),
    ]
    title = f"Intercompany at the end of {month}; - is owed by it; under way: one book has it, the other within days"
    show_frame(title, owed(workspace, month), columns, as_json=as_json, empty="nothing is owed")
