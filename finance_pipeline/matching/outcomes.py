"""What the engine found, as its readers get it: ids for working numbers, digests, words, everything sorted.

Here: matches and allocations from pairs. Not here: the words themselves (explain, exceptions), any rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import polars as pl

from finance_pipeline.core.hashing import content_hashes
from finance_pipeline.matching import exceptions, explain, places, schemas
from finance_pipeline.matching.pool import Pool
from finance_pipeline.matching.references import Said

OF_LINES = (
    *("l", "line_id", "book", "account_id", "currency", "amount", "booked_on", "counterparty_name", "pending", "held"),
    *("nature", "line_party", "line_party_how"),
)
"""What is told of lines."""
OF_ITEMS = ("i", "item_id", "book", "kind", "currency", "amount", "issued_on", "number", "party")
"""What is told of items."""
_OF_ALLOCATIONS = ("line_id", "item_id", "other_line_id", "account_code", "role", "amount", "item_amount")
"""What the id of a match is the digest of, for each of its allocations."""
_SLICE_MATCHES = 1 << 20
_CONFIDENCE = {0: "certain", 1: "documented", 2: "inferred", 3: "proven", 4: "inferred", 5: "inferred", 6: "by rule"}


@dataclass(frozen=True)
class Outcome:
    """What the engine found; frames as schemas says, in the order of the lines' ids, the same for the same input in any
    order."""

    matches: pl.DataFrame
    allocations: pl.DataFrame
    retractions: pl.DataFrame
    exceptions: pl.DataFrame
    explanations: pl.DataFrame


def nothing_but(exceptions: pl.DataFrame) -> Outcome:
    """The outcome of lines none of which is matched (schemas.EXCEPTIONS)."""
    return Outcome(
        schemas.MATCHES.empty(), schemas.ALLOCATIONS.empty(), schemas.RETRACTIONS.empty(), exceptions,
        schemas.EXPLANATIONS.empty(),
    )  # fmt: skip


def outcome(
    pool: Pool, named: Said, lines: pl.DataFrame, items: pl.DataFrame, needed: pl.DataFrame, version: str
) -> Outcome:
    """The outcome of a pool. lines, items: all, as before any match, each at its place; needed: autonomy.BEYOND."""
    left = exceptions.explain(pool, named, items, needed, lines)
    if pool.pairs.is_empty():
        return nothing_but(left.select(schemas.EXCEPTIONS.names))
    _check(pool.pairs, lines, items)
    sided = _sided(pool.pairs, lines, items)
    also = explain.also_named(pool.pairs, named, items)
    told = [
        places.at_once(
            partial(explain.explain, part, also, lines, items, pool.policy, version), partial(_match_ids, part)
        )
        for part in _slices(sided)
    ]
    explained, ids = (pl.concat([part[k] for part in told]) for k in (0, 1))
    parts = sided.select(pl.exclude("l"), match_id=ids["match_id"].gather(sided["l"].rle_id()))
    return Outcome(
        matches=_matches(sided, ids, version),
        allocations=parts.rename({"amount": "amount_minor", "item_amount": "item_amount_minor"}).select(
            schemas.ALLOCATIONS.names
        ),
        retractions=schemas.RETRACTIONS.empty(),
        exceptions=left.select(schemas.EXCEPTIONS.names),
        explanations=ids.hstack(explained).select(schemas.EXPLANATIONS.names),
    )


def _slices(sided: pl.DataFrame) -> list[pl.DataFrame]:
    """Allocations by line in slices of whole matches: what is made of a match on the way to its words is ten times what
    is kept of it, and is there for one slice at a time."""
    if sided.height <= _SLICE_MATCHES:
        return [sided]
    firsts = sided["l"].is_first_distinct().arg_true()
    bounds = [*firsts.gather_every(_SLICE_MATCHES).to_list(), sided.height]
    return [sided.slice(first, last - first) for first, last in pairwise(bounds)]


def _sided(pairs: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Pairs with the ids and currencies of their sides, by line and then in the order in which a match tells its parts.

    A line's place is that of its id in the order of ids, so that the order is that of the lines' ids.
    """
    alone = places.lone(pairs["l"])
    several = places.filtered(pairs, ~alone).sort("l", "i", "role", "other_l", "amount", nulls_last=True)
    ordered = pl.concat([places.filtered(pairs, alone), several]).sort("l", maintain_order=True)
    with_line = places.beside(ordered, lines.select("line_id", "book", "currency"), "l")
    with_item = places.beside(with_line, items.select("item_id", item_currency="currency"), "i")
    return places.beside(with_item, lines.select(other_line_id="line_id"), "other_l")


