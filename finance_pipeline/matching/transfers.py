"""Tier 5: money that only changed accounts of ours: opposite amounts, close in time, alone, and said to be so.

Not here: transfers between books (intercompany).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.pool import NOTHING, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import Named
from finance_pipeline.matching.text import phrase_pattern, squeezed
from finance_pipeline.matching.tolerant import in_band

_CHARGE_PART = 20
"""A charge is at most such a part of what arrived."""
_CHARGE_STEP_MINOR = 50
"""A charge that no text says to be one is in such steps: somebody else's name on two lines of a week is not rare."""
_CROWD = 100
"""More legs of one amount than this are not told apart by dates: they stay unmatched, unjoined."""


@dataclass(frozen=True)
class OwnAccount:
    """An account of ours, and how texts name it."""

    account_id: str
    processor: bool = False
    """A processor's balance: its payouts are items, never transfers."""
    names: tuple[str, ...] = ()
    """Its name, account number, IBAN; the owner's name."""


def match(pool: Pool, named: Named, own: Sequence[OwnAccount], rates: pl.DataFrame) -> Pool:
    """The pool after pairs of lines on two own accounts of one book: of opposite amounts first, then less a charge or
    at a rate of exchange where a text says that they are a transfer.
    """
    legs = _legs(pool, named, own)
    pool = pool.take(_equal(pool, legs))
    legs = _still_free(legs, pool)
    if len({account.account_id for account in own}) < 2 or not _both_ways(legs):
        return pool
    pool = pool.take(_less_a_charge(pool, legs))
    return pool.take(_at_a_rate(pool, _still_free(legs, pool), rates)) if rates.height else pool


