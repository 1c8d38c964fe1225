"""Looking at a file: what `statements parse` prints of it; large camt files go the plain way where they can."""

from __future__ import annotations

from typing import IO, Any

from finance_pipeline.sources.statements import summary
from finance_pipeline.sources.statements.camt.plain import LEAST_BYTES, NotPlain, plain_totals
from finance_pipeline.sources.statements.reading import Declared, is_camt, read_stream


def summaries(name: str, stream: IO[bytes], size_bytes: int, declared: Declared) -> list[dict[str, Any]]:
    """One object a statement. Raises MalformedStatement."""
    if size_bytes >= LEAST_BYTES and is_camt(stream):
        try:
            return list(summary.summaries_of_totals(name, plain_totals(stream)))
        except NotPlain:
            stream.seek(0)
    return list(summary.summaries(name, read_stream(stream, size_bytes, declared)))
