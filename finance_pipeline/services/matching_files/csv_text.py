"""A CSV file as texts, read strictly: what is not well-formed is said with its line, never repaired.

Polars reads fast and refuses stray quotes and lines that are too long, but fills lines that are too short with nulls.
Those can hide only where the last column has a null, so only then the lines are counted once more.
"""

from __future__ import annotations

import mmap
from pathlib import Path

import polars as pl

from finance_pipeline.core.problems import BadInput

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_QUOTING = 'a text with a comma or a quote in it stands in quotes, and a quote inside it is doubled ("")'


class Malformed(BadInput):
    """A file that is no comma-separated UTF-8 text with one header and as many values on every line."""


def read_texts(path: Path) -> pl.DataFrame:
    """Every column of a CSV file as text; empty values are null, empty lines at the end are left out.

    Raises Malformed naming the line.
    """
    _refuse_other_encodings(path)
    try:
        names = _header(path)
        frame = pl.read_csv(path, infer_schema=False, glob=False)
    except pl.exceptions.PolarsError as cause:
        raise _malformed(path, cause) from cause
    frame.columns = names
    if frame.height and frame[:, -1].null_count():
        _refuse_short_lines(path, len(names))
        return _without_empty_end(frame)
    return frame


def _refuse_other_encodings(path: Path) -> None:
    """NUL bytes are in damaged files and in UTF-16, which reads as text of one letter a value."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise Malformed("it is empty: not even a header.", where=path.name)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content[:2] in _UTF16_MARKS:
                raise Malformed("it is UTF-16 text; save it as UTF-8.", where=path.name)
            at = content.find(b"\0")
            if at >= 0:
                line = content[:at].count(b"\n") + 1
                raise Malformed(f"line {line} holds a NUL byte: it is damaged, or no text.", where=path.name)


def _header(path: Path) -> list[str]:
    """Names of the columns, spaces around them aside."""
    first = pl.read_csv(path, has_header=False, n_rows=1, infer_schema=False, glob=False)
    names = [str(name or "").strip() for name in first.row(0)]
    if "\r" in "".join(names):
        raise Malformed("its lines end in CR alone; save it with LF or CR LF.", where=path.name)
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and mark in names[0]:
            raise Malformed(f"its values are separated by {called}; save it separated by commas.", where=path.name)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Malformed(f"column {twice[0]!r} stands twice in the header.", where=path.name)
    return names


def _malformed(path: Path, cause: pl.exceptions.PolarsError) -> Malformed:
    """What Polars did not like, with the line."""
    try:
        path.read_bytes().decode()
    except UnicodeDecodeError as wrong:
        line = wrong.object[: wrong.start].count(b"\n") + 1
        found = wrong.object[wrong.start : wrong.start + 1].hex()
        return Malformed(f"line {line} is not UTF-8 text (byte 0x{found}); save it as UTF-8.", where=path.name)
    records = _records(path)
    if records.is_empty():
        return Malformed("it is empty: not even a header.", where=path.name)
    stray = _stray_quote(path)
    if stray:
        return Malformed(f"line {stray} has a quote that does not pair: {_QUOTING}.", where=path.name)
    long = records.filter(pl.col("commas") > records["commas"][0])
    if long.is_empty():
        return Malformed(f"it is no well-formed CSV ({str(cause).splitlines()[0]}).", where=path.name)
    line, commas = long.select("line", "commas").row(0)
    return Malformed(f"line {line} has {commas + 1} values, the header {records['commas'][0] + 1}.", where=path.name)


def _stray_quote(path: Path) -> int | None:
    """The first line with a quote inside a word; where quotes do not add up, the first with an odd number of them."""
    lines = pl.read_lines(path, name="text", glob=False).with_row_index("line", offset=1)
    quotes = lines["text"].str.count_matches('"', literal=True)
    inside = lines["text"].str.contains(r'[^,"]"[^,"\r]')
    stray = lines["line"].filter(inside)
    if stray.is_empty() and quotes.sum() % 2:
        stray = lines["line"].filter(quotes % 2 == 1)
    return int(stray[0]) if stray.len() else None


def _refuse_short_lines(path: Path, column_count: int) -> None:
    short = _records(path).filter(pl.col("commas") < column_count - 1)
    if short.height:
        line, commas = short.select("line", "commas").row(0)
        counted = "1 line has" if short.height == 1 else f"{short.height:,} lines have"
        raise Malformed(
            f"{counted} fewer values than the header, which has {column_count}; line {line} has {commas + 1}.",
            where=path.name,
        )


def _records(path: Path) -> pl.DataFrame:
    """One row per record that is not empty: line (from 1) it begins on, commas outside quotes, quotes."""
    lines = pl.read_lines(path, name="text", glob=False).with_row_index("line", offset=1)
    counted = lines.with_columns(pl.col("text").str.strip_chars_end("\r")).with_columns(
        quotes=pl.col("text").str.count_matches('"', literal=True)
    )
    if not counted["quotes"].sum():
        alone = counted.filter(pl.col("text") != "")
        return alone.select("line", "quotes", commas=pl.col("text").str.count_matches(",", literal=True))
    ends_inside = pl.col("quotes").cum_sum() % 2 == 1
    begins_inside = ends_inside.shift(1, fill_value=False)
    quote = pl.lit('"')
    whole = pl.when(begins_inside).then(quote).otherwise(pl.lit("")) + pl.col("text")
    closed = whole + pl.when(ends_inside).then(quote).otherwise(pl.lit(""))
    outside = closed.str.replace_all('"[^"]*"', "")
    return (
        counted.select(
            "line",
            "quotes",
            record=(~begins_inside).cum_sum(),
            commas=outside.str.count_matches(",", literal=True),
            length=pl.col("text").str.len_bytes(),
        )
        .group_by("record", maintain_order=True)
        .agg(pl.col("line").first(), pl.col("quotes", "commas", "length").sum())
        .filter(pl.col("length") > 0)
        .drop("record", "length")
    )


def _without_empty_end(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame up to its last row that holds anything."""
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    if not empty[-1]:
        return frame
    held = (~empty).arg_true()
    return frame.head(held[-1] + 1 if len(held) else 0)
