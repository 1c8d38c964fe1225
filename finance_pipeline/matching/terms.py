"""Terms of payment: what an early payment may take off. Not here: which line takes it (pool, proposals, tolerant)."""

from __future__ import annotations

import polars as pl

_PARTS = 1_000_000
"""A discount per cent, to four decimals, is a whole number of these parts of the amount."""


def discount_minor(amount: pl.Expr, percent: pl.Expr, until: pl.Expr, paid_on: pl.Expr) -> pl.Expr:
    """What may be taken off an amount that is paid in time, in its minor units; 0 after that, or without such terms.

    Rounded half away from zero, to the minor unit.
    """
    parts = (percent * 10_000).cast(pl.Int64)
    whole = amount.abs().cast(pl.Int128) * parts * 2 + _PARTS
    rounded = (whole // (2 * _PARTS)).cast(pl.Int64) * amount.sign()
    return pl.when((paid_on <= until).fill_null(False)).then(rounded).otherwise(0).fill_null(0)
