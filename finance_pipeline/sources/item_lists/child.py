"""The side of the child process that asks for a list: its limits of time, and what becomes of one that ends.

Not here: what the child does (worker).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from finance_pipeline.sources.item_lists.model import BadList, Row, Sheet

_MODULE = "finance_pipeline.sources.item_lists.worker"
_LONGEST_S = 120


def sheets_in(file: Path) -> list[Sheet]:
    """The tables of a file, opened in a process of its own. Raises BadList."""
    if not file.is_file():
        raise BadList(f"there is no file {file}.", kept="Nothing was written.", todo="Check --items.")
    try:
        ended = subprocess.run(
            [sys.executable, "-m", _MODULE, str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"POLARS_MAX_THREADS": "1"},
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(file, f"reading it took longer than {_LONGEST_S} s, so it was given up.") from None
    if ended.returncode:
        raise _refused(file, "it is broken, or needs more memory or time than a list of open items may take.")
    answer = json.loads(ended.stdout)
    if "refused" in answer:
        raise _refused(file, answer["refused"])
    return [Sheet(name, tuple(Row(number, tuple(cells)) for number, cells in rows)) for name, rows in answer["sheets"]]


def _refused(file: Path, words: str) -> BadList:
    return BadList(
        words,
        where=file.name,
        kept="Nothing was written.",
        todo="Give a list of open items as CSV or Excel (.xlsx), one item a row below one row of headers.",
    )
