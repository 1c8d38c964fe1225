"""Whether the landing is what the manifest says: files, their bytes, what is in them, and nothing besides.

Here: comparing. Everything that is wrong is a Defect, in words; nothing is mended. Not here: reading the manifest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from finance_pipeline.store.sql import query

RESTORE = "Restore it from a backup of the landing folder; its name is the SHA-256 of its bytes."
EDITED = "Somebody changed the manifest. Restore its row from a backup of the database."
FILES = pl.Schema(
    {
        "content_hash": pl.String(),
        "holds": pl.String(),
        "path": pl.String(),
        "byte_count": pl.Int64(),
        "row_count": pl.Int64(),
    }
)
PAGES = pl.Schema(
    {
        "page_hash": pl.String(),
        "file_hash": pl.String(),
        "endpoint": pl.String(),
        "fetched_at": pl.Datetime("us", "UTC"),
    }
)
RECORDS = pl.Schema(
    {
        "kind": pl.String(),
        "source_id": pl.String(),
        "version": pl.Int32(),
        "account": pl.String(),
        "accounting_on": pl.Date(),
        "removed": pl.Boolean(),
        "content_hash": pl.String(),
        "file_hash": pl.String(),
    }
)
OBSERVED = pl.Schema({"path": pl.String(), "byte_count": pl.Int64(), "content_hash": pl.String()})
Tell = Callable[[str, bool], None]


@dataclass(frozen=True)
class Defect:
    """One thing that is not as it should be."""

    kind: str
    """A word for machines: missing, unlisted, changed_bytes, truncated, swapped, manifest, page, record."""
    where: str
    """The file, below the landing folder, or the row of the manifest."""
    words: str
    todo: str

    def as_row(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Manifest:
    """What was landed, as the database lists it: frames of FILES, PAGES and RECORDS."""

    files: pl.DataFrame
    pages: pl.DataFrame
    records: pl.DataFrame


def observe(root: Path, tell: Tell) -> pl.DataFrame:
    """Every file below a folder with its size and the SHA-256 of its bytes (OBSERVED), in order of path."""
    files = sorted(file for file in root.rglob("*") if file.is_file() or file.is_symlink())
    rows = []
    for number, file in enumerate(files, 1):
        if file.exists():
            with file.open("rb") as opened:
                rows.append(
                    (
                        str(file.relative_to(root)),
                        file.stat().st_size,
                        hashlib.file_digest(opened, "sha256").hexdigest(),
                    )
                )
        tell(f"{number} of {len(files)} landed files hashed", number == len(files))
    return pl.DataFrame(rows, schema=OBSERVED, orient="row")


def compare_files(files: pl.DataFrame, observed: pl.DataFrame) -> list[Defect]:
    """Each row of the manifest (FILES) against what lies in the folder (OBSERVED), and the other way round."""
    names = {str(row[0]): str(row[1]) for row in files.select("content_hash", "path").iter_rows()}
    lies_at: dict[str, str] = {}
    for path, content in observed.select("path", "content_hash").iter_rows():
        lies_at.setdefault(content, path)
    defects = []
    for row in files.join(observed, on="path", how="left", suffix="_seen", maintain_order="left").iter_rows(named=True):
        defects += _of_listed(row, names, lies_at)
    for path, content in (
        observed.join(files, on="path", how="anti", maintain_order="left").select("path", "content_hash").iter_rows()
    ):
        defects.append(_unlisted(path, names.get(content)))
    return defects


def _of_listed(row: dict[str, object], names: dict[str, str], lies_at: dict[str, str]) -> list[Defect]:
    """What is wrong with one row of the manifest and the file that it names."""
    path, content, listed, seen = (
        str(row["path"]),
        str(row["content_hash"]),
        row["byte_count"],
        row["byte_count_seen"],
    )
    defects = []
    if path != f"{row['holds']}/{content[:2]}/{content}.parquet":
        words = f"the manifest looks for {content} under a name that is not made of its kind and hash."
        defects.append(Defect("manifest", path, words, EDITED))
    if row["content_hash_seen"] is None:
        elsewhere = f" Its bytes lie at {lies_at[content]}." if content in lies_at else ""
        return [*defects, Defect("missing", path, f"the file is gone.{elsewhere}", RESTORE)]
    if row["content_hash_seen"] == content:
        if listed != seen:
            words = f"the manifest says {listed} bytes; the file has {seen}, and the hash that it should have."
            defects.append(Defect("manifest", path, words, EDITED))
        return defects
    other = names.get(str(row["content_hash_seen"]))
    if other is not None:
        return [*defects, Defect("swapped", path, f"it holds the bytes of {other}.", RESTORE)]
    if int(str(seen)) < int(str(listed)):
        return [*defects, Defect("truncated", path, f"{seen} of its {listed} bytes are there.", RESTORE)]
    words = f"its bytes hash to {row['content_hash_seen']}, which is not its name."
    return [*defects, Defect("changed_bytes", path, words, RESTORE)]


def _unlisted(path: str, bytes_of: str | None) -> Defect:
    name = Path(path).name
    copied = f" It holds the bytes of {bytes_of}." if bytes_of else ""
    todo = "Move it away: nothing refers to it."
    if name.startswith(".") or name.endswith(".parquet"):
        todo += " A pull that was stopped leaves such files; the next pull landed the same again."
    return Defect("unlisted", path, f"the manifest does not list this file.{copied}", todo)


def compare_contents(root: Path, manifest: Manifest, broken: set[str], tell: Tell) -> list[Defect]:
    """What is in the files against the manifest's rows about them. broken: paths that are not worth opening.

    Every page and every payload is hashed anew.
    """
    sound = manifest.files.filter(~pl.col("path").is_in(sorted(broken)))
    defects: list[Defect] = []
    for holds, listed, checks in (
        ("pages", manifest.pages, "landed_pages_at_odds"),
        ("evidence", manifest.records, "landed_evidence_at_odds"),
    ):
        files = sound.filter(holds=holds)
        tell(f"{holds}: {files.height} files read", False)
        defects += _at_odds(root, files, listed, manifest.pages, checks)
        tell(f"{holds}: {files.height} files read, {files['row_count'].sum()} rows", True)
    return defects


def _at_odds(root: Path, files: pl.DataFrame, listed: pl.DataFrame, pages: pl.DataFrame, checks: str) -> list[Defect]:
    """Rows of one kind of landed file that are not what the manifest lists, as a query over both says."""
    if files.is_empty():
        return []
    import duckdb

    named = files.with_columns(filename=pl.lit(f"{root}/") + pl.col("path"))
    with duckdb.connect() as memory:
        memory.register("file", named)
        memory.register("listed", listed)
        memory.register("page", pages)
        found = memory.sql(query(checks), params={"files": named["filename"].to_list()}).fetchall()
    return [
        Defect(kind, where, words, EDITED if kind == "manifest" else "Restore the landing folder from a backup.")
        for kind, where, words in found
    ]
