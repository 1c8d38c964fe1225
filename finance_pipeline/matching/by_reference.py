"""Tier 1: the text names a document, and the amount agrees. Whole numbers, then lists, then bare digits, then typos.

Not here: amounts that only partly agree (parts), names without numbers (by_party).
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from finance_pipeline.matching import parts, proposals
from finance_pipeline.matching.pool import NOTHING, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import BARE, SHORTHAND, STRONG, Named
from finance_pipeline.matching.text import one_edit_pairs, squeezed

_STEPS = (
    (STRONG, "reference", "references_sum"),
    (SHORTHAND, "reference", "references_list_sum"),
    (BARE, "reference_digits", "references_digits_sum"),
)
_TYPO_CHARS = (5, 24)


def match(pool: Pool, named: Named) -> Pool:
    """The pool after tier 1, surest evidence first."""
    for strength, one, several in _STEPS:
        candidates = pool.candidates(named.hits.filter(pl.col("strength") <= strength), pool.policy.early_days)
        fitting = candidates.filter((pl.col("strength") < BARE) | ~pl.col("stranger"))
        pool = pool.take(_unless_payer_has_the_same(pool, proposals.exact(fitting, 1, one, several)))
    pool = pool.take(_typos(pool, named))
    return pool.take(parts.match(pool, named))


def _unless_payer_has_the_same(pool: Pool, found: Found) -> Found:
    """Refuse a number of another party's document where the payer has one of the same amount: a number mistyped
    into a neighbour's looks just like that."""
    if found.pairs.is_empty():
        return found
    items = pool.items.select("i", "book", "currency", "amount", "party")
    lines = pool.lines.select("l", "line_parties").filter(pl.col("line_parties").is_not_null())
    stranger = found.pairs.select("l", "i").join(lines, on="l").join(items, on="i")
    other = pl.col("party").is_not_null() & ~pl.col("line_parties").list.contains(pl.col("party"))
    payers = stranger.filter(other).explode("line_parties")
    own = items.group_by("book", "currency", "amount", line_parties="party").agg(own=pl.col("i").min())
    doubted = payers.join(own, on=["book", "currency", "amount", "line_parties"])
    if doubted.is_empty():
        return found
    both = pl.concat([doubted.select("l", "i"), doubted.select("l", i="own")])
    kept = found.pairs.join(doubted.select("l").unique(), on="l", how="anti", maintain_order="left")
    return replace(found, pairs=kept, refused=pl.concat([found.refused, refusal(both, SEVERAL)]))


def _typos(pool: Pool, named: Named) -> Found:
    """One mistyped number whose correction is the only one in the book, with exactly the amount that is missing.

    What is missing is the line less what its other numbers name. A number that is well formed may be that of a
    document we no longer or do not yet have, so its correction also needs the same party.
    """
    early = pool.policy.early_days
    rightly = pool.candidates(named.hits.filter(pl.col("strength") <= SHORTHAND), early).filter(
        ~pl.col("stranger") & ~pl.col("foreign")
    )
    sums = rightly.group_by("l").agg(named=pl.col("item_amount").sum())
    lines = pool.open_lines.join(sums, on="l", how="left", maintain_order="left").with_columns(
        missing=pl.col("amount") - pl.col("named").fill_null(0)
    )
    numbers = pool.items.filter(pl.col("number").is_not_null()).select(
        "i", "book", "currency", missing="amount", text=squeezed(pl.col("number"))
    )
    single = numbers.filter(
        pl.col("i").n_unique().over("book", "text") == 1, pl.col("text").str.contains("[0-9].*[0-9].*[0-9]")
    )
    texts = _mistyped(lines, rightly, named).join(single, on=["book", "currency", "missing"], how="semi")
    near = one_edit_pairs(texts, single, ["book", "currency", "missing"])
    if near.is_empty():
        return NOTHING
    hits = near.select("l", "i", "formed", token="text", field=pl.lit("memo"), strength=STRONG, missing="missing")
    found = pool.candidates(hits, early).join(rightly, on=["l", "i"], how="anti")
    agrees = (pl.col("party") == pl.col("line_party")).fill_null(False)
    fits = found.filter((pl.col("formed") & agrees) | (~pl.col("formed") & ~pl.col("stranger")))
    fits = fits.sort("l", "i", "token").unique(["l", "i"], keep="first", maintain_order=True)
    alone = (pl.col("i").n_unique().over("l") == 1) & (pl.col("l").n_unique().over("i") == 1)
    won = fits.filter(alone)
    others = rightly.join(won.select("l"), on="l", how="semi")
    doubled = others.filter(pl.col("l").n_unique().over("i") > 1).select("l")
    both = pl.concat(
        [
            won.select("l", "i", "item_amount", "token", "field"),
            others.select("l", "i", "item_amount", "token", "field"),
        ]
    )
    clear = both.join(doubled, on="l", how="anti")
    pairs = pairs_of(clear, tier=1, rule="reference_typo", amount=pl.col("item_amount"), role="principal")
    return Found(pairs, refusal(fits.filter(~alone), SEVERAL))


def _mistyped(lines: pl.DataFrame, rightly: pl.DataFrame, named: Named) -> pl.DataFrame:
    """Number-like texts of free lines that name nothing yet: l, book, currency, missing, text, formed."""
    facts = lines.select("l", "book", "currency", "missing")
    strings = pl.concat(
        [lines.select("l", string=field).drop_nulls() for field in ("end_to_end_id", "bank_reference", "memo")]
    )
    word = (
        strings.with_columns(text=pl.col("string").str.extract_all(r"[^\s,;|]+"))
        .explode("text")
        .select("l", text=squeezed(pl.col("text")))
    )
    pair = word.with_columns(text=pl.col("text") + pl.col("text").shift(-1), same=pl.col("l").shift(-1) == pl.col("l"))
    texts = pl.concat([word, pair.filter("same").select("l", "text")]).filter(
        pl.col("text").str.len_chars().is_between(*_TYPO_CHARS), pl.col("text").str.contains("[0-9].*[0-9]")
    )
    formed = named.tokens.group_by("l", "text").agg(pl.col("formed").any())
    listed = pl.concat([texts, named.tokens.select("l", "text")]).unique()
    known = rightly.select("l", text=squeezed(pl.col("token")))
    marked = listed.join(known, on=["l", "text"], how="anti").join(formed, on=["l", "text"], how="left")
    return marked.with_columns(pl.col("formed").fill_null(False)).join(facts, on="l")
