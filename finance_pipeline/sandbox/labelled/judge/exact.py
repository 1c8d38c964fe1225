"""Tiers 2 and 4: the party is known, and one open item of it has the amount, less what its terms or the line say."""

from __future__ import annotations

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.draft import NONE
from finance_pipeline.sandbox.labelled.judge.docket import Docket
from finance_pipeline.sandbox.labelled.judge.named import contradicting

_WINDOW_DAYS = 60
_NEAR_DAYS = 12
_PERIOD_DAYS = 20
_SERIES = 3
_LONG_DAYS = 1000
"""Equal items that fall due so far from each other, so many at least, and are paid so near their days, recur."""
_KEY = ["book", "party", "currency", "amount"]


def judge_exact(docket: Docket) -> None:
    """Walk through the equal items and payments of each party by date: one open item at a payment is the one."""
    lines = docket.open_lines().filter(pl.col("seen") != NONE)
    payments = lines.select(
        "book", "currency", "amount", "line", party="seen", day="booked", clear=~contradicting(docket)
    )
    asked = payments.select(_KEY).unique()
    claimed = docket.claimed().select("item")
    items = docket.free_items().join(asked, on=_KEY, how="semi").join(claimed, on="item", how="anti")
    events = pl.concat(
        [
            items.select(*_KEY, day="issued", line=pl.lit(NONE, pl.Int64), item="item", step=pl.lit(1, pl.Int64)),
            payments.select(*_KEY, "day", "line", item=pl.lit(NONE, pl.Int64), step=pl.lit(-1, pl.Int64)),
        ]
    ).sort(*_KEY, "day", pl.col("step") * -1, "line", "item")
    # At a payment, what is open before it: items so far less payments so far.
    events = events.with_columns(before=(pl.col("step").cum_sum() - pl.col("step")).over(_KEY))
    spoilt = (pl.col("step") == -1) & (pl.col("before") != 1)
    events = events.with_columns(spoilt_before=(spoilt.cast(pl.Int64).cum_sum()).over(_KEY))
    latest = pl.when(pl.col("item") != NONE).then("item").forward_fill().over(_KEY)
    events = events.with_columns(candidate=latest)
    at = events.filter(pl.col("step") == -1)
    clear = payments.filter("clear").select("line")
    single = at.filter(pl.col("spoilt_before") == 0)
    _decide(docket, single.join(clear, on="line", how="semi"))
    _mislead_by(docket, single.join(clear, on="line", how="anti"))
    several = at.filter((pl.col("spoilt_before") > 0) & (pl.col("before") >= 1)).join(clear, on="line", how="semi")
    docket.refuse(several["line"].to_numpy(), "equal_items", guess=True)


def judge_recurring(docket: Docket, beginnings: pl.DataFrame) -> None:
    """Rents and subscriptions: of three or more equal items of a party that fall due weeks apart, the one due about
    when the money came, where no older one of them is left without a payment of its own about its day.

    Such items are not interchangeable (accounting.md, 24): their dates tell them apart, one a period. A line whose name
    only begins like the party's counts as a payment of an item, but is not singled out itself. beginnings: party and
    begins, the first word of its name.
    """
    claimed = docket.claimed().select("item")
    due = pl.when(pl.col("due") != NONE).then("due").otherwise("issued")
    every = docket.items.join(claimed, on="item", how="anti").with_columns(due=due).sort(*_KEY, "due", "item")
    gap = (pl.col("due") - pl.col("due").shift(1)).over(_KEY).fill_null(_LONG_DAYS)
    apart = (gap.min() >= _PERIOD_DAYS).over(_KEY) & (pl.len() >= _SERIES).over(_KEY)
    still = pl.Series(docket.rest) == docket.items["amount"]
    series = every.filter(pl.col("party") != NONE, apart).with_columns(
        open=pl.col("item").is_in(docket.items["item"].filter(still).implode())
    )
    lines = docket.open_lines().filter(~contradicting(docket))
    payments = lines.select("line", "book", "currency", "amount", "seen", "begins", day="booked")
    known = (
        payments.filter(pl.col("seen") != NONE)
        .join(
            series.filter("open"),
            left_on=["book", "currency", "amount", "seen"],
            right_on=["book", "currency", "amount", "party"],
        )
        .with_columns(party="seen")
    )
    alike = payments.filter(pl.col("seen") == NONE).join(
        series.filter("open").join(beginnings, on="party"), on=["book", "currency", "amount", "begins"]
    )
    pairs = pl.concat([known, alike], how="diagonal")
    near = pairs.filter((pl.col("day") - pl.col("due")).abs() <= _NEAR_DAYS)
    single = near.filter((pl.len().over("line") == 1) & (pl.len().over("item") == 1))
    waiting = series.filter("open").join(single, on="item", how="anti")
    oldest = waiting.group_by(_KEY).agg(oldest=pl.col("due").min())
    asked = (
        single.filter(pl.col("seen") != NONE)
        .join(oldest, on=_KEY, how="left")
        .filter((pl.col("due") < pl.col("oldest")).fill_null(True))
    )
    paid = docket.payments.filter("whole", "plain", pl.col("item_count") == 1).select("line", "only")
    facts = asked.join(paid, on="line", how="left")
    right = pl.col("item").eq_missing(pl.col("only"))
    docket.mislead(facts.filter(~right)["line"].to_numpy())
    docket.settle(facts.filter(right).sort("line")["line"].to_numpy(), 2, "recurring")


