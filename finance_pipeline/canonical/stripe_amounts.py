"""Stripe's minor units as those of ISO 4217. Its own table, which parts from the standard in a few currencies."""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.money import exponent

# docs.stripe.com/currencies: what `amount` counts, where that is not hundredths.
_STRIPE_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
"""ISK and UGX have no minor unit any more but are still counted in hundredths; HUF and TWD are hundredths as in ISO,
and only their payouts are whole."""
_STILL_HUNDREDTHS = ("ISK", "UGX")


def stripe_exponent(currency: str) -> int:
    """Decimals that Stripe's integers have: 2 for EUR and ISK, 0 for JPY and MGA, 3 for KWD."""
    return _STRIPE_EXPONENTS.get(currency, 2)


def stripe_minor_expr(text: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """Int64 ISO minor units of a column of Stripe's integers as text; null where they are no amount of the currency."""
    stated = text.cast(pl.Int64, strict=False)
    odd = {
        code: exponent(code) - stripe_exponent(code)
        for code in (*_STRIPE_EXPONENTS, *_STILL_HUNDREDTHS)
        if exponent(code) != stripe_exponent(code)
    }
    shift = currency.replace_strict(odd, default=0, return_dtype=pl.Int8)
    wider = stated * 10 ** shift.clip(lower_bound=0).cast(pl.Int64)
    divisor = 10 ** (-shift).clip(lower_bound=0).cast(pl.Int64)
    return pl.when(wider % divisor == 0).then(wider // divisor)