def _matches(sided: pl.DataFrame, ids: pl.DataFrame, version: str) -> pl.DataFrame:
    """One row per match (schemas.MATCHES), by line."""
    firsts = sided.filter(pl.col("l").is_first_distinct()) if ids.height < sided.height else sided
    confidence = (
        pl.when(pl.col("rule") == "confirmed")
        .then(pl.lit("confirmed"))
        .otherwise(pl.col("tier").replace_strict(_CONFIDENCE, return_dtype=pl.String))
    )
    said = firsts.with_columns(rule_version=pl.lit(version), status=pl.lit("accepted"), confidence=confidence)
    return ids.hstack(said.select(schemas.MATCHES.names[1:]))


def _check(pairs: pl.DataFrame, lines: pl.DataFrame, items: pl.DataFrame) -> None:
    """Conservation, once more, at the door: a rule that breaks it is a defect of ours, and nothing of it is published.

    Raises RuntimeError naming the line or item.
    """
    matched = places.among(lines["l"], pairs["l"])
    sums = lines.select("l", "line_id", whole="amount").with_columns(
        amount=places.sums(pairs["l"], pairs["amount"], lines.height)
    )
    wrong = sums.filter(matched & (pl.col("amount") != pl.col("whole")))
    if wrong.height:
        line, amount, whole, rule = wrong.join(pairs.select("l", "rule"), on="l").select(
            "line_id", "amount", "whole", "rule"
        ).row(0)  # fmt: skip
        raise RuntimeError(f"rule {rule} allocates {amount} of line {line}, which is of {whole}")
    settled = pairs.select("i", "item_amount", "rule").drop_nulls("i")
    taken = items.select("i", "item_id", whole="amount").with_columns(
        item_amount=places.sums(settled["i"], settled["item_amount"], items.height)
    )
    over = taken.filter(pl.col("item_amount").abs() > pl.col("whole").abs())
    if over.height:
        item, amount, whole, rule = over.join(settled.select("i", "rule"), on="i").select(
            "item_id", "item_amount", "whole", "rule"
        ).row(0)  # fmt: skip
        raise RuntimeError(f"rule {rule} takes {amount} of item {item}, of which {whole} is open")


def _match_ids(sided: pl.DataFrame) -> pl.DataFrame:
    """match_id of each match, by line: the digest of what the match says. sided: sorted by l."""
    # A column of nothing says nothing, and is not asked for each row.
    said = [name for name in _OF_ALLOCATIONS if sided[name].null_count() < sided.height]
    part = pl.concat_str(said or pl.lit(""), separator="\x1f", ignore_nulls=True)
    each = sided.select("l", said=pl.concat_str("book", "tier", "rule", part, separator="\x1e"), part=part)
    alone = places.lone(each["l"])
    if not alone.all():
        firsts = places.filtered(each, ~alone).group_by("l", maintain_order=True)
        several = firsts.agg(
            pl.concat_str(pl.col("said").first(), pl.col("part").slice(1).str.join("\x1e"), separator="\x1e")
        )
        each = pl.concat([places.filtered(each, alone).select("l", "said"), several]).sort("l")
    return pl.DataFrame({"match_id": content_hashes(each["said"])})
