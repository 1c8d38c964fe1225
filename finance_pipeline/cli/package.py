"""`close package`: the workbook, page and manifest that stand behind a closed month."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finance_pipeline.cli.asking import AsJson, Book, KnownAt
from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, money, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.package import Package


def package(
    book: Book,
    month: Annotated[str, typer.Option("--month", help="Accounting month, YYYY-MM.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder to write to; else below the data folder, in close-packages."),
    ] = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Write the close package of a month: an Excel workbook with live formulas, a page of the same, and a manifest.

    The same moment gives the same bytes for ever; the manifest names it. Ends with 1 where a tie-out is not zero.
    """
    from finance_pipeline.services.package import make
    from finance_pipeline.services.reports import moment_of

    with opened() as workspace:
        moment = moment_of(known_at, workspace.settings.book(book)) if known_at else None
        made = make(workspace, book, month, out, moment)
    rows = [
        {"what": tie.what, "currency": tie.currency, "difference_minor": tie.difference_minor, "todo": tie.todo}
        for tie in made.ties
    ]
    if as_json:
        show_json({"folder": str(made.folder), "known_at": made.known_at, "files": made.files, "tie_outs": rows})
    else:
        _show(made, rows, f"Close package of {book}, {month}")
    if made.apart:
        raise SystemExit(1)


def _show(made: Package, rows: list[dict[str, Any]], title: str) -> None:
    columns = [
        text("Tie-out", "what"),
        money("Difference", "difference_minor"),
        text("", "currency"),
        Shown("What to do", lambda row: "" if row["difference_minor"] == 0 else row["todo"]),
    ]
    show_table(title, rows, columns)
    console.print(f"Known at {made.known_at.isoformat()}.", soft_wrap=True)
    for name in made.files:
        console.print(f"{made.folder / name}", soft_wrap=True)
    if made.apart:
        console.print(f"[red]{len(made.apart)} of {len(made.ties)} tie-outs are not zero.[/]")
    elif made.unproven:
        console.print(f"{len(made.ties) - len(made.unproven)} tie-outs are zero; {len(made.unproven)} not proven.")
    else:
        console.print(f"All {len(made.ties)} tie-outs are zero.")
