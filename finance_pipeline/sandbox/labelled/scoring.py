"""Scoring of a matcher on labelled data: precision by tier, recall of the resolvable by shape, what was left alone.

An allocation is judged as a pair: a line with an item, or two lines with each other, in either order. Of lines that are
judged as one (a repeated line and its original, a document paid twice, two payments across three documents) either may
stand for the other, but not both for one truth. Of a right pair with an item the amount settled is judged besides.
A line coded to an account is judged only where it really pays something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from finance_pipeline.sandbox.labelled.frames import Labelled

BY_NATURE = "by_nature"
_PAIR = ["first", "second"]


@dataclass(frozen=True)
class Score:
    """Counts, and the frames that they are sums of.

    by_tier: tier, proposed, right, amount_right. by_shape: shape, proposed, right, amount_right, resolvable (true
    pairs of resolvable lines), found. unresolvable: why, lines, left_alone, lucky (matched, and it is true), wrong
    (matched to what is not true, in a wrong amount, or by guessing between equals). wrong: the pairs that are not true:
    line_id, item_id or other_line_id, tier, shape, why.
    """

    by_tier: pl.DataFrame
    by_shape: pl.DataFrame
    unresolvable: pl.DataFrame
    wrong: pl.DataFrame

    def total(self, name: str) -> int:
        """The sum of a column of by_shape or unresolvable (of these, lines by nature apart)."""
        if name in self.by_shape.columns:
            return int(self.by_shape[name].sum())
        return int(self.unresolvable.filter(pl.col("why") != BY_NATURE)[name].sum())

    def as_json(self) -> dict[str, Any]:
        names = ("proposed", "right", "amount_right", "resolvable", "found", "lines", "left_alone", "lucky")
        totals: dict[str, Any] = {name: self.total(name) for name in names}
        totals["unresolvable_wrong"] = self.total("wrong")
        frames = {name: getattr(self, name).to_dicts() for name in ("by_tier", "by_shape", "unresolvable")}
        return totals | frames | {"wrong": self.wrong.head(100).to_dicts()}


def scored(labelled: Labelled, allocations: pl.DataFrame) -> Score:
    """Score accepted allocations: line_id, item_id, other_line_id, item_amount_minor, tier (null where there are none).

    Pure; item_amount_minor may be null for pairs of lines and where a matcher does not say amounts.
    """
    lines = labelled.truth_lines
    truth = _pairs(labelled.truth_allocations.with_columns(tier=pl.lit(None, pl.Int16)), lines)
    truth = truth.join(lines.select("line_id", "resolvable", "shape"), on="line_id", how="left")
    proposed = _pairs(_without_codes(allocations, labelled.truth_allocations), lines)
    known = truth.select(*_PAIR, true_amount="amount", true_lines="lines", owner="line_id")
    judged = proposed.join(known, on=_PAIR, how="left", maintain_order="left")
    right = pl.col("true_lines").is_not_null() & (pl.col("lines") <= pl.col("true_lines"))
    judged = judged.with_columns(right=right).with_columns(
        amount_right=right & (pl.col("amount").eq_missing(pl.col("true_amount")) | pl.col("true_amount").is_null())
    )
    facts = lines.select("line_id", "shape", "why")
    judged = judged.join(facts, on="line_id", how="left", maintain_order="left")
    found = truth.join(judged.filter("right").select(*_PAIR), on=_PAIR, how="semi")
    return Score(_by_tier(judged), _by_shape(judged, truth, found), _unresolvable(lines, judged), _wrong(judged))


def _pairs(allocations: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row a pair: first and second (its two ends by the lines that stand for others), line_id and other_id (one
    line of it, its other end), amount of the item settled, lines (how many take part), tier (the best)."""
    unit = lines.filter(pl.col("unit_id").is_not_null()).select("line_id", "unit_id")
    named = allocations.filter(pl.col("item_id").is_not_null() | pl.col("other_line_id").is_not_null())
    named = named.join(unit, on="line_id", how="left", maintain_order="left")
    stands = pl.coalesce("unit_id", "line_id")
    by_item = named.filter(pl.col("item_id").is_not_null()).select(
        first=stands, second=pl.lit("item ") + pl.col("item_id"), line_id="line_id", other_id="item_id",
        amount="item_amount_minor", tier="tier",
    )  # fmt: skip
    low, high = pl.min_horizontal("line_id", "other_line_id"), pl.max_horizontal("line_id", "other_line_id")
    by_line = named.filter(pl.col("item_id").is_null()).select(
        first=low, second=high, line_id="line_id", other_id="other_line_id", amount=pl.lit(None, pl.Int64), tier="tier"
    )
    return (
        pl.concat([by_item, by_line])
        .group_by(*_PAIR, maintain_order=True)
        .agg(
            pl.col("line_id").first(),
            pl.col("other_id").first(),
            amount=pl.when(pl.col("amount").is_not_null().any()).then(pl.col("amount").sum()),
            lines=pl.when(pl.col("amount").is_not_null().any()).then(pl.col("line_id").n_unique()).otherwise(1),
            tier=pl.col("tier").min(),
        )
    )


