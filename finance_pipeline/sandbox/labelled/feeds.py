"""What feeds do to lines: the same line comes twice, and pending lines come before the posted ones.

Here: copies of finished lines with their texts. Not here: whether a copy can be told from a second payment (`judge`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.draft import FLOW, NONE, ROLE, happens, stream
from finance_pipeline.sandbox.labelled.options import Options
from finance_pipeline.sandbox.labelled.shapes import PLAN, SHAPE

_DUPLICATE_SHARE = 0.008
_PENDING_SHARE = 0.012


def with_copies(lines: pl.DataFrame, parts: pl.DataFrame, options: Options) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines and parts with some lines repeated and some pending ones before. Both get rows, none changes place."""
    rng = stream(options.seed, "feeds")
    fit = lines.filter(
        pl.col("flow").is_in([FLOW[name] for name in ("receipt", "payment", "direct_debit", "card", "payout")]),
        pl.col("unit") == NONE,
    )["line"].to_numpy()
    picked = rng.permutation(fit)
    again = np.sort(picked[: int(lines.height * _DUPLICATE_SHARE)])
    before = np.sort(picked[len(again) : len(again) + int(lines.height * _PENDING_SHARE)])
    repeated = _repeated(lines[again], lines.height, rng)
    pending = _pending(lines[before], lines.height + repeated.height, rng)
    whole = pl.concat([lines, repeated.select(lines.columns), pending.select(lines.columns)])
    unit = np.array(whole["unit"])
    unit[again] = again
    links = pl.concat([_links(repeated, again), _links(pending, before)])
    columns = {name: pl.lit(0, pl.Int64) for name in parts.columns if name not in links.columns}
    absent = {name: pl.lit(NONE, pl.Int64) for name in ("item", "named")}
    links = links.with_columns(**(columns | absent)).select(parts.columns)
    return whole.with_columns(unit=pl.Series(unit)), pl.concat([parts, links])


def _repeated(originals: pl.DataFrame, first: int, rng: np.random.Generator) -> pl.DataFrame:
    """The same lines again, now and then a day later or in capitals, under the bank's same reference."""
    count = originals.height
    later = pl.Series(happens(rng, count, 0.1).astype(np.int64))
    louder = pl.Series(happens(rng, count, 0.15))
    return originals.with_columns(
        unit=pl.col("line"),
        line=pl.int_range(first, first + count, dtype=pl.Int64),
        booked=pl.col("booked") + later,
        memo=pl.when(louder).then(pl.col("memo").str.to_uppercase()).otherwise("memo"),
        shape=pl.lit(SHAPE["duplicate"], pl.Int64),
        plan=pl.lit(PLAN["clear"], pl.Int64),
    )


def _pending(originals: pl.DataFrame, first: int, rng: np.random.Generator) -> pl.DataFrame:
    """The same lines some days before, pending: without the bank's reference, cards now and then by another amount."""
    count = originals.height
    tip = happens(rng, count, 0.3) & (originals["flow"] == FLOW["card"]).to_numpy()
    amount = originals["amount"].to_numpy()
    without_tip = amount - amount * rng.integers(5, 18, count) // 100
    style = rng.random(count)
    shorter = pl.when(pl.Series(style < 0.6)).then(pl.col("memo").str.slice(0, 22)).otherwise("memo")
    memo = pl.when(pl.Series(style < 0.4)).then(pl.format("PENDING {}", "memo")).otherwise(shorter)
    return originals.with_columns(
        line=pl.int_range(first, first + count, dtype=pl.Int64),
        booked=(pl.col("booked") - pl.Series(rng.integers(0, 4, count))).clip(0),
        amount=pl.Series(np.where(tip, without_tip, amount)),
        memo=memo,
        bank_reference=pl.lit(None, pl.String),
        pending=pl.lit(1, pl.Int64),
        shape=pl.lit(SHAPE["pending"], pl.Int64),
        plan=pl.lit(PLAN["clear"], pl.Int64),
    )


def _links(copies: pl.DataFrame, originals: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pl.DataFrame:
    return copies.select(
        "line",
        "amount",
        other=pl.Series(originals, dtype=pl.Int64),
        role=pl.lit(ROLE["principal"], pl.Int64),
    )
