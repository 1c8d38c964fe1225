"""Tier 3: sums. A party's whole open balance, its only subset that adds up, and totals that the tables give."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.draft import FLOW, KIND, NONE, Ints
from finance_pipeline.sandbox.labelled.judge.docket import Docket
from finance_pipeline.sandbox.labelled.judge.named import contradicting

_MOST_ITEMS = 14
_BOUND = 2e-5
"""A fifth of what the rules allow: estimates of chance differ, and what only one of them proves is not singled out."""
_NEAR_DAYS = 7
_WIDTH_OF_NORMAL = 2.5066
"""sqrt(2 pi): a sum of many parts is nearest to its mean once in so many standard deviations."""


def judge_totals(docket: Docket) -> None:
    """Payouts without an id, acquirers' days, days of recorded receipts: a total known from the tables."""
    items = docket.free_items()
    net = pl.when(pl.col("net") != 0).then("net").otherwise("amount")
    receipt, payout = pl.col("kind") == KIND["receipt_in_ledger"], pl.col("kind") == KIND["payout"]
    ungrouped = (pl.col("group") == NONE) & (pl.col("processor") != NONE) & (pl.col("available") != NONE)
    ways = (
        (["payout", "acquirer", "payment_run"], pl.col("group") != NONE, ["book", "group"], _when(payout)),
        (["acquirer"], ungrouped, ["book", "currency", "processor", "available"], pl.col("available")),
        (["cash"], receipt & (pl.col("party") == NONE), ["book", "account", "issued"], pl.col("issued")),
    )
    for flows, chosen, key, day in ways:
        totals = (
            items.filter(chosen)
            .group_by(key)
            .agg(
                pl.col("processor").first().alias("processor_"),
                currency_=pl.col("currency").first(),
                total=net.sum(),
                day=day.max(),
                members=pl.col("item").sort(),
            )
        )
        _match_totals(docket, totals, [FLOW[name] for name in flows])


def _when(payout: pl.Expr) -> pl.Expr:
    return pl.when(payout | (pl.col("available") != NONE)).then("available").otherwise("issued")


def _match_totals(docket: Docket, totals: pl.DataFrame, flows: list[int]) -> None:
    """One total and one line of the book, amount and week; a processor's money says whose it is."""
    lines = docket.open_lines().filter(pl.col("flow").is_in(flows))
    asked = lines.select(
        *("line", "book"), processor_="processor", currency_="currency", total="amount", booked="booked"
    )
    pairs = asked.join(totals, on=["book", "processor_", "currency_", "total"])
    pairs = pairs.filter((pl.col("booked") - pl.col("day")).abs() <= _NEAR_DAYS)
    pairs = pairs.with_row_index("pair").with_columns(
        of_line=pl.len().over("line"), first=pl.col("members").list.first()
    )
    pairs = pairs.with_columns(of_total=pl.len().over("first"))
    one = pairs.filter((pl.col("of_line") == 1) & (pl.col("of_total") == 1))
    _settle_members(docket, one.select("line", "members"), "known_total")
    several = pairs.filter((pl.col("of_line") > 1) | (pl.col("of_total") > 1))
    docket.refuse(several["line"].unique().to_numpy(), "several_totals", guess=True)


def _settle_members(docket: Docket, found: pl.DataFrame, why: str) -> None:
    """Settle lines whose found items are those that they really pay; the others would be misled."""
    truth = docket.parts.filter(pl.col("item") != NONE).group_by("line").agg(true=pl.col("item").unique().sort())
    facts = found.join(truth, on="line", how="left")
    right = pl.col("members").eq_missing(pl.col("true"))
    docket.mislead(facts.filter(~right)["line"].to_numpy())
    docket.settle(facts.filter(right).sort("line")["line"].to_numpy(), 3, why)


