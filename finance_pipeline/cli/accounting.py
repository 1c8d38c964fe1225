"""Accounting beyond the day's postings: what a month's end revalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finance_pipeline.cli.show import money, show_frame, text

if TYPE_CHECKING:
    from finance_pipeline.services.workspace import Workspace


def show_revaluation(workspace: Workspace, book: str, month: str, *, as_json: bool) -> None:
    """Print what a month's end revalues, item by item, with the rate of its closing."""
    from finance_pipeline.services.revaluation import revalued

    own = workspace.settings.book(book).currency
    rows = revalued(workspace, book, month).with_columns(own=pl.lit(own))
    columns = [
        text("Account", "name"),
        text("Item", "subject"),
        money("Amount", "amount_minor"),
        text("", "currency"),
        money("Carried", "carried_minor", "own"),
        money("Worth", "value_minor", "own"),
        money("More (+) or less (-)", "difference_minor", "own"),
        text("Closing rate", "rate_words"),
    ]
    title = f"Revaluation of {book} at the end of {month}, in {own}"
    show_frame(title, rows, columns, as_json=as_json, empty="nothing in another currency")
