"""Cumulative limits: how much one month may give up by itself in write-offs, fees, discounts and on exchange.

Each difference is small; a month of them need not be (accounting rules 16 and 21). What a person confirmed counts, and
is never stopped. Not here: how much one match may give up (policy), or where it is posted (ledger).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from finance_pipeline.matching.autonomy import MonthlyLimit
from finance_pipeline.matching.outcomes import Outcome
from finance_pipeline.matching.text import money_words

_NAMES = {"write_off": "write-offs", "fee": "bank and processor fees", "discount": "discounts", "fx": "exchange losses"}
_OVER = pl.Schema(
    {"match_id": pl.String, "currency": pl.String, "role": pl.String, "reached": pl.Int64, "most": pl.Int64}
)


def within_monthly_limits(
    outcome: Outcome, standing: pl.DataFrame, lines: pl.DataFrame, limits: Sequence[MonthlyLimit]
) -> Outcome:
    """The outcome without the matches by which a month would give up more than its limits; their lines are exceptions.

    standing: allocations (ALLOCATION_SCHEMA) that stand in the month. lines: line_id, booked_on, currency. Counted in
    the order of the lines' days, so that what was accepted before stays.
    """
    given_up = outcome.allocations.filter(pl.col("role").is_in([limit.role for limit in limits]))
    if given_up.is_empty():
        return outcome
    confirmed = outcome.matches.filter(pl.col("rule") == "confirmed").select("match_id")
    over = _over(given_up, standing, lines, limits).join(confirmed, on="match_id", how="anti", maintain_order="left")
    if over.is_empty():
        return outcome
    kept, matches, explanations = (
        frame.join(over, on="match_id", how="anti", maintain_order="left")
        for frame in (outcome.allocations, outcome.matches, outcome.explanations)
    )
    waiting = _waiting(outcome, over).select(outcome.exceptions.columns)
    others = outcome.exceptions.join(waiting, on="line_id", how="anti")
    exceptions = pl.concat([others, waiting]).sort("line_id")
    return replace(outcome, matches=matches, allocations=kept, explanations=explanations, exceptions=exceptions)


def _over(
    given_up: pl.DataFrame, standing: pl.DataFrame, lines: pl.DataFrame, limits: Sequence[MonthlyLimit]
) -> pl.DataFrame:
    """Matches that reach beyond a limit (_OVER), each once."""
    known = standing.join(lines.select("line_id", "currency"), on="line_id")
    used = known.group_by("role", "currency").agg(used=pl.col("amount_minor").abs().sum())
    ordered = (
        given_up.join(lines.select("line_id", "booked_on"), on="line_id", how="left")
        .sort("booked_on", "line_id", "match_id")
        .join(used, on=["role", "currency"], how="left", maintain_order="left")
        .with_columns(
            reached=pl.col("used").fill_null(0) + pl.col("amount_minor").abs().cum_sum().over("role", "currency"),
            most=_limit_of(limits),
        )
    )
    beyond = ordered.filter(pl.col("reached") > pl.col("most")).unique("match_id", keep="first", maintain_order=True)
    return beyond.select(_OVER.names())


def _limit_of(limits: Sequence[MonthlyLimit]) -> pl.Expr:
    """The limit of a role and currency: one that names the currency before one that names none; null for none."""
    found = pl.lit(None, pl.Int64)
    for limit in sorted(limits, key=lambda each: each.currency is not None):
        fits = pl.col("role") == limit.role
        if limit.currency is not None:
            fits &= pl.col("currency") == limit.currency
        found = pl.when(fits).then(pl.lit(limit.up_to_minor, pl.Int64)).otherwise(found)
    return found


def _waiting(outcome: Outcome, over: pl.DataFrame) -> pl.DataFrame:
    """Exceptions of the lines of these matches: what was found, and which limit it would break."""
    found = over.join(outcome.matches.select("match_id", "tier", "rule"), on="match_id", maintain_order="left")
    named = outcome.allocations.group_by("match_id", maintain_order=True).agg(
        items=pl.coalesce("item_id", "other_line_id", "account_code").drop_nulls().unique(maintain_order=True),
    )
    priced = found.join(named, on="match_id", maintain_order="left")
    priced = priced.with_columns(
        reached_words=money_words("reached", "currency", priced),
        most_words=money_words("most", "currency", priced),
        difference=pl.when(pl.col("role") != "fx").then("role"),
        why=pl.lit("found, but the month's limit is reached"),
    )
    said = priced.select(
        "match_id",
        reason=pl.lit("beyond_limits"),
        words=pl.format(
            "{} fits (tier {}, {}), but with it {} of the month would come to {}, more than the {} that are accepted "
            "without a person.",
            pl.col("items").list.join(", "),
            "tier",
            pl.col("rule").str.replace_all("_", " ", literal=True),
            pl.col("role").replace_strict(_NAMES, return_dtype=pl.String),
            "reached_words",
            "most_words",
        ),
        suggestions="[" + pl.struct("items", "why", "tier", "rule", "difference").struct.json_encode() + "]",
    )
    return outcome.allocations.select("match_id", "line_id").unique().join(said, on="match_id").sort("line_id")
