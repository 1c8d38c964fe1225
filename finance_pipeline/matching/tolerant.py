"""Tier 4: amounts that agree but for something known: an early-payment discount, or a rate of exchange.

Here: lines of one item that differ by just that. Not here: discounts and fees with a number (proposals), parts and
cents (parts), several items together (by_subset).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.money import exponent
from finance_pipeline.matching import places
from finance_pipeline.matching.by_subset import unnamed
from finance_pipeline.matching.parts import joined_digits
from finance_pipeline.matching.pool import NOTHING, RECORDED, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import BARE, SHORTHAND, Named
from finance_pipeline.matching.terms import discount_minor
from finance_pipeline.matching.text import folded, one_edit_pairs, squeezed

_RATE_AGE_DAYS = 7
_SCALE = 10_000_000_000
_NEVER = ("payout", "receipt_in_ledger", *RECORDED)


def match(pool: Pool, named: Named, rates: pl.DataFrame) -> Pool:
    """The pool after lines of one item less what is known.

    A payment in another currency that names its item has the right amount if it lies in the policy's band round the
    day's rate. One that names none needs its party, and nothing else of that party that it could mean.
    """
    if rates.height:
        pool = pool.take(_named_by_rate(pool, named, rates))
    pool = pool.take(_by_party_discounted(pool, named))
    return pool.take(_by_party_and_rate(pool, named, rates)) if rates.height else pool


def _named_by_rate(pool: Pool, named: Named, rates: pl.DataFrame) -> Found:
    """Lines that name one item in another currency, and none in their own."""
    every = pool.named(named.hits, BARE)
    if not every["foreign"].any():
        return NOTHING
    at_home = every.filter(~pl.col("foreign"), pl.col("strength") <= SHORTHAND)[["l"]]
    candidates = places.without(every, at_home, "l").filter(
        "foreign", ~pl.col("stranger"), pl.col("item_amount").sign() == pl.col("line_amount").sign()
    )
    own = (pl.col("party") == pl.col("line_party")).fill_null(False)
    # Of an unknown payer a number that other documents may be short for too is nobody's: any rate is near some amount.
    if candidates.is_empty():
        return NOTHING
    several = named.hits.filter(pl.len().over("l", "token") > 1)[["l", "token"]]
    surely = candidates.filter(~own, pl.col("strength") <= SHORTHAND).join(several, on=["l", "token"], how="anti")
    sure = pl.concat([candidates.filter(own), surely])
    fits = in_band(places.alone(sure, "l", "i")[0], rates, pool.policy.fx_band_basis_points)
    pairs = pairs_of(fits, tier=4, rule="reference_at_rate", amount=pl.col("line_amount"), role="principal")
    return Found(pairs, NOTHING.refused)


def _by_party_and_rate(pool: Pool, named: Named, rates: pl.DataFrame) -> Found:
    """Lines of one party whose only open item near the amount at the day's rate is in another currency, and very near.

    A text with a document's number (letters before digits) that we do not know speaks of something else, unless that is
    one keystroke from the item's; so does one that has the digits of another document, of the line's amount or at the
    end of a longer number.
    """
    lines = unnamed(pool, named).select(
        "l",
        "book",
        "booked_on",
        "line_party_how",
        party="line_party",
        line_amount="amount",
        line_currency="currency",
    )
    if lines.is_empty():
        return NOTHING
    items = _items(pool).select(
        "i", "book", "party", "issued_on", "due_on", item_amount="amount", item_currency="currency"
    )
    both = lines.join(items, on=["book", "party"]).filter(
        pl.col("item_currency") != pl.col("line_currency"),
        pl.col("item_amount").sign() == pl.col("line_amount").sign(),
        _in_window(pool),
    )
    if both.is_empty():
        return NOTHING
    fits = in_band(places.without(both, pool.declined, "l", "i"), rates, pool.policy.fx_band_basis_points)
    # What it speaks of otherwise is asked only of the few lines that fit.
    fits = places.without(fits, _of_others(pool, named, fits), "l")
    if fits.is_empty():
        return NOTHING
    fits = places.without(fits, _of_another(fits, pool, named), "l", "i")
    alone, several = places.alone(fits, "l", "i")
    near = in_band(alone, rates, pool.policy.fx_unnamed_band_basis_points)
    pairs = pairs_of(
        near, tier=4, rule="party_at_rate", amount=pl.col("line_amount"), role="principal",
        token=pl.col("party"), field=pl.col("line_party_how"),
    )  # fmt: skip
    return Found(pairs, refusal(several, SEVERAL))


def _of_others(pool: Pool, named: Named, fits: pl.DataFrame) -> pl.DataFrame:
    """l of lines whose digits are those of a document that is exactly of the line's amount; or the end of a number,
    and of no document of the payer's."""
    bare = places.having(named.hits, fits, "l").filter(pl.col("strength") == BARE)
    if bare.is_empty():
        return bare
    bare = places.met(bare, pool.open_lines[["l", "amount", "line_party", "memo"]], "l")
    exact = bare.join(pool.items[["i", "amount"]], on=["i", "amount"], how="semi")[["l"]]
    whose = bare.join(named.every_item[["i", "party"]], on="i", how="left")
    own = (pl.col("party") == pl.col("line_party")).fill_null(False).any().over("l")
    return pl.concat([exact, whose.filter(joined_digits(folded("memo")) & ~own)[["l"]]])


