"""Inputs as the tiers work on them: open items, lines, people's decisions, in working numbers.

Here: what is free, what is held, what is closed. Not here: text and parties (counterparty, references), any rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from finance_pipeline.matching.engine import Inputs

_PROCESSOR_KINDS = ("charge", "refund")
STRONG_TIERS = 1
"""Tiers up to this may take an item from a match of a lower one."""


def items(given: Inputs) -> pl.DataFrame:
    """Open items as the pool has them: `amount` is what tiers 0 and 1 see, `weakly_held` what lower tiers hold, `way`
    the sign of the item, whatever standing matches left of it."""
    held = (
        given.standing.filter(pl.col("item_id").is_not_null())
        .group_by("item_id")
        .agg(
            strong=pl.col("item_amount_minor").filter(pl.col("tier") <= STRONG_TIERS).sum(),
            weakly_held=pl.col("item_amount_minor").filter(pl.col("tier") > STRONG_TIERS).sum(),
        )
    )
    return (
        given.open_items.with_columns(
            closed=pl.col("status").fill_null("open") == "settled", way=pl.col("amount_minor").sign().cast(pl.Int8)
        )
        .with_row_index("i")
        .join(held, on="item_id", how="left", maintain_order="left")
        .with_columns(
            amount=pl.col("amount_minor") - pl.col("strong").fill_null(0),
            net=pl.col("net_minor"),
            weakly_held=pl.col("weakly_held").fill_null(0),
        )
        .drop("amount_minor", "net_minor", "strong")
    )


def held(standing: pl.DataFrame) -> pl.Series:
    """line_id of what standing matches hold, either side of them."""
    return pl.concat([standing["line_id"], standing["other_line_id"].drop_nulls()]).unique()


def lines(given: Inputs, items: pl.DataFrame) -> pl.DataFrame:
    """All lines as the pool has them: those that a standing match holds, and pending ones, are marked."""
    processors = [account.account_id for account in given.own_accounts if account.processor]
    on_processor = (
        pl.col("kind").is_in(_PROCESSOR_KINDS).fill_null(False)
        | pl.col("account_id").is_in(processors)
        | pl.col("account_id").is_in(items["processor_account"].drop_nulls().unique().implode())
    )
    original = pl.col("original_amount_minor").abs() * pl.col("amount_minor").sign()
    return (
        given.bank_lines.with_row_index("l")
        .with_columns(
            held=pl.col("line_id").is_in(held(given.standing).implode()),
            amount=pl.col("amount_minor"),
            original_amount=original,
            on_processor=on_processor,
            pending=pl.col("status").fill_null("booked") != "booked",
        )
        .drop("amount_minor", "original_amount_minor", "kind", "status")
    )


_DECLINED = pl.DataFrame(schema={"l": pl.UInt32, "i": pl.UInt32})
_DECLINED_LEGS = pl.DataFrame(schema={"l": pl.UInt32, "other_l": pl.UInt32})


def declined(decisions: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Declined pairs of line and item (l, i), and of two lines (l, other_l), both ways round."""
    if decisions.is_empty():
        return _DECLINED, _DECLINED_LEGS
    here = decisions.filter(pl.col("verdict") == "decline").join(lines[["l", "line_id"]], on="line_id")
    with_items = here.join(items[["i", "item_id"]], on="item_id")[["l", "i"]].unique()
    legs = here.join(lines.select(other_l="l", item_id="line_id"), on="item_id")
    both_ways = pl.concat([legs[["l", "other_l"]], legs.select(l="other_l", other_l="l")]).unique()
    return with_items, both_ways
