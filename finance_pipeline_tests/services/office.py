"""What a spreadsheet program asks of a workbook before it opens it without offering to repair it (ECMA-376, and the
limits that Excel and LibreOffice state). Not here: what its figures come to (workbooks)."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from finance_pipeline_tests.services.workbooks import place

_X = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_LAST_ROW, _LAST_COLUMN, _LONGEST_TEXT, _LONGEST_NAME = 1_048_576, 16_384, 32_767, 31
_ORDER = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetProtection", "autoFilter"),
    *("mergeCells", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins"),
    *("pageSetup", "headerFooter", "rowBreaks", "drawing", "legacyDrawing", "tableParts"),
)
"""Parts of a sheet in the only order in which they may come."""
_FUNCTIONS = {"SUM", "SUMIFS", "COUNTIFS", "ROUND", "IF", "ABS"}
"""All of them in every program since 2007: none needs a prefix or a newer version."""


def breaches(path: Path) -> list[str]:
    """What a spreadsheet program would stumble over, in words."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    found = [*_packaging(parts)]
    if found:
        return found
    book = etree.fromstring(parts["xl/workbook.xml"])
    relations = {each.get("Id"): each.get("Target") for each in _relations(parts, "xl/workbook.xml")}
    sheets = {str(each.get("name")): f"xl/{relations[each.get(f'{_OFFICE}id')]}" for each in book.iter(f"{_X}sheet")}
    found += [f"a sheet is called {name}" for name in sheets if not _is_name(name)]
    if len({name.lower() for name in sheets}) != len(list(book.iter(f"{_X}sheet"))):
        found.append("two sheets have one name")
    named = [(str(each.get("name")), each.text or "") for each in book.iter(f"{_X}definedName")]
    found += [f"{name} names {text}" for name, text in named if not _refers(text, sheets)]
    styles = etree.fromstring(parts["xl/styles.xml"])
    counts = {tag: len(next(styles.iter(f"{_X}{tag}"), ())) for tag in ("cellXfs", "dxfs")}
    texts = [
        "".join(part.text or "" for part in each.iter(f"{_X}t"))
        for each in etree.fromstring(parts["xl/sharedStrings.xml"]).iter(f"{_X}si")
    ]
    found += [f"a text has {len(text)} characters" for text in texts if len(text) > _LONGEST_TEXT]
    for name, part in sheets.items():
        page = etree.fromstring(parts[part])
        found += [f"{name}: {words}" for words in (*_order(page), *_cells(page, counts, len(texts), sheets))]
    return found


def _packaging(parts: dict[str, bytes]) -> Iterator[str]:
    """Each part has a type, each relation leads to a part of the workbook itself, each part is XML."""
    types = etree.fromstring(parts["[Content_Types].xml"])
    defaults = {each.get("Extension") for each in types if each.get("Extension")}
    overrides = {str(each.get("PartName")).lstrip("/") for each in types if each.get("PartName")}
    for name in parts:
        if name != "[Content_Types].xml" and name not in overrides and name.rsplit(".", 1)[-1] not in defaults:
            yield f"{name} has no type"
    yield from (f"{name} is typed and missing" for name in sorted(overrides - parts.keys()))
    for name in parts:
        if name.endswith(".rels"):
            owner = name.replace("_rels/", "").removesuffix(".rels")
            for each in _relations(parts, owner):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(owner), str(each.get("Target"))))
                if each.get("TargetMode") == "External" or target.lstrip("/") not in parts:
                    yield f"{name} leads to {each.get('Target')}"


def _relations(parts: dict[str, bytes], owner: str) -> list[etree._Element]:
    folder, _, name = owner.rpartition("/")
    return list(etree.fromstring(parts[posixpath.join(folder, "_rels", f"{name}.rels")]))


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and not re.search(r"[\[\]:*?/\\]", name) and name.strip("'") == name


def _refers(formula: str, sheets: dict[str, str]) -> bool:
    """Whether a formula names sheets of this workbook and known functions alone, and its brackets close."""
    bare = re.sub(r'"[^"]*"', "", formula)
    quoted = re.findall(r"'((?:[^']|'')+)'!", bare)
    plain = re.findall(r"(?<!')\b([A-Za-z_][\w.]*)!", re.sub(r"'(?:[^']|'')+'!", "", bare))
    known = all(name.replace("''", "'") in sheets for name in (*quoted, *plain))
    functions = set(re.findall(r"([A-Z][A-Z0-9.]*)\(", bare))
    return known and functions <= _FUNCTIONS and bare.count("(") == bare.count(")") and "#REF" not in bare


def _order(page: etree._Element) -> Iterator[str]:
    tags = [etree.QName(each).localname for each in page]
    yield from (f"{tag} is no part of a sheet that is known here" for tag in tags if tag not in _ORDER)
    places = [_ORDER.index(tag) for tag in tags if tag in _ORDER]
    if places != sorted(places):
        yield f"its parts come in another order: {', '.join(tags)}"


def _cells(page: etree._Element, counts: dict[str, int], text_count: int, sheets: dict[str, str]) -> Iterator[str]:
    before, taken = (0, 0), set()
    for cell in page.iter(f"{_X}c"):
        at, value, formula = place(str(cell.get("r"))), cell.findtext(f"{_X}v"), cell.findtext(f"{_X}f")
        if at <= before or at[0] > _LAST_ROW or at[1] > _LAST_COLUMN:
            yield f"{cell.get('r')} is out of place"
        before = at
        if int(cell.get("s") or 0) >= counts["cellXfs"]:
            yield f"{cell.get('r')} has a style that is not there"
        if cell.get("t") == "s" and not int(value or -1) < text_count:
            yield f"{cell.get('r')} has a text that is not there"
        if formula is not None and (value is None or not _refers(formula, sheets)):
            yield f"{cell.get('r')} has the formula {formula} and the value {value}"
    for rule in page.iter(f"{_X}cfRule"):
        if rule.get("dxfId") is not None and int(str(rule.get("dxfId"))) >= counts["dxfs"]:
            yield "a conditional format is not there"
    for merged in page.iter(f"{_X}mergeCell"):
        first, last = (place(each) for each in str(merged.get("ref")).split(":"))
        cells = {(row, column) for row in range(first[0], last[0] + 1) for column in range(first[1], last[1] + 1)}
        if cells & taken or len(cells) == 1:
            yield f"{merged.get('ref')} is merged with what is merged already, or is one cell"
        taken |= cells