def _of_another(fits: pl.DataFrame, pool: Pool, named: Named) -> pl.DataFrame:
    """l, i where the text has a document's number that is nobody's, and not nearly the item's."""
    unknown = named.tokens.filter(~pl.col("known"), pl.col("text").str.contains("^[A-Z]+[0-9]+$"))
    said = fits[["l", "i"]].join(unknown[["l", "text"]], on="l")
    if said.is_empty():
        return said[["l", "i"]]
    numbers = places.having(pool.items[["i", "number"]], said, "i").drop_nulls()
    texts = said[["l", "i"]].join(numbers.select("i", text=squeezed("number")), on="i")
    near = one_edit_pairs(said, texts, ["l", "i"])
    return said.join(near, on=["l", "i", "text"], how="anti")[["l", "i"]]


def _by_party_discounted(pool: Pool, named: Named) -> Found:
    """Lines of one party that are one of its items less the discount for paying in time, and could be no other."""
    lines = unnamed(pool, named).select(
        "l", "book", "currency", "booked_on", "line_party_how", party="line_party", line_amount="amount"
    )
    if lines.is_empty() or pool.items["discount_percent"].null_count() == pool.items.height:
        return NOTHING
    items = _items(pool).filter(pl.col("discount_percent").is_not_null()).select(
        "i", "book", "currency", "party", "issued_on", "due_on", "discount_percent", "discount_until",
        item_amount="amount",
    )  # fmt: skip
    both = lines.join(items, on=["book", "currency", "party"]).filter(_in_window(pool))
    if both.is_empty():
        return NOTHING
    off = discount_minor(
        pl.col("item_amount"), pl.col("discount_percent"), pl.col("discount_until"), pl.col("booked_on")
    )
    fits = places.without(both.with_columns(off=pl.col("line_amount") - pl.col("item_amount"), expected=-off).filter(
        pl.col("expected") != 0, (pl.col("off") - pl.col("expected")).abs() <= 1
    ), pool.declined, "l", "i")  # fmt: skip
    won, several = places.alone(fits, "l", "i")
    common = {"tier": 4, "rule": "party_and_discount", "token": pl.col("party"), "field": pl.col("line_party_how")}
    principal = pairs_of(won, **common, amount=pl.col("item_amount"), role="principal")
    discount = pairs_of(won, **common, amount=pl.col("off"), item_amount=0, role="discount")
    return Found(pl.concat([principal, discount]), refusal(several, SEVERAL))


def _items(pool: Pool) -> pl.DataFrame:
    return places.without(pool.items.filter(~pl.col("kind").is_in(_NEVER)), pool.refused, "i")


def _in_window(pool: Pool) -> pl.Expr:
    """Issued before the money, and not long due."""
    days = (pl.col("booked_on") - pl.col("issued_on")).dt.total_days()
    late = (pl.col("booked_on") - pl.coalesce("due_on", "issued_on")).dt.total_days()
    return (days >= -pool.policy.party_early_days) & (late <= pool.policy.party_late_days)


def in_band(pairs: pl.DataFrame, rates: pl.DataFrame, band: int) -> pl.DataFrame:
    """Pairs (line_amount, line_currency, item_amount, item_currency, booked_on) that agree at the day's rate, to a band
    in hundredths of a per cent. The rate is the latest within a week; a missing one fits nothing.
    """
    if pairs.is_empty():
        return pairs
    priced = _with_rate(_with_rate(pairs, rates, "line_currency", "line_rate"), rates, "item_currency", "item_rate")
    codes = pl.concat([pairs["line_currency"], pairs["item_currency"]]).unique().to_list()
    digits = {code: exponent(code) for code in codes}
    scale = pl.lit(10, pl.Int128)
    line_unit = scale.pow(pl.col("line_currency").replace_strict(digits, return_dtype=pl.UInt32))
    item_unit = scale.pow(pl.col("item_currency").replace_strict(digits, return_dtype=pl.UInt32))
    expected = (
        pl.col("item_amount").cast(pl.Int128) * pl.col("line_rate") * line_unit // (pl.col("item_rate") * item_unit)
    )
    apart = (pl.col("line_amount").cast(pl.Int128) - expected).abs()
    fits = priced.filter((apart * 10_000 <= expected.abs() * band + 10_000).fill_null(False))
    return fits.drop("line_rate", "item_rate")


def _with_rate(pairs: pl.DataFrame, rates: pl.DataFrame, currency: str, into: str) -> pl.DataFrame:
    """pairs with the rate of a currency per euro, as a whole number of 1/_SCALE; null without one of the last week."""
    if (pairs[currency] == "EUR").all():
        return pairs.sort("booked_on").with_columns(pl.lit(_SCALE, pl.Int128).alias(into))
    known = rates.filter(pl.col("currency") != "EUR").select(
        pl.col("currency").alias(currency), rate_on="date", **{into: (pl.col("per_eur") * _SCALE).cast(pl.Int128)}
    )
    joined = pairs.sort("booked_on").join_asof(
        known.sort("rate_on"), left_on="booked_on", right_on="rate_on", by=currency, strategy="backward",
        tolerance=f"{_RATE_AGE_DAYS}d", check_sortedness=False,
    )  # fmt: skip
    euro = pl.when(pl.col(currency) == "EUR").then(pl.lit(_SCALE, pl.Int128)).otherwise(into)
    return joined.with_columns(euro.alias(into)).drop("rate_on", strict=False)
