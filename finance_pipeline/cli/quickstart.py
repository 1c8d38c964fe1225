"""`quickstart`: somebody's own bank files against their own list of open items, and where the workbook is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from finance_pipeline.cli.show import Shown, console, count, money, progress, show_json, show_table, text
from finance_pipeline.core.money import format_money
from finance_pipeline.core.problems import BadInput

if TYPE_CHECKING:
    from finance_pipeline.services.quickstart.figures import Figures
    from finance_pipeline.services.quickstart.result import Result

DEFAULT_OUT = Path("reconciliation.xlsx")
_SHOWN_ROWS = 15
_SHOWN_CHARS = 40
_MARKS = {".": "decimals after a point", ",": "decimals after a comma"}


def quickstart(
    statements: Annotated[Path, typer.Option("--statements", help="Folder of bank files, any format, archives too.")],
    items: Annotated[Path, typer.Option("--items", help="List of open items, CSV or Excel (.xlsx), one a row.")],
    out: Annotated[Path, typer.Option("--out", help="Workbook to write.")] = DEFAULT_OUT,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the workbook.")] = False,
    column: Annotated[
        list[str] | None, typer.Option(help='Which column is what: amount="Open Balance". May be repeated.')
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of the workbook that holds the list.")] = None,
    date_format: Annotated[str | None, typer.Option(help="How the list writes days: dd/mm/yyyy, mm/dd/yyyy.")] = None,
    decimal: Annotated[str | None, typer.Option(help="The list's decimal mark: . or ,")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of items and files that name none.")] = None,
    payables: Annotated[bool, typer.Option("--payables", help="The list is of suppliers' bills.")] = False,
    account: Annotated[str | None, typer.Option(help="Account of bank files that name none, such as QIF.")] = None,
    profile: Annotated[Path | None, typer.Option(help="YAML: what the columns of a bank's CSV are.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print figures for machines: minor units, ISO dates.")
    ] = False,
) -> None:
    """Reconcile your own bank files with your own list of open items. No account anywhere, no database, no settings.

    Prints what is matched, what is left and why, and writes an Excel workbook with live formulas. Ends with 1 where a
    file or a row could not be used; the rest is done.
    """
    from finance_pipeline.services.quickstart.reconciling import Asked, Said
    from finance_pipeline.services.quickstart.reconciling import quickstart as reconciled
    from finance_pipeline.services.quickstart.workbook import check_free, write_workbook

    check_free(out, force=force)
    said = Said(_columns(column or []), sheet, date_format, decimal, currency, payables)
    tell = progress()
    result = reconciled(Asked(statements, items, said, account, profile), [out], tell)
    write_workbook(result, out, force=force)
    if as_json:
        show_json(_data(result, out))
    else:
        _show(result, statements, out)
    if not result.is_whole:
        raise typer.Exit(1)


def _columns(said: list[str]) -> dict[str, str]:
    """Field -> header of what was said as amount="Open Balance"."""
    pairs = [each.partition("=") for each in said]
    wrong = next(
        (each for each, (field, mark, title) in zip(said, pairs, strict=True) if not (field and mark and title)), None
    )
    if wrong is not None:
        raise BadInput(f"{wrong!r} names no column.", kept="Nothing was written.", todo='Say --column amount="HEADER".')
    return {field.strip(): title.strip() for field, _, title in pairs}


def _data(result: Result, out: Path) -> dict[str, Any]:
    from finance_pipeline.services.quickstart.figures import figures_of

    return {
        "workbook": str(out),
        "figures": asdict(figures_of(result)),
        "files": [asdict(file) for file in result.files],
        "accounts": [asdict(account) for account in result.accounts],
        "unfit": list(result.unfit),
        "list": _plain(result),
        "lines": result.lines.to_dicts(),
        "items": result.items.to_dicts(),
    }


def _plain(result: Result) -> dict[str, Any]:
    """The list as data; tuples of names become objects."""
    listed = result.listed
    return {
        "file": listed.file,
        "reading": asdict(listed.reading),
        "settled_before": listed.settled_before,
        "refused": [each._asdict() for each in listed.refused],
        "totals": [each._asdict() for each in listed.totals],
        "twice": [each._asdict() for each in listed.twice],
    }


def _show(result: Result, statements: Path, out: Path) -> None:
    from finance_pipeline.services.quickstart.figures import figures_of

    figures = figures_of(result)
    _show_reading(result)
    _show_accounts(result)
    _show_lines(figures)
    _show_items(result, figures)
    _show_to_do(result, figures)
    _show_left_out(result)
    console.print(f"\n[bold]Workbook:[/] {escape(str(out))}", soft_wrap=True)
    console.print(
        "Next: work the sheet To do. To keep books of these accounts: "
        f"finance-pipeline import {escape(str(statements))}/* --book main --create",
        soft_wrap=True,
    )


def _show_reading(result: Result) -> None:
    """How the list was read: wrong columns make wrong matches, so this comes first."""
    reading = result.listed.reading
    where = f", sheet {reading.sheet}" if reading.sheet else ""
    names = [f"{field} = {' + '.join(titles)}" for field, titles in reading.columns.items()]
    console.print(f"[bold]{escape(result.listed.file + where)}[/], read as: {escape('; '.join(names))}.")
    habits = [f"days as {reading.date_format}"] if reading.date_format else []
    habits += [_MARKS[reading.decimal_mark]] if reading.decimal_mark else []
    habits += [f"not used: {', '.join(reading.ignored)}"] if reading.ignored else []
    if habits:
        console.print(f"  {escape('; '.join(habits))}.")
    for remark in reading.remarks:
        console.print(f"  Note: {escape(remark)}")


def _show_accounts(result: Result) -> None:
    show_table(
        "\nAccounts",
        [asdict(account) | {"adds_up": _adds_up(account.difference_minor)} for account in result.accounts],
        _ACCOUNT_COLUMNS,
        empty="no statement could be used",
    )
    for account in result.accounts:
        for gap in account.gaps:
            console.print(f"  [red]{escape(account.label)}: {escape(gap)}.[/]")


def _adds_up(difference_minor: int | None) -> str:
    if difference_minor is None:
        return "cannot be told"
    return "adds up" if difference_minor == 0 else "does not add up"


def _show_lines(figures: Figures) -> None:
    console.print(
        f"[bold]{figures.matched:,} of {figures.booked:,} bank lines are matched "
        f"({_share(figures.matched, figures.booked)})[/], {figures.to_do:,} wait for a person, "
        f"{figures.expected:,} need no document" + (f", {figures.pending:,} are pending." if figures.pending else ".")
    )
    rows = [
        {"what": f"matched by {name} (tier {tier})", "lines": lines, "share": _share(lines, figures.booked)}
        for tier, name, lines in figures.tiers
    ]
    rows += [
        {"what": f"to do: {reason.replace('_', ' ')}", "lines": lines, "share": _share(lines, figures.booked)}
        for reason, lines in figures.reasons
    ]
    show_table("Bank lines", rows, _LINE_COLUMNS)


def _show_items(result: Result, figures: Figures) -> None:
    show_table("Open items", [asdict(each) for each in figures.items], _ITEM_COLUMNS)
    listed = result.listed
    if listed.settled_before:
        console.print(f"  {listed.settled_before:,} items had nothing open, and were left aside.")
    for twice in listed.twice[:_SHOWN_ROWS]:
        rows = ", ".join(map(str, twice.rows))
        console.print(f"  Number {escape(twice.number)} of {escape(twice.party or 'no party')} stands in rows {rows}.")


def _show_to_do(result: Result, figures: Figures) -> None:
    """The largest lines first; those of a direction that the list has no item of come last, and are said."""
    lines = result.to_do
    largest = lines.head(_SHOWN_ROWS)
    more = f", the first {_SHOWN_ROWS} of {figures.to_do:,}" if figures.to_do > _SHOWN_ROWS else ""
    show_table(f"Needs a person first{more}", largest.iter_rows(named=True), _TO_DO_COLUMNS)
    if figures.beside_the_list and figures.items:
        owed = "others" if all(each.owed_to_us for each in figures.items) else "you"
        console.print(
            f"{figures.beside_the_list:,} of the lines to do go the other way: the list has only what {owed} owe."
        )


def _show_left_out(result: Result) -> None:
    """Files and rows that could not be used, with the reason of each."""
    for file in result.held:
        console.print(f"[red]Not used:[/] {escape(file.name)}: {escape(file.reason or '')}")
    for words in result.unfit:
        console.print(f"[red]Not used:[/] {escape(words)}.")
    refused = result.listed.refused
    for each in refused[:_SHOWN_ROWS]:
        console.print(f"[red]Not used:[/] row {each.row} of the list: {escape(each.reason)} {escape(each.shown)}")
    if len(refused) > _SHOWN_ROWS:
        console.print(f"[red]Not used:[/] {len(refused) - _SHOWN_ROWS:,} more rows of the list; the workbook has all.")
    if result.held:
        console.print(
            "Bank files that name no account or currency: --account, --currency. A bank's CSV: `finance-pipeline "
            "statements profile FILE > bank.yaml` proposes what its columns are; then --profile bank.yaml.",
        )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _short(heading: str, name: str) -> Shown:
    """A column of words, cut where they are long: the workbook has them whole."""
    return Shown(heading, lambda row: escape((row[name] or "")[:_SHOWN_CHARS]))


_ACCOUNT_COLUMNS = [
    text("Account", "label"),
    text("From", "first_on"),
    text("To", "last_on"),
    count("Statements", "statements"),
    count("Lines", "lines"),
    count("Repeated", "repeated"),
    money("Opening", "opening_minor"),
    money("Lines", "booked_minor"),
    money("Closing", "closing_minor"),
    money("Difference", "difference_minor"),
    text("", "adds_up"),
]
_LINE_COLUMNS = [text("", "what"), count("Lines", "lines"), Shown("Share", lambda row: row["share"], is_figure=True)]
_ITEM_COLUMNS = [
    text("", "currency"),
    count("Items", "items"),
    count("Settled", "settled"),
    count("Partly", "partly"),
    count("Open", "open"),
    money("Amount", "amount_minor"),
    money("Settled", "settled_minor"),
    money("Left", "left_minor"),
]
_TO_DO_COLUMNS = [
    text("Line", "line_id"),
    text("Day", "booked_on"),
    Shown(
        "Amount", lambda row: f"{format_money(row['amount_minor'], row['currency'])} {row['currency']}", is_figure=True
    ),
    _short("Counterparty", "counterparty"),
    text("Why", "why"),
    _short("Suggestions", "suggestions"),
]
