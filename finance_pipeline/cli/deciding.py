"""Deciding about lines, and what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, show_frame, text

if TYPE_CHECKING:
    from finance_pipeline.services.reconciliation.decide import Verdict
    from finance_pipeline.services.workspace import Workspace

app = typer.Typer(no_args_is_help=True)
Line = Annotated[str, typer.Argument(help="Line, as `exceptions` prints it.", metavar="LINE")]
Counterparts = Annotated[list[str] | None, typer.Argument(help="Items, or another line.", metavar="ITEM...")]
Account = Annotated[str | None, typer.Option("--account", help="Ledger account, instead of an item.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in your own words.")]


@app.command()
def confirm(
    line: Line,
    reason: Reason,
    items: Counterparts = None,
    account: Account = None,
    difference: Annotated[
        str | None, typer.Option(help="What the rest is: open (default), discount, fee or write_off.")
    ] = None,
) -> None:
    """A line settles these items, belongs with another line, or goes to an account."""
    _decide(line, items, "confirm", reason, account, difference)


@app.command()
def decline(line: Line, reason: Reason, items: Counterparts = None, account: Account = None) -> None:
    """A line does not belong with these. What stands so is undone, and it is never proposed again."""
    _decide(line, items, "decline", reason, account)


@app.command()
def withdraw(line: Line, reason: Reason, items: Counterparts = None) -> None:
    """Take back what was decided about a line, all of it unless items are named."""
    _decide(line, items, "withdraw", reason)


def _decide(
    line: str,
    items: list[str] | None,
    verdict: Verdict,
    reason: str,
    account: str | None = None,
    difference: str | None = None,
) -> None:
    from finance_pipeline.services.reconciliation.decide import decide

    with opened() as workspace:
        done = decide(workspace, line, items or [], verdict, reason=reason, account_code=account, difference=difference)
        actor = workspace.settings.actor
    said = {"confirm": "confirmed with", "decline": "declined with", "withdraw": "no longer decided on with"}
    console.print(f"{done.line_id} is {said[done.verdict]} {', '.join(done.named)}, by {actor}.")
    console.print(f"Next: finance-pipeline run --book {done.book} --month {done.month}")


def show_decisions(workspace: Workspace, book: str | None, *, as_json: bool) -> None:
    """Print every decision, oldest first."""
    from finance_pipeline.services.reconciliation.decide import decisions

    columns = [
        Shown("When", lambda row: f"{row['recorded_at']:%Y-%m-%d %H:%M}"),
        text("Who", "actor"),
        text("Verdict", "verdict"),
        text("Line", "line_id"),
        text("With", "counterpart"),
        text("Rest", "difference"),
        text("Why", "reason"),
        Shown("Holds", lambda row: "yes" if row["holds"] else "no"),
    ]
    show_frame("Decisions", decisions(workspace, book), columns, as_json=as_json)
