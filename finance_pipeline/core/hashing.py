"""Content hashes of whole columns.

Here: the same hash as identity.content_hash, for many texts at once. Not here: what is hashed, and for what.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.identity import content_hash

_MANY = 5_000
"""More texts than this are hashed in DuckDB, column-wise; fewer are not worth loading it."""


def content_hashes(texts: pl.Series) -> pl.Series:
    """SHA-256 of the UTF-8 bytes of each text, in hexadecimal."""
    if len(texts) <= _MANY:
        return pl.Series([content_hash(text.encode()) for text in texts.to_list()], dtype=pl.String)
    import duckdb

    with duckdb.connect() as memory:
        memory.register("texts", pl.DataFrame({"text": texts}).to_arrow())
        hashed: pl.DataFrame = memory.sql("select sha256(text) as digest from texts").pl()
    return hashed["digest"]
