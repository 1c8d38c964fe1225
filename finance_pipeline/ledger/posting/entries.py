"""Entries from heads and legs: what every family of posting rules has in common.

A head says what an entry is; its legs, what it moves. A leg is one line of the entry: a code, an amount in the entry's
currency and, where that is not the book's own, the amount in the book's currency.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.schemas import ENTRIES, HELD

_FROM_LEGS = ("accounts", "amounts", "functional_amounts")
HEAD = [name for name in ENTRIES.names if name not in _FROM_LEGS]
"""Columns of a head, besides `key` (unique) and `amount_minor` (for the list of what is held)."""


@dataclass(frozen=True)
class Postings:
    """What should stand (ENTRIES), and what cannot be posted, with the reason (HELD)."""

    entries: pl.DataFrame
    held: pl.DataFrame


def together(parts: list[Postings]) -> Postings:
    """The postings of several families as one."""
    return Postings(pl.concat([part.entries for part in parts]), pl.concat([part.held for part in parts]))


def nothing() -> Postings:
    return Postings(ENTRIES.empty(), HELD.empty())


def keyed(frame: pl.DataFrame) -> pl.DataFrame:
    """Living records with the columns of a head that follow from the record itself, and `key`."""
    return frame.filter(~pl.col("removed")).with_columns(
        source_id=pl.col("record_id"),
        evidence_id=pl.col("record_id"),
        evidence_hash=pl.col("content_hash"),
        match_id=pl.lit(None, pl.String),
        key=pl.col("record_id"),
    )


def not_before(book: Book, day: str) -> pl.Expr:
    """Accounting date of what happened on a day: that day, or the book's first where it is older."""
    return pl.max_horizontal(pl.col(day), pl.lit(book.starts_on))


def leg(heads: pl.DataFrame, order: int, code: pl.Expr, amount: pl.Expr, functional: pl.Expr) -> pl.DataFrame:
    """One leg of each head: key, order, code, amount_minor, functional_minor."""
    return heads.select(
        "key",
        order=pl.lit(order, pl.Int32),
        code=code,
        amount_minor=amount.cast(pl.Int64),
        functional_minor=functional.cast(pl.Int64),
    )


def parted(heads: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Heads that can be posted, and those held: the ones with a `reason` (and `words`)."""
    held = heads.filter(pl.col("reason").is_not_null())
    return heads.filter(pl.col("reason").is_null()), held.select(HELD.names)


def first_reason(*rules: tuple[pl.Expr, str, pl.Expr]) -> list[pl.Expr]:
    """Columns reason and words of the first rule that applies: (condition, reason code, words); null for none."""
    reason, words = pl.lit(None, pl.String), pl.lit(None, pl.String)
    for condition, code, said in reversed(rules):
        reason = pl.when(condition).then(pl.lit(code)).otherwise(reason)
        words = pl.when(condition).then(said).otherwise(words)
    return [reason.alias("reason"), words.alias("words")]


def no_rate(day: str, book: Book) -> pl.Expr:
    """Words for an amount without a rate."""
    return pl.format(f"no rate of {{}} in {book.currency} is published for {{}} or the days before", "currency", day)


def assembled(book: Book, heads: pl.DataFrame, legs: list[pl.DataFrame]) -> Postings:
    """Entries of these heads. Legs that move nothing are left out, and so is an entry without legs.

    An entry that does not add up in both currencies is held: the database would refuse it, and with it all others.
    """
    if heads.is_empty():
        return nothing()
    by_key = (
        pl.concat(legs)
        .filter((pl.col("amount_minor") != 0) | (pl.col("functional_minor") != 0))
        .sort("key", "order", maintain_order=True)
        .group_by("key", maintain_order=True)
        .agg(
            accounts=pl.col("code"),
            amounts=pl.col("amount_minor"),
            functional_amounts=pl.col("functional_minor"),
            adds_up=(pl.col("amount_minor").sum() == 0) & (pl.col("functional_minor").sum() == 0),
        )
    )
    own = pl.col("currency") == book.currency
    rows = heads.join(by_key, on="key", how="inner", maintain_order="left").with_columns(
        functional_amounts=pl.when(~own).then("functional_amounts")
    )
    wrong = rows.filter(~pl.col("adds_up")).with_columns(
        reason=pl.lit("does_not_add_up"), words=pl.lit("its parts do not add to its total")
    )
    return Postings(rows.filter(pl.col("adds_up")).select(ENTRIES.names), wrong.select(HELD.names))


def share(whole: pl.Expr, part: pl.Expr, of: pl.Expr) -> pl.Expr:
    """whole x part / of in exact integers, rounded half away from zero; `whole` itself where part is all of it."""
    wide = pl.Int128
    product = whole.cast(wide) * part.cast(wide)
    size, divisor = product.abs(), of.cast(wide).abs()
    rounded = (2 * size + divisor) // (2 * divisor)
    return (rounded * product.sign() * of.cast(wide).sign()).cast(pl.Int64)
