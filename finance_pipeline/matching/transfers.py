"""Tier 5: money that only changed accounts of ours: opposite amounts, close in time, alone, and said to be so.

Not here: transfers between books (intercompany), with a fee or in two currencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from finance_pipeline.matching.pool import NOTHING, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import SHORTHAND, Named
from finance_pipeline.matching.text import phrase_pattern, squeezed

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


def match(pool: Pool, named: Named, own: Sequence[OwnAccount]) -> Found:
    """Pairs of lines on two own accounts of one book and currency, of opposite amounts, alone in their window.

    A line that came before its money left is no other leg, but reason enough for doubt about those it is near.
    """
    legs = _legs(pool, named, own)
    columns = ["l", "account_id", "booked_on", "said", "name"]
    out = legs.filter(pl.col("amount") < 0).select("book", "currency", "amount", *columns)
    into = legs.filter(pl.col("amount") > 0).select("book", "currency", -pl.col("amount"), *columns)
    keys = ["book", "currency", "amount"]
    crowds = into.group_by(keys).len().filter(pl.col("len") > _CROWD)
    both = (
        out.join(crowds, on=keys, how="anti")
        .join(into, on=keys, suffix="_other")
        .filter(
            pl.col("account_id") != pl.col("account_id_other"),
            (pl.col("booked_on") - pl.col("booked_on_other")).dt.total_days().abs() <= pool.policy.transfer_lag_days,
        )
    )
    if both.is_empty():
        return NOTHING
    both = both.rename({"l_other": "other_l"}).join(pool.declined_legs, on=["l", "other_l"], how="anti")
    alone = (pl.len().over("l") == 1) & (pl.len().over("other_l") == 1)
    refused_lines = pool.refused.select("l").unique()
    free = (
        both.filter(alone & (pl.col("booked_on") <= pl.col("booked_on_other")))
        .join(refused_lines, on="l", how="anti")
        .join(refused_lines, left_on="other_l", right_on="l", how="anti")
    )
    same_name = (pl.col("name") == pl.col("name_other")).fill_null(False)
    worded = pl.col("said") | pl.col("said_other") | same_name
    won = free.filter(worded | pl.lit(not pool.policy.transfer_needs_words))
    how = pl.when(pl.col("said") | pl.col("said_other")).then(pl.lit("text")).when(same_name).then(pl.lit("name"))
    pairs = pairs_of(won, tier=5, rule="transfer", role="principal", field=how.otherwise(pl.lit("amount")))
    pair = both.filter(~alone).select("l", "other_l")
    from_both_sides = pl.concat([pair, pair.select(l="other_l", other_l="l")])
    return Found(pairs, refusal(from_both_sides.join(refused_lines, on="l", how="anti"), SEVERAL))


def _legs(pool: Pool, named: Named, own: Sequence[OwnAccount]) -> pl.DataFrame:
    """Free bank lines that could be a leg: no sure reference, no known party, no nature of their own.

    said: its text, or its counterparty's account, says that it is one.
    """
    sure = named.hits.filter(pl.col("strength") <= SHORTHAND).select("l").unique()
    named_here = [name for account in own for name in account.names]
    numbers = pl.DataFrame({"n": named_here}, schema={"n": pl.String}).select(squeezed(pl.col("n")))["n"]
    says = pl.col("words").str.contains(phrase_pattern((*pool.policy.transfer_words, *named_here)))
    to_own = squeezed(pl.col("counterparty_account")).is_in(numbers.filter(numbers != "").implode())
    free = pool.lines.filter(
        ~pl.col("on_processor"), pl.col("line_party").is_null(), pl.col("amount") != 0, pl.col("nature").is_null()
    )
    return free.join(sure, on="l", how="anti", maintain_order="left").with_columns(
        said=says.fill_null(False) | to_own.fill_null(False)
    )
