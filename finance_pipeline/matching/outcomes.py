"""What the engine found, as its readers get it: ids for working numbers, digests, words, everything sorted.

Here: matches and allocations from pairs. Not here: the words themselves (explain, exceptions), any rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.core.hashing import content_hashes
from finance_pipeline.matching import exceptions, explain, schemas
from finance_pipeline.matching.pool import Pool
from finance_pipeline.matching.references import Named

_CONFIDENCE = {0: "certain", 1: "documented", 2: "inferred", 3: "proven", 4: "inferred", 5: "inferred", 6: "by rule"}


@dataclass(frozen=True)
class Outcome:
    """What the engine found; frames as schemas says, sorted, the same for the same input in any order."""

    matches: pl.DataFrame
    allocations: pl.DataFrame
    retractions: pl.DataFrame
    exceptions: pl.DataFrame
    explanations: pl.DataFrame


def outcome(
    pool: Pool, named: Named, lines: pl.DataFrame, items: pl.DataFrame, needed: pl.DataFrame, version: str
) -> Outcome:
    """The outcome of a pool. lines, items: all, as before any match; needed: autonomy.BEYOND."""
    sided = (
        pool.pairs.join(lines.select("l", "line_id", "book", "currency"), on="l")
        .join(items.select("i", "item_id", item_currency="currency"), on="i", how="left")
        .join(lines.select(other_l="l", other_line_id="line_id"), on="other_l", how="left")
        .sort("l", "i", "role", "other_l", "amount", nulls_last=True)
    )
    _check(pool.pairs, lines, items)
    ids = _match_ids(sided)
    numbered = sided.join(ids, on="l", maintain_order="left").sort(
        "m", "i", "role", "other_l", "amount", nulls_last=True
    )
    matches = numbered.unique("m", keep="first", maintain_order=True).with_columns(
        rule_version=pl.lit(version),
        status=pl.lit("accepted"),
        confidence=pl.when(pl.col("rule") == "confirmed")
        .then(pl.lit("confirmed"))
        .otherwise(pl.col("tier").replace_strict(_CONFIDENCE, return_dtype=pl.String)),
    )
    explained = explain.explain(pool, named, lines, items, version).join(ids, on="l").sort("m")
    parts = numbered.rename({"amount": "amount_minor", "item_amount": "item_amount_minor"})
    left = exceptions.explain(pool, named, items, needed, lines)
    return Outcome(
        matches=matches.select(schemas.MATCHES.names),
        allocations=parts.select(schemas.ALLOCATIONS.names),
        retractions=schemas.RETRACTIONS.empty(),
        exceptions=left.select(schemas.EXCEPTIONS.names),
        explanations=explained.select(schemas.EXPLANATIONS.names),
    )


def _check(pairs: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> None:
    """Conservation, once more, at the door: a rule that breaks it is a defect of ours, and nothing of it is published.

    Raises RuntimeError naming the line or item.
    """
    sums = pairs.group_by("l").agg(pl.col("amount").sum(), rule=pl.col("rule").first())
    wrong = sums.join(lines.select("l", "line_id", whole="amount"), on="l").filter(pl.col("amount") != pl.col("whole"))
    if wrong.height:
        line, rule, amount, whole = wrong.sort("l").select("line_id", "rule", "amount", "whole").row(0)
        raise RuntimeError(f"rule {rule} allocates {amount} of line {line}, which is of {whole}")
    taken = pairs.drop_nulls("i").group_by("i").agg(pl.col("item_amount").sum(), rule=pl.col("rule").first())
    over = taken.join(items.select("i", "item_id", whole="amount"), on="i").filter(
        pl.col("item_amount").abs() > pl.col("whole").abs()
    )
    if over.height:
        item, rule, amount, whole = over.sort("i").select("item_id", "rule", "item_amount", "whole").row(0)
        raise RuntimeError(f"rule {rule} takes {amount} of item {item}, of which {whole} is open")


def _match_ids(sided: pl.DataFrame) -> pl.DataFrame:
    """l, match_id (the digest of what a match says) and m, its place among them. sided: sorted by l."""
    part = pl.concat_str(
        "line_id", "item_id", "other_line_id", "account_code", "role", "amount", "item_amount",
        separator="\x1f", ignore_nulls=True,
    )  # fmt: skip
    each = sided.select("l", head=pl.concat_str("book", "tier", "rule", separator="\x1e"), part=part)
    alone = pl.col("l").is_unique()
    several = (
        each.filter(~alone)
        .group_by("l", maintain_order=True)
        .agg(pl.col("head").first(), pl.col("part").str.join("\x1e"))
    )
    said = pl.concat([each.filter(alone), several]).select("l", said=pl.concat_str("head", "part", separator="\x1e"))
    return said.select("l", match_id=content_hashes(said["said"])).sort("match_id").with_row_index("m")
