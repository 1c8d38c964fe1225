"""Tier 0: two lines that tell of one event: a line a feed delivered twice, a pending one that was posted, a payment
that came back.

Here: lines against lines of one account. Not here: money between two accounts of ours (transfers).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.pool import AGAIN, NOTHING, Found, Pool, pairs_of
from finance_pipeline.matching.text import phrase_pattern, squeezed

_SAID_NOTHING = ("NOTPROVIDED", "NONREF", "NOREF", "NONE", "NA")
_LEAST_ID_CHARS = 6
_PENDING_DAYS = 10
_TWICE_DAYS = 3
_EVENT = ["account_id", "currency", "amount"]


def duplicates(pool: Pool, every: pl.DataFrame) -> Found:
    """Lines that a feed delivered twice: the same account, amount and id of the bank, the same days, and nothing in
    their texts that differs.

    every: booked lines, also those that stand matched. Two payments of one customer on one day look alike too, but a
    bank gives each an id of its own.
    """
    told = every.filter(pl.struct(_EVENT).is_duplicated())
    if told.is_empty():
        return NOTHING
    by_id = [_told_twice(told.filter(_is_id(name)), name) for name in ("bank_reference", "end_to_end_id")]
    both = pl.concat(by_id).unique(["l", "other_l"])
    first = both.join(both.select(other_l="l").unique(), on="other_l", how="anti")
    again = first.sort("l", "other_l").unique("l", keep="first", maintain_order=True)
    free = again.join(pool.lines.select("l"), on="l", how="semi")
    return Found(pairs_of(free, tier=0, rule=AGAIN, role="principal", field="the bank's id"), NOTHING.refused)


def _told_twice(told: pl.DataFrame, by: str) -> pl.DataFrame:
    """l, other_l, amount of lines that share an id with an earlier one (or one that stands matched) and differ in
    nothing that both say."""
    said = ["memo", "counterparty_name", "counterparty_account", "bank_reference", "end_to_end_id"]
    each = told.select("l", "held", "line_id", "booked_on", *_EVENT, *said, by_id=squeezed(pl.col(by)))
    twice = each.filter(pl.struct(*_EVENT, "by_id").is_duplicated())
    both = twice.join(twice, on=[*_EVENT, "by_id"], suffix="_first").filter(pl.col("l") != pl.col("l_first"))
    days = (pl.col("booked_on") - pl.col("booked_on_first")).dt.total_days().abs()
    near = both.filter(days <= _TWICE_DAYS, _later(), *(_agree(name) for name in said))
    return near.select("l", "amount", other_l="l_first")


def _later() -> pl.Expr:
    """Of two lines the one that stands matched was first, then the one booked first, then the one of the lesser id."""
    later = pl.col("line_id") > pl.col("line_id_first")
    day, first_day = pl.col("booked_on"), pl.col("booked_on_first")
    later = (day > first_day) | ((day == first_day) & later)
    return (~pl.col("held") & pl.col("held_first")) | ((pl.col("held") == pl.col("held_first")) & later)


def _agree(name: str) -> pl.Expr:
    """Two texts are the same, or one begins with the other, or one is missing."""
    one, other = squeezed(pl.col(name)), squeezed(pl.col(f"{name}_first"))
    return (one.str.starts_with(other) | other.str.starts_with(one)).fill_null(True)


def _is_id(column: str) -> pl.Expr:
    squeezed_id = squeezed(pl.col(column))
    return ((squeezed_id.str.len_chars() >= _LEAST_ID_CHARS) & ~squeezed_id.is_in(_SAID_NOTHING)).fill_null(False)


def posted(pending: pl.DataFrame, booked: pl.DataFrame) -> pl.DataFrame:
    """l, other_l of pending lines and the booked line that each became: same account and amount, the next days, and
    nothing in their texts or ids that differs. Alone both ways, else none.

    pending, booked: l, account_id, currency, amount, booked_on, name, words, end_to_end_id, bank_reference.
    """
    columns = ["l", *_EVENT, "booked_on", "name", "words", "end_to_end_id", "bank_reference", "counterparty_account"]
    both = pending.select(columns).join(booked.select(columns), on=_EVENT, suffix="_posted")
    days = (pl.col("booked_on_posted") - pl.col("booked_on")).dt.total_days()
    near = both.filter(days.is_between(0, _PENDING_DAYS))
    same_id = pl.any_horizontal(
        _is_id(name) & (pl.col(name) == pl.col(f"{name}_posted")) for name in ("end_to_end_id", "bank_reference")
    ).fill_null(False)
    here, there = pl.col("words").fill_null(""), pl.col("words_posted").fill_null("")
    same_words = (here.str.len_chars() >= 4) & (here == there)
    begins = (here.str.len_chars() >= 8) & (there.str.starts_with(here) | here.str.starts_with(there)) & (there != "")
    same_name = (pl.col("name") == pl.col("name_posted")).fill_null(False)
    inside = (pl.col("name").str.len_chars() >= 4) & there.str.contains(pl.col("name"), literal=True)
    told = near.with_columns(
        sure=pl.when(same_id)
        .then(3)
        .when(same_words)
        .then(2)
        .when(begins | same_name | inside.fill_null(False))
        .then(1)
    ).filter(pl.col("sure").is_not_null())
    best = told.filter(pl.col("sure") == pl.col("sure").max().over("l")).with_columns(
        days=(pl.col("booked_on_posted") - pl.col("booked_on")).dt.total_days()
    )
    nearest = best.filter(pl.col("days") == pl.col("days").min().over("l"))
    alone = (pl.len().over("l") == 1) & (pl.len().over("l_posted") == 1)
    return nearest.filter(alone).select("l", other_l="l_posted")


def returns(pool: Pool, every: pl.DataFrame) -> Found:
    """Payments that came back: a line whose text says so, and the earlier line of opposite amount that it names.

    Named by its end-to-end id, or else by the same party and exactly the same amount. What the bank keeps for it is a
    fee. The two lines make one event, and what the first was to settle stays open. every: booked lines, also those that
    stand matched.
    """
    policy = pool.policy
    came_back = _same_id_back(pool, every)
    said = pool.lines.filter(~pl.col("on_processor"), _says_returned(policy) | pl.col("l").is_in(came_back.implode()))
    if said.is_empty():
        return NOTHING
    both = _candidates(pool, said, every)
    fee = (pl.col("amount") + pl.col("amount_first")) * -1
    plausible = both.filter(pl.col("named") & (fee >= 0) & (fee <= policy.return_fee_limit_minor) | (fee == 0))
    named = plausible.filter("named")
    unnamed = plausible.join(named.select("l"), on="l", how="anti").filter(~pl.col("named") & pl.col("same_party"))
    fits = pl.concat([named, unnamed])
    won = fits.filter((pl.len().over("l") == 1) & (pl.len().over("other_l") == 1)).with_columns(
        rest=pl.col("amount") + pl.col("amount_first"),
        field=pl.when("named").then(pl.lit("end_to_end_id")).otherwise(pl.lit("party and amount")),
    )
    common = {"tier": 0, "rule": "returned_payment", "field": pl.col("field"), "token": pl.col("id")}
    principal = pairs_of(won, amount=-pl.col("amount_first"), role="principal", **common)
    fees = pairs_of(won.filter(pl.col("rest") != 0), amount=pl.col("rest"), role="fee", **common)
    return Found(pl.concat([principal, fees]), NOTHING.refused)


def _same_id_back(pool: Pool, every: pl.DataFrame) -> pl.Series:
    """l of lines whose own end-to-end id an earlier line of the other direction on their account has too."""
    keys = ["account_id", "currency", "id", "sign"]
    known = every.filter(_is_id("end_to_end_id")).select(
        "l", "account_id", "currency", "booked_on", id=squeezed(pl.col("end_to_end_id")), sign=pl.col("amount").sign()
    )
    twice = known.filter(pl.struct("account_id", "id").is_duplicated())
    first = twice.select("account_id", "currency", "id", first_on="booked_on", sign=-pl.col("sign"))
    both = twice.join(first, on=keys).filter(pl.col("booked_on") > pl.col("first_on"))
    return both.join(pool.lines.select("l"), on="l", how="semi")["l"].unique()


def _says_returned(policy: Policy) -> pl.Expr:
    code = (
        pl.col("transaction_code")
        .str.to_uppercase()
        .str.contains("RRTN|RTRN|RDDT|UPDD|UPCT|RETURN|NRTI")
        .fill_null(False)
    )
    return pl.col("words").str.contains(phrase_pattern(policy.return_words)).fill_null(False) | code


def _candidates(pool: Pool, said: pl.DataFrame, every: pl.DataFrame) -> pl.DataFrame:
    """Lines that say they are a return beside earlier lines of the other direction: named (by id) or same_party."""
    text = pl.concat_str("memo", "end_to_end_id", "bank_reference", separator=" ", ignore_nulls=True)
    here = said.select(
        "l", "account_id", "currency", "amount", "booked_on", "name", "line_party",
        said=squeezed(text).fill_null(""), sign=pl.col("amount").sign(),
    )  # fmt: skip
    taken = pool.pairs.select(l=pl.coalesce("other_l", "l")).unique()
    earlier = every.filter(pl.col("held") | pl.col("l").is_in(pool.lines["l"].implode())).join(
        taken, on="l", how="anti"
    )
    first = earlier.filter(_is_id("end_to_end_id")).select(
        "account_id", "currency", other_l="l", amount_first="amount", booked_first="booked_on",
        id=squeezed(pl.col("end_to_end_id")), name_first="name", party_first="line_party",
        sign=-pl.col("amount").sign(),
    )  # fmt: skip
    others = earlier.join(said, on="l", how="anti").select(
        "account_id", "currency", other_l="l", amount_first="amount", booked_first="booked_on",
        id=pl.lit(None, pl.String), name_first="name", party_first="line_party", sign=-pl.col("amount").sign(),
        size=-pl.col("amount"),
    )  # fmt: skip
    within = (pl.col("booked_on") - pl.col("booked_first")).dt.total_days().is_between(0, pool.policy.return_days)
    keys = ["account_id", "currency", "sign"]
    by_id = here.join(first, on=keys).filter(within & (pl.col("l") != pl.col("other_l")))
    by_id = by_id.filter(pl.col("said").str.contains(pl.col("id"), literal=True)).with_columns(named=pl.lit(True))
    by_amount = here.join(others, left_on=[*keys, "amount"], right_on=[*keys, "size"]).filter(within)
    party = (pl.col("line_party") == pl.col("party_first")).fill_null(False)
    name = (pl.col("name") == pl.col("name_first")).fill_null(False)
    columns = ["l", "other_l", "amount", "amount_first", "id", "named", "same_party"]
    return pl.concat(
        [
            by_id.with_columns(same_party=pl.lit(True)).select(columns),
            by_amount.with_columns(same_party=party | name, named=pl.lit(False)).select(columns),
        ]
    )
