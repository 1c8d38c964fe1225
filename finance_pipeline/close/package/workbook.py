"""A document as an Excel workbook: figures that follow from others are formulas, and checks are red unless zero."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from finance_pipeline.close.package.document import FIRST_ROW, Document, Live, Money, Places, Sheet, Table, Verdict
from finance_pipeline.core.money import to_decimal
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.workbook import (
    MOST_CHARS,
    MOST_ROWS,
    Formats,
    fit_header,
    new_workbook,
    print_page_wide,
    write_value,
)

WIDEST_CHARS = 60


def workbook(document: Document, created: datetime) -> bytes:
    """The workbook's bytes: the same for the same document and time. Raises BadInput beyond the rows of a sheet.

    created: what the workbook says of when it was made.
    """
    for sheet in document.sheets:
        if sum(table.height for table in sheet.tables) > MOST_ROWS:
            raise BadInput(
                f"the sheet {sheet.name!r} would have more than the {MOST_ROWS:,} rows that a sheet of Excel holds.",
                kept="No workbook was written.",
                todo="Explain and clear open items first; the figures are in the tables of the database.",
            )
    content = io.BytesIO()
    book = new_workbook(content, document.title, created)
    formats, places = Formats(book), Places(document)
    red = book.add_format({"bg_color": "#F8CBAD", "bold": True})
    for sheet in document.sheets:
        _write_sheet(book.add_worksheet(sheet.name), sheet, document, formats, places, red)
    book.close()
    return content.getvalue()


def _write_sheet(page: Any, sheet: Sheet, document: Document, formats: Formats, places: Places, red: Any) -> None:
    page.write_string(0, 0, sheet.title, formats.of(bold=True, font_size=14))
    page.write_string(1, 0, document.title)
    page.write_string(2, 0, document.subtitle, formats.of(font_color="#595959"))
    filled = [table for table in sheet.tables if table.rows] or sheet.tables[:1]
    widths = [
        max(_width(table, place) for table in filled if place < len(table.columns))
        for place in range(max(len(table.columns) for table in filled))
    ]
    for place, width in enumerate(widths):
        page.set_column(place, place, width)
    row = FIRST_ROW
    for table in sheet.tables:
        _write_table(page, row, table, formats, places, red)
        if table.rows and table.has_header:
            fit_header(page, row + table.header_offset, [column.title for column in table.columns], widths)
        row += table.height
    _set_page(page, sheet, document, row, len(widths))


def _width(table: Table, place: int) -> int:
    """Characters: as declared, or as its texts need; those of a last column go on beyond it."""
    column = table.columns[place]
    if place == len(table.columns) - 1:
        return column.width
    texts = (value for row in table.rows if isinstance(value := row.get(column.key), str))
    return max(column.width, min(WIDEST_CHARS, max(map(len, texts), default=0) + 1))


def _set_page(page: Any, sheet: Sheet, document: Document, height: int, width: int) -> None:
    """How a sheet is printed and scrolled: what stands above its only table, or above all of them, stays in sight."""
    only = sheet.tables[0] if len(sheet.tables) == 1 and sheet.tables[0].rows else None
    head = FIRST_ROW + only.header_offset + 1 if only else FIRST_ROW
    print_page_wide(page)
    page.print_area(0, 0, height - 1, width - 1)
    page.repeat_rows(0, head - 1)
    named = f"{document.title}, {sheet.name}".replace("&", "&&")
    page.set_footer(f"&L&8{named}&R&8Page &P of &N", {"scale_with_doc": False})
    page.hide_gridlines(2)
    page.freeze_panes(head, 0)


def _write_table(page: Any, row: int, table: Table, formats: Formats, places: Places, red: Any) -> None:
    page.write_string(row, 0, table.title, formats.of(bold=True, font_size=12))
    if table.note:
        page.write_string(row + 1, 0, table.note, formats.of(italic=True, font_color="#595959"))
    header = row + table.header_offset
    if not table.rows:
        page.write_string(header, 0, table.empty)
        return
    after_figure = [place > 0 and table.columns[place - 1].is_figure for place in range(len(table.columns))]
    for place, column in enumerate(table.columns if table.has_header else ()):
        stands = {"align": "right"} if column.is_figure else {"indent": 1} if after_figure[place] else {}
        page.write_string(header, place, column.title, formats.header(**stands))
    for number, cells in enumerate(table.rows, start=header + 1):
        for place, column in enumerate(table.columns):
            value = cells.get(column.key)
            if isinstance(value, str) and value and after_figure[place]:
                page.write_string(number, place, value[:MOST_CHARS], formats.of(indent=1))
            else:
                _write(page, number, place, value, formats, places, red)
    if table.totals:
        _write_totals(page, header + 1 + len(table.rows), table, formats, places)


def _write_totals(page: Any, row: int, table: Table, formats: Formats, places: Places) -> None:
    line = {"bold": True, "top": 1}
    page.write_string(row, 0, "Total", formats.of(**line))
    for place, column in enumerate(table.columns):
        if column.key in table.totals:
            total = Live(
                table.total_minor(column.key),
                table.currency,
                lambda at, key=column.key: f"SUM({at.column(table.key, key)})",  # type: ignore[misc]
            )
            _write_live(page, row, place, total, formats.money(table.currency, plain=True, **line), places)
        elif place:
            page.write_blank(row, place, None, formats.of(**line))


def _write(page: Any, row: int, place: int, value: object, formats: Formats, places: Places, red: Any) -> None:
    if isinstance(value, Live):
        _write_live(page, row, place, value, formats.money(value.currency, plain=True), places)
        if value.is_check:
            is_apart = {"type": "cell", "criteria": "!=", "value": 0, "format": red}
            page.conditional_format(row, place, row, place, is_apart)
    elif isinstance(value, Verdict):
        page.write_formula(row, place, value.text(places), formats.of(bold=True), value.words)
    elif isinstance(value, Money):
        shown = formats.money(value.currency, plain=True)
        page.write_number(row, place, to_decimal(value.minor, value.currency), shown)
    elif isinstance(value, datetime):
        write_value(page, row, place, f"{value:%Y-%m-%d %H:%M:%S} UTC", formats)
    else:
        write_value(page, row, place, value, formats)


def _write_live(page: Any, row: int, place: int, value: Live, shown: Any, places: Places) -> None:
    page.write_formula(row, place, value.text(places), shown, to_decimal(value.minor, value.currency))
