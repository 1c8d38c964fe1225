"""Exact reference and amount: a word of the memo is the document's number, and the amounts are equal."""

from __future__ import annotations

import polars as pl

from finance_pipeline.sandbox.labelled.rivals.prepared import alone, references

_KEY = ["book", "currency", "amount_minor", "reference"]


def pairs(lines: pl.DataFrame, items: pl.DataFrame, _parties: pl.DataFrame) -> pl.DataFrame:
    facts = lines.select("line_id", "book", "currency", "amount_minor")
    named = references(lines).join(facts, on="line_id")
    known = items.drop_nulls("number").select("item_id", *_KEY[:3], reference=pl.col("number").str.to_uppercase())
    return alone(named.join(known, on=_KEY).select("line_id", "item_id").unique())
