"""Tier 3: a sum of several open items of one party, or of several lines for one item, proven to be no coincidence.

Here: which items or lines compete for a sum, and what the exact search's answer allows. Not here: the search and its
measure of chance (subset), sums of items that the text names (proposals, named_sums).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.otherwise import WHOLE_MINOR, was_cut
from finance_pipeline.matching.parts import meant
from finance_pipeline.matching.pool import CHANCE, NOTHING, RECORDED, SEVERAL, TOO_MANY, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import BARE, SHORTHAND, Named
from finance_pipeline.matching.sums import search
from finance_pipeline.matching.terms import discount_minor

_MOST_ITEMS = 300
"""More open items of one party than this are not searched for sums: their whole balance is compared alone."""
MOST_LINES = 40
NEVER_SUMMED = ("payout", "receipt_in_ledger", *RECORDED)
_WHY = {"several": SEVERAL, "by_chance": CHANCE, "too_large": TOO_MANY}
_LINE_DAYS = 31


@dataclass(frozen=True)
class Tried:
    """What was searched in vain: l and what it was searched among, and the refusals of it."""

    lines: pl.DataFrame
    refused: pl.DataFrame


UNTRIED = Tried(pl.DataFrame(schema={"l": pl.UInt32, "among": pl.UInt64}), NOTHING.refused)


def match(pool: Pool, named: Named, tried: Tried) -> tuple[Found, Tried]:
    """Lines whose amount only one subset of their party's open items makes, and chance hardly would.

    Items that the text names surely are part of it, and the search is for the rest. What was searched in vain is not
    searched again as long as its candidates are the same.
    """
    lines = _lines(pool, named)
    candidates = _candidates(pool, lines, named) if lines.height else lines
    if candidates.is_empty():
        return NOTHING, tried
    among = candidates.group_by("l").agg(among=pl.struct("missing", "i", "item_amount", "less").hash(seed=0).sum())
    again = among.join(tried.lines, on=["l", "among"], how="semi")[["l"]]
    fresh = places.without(candidates, again, "l")
    found = _searched(pool, fresh, named) if fresh.height else NOTHING
    refused = pl.concat([places.having(tried.refused, again, "l"), found.refused])
    return Found(found.pairs, refused), Tried(among, refused)


def _searched(pool: Pool, candidates: pl.DataFrame, named: Named) -> Found:
    """What the search finds among the candidates of some lines, and what it has to refuse."""
    one = _one_missing(candidates, _rests(pool, candidates, named))
    candidates = places.without(candidates, one, "l")
    if candidates.is_empty():
        return _undisputed(_pairs(pool, one, named))
    answered = _whole_balances(search(candidates, pool.policy.chance_bound, target="missing", due=True))
    taken = answered.filter(pl.col("taken") > 0)
    enough = pl.len().over("l") + pl.col("forced") > 1
    proven = taken.filter((pl.col("answer") == "proven") & enough)
    contested = pl.concat(
        [
            proven.filter(pl.col("i").is_duplicated())[["l"]],
            places.having(proven, pool.refused, "i")[["l"]],
        ]
    )
    won = pl.concat([places.without(proven, contested, "l"), one], how="diagonal")
    unclear = taken.filter((pl.col("answer") != "proven") & enough)
    refusals = [refusal(unclear.filter(pl.col("answer") == answer), why) for answer, why in _WHY.items()] + [
        refusal(places.having(proven, contested, "l"), SEVERAL)
    ]
    found = _undisputed(_pairs(pool, won, named))
    return Found(found.pairs, pl.concat([found.refused, *refusals]))


def _undisputed(pairs: pl.DataFrame) -> Found:
    """Allocations without those of lines that would take one item together, of which one may name it."""
    shared = places.contested(pairs.drop_nulls("i"))
    kept = places.without(pairs, shared, "l")
    return Found(kept, refusal(shared[["l", "i"]], SEVERAL))


def _whole_balances(answered: pl.DataFrame) -> pl.DataFrame:
    """The search's answers, where a party's whole open balance needs no proof: nothing was chosen for it."""
    is_whole = (pl.col("whole") > 0) & (pl.col("answer") != "several")
    at_less = (pl.col("whole") == 2) & pl.col("less").is_not_null()
    return answered.with_columns(
        answer=pl.when(is_whole).then(pl.lit("proven")).otherwise("answer"),
        taken=pl.when(is_whole).then(pl.when(at_less).then(2).otherwise(1)).otherwise("taken").cast(pl.Int8),
    )


def _rests(pool: Pool, candidates: pl.DataFrame, named: Named) -> pl.DataFrame:
    """l, i of candidates where the item, or one that the line names, is what other lines have left of it: an amount
    that nobody has invoiced, so that meeting it says little."""
    some = places.having(pool.items[["i"]], pool.pairs, "i")
    pairs = candidates[["l", "i"]]
    if some.is_empty():
        return some.select(l="i", i="i")
    lines = places.having(named.at_all, some, "i")
    return pl.concat([places.having(pairs, lines, "l"), places.having(pairs, some, "i")])


def _one_missing(candidates: pl.DataFrame, rests: pl.DataFrame) -> pl.DataFrame:
    """Candidates of lines that name some of their party's items and of which exactly one more makes the whole.

    What comes in whole units beyond one named item may as well be on account, unless the list was cut.
    """
    same_way = pl.col("missing").sign() == pl.col("line_amount").sign()
    on_account = (pl.col("forced") == 1) & same_way & (pl.col("missing") % WHOLE_MINOR == 0) & ~pl.col("cut")
    exact = candidates.filter((pl.col("forced") > 0) & (pl.col("item_amount") == pl.col("missing")) & ~on_account)
    alone, _ = places.alone(exact, "l", "i")
    certain = places.without(alone, rests, "l", "i")
    return certain.with_columns(taken=pl.lit(1, pl.Int8), whole=pl.lit(0, pl.Int64))


def _lines(pool: Pool, named: Named) -> pl.DataFrame:
    """Free lines with a party, and what is missing of them after what they surely name: l, ..., missing, forced."""
    sure = _named(pool, named)
    plain = sure.filter(~pl.col("foreign") & ~pl.col("stranger"))
    sums = plain.group_by("l").agg(
        named_sum=pl.col("item_amount").sum(), forced=pl.len(), named_party=pl.col("party").unique()
    )
    others = places.without(sure, plain, "l", "i")[["l"]]
    free = places.without(pool.open_lines.filter(~pl.col("on_processor"), pl.col("nature").is_null()), others, "l")
    joined = free.join(sums, on="l", how="left")
    one = pl.when(pl.col("named_party").list.len() == 1).then(pl.col("named_party").list.first())
    return (
        joined.with_columns(
            party=pl.coalesce("line_party", one),
            missing=pl.col("amount") - pl.col("named_sum").fill_null(0),
            forced=pl.col("forced").fill_null(0).cast(pl.Int64),
            cut=was_cut(pool),
        )
        .filter(pl.col("party").is_not_null(), pl.col("missing") != 0)
        .select("l", "book", "currency", "party", "booked_on", "missing", "forced", "cut", line_amount="amount")
    )


def _named(pool: Pool, named: Named) -> pl.DataFrame:
    """What lines surely name, and what they name by its digits where it is the payer's own (Pool.candidates)."""
    found = places.having(pool.named(named.hits, BARE), meant(pool, named), "l", "i")
    own = (pl.col("party") == pl.col("line_party")).fill_null(False)
    return found.filter((pl.col("strength") <= SHORTHAND) | own)


