"""`match`: the engine on files, and what it found in a table that ends with where to look next."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from finance_pipeline.cli.preparing import prepare_engine
from finance_pipeline.cli.show import Shown, console, count, money, progress, say, show_json, show_table, text
from finance_pipeline.core.problems import BadInput

if TYPE_CHECKING:
    from finance_pipeline.core.tables import Table
    from finance_pipeline.services.matching_files.summary import Summary

_TIERS = {
    0: "identity",
    1: "reference",
    2: "party and amount",
    3: "proven subset",
    4: "tolerant",
    5: "own transfer",
    6: "coding rule",
}
_EXPECTED = "no_document_expected"
_TYPES = {
    "String": "text",
    "Int64": "whole number",
    "Int16": "whole number",
    "Date": "day",
    "List(String)": "list of texts",
    "Decimal(precision=18, scale=10)": "decimal number",
    "Decimal(precision=9, scale=4)": "decimal number",
}
"""How a person says the types of Polars."""


def match_and_show(
    source: Path | None, target: Path | None, *, policy: Path | None, as_of: str | None, form: str, as_json: bool
) -> None:
    """Run the engine on a folder of files and print what it found."""
    from finance_pipeline.services.matching_files.match import match_files

    if source is None or target is None:
        raise BadInput(
            "two folders are needed: --in DIR with bank_lines and open_items, --out DIR for the result.",
            kept="Nothing was written.",
            todo="`finance-pipeline match --schema` says what the files hold.",
        )
    day = _day(as_of) if as_of else None
    prepare_engine()
    summary = match_files(source, target, policy=policy, as_of=day, form=form, tell=progress())
    for notice in summary.notices:
        say(f"Note: {notice}")
    if as_json:
        show_json(asdict(summary))
    else:
        _show(summary, as_of)


def show_schemas(*, as_json: bool) -> None:
    """Every file's columns, as pandera has them: name, type, whether it may be missing or empty, and what it means."""
    from finance_pipeline.services.matching_files.folder import REQUIRED, TABLES
    from finance_pipeline.services.matching_files.publishing import RESULT

    read = [_described(table, "in", optional=table.name not in REQUIRED) for table in TABLES]
    written = [_described(table, "out", optional=False) for table in RESULT]
    if as_json:
        show_json({table["name"]: table for table in (*read, *written)})
        return
    for table in (*read, *written):
        may_miss = " (may be missing)" if table["optional"] else ""
        side = "Input" if table["direction"] == "in" else "Output"
        key = f" Unique by {', '.join(table['key'])}." if table["key"] else ""
        show_table(f"{side} {table['name']}{may_miss}: {table['grain']}{key}", table["columns"], _SCHEMA_COLUMNS)


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError as cause:
        raise BadInput(f"{said!r} is no day.", kept="Nothing was written.", todo="Give --as-of YYYY-MM-DD.") from cause


def _described(table: Table, direction: str, *, optional: bool) -> dict[str, Any]:
    """A table's pandera model in plain values."""
    columns = [
        {
            "name": name,
            "type": str(column.dtype),
            "nullable": column.nullable,
            "one_of": list(table_column.one_of),
            "meaning": column.description,
        }
        for table_column, (name, column) in zip(table.columns, table.model.columns.items(), strict=True)
    ]
    return {
        "name": table.name,
        "direction": direction,
        "optional": optional,
        "grain": table.grain,
        "key": list(table.key),
        "columns": columns,
    }


def _choice(column: dict[str, Any]) -> str:
    """The values that a column may have, where its text does not say them already."""
    said = all(value in column["meaning"] for value in column["one_of"])
    return "" if said else f" One of {', '.join(column['one_of'])}."


def _show(summary: Summary, as_of: str | None) -> None:
    lines = summary.lines
    person = sum(lines.exceptions.values()) - lines.exceptions.get(_EXPECTED, 0)
    console.print(
        f"[bold]{lines.matched:,} of {lines.booked:,} booked lines are matched ({_share(lines.matched, lines.booked)})"
        f"[/], {person:,} {'needs' if person == 1 else 'need'} a person ({_share(person, lines.booked)})."
    )
    show_table("Booked lines", _line_rows(summary), _LINE_COLUMNS)
    show_table("Items still open", [asdict(each) for each in summary.items.open], _OPEN_COLUMNS)
    for words in _left_aside(summary, as_of):
        console.print(words)
    console.print(
        f"Engine {summary.engine_ms / 1000:.2f} s; reading {summary.read_ms / 1000:.2f} s, "
        f"loading {summary.load_ms / 1000:.2f} s, writing {summary.write_ms / 1000:.2f} s."
    )
    for path, rows in summary.files.items():
        console.print(f"  {path}  {rows:,} rows", soft_wrap=True, markup=False)


def _line_rows(summary: Summary) -> list[dict[str, object]]:
    lines = summary.lines
    found = [(f"matched by {_TIERS[tier]} (tier {tier})", number) for tier, number in lines.by_tier.items()]
    left = [(reason.replace("_", " "), number) for reason, number in lines.exceptions.items()]
    rows = [*found, ("total matched", lines.matched), *left, ("total not matched", sum(lines.exceptions.values()))]
    return [{"what": what, "lines": number, "share": _share(number, lines.booked)} for what, number in rows]


def _left_aside(summary: Summary, as_of: str | None) -> list[str]:
    """Sentences about what is in none of the tables."""
    lines, items = summary.lines, summary.items
    said = [f"Items: {items.read:,} read, {items.settled_now:,} settled now, {items.partly:,} in part."]
    if items.settled_before:
        said.append(f"{items.settled_before:,} items were settled before, and left out.")
    if lines.pending:
        said.append(f"{lines.pending:,} lines are pending, and wait until they are booked.")
    if as_of:
        others = "".join(f", {number:,} of {name}" for name, number in summary.left_out.items() if number)
        said.append(f"Not known on {as_of}, and left out: {lines.later:,} lines, {items.later:,} items{others}.")
    return said


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


_LINE_COLUMNS = [text("", "what"), count("Lines", "lines"), Shown("Share", lambda row: row["share"], is_figure=True)]
_OPEN_COLUMNS = [
    text("", "currency"),
    count("Items", "items"),
    money("Owed to us", "owed_to_us_minor"),
    money("Owed by us", "owed_by_us_minor"),
]
_SCHEMA_COLUMNS = [
    text("Column", "name"),
    Shown("Type", lambda row: _TYPES.get(row["type"], row["type"])),
    Shown("May be empty", lambda row: "yes" if row["nullable"] else ""),
    Shown("Meaning", lambda row: escape(row["meaning"] + _choice(row))),
]
