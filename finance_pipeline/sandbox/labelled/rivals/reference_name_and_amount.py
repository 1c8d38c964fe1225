"""Exact reference, name and amount: two of the three agree besides the amount's being equal, reference first."""

from __future__ import annotations

import polars as pl

from finance_pipeline.sandbox.labelled.rivals import reference_and_amount
from finance_pipeline.sandbox.labelled.rivals.prepared import alone, tidy

_KEY = ["book", "currency", "amount_minor", "name"]


def pairs(lines: pl.DataFrame, items: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    by_reference = reference_and_amount.pairs(lines, items, parties)
    left = lines.join(by_reference, on="line_id", how="anti").with_columns(name=tidy(pl.col("counterparty_name")))
    open_items = items.join(by_reference, on="item_id", how="anti").with_columns(name=tidy(pl.col("party_name")))
    named = (
        left.drop_nulls("name")
        .select("line_id", *_KEY)
        .join(open_items.drop_nulls("name").select("item_id", *_KEY), on=_KEY)
    )
    return pl.concat([by_reference, alone(named.select("line_id", "item_id"))])