def _decide(docket: Docket, single: pl.DataFrame) -> None:
    """Lines with one candidate: right, long after it was due, or misleading."""
    payments = docket.payments.filter("whole", "plain", pl.col("item_count") == 1).select("line", "only")
    due = docket.items.select(candidate="item", due=pl.when(pl.col("due") != NONE).then("due").otherwise("issued"))
    facts = single.join(payments, on="line", how="left").join(due, on="candidate", how="left")
    right = pl.col("candidate").eq_missing(pl.col("only"))
    timely = pl.col("day") <= pl.col("due") + _WINDOW_DAYS
    _mislead_by(docket, single)
    docket.refuse(facts.filter(right, ~timely)["line"].to_numpy(), "long_after_due")
    docket.settle(facts.filter(right, timely).sort("line")["line"].to_numpy(), 2, "party_and_amount")


def _mislead_by(docket: Docket, single: pl.DataFrame) -> None:
    """Party and amount lead to one item, whatever else stands on the line, and it is not the true one."""
    payments = docket.payments.filter("whole", "plain", pl.col("item_count") == 1).select("line", "only")
    facts = single.join(payments, on="line", how="left")
    docket.mislead(facts.filter(~pl.col("candidate").eq_missing(pl.col("only")))["line"].to_numpy())


def judge_adjusted(docket: Docket) -> None:
    """A discount in time, or the original amount that the line states, where that leaves one item of the party."""
    lines = docket.open_lines().filter(pl.col("seen") != NONE, ~contradicting(docket))
    claimed = docket.claimed().select("item")
    items = docket.free_items().filter(pl.col("party") != NONE).join(claimed, on="item", how="anti")
    tenths = pl.col("discount_tenths")
    taken = pl.col("amount").sign() * ((pl.col("amount").abs() * tenths + 500) // 1000)
    terms = items.filter(tenths > 0).with_columns(amount=pl.col("amount") - taken)
    in_time = (pl.col("day") <= pl.col("discount_until")) & (pl.col("issued") <= pl.col("day"))
    plain = lines.select("line", "book", "currency", "amount", party="seen", day="booked")
    _adjusted(docket, plain, terms.select(*_KEY, "item", "issued", "discount_until"), in_time, "discount")
    stated = lines.filter(pl.col("original_currency") != NONE)
    stated = stated.select(
        *("line", "book"), currency="original_currency", amount="original", party="seen", day="booked"
    )
    issued = pl.col("issued") <= pl.col("day")
    _adjusted(docket, stated, items.select(*_KEY, "item", "issued", "discount_until"), issued, "original_amount")


def _adjusted(docket: Docket, lines: pl.DataFrame, items: pl.DataFrame, fits: pl.Expr, why: str) -> None:
    pairs = lines.join(items, on=_KEY).filter(fits)
    pairs = pairs.with_columns(of_line=pl.len().over("line"), of_item=pl.len().over("item"))
    exact = docket.free_items().select(*_KEY, other="item")
    pairs = pairs.join(exact.unique(_KEY), on=_KEY, how="anti") if why == "discount" else pairs
    paid = docket.payments.filter("whole", pl.col("item_count") == 1).select("line", "only")
    one = pairs.filter((pl.col("of_line") == 1) & (pl.col("of_item") == 1)).join(paid, on="line", how="left")
    right = pl.col("item").eq_missing(pl.col("only"))
    docket.mislead(one.filter(~right)["line"].to_numpy())
    several = pairs.filter((pl.col("of_line") > 1) | (pl.col("of_item") > 1))
    docket.refuse(several["line"].unique().to_numpy(), "several_solutions", guess=True)
    found = one.filter(right).sort("line")["line"].to_numpy()
    docket.settle(np.unique(found), 4, why)
