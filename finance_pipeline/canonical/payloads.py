"""From landed JSON to columns and from columns to canonical frames: what every mapper shares.

Here: fields of what was decoded (`decoding`), the reasons why a record does not fit, the columns that all tables have.
Not here: what any vendor means by a field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from finance_pipeline.canonical.mapped import UNFIT, Mapped
from finance_pipeline.canonical.schemas import RECORDS
from finance_pipeline.core.identity import ON_ACCOUNT_SUFFIX, record_id
from finance_pipeline.core.money import UnknownCurrency, exponent
from finance_pipeline.core.settings import Book


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
    """A checked canonical frame: the columns that all tables have are added, and what may be null where it is left out.

    day: the column that decides the month; None for records without one, which stand in the book's first month.
    """
    left_out = [
        pl.lit(None, column.dtype).alias(column.name)
        for column in RECORDS[table].columns
        if column.nullable and column.name not in frame.columns
    ]
    columns = {
        "book": pl.lit(book.id),
        "month": pl.col(day).dt.strftime("%Y-%m") if day else pl.lit(str(book.first_month)),
        "source": pl.lit(source),
    }
    whole = frame.with_columns(*left_out, **columns)
    if "removed" not in frame.columns:
        whole = whole.with_columns(removed=pl.lit(value=False))
    return RECORDS[table].checked(whole.select(RECORDS[table].names))


def id_expr(book: Book, source: str, kind: str, source_id: pl.Expr) -> pl.Expr:
    """core.identity.record_id over a column of source ids."""
    return pl.lit(record_id(book.id, source, kind, "")) + source_id


def on_account(payment_id: pl.Expr) -> pl.Expr:
    """The id of the item that a payment leaves on account."""
    return payment_id + ON_ACCOUNT_SUFFIX


def together(
    tables: Mapping[str, Sequence[pl.DataFrame]], unfit: Sequence[pl.DataFrame], families: Sequence[str] = ()
) -> Mapped:
    """What a mapper gives, from the parts that its kinds of records gave."""
    return Mapped(
        {name: pl.concat(parts) for name, parts in tables.items()},
        pl.concat([UNFIT.empty(), *unfit]),
        list(families),
    )
