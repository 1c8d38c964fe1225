"""Tier 2, only where a book's policy says so: of items of one party that are equal, the oldest first.

Equal means that whichever is settled, nobody can tell: amount, kind, tax, terms and accounts are the same, all were
issued before the receipt, and the receipt names none of them (accounting.md, rule 24).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.counterparty import SURE_WAYS
from finance_pipeline.matching.pool import Pool
from finance_pipeline.matching.references import Named

_GROUP = ["book", "party", "currency", "item_amount"]


def oldest_first(
    unclear: pl.DataFrame, fits: pl.DataFrame, contested: pl.DataFrame, pool: Pool, named: Named
) -> pl.DataFrame:
    """Of lines with several equal items (l, i and what they are compared by), those that the policy settles: one item a
    line, the oldest for the earliest.

    fits: every line with every item that it may be for. contested: items that another line names or a step refused.
    Where such a one is among equal items, or another line may be for one of them, or one lies beyond the window, all of
    them are left to a person.
    """
    if not pool.policy.oldest_first or unclear.is_empty():
        return unclear.clear()
    silent = places.without(places.without(unclear, named.hits, "l"), named.tokens, "l")
    known = silent.filter(pl.col("line_party_how").is_in(SURE_WAYS), pl.col("party").n_unique().over("l") == 1)
    equal = known.join(_groups(pool), on=_GROUP)
    is_whole = pl.col("i").n_unique().over("l") == pl.col("size")
    before = pl.col("issued_on") < pl.col("booked_on")
    sound = equal.filter((is_whole & before & pl.col("timely")).all().over(_GROUP))
    rivals = places.having(places.without(fits, sound, "l"), sound, "i")
    touched = pl.concat([rivals[["i"]], contested[["i"]]])
    sound = sound.join(places.having(sound, touched, "i"), on=_GROUP, how="anti")
    turn = pl.struct("booked_on", "l").rank("dense").over(_GROUP)
    age = pl.struct("issued_on", "due_on", "i").rank("dense").over(_GROUP)
    return sound.filter(turn == age).select(unclear.columns)


def _groups(pool: Pool) -> pl.DataFrame:
    """Groups of equal items by _GROUP, and their size."""
    keys = ["book", "party", "currency"]
    items = pool.items.select("i", *keys, "kind", "alike", item_amount="amount")
    groups = items.group_by(_GROUP).agg(
        pl.col("kind").n_unique(), pl.col("alike").n_unique(), pl.col("alike").null_count().alias("unknown"),
        size=pl.len(),
    )  # fmt: skip
    same = (pl.col("kind") == 1) & (pl.col("alike") == 1) & (pl.col("unknown") == 0)
    return groups.filter(same, pl.col("size") > 1).select(*_GROUP, "size")
