"""Journals from files: submitted by one person, approved by another, posted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.golive import SUBMISSION_COLUMNS, AsJson, Book, MaybeBook, Reason
from finance_pipeline.cli.show import console, money, show_frame, show_json, text

if TYPE_CHECKING:
    from finance_pipeline.services.workspace import Workspace

app = typer.Typer(no_args_is_help=True)
Submission = Annotated[str, typer.Argument(help="As `journals list` prints it; its first letters will do.")]


@app.command("import")
def import_journals(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or Excel: journal, date, account, debit, credit [, currency, carried, description, reverses_on]."
        ),
    ],
    book: Book,
    reason: Reason,
) -> None:
    """Read journals from a file, strictly, and submit them for another person's approval."""
    from finance_pipeline.services.bookkeeping.journals import submit_journals

    with opened() as workspace:
        found = submit_journals(workspace, book, file, reason=reason)
        _show(workspace, found)
    console.print(f"Next: another person approves: finance-pipeline journals approve {found[:12]} --reason ...")


@app.command()
def pull(book: Book, reason: Reason, as_json: AsJson = False) -> None:
    """Ask the book's Xero for its manual journals, and submit those that are not here yet for approval."""
    from finance_pipeline.cli.environment import prepare_sources
    from finance_pipeline.services.bookkeeping.xero_journals import pull_journals

    with opened() as workspace:
        prepare_sources(workspace.home)
        found = pull_journals(workspace, book, reason=reason)
        if as_json:
            show_json(found.__dict__)
            return
        if found.submission_id:
            _show(workspace, found.submission_id)
    console.print(f"New: {found.new}, changed or voided there: {found.changed}, unchanged: {found.unchanged}.")
    for words in found.left_out:
        console.print(f"Left out: {words}.")
    if found.submission_id:
        said = f"finance-pipeline journals approve {found.submission_id[:12]} --reason ..."
        console.print(f"Next: another person approves: {said}")


@app.command("list")
def list_journals(book: MaybeBook = None, as_json: AsJson = False) -> None:
    """Submitted journals, and who approved them."""
    from finance_pipeline.services.bookkeeping.submitting import submissions

    with opened() as workspace:
        found = submissions(workspace, "journals", book)
    show_frame("Journals", found, SUBMISSION_COLUMNS, as_json=as_json, empty="none was submitted")


@app.command()
def show(submission: Submission, as_json: AsJson = False) -> None:
    """The lines of submitted journals."""
    with opened() as workspace:
        _show(workspace, submission, as_json=as_json)


@app.command()
def approve(submission: Submission, reason: Reason) -> None:
    """Approve journals that somebody else submitted, and post them."""
    from finance_pipeline.services.bookkeeping.journals import decide_journals

    with opened() as workspace:
        done = decide_journals(workspace, submission, "sign", reason=reason)
    console.print(f"Approved. {done['new_entries']} entries were posted to the journal of {done['book']}.")


@app.command()
def refuse(submission: Submission, reason: Reason) -> None:
    """Refuse submitted journals, for good."""
    from finance_pipeline.services.bookkeeping.journals import decide_journals

    with opened() as workspace:
        decide_journals(workspace, submission, "refuse", reason=reason)
    console.print("Refused. Nothing was posted.")


def _show(workspace: Workspace, submission: str, *, as_json: bool = False) -> None:
    from finance_pipeline.services.bookkeeping.journals import submitted_lines

    amount = pl.col("amount_minor")
    lines = submitted_lines(workspace, submission).with_columns(
        debit=pl.when(amount > 0).then(amount), credit=pl.when(amount < 0).then(-amount)
    )
    columns = [
        *(text("Journal", "journal"), text("Date", "effective_on"), text("Back on", "reverses_on")),
        *(text("Account", "code"), money("Debit", "debit"), money("Credit", "credit"), text("", "currency")),
        text("In words", "description"),
    ]
    show_frame(f"Submission {submission[:12]}", lines, columns, as_json=as_json)
