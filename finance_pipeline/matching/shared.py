"""Tier 1: several lines that name the same items and pay them together: instalments of a list.

Here: lines whose named items are the same and add to exactly what the lines add to. Not here: one line alone
(by_reference), parts of one item (parts).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.pool import NOTHING, Found, pairs_of

_MOST_LINES = 12
_DAYS = 90


def match(fitting: pl.DataFrame) -> Found:
    """Lines that name the same set of items, none other, and together pay all of it. fitting: Pool.candidates.

    Which line paid which item is not said: the items are filled in order of their dates, by the lines in order of
    theirs, so that each line's parts add to it.
    """
    if places.lone(fitting["i"]).all():
        return NOTHING  # No document is named by two lines.
    candidates = places.filtered(fitting, ~(fitting["foreign"] | fitting["stranger"]))
    several = places.filtered(candidates, ~places.lone(candidates["l"]))
    if places.lone(several["i"]).all():
        return NOTHING  # No document is named by two of these lines.
    sets = (
        several.sort("l", "i")
        .group_by("l", maintain_order=True)
        .agg(
            pl.col("book", "line_currency", "line_amount", "booked_on").first(),
            members=pl.col("i").cast(pl.String).str.join(","),
            total=pl.col("item_amount").sum(),
        )
    )
    keys = ["book", "line_currency", "members"]
    together = sets.filter(
        pl.len().over(keys).is_between(2, _MOST_LINES),
        pl.col("line_amount").sum().over(keys) == pl.col("total"),
        (pl.col("line_amount").sign() == pl.col("total").sign()).all().over(keys),
        (pl.col("booked_on").max() - pl.col("booked_on").min()).over(keys).dt.total_days() <= _DAYS,
    )
    if together.is_empty():
        return NOTHING
    one_each = together.unique(keys, keep="first", maintain_order=True).select("l", *keys)
    items = several.drop(keys, strict=False).join(one_each, on="l").drop("l", "line_amount", "booked_on")
    same_way = items.filter((pl.col("item_amount") > 0).all().over(keys) | (pl.col("item_amount") < 0).all().over(keys))
    lines = together.join(same_way, on=keys, how="semi").select("l", "booked_on", "line_amount", *keys)
    common = {"tier": 1, "rule": "references_shared", "token": pl.col("token"), "field": pl.col("field")}
    return Found(laid_end_to_end(lines, same_way, keys, common), NOTHING.refused)


def laid_end_to_end(
    lines: pl.DataFrame, items: pl.DataFrame, keys: list[str], common: dict[str, object]
) -> pl.DataFrame:
    """PAIRS where lines and items of the same keys overlap, both laid end to end in order of their days.

    lines: l, booked_on, line_amount, keys; items: i, issued_on, item_amount, keys. All of one sign by keys.
    """
    if lines.is_empty():
        return NOTHING.pairs
    spans = lines.sort("booked_on", "l").with_columns(last=pl.col("line_amount").abs().cum_sum().over(keys))
    spans = spans.with_columns(first=pl.col("last") - pl.col("line_amount").abs())
    parts = items.sort("issued_on", "i").with_columns(item_last=pl.col("item_amount").abs().cum_sum().over(keys))
    parts = parts.with_columns(item_first=pl.col("item_last") - pl.col("item_amount").abs())
    both = spans.select("l", "first", "last", *keys).join(parts, on=keys)
    begin, end = pl.max_horizontal("first", "item_first"), pl.min_horizontal("last", "item_last")
    overlapping = both.with_columns(part=(end - begin) * pl.col("item_amount").sign()).filter(end > begin)
    return pairs_of(overlapping, amount=pl.col("part"), item_amount=pl.col("part"), role="principal", **common)
