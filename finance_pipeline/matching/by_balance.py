"""Tier 3: a party's whole open balance. One candidate, and no search, so that nothing was chosen.

Here: several lines of one party that add to it; a line whose list of documents cannot be read in full but which is of
just that. Not here: a line of a known party alone (by_subset, whose search asks for the whole balance too).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.by_subset import MOST_LINES, NEVER_SUMMED
from finance_pipeline.matching.pool import NOTHING, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import Named
from finance_pipeline.matching.shared import laid_end_to_end
from finance_pipeline.matching.sums import search

_TOGETHER_DAYS = 5
_LEAST_NAMED = 2
"""So many documents of one party that a text names say whose list it is."""
_LEAST_ITEMS = 3


def by_list(pool: Pool, named: Named) -> Found:
    """Lines whose text is a list of one party's documents, not all of which can be read, and which are of all that the
    party has open in their currency, to the cent.

    The party is the line's payer, and where that is not known the one of whose documents the text names several. What
    the steps before could not tell from the numbers they have refused; the sum of everything leaves nothing to tell.
    """
    keys = ["book", "currency", "party"]
    _, several = places.alone(places.having(named.at_all[["l", "i"]], pool.lines, "l"), "l")
    if several.is_empty():
        return NOTHING
    whose = places.met(several, pool.items[["i", "party"]], "i")
    lists = whose.drop_nulls("party").group_by("l", "party").agg(named=pl.col("i").n_unique())
    lists = lists.filter(pl.col("named") >= _LEAST_NAMED)
    if lists.is_empty():
        return NOTHING
    lines = places.having(pool.lines, lists, "l").filter(
        ~pl.col("on_processor"), pl.col("nature").is_null(), ~pl.col("clash")
    )
    facts = lines.select("l", "book", "currency", "booked_on", "line_party", line_amount="amount")
    asked = facts.join(lists, on="l").filter(pl.col("line_party").is_null() | (pl.col("line_party") == pl.col("party")))
    if asked.is_empty():
        return NOTHING
    items = pool.items.join(asked, on=keys, how="semi").filter(~pl.col("kind").is_in(NEVER_SUMMED))
    open_then = asked.join(items.select("i", *keys, "issued_on", item_amount="amount"), on=keys).filter(
        pl.col("issued_on") <= pl.col("booked_on")
    )
    whole = open_then.filter(
        pl.col("item_amount").sum().over("l", "party") == pl.col("line_amount"),
        pl.len().over("l", "party") >= _LEAST_ITEMS,
        (pl.col("item_amount").sign() == pl.col("line_amount").sign()).all().over("l", "party"),
    )
    if whole.is_empty():
        return NOTHING
    # Without what a person declined for the line the rest is no whole balance, nor the line's amount.
    whole = places.without(whole, places.having(whole, pool.declined, "l", "i"), "l")
    disputed = whole.filter((pl.col("party").n_unique().over("l") > 1) | (pl.col("l").n_unique().over("i") > 1))
    won = places.without(whole, disputed, "l").sort("l", "i")
    pairs = pairs_of(
        won, tier=3, rule="whole_balance", amount=pl.col("item_amount"), role="principal", token=pl.col("party")
    )
    return Found(pairs, refusal(disputed[["l", "i"]], SEVERAL))


def by_lines(pool: Pool, named: Named) -> Found:
    """Parties whose several free lines of a few days add to all that they have open: filled in order of their days.

    One candidate, and no search: every free line of the party, and its whole open balance. Where two of its items are
    equal, or a line is an item's amount or a sum of some, more than one reading fits, and nothing is taken; nor where a
    person declined one of the items for one of the lines.
    """
    keys = ["book", "currency", "party"]
    silent = places.without(pool.lines, named.surely, "l")
    lines = silent.filter(
        ~pl.col("on_processor"), pl.col("line_party").is_not_null(), pl.col("nature").is_null()
    ).select("l", "book", "currency", "booked_on", party="line_party", line_amount="amount")
    if lines.height < 2:
        return NOTHING
    paying = lines.group_by(keys).agg(
        paid=pl.col("line_amount").sum(), count=pl.len(), last_on=pl.col("booked_on").max(),
        days=(pl.col("booked_on").max() - pl.col("booked_on").min()).dt.total_days(),
        one_way=pl.col("line_amount").sign().n_unique() == 1,
    )  # fmt: skip
    several = paying.filter(
        pl.col("count").is_between(2, MOST_LINES) & (pl.col("days") <= _TOGETHER_DAYS) & pl.col("one_way")
    )
    if several.is_empty():
        return NOTHING
    items = pool.items.filter(~pl.col("kind").is_in(NEVER_SUMMED)).join(several, on=keys)
    open_then = items.filter(pl.col("issued_on") <= pl.col("last_on"))
    if open_then.is_empty():
        return NOTHING
    equal = open_then.filter(pl.struct(*keys, "amount").is_duplicated()).select(keys)
    alike = open_then.join(lines, left_on=[*keys, "amount"], right_on=[*keys, "line_amount"]).select(keys)
    open_then = open_then.join(pl.concat([equal, alike]).unique(), on=keys, how="anti")
    whole = open_then.group_by(keys).agg(
        pl.col("paid").first(), open_sum=pl.col("amount").sum(), items=pl.len(),
        same=(pl.col("amount").sign() == pl.col("paid").sign()).all(),
    )  # fmt: skip
    won = whole.filter((pl.col("open_sum") == pl.col("paid")) & (pl.col("items") > 1) & pl.col("same"))
    if won.is_empty():
        return NOTHING
    paid = lines.join(won.select(keys), on=keys)
    owed = open_then.join(won.select(keys), on=keys).select(*keys, "i", "issued_on", item_amount="amount")
    sums = paid.join(owed, on=keys).sort("l", "i")
    if sums.is_empty():
        return NOTHING
    single = search(sums, pool.policy.chance_bound).filter(pl.col("answer") != "none").select(keys)
    declined = places.having(sums, pool.declined, "l", "i").select(keys)
    common = {"tier": 3, "rule": "balance_by_lines", "token": pl.col("party")}
    paid, owed = (frame.join(pl.concat([single, declined]), on=keys, how="anti") for frame in (paid, owed))
    return Found(laid_end_to_end(paid, owed, keys, common), NOTHING.refused)
