"""Reference rates: amounts in the book's currency, exact, by the rate of the day or of the few days before.

Integer arithmetic throughout: a rate is ten decimals, an amount minor units, the quotient rounds half away from zero.
A rate that is missing or too old gives null, never a guess.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from finance_pipeline.core.money import exponent

GREATEST_AGE_DAYS = 5
"""A rate serves the days after it, over weekends and holidays, no longer."""
_BASE = "EUR"
_SCALE = 10**10


def functional(
    frame: pl.DataFrame,
    rates: pl.DataFrame,
    functional_currency: str,
    *,
    amount: str = "amount_minor",
    currency: str = "currency",
    on: str = "booked_on",
    into: str = "functional_minor",
) -> pl.DataFrame:
    """The frame, in its order, with `into`: the amount in the book's currency, Int64 minor units; null without a rate.

    rates: schemas.FX_RATES, units of each currency for one euro. Of a currency pair the cross rate by the euro counts,
    each leg at the latest rate at most GREATEST_AGE_DAYS before the day. Raises UnknownCurrency.
    """
    own = functional_currency
    if frame.select((pl.col(currency) == own).all()).item():
        return frame.with_columns(pl.col(amount).cast(pl.Int64).alias(into))
    known = _scaled(rates)
    days = frame.select(pl.col(on).alias("day"), pl.col(currency).alias("from")).unique().sort("day")
    days = _as_of(days.with_columns(to=pl.lit(own)), known, "from", "per_from")
    days = _as_of(days, known, "to", "per_to").with_columns(_exponents(days, own))
    priced = frame.join(
        days, left_on=[on, currency], right_on=["day", "from"], how="left", maintain_order="left", nulls_equal=True
    )
    wide = pl.col(amount).cast(pl.Int128)
    dividend = 2 * wide.abs() * pl.col("per_to") * pl.col("times")
    divisor = pl.col("per_from") * pl.col("parts")
    rounded = (dividend + divisor) // (2 * divisor)
    converted = pl.when(pl.col(currency) == own).then(wide).otherwise(rounded * wide.sign())
    return priced.with_columns(converted.cast(pl.Int64).alias(into)).drop("to", "per_from", "per_to", "times", "parts")


def _scaled(rates: pl.DataFrame) -> pl.DataFrame:
    """Rates as integers of ten decimals, the euro itself left out: day, currency, per_eur."""
    return rates.select(
        pl.col("rate_on"), pl.col("currency").alias("rated"), pl.col("per_eur").cast(pl.Decimal(38, 10)).to_physical()
    ).sort("rate_on")


def _as_of(days: pl.DataFrame, known: pl.DataFrame, column: str, into: str) -> pl.DataFrame:
    """Each day with the latest rate of the currency in `column`; the euro's is one."""
    joined = days.join_asof(
        known.rename({"per_eur": into}),
        left_on="day",
        right_on="rate_on",
        by_left=column,
        by_right="rated",
        tolerance=timedelta(days=GREATEST_AGE_DAYS),
        check_sortedness=False,
    ).drop("rate_on", strict=False)
    return joined.with_columns(
        pl.when(pl.col(column) == _BASE).then(pl.lit(_SCALE, pl.Int128)).otherwise(pl.col(into)).alias(into)
    )


def _exponents(days: pl.DataFrame, own: str) -> list[pl.Expr]:
    """Factors between the minor units of two currencies: a yen has none, a dinar three decimals."""
    steps = {code: exponent(own) - exponent(code) for code in days["from"].unique().drop_nulls()}

    def factor(sign: int) -> pl.Expr:
        factors = {code: 10 ** max(sign * step, 0) for code, step in steps.items()}
        return pl.col("from").replace_strict(factors, default=1, return_dtype=pl.Int64).cast(pl.Int128)

    return [factor(1).alias("times"), factor(-1).alias("parts")]
