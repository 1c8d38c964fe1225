"""recordlinkage: candidates by blocks of equal amount and equal reference, comparison vectors, a sum above a limit."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import polars as pl

from finance_pipeline.sandbox.labelled.rivals.prepared import one_reference, tidy

_LEAST_SUM = 2.6
"""Of four: amount, reference, name, date."""


def pairs(lines: pl.DataFrame, items: pl.DataFrame, _parties: pl.DataFrame) -> pl.DataFrame:
    linkage: Any = import_module("recordlinkage")
    pandas: Any = import_module("pandas")
    left = one_reference(lines).select(
        "line_id",
        "book",
        amount=pl.col("amount_minor"),
        reference=pl.col("first_reference"),
        name="name",
        day="booked_on",
    )
    right = items.select(
        *("item_id", "book"),
        amount=pl.col("amount_minor"),
        reference=pl.col("number").str.to_uppercase(),
        name=tidy(pl.col("party_name")),
        day="issued_on",
    )
    bank = pandas.DataFrame({name: left[name].to_list() for name in left.columns}).set_index("line_id")
    ledger = pandas.DataFrame({name: right[name].to_list() for name in right.columns}).set_index("item_id")
    for frame in (bank, ledger):
        frame["day"] = pandas.to_datetime(frame["day"])
    indexer = linkage.Index()
    indexer.block(left_on=["book", "amount"], right_on=["book", "amount"])
    indexer.block(left_on=["book", "reference"], right_on=["book", "reference"])
    candidates = indexer.index(bank, ledger)
    compare = linkage.Compare()
    compare.exact("amount", "amount", label="amount")
    compare.string("reference", "reference", method="levenshtein", threshold=0.85, label="reference")
    compare.string("name", "name", method="jarowinkler", label="name")
    compare.numeric("ordinal", "ordinal", method="linear", offset=30, scale=30, label="date")
    for frame in (bank, ledger):
        frame["ordinal"] = frame["day"].map(lambda day: day.toordinal())
    scores = compare.compute(candidates, bank, ledger).sum(axis=1)
    best = scores[scores >= _LEAST_SUM].sort_values(ascending=False).reset_index()
    best.columns = ["line_id", "item_id", "score"]
    best = best.drop_duplicates("line_id").drop_duplicates("item_id")
    return pl.DataFrame(
        {name: best[name].tolist() for name in ("line_id", "item_id")},
        schema={"line_id": pl.String, "item_id": pl.String},
    )
