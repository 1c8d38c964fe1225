"""Landed files: immutable Parquet, named by the SHA-256 of their bytes, written by rename.

Here: bytes on disk. Not here: which of them count (the manifest says, in the same transaction as the cursor). A file
that a crash left without a manifest row is harmless: nothing refers to it, and the next pull writes it again.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from finance_pipeline.core.identity import content_hash
from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.store.sql import query

_PAGES = pl.Schema(
    {"page_hash": pl.String(), "endpoint": pl.String(), "fetched_at": pl.Datetime("us", "UTC"), "raw": pl.Binary()}
)
_GROUP_BYTES = 8 << 20


class EvidenceMissing(PermanentProblem):
    """A landed file that the manifest lists is not in the landing folder, or its bytes are not what they were."""


@dataclass(frozen=True)
class LandedFile:
    """One file in the landing folder."""

    content_hash: str
    path: str
    """Relative to the landing folder."""
    byte_count: int
    row_count: int


@dataclass(frozen=True)
class LandingFolder:
    """The evidence under one root."""

    root: Path

    def write(self, holds: str, frame: pl.DataFrame) -> LandedFile:
        """Keep a frame for ever. The same frame written twice is one file."""
        buffer = io.BytesIO()
        # The first level packs such texts to within a fiftieth of the third, at half its cost. Groups of rows are
        # packed at once, and in less memory, of which the first touch is what costs most.
        rows = max(1, frame.height * _GROUP_BYTES // max(int(frame.estimated_size()), 1))
        frame.write_parquet(buffer, compression="zstd", compression_level=1, statistics=False, row_group_size=rows)
        content = buffer.getvalue()
        name = content_hash(content)
        path = f"{holds}/{name[:2]}/{name}.parquet"
        self._write_by_rename(self.root / path, content)
        return LandedFile(name, path, len(content), frame.height)

    def read(self, paths: Sequence[str]) -> pl.LazyFrame:
        """Landed files of one kind as one lazy frame. Raises EvidenceMissing naming the first one that is gone."""
        for path in paths:
            if not (self.root / path).exists():
                raise EvidenceMissing(
                    f"the landed file {path} is gone.",
                    where=str(self.root),
                    todo="Restore it from a backup of the landing folder; its name is the SHA-256 of its bytes.",
                )
        return pl.scan_parquet([self.root / path for path in paths])

    def holds_intact(self, file: LandedFile) -> bool:
        """Whether the bytes on disk are still those that the name promises."""
        path = self.root / file.path
        return path.exists() and content_hash(path.read_bytes()) == file.content_hash

    def lost(self, manifest: pl.DataFrame, paths: Sequence[str]) -> pl.DataFrame:
        """Versions of a manifest (kind, source_id, content_hash) that none of these evidence files holds.

        DuckDB hashes every payload anew as it reads, many files at a time. The files have to be there.
        """
        if manifest.is_empty() or not paths:
            return manifest
        import duckdb

        with duckdb.connect() as memory:
            memory.register("manifest", manifest)
            files = [str(self.root / path) for path in paths]
            lost: pl.DataFrame = memory.sql(query("landed_versions_lost"), params={"files": files}).pl()
        return lost

    def _write_by_rename(self, path: Path, content: bytes) -> None:
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def pages_frame(pages: Iterable[tuple[str, str, object, bytes]]) -> pl.DataFrame:
    """Raw pages as a frame: page_hash, endpoint, fetched_at (UTC), raw."""
    columns = list(zip(*pages, strict=True)) or [()] * len(_PAGES)
    return pl.DataFrame(
        [pl.Series(name, values, dtype) for (name, dtype), values in zip(_PAGES.items(), columns, strict=True)]
    )
