"""From landed JSON to columns and from columns to canonical frames: what every mapper shares.

Here: exact decoding, the reasons why a record does not fit, the columns that all tables have. Not here: what any
vendor means by a field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from finance_pipeline.canonical.mapped import UNFIT, Mapped
from finance_pipeline.canonical.schemas import RECORDS
from finance_pipeline.core.identity import record_id
from finance_pipeline.core.money import UnknownCurrency, exponent
from finance_pipeline.core.settings import Book

NOT_AS_DOCUMENTED = "its fields do not have the types that the source documents"
Shape = Mapping[str, Any]
"""The fields to read: name -> None for a text or number, a Shape for an object, [Shape] for a list of objects."""


def dtype_of(shape: Shape) -> pl.Struct:
    """The Polars type of a Shape; every leaf is text, so that digits stay as they came."""

    def one(value: Any) -> pl.DataType:
        if value is None:
            return pl.String()
        return pl.List(one(value[0])) if isinstance(value, list) else dtype_of(value)

    return pl.Struct({name: one(value) for name, value in shape.items()})


def decode(
    evidence: pl.DataFrame, shape: Shape, *, expandable: Sequence[str] = ()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Evidence with its payload as a struct column `said`, and the rows whose payload cannot be read that way (UNFIT).

    Polars reads JSON numbers as floats even into text (90071992547409.93 becomes .94), so each number that is a
    member of an object is put in quotes first; payloads are canonical JSON, in which `":` stands nowhere else than
    after a member's name. expandable: members that are an object or merely its id; an id becomes {"id": ...}.
    """
    payload = pl.col("payload").str.replace_all(r'([^\\])":(-?[0-9][0-9.eE+-]*)', '${1}":"${2}"')
    if expandable:
        payload = payload.str.replace_all(rf'"({"|".join(expandable)})":("[^"]*")', '"${1}":{"id":${2}}')
    quoted = evidence.lazy().with_columns(payload=payload)
    decoded = pl.col("payload").str.json_decode(dtype_of(shape))
    try:
        # By the streaming engine, which decodes as many records at once as there are cores.
        whole = quoted.with_columns(said=decoded).drop("payload").collect(engine="streaming")
    except pl.exceptions.ComputeError:
        return _decode_readable(quoted.collect(), decoded)
    return whole, UNFIT.empty()


def _decode_readable(quoted: pl.DataFrame, decoded: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What `decode` gives where some payload cannot be read."""
    readable = _readable(quoted.select("payload"), decoded)
    said = quoted.filter(readable).with_columns(said=decoded)
    bad = quoted.filter(~readable).with_columns(reason=pl.lit(NOT_AS_DOCUMENTED))
    return said.drop("payload"), bad.select(UNFIT.names)


def _readable(payloads: pl.DataFrame, decoded: pl.Expr) -> pl.Series:
    """Which payloads decode. One odd record fails a whole column, so a failing column is halved until it is found."""

    def mark(first: int, count: int) -> list[bool]:
        try:
            payloads.slice(first, count).select(decoded)
        except pl.exceptions.ComputeError:
            half = count // 2
            return [False] if count == 1 else mark(first, half) + mark(first + half, count - half)
        return [True] * count

    return pl.Series(mark(0, payloads.height), dtype=pl.Boolean)


def said(*path: str) -> pl.Expr:
    """A field of the decoded payload by its path; null wherever the path breaks off."""
    found = pl.col("said")
    for name in path:
        found = found.struct.field(name)
    return found


def text(*path: str) -> pl.Expr:
    """A text field; an empty one says nothing."""
    stripped = said(*path).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def texts(*parts: pl.Expr) -> pl.Expr:
    """A list of texts: those that are there, each once, in order."""
    return pl.concat_list(*parts).list.drop_nulls().list.unique(maintain_order=True)


def first_reason(*rules: tuple[pl.Expr, str | pl.Expr]) -> pl.Expr:
    """The first of some reasons that applies, null if none does; a condition that is null does not."""
    return pl.coalesce(
        pl.when(condition.fill_null(value=False)).then(pl.lit(words) if isinstance(words, str) else words)
        for condition, words in rules
    )


def parted(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without a `reason`, and those with one (UNFIT)."""
    return frame.filter(pl.col("reason").is_null()), frame.filter(pl.col("reason").is_not_null()).select(UNFIT.names)


def currencies(codes: pl.Series) -> list[str]:
    """Those of some codes that ISO 4217 knows. A handful of codes, however many rows."""
    return sorted(code for code in codes.unique().drop_nulls().to_list() if _is_known(code))


def _is_known(code: str) -> bool:
    try:
        exponent(code)
    except UnknownCurrency:
        return False
    return True


def finished(frame: pl.DataFrame, table: str, book: Book, source: str, *, day: str | None) -> pl.DataFrame:
    """A checked canonical frame: the columns that all tables have are added, everything else is there already.

    day: the column that decides the month; None for records without one, which stand in the book's first month.
    """
    columns = {
        "book": pl.lit(book.id),
        "month": pl.col(day).dt.strftime("%Y-%m") if day else pl.lit(str(book.first_month)),
        "source": pl.lit(source),
    }
    whole = frame.with_columns(**columns)
    if "removed" not in frame.columns:
        whole = whole.with_columns(removed=pl.lit(value=False))
    return RECORDS[table].checked(whole.select(RECORDS[table].names))


def id_expr(book: Book, source: str, kind: str, source_id: pl.Expr) -> pl.Expr:
    """core.identity.record_id over a column of source ids."""
    return pl.lit(record_id(book.id, source, kind, "")) + source_id


def together(tables: Mapping[str, Sequence[pl.DataFrame]], unfit: Sequence[pl.DataFrame]) -> Mapped:
    """What a mapper gives, from the parts that its kinds of records gave."""
    return Mapped(
        {name: pl.concat(parts) for name, parts in tables.items()},
        pl.concat([UNFIT.empty(), *unfit]),
    )
