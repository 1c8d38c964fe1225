"""Many books, some at a time: what the tiers make of lines and items on the way is there for some books, not for all.

Here: which books have nothing in common, slices of these, their outcomes put together. Not here: any rule. No rule
compares lines or items of two books, other than on an account that both have, or by a person's word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import polars as pl

from finance_pipeline.matching import schemas
from finance_pipeline.matching.outcomes import Outcome

if TYPE_CHECKING:
    from finance_pipeline.matching.engine import Inputs

SLICE_LINES = 60_000
"""Two slices of so many lines at a time keep a million lines under three gibibytes; smaller ones would cost more time,
since each slice costs about a second by itself."""
_AT_ONCE = 2
"""More slices at the same time would take more memory, and hardly less time: most of a step runs on many threads."""


def many(lines: pl.DataFrame) -> bool:
    """Whether lines are so many that it pays to ask for slices."""
    return lines.height >= 2 * SLICE_LINES


def slices(given: Inputs) -> list[list[Inputs]]:
    """The inputs by slices of the books, as one where that is enough: each in a list of its own, so that whoever works
    on one can let go of it. given: lines and items shaped as schemas has them, the rest conformed, nothing standing.

    Raises DoesNotFit for an id that stands twice, in whichever books.
    """
    sliced = _sliced(given)
    if sliced is None:
        return [[given]]
    lines, items = (
        _by_slice(schemas.apart(table, frame), sliced)
        for table, frame in ((schemas.BANK_LINES, given.bank_lines), (schemas.OPEN_ITEMS, given.open_items))
    )
    books = sliced.partition_by("slice", as_dict=True)
    return [
        [
            replace(
                given,
                bank_lines=lines[key],
                open_items=items.get(key, given.open_items.clear()),
                # Who is of no book is of each.
                parties=given.parties.filter(pl.col("book").is_in(some["book"].implode()) | pl.col("book").is_null()),
            )
        ]
        for key, some in books.items()
    ]


def _by_slice(frame: pl.DataFrame, sliced: pl.DataFrame) -> dict[tuple[object, ...], pl.DataFrame]:
    """The rows of each slice, without columns that say nothing. Items of a book without lines are in none."""
    number = frame["book"].replace_strict(sliced["book"], sliced["slice"], default=None, return_dtype=pl.UInt32)
    said = [column for column in frame.iter_columns() if column.null_count() < frame.height]
    known = pl.DataFrame([*said, number.alias("slice")])
    return known.drop_nulls("slice").partition_by("slice", as_dict=True, include_key=False)


def each(parts: list[list[Inputs]], work: Callable[[list[Inputs]], Outcome]) -> list[Outcome]:
    """What work makes of each slice, some at a time."""
    if len(parts) == 1:
        return [work(parts.pop())]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(_AT_ONCE, pl.thread_pool_size())) as threads:
        return list(threads.map(work, parts))


def _sliced(given: Inputs) -> pl.DataFrame | None:
    """slice and book, one row a book that has lines; None where one slice is enough."""
    lines, count = given.bank_lines, given.bank_lines.height // SLICE_LINES
    if lines["book"].n_unique() < 2:
        return None
    sizes = lines.group_by("book").len().join(_tied(given), on="book").sort("tied", "book")
    tied = sizes.group_by("tied", maintain_order=True).agg(pl.col("len").sum())
    begins = pl.col("len").cum_sum() - pl.col("len")
    placed = tied.select("tied", slice=begins * count // lines.height)
    return sizes.join(placed, on="tied", maintain_order="left").select("slice", "book")


def _tied(given: Inputs) -> pl.DataFrame:
    """book and tied, the first of the books that it has an account or a decision in common with, however far around."""
    accounts = given.bank_lines.select("book", key="account_id").unique()
    keys = [accounts, *_decided(given)]
    if "processor_account" in given.open_items.columns:
        # An item makes its processor's account one of a processor, whichever book's lines are on it.
        processors = given.open_items.select("book", key="processor_account").unique()
        keys.append(processors.filter(pl.col("key").is_in(accounts["key"].unique().implode())))
    shared = pl.concat(keys).unique().with_columns(tied="book")
    while True:
        further = shared.with_columns(pl.col("tied").min().over("key")).with_columns(pl.col("tied").min().over("book"))
        if further["tied"].equals(shared["tied"]):
            return shared.select("book", "tied").unique()
        shared = further


def _decided(given: Inputs) -> list[pl.DataFrame]:
    """book and key of the sides of people's decisions: one key for each decision."""
    decisions = given.decisions.select("line_id", "item_id", key=pl.format("decision {}", pl.int_range(pl.len())))
    lines, items = (
        frame.select("book", **{"id": name})
        for frame, name in ((given.bank_lines, "line_id"), (given.open_items, "item_id"))
    )
    return [
        side.join(decisions.select("key", id=name).drop_nulls(), on="id").select("book", "key")
        for side, name in ((lines, "line_id"), (items, "item_id"), (lines, "item_id"))
    ]


def together(parts: list[Outcome]) -> Outcome:
    """The outcomes of slices as that of all, in the order of the lines' ids. Takes them out of the list, and lets go of
    each table's parts before the next is put together."""
    if len(parts) == 1:
        return parts[0]
    names = [each.name for each in fields(Outcome)]
    apart = {name: [getattr(part, name) for part in parts] for name in names}
    parts.clear()
    # A match's allocations stand together and name its line first; matches stand in their order.
    said = pl.concat([part.select("match_id", "line_id") for part in apart["allocations"]])
    first = (said["match_id"] != said["match_id"].shift(1)).fill_null(value=True)
    order = said["line_id"].filter(first).arg_sort()
    each = order if first.all() else said.select(pl.arg_sort_by("line_id", maintain_order=True)).to_series()
    del said, first
    return Outcome(
        matches=_in_order(apart.pop("matches"), order),
        explanations=_in_order(apart.pop("explanations"), order),
        allocations=_in_order(apart.pop("allocations"), each),
        retractions=pl.concat(apart.pop("retractions")),
        exceptions=pl.concat(apart.pop("exceptions")).sort("line_id"),
    )


def _in_order(parts: list[pl.DataFrame], order: pl.Series) -> pl.DataFrame:
    """The rows of all parts in an order. Column by column, each let go of before the next: at no time is a table there
    twice. A column that says nothing is in any order."""
    columns = []
    for name in parts[0].columns:
        column = pl.concat([part[name] for part in parts])
        parts[:] = [part.drop(name) for part in parts]
        columns.append(column if column.null_count() == len(column) else column.gather(order))
    return pl.DataFrame(columns)