def _candidates(pool: Pool, lines: pl.DataFrame, named: Named) -> pl.DataFrame:
    """Open items of each line's party and currency, less those it names: sorted by l."""
    items = pool.items.filter(~pl.col("kind").is_in(NEVER_SUMMED)).select(
        "i", "book", "currency", "party", "issued_on", "discount_percent", "discount_until",
        item_amount="amount", due_on=pl.coalesce("due_on", "issued_on"),
    )  # fmt: skip
    keys = ["book", "currency", "party"]
    here = items.join(lines, on=keys, how="semi")
    few = here.filter(pl.len().over(keys).is_between(2, _MOST_ITEMS))
    both = lines.join(few, on=keys)
    days = (pl.col("booked_on") - pl.col("issued_on")).dt.total_days()
    in_time = places.without(
        both.filter(days.is_between(-pool.policy.party_early_days, pool.policy.party_window_days)),
        pl.concat([pool.declined, named.hits[["l", "i"]]]),
        "l",
        "i",
    )
    off = discount_minor(
        pl.col("item_amount"), pl.col("discount_percent"), pl.col("discount_until"), pl.col("booked_on")
    )
    marked = in_time.with_columns(less=pl.when(off != 0).then(pl.col("item_amount") - off))
    possible = pl.col("item_amount").filter(pl.col("item_amount").sign() == pl.col("missing").sign()).sum().over("l")
    enough = possible.abs() >= pl.col("missing").abs()
    return marked.filter(enough & (pl.len().over("l") + pl.col("forced") > 1)).sort("l", "i")


