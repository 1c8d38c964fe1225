"""Two policies on the same history: what each would have accepted, and where it contradicts what people decided.

Pure: frames of what each accepted in, comparison out. Not here: how a history is replayed
(services.reconciliation.backtest).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching.month.frames import ON_ACCOUNT

ACCEPTED = pl.Schema(
    {
        "line_id": pl.String(),
        "tier": pl.Int16(),
        "rule": pl.String(),
        "named": pl.List(pl.String),
        "words": pl.String(),
    }
)
"""One row per line that was accepted; named: everything that it was matched with, sorted."""
COMPARED = pl.Schema(
    {
        "line_id": pl.String(),
        "change": pl.String(),
        "tier": pl.Int16(),
        "rule": pl.String(),
        "before": pl.List(pl.String),
        "after": pl.List(pl.String),
        "words": pl.String(),
    }
)
"""One row per line that either accepts. change: same, newly accepted, no longer accepted, changed. tier, rule and words
are of the new policy, of the old where it alone accepts."""
CONTRADICTIONS = pl.Schema({"line_id": pl.String, "tier": pl.Int16, "rule": pl.String, "words": pl.String})
"""One row per line and decision of a person that an accepted match contradicts."""


def accepted(standing: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Standing matches (frames.ALLOCATION_SCHEMA) as ACCEPTED. words: match_id, words."""
    rows = standing.filter(pl.col("relation").ne_missing(pl.lit(ON_ACCOUNT)))
    return (
        rows.with_columns(named=pl.coalesce("other_line_id", "item_id", "account_code"))
        .group_by("line_id")
        .agg(
            pl.col("tier", "rule", "match_id").first(),
            named=pl.col("named").drop_nulls().unique().sort(),
        )
        .join(words, on="match_id", how="left")
        .select(ACCEPTED.names())
        .sort("line_id")
    )


def compared(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """What changes between two policies (COMPARED), by line."""
    both = old.join(new, on="line_id", how="full", coalesce=True, suffix="_new")
    change = (
        pl.when(pl.col("named").is_null())
        .then(pl.lit("newly accepted"))
        .when(pl.col("named_new").is_null())
        .then(pl.lit("no longer accepted"))
        .when(pl.col("named") == pl.col("named_new"))
        .then(pl.lit("same"))
        .otherwise(pl.lit("changed"))
    )
    return both.select(
        "line_id",
        change=change,
        tier=pl.coalesce("tier_new", "tier"),
        rule=pl.coalesce("rule_new", "rule"),
        before="named",
        after="named_new",
        words=pl.coalesce("words_new", "words"),
    ).sort("line_id")


def contradictions(found: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Where what was accepted (ACCEPTED) contradicts decisions that hold (matching.schemas.DECISIONS): CONTRADICTIONS.

    A pair that was declined; a line that was confirmed with something else; an item that was confirmed for a line which
    now goes without it.
    """
    said = decisions.select("line_id", "verdict", counterpart=pl.coalesce("item_id", "account_code"))
    pairs = found.explode("named").rename({"named": "counterpart"})
    declined = pairs.join(said.filter(pl.col("verdict") == "decline"), on=["line_id", "counterpart"]).with_columns(
        words=pl.format("{} was declined, and would be accepted", "counterpart")
    )
    confirmed = said.filter(pl.col("verdict") == "confirm")
    wanted = confirmed.group_by("line_id").agg(wanted=pl.col("counterpart").sort())
    other = found.join(wanted, on="line_id").filter(pl.col("wanted") != pl.col("named"))
    other = other.with_columns(
        words=pl.format(
            "confirmed with {}, and would be matched with {}",
            pl.col("wanted").list.join(", "),
            pl.col("named").list.join(", "),
        )
    )
    without = confirmed.join(pairs, on=["line_id", "counterpart"], how="anti")
    elsewhere = pairs.join(without.select("counterpart", confirmed_for="line_id"), on="counterpart").join(
        confirmed.select("line_id", "counterpart"), on=["line_id", "counterpart"], how="anti"
    )
    elsewhere = elsewhere.with_columns(
        words=pl.format("{} was confirmed for {}, and this line would take it", "counterpart", "confirmed_for")
    )
    frames = [frame.select(CONTRADICTIONS.names()) for frame in (declined, other, elsewhere)]
    return pl.concat(frames).unique().sort("line_id", "words")
