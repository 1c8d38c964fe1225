"""Items less what settles them, and the carrying amount that each part takes with it."""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching.month.candidates import ITEM_SCHEMA
from finance_pipeline.matching.month.frames import RETURNED, settles


def proportion(whole: pl.Expr, part: pl.Expr, of: pl.Expr) -> pl.Expr:
    """whole x part / of in integers, rounded half away from zero."""
    wide = pl.Int128
    twice = 2 * whole.abs().cast(wide) * part.abs().cast(wide) + of.abs().cast(wide)
    return (twice // (2 * of.abs().cast(wide))).cast(pl.Int64) * whole.sign() * part.sign() * of.sign()


def settled_by(allocations: pl.DataFrame) -> pl.DataFrame:
    """One row per item: what allocations settle of it, in its own currency and at its carrying amount."""
    return (
        settles(allocations)
        .group_by("item_id")
        .agg(
            settled_minor=pl.col("item_amount_minor").sum(),
            settled_functional_minor=pl.col("item_functional_minor").sum(),
        )
    )


def settle(items: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """Items less what settles them; without a stated carrying amount, the proportional part of it."""
    joined = items.join(settled, on="item_id", how="left", maintain_order="left").with_columns(
        pl.col("settled_minor").fill_null(0)
    )
    proportional = proportion(pl.col("open_functional_minor"), pl.col("settled_minor"), pl.col("open_minor"))
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


def increased(items: pl.DataFrame, by: pl.DataFrame) -> pl.DataFrame:
    """Items with more open: item_id, more_minor, more_functional_minor."""
    joined = items.join(by, on="item_id", how="left", maintain_order="left")
    return joined.with_columns(
        open_minor=pl.col("open_minor") + pl.col("more_minor").fill_null(0),
        open_functional_minor=pl.col("open_functional_minor") + pl.col("more_functional_minor").fill_null(0),
    ).select(ITEM_SCHEMA.names())


def with_carrying_amounts(allocations: pl.DataFrame) -> pl.DataFrame:
    """item_functional_minor of allocations that carry open_minor and open_functional_minor of their item.

    What is left of the item's carrying amount when it settles all of it, else the proportional part; of several in one
    month the one that brings the item to zero takes the remainder.
    """
    order = ["item_id", "line_on", "match_id", "ordinal"]
    share = proportion(pl.col("open_functional_minor"), pl.col("item_amount_minor"), pl.col("open_minor"))
    spread = allocations.sort(order).with_columns(
        share=share, running=pl.col("item_amount_minor").cum_sum().over("item_id")
    )
    before = pl.col("share").cum_sum().over("item_id") - pl.col("share")
    return spread.with_columns(
        item_functional_minor=pl.when(pl.col("running") == pl.col("open_minor"))
        .then(pl.col("open_functional_minor") - before)
        .otherwise(pl.col("share"))
    ).drop("share", "running")


def claims(later: pl.DataFrame) -> pl.DataFrame:
    """Allocations of later months (ALLOCATION_SCHEMA), less what only takes again what a payment gave back by then.

    A bill is paid in January, the payment comes back in February, and March pays it again. Of what January may settle
    March takes nothing. So an item's later months claim of it only the most that they together ever hold at once.
    """
    returned = later.filter(pl.col("relation") == RETURNED, pl.col("item_id").is_not_null())
    if returned.is_empty():
        return later
    touched = later.join(returned.select("item_id"), on="item_id", how="semi").with_columns(
        size=pl.col("item_amount_minor") * pl.col("item_total_minor").sign()
    )
    by_month = touched.group_by("item_id", "month").agg(pl.col("size").sum()).sort("item_id", "month")
    most = pl.col("size").cum_sum().over("item_id").clip(0).cum_max().over("item_id")
    added = by_month.with_columns(claim=most - most.shift(1, fill_value=0).over("item_id")).drop("size")
    taking = touched.filter(pl.col("relation").is_null()).sort("item_id", "month", "match_id", "line_id")
    before = pl.col("size").cum_sum().over("item_id", "month") - pl.col("size")
    left = (pl.col("claim") - before).clip(0)
    claimed = taking.join(added, on=["item_id", "month"], maintain_order="left").with_columns(
        claimed=pl.min_horizontal(left, "size") * pl.col("item_total_minor").sign()
    )
    scaled = claimed.with_columns(
        item_functional_minor=proportion(
            pl.col("item_functional_minor"), pl.col("claimed"), pl.col("item_amount_minor")
        ),
        item_amount_minor="claimed",
    )
    untouched = later.join(returned.select("item_id"), on="item_id", how="anti", nulls_equal=False)
    rest = touched.filter(pl.col("relation").is_not_null()).with_columns(item_id=pl.lit(None, pl.String))
    return pl.concat([frame.select(later.columns) for frame in (untouched, scaled, rest)])
