"""The fold: one month from the month before.

A month starts from what was open, adds its own lines and items, keeps the matches that stand, and asks the engine
about the rest. Opening + movement = closing, by construction. A standing match stays unless what it rests on changed;
then it is retracted with the reason, and its lines and items are matched again.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.core.identity import content_hash, digest
from finance_pipeline.core.period import Month
from finance_pipeline.matching.month.candidates import ITEM_SCHEMA, LINE_SCHEMA

ALLOCATION_SCHEMA = pl.Schema(
    {
        "match_id": pl.String,
        "version": pl.Int32,
        "month": pl.String,
        "tier": pl.Int16,
        "line_id": pl.String,
        "line_amount_minor": pl.Int64,
        "item_id": pl.String,
        "item_total_minor": pl.Int64,
        "item_amount_minor": pl.Int64,
        "item_functional_minor": pl.Int64,
        "other_line_id": pl.String,
        "amount_minor": pl.Int64,
    }
)
RETRACTION_SCHEMA = pl.Schema({"match_id": pl.String, "version": pl.Int32, "reason": pl.String})


@dataclass(frozen=True)
class Opening:
    """What a month works on: LINE_SCHEMA lines without a counterpart and ITEM_SCHEMA items, carried and new."""

    lines: pl.DataFrame
    items: pl.DataFrame


@dataclass(frozen=True)
class Standing:
    """Standing matches of a book, as allocations (ALLOCATION_SCHEMA), split by the month that is folded."""

    here: pl.DataFrame
    later: pl.DataFrame


@dataclass(frozen=True)
class Kept:
    """What is left for the engine once the standing matches are applied."""

    standing: pl.DataFrame
    retractions: pl.DataFrame
    free_lines: pl.DataFrame
    free_items: pl.DataFrame
    """Items with what later standing matches hold taken off; only those with something left."""


@dataclass(frozen=True)
class Closing:
    """What the next month starts from, and a digest of it."""

    open_lines: pl.DataFrame
    open_items: pl.DataFrame
    digest: str


def open_month(carried: Opening, new: Opening, settled: pl.DataFrame) -> Opening:
    """Everything a month works on. settled: what the accounting system itself recorded as paid this month."""
    items = pl.concat([carried.items, new.items])
    return Opening(pl.concat([carried.lines, new.lines]), _settle(items, settled))


def keep_standing(opening: Opening, standing: Standing) -> Kept:
    """Apply the matches that still hold, retract those whose inputs changed, reserve what later months matched."""
    retractions = _contradicted(opening, standing.here)
    kept = standing.here.join(retractions, on=["match_id", "version"], how="anti")
    held = pl.concat([kept, standing.later])
    held_lines = pl.concat([held["line_id"], held["other_line_id"].drop_nulls()]).unique()
    held_items = _settled_by(held)
    free_items = _settle(opening.items, held_items).filter(pl.col("open_minor") != 0)
    free_lines = opening.lines.filter(~pl.col("line_id").is_in(held_lines.implode()))
    return Kept(kept, retractions, free_lines, free_items)


def close_month(opening: Opening, standing: pl.DataFrame) -> Closing:
    """What is open at the month's end, after its standing and new matches (ALLOCATION_SCHEMA)."""
    done = pl.concat([standing["line_id"], standing["other_line_id"].drop_nulls()]).unique()
    open_lines = opening.lines.filter(~pl.col("line_id").is_in(done.implode())).sort("line_id")
    open_items = _settle(opening.items, _settled_by(standing)).filter(pl.col("open_minor") != 0).sort("item_id")
    fingerprint = digest(
        content_hash(open_lines.select("line_id", "amount_minor", "evidence_hash").write_csv().encode()),
        content_hash(
            open_items.select("item_id", "open_minor", "open_functional_minor", "evidence_hash").write_csv().encode()
        ),
    )
    return Closing(open_lines, open_items, fingerprint)


