"""A book's mapping, rules, tolerances and rates: what is in force, what the files say otherwise, and two people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.golive import AsJson, Book, Reason
from finance_pipeline.cli.show import console, show_json

if TYPE_CHECKING:
    from finance_pipeline.services.approved_settings import Standing

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(book: Book, as_json: AsJson = False) -> None:
    """What is in force since when, and what the files say otherwise."""
    from finance_pipeline.services.approved_settings import standing

    with opened() as workspace:
        found = standing(workspace, book)
    if as_json:
        show_json(found.__dict__)
        return
    _say(found)


@app.command()
def propose(book: Book, reason: Reason) -> None:
    """Put what the files say forward; it is in force when another person approves."""
    from finance_pipeline.services.approved_settings import propose

    with opened() as workspace:
        _say(propose(workspace, book, reason=reason))


@app.command()
def approve(book: Book, reason: Reason) -> None:
    """Approve what another person proposed: from now on it is in force, whatever the files say later."""
    from finance_pipeline.services.approved_settings import approve

    with opened() as workspace:
        _say(approve(workspace, book, reason=reason))


def _say(found: Standing) -> None:
    if found.approved_at is None:
        console.print(f"Nothing of {found.book} was ever approved: its settings files count as they are.")
    else:
        when = f"{found.approved_at:%Y-%m-%d %H:%M} UTC"
        console.print(f"In force since {when}: proposed by {found.proposed_by}, approved by {found.approved_by}.")
        for change in found.changes:
            console.print(f"  not in force: {escape(change)}")
    if found.waiting:
        console.print(f"Waits for another person: what {found.waiting[1]} proposed ({escape(found.waiting[2])}).")
        console.print(f"Next: finance-pipeline settings approve --book {found.book} --reason ...")
    elif found.changes:
        console.print(f"Next: finance-pipeline settings propose --book {found.book} --reason ...")
