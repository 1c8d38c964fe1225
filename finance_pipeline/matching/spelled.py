"""Tier 1: several documents of one party, written short: 2517; 002579, or numbers run into each other.

Here: which party's documents a text is read with, and what the reading allows. Not here: the reading (kernels.readings,
kernels.spelling), numbers that name a document whoever pays (references).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from finance_pipeline.matching import places, references
from finance_pipeline.matching.pool import NOTHING, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import BARE, Named

NAME_ONLY = "name:"
"""How parties begin that only a printed name stands for, not an id."""
_MOST_ITEMS = 400
"""A party of more open documents than this is not read so: short numbers would fit many of them."""
_MOST_PARTIES = 6
_NUMBER = "[0-9]{3}"
_DIGITS = "[0-9]"
_ANSWERS = {0: "none", 1: "one", 2: "several", 3: "alone"}
_LEAST_DIGITS = 4
_PERIOD = r"^(?:0?[1-9]|1[0-2])[-/. ](?:19|20)[0-9]{2}$"
"""A month as people write it: the rent of 09/2025, which is no end of 2309/2025."""


def match(pool: Pool, named: Named) -> tuple[Found, Named]:
    """Lines all of whose numbers are short for documents of one party which add to the line, in one way only; and what
    is named, with the one document that is all that a line's text is short for, of its payer, in place of others'.

    The party is the line's payer; where that is not known, one that two of its numbers may belong to. A number may be
    written without its letters, year or leading digits, or run into its neighbour. Documents of no known party belong
    to any.
    """
    candidates = _candidates(pool, named)
    if candidates.is_empty():
        return NOTHING, named
    read = _read(candidates)
    if (read["answer"] == "none").all():
        return NOTHING, named
    alone = _alone(read, named)
    exact = alone.filter(pl.coalesce("less", "item_amount") == pl.col("line_amount"))
    full = alone.filter(pl.col("item_amount") == pl.col("line_amount"))
    exact = pl.concat([full, places.without(exact, full, "l").with_columns(taken=pl.lit(2, pl.Int64))])
    one = read.filter(pl.col("answer") == "one")
    several_parties = one[["l", "u"]].unique().filter(pl.col("l").is_duplicated())["l"]
    unclear = pl.concat(
        [read.filter(pl.col("answer") == "several"), one.filter(pl.col("l").is_in(several_parties.implode()))]
    )
    refused = unclear.filter(pl.col("taken") > 0)[["l", "i"]]
    clear = places.without(one.filter(pl.col("taken") > 0), unclear, "l")
    clear = pl.concat([clear, exact])
    contested = places.contested(clear)
    won = places.without(clear, contested, "l")
    found = Found(_pairs(won), refusal(pl.concat([refused, contested[["l", "i"]]]), SEVERAL))
    return found, _named_so(named, alone)


def _pairs(won: pl.DataFrame) -> pl.DataFrame:
    principal = pairs_of(won, tier=1, rule="references_short", amount=pl.col("item_amount"), role="principal")
    off = pairs_of(
        won.filter(pl.col("taken") == 2), tier=1, rule="references_short", role=pl.col("less_role"), item_amount=0,
        amount=pl.col("less") - pl.col("item_amount"),
    )  # fmt: skip
    return pl.concat([principal, off])


def _alone(read: pl.DataFrame, named: Named) -> pl.DataFrame:
    """The one document of each line whose payer is known, or one of several who bear its name, and whose text is short
    for no other of theirs, nor has another number of the house."""
    whose = pl.col("line_parties").list.contains(pl.col("party_read"))
    units = read.filter(pl.col("answer") != "none").group_by("l").agg(lone=pl.col("u").n_unique() == 1)
    payers = places.having(read.filter(whose, pl.col("answer") == "alone"), units.filter("lone"), "l")
    digits = pl.col("token").str.count_matches(_DIGITS)
    is_period = pl.col("token").str.contains(_PERIOD)
    alone = payers.filter(pl.col("taken") > 0, ~pl.col("hides_payer"), digits >= _LEAST_DIGITS, ~is_period)
    if alone.is_empty():
        return alone
    tokens = places.having(named.tokens, alone, "l").filter(~pl.col("known"))
    unknown = tokens.join(alone.select("l", squeezed=_squeezed("token")), on="l")
    others = unknown.filter(~pl.col("text").str.ends_with(pl.col("squeezed")))
    return places.without(alone, others, "l")


def _squeezed(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("[^A-Z0-9]+", "")


def _named_so(named: Named, alone: pl.DataFrame) -> Named:
    """What is named, each of these lines naming its one document by digits alone, where it named no other surely."""
    sure = named.hits.filter(pl.col("strength") < BARE)[["l"]]
    only = places.without(alone, sure, "l")
    if only.is_empty():
        return named
    digits = pl.col("token").str.count_matches(_DIGITS).cast(pl.Int32)
    hits = only.select(
        "l", "i", "field", "token", strength=pl.lit(BARE, pl.Int32), whole=pl.lit(False), digits=digits
    ).select(named.hits.columns)
    others = places.without(named.hits, only, "l")
    tokens = places.without(named.tokens, only, "l")
    return replace(named, hits=pl.concat([others, hits]).sort("l", "i"), tokens=tokens)


def _candidates(pool: Pool, named: Named) -> pl.DataFrame:
    """Lines beside the open documents that their text is read with, by line and party (u); sorted by u and i."""
    numbered = pl.col("memo").str.contains(_DIGITS).fill_null(False)
    text = pl.when(numbered).then("memo").otherwise("end_to_end_id")
    lines = pool.open_lines.with_columns(text=text).filter(pl.col("text").str.contains(_NUMBER))
    if lines.is_empty():
        return lines
    units = _units(pool, named, lines).with_row_index("u")
    if units.is_empty():
        return units
    numbers = pool.items.filter(pl.col("number").is_not_null())[["i", "book", "currency", "party", "number"]]
    keys = ["book", "currency", "party"]
    few = units
    if numbers.height > _MOST_ITEMS:
        crowded = numbers.group_by(keys).len().filter(pl.col("len") > _MOST_ITEMS)
        few = units.join(crowded, on=keys, how="anti") if crowded.height else units
    own = few.join(numbers, on=keys)[["u", "l", "i", "number", "party"]]
    nobodys = numbers.filter(pl.col("party").is_null() | pl.col("party").str.starts_with(NAME_ONLY))
    pairs = own
    if nobodys.height:
        hit = named.hits[["l", "i"]].join(nobodys[["i", "number"]], on="i")
        others = units[["u", "l", "party"]].join(hit, on="l")[["u", "l", "i", "number", "party"]]
        pairs = pl.concat([own, others])
    if pairs.is_empty():
        return pairs
    pairs = pairs.unique(["u", "i"]).rename({"party": "party_read"})
    fitting = pool.candidates(pairs, pool.policy.early_days).filter(~pl.col("foreign"))
    return fitting.join(lines[["l", "text"]], on="l").sort("u", "i")


def _units(pool: Pool, named: Named, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per line and party whose documents its text is read with: l, book, currency, party."""
    facts = lines[["l", "book", "currency", "line_parties", "hides_payer"]]
    known = facts.filter(~pl.col("hides_payer"), pl.col("line_parties").list.len() > 0)
    payers = known.filter(pl.col("line_parties").list.len() <= _MOST_PARTIES).explode("line_parties")
    unknown = places.without(facts, known, "l")
    columns = ["l", "book", "currency", "party"]
    of_payers = payers.rename({"line_parties": "party"}).select(columns)
    if unknown.is_empty():
        return of_payers.sort("l", "party")
    hits = places.having(named.hits[["l", "i"]], unknown, "l")
    if hits.is_empty():
        return of_payers.sort("l", "party")
    hits = hits.join(pool.items.filter(~pl.col("party").str.starts_with(NAME_ONLY))[["i", "party"]], on="i")
    guessed = hits.group_by("l", "party").len().filter(pl.col("len") > 1)
    guessed = guessed.filter(pl.len().over("l") <= _MOST_PARTIES).join(unknown, on="l")
    return pl.concat([of_payers, guessed.select(columns)]).sort("l", "party")


