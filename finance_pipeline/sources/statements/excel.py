"""The first sheet of an Excel workbook as CSV text, so that a table is a table whatever program saved it.

Texts stay texts; numbers are given with the fifteen digits that Excel itself keeps, dates as ISO days. Here: the parts
of a workbook that hold cells. Not here: opening archives within bounds (containers), what columns mean (csv).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from finance_pipeline.sources.statements.model import MalformedStatement

if TYPE_CHECKING:
    from lxml.etree import _Element

WORKBOOK = "xl/workbook.xml"
_MOST_COLUMNS = 500
_MOST_ROWS = 500_000
_EPOCH, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_LAST_DAY_NUMBER = 110_000
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_DATE_CODE = re.compile(r"[dy]", re.IGNORECASE)
_NOT_CODE = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_PLACE = re.compile(r"([A-Z]{1,3})\d*$")
_DIGITS = Context(prec=15)


def first_sheet_as_csv(archive: zipfile.ZipFile) -> bytes:
    """The cells of the first sheet that has any, commas between them. Raises MalformedStatement."""
    from lxml import etree

    try:
        book = _Workbook(archive)
        for part in book.sheet_parts():
            rows = list(book.rows(part))
            if rows:
                written = io.StringIO()
                csv.writer(written, lineterminator="\n").writerows(rows)
                return written.getvalue().encode()
    except (KeyError, IndexError, etree.XMLSyntaxError) as cause:
        raise MalformedStatement(f"the Excel workbook is broken: {cause}.") from cause
    raise MalformedStatement("the Excel workbook holds no cells.")


class _Workbook:
    """The parts of a workbook, read when they are needed."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._texts: list[str] | None = None
        workbook = self._root(WORKBOOK)
        self._sheet_ids = [
            next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")
            for sheet in workbook.iterfind("{*}sheets/{*}sheet")
            if sheet.get("state", "visible") == "visible"
        ]
        settings = workbook.find("{*}workbookPr")
        is_1904 = settings is not None and settings.get("date1904") in ("1", "true")
        self._epoch = _EPOCH_1904 if is_1904 else _EPOCH
        self._is_date = self._date_styles()

    def _root(self, part: str) -> _Element:
        """A part's root. Raises KeyError where it is missing, MalformedStatement for a declaration."""
        from lxml import etree

        parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
        root = etree.fromstring(self._archive.read(part), parser)
        if root.getroottree().docinfo.doctype:
            raise MalformedStatement("the Excel workbook has a document type declaration, which none needs.")
        return root

    def sheet_parts(self) -> Iterator[str]:
        """Visible sheets in the order of the workbook."""
        relations = self._root("xl/_rels/workbook.xml.rels")
        targets = {each.get("Id"): each.get("Target", "") for each in relations.iterfind("{*}Relationship")}
        for sheet_id in self._sheet_ids:
            target = targets[sheet_id]
            yield target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    def _date_styles(self) -> list[bool]:
        """Whether each cell style shows a date."""
        if "xl/styles.xml" not in self._archive.namelist():
            return []
        styles = self._root("xl/styles.xml")
        own = {
            each.get("numFmtId"): bool(_DATE_CODE.search(_NOT_CODE.sub("", each.get("formatCode", ""))))
            for each in styles.iterfind("{*}numFmts/{*}numFmt")
        }
        formats = [each.get("numFmtId", "0") for each in styles.iterfind("{*}cellXfs/{*}xf")]
        return [own.get(each, each.isdecimal() and int(each) in _DATE_FORMATS) for each in formats]

    def rows(self, part: str) -> Iterator[list[str]]:
        """The rows of a sheet that hold anything, as texts."""
        for number, row in enumerate(self._root(part).iterfind("{*}sheetData/{*}row")):
            if number > _MOST_ROWS:
                raise MalformedStatement(f"the sheet has more than {_MOST_ROWS:,} rows.")
            cells: list[str] = []
            for cell in row.iterfind("{*}c"):
                place = _column(cell.get("r", ""), len(cells))
                cells += [""] * (place - len(cells))
                cells.append(self._text(cell))
            if any(cells):
                yield cells

    def _text(self, cell: _Element) -> str:
        """What a cell shows."""
        kind, value = cell.get("t", "n"), cell.findtext("{*}v") or ""
        if kind == "inlineStr":
            return "".join(cell.itertext("{*}t")).strip()
        if kind == "s":
            return self._shared()[int(value)] if value.isdecimal() else ""
        if kind != "n" or not value:
            return value.strip()
        return self._number(value, cell.get("s", "0"))

    def _number(self, value: str, style: str) -> str:
        try:
            number = _DIGITS.create_decimal(value)
        except InvalidOperation:
            return value
        shows_date = style.isdecimal() and int(style) < len(self._is_date) and self._is_date[int(style)]
        if shows_date and 0 < number < _LAST_DAY_NUMBER:
            return (self._epoch + timedelta(days=int(number))).isoformat()
        return f"{number.normalize():f}" if number != Decimal(0) else "0"

    def _shared(self) -> list[str]:
        """Texts that cells share."""
        if self._texts is None:
            found = self._root("xl/sharedStrings.xml").iterfind("{*}si")
            self._texts = ["".join(each.itertext("{*}t")).strip() for each in found]
        return self._texts


def _column(place: str, at_least: int) -> int:
    """Index of a cell's column by its letters. Raises MalformedStatement beyond what a bank's table has."""
    found = _PLACE.match(place)
    index = at_least
    if found:
        index = 0
        for letter in found.group(1):
            index = index * 26 + ord(letter) - ord("A") + 1
        index -= 1
    if index > _MOST_COLUMNS:
        raise MalformedStatement(f"the sheet has more than {_MOST_COLUMNS} columns.")
    return max(index, at_least)
