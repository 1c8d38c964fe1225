"""Many books, some at a time: what the tiers make of lines and items on the way is there for some books, not for all.

Here: which books have nothing in common, slices of these, their outcomes put together. Not here: any rule. No rule
compares lines or items of two books, other than on an account that both have, or by a person's word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from finance_pipeline.matching.outcomes import Outcome

if TYPE_CHECKING:
    from finance_pipeline.matching.engine import Inputs

SLICE_LINES = 60_000
"""Two slices of so many lines at a time keep a million lines under three gibibytes; smaller ones would cost more time,
since each slice costs about a second by itself."""
_AT_ONCE = 2
"""More slices at the same time would take more memory, and hardly less time: most of a step runs on many threads."""


def in_slices(given: Inputs, work: Callable[[Inputs], Outcome]) -> list[Outcome]:
    """What work makes of the inputs (as their schemas have them, nothing standing), for each slice of the books."""
    sliced = _sliced(given)
    if sliced is None:
        return [work(given)]
    from concurrent.futures import ThreadPoolExecutor

    books = sliced.partition_by("slice", maintain_order=True)
    with ThreadPoolExecutor(min(_AT_ONCE, pl.thread_pool_size())) as threads:
        return list(threads.map(lambda some: work(_of(given, some["book"])), books))


def _sliced(given: Inputs) -> pl.DataFrame | None:
    """slice and book, one row a book that has lines; None where one slice is enough."""
    lines, count = given.bank_lines, given.bank_lines.height // SLICE_LINES
    if count < 2 or lines["book"].n_unique() < 2:
        return None
    sizes = lines.group_by("book").len().join(_tied(given), on="book").sort("tied", "book")
    tied = sizes.group_by("tied", maintain_order=True).agg(pl.col("len").sum())
    begins = pl.col("len").cum_sum() - pl.col("len")
    placed = tied.select("tied", slice=begins * count // lines.height)
    return sizes.join(placed, on="tied", maintain_order="left").select("slice", "book")


def _tied(given: Inputs) -> pl.DataFrame:
    """book and tied, the first of the books that it has an account or a decision in common with, however far around."""
    accounts = given.bank_lines.select("book", key="account_id").unique()
    # An item makes its processor's account one of a processor, whichever book's lines are on it.
    processors = given.open_items.select("book", key="processor_account").unique()
    of_lines = processors.filter(pl.col("key").is_in(accounts["key"].unique().implode()))
    shared = pl.concat([accounts, of_lines, *_decided(given)]).unique().with_columns(tied="book")
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


def _of(given: Inputs, books: pl.Series) -> Inputs:
    """The inputs of some books. What names no book is everybody's."""
    of_books = pl.col("book").is_in(books.implode())
    return replace(
        given,
        bank_lines=given.bank_lines.filter(of_books),
        open_items=given.open_items.filter(of_books),
        parties=given.parties.filter(of_books | pl.col("book").is_null()),
    )


def together(parts: list[Outcome]) -> Outcome:
    """The outcomes of slices as that of all, in the order of the lines' ids."""
    if len(parts) == 1:
        return parts[0]
    allocations = pl.concat([part.allocations for part in parts])
    # Matches stand in the order of their allocations, which name the line.
    firsts = allocations.filter(pl.col("match_id").is_first_distinct())
    order = firsts["line_id"].arg_sort()
    matches, explanations = (
        pl.concat([getattr(part, name) for part in parts]).select(pl.all().gather(order))
        for name in ("matches", "explanations")
    )
    return Outcome(
        matches=matches,
        allocations=allocations.sort("line_id", maintain_order=True),
        retractions=pl.concat([part.retractions for part in parts]),
        exceptions=pl.concat([part.exceptions for part in parts]).sort("line_id"),
        explanations=explanations,
    )
