"""Tier 0: something that names this very movement. A person's word, an id, a payout under way, a recorded payment.

Not here: document numbers in free text (by_reference).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places, proposals
from finance_pipeline.matching.pool import NOTHING, RECORDED, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import PART, SHORTHAND
from finance_pipeline.matching.text import phrase_pattern

_OF_THEIR_OWN = ("payment", "payout", *RECORDED)
_PAID_AGAIN_DAYS = 31


def match(pool: Pool, hits: pl.DataFrame) -> Pool:
    """The pool after ids. hits: references.Named.hits."""
    pool = pool.take(claimed_twice(pool, hits))
    # A counter of somebody else's is the digits of another's document too easily.
    theirs = ~pl.col("stranger") | pl.col("token").str.contains("[A-Z]")
    whole = pool.named(hits, PART).filter(pl.col("whole") & theirs)
    pool = pool.take(proposals.exact(whole, 0, "structured_id", "structured_id_sum"))
    kinds_open = set(pool.items["kind"].unique())
    for kinds, rule in ((("payout",), "payout_id"), (RECORDED, "recorded_payment")):
        if kinds_open.isdisjoint(kinds):
            continue
        candidates = pool.named(hits, SHORTHAND).filter(pl.col("kind").is_in(kinds))
        pool = pool.take(proposals.exact(candidates, 0, rule, f"{rule}_sum"))
    return pool.take(_payout_by_amount(pool, hits))


def claimed_twice(pool: Pool, hits: pl.DataFrame) -> Found:
    """Refusals of lines of one amount that name the same document of just that amount, however surely each does: one of
    them pays something else, or it was paid twice, and which is which nobody can tell.

    A line claims what it names most surely, by a part of a number only where that is one document. Payments under way
    and payouts have ids of their own, which tell.
    """
    amounts = pool.items.filter(~pl.col("kind").is_in(_OF_THEIR_OWN)).select("i", item_amount="amount")
    both = places.met(places.met(hits[["l", "i", "strength"]], pool.open_lines[["l", "amount"]], "l"), amounts, "i")
    exact = both.filter(both["amount"] == both["item_amount"])[["l", "i", "strength"]]
    if exact.is_empty():
        return NOTHING
    _, several = places.alone(exact, "i")
    before = _paid_before(pool, hits, exact)
    if several.is_empty():
        return Found(NOTHING.pairs, refusal(before, SEVERAL))
    claims = pool.candidates(several, pool.policy.early_days).filter(~pl.col("foreign") & ~pl.col("stranger"))
    surest = claims.filter(pl.col("strength") == pl.col("strength").min().over("l"))
    surest = surest.filter((pl.col("strength") < PART) | (pl.len().over("l") == 1))
    twice = places.alone(surest, "i")[1][["l", "i"]]
    return Found(NOTHING.pairs, refusal(pl.concat([twice, before]), SEVERAL))


def _paid_before(pool: Pool, hits: pl.DataFrame, exact: pl.DataFrame) -> pl.DataFrame:
    """l, i of lines that name a document which another line of its party, some days before, may have paid: one of the
    same amount that names nothing else, where the party has no other open document of that amount."""
    keys = ["book", "currency", "amount", "party"]
    nothing = exact[:0, ["l", "i"]]
    if (exact["strength"] >= PART).all():
        return nothing
    lines = pool.open_lines.select("l", "booked_on", "book", "currency", "amount", party="line_party").drop_nulls(
        "party"
    )
    alike = lines.filter(pl.struct(keys).hash().is_duplicated())
    exact = places.having(exact, alike, "l")
    if exact.is_empty():
        return nothing
    items = pool.items.select("i", "issued_on", *keys).join(alike, on=keys, how="semi")
    only = items.filter(pl.len().over(keys) == 1)
    naming = exact.filter(pl.col("strength") < PART)[["l", "i"]].join(only, on="i").join(alike, on=["l", *keys])
    if naming.is_empty():
        return nothing
    saying = hits.filter(pl.col("strength") < PART)[["l"]]
    silent = places.without(alike, saying, "l").rename({"l": "earlier", "booked_on": "earlier_on"})
    both = naming.join(silent, on=keys)
    gap = (pl.col("booked_on") - pl.col("earlier_on")).dt.total_days()
    issued = (pl.col("issued_on") - pl.col("earlier_on")).dt.total_days() <= pool.policy.early_days
    found = both.filter(gap.is_between(0, _PAID_AGAIN_DAYS) & issued)
    return pl.concat([found[["l", "i"]], found.select("i", l="earlier")[["l", "i"]]])


def _processor_lines(pool: Pool) -> pl.DataFrame:
    """Free lines of bank accounts whose text names a processor or a card settlement."""
    names = phrase_pattern((*pool.policy.processor_names, *pool.policy.card_words))
    return pool.open_lines.filter(~pl.col("on_processor"), pl.col("words").str.contains(names))


def _arrives(pool: Pool, line_on: pl.Expr, expected_on: pl.Expr) -> pl.Expr:
    days = (line_on - expected_on).dt.total_days()
    return days.is_between(-pool.policy.payout_early_days, pool.policy.payout_lag_days)


def _payout_by_amount(pool: Pool, hits: pl.DataFrame) -> Found:
    """A processor's payment of exactly the amount of one payout expected these days, and the payout of no other."""
    payouts = pool.items.filter(pl.col("kind") == "payout").with_columns(
        expected_on=pl.coalesce("available_on", "issued_on")
    )
    if payouts.is_empty():
        return NOTHING
    named = places.having(hits, payouts, "i").select("l", named="i")
    both = _processor_lines(pool).join(payouts, on=["book", "currency", "amount"], suffix="_item")
    both = both.filter(_arrives(pool, pl.col("booked_on"), pl.col("expected_on")))
    both = places.without(places.without(both, pool.declined, "l", "i"), named, "l")
    won, several = places.alone(both, "l", "i")
    field = pl.lit("amount and day of arrival")
    pairs = pairs_of(won, tier=0, rule="payout_by_amount", item_amount=pl.col("amount"), role="principal", field=field)
    return Found(pairs, refusal(several, SEVERAL))
