"""Tier 1: lines on which every document that they pay is named, and nothing contradicts it."""

from __future__ import annotations

import polars as pl

from finance_pipeline.sandbox.labelled.draft import MENTION, NONE, Ints
from finance_pipeline.sandbox.labelled.judge.docket import CONTRADICTED, Docket
from finance_pipeline.sandbox.labelled.shapes import PLAN

_ADVICE_DAYS = 10
_CENTS_MINOR = 50
_CHARGES_MINOR = (
    *(500, 600, 700, 750, 800, 900, 1_000, 1_200, 1_250, 1_500, 1_750, 1_800, 2_000, 2_200, 2_500, 2_800, 3_000),
    *(3_500, 4_000, 4_500, 5_000),
)
"""What may be written off, and the schedule of charges, by the documented defaults of the policy."""
_LATE = [PLAN[name] for name in ("short_beyond_limit", "discount_late")]


def judge_named(docket: Docket, mentions: pl.DataFrame) -> None:
    """Settle what is named; note what contradicts, so that weaker evidence does not overrule a reference."""
    mentions = _with_advices(docket, mentions)
    payments = docket.payments
    exact = payments.filter("whole", "plain").select("line", exact=pl.lit(True), alone=pl.col("item_count") == 1)
    frame = mentions.join(exact, on="line", how="left", maintain_order="left")
    frame = frame.with_columns(pl.col("exact", "alone").fill_null(False))
    within = pl.col("unique_party") & (pl.col("group") == pl.col("owner"))
    strong = (pl.col("unique") | within) & ~pl.col("mention").is_in([MENTION["typo"], MENTION["other_document"]])
    agreed = pl.col("unique_amount") & pl.col("exact") & pl.col("alone")
    near = (pl.col("slip_book") == 1) | ((pl.col("slip_party") == 1) & (pl.col("group") == pl.col("owner")))
    mistyped = (pl.col("mention") == MENTION["typo"]) & pl.col("survives") & ~pl.col("exists") & near
    cut = pl.col("unique_beginning") & (pl.col("group") == pl.col("owner")) & pl.col("exact") & pl.col("alone")
    slip = mistyped & pl.col("exact") & pl.col("alone")
    named = strong | pl.col("by_advice") | agreed | slip | cut | (pl.col("unique_together") & pl.col("exact"))
    frame = frame.with_columns(named=named)
    good = frame.filter("named").select("line", "item").unique()
    docket.named = good
    wanted = docket.parts.filter(pl.col("item") != NONE).select("line", "item").unique()
    missing = wanted.join(good, on=["line", "item"], how="anti").select("line").unique()
    whole = wanted.join(missing, on="line", how="anti").select("line").unique()
    whole = whole.join(_contradicted(docket, frame), on="line", how="anti")
    late = docket.lines.filter(pl.col("plan").is_in(_LATE)).select("line")
    refused = whole.join(late, on="line", how="semi")
    docket.refuse(refused["line"].to_numpy(), "beyond_the_rules")
    docket.mislead(_tolerated(docket, late))
    docket.settle(whole.join(late, on="line", how="anti").sort("line")["line"].to_numpy(), 1, "named")


def _tolerated(docket: Docket, lines: pl.DataFrame) -> Ints:
    """Of lines of one document that come short beyond the limit, those that do so by just what the rules allow: cents
    (a limit in minor units is more in a currency without them), or a charge of the known schedule (tier 4). They read
    like a payment in full, and nobody could know better."""
    paid = docket.payments.join(lines, on="line", how="semi").filter(pl.col("item_count") == 1)
    items = docket.items.select(only="item", worth="amount")
    money = docket.lines.select("line", "plan", line_amount="amount")
    facts = paid.join(items, on="only").join(money, on="line")
    gap = (pl.col("worth") - pl.col("line_amount")).abs()
    charged = gap.is_in(_CHARGES_MINOR) & (gap * 10 <= pl.col("worth").abs())
    short = facts.filter(pl.col("plan") == PLAN["short_beyond_limit"], (gap <= _CENTS_MINOR) | charged)
    return short["line"].sort().to_numpy()


def _contradicted(docket: Docket, frame: pl.DataFrame) -> pl.DataFrame:
    """Lines whose reference is another's, or one that two lines claim.

    A reference to another document is only seen to be wrong where its amount is another, and the line shows somebody
    else or is the exact amount of one of its own: otherwise it reads like a payment of that document, in full or in
    part, and nobody could know better.
    """
    other = frame.filter((pl.col("mention") == MENTION["other_document"]) | pl.col("exists"))
    own = (pl.col("in_party") > 0) | pl.col("exists_own")
    known = (pl.col("in_book") > 0) | pl.col("exists")
    agreed = (pl.col("in_amount") > 0) | pl.col("exists_agreed")
    plausible = known & ((pl.col("seen") == NONE) | agreed | (own & ~(pl.col("exact") & pl.col("alone"))))
    docket.mislead(other.filter(plausible.fill_null(False))["line"].unique().to_numpy())
    docket.refuse(other.filter(known.fill_null(False))["line"].unique().to_numpy(), "reference_of_another")
    noisy = docket.lines.filter((pl.col("noise") == 1) | (pl.col("noise_item") != NONE))
    unknown = noisy.join(other.filter(known.fill_null(False)), on="line", how="anti")
    docket.refuse(unknown["line"].to_numpy(), "reference_unknown")
    twice = docket.lines.filter(pl.col("plan") == PLAN["paid_twice"])
    docket.refuse(twice["line"].to_numpy(), "claimed_twice")
    again = docket.lines.filter(pl.Series(docket.why) == "repeated_or_paid_twice")
    return pl.concat([each.select("line") for each in (other, noisy, twice, again)]).unique()


def contradicting(docket: Docket) -> pl.Expr:
    """Whether a line's reference contradicts whatever else it shows."""
    return pl.col("line").is_in(docket.lines.filter(pl.Series(docket.why).is_in(CONTRADICTED))["line"].implode())


def _with_advices(docket: Docket, mentions: pl.DataFrame) -> pl.DataFrame:
    """With by_advice: the document is named by an advice that can belong to this line only."""
    advised = mentions.filter(pl.col("mention") == MENTION["advice"]).select("line").unique()
    booked = docket.lines.filter(pl.col("pending") == 0, pl.col("flow") >= 0)
    total = booked.join(advised, on="line", how="semi").select("line", "currency", "amount", "booked", "party")
    rivals = booked.select("currency", "amount", other="line", other_day="booked", other_seen="seen")
    pairs = total.join(rivals, on=["currency", "amount"])
    pairs = pairs.filter((pl.col("booked") - pl.col("other_day")).abs() <= _ADVICE_DAYS)
    shown = (pl.col("other_seen") == pl.col("party")) & (pl.col("other") == pl.col("line"))
    also = (pl.col("other_seen") == pl.col("party")) | (pl.col("other_seen") == NONE)
    found = pairs.group_by("line").agg(alone=pl.len() == 1, by_payer=shown.any() & (also.sum() == 1))
    clear = found.filter(pl.col("alone") | pl.col("by_payer")).select("line", by_advice=pl.lit(True))
    frame = mentions.join(clear, on="line", how="left", maintain_order="left")
    reached = (pl.col("mention") == MENTION["advice"]) & (pl.col("in_book") == 1)
    return frame.with_columns(by_advice=pl.col("by_advice").fill_null(False) & reached)