def _read(candidates: pl.DataFrame) -> pl.DataFrame:
    """candidates with answer (of their line and party), taken (0 not, 1 whole, 2 at `less`), token and field."""
    import numpy as np

    from finance_pipeline.matching.kernels.buffers import folded_texts, in_parts, pieces
    from finance_pipeline.matching.kernels.spelling import spell

    units = candidates.group_by("u", maintain_order=True).agg(pl.len(), pl.col("text", "line_amount").first())
    bounds = np.zeros(units.height + 1, np.int64)
    np.cumsum(units["len"].to_numpy(), out=bounds[1:])
    texts, numbers = folded_texts(units["text"]), folded_texts(candidates["number"])
    full = candidates["item_amount"].to_numpy()
    less = candidates.select(pl.coalesce("less", "item_amount")).to_series().to_numpy()
    taken, places = np.zeros(candidates.height, np.int64), np.zeros((candidates.height, 2), np.int64)
    answers = np.zeros(units.height, np.int64)
    targets, rows = units["line_amount"].to_numpy(), np.arange(candidates.height)

    def part(first: int, last: int) -> Any:
        spell(
            texts.data, texts.starts, texts.sizes, *references.words(), numbers.data, numbers.starts, numbers.sizes,
            rows, full, less, bounds, targets, first, last, 10_000, taken, places, answers,
        )  # fmt: skip

    in_parts(units.height, part)
    by_unit = units.select("u", answer=pl.Series(answers).replace_strict(_ANSWERS, return_dtype=pl.String))
    token = pieces(texts.data, places[:, 0], places[:, 1] - places[:, 0])
    return candidates.with_columns(taken=pl.Series(taken), token=token, field=pl.lit("memo")).join(
        by_unit, on="u", maintain_order="left"
    )
