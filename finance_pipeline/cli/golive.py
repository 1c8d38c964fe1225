"""Going live: a book's opening from files, and two people's signatures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, show_frame, text

if TYPE_CHECKING:
    from finance_pipeline.services.bookkeeping.submitting import Verdict
    from finance_pipeline.services.workspace import Workspace

app = typer.Typer(no_args_is_help=True)
Book = Annotated[str, typer.Option("--book", help="Book (legal entity), as the settings name it.")]
MaybeBook = Annotated[str | None, typer.Option("--book", help="Only this book.")]
Opening = Annotated[str, typer.Argument(help="The opening, as `golive list` prints it; its first letters will do.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in your own words.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines.")]
SUBMISSION_COLUMNS = [
    Shown("Submission", lambda row: row["submission_id"][:12]),
    text("Book", "book"),
    text("State", "state"),
    Shown("Lines", lambda row: f"{row['line_count']:,}", is_figure=True),
    Shown("Submitted", lambda row: f"{row['submitted_by']}, {row['recorded_at']:%Y-%m-%d %H:%M}"),
    Shown("Verdicts of", lambda row: ", ".join(row["signers"])),
    Shown("Files", lambda row: ", ".join(row["files"])),
    text("Why", "reason"),
]


@app.command("import")
def import_opening(
    book: Book,
    trial_balance: Annotated[Path, typer.Option(help="CSV or Excel: account, debit, credit [, currency].")],
    open_items: Annotated[
        Path, typer.Option(help="kind, number, party, issued, currency, amount [, due, rate or carried, account].")
    ],
    balances: Annotated[Path, typer.Option(help="Of banks and processors: account, currency, balance [, carried].")],
    reason: Reason,
) -> None:
    """Read the three files of an opening, hold them against each other, and submit them for two signatures."""
    from finance_pipeline.services.bookkeeping.going_live import submit_opening

    with opened() as workspace:
        found = submit_opening(workspace, book, trial_balance, open_items, balances, reason=reason)
        _show(workspace, book)
    console.print(f"Next: two people sign it: finance-pipeline golive sign {found[:12]} --reason ...")


@app.command("list")
def list_openings(book: MaybeBook = None, as_json: AsJson = False) -> None:
    """Openings that were submitted, and who signed them."""
    with opened() as workspace:
        _show(workspace, book, as_json=as_json)


@app.command()
def sign(opening: Opening, reason: Reason) -> None:
    """Sign an opening; the second person's signature makes it stand."""
    _decide(opening, "sign", reason)


@app.command()
def refuse(opening: Opening, reason: Reason) -> None:
    """Refuse an opening, for good."""
    _decide(opening, "refuse", reason)


def _decide(opening: str, verdict: Verdict, reason: str) -> None:
    from finance_pipeline.services.bookkeeping.going_live import sign_opening

    with opened() as workspace:
        now = sign_opening(workspace, opening, verdict, reason=reason)
        first = workspace.settings.book(now["book"]).first_month
    console.print(f"The opening {now['submission_id'][:12]} of {now['book']} {_STATES[now['state']]}.")
    if now["state"] == "approved":
        console.print(f"Next: finance-pipeline run --book {now['book']} --month {first}")


_STATES = {"waits": "waits for another person", "approved": "stands", "refused": "is refused"}


def _show(workspace: Workspace, book: str | None, *, as_json: bool = False) -> None:
    from finance_pipeline.services.bookkeeping.submitting import submissions

    found = submissions(workspace, "opening", book)
    show_frame("Openings", found, SUBMISSION_COLUMNS, as_json=as_json, empty="none was submitted")
