"""What the values of a table must be, beyond their types; each finding says where, which first, and how many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from finance_pipeline.core.money import UnknownCurrency, exponent
from finance_pipeline.core.tables import Column, Table

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
MOST_MINOR = 10**16
"""No amount is larger (100 trillion EUR, 10 quadrillion VND): sums of hundreds of them fit 64 bits."""
_SHOWN_CHARS = 60


def finding(file: str, column: str, bad: pl.Series, values: pl.Series, wanted: str) -> str:
    """One sentence about the rows of a column that are marked as bad; rows count from 1, the header not included."""
    row = bad.arg_max() or 0
    return f"{file}, column {column}: {_rows(int(bad.sum()))} not {wanted}; row {row + 1:,} has {_shown(values[row])}."


def empty(file: str, column: str, values: pl.Series) -> str:
    """One sentence about the rows of a column that hold nothing, and have to."""
    row = values.is_null().arg_max() or 0
    return f"{file}, column {column}: {_rows(values.null_count())} empty, the first is row {row + 1:,}."


def findings(table: Table, file: str, frame: pl.DataFrame) -> Iterator[str]:
    """What is wrong with the values of a frame that has the table's types; its columns are some of the table's."""
    for column in table.columns:
        if column.name in frame.columns:
            yield from _of_column(column, file, frame[column.name])
    if table.key and set(table.key) <= set(frame.columns):
        yield from _twice(table.key, file, frame)
    if table.name == "remittances":
        yield from _unlike_its_advice(file, frame)


def _of_column(column: Column, file: str, values: pl.Series) -> Iterator[str]:
    """Values that are not allowed, unknown currencies, and what is out of range."""
    for bad, wanted in _rules(column, values):
        if bad.any():
            yield finding(file, column.name, bad, values, wanted)


def _rules(column: Column, values: pl.Series) -> Iterator[tuple[pl.Series, str]]:
    """Rows that break a rule, and what the rule wants."""
    if column.one_of:
        yield ~values.is_in(list(column.one_of)), " or ".join(column.one_of)
    if column.dtype == pl.Date:
        yield ~values.is_between(FIRST_DAY, LAST_DAY), f"a day from {FIRST_DAY} to {LAST_DAY}"
    if column.dtype == pl.String:
        yield values.str.contains("\0", literal=True), "text (a NUL byte is in it)"
    if column.name.endswith("_minor"):
        yield ~values.is_between(-MOST_MINOR, MOST_MINOR), "an amount of at most 10,000,000,000,000,000 minor units"
    if column.name.endswith("currency"):
        unknown = [code for code in values.unique().drop_nulls() if not _is_currency(code)]
        yield values.is_in(unknown), "a currency code of ISO 4217 (EUR, USD, in capitals)"
    if column.name == "per_eur":
        yield values <= 0, "a rate above zero"


def _is_currency(code: str) -> bool:
    try:
        exponent(code)
    except UnknownCurrency:
        return False
    return True


def _twice(key: tuple[str, ...], file: str, frame: pl.DataFrame) -> Iterator[str]:
    """Keys that stand more than once, the null ones aside."""
    keys = frame.select(key)
    count = keys[key[0]].n_unique() if len(key) == 1 else keys.n_unique()
    if count == keys.height:
        return
    rows = keys.with_row_index("row", offset=1).drop_nulls()
    twice = rows.filter(rows.select(key).is_duplicated())
    if twice.is_empty():
        return
    first = twice.row(0, named=True)
    others = twice.filter(pl.all_horizontal(pl.col(name).eq(first[name]) for name in key))["row"]
    named = ", ".join(f"{name} {_shown(first[name])}" for name in key)
    count = twice.select(key).n_unique()
    more = f" {count - 1:,} others stand more than once." if count > 1 else ""
    yield f"{file}: {named} stands in {others.len():,} rows, the first two are {others[0]:,} and {others[1]:,}.{more}"


def _unlike_its_advice(file: str, frame: pl.DataFrame) -> Iterator[str]:
    """Rows of one advice say the same of the payment as a whole."""
    shared = [name for name in ("received_on", "payer_name", "currency", "total_minor") if name in frame.columns]
    if "remittance_id" not in frame.columns:
        return
    differing = (
        frame.drop_nulls("remittance_id")
        .group_by("remittance_id", maintain_order=True)
        .agg(pl.col(shared).n_unique())
        .filter(pl.any_horizontal(pl.col(shared) > 1))
    )
    for name in shared:
        ids = differing.filter(pl.col(name) > 1)["remittance_id"]
        if ids.len():
            yield f"{file}, column {name}: rows of advice {_shown(ids[0])} differ ({ids.len():,} such advices)."


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count:,} rows are"


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}... ({len(text):,} characters)"
