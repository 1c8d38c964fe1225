"""Tier 1: advice that came apart from the money: what a payment pays, as its payer listed it.

Here: which line an advice belongs to, and its rows as allocations. Not here: lists of numbers in the line itself
(references, by_reference).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places, references, wording
from finance_pipeline.matching.pool import SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import Named
from finance_pipeline.matching.spelled import NAME_ONLY
from finance_pipeline.matching.terms import discount_minor
from finance_pipeline.matching.text import squeezed

_BY_TOTAL = 2
_EARLY_DAYS = 10
_LATE_DAYS = 45
_O_FOR_ZERO = "([0-9])[Oo]"
_TEXTS = ("memo", "end_to_end_id", "bank_reference")


def match(pool: Pool, named: Named, remittances: pl.DataFrame) -> Pool:
    """The pool after lines of exactly an advice's total, all of whose rows name one open item each, where no other line
    or advice fits, and of whose rows a person declined none for the line.

    Named by its id, by the payer, or by the total alone. A row that pays less than its item leaves the rest open, or
    takes the item's early-payment discount. A total alone is enough where every row is of one party, and may be the
    line's payer, and the advice names no other. Of a line of no known payer, or an advice that names another, it is
    where no other line and no other advice of those weeks has it and every row is its item in full or discounted.
    Lines of other books are no rivals: the rows name the documents of one.
    """
    if remittances.is_empty():
        return pool
    if not pool.open_lines["amount"].is_in(remittances["total_minor"].unique().implode()).any():
        return pool
    pairs = _belonging(pool, _totals(remittances))
    if pairs.is_empty():
        return pool
    asked, hits = _asked(named, pairs, remittances)
    pool = pool.reaching(lambda items: places.among(items["i"], hits["i"]))
    rows = _resolved(pool, asked, hits)
    declined = rows.join(pool.declined, on=["l", "i"], how="semi")
    rows = rows.join(declined, on=["l", "remittance_id"], how="anti", maintain_order="left")
    return pool.take(_found(rows, pairs))


def _found(rows: pl.DataFrame, pairs: pl.DataFrame) -> Found:
    """The lines of advices all of whose rows are known. rows: as _resolved has them; pairs: as _belonging."""
    known = pl.col("i").is_not_null() & pl.col("fits")
    party = pl.when(~pl.col("party").str.starts_with(NAME_ONLY)).then("party")
    stranger = ~pl.col("line_parties").list.contains(party).fill_null(True)
    nobody = pl.col("line_parties").is_null()
    by_total = ~stranger & ((~nobody & pl.col("payer").is_null()) | (pl.col("alone") & (_kept() == 0)))
    whole = rows.group_by("l", "remittance_id").agg(
        complete=(known & ((pl.col("rank") < _BY_TOTAL) | by_total)).all()
        & ((pl.col("rank") < _BY_TOTAL).all() | (party.drop_nulls().n_unique() <= 1))
    )
    sure = whole.filter("complete").join(pairs, on=["l", "remittance_id"])
    best = sure.filter(pl.col("rank") == pl.col("rank").min().over("l"))
    best = best.filter(pl.col("rank") == pl.col("rank").min().over("book", "remittance_id"))
    alone = (pl.len().over("l") == 1) & (pl.len().over("book", "remittance_id") == 1)
    won = rows.join(best.filter(alone), on=["l", "remittance_id"], how="semi")
    unclear = rows.join(best.filter(~alone), on=["l", "remittance_id"], how="semi").drop_nulls("i")
    twice = won.filter(pl.struct("l", "i").is_duplicated())[["l"]]
    return Found(_pairs(places.without(won, twice, "l")), refusal(unclear, SEVERAL))


def _totals(remittances: pl.DataFrame) -> pl.DataFrame:
    """One row per advice whose rows add to its total: remittance_id, received_on, currency, amount, payer (its key)."""
    names = remittances[["payer_name"]].unique().drop_nulls()
    keyed = names.with_columns(payer=wording.name_keys(names["payer_name"]))
    return (
        remittances.group_by("remittance_id")
        .agg(
            pl.col("received_on", "currency", "payer_name").first(),
            amount=pl.col("total_minor").first(),
            rows_minor=pl.col("line_minor").sum(),
        )
        .filter(pl.col("rows_minor") == pl.col("amount"))
        .join(keyed, on="payer_name", how="left")
    )


def _belonging(pool: Pool, advices: pl.DataFrame) -> pl.DataFrame:
    """l, remittance_id, rank (0 the line names the advice, 1 its payer, 2 only the total agrees), alone (no other line
    or advice has this total then)."""
    lines = pool.open_lines.select(
        "l", "book", "currency", "amount", "booked_on", "name", "words", "line_parties", *_TEXTS
    )
    both = lines.join(advices, on=["currency", "amount"])
    days = (pl.col("booked_on") - pl.col("received_on")).dt.total_days()
    near = both.filter(days.is_between(-_LATE_DAYS, _EARLY_DAYS) | days.is_between(-_EARLY_DAYS, _LATE_DAYS))
    text = squeezed(pl.concat_str(*_TEXTS, separator=" ", ignore_nulls=True))
    by_id = text.str.contains(squeezed("remittance_id"), literal=True).fill_null(False)
    by_payer = (
        (pl.col("name") == pl.col("payer")) | pl.col("words").str.contains(pl.col("payer"), literal=True)
    ).fill_null(False)
    rank = pl.when(by_id).then(0).when(by_payer).then(1).otherwise(_BY_TOTAL)
    alone = (pl.len().over("l") == 1) & (pl.len().over("book", "remittance_id") == 1)
    return near.with_columns(rank=rank, alone=alone).select(
        "l", "book", "booked_on", "remittance_id", "rank", "line_parties", "alone", "payer",
        advised_currency="currency",
    )  # fmt: skip


def _asked(named: Named, pairs: pl.DataFrame, remittances: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of the advices beside their lines: row, l, remittance_id, line_minor; what they name: row, i, strength."""
    stated = pairs.join(remittances[["remittance_id", "line_reference", "line_minor"]], on="remittance_id")
    asked = stated.with_row_index("row").with_columns(
        number=pl.col("line_reference"), **{name: pl.lit(None, pl.String) for name in references.FIELDS}
    )
    as_lines = asked.select(
        pl.col("row").alias("l"), "book", *references.FIELDS[:2], "counterparty_name", memo="number"
    )
    mistyped = as_lines.filter(pl.col("memo").str.contains(_O_FOR_ZERO)).with_columns(
        pl.col("memo").str.replace_all(_O_FOR_ZERO, "${1}0").str.replace_all(_O_FOR_ZERO, "${1}0")
    )
    found = [named.index.search(lines)[0] for lines in (as_lines, mistyped)]
    return asked, pl.concat(found).select("i", "strength", row="l").unique(maintain_order=True)


