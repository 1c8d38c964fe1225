"""Working numbers as places: l and i say where a line or item stands among all, so that looking one up is indexing.

Here: rows at places, counts and sums by place, without the hashing that a join or a group would do. Not here: what
any of it is for. Whole numbers only, so that no sum of money passes through a float.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import polars as pl

_One = TypeVar("_One")
_Other = TypeVar("_Other")
_MANY_ROWS = 100_000
_FEW_ROWS = 5_000


def at_once(one: Callable[[], _One], other: Callable[[], _Other]) -> tuple[_One, _Other]:
    """What two calls give that need nothing of each other, made at the same time: frames and compiled loops let go of
    the interpreter. What either raises is raised."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as threads:
        later = threads.submit(other)
        return one(), later.result()


def at(frame: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """The rows of a frame that stand at these places, one a place; a null place gives a row of nulls."""
    if places.null_count() == len(places):
        return pl.select(pl.repeat(None, len(places), dtype=dtype).alias(name) for name, dtype in frame.schema.items())
    return frame.select(pl.all().gather(places))


def kept(frame: pl.DataFrame, asked: pl.Expr) -> pl.DataFrame:
    """The rows for which an expression is true; where all are, the frame itself, and not a copy of it."""
    return filtered(frame, frame.select(asked).to_series()) if frame.height else frame


def filtered(frame: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """The rows for which a mask is true; where all are, the frame itself. Of few rows each column is filtered by
    itself, which needs no query; of many rows the columns that say nothing are not copied."""
    if not mask.null_count() and mask.all():
        return frame
    if not mask.any():
        return frame.clear()
    if frame.height >= _MANY_ROWS:
        said = [column.name for column in frame.iter_columns() if column.null_count() < frame.height]
        return with_nothing(frame.select(said).filter(mask), frame.schema)
    if frame.height > _FEW_ROWS:
        return frame.filter(mask)
    return pl.DataFrame([column.filter(mask) for column in frame.iter_columns()])


def with_nothing(frame: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The frame with all columns of a schema, in its order. Missing ones of one type are one column in memory: most
    sources say little, and a million rows of nothing are sixteen megabytes."""
    missing = {name: dtype for name, dtype in schema.items() if name not in frame.columns}
    nothing = {dtype: pl.repeat(None, frame.height, dtype=dtype, eager=True) for dtype in set(missing.values())}
    return frame.hstack([nothing[dtype].alias(name) for name, dtype in missing.items()]).select(list(schema))


def beside(rows: pl.DataFrame, frame: pl.DataFrame, places: str) -> pl.DataFrame:
    """rows with the columns of a frame's rows at the places that one of their columns names."""
    return rows.hstack(at(frame, rows[places]))


def met(rows: pl.DataFrame, frame: pl.DataFrame, by: str) -> pl.DataFrame:
    """rows, in their order, that have a counterpart in a frame with one row a place, with that counterpart's columns.

    An inner join by a working number, as a look-up."""
    if rows.is_empty() or frame.is_empty():
        return rows.clear().hstack([column for column in frame.clear().iter_columns() if column.name != by])
    found = _standing(frame[by], rows[by])
    facts = frame[[name for name in frame.columns if name != by]]
    if found.min() < 0:  # type: ignore[operator]
        kept = found >= 0
        rows, found = filtered(rows, kept), found.filter(kept)
    return rows.hstack(_gathered(facts, found))


def _gathered(frame: pl.DataFrame, found: pl.Series) -> pl.DataFrame:
    """The rows of a frame at some places; of many rows column beside column, of few without a query."""
    return frame[found] if len(found) < _MANY_ROWS else frame.select(pl.all().gather(found))


def without(rows: pl.DataFrame, others: pl.DataFrame, *by: str) -> pl.DataFrame:
    """rows, in their order, but those whose place (or two) some of the others have too: an anti join as a look-up."""
    if rows.is_empty() or others.is_empty():
        return rows
    if len(by) > 1 and rows.height >= _MANY_ROWS:
        return rows.join(others, on=by, how="anti", maintain_order="left")
    return _masked(rows, ~_shared(rows, others, by))


def having(rows: pl.DataFrame, others: pl.DataFrame, *by: str) -> pl.DataFrame:
    """rows, in their order, whose place (or two) some of the others have too: a semi join as a look-up."""
    if rows.is_empty() or others.is_empty():
        return rows.clear()
    if len(by) > 1 and rows.height >= _MANY_ROWS:
        return rows.join(others, on=by, how="semi", maintain_order="left")
    return _masked(rows, _shared(rows, others, by))


def _masked(rows: pl.DataFrame, mask: Any) -> pl.DataFrame:
    """The rows for which a mask of numpy is true; all or none without a query."""
    count = int(mask.sum())
    if count in (0, rows.height):
        return rows if count else rows.clear()
    return filtered(rows, pl.Series(mask))


def _shared(rows: pl.DataFrame, others: pl.DataFrame, by: tuple[str, ...]) -> Any:
    """Whether some of the others have the place of each row, or both of its places."""
    import numpy as np

    if len(by) == 1:
        return _marks(rows[by[0]], others[by[0]])
    if any(others[name].null_count() for name in by):
        others = others.drop_nulls(list(by))
    here, there = (
        frame[by[0]].to_numpy().astype(np.uint64) << np.uint64(32) | frame[by[1]].to_numpy().astype(np.uint64)
        for frame in (rows, others)
    )
    return np.isin(here, there)


def with_met(rows: pl.DataFrame, frame: pl.DataFrame, by: str) -> pl.DataFrame:
    """rows, all of them, with the columns of their counterparts in a frame with one row a place; null without one.

    A left join by a working number, as a look-up."""
    found = _standing(frame[by], rows[by])
    return rows.hstack(at(frame.select(pl.exclude(by)), found.set(found < 0, None)))


def _standing(places: pl.Series, asked: pl.Series) -> pl.Series:
    """For each place asked, in which row of those places it stands; -1 for none."""
    return last_of(places, pl.int_range(len(places), eager=True), asked)


def size_of(*places: pl.Series) -> int:
    """So many places are enough for all of these (none is null)."""
    return 1 + max((int(column.max()) for column in places if len(column)), default=0)  # type: ignore[arg-type]


def lone(places: pl.Series) -> pl.Series:
    """Whether each place (none is null) occurs once only."""
    import numpy as np

    numbers = places.to_numpy()
    return pl.Series(np.bincount(numbers)[numbers] == 1, dtype=pl.Boolean)


def alone(rows: pl.DataFrame, *by: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows each of whose places (none is null) occurs once only, and the others."""
    import numpy as np

    mask = np.ones(rows.height, np.bool_)
    for name in by:
        numbers = rows[name].to_numpy()
        mask &= np.bincount(numbers)[numbers] == 1
    return _masked(rows, mask), _masked(rows, ~mask)


def contested(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows (l, i) of items that several lines have."""
    import numpy as np

    lines, items = rows["l"].to_numpy().astype(np.uint64), rows["i"].to_numpy()
    each = np.unique(lines << np.uint64(32) | items.astype(np.uint64)) & np.uint64(0xFFFFFFFF)
    return _masked(rows, np.bincount(each.astype(np.int64))[items] > 1 if rows.height else np.ones(0, np.bool_))


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows by l and i (none is null), one for each two."""
    import numpy as np

    each = rows["l"].to_numpy().astype(np.uint64) << np.uint64(32) | rows["i"].to_numpy().astype(np.uint64)
    if len(each) < 2 or bool((each[1:] > each[:-1]).all()):
        return rows
    return _gathered(rows, pl.Series(np.unique(each, return_index=True)[1]))


def among(places: pl.Series, some: pl.Series) -> pl.Series:
    """Whether each place (none is null) is one of some."""
    return pl.Series(_marks(places, some), dtype=pl.Boolean)


def _marks(places: pl.Series, some: pl.Series) -> Any:
    """Whether each place (none is null) is one of some, as numpy has it."""
    import numpy as np

    some = some.drop_nulls() if some.null_count() else some
    marked = np.zeros(size_of(places, some), np.bool_)
    marked[some.to_numpy()] = True
    return marked[places.to_numpy()]


def sums(places: pl.Series, amounts: pl.Series, size: int) -> pl.Series:
    """int64 by place (none is null): what the amounts there add to; 0 where there is none."""
    import numpy as np

    totals = np.zeros(size, np.int64)
    np.add.at(totals, places.to_numpy(), amounts.to_numpy())
    return pl.Series(totals)


def last_of(places: pl.Series, values: pl.Series, asked: pl.Series) -> pl.Series:
    """For each place asked (none is null) the last of the values that stand at it; -1 where there is none."""
    import numpy as np

    found = np.full(size_of(places, asked), -1, np.int64)
    found[places.to_numpy()] = values.to_numpy()
    return pl.Series(found[asked.to_numpy()])
