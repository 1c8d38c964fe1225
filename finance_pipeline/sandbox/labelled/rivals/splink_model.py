"""Splink: a Fellegi-Sunter model, trained without labels, as its tutorial on linking two tables does.

Candidates by equal amount, by equal reference, by equal name; pairs above 0.99, the likeliest first, each line and item
once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import polars as pl

from finance_pipeline.sandbox.labelled.rivals.prepared import one_reference, tidy

_LEAST_PROBABILITY = 0.99
_SAMPLE_PAIRS = 2_000_000


def pairs(lines: pl.DataFrame, items: pl.DataFrame, _parties: pl.DataFrame) -> pl.DataFrame:
    splink: Any = import_module("splink")
    library: Any = import_module("splink.comparison_library")
    database: Any = import_module("splink.backends.duckdb").DuckDBAPI()
    left = one_reference(lines).select(
        unique_id="line_id",
        book="book",
        amount="amount_minor",
        reference="first_reference",
        name="name",
        day="booked_on",
    )
    right = items.select(
        unique_id="item_id",
        book="book",
        amount="amount_minor",
        reference=pl.col("number").str.to_uppercase(),
        name=tidy(pl.col("party_name")),
        day="issued_on",
    )
    tables = [
        database.register(frame.with_columns(pl.col("day").cast(pl.String)).to_arrow(), dataset_display_name=name)
        for name, frame in (("bank", left), ("items", right))
    ]
    rules = [splink.block_on("book", "amount"), splink.block_on("book", "reference"), splink.block_on("book", "name")]
    settings = splink.SettingsCreator(
        link_type="link_only",
        comparisons=[
            library.ExactMatch("amount"),
            library.LevenshteinAtThresholds("reference", [1, 2]),
            library.JaroWinklerAtThresholds("name", [0.92, 0.8]),
            library.AbsoluteDateDifferenceAtThresholds(
                "day", input_is_string=True, metrics=["day", "day"], thresholds=[15, 60]
            ),
        ],
        blocking_rules_to_generate_predictions=rules,
    )
    linker = splink.Linker(tables, settings, log_level="WARNING")
    linker.training.estimate_probability_two_random_records_match(rules[1:2], recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLE_PAIRS, seed=1)
    for rule in rules[:2]:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_probability=_LEAST_PROBABILITY)
    scored = pl.DataFrame(pl.from_arrow(predicted.as_pyarrow_table()))
    return _each_once(scored)


def _each_once(scored: pl.DataFrame) -> pl.DataFrame:
    """The likeliest pair of each line and item. Splink orders the two sides by the names of their tables."""
    first = pl.col("source_dataset_l") == "bank"
    named = scored.select(
        line_id=pl.when(first).then("unique_id_l").otherwise("unique_id_r"),
        item_id=pl.when(first).then("unique_id_r").otherwise("unique_id_l"),
        weight="match_weight",
    ).sort("weight", "line_id", "item_id", descending=[True, False, False])
    best = named.unique("line_id", keep="first", maintain_order=True)
    return best.unique("item_id", keep="first", maintain_order=True).select("line_id", "item_id")
