"""A list as CSV: any encoding, any of the usual delimiters, every cell a text.

Here: bytes to rows. Not here: what a column means.
"""

from __future__ import annotations

import csv
import io

from finance_pipeline.sources.item_lists.model import BadList, Row, Sheet
from finance_pipeline.sources.statements.model import MalformedStatement
from finance_pipeline.sources.statements.texts import text_of

_DELIMITERS = (";", "\t", ",", "|")
_SAMPLE_ROWS = 200


def read_delimited(raw: bytes) -> list[Sheet]:
    """The one table of a CSV file. Raises BadList for what is no text, or no table."""
    try:
        text = text_of(raw)
    except MalformedStatement as cause:
        raise BadList(cause.what) from cause
    declared, skipped = _declared(text)
    delimiter = declared or max(_DELIMITERS, key=lambda each: _fit(text, each))
    if not declared and _fit(text, delimiter) == (0, 0):
        raise BadList("its rows have one cell each: nothing separates columns (semicolon, comma, tab or bar).")
    return [Sheet("", tuple(row for row in _rows(text, delimiter) if row.number > skipped))]


def _declared(text: str) -> tuple[str | None, int]:
    """The delimiter that a first line `sep=;` declares, as Excel writes it, and how many lines that takes."""
    first = text.split("\n", 1)[0].strip().strip('"').lower()
    return (first[4:], 1) if first.startswith("sep=") and first[4:] in _DELIMITERS else (None, 0)


def _fit(text: str, delimiter: str) -> tuple[int, int]:
    """How well a delimiter makes a table: rows with as many cells as most (more than one), and how many those are."""
    sample = "\n".join(text.split("\n")[:_SAMPLE_ROWS])
    try:
        counts = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if len(row) > 1]
    except csv.Error:
        return 0, 0
    usual = max(set(counts), key=counts.count, default=0)
    return counts.count(usual) * usual, usual


def _rows(text: str, delimiter: str) -> list[Row]:
    """Rows that hold anything, by the line they begin on. Raises BadList for quotes that do not pair."""
    found: list[Row] = []
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(Row(begins, tuple(cell.strip() for cell in cells)))
            begins = reader.line_num + 1
    except csv.Error as cause:
        raise BadList(f"it is no well-formed CSV, at line {begins}: {cause}.") from cause
    return found
