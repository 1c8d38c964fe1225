"""Tier 1: of several named items, those that add to the line: some are paid already, or named for another reason.

Here: the search among a line's named items, whole or less a discount. Not here: all of them together (proposals),
items that the text does not name (by_subset).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.pool import NOTHING, SEVERAL, Found, pairs_of, refusal
from finance_pipeline.matching.sums import search

_MOST_NAMED = 60


def match(candidates: pl.DataFrame, bound: float) -> Found:
    """Lines of exactly one subset of the items that they name; a discount may be taken on some and not on others."""
    if places.lone(candidates["l"]).all():
        return NOTHING
    plain = places.filtered(candidates, ~(candidates["foreign"] | candidates["stranger"]))
    lone = places.lone(plain["l"])
    if lone.all():
        return NOTHING
    several = places.filtered(plain, ~lone).filter(pl.len().over("l") <= _MOST_NAMED).sort("l", "i")
    if several.is_empty():
        return NOTHING
    answered = search(several, bound)
    if not answered["answer"].is_in(("proven", "several")).any():
        return NOTHING
    proven = answered.filter((pl.col("answer") == "proven") & (pl.col("taken") > 0))
    many = proven.filter(pl.col("taken").is_not_null() & (pl.len().over("l") * 2 > pl.col("named_count")))
    principal = pairs_of(many, tier=1, rule="references_some", amount=pl.col("item_amount"), role="principal")
    less = many.filter(pl.col("taken") == 2)
    off = pairs_of(
        less, tier=1, rule="references_some", role=pl.col("less_role"),
        amount=pl.col("less") - pl.col("item_amount"), item_amount=0,
    )  # fmt: skip
    unclear = answered.filter((pl.col("answer") == "several") & (pl.col("taken") > 0))
    return Found(pl.concat([principal, off]), refusal(unclear[["l", "i"]], SEVERAL))
