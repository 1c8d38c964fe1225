"""Terms of payment: what an early payment may take off. Not here: which line takes it (pool, proposals, tolerant)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import polars as pl

_PARTS = 1_000_000
"""A discount per cent, to four decimals, is a whole number of these parts of the amount."""


@dataclass(frozen=True)
class DiscountTerm:
    """An early-payment discount that a book gives or takes, where its documents state none themselves."""

    percent: Decimal
    """Of the document's amount, to four decimals."""
    days: int
    """So many after the document's own date; the last one included."""
    parties: tuple[str, ...] = ()
    """Whose documents, by name; everybody's without any."""
    kind: str = "invoice"
    """invoice: customers take it. bill: we do."""


def with_terms(items: pl.DataFrame, terms: Sequence[DiscountTerm]) -> pl.DataFrame:
    """Open items (matching.schemas.OPEN_ITEMS) with the discount that the first term that fits gives them, unless they
    state one themselves. So a discount is known before an amount is compared with it (accounting.md 22).
    """
    percent, until = pl.col("discount_percent"), pl.col("discount_until")
    name, found = pl.col("party_name").str.strip_chars().str.to_lowercase(), pl.lit(value=False)
    for term in terms:
        fits = (pl.col("kind") == term.kind) & pl.col("discount_percent").is_null() & ~found
        if term.parties:
            fits &= name.is_in([each.strip().lower() for each in term.parties])
        fits = fits.fill_null(value=False)
        found = found | fits
        percent = pl.when(fits).then(pl.lit(term.percent).cast(pl.Decimal(9, 4))).otherwise(percent)
        until = pl.when(fits).then(pl.col("issued_on") + timedelta(days=term.days)).otherwise(until)
    return items.with_columns(discount_percent=percent, discount_until=until) if terms else items


def discount_minor(amount: pl.Expr, percent: pl.Expr, until: pl.Expr, paid_on: pl.Expr) -> pl.Expr:
    """What may be taken off an amount that is paid in time, in its minor units; 0 after that, or without such terms.

    Rounded half away from zero, to the minor unit.
    """
    parts = (percent * 10_000).cast(pl.Int64)
    whole = amount.abs().cast(pl.Int128) * parts * 2 + _PARTS
    rounded = (whole // (2 * _PARTS)).cast(pl.Int64) * amount.sign()
    return pl.when((paid_on <= until).fill_null(False)).then(rounded).otherwise(0).fill_null(0)
