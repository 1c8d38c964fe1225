"""Tier 0: ids. Payouts, payment runs, instructions, cheques; lines that come twice, and payments that come back."""

from __future__ import annotations

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.draft import NONE
from finance_pipeline.sandbox.labelled.judge.docket import Docket
from finance_pipeline.sandbox.labelled.shapes import SHAPE

_PENDING_DAYS = 5
_LINKS = [SHAPE[name] for name in ("duplicate", "pending", "returned_payment")]


def judge_keyed(docket: Docket) -> None:
    """Lines that show an id which is one item's or one group's only, and whose amount agrees."""
    copies = pl.col("shape").is_in(_LINKS)
    lines = docket.open_lines().filter(pl.col("key").is_not_null(), ~copies)
    shown = (pl.col("end_to_end_id") == pl.col("key")) | pl.col("memo").str.contains(pl.col("key"), literal=True)
    lines = lines.filter(shown.fill_null(False)).with_columns(n=pl.len().over("book", "key")).filter(pl.col("n") == 1)
    net = pl.when(pl.col("net") != 0).then("net").otherwise("amount")
    for name in ("group", "instruction", "cheque"):
        totals = docket.items.filter(pl.col(name) != NONE).group_by(name).agg(total=net.sum())
        agreed = lines.filter(pl.col(name) != NONE).join(totals, on=name).filter(pl.col("total") == pl.col("amount"))
        docket.settle(agreed.sort("line")["line"].to_numpy(), 0, "id")


def judge_copies(docket: Docket) -> None:
    """A repeated line is known by the bank's own reference, or by an end-to-end id that is its own."""
    links = docket.parts.filter(pl.col("other") != NONE).select("line", "other")
    facts = [
        "account",
        "amount",
        "bank_reference",
        "end_to_end_id",
        "structured_shown",
        "listed_apart",
        "booked",
        "flow",
    ]
    there = links.join(docket.lines.select("line", "shape", *facts), on="line", how="left")
    there = there.join(
        docket.lines.select("line", *facts), left_on="other", right_on="line", how="left", suffix="_other"
    )
    same = (pl.col("account") == pl.col("account_other")) & (pl.col("amount") == pl.col("amount_other"))
    bank = pl.col("bank_reference") == pl.col("bank_reference_other")
    own_id = (pl.col("end_to_end_id") == pl.col("end_to_end_id_other")) & (pl.col("end_to_end_id") != "NOTPROVIDED")
    known = (bank & ~pl.col("structured_shown")).fill_null(False) | (own_id & ~pl.col("listed_apart")).fill_null(False)
    twice = there.filter((pl.col("shape") == SHAPE["duplicate"]) & same)
    docket.settle(twice.filter(known)["line"].unique().to_numpy(), 0, "repeated")
    whole = docket.payments.filter("whole", "plain").select("line")
    # Without an id a repeated line cannot be told from a second payment; nor can the first. Where that would settle
    # the rest of a document, or another part of it, nobody could know better.
    docket.mislead(twice.filter(~known).join(whole, left_on="other", right_on="line", how="anti")["line"].to_numpy())
    unknown = twice.filter(~known).join(whole, left_on="other", right_on="line", how="semi")
    docket.refuse(unknown["line"].to_numpy(), "repeated_or_paid_twice")
    docket.refuse(unknown["other"].to_numpy(), "repeated_or_paid_twice")


def judge_returns(docket: Docket) -> None:
    """What comes back is known by the payment's id, or by the number of the document that it names."""
    returns = docket.lines.filter(pl.col("shape") == SHAPE["returned_payment"])
    echoed = returns.select("line", "book", "echo", "key", "noise_item", "end_to_end_id", "memo", back="amount")
    first = docket.lines.select("line", "amount", "key", "end_to_end_id", "memo", "booked")
    pairs = echoed.join(first, left_on="echo", right_on="line", how="left", suffix="_first")
    in_first = (pl.col("end_to_end_id_first") == pl.col("key")) | pl.col("memo_first").str.contains(
        pl.col("key"), literal=True
    )
    in_back = (pl.col("end_to_end_id") == pl.col("key")) | pl.col("memo").str.contains(pl.col("key"), literal=True)
    by_id = in_first.fill_null(False) & in_back.fill_null(False)
    docket.settle(pairs.filter(by_id)["line"].unique().to_numpy(), 0, "returned")
    resolved = pl.Series(docket.resolved)
    by_number = pairs.filter(~by_id, pl.col("noise_item") != NONE, pl.col("back") == -pl.col("amount"))
    named_first = docket.lines.filter(resolved, pl.Series(docket.tier) == 1)["line"]
    by_number = by_number.filter(pl.col("echo").is_in(named_first.implode()))
    docket.settle(by_number["line"].unique().to_numpy(), 1, "returned")


def judge_pending(docket: Docket) -> None:
    """A pending line became the one posted line of its account and amount in the next days."""
    pending = docket.lines.filter(pl.col("pending") == 1)
    facts = ["book", "account", "amount"]
    booked = docket.lines.filter(pl.col("pending") == 0).select(*facts, posted="line", posted_on="booked")
    pairs = pending.select(*facts, "line", "booked").join(booked, on=facts)
    pairs = pairs.filter((pl.col("posted_on") - pl.col("booked")).is_between(0, _PENDING_DAYS))
    pairs = pairs.with_columns(n=pl.len().over("line"), m=pl.len().over("posted"))
    truth = docket.parts.filter(pl.col("other") != NONE).select("line", "other")
    one = pairs.filter((pl.col("n") == 1) & (pl.col("m") == 1)).join(truth, on="line", how="left")
    docket.settle(np.sort(one.filter(pl.col("posted") == pl.col("other"))["line"].to_numpy()), 0, "posted")
