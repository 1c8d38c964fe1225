"""Tier 1: numbers of a list that fit several documents each, of which one choice alone makes the line's amount.

Here: taking one document for each number, in every way. Not here: all named documents together (proposals), those of
them that add up (named_sums).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.pool import NOTHING, SEVERAL, Found, pairs_of, refusal

_MOST_WAYS = 64
"""More ways than this hit an amount by chance too easily."""


def match(candidates: pl.DataFrame, rule: str) -> Found:
    """Lines of two numbers at least, for each of which exactly one way to take a document makes the line's amount.

    candidates: as Pool.candidates gives them, with token and field. Two such ways are none.
    """
    if places.lone(candidates["l"]).all():
        return NOTHING
    plain = candidates.filter(~pl.col("stranger") & ~pl.col("foreign").any().over("l"))
    if places.lone(plain["l"]).all():
        return NOTHING
    options = _of_few_ways(plain)
    if options.is_empty():
        return NOTHING
    exact = _ways(options).filter(pl.col("total") == pl.col("line_amount"))
    if exact.is_empty():
        return NOTHING
    chosen = exact.with_columns(ways=pl.len().over("l")).explode("taken").rename({"taken": "i"})
    rows = places.having(options, chosen.filter(pl.col("ways") == 1), "l", "i")
    contested = places.contested(rows)
    won = places.without(rows, contested, "l").sort("l", "i")
    unclear = pl.concat([chosen.filter(pl.col("ways") > 1), places.having(rows, contested, "l")], how="diagonal")
    pairs = pairs_of(won, tier=1, rule=rule, amount=pl.col("item_amount"), role="principal")
    return Found(pairs, refusal(unclear.sort("l", "i"), SEVERAL))


def _of_few_ways(plain: pl.DataFrame) -> pl.DataFrame:
    """Candidates of lines with two numbers or more, and two ways or more to take one document for each."""
    each = places.filtered(plain, ~places.lone(plain["l"])).group_by("l", "token").len()
    if (each["len"] == 1).all():
        return plain.clear()
    ways = each.group_by("l").agg(numbers=pl.len(), ways=pl.col("len").log().sum().exp())
    few = ways.filter(pl.col("numbers") > 1, pl.col("ways").is_between(1.5, _MOST_WAYS + 0.5))[["l"]]
    return plain.join(few, on="l")


def _ways(options: pl.DataFrame) -> pl.DataFrame:
    """One row for each way to take one document for each number: l, line_amount, total, taken (list)."""
    marked = options.with_columns(several=pl.len().over("l", "token") > 1)
    open_ = marked.filter("several").with_columns(n=pl.col("token").rank("dense").over("l"))
    # A number of one document leaves no choice: only the others, a few, are gone through one after another.
    chosen = (
        marked.group_by("l")
        .agg(
            pl.col("line_amount").first(),
            total=pl.col("item_amount").filter(~pl.col("several")).sum(),
            taken=pl.col("i").filter(~pl.col("several")),
        )
        .join(open_.group_by("l").agg(numbers=pl.col("n").max()), on="l")
    )
    done, n = [chosen.clear()], 0
    while chosen.height:
        n += 1
        both = chosen.join(open_.filter(pl.col("n") == n)[["l", "i", "item_amount"]], on="l")
        taken = both.select(
            "l",
            "line_amount",
            "numbers",
            total=pl.col("total") + pl.col("item_amount"),
            taken=pl.concat_list("taken", "i"),
        ).select(chosen.columns)
        done.append(taken.filter(pl.col("numbers") == n))
        chosen = taken.filter(pl.col("numbers") > n)
    return pl.concat(done)
