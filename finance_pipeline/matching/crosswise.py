"""Tier 1: several lines for several items, where one item is split between lines that name it and others besides.

Here: lines and items that hang together by names, add up together, and leave one way only to share out. Not here: lines
of which all name the same (shared), one item in parts (parts).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.pool import NOTHING, Found, Pool, pairs_of

_MOST_LINES = 8
_MOST_ITEMS = 60
_DAYS = 90
_ROUNDS = 8
"""Lines and items that hang together in a chain are reached, and shared out, within so many steps from its ends."""


def match(pool: Pool, meant: pl.DataFrame) -> Found:
    """Lines and items of which each names or is named by another, and whose sums are the same.

    Without a circle among them there is but one way to share the lines out, from the ends: a line that names one item
    is for that, an item that one line names is paid by it in full. It has to come out with something for each name.
    meant: hits that are believed, of open lines, and names: how many of these the line has.
    """
    _, touched = places.alone(meant, "i")
    if touched.is_empty():
        return NOTHING
    named = places.having(meant, touched, "l")
    candidates = pool.candidates(named, pool.policy.early_days).filter(~pl.col("foreign") & ~pl.col("stranger"))
    joined = _joined(candidates.filter(pl.len().over("l") == pl.col("names")))
    if joined.is_empty():
        return NOTHING
    keys = ["component"]
    lines, items = joined.unique("l"), joined.unique("i")
    by_line = lines.group_by(keys).agg(
        pl.col("line_amount").sum(), lines=pl.len(), days=pl.col("booked_on").max() - pl.col("booked_on").min(),
        signs=pl.col("line_amount").sign().n_unique(),
    )  # fmt: skip
    by_item = items.group_by(keys).agg(
        pl.col("item_amount").sum(), items=pl.len(), item_signs=pl.col("item_amount").sign().n_unique(),
        currencies=pl.struct("book", "item_currency").n_unique(),
    )  # fmt: skip
    even = by_line.join(by_item, on=keys).filter(
        pl.col("line_amount") == pl.col("item_amount"),
        pl.col("lines").is_between(2, _MOST_LINES) & pl.col("items").is_between(2, _MOST_ITEMS),
        (pl.col("signs") == 1) & (pl.col("item_signs") == 1) & (pl.col("currencies") == 1),
        pl.col("days").dt.total_days() <= _DAYS,
    )
    if even.is_empty():
        return NOTHING
    parts = _shared_out(joined.join(even.select(keys), on=keys, how="semi"))
    pairs = pairs_of(
        parts, tier=1, rule="references_across", role="principal", amount=pl.col("part"), item_amount=pl.col("part")
    )
    return Found(pairs, NOTHING.refused)


def _joined(edges: pl.DataFrame) -> pl.DataFrame:
    """edges (l, i, ...) with component: the first line of those that hang together, as far as a few steps reach."""
    joined = edges.with_columns(component="l")
    for _ in range(_ROUNDS):
        before = joined["component"]
        joined = joined.with_columns(pl.col("component").min().over("i")).with_columns(
            pl.col("component").min().over("l")
        )
        if joined["component"].equals(before):
            break
    return joined


def _shared_out(edges: pl.DataFrame) -> pl.DataFrame:
    """edges of components that come out, with part: what of the line pays the item, in minor units with its sign."""
    open_ = edges.with_columns(line_rest="line_amount", item_rest="item_amount").sort("l", "i")
    done = [open_.head(0).with_columns(part=pl.lit(0, pl.Int64))]
    for _ in range(_ROUNDS):
        of_line, of_item = pl.len().over("l") == 1, pl.len().over("i") == 1
        part = pl.when(of_line).then("line_rest").when(of_item).then("item_rest").otherwise(0)
        known = open_.with_columns(part=part, ends=of_line | of_item).with_columns(
            line_rest=pl.col("line_rest") - pl.col("part").sum().over("l"),
            item_rest=pl.col("item_rest") - pl.col("part").sum().over("i"),
        )
        done.append(known.filter("ends").drop("ends"))
        open_ = known.filter(~pl.col("ends")).drop("part", "ends")
        if open_.is_empty():
            break
    parts = pl.concat(done)
    unknown = open_[["component"]]
    empty = parts.filter(pl.col("part").sign() != pl.col("line_amount").sign())[["component"]]
    over = parts.group_by("component", "i").agg(pl.col("part").sum(), pl.col("item_amount").first())
    over = over.filter(pl.col("part") != pl.col("item_amount"))[["component"]]
    wrong = pl.concat([unknown, empty, over]).unique()
    return parts.join(wrong, on="component", how="anti").sort("l", "i")
