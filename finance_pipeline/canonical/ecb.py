"""The European Central Bank's reference rates as rows: units of a currency for one euro."""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical.schemas import FX_RATES
from finance_pipeline.core.identity import parse_json

MAPPER_VERSION = 1


def map_rates(evidence: pl.DataFrame) -> pl.DataFrame:
    """FX_RATES of evidence of kind rates, one row per currency and day. Rates are the file's own digits, never rounded.

    The members of a day's payload are its currencies, so there is no fixed shape to decode: a day at a time, some
    thirty rates each.
    """
    days = evidence.filter((pl.col("kind") == "rates") & ~pl.col("removed")).select("payload", "content_hash").rows()
    rates = [
        (said["date"], currency, str(rate), content)
        for payload, content in days
        for said in (parse_json(payload),)
        for currency, rate in said["rates"].items()
    ]
    frame = pl.DataFrame(
        rates, schema=dict.fromkeys(("date", "currency", "rate", "content_hash"), pl.String), orient="row"
    )
    return FX_RATES.checked(
        frame.select(
            "currency",
            "content_hash",
            rate_on=pl.col("date").str.to_date("%Y-%m-%d"),
            per_eur=pl.col("rate").cast(pl.Decimal(18, 10)),
            source=pl.lit("ecb"),
        )
        .unique(["rate_on", "currency"], keep="last")
        .sort("rate_on", "currency")
    )
