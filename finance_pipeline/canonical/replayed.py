"""Two sets of canonical versions, compared: what stands, and what the evidence gives when it is mapped again.

Pure. A version is compared by the hash of its content; numbers and times of recording stand outside.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import polars as pl

VERSIONS = pl.Schema({"key": pl.String(), "version": pl.Int64(), "content": pl.String(), "earlier": pl.Boolean()})
"""One row per version. content: SHA-256 of all its columns. earlier: from before the day that is asked about."""
DIFFERENCES = pl.Schema({"table": pl.String(), "key": pl.String(), "version": pl.Int64(), "what": pl.String()})
"""One row per version that is not the same. what: added, removed or changed; none of the three says nothing of it."""


@dataclass(frozen=True)
class Compared:
    """One table. differences: DIFFERENCES in order of key and version.

    added: the evidence gives it, and it does not stand. removed: it stands, and no evidence gives it. changed: both,
    with other content.
    """

    table: str
    version_count: int
    """That the evidence gives."""
    standing_hash: str
    replayed_hash: str
    """SHA-256 over all versions compared; equal hashes are equal bytes."""
    differences: pl.DataFrame

    def count(self, what: str) -> int:
        return self.differences.filter(what=what).height


def compare(table: str, standing: pl.DataFrame, replayed: pl.DataFrame) -> Compared:
    """Both frames are VERSIONS; versions that the replay calls earlier are left out on both sides."""
    identity = ["key", "version"]
    wanted = replayed.filter(~pl.col("earlier"))
    known = standing.join(replayed.filter("earlier"), on=identity, how="anti")
    both = known.join(wanted, on=identity, how="full", coalesce=True, suffix="_replayed")
    content, again = pl.col("content"), pl.col("content_replayed")
    what = (
        pl.when(content.is_null())
        .then(pl.lit("added"))
        .when(again.is_null())
        .then(pl.lit("removed"))
        .when(content != again)
        .then(pl.lit("changed"))
    )
    differences = (
        both.with_columns(table=pl.lit(table), what=what)
        .filter(pl.col("what").is_not_null())
        .select(DIFFERENCES.names())
        .sort("key", "version")
    )
    return Compared(table, wanted.height, _state(known), _state(wanted), differences)


def _state(versions: pl.DataFrame) -> str:
    """One hash for the content of all versions, in an order of their own."""
    ordered = versions.sort("key", "version").select(pl.concat_str("key", "version", "content", separator="\t"))
    whole = hashlib.sha256()
    for line in ordered.to_series():
        whole.update(line.encode())
        whole.update(b"\n")
    return whole.hexdigest()