def judge_subsets(docket: Docket) -> None:
    """A party's open items at the line's date: all of them, or the only ones that add to it."""
    lines = docket.open_lines().filter(pl.col("seen") != NONE, ~contradicting(docket))
    asked = lines.select("line", "book", "currency", "amount", party="seen", day="booked")
    left = _gathered(asked, docket.free_items())
    then = docket.items.with_columns(paid_on=pl.Series(docket.paid_on))
    balance = _gathered(asked, then, pl.col("paid_on") > pl.col("day")).select("line", owed="balance")
    left = left.join(balance, on="line", how="left", maintain_order="left")
    # What the party owed then, and nothing of it was paid by anybody else.
    all_of_it = (pl.col("balance") == pl.col("amount")) & (pl.col("owed") == pl.col("amount")) & (pl.col("count") > 1)
    whole = left.filter(all_of_it)
    found = [whole.select("line", members="items").with_columns(why=pl.lit("whole_balance"))]
    unclaimed = _gathered(asked.join(whole, on="line", how="anti"), docket.free_items(), claimed=docket.claimed())
    rest = unclaimed.filter(pl.col("count").is_between(2, _MOST_ITEMS))
    for (count,), part in rest.partition_by("count", as_dict=True).items():
        found.append(_subsets(docket, part, int(str(count))).with_columns(why=pl.lit("only_subset")))
    every = pl.concat(found)
    # Two lines that would take the same item: neither is singled out.
    used = every.explode("members").with_columns(n=pl.len().over("members"))
    shared = used.filter(pl.col("n") > 1)["line"].unique()
    docket.refuse(shared.to_numpy(), "several_subsets", guess=True)
    clear = every.filter(~pl.col("line").is_in(shared.implode()))
    for why in ("whole_balance", "only_subset"):
        _settle_members(docket, clear.filter(pl.col("why") == why).select("line", "members"), why)


def _gathered(
    asked: pl.DataFrame, items: pl.DataFrame, *fits: pl.Expr, claimed: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One row a line: the items of its party that were issued by its date, their amounts, number and sum; of what is
    claimed (line, item) only its own, which is named."""
    known = items.filter(pl.col("party") != NONE)
    pairs = asked.join(known.rename({"amount": "worth"}), on=["book", "party", "currency"])
    pairs = pairs.filter(pl.col("issued") <= pl.col("day"), *fits).sort("line", "item")
    claims = pairs.select("line", "item").clear() if claimed is None else claimed
    own = claims.with_columns(named=pl.lit(True))
    pairs = pairs.join(own, on=["line", "item"], how="left", maintain_order="left").with_columns(
        pl.col("named").fill_null(False)
    )
    others = pairs.filter(~pl.col("named")).join(claims.select("item"), on="item", how="semi")
    pairs = pairs.join(others, on=["line", "item"], how="anti", maintain_order="left")
    return pairs.group_by("line", maintain_order=True).agg(
        pl.col("amount").first(),
        items=pl.col("item"),
        worths=pl.col("worth"),
        named=pl.col("named"),
        count=pl.len().cast(pl.Int64),
        balance=pl.col("worth").sum(),
    )


def _subsets(docket: Docket, lines: pl.DataFrame, count: int) -> pl.DataFrame:
    """Of lines with so many open items each: those with one subset that adds to the amount and has all that the line
    names (what a text names surely is in it: evidence outranks amount), proven by the bound."""
    masks = ((np.arange(1 << count)[:, None] >> np.arange(count)) & 1).astype(np.int64)
    several: list[np.ndarray[Any, Any]] = []
    chosen: list[pl.DataFrame] = []
    step = max((1 << 21) >> count, 1)
    for start in range(0, lines.height, step):
        part = lines[start : start + step]
        worths = np.array(part["worths"].to_list(), dtype=np.int64)
        named = np.array(part["named"].to_list(), dtype=np.int64)
        complete = (masks @ named.T) == named.sum(axis=1)
        hits = ((masks @ worths.T) == part["amount"].to_numpy()) & complete
        solutions = hits.sum(axis=0)
        size = masks[hits.argmax(axis=0)].sum(axis=1)
        proven = (solutions == 1) & (size > 1) & (coincidences(worths) <= _BOUND)
        several.append(part["line"].to_numpy()[solutions > 1])
        docket.refuse(part["line"].to_numpy()[(solutions == 1) & ~proven & (size > 1)], "chance_too_great")
        picked = masks[hits.argmax(axis=0)][proven].astype(bool)
        owned = np.array(part["items"].to_list(), dtype=np.int64)[proven]
        members = [owned[row][picked[row]].tolist() for row in range(len(owned))]
        mine = part.filter(pl.Series(proven)).select("line")
        chosen.append(mine.with_columns(members=pl.Series(members, dtype=pl.List(pl.Int64))))
    docket.refuse(np.concatenate(several), "several_subsets", guess=True)
    return pl.concat(chosen)


def coincidences(worths: Ints) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Expected number of subsets that hit a given amount by chance; worths: shape (lines, items), minor units.

    2**n sums lie about their mean with the spread of n halves; amounts that are all multiples of some unit hit each
    other that much more often.
    """
    spread = np.sqrt((worths.astype(np.float64) ** 2).sum(axis=1)) / 2
    unit = np.gcd.reduce(np.abs(worths), axis=1)
    return np.asarray(2.0 ** worths.shape[1] * unit / (_WIDTH_OF_NORMAL * spread))
