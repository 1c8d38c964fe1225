"""Tier 1: the text names documents, and the amount agrees. Whole numbers, then lists, then bare digits, then typos.

Not here: amounts that only partly agree (parts), names without numbers (by_party).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from finance_pipeline.matching import choices, named_sums, near, parts, places, proposals, shared, spelled
from finance_pipeline.matching.pool import NOTHING, SETTLED, SEVERAL, Found, Pool, refusal
from finance_pipeline.matching.references import BARE, PART, SHORTHAND, STRONG, Named
from finance_pipeline.matching.text import folded, squeezed

_LONG_DIGITS = 5
"""So many digits, all of a number, are no coincidence where the amount agrees as well, whoever pays."""
_END = ("reference_end", "reference_end")
_STEPS = (
    (STRONG, "reference", "references_sum"),
    (SHORTHAND, "reference", "references_list_sum"),
    (BARE, "reference_digits", "references_digits_sum"),
)


def match(pool: Pool, named: Named) -> Pool:
    """The pool after tier 1, surest evidence first."""
    bound = pool.policy.chance_bound
    for strength, one, several in _STEPS:
        exact = partial(proposals.exact, tier=1, one=one, several=several)
        steps: list[Callable[[pl.DataFrame], Found]] = [exact, partial(proposals.reduced, tier=1)]
        if strength > STRONG:
            steps += [partial(choices.match, rule=several), partial(named_sums.match, bound=bound), shared.match]
        pool = _in_turn(pool, named, strength, steps)
        if strength > STRONG:
            pool = pool.take(Found(NOTHING.pairs, _settled(pool, named, strength)))
    short, named = spelled.match(pool, named)
    pool = pool.take(short)
    pool = near.match(pool, named)
    pool = _in_turn(pool, named, PART, [partial(_of_last_digits, pool=pool)])
    return pool.take(parts.match(pool, named))


def _of_last_digits(fitting: pl.DataFrame, pool: Pool) -> Found:
    """Items of which the text has the last digits, and which are of the amount. Digits inside of longer ones (a
    customer's number before, a check digit after) are there by chance too easily to tell equal items apart, or to say
    who an unknown payer is. Those with which a number begins and another goes on are a month, and name neither."""
    fitting = fitting.filter("exact")
    if fitting.is_empty():
        return NOTHING
    told = pl.col("token").str.replace_all("[^0-9]", "").str.strip_chars_start("0").str.len_chars()
    keys = ["book", "party", "currency", "amount"]
    of_amount = pool.items.filter(pl.col("amount").is_in(fitting["item_amount"].implode()))
    alike = of_amount.filter(pl.col("party").is_not_null()).filter(pl.len().over(keys) > 1)["i"]
    own = (pl.col("party") == pl.col("line_party")).fill_null(False) | (pl.col("digits") > _LONG_DIGITS)
    vague = (told > pl.col("digits")) & (pl.col("i").is_in(alike.implode()) | ~own)
    # Of so many documents of the amount, one ends with any digits by chance: an unknown payer has not named it so.
    same = of_amount.select("i", same=pl.len().over("book", "currency", "amount").cast(pl.Int64))
    fitting = fitting.filter(~vague).join(same, on="i", maintain_order="left")
    ends_so = pl.lit(10, pl.Int64).pow(pl.col("digits").clip(0, 9)) * pool.policy.coincidences_per_million
    ends = fitting.filter(pl.col("line_parties").is_not_null() | (pl.col("same") * 1_000_000 <= ends_so))
    if ends.is_empty():
        return NOTHING
    begun = _begins(ends, pool)
    return proposals.exact(places.without(ends, begun, "l", "i"), 1, *_END)


def _begins(ends: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    """l, i of what a text names by digits with which the number begins, while the text goes on with other digits."""
    goes_on = folded("memo").str.contains(pl.format("{}[-/.][0-9]", pl.col("token")))
    joined = ends.filter(pl.col("token").str.contains("^[0-9]+$"), goes_on.fill_null(False))[["l", "i", "token"]]
    if joined.is_empty():
        return joined
    asked = places.having(pool.items.select("i", text="number"), joined, "i")
    numbers = asked.with_columns(pl.col("text").str.replace_all("[^0-9]", "")).drop_nulls()
    begins = pl.col("text").str.starts_with(pl.col("token")) & ~pl.col("text").str.ends_with(pl.col("token"))
    return joined.join(numbers, on="i").filter(begins)[["l", "i"]]


def _in_turn(pool: Pool, named: Named, strength: int, steps: Sequence[Callable[[pl.DataFrame], Found]]) -> Pool:
    """The pool after some steps on what is named so surely; each sees what the one before has left."""
    fitting, seen = _fitting(pool, named, strength), pool
    for step in steps:
        if pool is not seen:
            fitting, seen = _fitting(pool, named, strength), pool
        if fitting.is_empty():
            break
        found = _unless_payer_has_the_same(pool, step(fitting))
        pool = pool.take(_unless_another_ends_so(pool, found))
    return pool


def _fitting(pool: Pool, named: Named, strength: int) -> pl.DataFrame:
    """Candidates named at least so surely; those named by bare digits only of a payer that may be theirs."""
    candidates = pool.named(named.hits, strength)
    long = (pl.col("strength") == BARE) & (pl.col("digits") >= _LONG_DIGITS)
    fits = candidates
    if candidates["stranger"].any():
        fits = places.kept(candidates, (pl.col("strength") < BARE) | ~pl.col("stranger") | long)
    listing = fits["strength"] == SHORTHAND
    if not listing.any():
        return fits
    # Between the ends of a range lie numbers of other customers too: a list goes on with the party that it began with.
    listed = places.among(fits["l"], fits["l"].filter(listing))
    return pl.concat([fits.filter(~listed), _of_one_party(fits.filter(listed))])


def _of_one_party(listed: pl.DataFrame) -> pl.DataFrame:
    """Candidates of lines with lists, without what a list names of a party other than the one that it began with; a
    party that only a name stands for may be the same."""
    known = pl.when(~pl.col("party").str.starts_with(spelled.NAME_ONLY)).then("party")
    begun = known.filter(pl.col("strength") == STRONG).drop_nulls()
    other = (pl.col("strength") == SHORTHAND) & (begun.n_unique() == 1).over("l") & (known != begun.first()).over("l")
    return listed.filter(~other.fill_null(False))


def _settled(pool: Pool, named: Named, strength: int) -> pl.DataFrame:
    """Refusals of lines that name what is settled, and nothing that is open, or that pay once more just what they name
    and their payer settled: no weaker evidence speaks for them."""
    closed = named.closed.filter(pl.col("strength") <= strength) if named.closed.height else named.closed
    asked = places.having(closed[["l", "i"]], pool.open_lines, "l")
    if asked.is_empty():
        return NOTHING.refused
    sure = places.having(named.hits.filter(pl.col("strength") <= strength), asked, "l")
    lines = pool.lines.select("l", "line_parties", currency="currency", amount="amount")
    theirs = asked.join(lines, on="l").join(named.settled, on=["i", "currency", "amount"])
    again = theirs.filter(pl.col("line_parties").list.contains(pl.col("party")))[["l", "i"]]
    silent = places.without(asked, places.having(sure, pool.items, "i"), "l")
    return refusal(pl.concat([silent, again]).unique(maintain_order=True), SETTLED)


def _unless_payer_has_the_same(pool: Pool, found: Found) -> Found:
    """Refuse a number of another party's document where the payer has one of the same amount: a number mistyped
    into a neighbour's looks just like that."""
    if found.pairs.is_empty():
        return found
    parties = pool.items[["i", "book", "currency", "amount", "party"]]
    stranger = places.met(places.met(found.pairs[["l", "i"]], pool.lines[["l", "line_parties"]], "l"), parties, "i")
    other = pl.col("party").is_not_null() & ~pl.col("line_parties").list.contains(pl.col("party"))
    payers = stranger.filter(other).explode("line_parties")
    if payers.is_empty():
        return found
    own = parties.group_by("book", "currency", "amount", line_parties="party").agg(own=pl.col("i").min())
    doubted = payers.join(own, on=["book", "currency", "amount", "line_parties"])
    return _without(found, doubted.select("l", "i", other="own"))


def _unless_another_ends_so(pool: Pool, found: Found) -> Found:
    """Refuse digits of an unknown payer where a document of just that amount has them at its end, after its year."""
    if found.pairs.is_empty():
        return found
    digits = found.pairs.filter(pl.col("token").str.contains("^[0-9]{4,}$"))[["l", "i", "token", "amount"]]
    facts = places.met(digits, pool.lines[["l", "book", "currency", "line_parties"]], "l")
    asked = facts.filter(pl.col("line_parties").is_null()) if facts.height else facts
    if asked.is_empty():
        return found
    keys = ["book", "currency", "amount"]
    others = pool.items.join(asked, on=keys, how="semi").select("number", *keys, other="i").drop_nulls("number")
    ends = squeezed("number").str.ends_with(pl.col("token"))
    doubted = asked.join(others, on=keys).filter(pl.col("other") != pl.col("i"), ends)
    return _without(found, doubted)


def _without(found: Found, doubted: pl.DataFrame) -> Found:
    """What was found without lines that may as well mean another document (l, i, other), which are refused."""
    if doubted.is_empty():
        return found
    both = pl.concat([doubted[["l", "i"]], doubted.select("l", i="other")])
    kept = places.without(found.pairs, doubted, "l")
    return replace(found, pairs=kept, refused=pl.concat([found.refused, refusal(both, SEVERAL)]))
