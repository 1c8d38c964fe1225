"""Scoring: what the pipeline matched against what is true. The only place that reads the truth.

An allocation is right when the truth pairs the same line with the same counterpart. Precision counts the allocations
that were proposed, recall those that exist; a line without a counterpart that was matched counts as wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Score:
    """Counts of allocations.

    by_tier: tier, proposed, right; by_shape: shape, true, found; by_month: book, month and all four; wrong: what is not
    true.
    """

    proposed: int
    right: int
    true: int
    found: int
    by_tier: pl.DataFrame
    by_shape: pl.DataFrame
    by_month: pl.DataFrame
    wrong: pl.DataFrame

    def as_json(self) -> dict[str, Any]:
        return {
            "proposed": self.proposed,
            "right": self.right,
            "true": self.true,
            "found": self.found,
            "by_tier": self.by_tier.to_dicts(),
            "by_shape": self.by_shape.to_dicts(),
            "by_month": self.by_month.to_dicts(),
            "wrong": self.wrong.to_dicts(),
        }


def score(home: Path, allocations: pl.DataFrame, lines: pl.DataFrame) -> Score:
    """Score the allocations that stand (line_id, counter_id, amount_minor, tier) of the world in a data folder.

    lines: line_id, book and month of every line that the pipeline knows.
    """
    truth = pl.read_parquet(home / "sandbox-truth" / "truth.parquet")
    return compare(truth, allocations, lines)


def compare(truth: pl.DataFrame, allocations: pl.DataFrame, lines: pl.DataFrame) -> Score:
    """Score allocations against a truth (sandbox.world.truth.ALLOCATIONS). Pure.

    A payout and a transfer have two names each: the payout's own movement, and either leg as the line. Of two equal
    payments of which one was a mistake either may be the right one, not both.
    """
    numbered = truth.with_row_index("number").with_columns(by_twin=pl.lit(False))
    facts = ["number", "shape", "by_twin"]
    known = numbered.select(*facts, line_id="line_record_id", counter_id="other_record_id")
    also = numbered.select(*facts, line_id="line_record_id", counter_id="also_record_id")
    twin = known.with_columns(line_id=numbered["twin_record_id"], by_twin=pl.lit(True))
    named = pl.concat([known, also, twin]).drop_nulls(["line_id", "counter_id"])
    mirrored = named.filter(pl.col("shape") == "transfer").select(*facts, line_id="counter_id", counter_id="line_id")
    pairs = pl.concat([named, mirrored]).unique(["line_id", "counter_id"], keep="first", maintain_order=True)
    proposed = allocations.group_by("line_id", "counter_id", maintain_order=True).agg(pl.col("tier").min())
    judged = proposed.join(pairs, on=["line_id", "counter_id"], how="left", maintain_order="left")
    only = pl.len().over("number") == 1
    judged = judged.with_columns(right=pl.col("number").is_not_null() & (~pl.col("by_twin") | only))
    is_right = pl.col("right")
    found = judged.filter(is_right).select("number").unique()
    by_shape = (
        known.join(found.with_columns(hit=pl.lit(1)), on="number", how="left")
        .group_by("shape")
        .agg(true=pl.len().cast(pl.Int64), found=pl.col("hit").sum().cast(pl.Int64))
        .sort("shape")
    )
    by_tier = (
        judged.group_by("tier").agg(proposed=pl.len().cast(pl.Int64), right=is_right.sum().cast(pl.Int64)).sort("tier")
    )
    wrong = judged.filter(~is_right).select("line_id", "counter_id", "tier").sort("line_id", "counter_id")
    return Score(
        judged.height,
        judged.height - wrong.height,
        truth.height,
        found.height,
        by_tier,
        by_shape,
        _by_month(known, judged, found, lines),
        wrong,
    )


def _by_month(known: pl.DataFrame, judged: pl.DataFrame, found: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per book and month of the lines: proposed, right, true and found allocations."""
    month = ["book", "month"]
    proposed = (
        judged.join(lines, on="line_id")
        .group_by(month)
        .agg(proposed=pl.len().cast(pl.Int64), right=pl.col("right").sum().cast(pl.Int64))
    )
    there = (
        known.join(lines, on="line_id")
        .group_by(month)
        .agg(true=pl.len().cast(pl.Int64), found=pl.col("number").is_in(found["number"].implode()).sum().cast(pl.Int64))
    )
    either = there.join(proposed, on=month, how="full", coalesce=True).fill_null(0).sort(month)
    return either.select(*month, "proposed", "right", "true", "found")