def _pairs(pool: Pool, won: pl.DataFrame, named: Named) -> pl.DataFrame:
    """The search's items, whole or less their discount, and those that the text names."""
    rule = pl.when(pl.col("forced") > 0).then(pl.lit("references_and_sum")).when(pl.col("whole") > 0).then(
        pl.lit("whole_balance")
    ).otherwise(pl.lit("proven_sum"))  # fmt: skip
    marked = won.with_columns(rule=rule)
    sure = _named(pool, named)
    forced = sure.join(marked[["l", "rule"]].unique(), on="l")
    common = {"tier": 3, "rule": pl.col("rule")}
    principal = pairs_of(marked, **common, amount=pl.col("item_amount"), role="principal", token=pl.col("party"))
    less = marked.filter(pl.col("taken") == 2)
    off = pairs_of(
        less, **common, amount=pl.col("less") - pl.col("item_amount"), item_amount=0, role="discount",
        token=pl.col("party"),
    )  # fmt: skip
    also = pairs_of(forced, **common, amount=pl.col("item_amount"), role="principal")
    return pl.concat([principal, off, also])


def unnamed(pool: Pool, named: Named) -> pl.DataFrame:
    """Free lines of one known party that surely name nothing and are of no nature of their own."""

    def work() -> pl.DataFrame:
        return places.without(pool.open_lines, named.surely, "l").filter(
            ~pl.col("on_processor"), pl.col("line_party").is_not_null(), pl.col("nature").is_null()
        )

    return pool.once("unnamed", named.hits, work)


def match_lines(pool: Pool, named: Named) -> Found:
    """Items that several lines of their party add to, within a month, when only those do and chance hardly would."""
    lines = unnamed(pool, named)
    keys = ["book", "currency", "party"]
    here = lines.select("book", "currency", "booked_on", line="l", party="line_party", line_amount="amount").filter(
        pl.len().over(keys).is_between(2, MOST_LINES)
    )
    if here.is_empty():
        return NOTHING
    items = (
        pool.items.filter(~pl.col("kind").is_in(NEVER_SUMMED))
        .select("i", *keys, "issued_on", "due_on", target="amount")
        .filter(pl.len().over(keys) <= _MOST_ITEMS)
    )
    both = items.join(here, on=keys).filter(
        pl.col("line_amount").sign() == pl.col("target").sign(),
        pl.col("line_amount").abs() < pl.col("target").abs(),
        (pl.col("booked_on") - pl.col("issued_on")).dt.total_days().is_between(0, pool.policy.party_window_days),
    )
    if both.is_empty():
        return NOTHING
    if pool.declined.height:
        both = both.join(pool.declined.rename({"l": "line"}), on=["line", "i"], how="anti")
    possible = both.filter(
        (pl.len().over("i") > 1) & (pl.col("line_amount").sum().over("i").abs() >= pl.col("target").abs())
    )
    if possible.is_empty():
        return NOTHING
    asked = possible.select(
        l="i", target="target", item_amount="line_amount", line="line", booked_on="booked_on", party="party"
    ).sort("l", "line")
    taken = search(asked, pool.policy.chance_bound, target="target").filter(pl.col("taken") > 0)
    near = (pl.col("booked_on").max() - pl.col("booked_on").min()).over("l").dt.total_days() <= _LINE_DAYS
    proven = taken.filter((pl.col("answer") == "proven") & near & (pl.len().over("l") > 1))
    contested = proven.filter(pl.col("line").is_duplicated())[["l"]]
    won = places.without(proven, contested, "l").select(
        i="l", l="line", amount="item_amount", item_amount="item_amount", party="party"
    )
    pairs = pairs_of(won, tier=3, rule="lines_together", role="principal", token=pl.col("party"))
    return Found(pairs, NOTHING.refused)
