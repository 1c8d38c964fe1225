"""The result as an Excel workbook: a summary of live formulas over sheets of lines, items and what is to be done.

Here: the sheets of rows. Not here: the summary and its tie-outs (workbook_summary), any figure.
Texts are written as texts, whatever they begin with: a memo that looks like a formula stays a memo.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.workbook import (
    MOST_ROWS,
    Formats,
    fit_header,
    new_workbook,
    print_page_wide,
    write_by_rename,
    write_value,
)
from finance_pipeline.services.quickstart.result import Result
from finance_pipeline.services.quickstart.workbook_summary import write_summary


@dataclass(frozen=True)
class _Column:
    """One column of a sheet: what it holds is told by the type of its values; money is (minor units, currency)."""

    title: str
    width: int
    value: Callable[[Any], object]
    is_figure: bool = False


def check_free(path: Path, *, force: bool) -> None:
    """Raises BadInput where the workbook cannot be written: a file is there already, or no folder."""
    if path.is_dir() or not path.parent.is_dir():
        raise BadInput(f"{path} cannot be written.", kept="Nothing was written.", todo="Name another: --out FILE.xlsx.")
    if path.exists() and not force:
        raise BadInput(
            f"{path} is there already.",
            kept="It is as it was.",
            todo="Name another with --out FILE.xlsx, or overwrite it with --force.",
        )


def write_workbook(result: Result, path: Path, *, force: bool) -> None:
    """Write the whole workbook by rename. Raises BadInput where a file is there and force is not given."""
    if max(result.lines.height, result.items.height) > MOST_ROWS:
        raise BadInput(
            f"a sheet of Excel holds {MOST_ROWS:,} rows, and there are {result.lines.height:,} lines.",
            kept="No workbook was written.",
            todo="Reconcile a shorter time.",
        )
    content = io.BytesIO()
    # The same result is the same bytes, whenever it is written.
    created = max((statement.to_on for statement in result.statements), default=date(2000, 1, 1))
    book = new_workbook(content, "Reconciliation", created)
    summary = book.add_worksheet("Summary")
    _rows(book, "Bank lines", result.lines.iter_rows(named=True), _LINE_COLUMNS)
    _rows(book, "Open items", result.items.iter_rows(named=True), _ITEM_COLUMNS)
    _rows(book, "To do", _to_do(result), _TO_DO_COLUMNS)
    _rows(book, "Statements", _statements(result), _STATEMENT_COLUMNS)
    write_summary(book, summary, result)
    book.close()
    check_free(path, force=force)
    write_by_rename(path, content.getvalue())


def _rows(book: Any, name: str, rows: Iterable[Any], columns: Sequence[_Column]) -> None:
    """One sheet: a frozen header with filters, and the rows below; printed as wide as a page."""
    sheet, formats = book.add_worksheet(name), Formats(book)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        stands = {"align": "right"} if column.is_figure else {}
        sheet.write_string(0, place, column.title, formats.header(**stands))
    fit_header(sheet, 0, [column.title for column in columns], [column.width for column in columns])
    last = 0
    for last, row in enumerate(rows, start=1):
        for place, column in enumerate(columns):
            write_value(sheet, last, place, column.value(row), formats)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)
    print_page_wide(sheet)
    sheet.repeat_rows(0)


def _said(title: str, width: int, name: str) -> _Column:
    return _Column(title, width, lambda row: row[name])


def _money(title: str, name: str) -> _Column:
    return _Column(title, 15, lambda row: (row[name], row["currency"]), is_figure=True)


_LINE_COLUMNS = (
    _said("Line", 8, "line_id"),
    _said("Account", 14, "account"),
    _said("Booked", 11, "booked_on"),
    _money("Amount", "amount_minor"),
    _said("Currency", 9, "currency"),
    _said("Counterparty", 28, "counterparty"),
    _said("Its account", 11, "counterparty_account"),
    _said("Text", 45, "memo"),
    _said("Reference", 22, "reference"),
    _said("State", 21, "state"),
    _said("Tier", 6, "tier"),
    _said("Settles", 28, "settles"),
    _said("Why", 70, "why"),
)
_ITEM_COLUMNS = (
    _said("Row", 7, "row"),
    _said("Number", 18, "number"),
    _said("Party", 28, "party"),
    _Column("Kind", 14, lambda row: row["kind"].replace("_", " ")),
    _said("Currency", 9, "currency"),
    _said("Issued", 11, "issued_on"),
    _said("Due", 11, "due_on"),
    _money("Amount", "amount_minor"),
    _money("Settled", "settled_minor"),
    _money("Left", "left_minor"),
    _said("State", 14, "state"),
    _said("Settled by", 45, "settled_by"),
)
_TO_DO_COLUMNS = (
    _said("What", 15, "what"),
    _said("Which", 22, "which"),
    _said("Day", 11, "day"),
    _money("Amount", "amount_minor"),
    _said("Currency", 9, "currency"),
    _said("Party", 28, "party"),
    _said("Text", 45, "text"),
    _said("Reason", 20, "reason"),
    _said("In words", 70, "words"),
    _said("Suggestions", 60, "suggestions"),
)
_STATEMENT_COLUMNS = (
    _said("File", 30, "file"),
    _said("Account", 14, "account"),
    _said("Currency", 9, "currency"),
    _said("Format", 17, "format"),
    _said("Statement", 22, "statement_id"),
    _said("From", 11, "from_on"),
    _said("To", 11, "to_on"),
    _money("Opening", "opening_minor"),
    _money("Lines", "booked_minor"),
    _money("Closing", "closing_minor"),
    _said("Count", 8, "lines"),
    _said("Not used because", 80, "reason"),
)
_NOTHING: dict[str, object] = dict.fromkeys(
    (
        *("what", "which", "day", "amount_minor", "currency", "party", "text", "reason", "words", "suggestions"),
        *("file", "account", "format", "statement_id", "from_on", "to_on", "opening_minor", "booked_minor"),
        *("closing_minor", "lines"),
    )
)


def _to_do(result: Result) -> Iterator[dict[str, object]]:
    """What a person has to look at: lines first, then what could not be used or does not add up."""
    for row in result.to_do.iter_rows(named=True):
        yield _NOTHING | row | {
            "what": "bank line", "which": row["line_id"], "day": row["booked_on"], "party": row["counterparty"],
            "text": row["memo"], "words": row["why"],
        }  # fmt: skip
    for what, which, reason, words in _beside_lines(result):
        yield _NOTHING | {"what": what, "which": which, "reason": reason, "words": words}


def _beside_lines(result: Result) -> Iterator[tuple[str, str, str, str]]:
    """What, which, reason and words of everything to look at that is no line."""
    for account in result.accounts:
        if account.difference_minor:
            yield "account", account.label, "does not add up", "Opening balance and lines are not the closing balance."
        for gap in account.gaps:
            yield "account", account.label, "gap", gap
    for file in result.held:
        yield "statement file", file.name, "not used", file.reason or ""
    for words in result.unfit:
        yield "statement", "", "not used", words
    for refused in result.listed.refused:
        yield "row of the list", f"row {refused.row}", "not used", f"{refused.reason} ({refused.shown})"
    for twice in result.listed.twice:
        rows = ", ".join(map(str, twice.rows))
        yield "row of the list", twice.number, "stands twice", f"{twice.party or 'no party'}: rows {rows}"


def _statements(result: Result) -> Iterator[dict[str, object]]:
    for statement in result.statements:
        yield _NOTHING | {name: getattr(statement, name) for name in statement.__dataclass_fields__}
    for file in result.held:
        yield _NOTHING | {"file": file.name, "reason": file.reason}