def _still_free(legs: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    """Those of some legs whose lines a later pool still has."""
    return places.filtered(legs, places.among(legs["l"], pool.lines["l"]))


def _both_ways(legs: pl.DataFrame) -> bool:
    """Whether some of the legs left an account, and some arrived: else none is another's."""
    amounts = legs["amount"]
    return bool((amounts < 0).any() and (amounts > 0).any())


def _equal(pool: Pool, legs: pl.DataFrame) -> Found:
    """Pairs of opposite amounts in one currency, alone in their window.

    A line that came before its money left is no other leg, but reason enough for doubt about those it is near.
    """
    keys = ["book", "currency", "amount"]
    both = _near(pool, legs, keys, pl.col("amount")) if _both_ways(legs) else legs.clear()
    if both.is_empty():
        return NOTHING
    both = _nearest_named(places.without(both, _sent_elsewhere(pool, legs), "l"))
    alone = (pl.len().over("l") == 1) & (pl.len().over("other_l") == 1)
    refused_lines = pool.refused[["l"]]
    free = places.without(
        both.filter(alone & (pl.col("booked_on") <= pl.col("booked_on_other"))), refused_lines, "l"
    ).join(refused_lines, left_on="other_l", right_on="l", how="anti")
    same_name = (pl.col("name") == pl.col("name_other")).fill_null(False)
    # One side's word is enough, unless the other shows somebody else's name.
    silent = pl.when(pl.col("said")).then("name_other").otherwise("name").fill_null("")
    one_says = (pl.col("said") ^ pl.col("said_other")) & ((silent == "") | same_name)
    worded = (
        (pl.col("said") & pl.col("said_other")) | one_says | same_name | (pl.col("names_other") & pl.col("other_names"))
    )
    won = free.filter(worded | pl.lit(not pool.policy.transfer_needs_words))
    how = pl.when(pl.col("said") | pl.col("said_other")).then(pl.lit("text")).when(same_name).then(pl.lit("name"))
    pairs = pairs_of(won, tier=5, rule="transfer", role="principal", field=how.otherwise(pl.lit("amount")))
    pair = both.filter(~alone)[["l", "other_l"]]
    from_both_sides = pl.concat([pair, pair.select(l="other_l", other_l="l")])
    return Found(pairs, refusal(places.without(from_both_sides, refused_lines, "l"), SEVERAL))


def _sent_elsewhere(pool: Pool, legs: pl.DataFrame) -> pl.DataFrame:
    """l of money that left, where another leg says that it arrived in another currency, and how much was sent."""
    out = legs.filter(pl.col("amount") < 0, "said")[["l", "book", "currency", "amount", "booked_on", "account_id"]]
    back = legs.filter((pl.col("amount") > 0) & (pl.col("original_currency") != pl.col("currency")), "said").select(
        "book", currency="original_currency", amount=-pl.col("original_amount").abs(), arrived_on="booked_on"
    )
    days = (pl.col("arrived_on") - pl.col("booked_on")).dt.total_days()
    both = out.join(back, on=["book", "currency", "amount"])
    return both.filter(days.is_between(0, pool.policy.transfer_lag_days))[["l"]]


def _nearest_named(both: pl.DataFrame) -> pl.DataFrame:
    """Pairs without those of a line whose text names the account of another of its pairs."""
    named = pl.col("names_other") | pl.col("other_names")
    marked = both.with_columns(named=named)
    better = marked.filter("named")[["l", "other_l"]]
    if better.is_empty():
        return marked
    by_l, by_other = better[["l"]], better[["other_l"]]
    weak = marked.filter(~pl.col("named"))
    kept = places.without(weak, by_l, "l").join(by_other, on="other_l", how="anti")
    return pl.concat([marked.filter("named"), kept])


def _less_a_charge(pool: Pool, legs: pl.DataFrame) -> Found:
    """Pairs in one currency of which less arrived than left, by what banks charge, alone both ways."""
    both = _told(pool, legs, ["book", "currency"])
    if both.is_empty():
        return NOTHING
    charge = -(pl.col("amount") + pl.col("amount_other"))
    fits = both.filter(
        charge > 0, charge <= pool.policy.transfer_fee_limit_minor, charge * _CHARGE_PART <= pl.col("amount_other"),
        pl.col("booked_on") <= pl.col("booked_on_other"),
        (pl.col("said") & pl.col("said_other")) | (charge % _CHARGE_STEP_MINOR == 0),
    )  # fmt: skip
    won = _alone(_nearest_named(fits))
    common = {"tier": 5, "rule": "transfer_less_fee", "field": "text"}
    principal = pairs_of(won, **common, role="principal", amount=-pl.col("amount_other"))
    fee = pairs_of(won, **common, role="fee", amount=pl.col("amount") + pl.col("amount_other"))
    return Found(pl.concat([principal, fee.with_columns(other_l=pl.lit(None, pl.UInt32))]), NOTHING.refused)


def _at_a_rate(pool: Pool, legs: pl.DataFrame, rates: pl.DataFrame) -> Found:
    """Pairs in two currencies that agree at the day's rate, alone both ways. A bank that states what was sent before it
    was changed leaves no other."""
    both = _told(pool, legs, ["book"]) if legs["currency"].n_unique() > 1 else legs.clear()
    if both.is_empty():
        return NOTHING
    both = both.filter(pl.col("currency") != pl.col("currency_other"), pl.col("booked_on") <= pl.col("booked_on_other"))
    asked = both.with_columns(
        line_amount=-pl.col("amount"), line_currency="currency", item_amount="amount_other",
        item_currency="currency_other",
    )  # fmt: skip
    fits = in_band(asked, rates, pool.policy.fx_band_basis_points)
    sent = (pl.col("original_currency_other") == pl.col("currency")).fill_null(False)
    stated = sent & (pl.col("original_amount_other").abs() == -pl.col("amount"))
    otherwise = sent & ~stated
    certain = fits.filter(stated)
    rest = places.without(fits.filter(~otherwise), certain, "l").join(certain, on="other_l", how="anti")
    won = _alone(_nearest_named(pl.concat([certain, rest])))
    return Found(
        pairs_of(won, tier=5, rule="transfer_at_rate", role="principal", field="text", amount=pl.col("amount")),
        NOTHING.refused,
    )


def _told(pool: Pool, legs: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Pairs (as _near) of which both texts say that they are a transfer, or that show the same name.
    Without columns where no leg may be another's."""
    said, named = legs.filter("said"), legs.filter(pl.col("name") != "")
    both = [_near(pool, said, keys, None)] if _both_ways(said) else []
    if _both_ways(named):
        both.append(_near(pool, named, [*keys, "name"], None).with_columns(name_other="name"))
    if not both:
        return pl.DataFrame()
    pairs = pl.concat([frame.select(both[0].columns) for frame in both])
    return pairs.unique(["l", "other_l"], keep="first", maintain_order=True)


def _alone(both: pl.DataFrame) -> pl.DataFrame:
    return places.alone(both, "l", "other_l")[0]


def _near(pool: Pool, legs: pl.DataFrame, keys: list[str], amount: pl.Expr | None) -> pl.DataFrame:
    """Outgoing legs beside incoming ones of other accounts within the lag: l, other_l, and both sides' columns."""
    columns = ["l", "account_id", "booked_on", "said", "digits", "account_digits", "shown_account"]
    rest = [c for c in ("currency", "amount", "name", "original_amount", "original_currency") if c not in keys]
    out = legs.filter(pl.col("amount") < 0).select(*keys, *rest, *columns)
    into = legs.filter(pl.col("amount") > 0)
    into = into.with_columns(amount=-amount) if amount is not None else into
    into = into.select(*keys, *rest, *columns)
    most = _CROWD if amount is not None else _CROWD * 20
    if into.height > most:
        crowds = into.group_by(keys).len().filter(pl.col("len") > most)
        out = out.join(crowds, on=keys, how="anti")
    both = (
        out.join(into, on=keys, suffix="_other")
        .filter(
            pl.col("account_id") != pl.col("account_id_other"),
            (pl.col("shown_account") == pl.col("account_id_other")).fill_null(True),
            (pl.col("shown_account_other") == pl.col("account_id")).fill_null(True),
            (pl.col("booked_on") - pl.col("booked_on_other")).dt.total_days().abs() <= pool.policy.transfer_lag_days,
        )
        .rename({"l_other": "other_l"})
    )
    declined = places.without(both, pool.declined_legs, "l", "other_l")
    return declined.with_columns(
        names_other=pl.col("digits").list.contains(pl.col("account_digits_other")).fill_null(False),
        other_names=pl.col("digits_other").list.contains(pl.col("account_digits")).fill_null(False),
    )


def says(policy: Policy, own: Sequence[OwnAccount]) -> pl.Expr:
    """Whether a line's text, or its counterparty's account, says that it is a transfer between accounts of ours."""
    names = [name for account in own for name in account.names]
    numbers = pl.DataFrame({"n": names}, schema={"n": pl.String}).select(squeezed("n"))["n"]
    worded = pl.col("words").str.contains(phrase_pattern((*policy.transfer_words, *names)))
    to_own = squeezed("counterparty_account").is_in(numbers.filter(numbers != "").implode())
    return worded.fill_null(False) | to_own.fill_null(False)


def _legs(pool: Pool, named: Named, own: Sequence[OwnAccount]) -> pl.DataFrame:
    """Free bank lines that could be a leg: no sure reference, no known party, no nature of their own.

    said: its text, or its counterparty's account, says that it is one. shown_account: the account of ours that it shows
    on its other side (null: none).
    """
    said = says(pool.policy, own)
    free = pool.lines.filter(
        ~pl.col("on_processor"),
        pl.col("line_party").is_null() | said,
        pl.col("amount") != 0,
        pl.col("nature").is_null(),
    )
    each = [(name, account.account_id) for account in own for name in account.names]
    numbered = pl.DataFrame(each, schema={"n": pl.String, "shown_account": pl.String}, orient="row").select(
        "shown_account", shown_number=squeezed("n")
    )
    numbered = numbered.filter(pl.col("shown_number").str.contains("[0-9]")).unique("shown_number", keep="none")
    free = free.with_columns(shown_number=squeezed("counterparty_account")).join(
        numbered, on="shown_number", how="left", maintain_order="left"
    )
    return places.without(free, named.surely, "l").with_columns(
        said=said,
        digits=pl.concat_str("memo", "counterparty_account", separator=" ", ignore_nulls=True).str.extract_all(
            "[0-9]{4,}"
        ),
        account_digits=pl.col("account_id").str.extract("([0-9]{4})$"),
    )
