"""A column as a file has it, as the column that the table promises: widened where that loses nothing, else refused."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.core.tables import Column

LIST_SEPARATOR = ";"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00(\.0+)?)?)?$"
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


class WrongType(Exception):
    """A column whose type is not taken for what it has to be, whatever its values. Says what it is, and has to be."""


@dataclass(frozen=True)
class Fitted:
    """A column of the right type."""

    values: pl.Series
    given: pl.Series
    """As the file has it, empty texts as null: what is given and null in `values` does not fit."""
    wanted: str
    """What a value has to be, for a person."""
    notice: str = ""


def fit(column: Column, found: pl.Series, *, from_text: bool) -> Fitted:
    """A column of a file as the table has it. from_text: the file is CSV, where all is text.

    Raises WrongType.
    """
    dtype = column.dtype
    if found.dtype == pl.Null:
        return Fitted(found.cast(dtype), found, "")
    if isinstance(dtype, pl.List):
        return _texts(found)
    if dtype == pl.String:
        return _text(found)
    given = _without_empty(found) if from_text else found
    if dtype == pl.Date:
        return _day(given)
    if isinstance(dtype, pl.Decimal):
        return _decimal(given, dtype)
    return _whole_number(column, given, from_text=from_text)


def _text(found: pl.Series) -> Fitted:
    """Text; numbers and times are taken as ISO writes them."""
    if found.dtype in _TEXTS:
        given = _without_empty(found.cast(pl.String))
        return Fitted(given, given, "text")
    if found.dtype.is_integer():
        return Fitted(found.cast(pl.String), found, "text", f"{_named(found)}, and was read as text")
    if found.dtype in (pl.Date, pl.Datetime):
        return Fitted(found.dt.to_string("iso"), found, "text", f"{_named(found)}, and was read as text")
    raise WrongType(f"{_named(found)}, and has to be text")


def _texts(found: pl.Series) -> Fitted:
    """Lists of texts without empty ones; an empty list is null. In text, the separator is a semicolon."""
    wanted = "a list of texts"
    if found.dtype in _TEXTS:
        lists = found.cast(pl.String).str.split(LIST_SEPARATOR)
    elif isinstance(found.dtype, pl.List | pl.Array):
        inner = found.dtype.inner
        if inner not in (*_TEXTS, pl.Null) and not inner.is_integer():
            raise WrongType(f"{_named(found)}, and has to be {wanted}")
        lists = found.cast(pl.List(pl.String))
    else:
        raise WrongType(f"{_named(found)}, and has to be {wanted}")
    element = pl.element().str.strip_chars()
    held = lists.list.eval(element.filter(element != ""))
    filled = pl.select(pl.when(held.list.len() > 0).then(held)).to_series()
    return Fitted(filled, filled, wanted)


def _day(given: pl.Series) -> Fitted:
    """Days: dates, midnights, or ISO text of either."""
    wanted = "a day (YYYY-MM-DD)"
    if given.dtype == pl.Date:
        return Fitted(given, given, wanted)
    if given.dtype == pl.Datetime:
        at_midnight = given.dt.replace_time_zone(None).dt.truncate("1d") == given.dt.replace_time_zone(None)
        days = given.dt.date().set(~at_midnight, None)
        return Fitted(days, given, wanted)
    if given.dtype not in _TEXTS:
        raise WrongType(f"{_named(given)}, and has to be {wanted}")
    text = given.cast(pl.String)
    iso = text.set(~text.str.contains(_DAY), None)
    return Fitted(iso.str.head(10).str.to_date("%Y-%m-%d", strict=False), given, wanted)


def _whole_number(column: Column, given: pl.Series, *, from_text: bool) -> Fitted:
    """Integers of any width. A fraction is refused even where it is .00: who writes one may mean whole units."""
    wanted = "a whole number"
    if column.name.endswith("_minor"):
        wanted = "a whole number of minor units (12.50 EUR is 1250)"
    scale = given.dtype.scale if isinstance(given.dtype, pl.Decimal) else None
    if from_text or given.dtype.is_integer() or scale == 0:
        return Fitted(given.cast(pl.Int64, strict=False), given, wanted)
    raise WrongType(f"{_named(given)}, and has to be {wanted}")


def _decimal(given: pl.Series, dtype: pl.Decimal) -> Fitted:
    """Exact decimals. A float is taken only where it prints as one of no more decimals (1.0842, not 0.1 + 0.2)."""
    wanted = f"a decimal number of at most {dtype.scale} decimals"
    if given.dtype.is_integer() or isinstance(given.dtype, pl.Decimal):
        exact = given.cast(dtype, strict=False)
        if isinstance(given.dtype, pl.Decimal) and given.dtype.scale > dtype.scale:
            exact = exact.set(exact.cast(given.dtype) != given, None)
        return Fitted(exact, given, wanted)
    if given.dtype not in (*_TEXTS, pl.Float64):
        raise WrongType(f"{_named(given)}, and has to be {wanted}")
    text = given.cast(pl.String)
    plain = rf"^[+-]?[0-9]{{1,{dtype.precision - dtype.scale}}}(\.[0-9]{{1,{dtype.scale}}}0*)?$"
    return Fitted(text.set(~text.str.contains(plain), None).cast(dtype, strict=False), given, wanted)


def _without_empty(texts: pl.Series) -> pl.Series:
    """Empty texts are nothing: CSV cannot tell them from null, so neither does Parquet."""
    empty = texts == ""
    return texts.set(empty, None) if empty.any() else texts


def _named(found: pl.Series) -> str:
    return f"is {found.dtype}"
