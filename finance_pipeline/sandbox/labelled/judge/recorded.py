"""Tier 2: receipts that the ledger holds already, of a known payer, on the account on which the money came."""

from __future__ import annotations

import polars as pl

from finance_pipeline.sandbox.labelled.draft import KIND, NONE
from finance_pipeline.sandbox.labelled.judge.docket import Docket
from finance_pipeline.sandbox.labelled.judge.named import contradicting

_RECORDED_DAYS = 7
_KEY = ["book", "account", "party", "currency", "amount"]


def judge_recorded(docket: Docket) -> None:
    """One line and one receipt of an account, a payer and an amount within a week are the same money.

    Somebody recorded that receipt since the money came, so its invoice is settled; an open invoice of that amount is
    one that nobody has recorded as paid, and no competitor.
    """
    lines = docket.open_lines().filter(pl.col("seen") != NONE, ~contradicting(docket))
    asked = lines.select("line", "book", "account", "currency", "amount", party="seen", day="booked")
    claimed = docket.claimed().select("item")
    receipts = docket.free_items().filter(pl.col("kind") == KIND["receipt_in_ledger"], pl.col("party") != NONE)
    receipts = receipts.join(claimed, on="item", how="anti").select(*_KEY, "item", "issued")
    pairs = asked.join(receipts, on=_KEY)
    pairs = pairs.filter((pl.col("day") - pl.col("issued")).abs() <= _RECORDED_DAYS)
    one = pairs.filter((pl.len().over("line") == 1) & (pl.len().over("item") == 1))
    paid = docket.payments.filter("whole", "plain", pl.col("item_count") == 1).select("line", "only")
    facts = one.join(paid, on="line", how="left")
    right = pl.col("item").eq_missing(pl.col("only"))
    docket.mislead(facts.filter(~right)["line"].to_numpy())
    docket.settle(facts.filter(right).sort("line")["line"].to_numpy(), 2, "recorded_receipt")
