"""A workbook read back as a spreadsheet program reads it: its texts and numbers, and its formulas computed anew."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from lxml import etree

_X = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = re.compile(r"(?:'([^']+)'!)?(\$?[A-Z]+\$?\d+)(?::(\$?[A-Z]+\$?\d+))?")
Cell = tuple[int, int]


def place(name: str) -> Cell:
    """Row and column, from 1, of a cell's name."""
    letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", name.replace("$", "")).groups()  # type: ignore[union-attr]
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(digits), column


class Workbook:
    """Sheets as cells by row and column; formulas apart. Knows the functions that our summaries use, and no more."""

    def __init__(self, path: Path | str) -> None:
        self.sheets: dict[str, dict[Cell, Any]] = {}
        self.formulas: dict[str, dict[Cell, str]] = {}
        self.cached: dict[Cell, Any] = {}
        """What the summary's formulas came to when it was written; those of other sheets are in their cells."""
        self.widths: dict[str, dict[int, float]] = {}
        """Characters that a column has room for, by its number from 1."""
        self.formats: dict[str, dict[Cell, str]] = {}
        """How numbers are shown."""
        self.set_up: dict[str, dict[str, str]] = {}
        """What is frozen and how it is printed: topLeftCell, orientation, fitToHeight, footer."""
        self.printed: dict[str, str] = {}
        """Names that a spreadsheet program gives to print areas and repeated rows, with the cells."""
        with zipfile.ZipFile(path) as archive:
            names = [each.get("name") for each in etree.fromstring(archive.read("xl/workbook.xml")).iter(f"{_X}sheet")]
            shared = etree.fromstring(archive.read("xl/sharedStrings.xml"))
            self.printed = _printed(archive.read("xl/workbook.xml"), [str(name) for name in names])
            self._number_formats = _number_formats(archive.read("xl/styles.xml"))
            self._texts = ["".join(t.text or "" for t in each.iter(f"{_X}t")) for each in shared.iter(f"{_X}si")]
            for number, name in enumerate(names, start=1):
                self._read(str(name), archive.read(f"xl/worksheets/sheet{number}.xml"))
        self.cached = {at: self.sheets["Summary"][at] for at in self.formulas["Summary"]}

    def _read(self, name: str, xml: bytes) -> None:
        cells, formulas = self.sheets.setdefault(name, {}), self.formulas.setdefault(name, {})
        page = etree.fromstring(xml)
        self.widths[name] = {
            number: float(each.get("width"))
            for each in page.iter(f"{_X}col")
            for number in range(int(each.get("min")), int(each.get("max")) + 1)
        }
        tags = ("pane", "pageSetup", "oddFooter")
        self.set_up[name] = {
            key: value for tag in tags for each in page.iter(f"{_X}{tag}") for key, value in
            (*each.attrib.items(), (tag, each.text or ""))
        }  # fmt: skip
        self.formats[name] = {
            place(cell.get("r")): self._number_formats[int(cell.get("s") or 0)] for cell in page.iter(f"{_X}c")
        }
        for cell in page.iter(f"{_X}c"):
            at, value, formula = place(cell.get("r")), cell.findtext(f"{_X}v"), cell.findtext(f"{_X}f")
            if formula is not None:
                formulas[at] = formula
            if value is not None:
                kind = cell.get("t")
                cells[at] = self._texts[int(value)] if kind == "s" else value if kind == "str" else Decimal(value)

    def shown(self, sheet: str, at: Cell) -> str:
        """A number as its format shows it."""
        code, value = self.formats[sheet][at], self.sheets[sheet][at]
        return "2026-05-31" if "yy" in code else f"{value:,.2f}" if "0.00" in code else f"{value}"

    def column(self, sheet: str, title: str) -> list[Any]:
        """The cells below a title of the first row."""
        cells = self.sheets[sheet]
        at = next(column for (row, column), value in cells.items() if row == 1 and value == title)
        return [cells.get((row, at)) for row in range(2, max(row for row, _ in cells) + 1)]

    def value(self, sheet: str, row: int, column: int) -> Any:
        """A cell; of a formula what it comes to now."""
        formula = self.formulas[sheet].get((row, column))
        return self._computed(sheet, formula) if formula else self.sheets[sheet].get((row, column))

    def evaluated(self, sheet: str) -> dict[Cell, Any]:
        """Every formula of a sheet, computed from the cells."""
        return {(row, column): self.value(sheet, row, column) for row, column in self.formulas[sheet]}

    def _computed(self, sheet: str, formula: str) -> Any:
        asked: list[Any] = []

        def reference(found: re.Match[str]) -> str:
            where, first, last = found[1] or sheet, place(found[2]), place(found[3] or found[2])
            cells = [
                self.value(where, r, c) for r in range(first[0], last[0] + 1) for c in range(first[1], last[1] + 1)
            ]
            asked.append(cells if found[3] else cells[0] if cells[0] is not None else Decimal(0))
            return f"asked[{len(asked) - 1}]"

        quoted = re.split(r'("[^"]*")', formula.removeprefix("="))
        parts = [each if each.startswith('"') else _REFERENCE.sub(reference, each) for each in quoted]
        text = "".join(each if each.startswith('"') else re.sub(r"(?<![<>])=", "==", each) for each in parts)
        known = {
            "asked": asked,
            "SUM": _sum,
            "SUMIFS": _sumifs,
            "COUNTIFS": _countifs,
            "ROUND": _round,
            "IF": _if,
            "ABS": abs,
        }
        return eval(text, {"__builtins__": {}}, known)


def _number_formats(styles: bytes) -> list[str]:
    """The format of numbers of each style; "" for the general one."""
    root = etree.fromstring(styles)
    codes = {each.get("numFmtId"): each.get("formatCode") for each in root.iter(f"{_X}numFmt")}
    (styled,) = root.iter(f"{_X}cellXfs")
    return [codes.get(each.get("numFmtId"), "") for each in styled]


def _printed(workbook: bytes, names: list[str]) -> dict[str, str]:
    return {
        f"{names[int(each.get('localSheetId'))]} {each.get('name').removeprefix('_xlnm.')}": str(each.text)
        for each in etree.fromstring(workbook).iter(f"{_X}definedName")
    }


def _fits(cells: list[Any], criterion: Any) -> Iterator[bool]:
    for cell in cells:
        if isinstance(criterion, str) and criterion.startswith("<>"):
            yield cell != criterion[2:]
        elif criterion in (">0", "<0"):
            yield isinstance(cell, Decimal) and (cell > 0 if criterion == ">0" else cell < 0)
        else:
            yield cell == criterion


def _sum(cells: list[Any]) -> Decimal:
    return sum((cell for cell in cells if isinstance(cell, Decimal)), Decimal(0))


def _sumifs(amounts: list[Any], *asked: Any) -> Decimal:
    fitting = zip(*(_fits(asked[i], asked[i + 1]) for i in range(0, len(asked), 2)), strict=True)
    return sum((a for a, fits in zip(amounts, fitting, strict=True) if all(fits) and a is not None), Decimal(0))


def _countifs(*asked: Any) -> Decimal:
    fitting = zip(*(_fits(asked[i], asked[i + 1]) for i in range(0, len(asked), 2)), strict=True)
    return Decimal(sum(all(fits) for fits in fitting))


def _round(value: Decimal | int, digits: int) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _if(condition: bool, yes: Any, no: Any) -> Any:
    return yes if condition else no
