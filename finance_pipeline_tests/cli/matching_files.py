"""Folders of files for the engine on its own, in the language of bookkeepers, and one run on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from finance_pipeline.services.matching_files.match import match_files
from finance_pipeline.services.matching_files.summary import Summary

LINE = "line_id,book,account_id,currency,amount_minor,booked_on,memo\n"
ITEM = "item_id,book,kind,currency,amount_minor,issued_on,number\n"
PAID = {
    "bank_lines.csv": LINE + "receipt,us,checking,EUR,125000,2026-05-20,Payment INV-1041\n",
    "open_items.csv": ITEM + "invoice,us,invoice,EUR,125000,2026-05-01,INV-1041\n",
}
"""One receipt that names the one open invoice."""

Content = str | bytes | pl.DataFrame | None


def folder(at: Path, files: Mapping[str, Content]) -> Path:
    """A folder with these files; a frame is written as its name says, None is no file."""
    at.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if isinstance(content, pl.DataFrame):
            _write(content, at / name)
        elif content is not None:
            (at / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return at


def _write(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    frame.with_columns(pl.col(lists).list.join(";")).write_csv(path)


def run(
    source: Path, target: Path, *, policy: Path | None = None, as_of: date | None = None, form: str = "parquet"
) -> Summary:
    """One run of the engine on files."""
    return match_files(source, target, policy=policy, as_of=as_of, form=form, tell=lambda _words, _ended: None)


def held(target: Path) -> dict[str, bytes]:
    """Every file of a folder, hidden ones and folders too, by its path inside."""
    return {str(path.relative_to(target)): path.read_bytes() for path in sorted(target.rglob("*")) if path.is_file()}