def _without_codes(allocations: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Allocations to items and lines; those to accounts only of lines that really pay something, as pairs that no
    truth holds."""
    if "account_code" not in allocations.columns:
        return allocations
    paying = truth["line_id"].unique()
    coded = pl.col("account_code").is_not_null() & pl.col("line_id").is_in(paying.implode())
    neither = pl.col("item_id").is_null() & pl.col("other_line_id").is_null()
    item = pl.when(coded & neither).then(pl.lit("account ") + pl.col("account_code")).otherwise("item_id")
    return allocations.with_columns(item_id=item)


def _counts() -> dict[str, pl.Expr]:
    names = ("right", "amount_right")
    return {"proposed": pl.len().cast(pl.Int64)} | {name: pl.col(name).sum().cast(pl.Int64) for name in names}


def _by_tier(judged: pl.DataFrame) -> pl.DataFrame:
    return judged.group_by("tier").agg(**_counts()).sort("tier", nulls_last=True)


def _by_shape(judged: pl.DataFrame, truth: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """One row a shape: what was proposed on its lines, and what of its resolvable pairs was found."""
    proposed = judged.group_by("shape").agg(**_counts())
    clear = truth.filter("resolvable").group_by("shape").agg(resolvable=pl.len().cast(pl.Int64))
    hit = found.filter("resolvable").group_by("shape").agg(found=pl.len().cast(pl.Int64))
    both = proposed.join(clear, on="shape", how="full", coalesce=True).join(hit, on="shape", how="left")
    return both.with_columns(pl.exclude("shape").fill_null(0)).sort("shape")


def _unresolvable(lines: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """One row a reason: its lines, and what became of them."""
    unclear = lines.filter(~pl.col("resolvable")).select("line_id", "why", "guess")
    touched = pl.concat(
        [
            # A true pair is the business of the line that the truth gives it to, whichever end was matched.
            judged.select(line_id=pl.coalesce("owner", "line_id"), amount_right="amount_right"),
            judged.filter(~pl.col("right")).select(line_id="other_id", amount_right=pl.lit(False)),
        ]
    )
    state = touched.group_by("line_id").agg(good=pl.col("amount_right").all())
    seen = unclear.join(state, on="line_id", how="left")
    matched = pl.col("good").is_not_null()
    wrong = matched & (~pl.col("good") | pl.col("guess"))
    counted = {"left_alone": ~matched, "lucky": matched & ~wrong, "wrong": wrong}
    return (
        seen.group_by("why")
        .agg(lines=pl.len().cast(pl.Int64), **{name: each.sum().cast(pl.Int64) for name, each in counted.items()})
        .sort("why")
    )


def _wrong(judged: pl.DataFrame) -> pl.DataFrame:
    """The pairs that are not true."""
    of_item = pl.col("second").str.starts_with("item ")
    return (
        judged.filter(~pl.col("right"))
        .select(
            "line_id",
            pl.when(of_item).then("other_id").alias("item_id"),
            pl.when(~of_item).then("other_id").alias("other_line_id"),
            *("tier", "shape", "why"),
        )
        .sort("line_id", "item_id", "other_line_id")
    )
