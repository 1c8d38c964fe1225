"""What commands print: one function per question, for people and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from finance_pipeline.cli import overview
from finance_pipeline.cli.show import (
    Shown,
    console,
    count,
    money,
    progress,
    say,
    show_frame,
    show_json,
    show_table,
    text,
)

if TYPE_CHECKING:
    from finance_pipeline.services.workspace import Workspace


def sync_and_show(workspace: Workspace, kind: str | None, *, as_json: bool) -> None:
    """Pull through Dagster, so that the UI shows it, and print what each connection said."""
    from finance_pipeline.cli.environment import prepare_dagster
    from finance_pipeline.core.problems import BadInput
    from finance_pipeline.core.settings import STATEMENTS, kind_of
    from finance_pipeline.defs.runner import run_sync
    from finance_pipeline.services import read
    from finance_pipeline.services.intake.sync import ASSET_OF

    wanted = kind_of(kind)
    if kind is not None and wanted not in ASSET_OF:
        raise BadInput(f"{kind!r} is no kind of connection.", todo=f"Known kinds: {STATEMENTS}, {', '.join(ASSET_OF)}.")
    home = prepare_dagster(workspace)
    kinds = [str(wanted)] if kind else sorted({c.kind for c in workspace.settings.connections})
    outcome = run_sync(home, kinds, on_progress=progress())
    show_frame(
        "Connections", read.connections(workspace), _CONNECTION_COLUMNS, as_json=as_json, empty="none is declared"
    )
    outcome.raise_if_failed()


def run_and_show(workspace: Workspace, book: str, first: str, last: str, *, as_json: bool) -> None:
    """Materialize months of a book in one Dagster run and print what came of it."""
    from finance_pipeline.cli.environment import prepare_dagster
    from finance_pipeline.defs.runner import run_months
    from finance_pipeline.services.calendar import known_months

    known_months(workspace.settings, book, first, last)
    home = prepare_dagster(workspace)
    outcome = run_months(home, book, first, last, on_progress=progress())
    outcome.raise_if_failed()
    show_months(workspace, book, first, last, as_json=as_json)


def show_months(workspace: Workspace, book: str | None, first: str, last: str, *, as_json: bool) -> None:
    """Lines, matched share by tier, exceptions by reason and tie-outs of some months."""
    from finance_pipeline.services import read

    within = pl.col("month").is_between(pl.lit(first), pl.lit(last))
    lines = read.month_lines(workspace, book).filter(within)
    reasons = read.exceptions_by_reason(workspace, book).filter(within)
    ties = read.tie_out_summary(workspace, book).filter(within)
    if as_json:
        show_json({"months": lines.to_dicts(), "exceptions": reasons.to_dicts(), "tie_outs": ties.to_dicts()})
        return
    overview.show_lines(lines)
    overview.show_reasons(reasons)
    overview.show_ties(ties)


def show_status(workspace: Workspace, book: str | None, *, as_json: bool) -> None:
    """Connections with their last words, and months with what is matched, exceptional and tied."""
    from finance_pipeline.services import read
    from finance_pipeline.services.intake.connections import stale_books, troubles

    if book is not None:
        workspace.settings.book(book)
    connections = read.connections(workspace)
    kinds = sorted({each.kind for each in workspace.settings.connections})
    troubled = [words for kind in kinds for words in troubles(workspace, kind)]
    old = stale_books(workspace)
    lines = read.month_lines(workspace, book)
    ties = read.tie_out_summary(workspace, book)
    if as_json:
        standing = {"connections": connections.to_dicts(), "troubles": troubled, "stale_books": old}
        show_json(standing | {"months": lines.to_dicts(), "tie_outs": ties.to_dicts()})
        return
    show_table("Connections", connections.iter_rows(named=True), _CONNECTION_COLUMNS, empty="none was ever read")
    for each in (*troubled, *old):
        say(f"[red]{each}[/]")
    show_table("Months", lines.iter_rows(named=True), overview.MONTH_COLUMNS, empty="none is computed yet")
    broken = ties.filter(pl.col("equal") < pl.col("compared"))
    show_table("Tie-outs that are broken or unproven", broken.iter_rows(named=True), _TIE_SUMMARY_COLUMNS)


def show_exceptions(workspace: Workspace, book: str | None, month: str | None, *, as_json: bool) -> None:
    from finance_pipeline.services import read

    columns = [
        text("Line", "line_id"),
        text("Day", "booked_on"),
        text("Account", "account"),
        money("Amount", "amount_minor"),
        text("", "currency"),
        text("Text", "text"),
        Shown("Reason", lambda row: row["reason"].replace("_", " ")),
        text("In words", "words"),
    ]
    show_frame("Exceptions", read.exceptions(workspace, book, month), columns, as_json=as_json)


def show_journal(workspace: Workspace, book: str, month: str, limit: int, *, as_json: bool) -> None:
    from finance_pipeline.services.bookkeeping.books import journal

    own = workspace.settings.book(book).currency
    rows = journal(workspace, book, month, limit)
    if as_json:
        show_json(rows)
        return
    for entry in rows:
        console.print(
            f"[bold]{entry['number']}[/]  {entry['accounting_on']}  {entry['description']}  [dim]{entry['entry_id']}[/]"
        )
        foreign = entry["functional_amounts"] is not None
        lines = [line | {"own": own} for line in entry["postings"]]
        carried = [money(f"In {own}", "functional_minor", "own")] if foreign else []
        show_table("", lines, [*_POSTING_COLUMNS, *carried])
    if len(rows) == limit:
        say(f"The first {limit} entries; --limit prints more, --json all fields.")


def show_tie_outs(workspace: Workspace, book: str | None, month: str | None, *, as_json: bool) -> None:
    from finance_pipeline.services import read

    columns = [
        text("Book", "book"),
        text("Month", "month"),
        text("Rule", "name"),
        text("Subject", "subject"),
        text("Day", "on_day"),
        money("Left", "left_minor"),
        money("Right", "right_minor"),
        text("", "currency"),
        Shown("", lambda row: "equal" if row["tied"] else "[red]not proven[/]"),
    ]
    show_frame("Tie-outs", read.tie_outs(workspace, book, month), columns, as_json=as_json)


def verify_and_show(
    workspace: Workspace, anchor: Path | None = None, write_anchor: Path | None = None, *, as_json: bool
) -> None:
    """Chain of the ledger and bytes of the landing; ends with an error that names the first broken link."""
    from finance_pipeline.services.bookkeeping.books import verify

    report = verify(workspace, say, anchor=anchor, write_anchor=write_anchor)
    if as_json:
        show_json(report)
    else:
        console.print(report["words"])
    if not report["intact"]:
        raise SystemExit(1)


_CONNECTION_COLUMNS = [
    text("Connection", "connection_id"),
    text("Kind", "source"),
    Shown("Last pull", lambda row: "read" if row["outcome"] == "read" else "[red]failed[/]"),
    Shown("Read to the end", overview.age),
    count("Dead letters", "dead_letters"),
    text("Said", "words"),
]
_TIE_SUMMARY_COLUMNS = [
    text("Book", "book"),
    text("Month", "month"),
    text("Rule", "name"),
    count("Compared", "compared"),
    count("Equal", "equal"),
    count("Largest difference (minor units)", "largest_difference_minor"),
]
_POSTING_COLUMNS = [
    text("Account", "code"),
    text("Name", "name"),
    money("Debit", "debit_minor"),
    money("Credit", "credit_minor"),
    text("", "currency"),
]
