"""From landed JSON to columns, digit for digit, and one odd record spoils no other.

Here: exact decoding to a declared shape. Not here: what any vendor means by a field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import polars as pl

from finance_pipeline.canonical.mapped import UNFIT

_MANY = 5_000
"""More payloads than this are decoded in DuckDB, at a third of the cost; fewer are not worth loading it."""
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
    # A text may hold `\":` too, and then the look at what stands before is worth its price.
    sly = evidence["payload"].str.contains(r"\":", literal=True).any()
    number = "(-?[0-9][0-9.eE+-]*)"
    found, put = (rf'([^\\])":{number}', '${1}":"${2}"') if sly else (f'":{number}', '":"${1}"')
    payload = pl.col("payload").str.replace_all(found, put)
    if expandable:
        payload = payload.str.replace_all(rf'"({"|".join(expandable)})":("[^"]*")', '"${1}":{"id":${2}}')
    quoted = evidence.lazy().with_columns(payload=payload)
    decoded = pl.col("payload").str.json_decode(dtype_of(shape))
    if evidence.height > _MANY:
        texts = quoted.collect(engine="streaming")
        complete = _complete_by_halves(texts["payload"], shape)
        if complete is not None:
            return texts.drop("payload").with_columns(said=complete), UNFIT.empty()
        quoted = texts.lazy()
    try:
        # By the streaming engine, which decodes as many records at once as there are cores.
        whole = quoted.with_columns(said=decoded).drop("payload").collect(engine="streaming")
    except pl.exceptions.ComputeError:
        return _decode_readable(quoted.collect(), decoded)
    return whole, UNFIT.empty()


def _complete_by_halves(payloads: pl.Series, shape: Shape) -> pl.Series | None:
    """What `_complete` gives of two halves, decoded at once: of one frame, DuckDB decodes no two parts at once."""
    half = -(-len(payloads) // 2)
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(partial(_complete, shape=shape), (payloads[:half], payloads[half:]))
    return None if first is None or second is None else pl.concat([first, second])


def _complete(payloads: pl.Series, shape: Shape) -> pl.Series | None:
    """All payloads decoded at once, where each has every member of the shape, in the types of the shape; else None.

    DuckDB takes an object or a list for a text, too: where some text begins like one, nothing is said.
    """
    import duckdb

    with duckdb.connect() as memory:
        memory.register("payloads", pl.DataFrame({"payload": payloads}).to_arrow())
        asked = "select json_transform_strict(payload, $1) as said from payloads"
        try:
            found: pl.DataFrame = memory.sql(asked, params=[json.dumps(_in_duckdb(shape))]).pl()
        except duckdb.Error:
            return None
    said = found.cast({"said": dtype_of(shape)})
    odd = said.select(pl.any_horizontal(_begin_oddly(shape, pl.col("said")))).item()
    return None if odd else said["said"]


def _in_duckdb(shape: Any) -> Any:
    """A Shape as DuckDB spells it."""
    if shape is None:
        return "VARCHAR"
    if isinstance(shape, list):
        return [_in_duckdb(shape[0])]
    return {name: _in_duckdb(value) for name, value in shape.items()}


def _begin_oddly(shape: Any, values: pl.Expr) -> Iterator[pl.Expr]:
    """Whether some text among the values begins like an object or a list: one expression a leaf."""
    if shape is None:
        yield (values.str.starts_with("{") | values.str.starts_with("[")).any()
    elif isinstance(shape, list):
        yield from _begin_oddly(shape[0], values.explode())
    else:
        for name, value in shape.items():
            yield from _begin_oddly(value, values.struct.field(name))


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