def with_carrying_amounts(allocations: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """New allocations with the carrying amount each settles: what is left when it settles all, else in proportion.

    allocations: item_id, item_amount_minor, match_id, ...; items: ITEM_SCHEMA as the engine saw them. Of several
    allocations on one item in one month, the one that brings it to zero takes the remainder.
    """
    joined = allocations.join(
        items.select("item_id", "open_minor", "open_functional_minor", item_total_minor="total_minor"),
        on="item_id",
        how="left",
        maintain_order="left",
    )
    share = _proportion(pl.col("open_functional_minor"), pl.col("item_amount_minor"), pl.col("open_minor"))
    running = pl.col("item_amount_minor").cum_sum().over("item_id")
    spread = joined.with_columns(share=share, running=running)
    before = (pl.col("share").cum_sum().over("item_id") - pl.col("share")).fill_null(0)
    return spread.with_columns(
        item_functional_minor=pl.when(pl.col("running") == pl.col("open_minor"))
        .then(pl.col("open_functional_minor") - before)
        .otherwise(pl.col("share"))
    ).drop("share", "running", "open_minor", "open_functional_minor")


def matched_on(month: Month, latest_day: pl.Expr) -> pl.Expr:
    """Accounting date of a match: the day both sides were known, never before the month that found it."""
    return pl.max_horizontal(latest_day, pl.lit(month.first_day))


def empty_opening() -> Opening:
    return Opening(pl.DataFrame(schema=LINE_SCHEMA), pl.DataFrame(schema=ITEM_SCHEMA))


def _proportion(whole: pl.Expr, part: pl.Expr, of: pl.Expr) -> pl.Expr:
    """whole x part / of in integers, rounded half away from zero; of shares the sign of part."""
    wide = pl.Int128
    twice = 2 * whole.abs().cast(wide) * part.abs().cast(wide) + of.abs().cast(wide)
    return (twice // (2 * of.abs().cast(wide))).cast(pl.Int64) * whole.sign()


def _settled_by(allocations: pl.DataFrame) -> pl.DataFrame:
    """One row per item: what allocations settle of it, in its own currency and at its carrying amount."""
    return (
        allocations.filter(pl.col("item_id").is_not_null())
        .group_by("item_id")
        .agg(
            settled_minor=pl.col("item_amount_minor").sum(),
            settled_functional_minor=pl.col("item_functional_minor").sum(),
        )
    )


def _settle(items: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """Items less what settles them; without a stated carrying amount, the proportional part of it."""
    joined = items.join(settled, on="item_id", how="left", maintain_order="left").with_columns(
        pl.col("settled_minor").fill_null(0)
    )
    proportional = _proportion(pl.col("open_functional_minor"), pl.col("settled_minor"), pl.col("open_minor"))
    functional = (
        pl.when(pl.col("settled_minor") == 0)
        .then(0)
        .otherwise(
            pl.col("settled_functional_minor") if "settled_functional_minor" in settled.columns else proportional
        )
    )
    return joined.with_columns(
        open_minor=pl.col("open_minor") - pl.col("settled_minor"),
        open_functional_minor=pl.col("open_functional_minor") - functional,
    ).select(ITEM_SCHEMA.names())


def _contradicted(opening: Opening, here: pl.DataFrame) -> pl.DataFrame:
    """Standing matches of the month whose lines or items are not what they were, with the reason."""
    lines = opening.lines.select("line_id", now_minor="amount_minor")
    items = opening.items.select("item_id", now_total_minor="total_minor", now_open_minor="open_minor")
    seen = (
        here.join(lines, on="line_id", how="left")
        .join(
            lines.rename({"line_id": "other_line_id", "now_minor": "other_now_minor"}), on="other_line_id", how="left"
        )
        .join(items, on="item_id", how="left")
        .with_columns(settled_together=pl.col("item_amount_minor").sum().over("item_id"))
    )
    is_item = pl.col("item_id").is_not_null()
    overdrawn = pl.col("settled_together").abs() > pl.col("now_open_minor").abs()
    reason = (
        pl.when(pl.col("now_minor").is_null())
        .then(pl.lit("a line that it rests on no longer exists"))
        .when(pl.col("now_minor") != pl.col("line_amount_minor"))
        .then(pl.lit("the amount of its line changed"))
        .when(pl.col("other_line_id").is_not_null() & pl.col("other_now_minor").is_null())
        .then(pl.lit("the other line that it rests on no longer exists"))
        .when(pl.col("other_line_id").is_not_null() & (pl.col("other_now_minor") != -pl.col("line_amount_minor")))
        .then(pl.lit("the amount of the other line changed"))
        .when(is_item & pl.col("now_total_minor").is_null())
        .then(pl.lit("an item that it settles no longer exists or is settled elsewhere"))
        .when(is_item & (pl.col("now_total_minor") != pl.col("item_total_minor")))
        .then(pl.lit("the amount of an item that it settles changed"))
        .when(is_item & overdrawn)
        .then(pl.lit("an item that it settles has less open than it takes"))
    )
    return (
        seen.with_columns(reason=reason)
        .filter(pl.col("reason").is_not_null())
        .sort("match_id", "reason")
        .unique(["match_id", "version"], keep="first", maintain_order=True)
        .select(RETRACTION_SCHEMA.names())
    )
