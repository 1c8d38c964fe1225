"""Looking at statement files without landing them: what they say, and whether it adds up.

Each file is read in the child process that reads all files from outside; one that cannot be read stops no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def parsed(files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """One object a statement (sources.statements.summary), or one with `error` for a file that cannot be read."""
    from finance_pipeline.sources.statements.child import shared_reader
    from finance_pipeline.sources.statements.model import MalformedStatement

    reader = shared_reader()
    for file in files:
        if not file.is_file():
            yield {"file": str(file), "error": "there is no such file." if not file.exists() else "this is no file."}
            continue
        try:
            yield from reader.summaries(file, str(file))
        except MalformedStatement as problem:
            yield {"file": str(file), "error": problem.what}
