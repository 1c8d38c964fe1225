"""Tier 5: transfers between own accounts, which both legs say and nothing else in their days could be.

What a leg shows of the other (its account's number, the amount before conversion) speaks against all other legs,
and where it agrees it outranks pairs that show nothing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.amounts import converted
from finance_pipeline.sandbox.labelled.draft import FLOW, NAME, NONE, Ints
from finance_pipeline.sandbox.labelled.judge.docket import Docket
from finance_pipeline.sandbox.labelled.profiles import DECIMALS

_LAG_DAYS = 5
_FEE_UNITS = 25
_BAND_PERCENT = 2


def judge_transfers(docket: Docket, rates: Ints) -> None:
    """Pairs of legs that are each other's only possible one."""
    says = (pl.col("flow") == FLOW["transfer"]) & ((pl.col("word") == 1) | (pl.col("name") == NAME["own"]))
    shown = pl.when(pl.col("counterparty_account").is_not_null()).then("own").otherwise(NONE)
    lines = docket.open_lines().with_columns(says=says, shown=shown)
    facts = ["book", "account", "currency", "amount", "booked", "says", "line", "shown"]
    facts += ["original", "original_currency"]
    out = lines.filter(pl.col("amount") < 0).select(facts)
    back = lines.filter(pl.col("amount") > 0).select(facts)
    equal = out.with_columns(size=-pl.col("amount")).join(
        back.with_columns(size=pl.col("amount")), on=["book", "currency", "size"], suffix="_back"
    )
    near = (pl.col("booked_back") - pl.col("booked")).is_between(0, _LAG_DAYS)
    equal = equal.filter(near, pl.col("account") != pl.col("account_back"), _not_denied())
    said = equal.filter(pl.col("says") | pl.col("says_back"))
    _settle_pairs(docket, said, equal)
    legs = pl.col("says") & ~pl.col("line").is_in(_resolved(docket).implode())
    pairs = out.filter(legs).join(back.filter(legs), on="book", suffix="_back")
    pairs = pairs.filter(near, pl.col("account") != pl.col("account_back"), _not_denied())
    within = _within(pairs, rates)
    pairs = pairs.filter(pl.Series(within))
    pairs = _without_outranked(pairs)
    _settle_pairs(docket, pairs, pairs)


def _not_denied() -> pl.Expr:
    """Neither leg shows the number of another account of ours, nor says that another amount was sent."""
    there = (pl.col("shown") == NONE) | (pl.col("shown") == pl.col("account_back"))
    here = (pl.col("shown_back") == NONE) | (pl.col("shown_back") == pl.col("account"))
    sent = pl.col("original_currency_back") == pl.col("currency")
    return there & here & (~sent | (pl.col("original_back").abs() == -pl.col("amount")))


def _without_outranked(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs without those that share a leg with one of better evidence (matching.md, promise 2): whose arrival states
    what the other sent; or of which a leg shows the other's account, where the rest show none."""
    sent = pl.col("original_currency_back") == pl.col("currency")
    stated = (sent & (pl.col("original_back").abs() == -pl.col("amount"))).fill_null(False)
    shown = (pl.col("shown") != NONE) | (pl.col("shown_back") != NONE)
    for better in (stated, shown):
        marked = pairs.with_columns(better=better)
        best, rest = marked.filter("better"), marked.filter(~pl.col("better"))
        rest = rest.join(best, on="line", how="anti").join(best, on="line_back", how="anti")
        pairs = pl.concat([best, rest]).drop("better")
    return pairs


def _resolved(docket: Docket) -> pl.Series:
    return docket.lines.filter(pl.Series(docket.resolved))["line"]


def _within(pairs: pl.DataFrame, rates: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether what arrived is what left, less a fee, or at the day's rate within the band."""
    sent, received = -pairs["amount"].to_numpy(), pairs["amount_back"].to_numpy()
    currency, into = pairs["currency"].to_numpy(), pairs["currency_back"].to_numpy()
    unit = np.array([10**d for d in DECIMALS])
    fee = (currency == into) & (sent >= received) & (sent - received <= _FEE_UNITS * unit[currency])
    spot = converted(sent, currency, into, pairs["booked"].to_numpy(), rates)
    rate = (currency != into) & (np.abs(spot - received) * 100 <= _BAND_PERCENT * spot)
    return np.asarray(fee | rate)


def _settle_pairs(docket: Docket, said: pl.DataFrame, rivals: pl.DataFrame) -> None:
    """Settle pairs of which neither leg could be another pair's."""
    of_out = rivals.group_by("line").agg(n=pl.len())
    of_back = rivals.group_by("line_back").agg(m=pl.len())
    counted = said.join(of_out, on="line").join(of_back, on="line_back")
    truth = docket.parts.filter(pl.col("other") != NONE).select("line", "other")
    one = counted.filter((pl.col("n") == 1) & (pl.col("m") == 1)).join(truth, on="line", how="left")
    right = pl.col("line_back").eq_missing(pl.col("other"))
    docket.mislead(np.unique(one.filter(~right)["line"].to_numpy()))
    found = one.filter(right)
    docket.settle(np.sort(np.concatenate([found["line"].to_numpy(), found["line_back"].to_numpy()])), 5, "transfer")
    several = counted.filter((pl.col("n") > 1) | (pl.col("m") > 1))
    docket.refuse(np.unique(several["line"].to_numpy()), "several_transfers", guess=True)
