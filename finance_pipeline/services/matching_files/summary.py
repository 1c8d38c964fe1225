"""What a run found, in figures that add up: a booked line is matched or an exception, an item settled or open."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from finance_pipeline.matching.engine import Outcome


@dataclass(frozen=True)
class Lines:
    """Bank lines. read = later + pending + booked; booked = matched + exceptions."""

    read: int
    later: int
    """Booked after the day asked for; left out."""
    pending: int
    booked: int
    matched: int
    by_tier: dict[int, int]
    """Tier -> lines in a match of it; a line of two matches counts in the stronger."""
    exceptions: dict[str, int]
    """Reason -> lines."""


@dataclass(frozen=True)
class Open:
    """Items of one currency that are still open after the run."""

    currency: str
    items: int
    owed_to_us_minor: int
    owed_by_us_minor: int


@dataclass(frozen=True)
class Items:
    """Open items. read = later + settled_before + settled_now + what is open; partly: of those open."""

    read: int
    later: int
    settled_before: int
    settled_now: int
    partly: int
    open: tuple[Open, ...]


@dataclass(frozen=True)
class Summary:
    """What to tell of a run."""

    lines: Lines
    items: Items
    matches: int
    left_out: dict[str, int]
    """Table -> rows that were not yet known on the day asked for, lines and items aside."""
    read_ms: int
    load_ms: int
    """What loading the engine's compiled loops took, apart from its own time."""
    engine_ms: int
    write_ms: int
    files: dict[str, int]
    """Path -> rows."""
    notices: list[str] = field(default_factory=list)


def lines_of(given: pl.DataFrame, later: int, outcome: Outcome) -> Lines:
    """given: line_id and status of the lines that the engine had."""
    pending = given.filter(pl.col("status") == "pending")
    left = outcome.exceptions.join(pending, on="line_id", how="anti")
    reasons = left.group_by("reason").len().sort("len", "reason", descending=[True, False])
    tiers = (
        _lines_and_tiers(outcome)
        .join(pending, on="line_id", how="anti")
        .group_by("line_id")
        .agg(pl.col("tier").min())
        .group_by("tier")
        .len()
        .sort("tier")
    )
    by_tier = dict(tiers.iter_rows())
    return Lines(
        read=given.height + later,
        later=later,
        pending=pending.height,
        booked=given.height - pending.height,
        matched=sum(by_tier.values()),
        by_tier=by_tier,
        exceptions=dict(reasons.iter_rows()),
    )


def _lines_and_tiers(outcome: Outcome) -> pl.DataFrame:
    """line_id and tier of every part of a match, the other line's too."""
    tiers = outcome.matches.select("match_id", "tier")
    parts = outcome.allocations.select("match_id", "line_id", "other_line_id").join(tiers, on="match_id")
    others = parts.drop_nulls("other_line_id").select(line_id="other_line_id", tier="tier")
    return pl.concat([parts.select("line_id", "tier"), others])


def items_of(given: pl.DataFrame, later: int, allocations: pl.DataFrame) -> Items:
    """given: item_id, currency, amount_minor and status of the items that the engine had."""
    open_before = given.filter(pl.col("status").fill_null("open") == "open", pl.col("amount_minor") != 0)
    settled = (
        allocations.drop_nulls("item_id").group_by("item_id").agg(pl.col("item_amount_minor").sum().alias("settled"))
    )
    left = open_before.join(settled, on="item_id", how="left").with_columns(
        left=pl.col("amount_minor") - pl.col("settled").fill_null(0)
    )
    still = left.filter(pl.col("left") != 0)
    by_currency = (
        still.group_by("currency")
        .agg(
            items=pl.len(),
            owed_to_us_minor=pl.col("left").filter(pl.col("left") > 0).sum(),
            owed_by_us_minor=-pl.col("left").filter(pl.col("left") < 0).sum(),
        )
        .sort("currency")
    )
    return Items(
        read=given.height + later,
        later=later,
        settled_before=given.height - open_before.height,
        settled_now=left.height - still.height,
        partly=int(still["settled"].fill_null(0).ne(0).sum()),
        open=tuple(Open(**row) for row in by_currency.iter_rows(named=True)),
    )
