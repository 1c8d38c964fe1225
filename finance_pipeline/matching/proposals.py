"""From named items to matches: one item of the exact amount, or all named ones together; two ways are none.

Here: the exact shapes that every step with names shares, and the refusal of what is ambiguous. Not here: where the
names come from (references, decisions) or amounts that do not agree (by_reference).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.pool import NOTHING, SEVERAL, Found, pairs_of, refusal


def exact(candidates: pl.DataFrame, tier: int, one: str, several: str) -> Found:
    """Lines whose amount is that of exactly one named item, or of all named items together.

    candidates: as Pool.candidates gives them, with token and field. one, several: the rules' names.
    """
    if candidates.is_empty():
        return NOTHING
    lone = places.lone(candidates["l"]) & places.lone(candidates["i"])
    sure = lone & candidates["exact"]
    told = candidates[["l", "i", "foreign", "line_amount", "item_amount", "token", "field"]]
    plain = _pairs(told.filter(sure), tier, pl.lit(one)) if sure.any() else NOTHING.pairs
    if lone.all():
        return Found(plain, NOTHING.refused)
    found = _of_several(places.filtered(candidates, ~lone), tier, one, several)
    return Found(pl.concat([plain, found.pairs]), found.refused)


def _of_several(candidates: pl.DataFrame, tier: int, one: str, several: str) -> Found:
    """As `exact`, of candidates whose line or item has others too."""
    if places.lone(candidates["l"]).all():
        narrowed, summed = candidates, candidates.clear()
    else:
        whole = _all_together(candidates)
        narrowed = _singled_out(candidates, whole)
        summed = whole if narrowed.height == candidates.height else _all_together(narrowed)
    single = narrowed.filter("exact")
    if single.is_empty() and summed.is_empty():
        return NOTHING
    proposals = pl.concat([_labelled(single, one, "single"), _labelled(summed, several, "sum")])
    ways = (pl.col("way") == "single").sum().over("l") + (pl.col("way") == "sum").any().over("l")
    clear = proposals.filter(ways == 1)
    contested = places.contested(clear)
    refused = pl.concat([proposals.filter(ways > 1), places.having(proposals, contested, "l")])
    won = places.without(clear, contested, "l")
    return Found(_pairs(won, tier, pl.col("rule")), refusal(refused, SEVERAL))


def _pairs(won: pl.DataFrame, tier: int, rule: pl.Expr) -> pl.DataFrame:
    """won (candidates) as allocations of the whole item."""
    paid = pl.when("foreign").then("line_amount").otherwise("item_amount")
    return pairs_of(won, tier=tier, rule=rule, amount=paid, role="principal")


def reduced(candidates: pl.DataFrame, tier: int) -> Found:
    """Lines of all their named items, one or more, less what a processor keeps or a discount in time takes off.

    candidates: as for `exact`. A rounding of a minor unit for each item that is less is part of what is taken off.
    """
    if candidates["less"].null_count() == candidates.height:
        return NOTHING
    plain = places.filtered(candidates, ~(candidates["foreign"] | candidates["stranger"]))
    if plain["less"].null_count() == plain.height:
        return NOTHING
    netted = plain.with_columns(
        to_pay=pl.coalesce("less", "item_amount"), room=pl.col("less").is_not_null().sum().over("l")
    ).filter(pl.col("room") > 0)
    rest = pl.col("line_amount") - pl.col("to_pay").sum().over("l")
    fits = netted.with_columns(rest=rest).filter(pl.col("rest").abs() <= pl.col("room")).sort("l", "i")
    if fits.is_empty():
        return NOTHING
    contested = places.contested(fits)
    won = places.without(fits, contested, "l")
    last = pl.col("i") == pl.col("i").filter(pl.col("less").is_not_null()).last().over("l")
    off = pl.col("to_pay") - pl.col("item_amount") + pl.when(last).then("rest").otherwise(0)
    return Found(_less_pairs(won.with_columns(off=off), tier, "reference_less"), refusal(contested, SEVERAL))


def _less_pairs(won: pl.DataFrame, tier: int, rule: str) -> pl.DataFrame:
    principal = pairs_of(won, tier=tier, rule=rule, amount=pl.col("item_amount"), role="principal")
    taken_off = won.filter(pl.col("off") != 0)
    off = pairs_of(taken_off, tier=tier, rule=rule, amount=pl.col("off"), item_amount=0, role=pl.col("less_role"))
    return pl.concat([principal, off])


def _singled_out(candidates: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """Of several items that one text fits (a number that two suppliers use), those that the rest of the line fits.

    Direction and currency first, then the party, then the amount; what still fits several stays. Lines whose named
    items make the amount all together (`whole`; credit notes are of the other direction) need no narrowing.
    """
    narrowed = places.without(candidates, whole, "l")
    if not narrowed.select(pl.struct("l", "token").is_duplicated().any()).item():
        return candidates
    same_direction = ~pl.col("foreign") & (pl.col("item_amount").sign() == pl.col("line_amount").sign())
    same_party = (pl.col("party") == pl.col("line_party")).fill_null(False)
    for fits in (same_direction, same_party, pl.col("exact")):
        narrowed = narrowed.filter(~fits.any().over("l", "token") | fits)
    return pl.concat([places.having(candidates, whole, "l"), narrowed]) if whole.height else narrowed


def _all_together(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of lines whose named items, two or more of the line's currency, add to the line."""
    total = pl.col("item_amount").sum().over("l")
    fits = (total == pl.col("line_amount")) & (pl.len().over("l") > 1) & ~pl.col("foreign").any().over("l")
    return frame.filter(fits)


def _labelled(frame: pl.DataFrame, rule: str, way: str) -> pl.DataFrame:
    return frame.with_columns(rule=pl.lit(rule), way=pl.lit(way))
