"""Reference rates: amounts in the book's currency, exact, by the rate of the day or of the few days before.

Integer arithmetic throughout: a rate is ten decimals, an amount minor units, the quotient rounds half away from zero.
A rate that is missing or too old gives null, never a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from finance_pipeline.core.money import exponent
from finance_pipeline.core.settings import Book

_BASE = "EUR"
_SCALE = 10**10


def functional(
    frame: pl.DataFrame,
    rates: pl.DataFrame,
    book: Book,
    *,
    amount: str = "amount_minor",
    currency: str = "currency",
    on: str = "booked_on",
    into: str = "functional_minor",
) -> pl.DataFrame:
    """The frame, in its order, with `into`: the amount in the book's currency, Int64 minor units; null without a rate.

    rates: schemas.FX_RATES, units of each currency for one euro. Of a currency pair the cross rate by the euro counts,
    each leg at the latest rate of the day or before, no older than the book's ledger allows. Raises UnknownCurrency.
    """
    own, age = book.currency, timedelta(days=book.ledger.rate_greatest_age_days)
    if frame.select((pl.col(currency) == own).all()).item():
        return frame.with_columns(pl.col(amount).cast(pl.Int64).alias(into))
    known = _scaled(rates)
    days = frame.select(pl.col(on).alias("day"), pl.col(currency).alias("from")).unique().sort("day")
    days = _as_of(days.with_columns(to=pl.lit(own)), known, "from", "per_from", age)
    days = _as_of(days, known, "to", "per_to", age).with_columns(_exponents(days, own))
    priced = frame.join(
        days, left_on=[on, currency], right_on=["day", "from"], how="left", maintain_order="left", nulls_equal=True
    )
    wide = pl.col(amount).cast(pl.Int128)
    dividend = 2 * wide.abs() * pl.col("per_to") * pl.col("times")
    divisor = pl.col("per_from") * pl.col("parts")
    rounded = (dividend + divisor) // (2 * divisor)
    converted = pl.when(pl.col(currency) == own).then(wide).otherwise(rounded * wide.sign())
    return priced.with_columns(converted.cast(pl.Int64).alias(into)).drop("to", "per_from", "per_to", "times", "parts")


def closing_rates(currencies: Sequence[str], rates: pl.DataFrame, book: Book, on: date) -> pl.DataFrame:
    """One row per currency, as `functional` prices it on a day: currency, rate_id and rate_hash (its evidence) and
    rate_words (with direction, source and day); all but the currency null where no rate is young enough.
    """
    oldest = on - timedelta(days=book.ledger.rate_greatest_age_days)
    latest = (
        rates.filter(pl.col("rate_on").is_between(pl.lit(oldest), pl.lit(on)))
        .sort("rate_on")
        .unique("currency", keep="last", maintain_order=True)
    )
    digits = pl.col("per_eur").cast(pl.String).str.replace(r"(\.\d{4}\d*?)0+$", "$1")
    legs = pl.DataFrame(
        [(each, leg) for each in currencies for leg in sorted({each, book.currency} - {_BASE})],
        schema={"currency": pl.String, "leg": pl.String},
        orient="row",
    ).join(latest.with_columns(digits=digits), left_on="leg", right_on="currency", how="left", maintain_order="left")
    known = pl.col("rate_on").is_not_null().all()
    quoted = legs.group_by("currency", maintain_order=True).agg(
        rate_id=pl.when(known).then(pl.format("{}/rate/{}/{}", "source", "rate_on", "leg").str.join(" ")),
        rate_hash=pl.when(known).then(pl.col("content_hash").unique().sort().str.join(" ")),
        rate_words=pl.when(known).then(pl.format("{} {}", "digits", "leg").str.join(" and ")),
        rated=pl.format("{}, {}", pl.col("source").first(), pl.col("rate_on").min()),
    )
    return quoted.with_columns(rate_words=pl.format("{} for 1 EUR ({})", "rate_words", "rated")).drop("rated")


def _scaled(rates: pl.DataFrame) -> pl.DataFrame:
    """Rates as integers of ten decimals, the euro itself left out: day, currency, per_eur."""
    return rates.select(
        pl.col("rate_on"), pl.col("currency").alias("rated"), pl.col("per_eur").cast(pl.Decimal(38, 10)).to_physical()
    ).sort("rate_on")


def _as_of(days: pl.DataFrame, known: pl.DataFrame, column: str, into: str, age: timedelta) -> pl.DataFrame:
    """Each day with the latest rate of the currency in `column`; the euro's is one."""
    joined = days.join_asof(
        known.rename({"per_eur": into}),
        left_on="day",
        right_on="rate_on",
        by_left=column,
        by_right="rated",
        tolerance=age,
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
