"""Excel workbooks: what all of ours have in common. Same content, same bytes; no text ever becomes a formula.

Here: opening one, formats, one value in a cell, writing it whole. Not here: what a workbook says.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from finance_pipeline.core.money import exponent, to_decimal

MOST_ROWS = 1_048_575
"""Below a header."""
MOST_CHARS = 32_000
DATE_FORMAT = "yyyy-mm-dd"
HEADER_COLOUR = "#DDE6F0"
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def new_workbook(content: io.BytesIO, title: str, created: date) -> Any:
    """A workbook that is written to content when it is closed. created: fixed by the caller, so that bytes repeat."""
    import xlsxwriter

    book = xlsxwriter.Workbook(content, _OPTIONS)
    moment = created if isinstance(created, datetime) else datetime.combine(created, time())
    book.set_properties({"title": title, "created": moment.replace(tzinfo=None)})
    return book


_A4 = 9
LINE_POINTS = 15
"""Height of one line of text in the usual size."""


@dataclass
class Formats:
    """The formats of one workbook, each made once."""

    book: Any
    made: dict[str, Any] = field(default_factory=dict)

    def of(self, **said: object) -> Any:
        key = repr(sorted(said.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format(said)
        return self.made[key]

    def header(self, **more: object) -> Any:
        return self.of(bold=True, bg_color=HEADER_COLOUR, bottom=1, text_wrap=True, valign="top", **more)

    def day(self) -> Any:
        return self.of(num_format=DATE_FORMAT, align="left")

    def money(self, currency: str, *, plain: bool = False, **more: object) -> Any:
        """Amounts with the decimals of their currency; negative ones in red, unless they are nothing special."""
        digits = exponent(currency)
        part = "#,##0" + ("." + "0" * digits if digits else "")
        return self.of(num_format=f"{part};{'' if plain else '[Red]'}-{part}", **more)


def fit_header(sheet: Any, row: int, titles: Sequence[str], widths: Sequence[int]) -> None:
    """Make a row of headings as high as its longest title needs in its column: not every program does so by itself."""
    lines = max((-(-len(title) // (width - 1)) for title, width in zip(titles, widths, strict=False)), default=1)
    sheet.set_row(row, LINE_POINTS * max(lines, 1))


def print_page_wide(sheet: Any) -> None:
    """Have a sheet printed as wide as a page of A4, lying, and as many pages high as it takes."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)


def write_value(sheet: Any, row: int, place: int, value: object, formats: Formats) -> None:
    """One value by its type: text, day, count, or money as (minor units, currency). Nothing where it is not known."""
    if value is None or value == "":
        return
    if isinstance(value, tuple):
        minor, currency = value
        if minor is not None:
            sheet.write_number(row, place, to_decimal(minor, currency), formats.money(currency))
    elif isinstance(value, date):
        sheet.write_datetime(row, place, datetime.combine(value, time()), formats.day())
    elif isinstance(value, int):
        sheet.write_number(row, place, value)
    else:
        sheet.write_string(row, place, str(value)[:MOST_CHARS])


def write_by_rename(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, with the rights that a new file has."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(unfinished).chmod(0o666 & ~mask)
        Path(unfinished).replace(path)
    except OSError:
        with suppress(FileNotFoundError):
            Path(unfinished).unlink()
        raise
