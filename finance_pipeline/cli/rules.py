"""Coding rules: which there are, and what they would do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import count, money, show_frame, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.reconciliation.rules import Trial

app = typer.Typer(no_args_is_help=True)
Book = Annotated[str, typer.Option("--book", help="Book (legal entity), as the settings name it.")]
First = Annotated[str | None, typer.Option("--from", help="First month, YYYY-MM.")]
Last = Annotated[str | None, typer.Option("--to", help="Last month, YYYY-MM.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines: minor units, ISO dates.")]
_SHOWN_COUNT = 30


@app.command("list")
def list_rules(book: Book, as_json: AsJson = False) -> None:
    """The rules of a book in the order in which they count, natures last."""
    from finance_pipeline.services.reconciliation.rules import rules_of

    with opened() as workspace:
        rules = [asdict(rule) | {"order": order} for order, rule in enumerate(rules_of(workspace, book), 1)]
    if as_json:
        show_json(rules)
        return
    said = [
        rule
        | {
            "asks": "; ".join(
                f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, tuple) else value}"
                for name, value in rule.items()
                if name not in ("name", "account_code", "order") and value not in (None, (), "")
            )
        }
        for rule in rules
    ]
    columns = [count("", "order"), text("Rule", "name"), text("Account", "account_code"), text("Asks", "asks")]
    show_table(f"Coding rules of {book}", said, columns)


@app.command("try")
def try_rules(
    book: Book,
    first: First = None,
    last: Last = None,
    file: Annotated[Path | None, typer.Option(help="YAML with a list of rules; the book's own without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """What rules would do to the lines that no document settles. Nothing is saved."""
    from finance_pipeline.services.reconciliation.rules import try_rules

    with opened() as workspace:
        found = try_rules(workspace, book, first, last, file)
    if as_json:
        show_json({name: getattr(found, name).to_dicts() for name in ("by_rule", "lines", "overlaps", "lost")})
    else:
        _show(found)


def _show(found: Trial) -> None:
    show_table(
        "Rules, in order",
        found.by_rule.iter_rows(named=True),
        [
            *(text("Rule", "rule"), text("Account", "account_code"), count("Lines", "lines"), count("New", "new")),
            *(count("Other account", "other_account"), count("Wanted by later rules too", "overlaps")),
        ],
    )
    changed = found.lines.filter(change="new").vstack(found.lines.filter(change="other account"))
    show_table(
        f"Lines that would be coded, or coded otherwise (the first {_SHOWN_COUNT})",
        changed.head(_SHOWN_COUNT).iter_rows(named=True),
        [
            *(text("Line", "line_id"), text("Booked", "booked_on"), money("Amount", "amount_minor")),
            *(text("", "currency"), text("Text", "text"), text("Now", "coded_to"), text("Then", "account_code")),
            *(text("Rule", "rule"), text("Because", "condition")),
        ],
    )
    columns = [text("Line", "line_id"), text("Rule", "rule"), text("Later rule", "later_rule")]
    show_frame("Wanted by two rules", found.overlaps.head(_SHOWN_COUNT), columns, as_json=False)
    lost = [text("Line", "line_id"), text("Rule", "coded_by"), text("Account", "coded_to")]
    show_frame("Coded now, and by no rule then", found.lost.head(_SHOWN_COUNT), lost, as_json=False)
