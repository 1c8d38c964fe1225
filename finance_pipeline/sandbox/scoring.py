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
    """Counts of allocations. by_tier: tier, proposed, right; by_shape: shape, true, found; wrong: what is not true."""

    proposed: int
    right: int
    true: int
    found: int
    by_tier: pl.DataFrame
    by_shape: pl.DataFrame
    wrong: pl.DataFrame

    def as_json(self) -> dict[str, Any]:
        return {
            "proposed": self.proposed,
            "right": self.right,
            "true": self.true,
            "found": self.found,
            "by_tier": self.by_tier.to_dicts(),
            "by_shape": self.by_shape.to_dicts(),
            "wrong": self.wrong.to_dicts(),
        }


def score(home: Path, allocations: pl.DataFrame) -> Score:
    """Score the allocations that stand (line_id, counter_id, amount_minor, tier) of the world in a data folder."""
    truth = pl.read_parquet(home / "sandbox-truth" / "truth.parquet")
    return compare(truth, allocations)


def compare(truth: pl.DataFrame, allocations: pl.DataFrame) -> Score:
    """Score allocations against a truth: line_record_id, other_record_id, also_record_id?, shape. Pure.

    A payout and a transfer have two names each: the payout's own movement, and either leg as the line.
    """
    known = truth.with_row_index("number").select(
        "number", "shape", line_id="line_record_id", counter_id="other_record_id"
    )
    also = truth.with_row_index("number").select(
        "number", "shape", line_id="line_record_id", counter_id="also_record_id"
    )
    named = pl.concat([known, also.drop_nulls("counter_id")])
    mirrored = named.filter(pl.col("shape") == "transfer").select(
        "number", "shape", line_id="counter_id", counter_id="line_id"
    )
    pairs = pl.concat([named, mirrored]).unique(["line_id", "counter_id"], keep="first", maintain_order=True)
    proposed = allocations.group_by("line_id", "counter_id", maintain_order=True).agg(pl.col("tier").min())
    judged = proposed.join(pairs, on=["line_id", "counter_id"], how="left", maintain_order="left")
    is_right = pl.col("number").is_not_null()
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
    return Score(judged.height, judged.height - wrong.height, truth.height, found.height, by_tier, by_shape, wrong)