def _resolved(pool: Pool, asked: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Rows of the advices beside the one open item each names: l, remittance_id, line_minor, i, amount, party, fits (of
    the advice's currency, pays no more than is open)."""
    hits = places.having(named, pool.items, "i")
    facts = pool.items[["i", "amount", "party", "currency", "discount_percent", "discount_until"]]
    found = asked.join(hits[["row", "i", "strength"]], on="row", how="left").join(facts, on="i", how="left")
    exact = (pl.col("amount") == pl.col("line_minor")).fill_null(False)
    surest = found.filter(~exact.any().over("row") | exact)
    surest = surest.filter(pl.col("strength").is_null() | (pl.col("strength") == pl.col("strength").min().over("row")))
    same_way = pl.col("amount").sign() == pl.col("line_minor").sign()
    no_more = pl.col("line_minor").abs() <= pl.col("amount").abs()
    same_way &= pl.col("currency") == pl.col("advised_currency")
    # A part of a number, or a number mistyped into a part of another's, names what it pays exactly, or nothing.
    same_way &= (pl.col("strength") < references.PART) | (_kept() == 0)
    return surest.with_columns(fits=(same_way & no_more & (pl.len().over("row") == 1)).fill_null(False))


def _pairs(won: pl.DataFrame) -> pl.DataFrame:
    """Rows as allocations: in full, less a discount in time, or in part."""
    kept = pl.col("amount") - pl.col("line_minor")
    takes = won.with_columns(kept=kept, takes=(kept != 0) & ((kept - _discount()).abs() <= 1))
    common = {"tier": 1, "rule": "remittance_advice", "token": pl.col("remittance_id"), "field": "advice"}
    full = pl.when("takes").then("amount").otherwise("line_minor")
    principal = pairs_of(takes, amount=full, item_amount=full, role="principal", **common)
    off = pairs_of(takes.filter("takes"), amount=-pl.col("kept"), item_amount=0, role="discount", **common)
    return pl.concat([principal, off])


def _kept() -> pl.Expr:
    """What a row leaves of its item beside a discount in time, in minor units."""
    kept = pl.col("amount") - pl.col("line_minor")
    return pl.when((kept - _discount()).abs() <= 1).then(0).otherwise(kept)


def _discount() -> pl.Expr:
    return discount_minor(pl.col("amount"), pl.col("discount_percent"), pl.col("discount_until"), pl.col("booked_on"))
