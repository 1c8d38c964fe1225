"""A book's policy: what it is, what another would have done, and saving that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, count, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.reconciliation.backtest import Backtest

app = typer.Typer(no_args_is_help=True)
Book = Annotated[str, typer.Option("--book", help="Book (legal entity), as the settings name it.")]
File = Annotated[Path, typer.Option("--file", help="YAML: every value that differs from the defaults.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines.")]
_EXAMPLE_COUNT = 20


@app.command("try")
def try_policy(
    book: Book,
    file: File,
    first: Annotated[str | None, typer.Option("--from", help="First month, YYYY-MM.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last month, YYYY-MM.")] = None,
    as_json: AsJson = False,
) -> None:
    """Reconcile a book's past months again under another policy, and compare. Nothing is written."""
    from finance_pipeline.services.reconciliation.backtest import backtest

    with opened() as workspace:
        found = backtest(workspace, book, _overrides(file), first, last)
    _show(found, as_json=as_json)


@app.command()
def save(
    book: Book,
    file: File,
    reason: Annotated[str, typer.Option("--reason", help="Why, in your own words.")],
    as_json: AsJson = False,
) -> None:
    """Backtest a policy and make it the book's, if it contradicts no decision and decisions bear out what it widens."""
    from finance_pipeline.services.approved_settings import standing
    from finance_pipeline.services.reconciliation.policy_saving import save_policy

    with opened() as workspace:
        found, _ = save_policy(workspace, book, _overrides(file), reason=reason)
        is_guarded = standing(workspace, book).approved_at is not None
    _show(found, as_json=as_json)
    if not as_json:
        console.print(f"Saved in finance_pipeline.d/policy-{book}.yaml.")
        what = (
            f"settings propose --book {book} --reason ..." if is_guarded else f"run --book {book} --month {found.last}"
        )
        console.print(f"Next: finance-pipeline {what}")


def _overrides(file: Path) -> Mapping[str, Any]:
    from finance_pipeline.core.problems import BadInput
    from finance_pipeline.services.reconciliation.rules import read_yaml

    given = read_yaml(file)
    if not isinstance(given, dict):
        raise BadInput("a policy is a mapping of names to values.", where=str(file))
    return given


def _show(found: Backtest, *, as_json: bool) -> None:
    changed = found.lines.filter(found.lines["change"] != "same")
    if as_json:
        show_json(
            found.figures
            | {
                "changed": changed.to_dicts(),
                "contradictions": found.contradictions.to_dicts(),
                "widened": [str(each) for each in found.widenings],
                "lacking": list(found.lacking),
            }
        )
        return
    figures = [
        *(text("Tier", "tier"), text("Rule", "rule"), count("Same", "same"), count("New", "newly_accepted")),
        *(count("No longer", "no_longer_accepted"), count("Changed", "changed"), count("Against", "contradictions")),
    ]
    title = f"Backtest of {found.book}, {found.first} to {found.last}"
    show_table(title, found.by_rule.iter_rows(named=True), figures)
    named = [
        *(text("Line", "line_id"), text("Change", "change"), text("Tier", "tier"), text("Rule", "rule")),
        Shown("Before", lambda row: ", ".join(row["before"] or ())),
        Shown("After", lambda row: ", ".join(row["after"] or ())),
        text("In words", "words"),
    ]
    show_table(f"Changes (the first {_EXAMPLE_COUNT})", changed.head(_EXAMPLE_COUNT).iter_rows(named=True), named)
    against = [text("Line", "line_id"), text("Rule", "rule"), text("In words", "words")]
    shown = found.contradictions.head(_EXAMPLE_COUNT)
    show_table("Against what people decided", shown.iter_rows(named=True), against)
    for words in map(str, found.widenings):
        console.print(f"It accepts more: {words}.")
    for words in found.lacking:
        console.print(f"[red]Not borne out by decisions[/]: {words}.")
