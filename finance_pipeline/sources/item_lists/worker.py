"""The child process that opens a list for others: python -m finance_pipeline.sources.item_lists.worker FILE.

A file from outside is opened where nothing is lost if that goes wrong: with bounds of memory and time, and no file that
it could write. It prints one JSON object: {"sheets": [[name, [[row, [cells]]]]]}, or {"refused": words}.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from pathlib import Path
from typing import Any

from finance_pipeline.sources.item_lists.delimited import read_delimited
from finance_pipeline.sources.item_lists.model import BadList, Sheet
from finance_pipeline.sources.item_lists.workbook import read_workbook
from finance_pipeline.sources.statements.sniff import other_kind

MOST_BYTES = 50_000_000
MOST_ROWS = 200_000
MOST_COLUMNS = 300
MOST_CELL_CHARS = 5_000
_MEMORY_BYTES = 1_500_000_000
"""Beyond what the process holds when it begins."""
_TIME_S = 60
_ZIP = b"PK\x03\x04"


def main() -> int:
    path = Path(sys.argv[1])
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        _load_what_reads(raw)
        _limit()
        found: dict[str, Any] = {"sheets": [[each.name, each.rows] for each in sheets_of(raw)]}
    except BadList as problem:
        found = {"refused": problem.what}
    except (MemoryError, RecursionError):
        found = {"refused": "reading it takes more memory than a list of open items needs."}
    sys.stdout.write(json.dumps(found))
    return 0


def sheets_of(raw: bytes) -> list[Sheet]:
    """The tables of a file's bytes. Raises BadList."""
    if len(raw) > MOST_BYTES:
        raise BadList(f"the file is larger than {MOST_BYTES:,} bytes, the most we read of a list.")
    if not raw.strip():
        raise BadList("the file is empty.")
    words = other_kind(raw)
    if words:
        raise BadList(f"this is {words}." if "Excel" not in words else f"{_OLD_EXCEL}.")
    sheets = read_workbook(raw, MOST_ROWS) if raw.startswith(_ZIP) else read_delimited(raw)
    for sheet in sheets:
        _check_bounds(sheet)
    return sheets


_OLD_EXCEL = "this is an old Excel workbook, or one with a password; save it as .xlsx without one, or as CSV"


def _check_bounds(sheet: Sheet) -> None:
    where = f"sheet {sheet.name!r}" if sheet.name else "it"
    if len(sheet.rows) > MOST_ROWS:
        raise BadList(f"{where} has more than {MOST_ROWS:,} rows, the most we read of a list.")
    widest = max((len(row.cells) for row in sheet.rows), default=0)
    if widest > MOST_COLUMNS:
        raise BadList(f"{where} has {widest:,} columns, more than {MOST_COLUMNS}.")
    for row in sheet.rows:
        if any(len(cell) > MOST_CELL_CHARS for cell in row.cells):
            raise BadList(f"{where} has a cell of more than {MOST_CELL_CHARS:,} characters in row {row.number}.")


def _load_what_reads(raw: bytes) -> None:
    """Load the libraries before memory is bound: what they hold is not the file's."""
    if raw.startswith(_ZIP):
        importlib.import_module("fastexcel")
        importlib.import_module("pyarrow")


def _limit() -> None:
    """No more address space than is in use and so much more, no more time, no core file, no file written."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_TIME_S, _TIME_S))
    statistics = Path("/proc/self/statm")
    if statistics.exists():
        held_bytes = int(statistics.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held_bytes + _MEMORY_BYTES, held_bytes + _MEMORY_BYTES))


if __name__ == "__main__":
    sys.exit(main())
