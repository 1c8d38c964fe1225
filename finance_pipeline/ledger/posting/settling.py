"""What settles what, in money: the common core of matches and of payments recorded in the accounting system.

One entry moves the settled part from where the line waits to what it settles. An item in another currency is settled
through the exchange account by a second, linked entry in its own currency. What the line brought more or less than the
carrying amount is a gain or loss on exchange; where the rate of the day is known, what a bank's own rate cost beyond it
is apart.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.entries import Postings, assembled, nothing, parted, share, together

PART = (
    "key",
    "line_id",
    "currency",
    "line_code",
    "line_amount_minor",
    "line_functional_minor",
    "amount_minor",
    "role_code",
    "item_code",
    "item_currency",
    "item_amount_minor",
    "item_functional_minor",
    "item_spot_minor",
)
"""Columns of a part. role_code: null for principal. item_code: null where no item is settled. item_spot_minor: what is
settled at the rate of the line's day, null where that is not known."""
_LEG = ("key", "order", "code", "amount_minor", "functional_minor")


def settled(book: Book, heads: pl.DataFrame, parts: pl.DataFrame) -> Postings:
    """One entry a head, and one more for each other currency among its items.

    heads: HEAD, key, amount_minor, and reason and words where it is to be held. parts: PART, residuals left out.
    """
    fit, held = parted(heads)
    parts = _carried(book, parts.join(fit.select("key"), on="key", how="semi"))
    direct = parts.filter(pl.col("item_currency").is_null() | (pl.col("item_currency") == pl.col("currency")))
    across = parts.filter(pl.col("item_currency") != pl.col("currency"), pl.col("item_code").is_not_null())
    legs = pl.concat(
        [_line_legs(parts), _item_legs(direct), _role_legs(book, parts, across), _exchange_legs(book, across)]
    )
    posted = assembled(book, fit, [legs, *_difference(book, fit, legs, direct, across)])
    companions = _companions(book, fit.join(posted.entries.select(key="source_id"), on="key", how="semi"), across)
    return together([posted, companions, Postings(posted.entries.clear(), held)])


def _carried(book: Book, parts: pl.DataFrame) -> pl.DataFrame:
    """Parts whose items in the book's own currency are carried at their amount, and absent items at nothing."""
    own = pl.col("item_currency") == book.currency
    return parts.with_columns(
        item_functional_minor=pl.when(own).then("item_amount_minor").otherwise("item_functional_minor"),
        other_minor=pl.when(pl.col("item_currency") == pl.col("currency")).then("item_amount_minor").otherwise(0),
    )


def _line_legs(parts: pl.DataFrame) -> pl.DataFrame:
    """Out of where the line waits: all that is allocated of it, at what the line is carried at."""
    lines = parts.group_by("key", "line_id", "line_code", maintain_order=True).agg(
        pl.col("amount_minor").sum(),
        pl.col("line_amount_minor").first(),
        pl.col("line_functional_minor").first(),
    )
    return lines.select(
        "key",
        order=pl.lit(0, pl.Int32),
        code="line_code",
        amount_minor="amount_minor",
        functional_minor=share(pl.col("line_functional_minor"), pl.col("amount_minor"), pl.col("line_amount_minor")),
    )


def _item_legs(parts: pl.DataFrame) -> pl.DataFrame:
    """Off the items: what is settled, at their carrying amount."""
    return parts.filter(pl.col("item_code").is_not_null()).select(
        "key",
        order=pl.lit(2, pl.Int32),
        code="item_code",
        amount_minor=-pl.col("item_amount_minor"),
        functional_minor=-pl.col("item_functional_minor"),
    )


def _role_legs(book: Book, parts: pl.DataFrame, across: pl.DataFrame) -> pl.DataFrame:
    """Fees, discounts, write-offs: what the item is settled with beyond the money, each to its own account.

    A gain or loss on an item in another currency is reckoned from the carrying amounts, not from what a match says.
    """
    reckoned = pl.col("key").is_in(across["key"].unique().implode()) & (pl.col("role_code") == role_code(book, "fx"))
    amount = pl.col("other_minor") - pl.col("amount_minor")
    carried = share(pl.col("line_functional_minor"), amount, pl.col("line_amount_minor"))
    return parts.filter(pl.col("role_code").is_not_null(), ~reckoned).select(
        "key",
        order=pl.lit(1, pl.Int32),
        code="role_code",
        amount_minor=amount,
        functional_minor=pl.when(pl.col("currency") == book.currency).then(amount).otherwise(carried),
    )


def _exchange_legs(book: Book, across: pl.DataFrame) -> pl.DataFrame:
    """Into exchange, for items in another currency: their carrying amount, in the line's currency where it is ours."""
    own = pl.col("currency") == book.currency
    return across.select(
        "key",
        order=pl.lit(3, pl.Int32),
        code=pl.lit(role_code(book, "exchange")),
        amount_minor=pl.when(own).then(-pl.col("item_functional_minor")).otherwise(-pl.col("amount_minor")),
        functional_minor=-pl.col("item_functional_minor"),
    )


def _difference(
    book: Book, heads: pl.DataFrame, legs: pl.DataFrame, direct: pl.DataFrame, across: pl.DataFrame
) -> list[pl.DataFrame]:
    """Legs of gain or loss on exchange and of conversion cost: what is missing in the book's currency; nothing without
    another currency.

    What the rates did since the item came into being is the first, what the bank's own rate cost beyond that of the
    day is the second. Without a rate of the day all is the first.
    """
    foreign = heads.filter(pl.col("currency") != book.currency).select("key", in_own=pl.lit(0))
    exchanged = heads.filter(pl.col("currency") == book.currency).join(across, on="key", how="semi")
    differing = pl.concat([foreign, exchanged.select("key", in_own=pl.lit(1))])
    if differing.is_empty():
        return []
    missing = legs.group_by("key", maintain_order=True).agg(
        pl.col("amount_minor", "functional_minor").sum(), order=pl.lit(4, pl.Int32)
    )
    by_rate = (
        across.join(direct.filter(pl.col("item_code").is_not_null()), on="key", how="anti")
        .group_by("key")
        .agg(
            known=pl.col("item_spot_minor").is_not_null().all(),
            by_rate=(pl.col("item_functional_minor") - pl.col("item_spot_minor")).sum(),
        )
        .filter("known")
    )
    total = -pl.col("functional_minor")
    both = missing.join(differing, on="key", maintain_order="left").join(
        by_rate, on="key", how="left", maintain_order="left"
    )
    both = both.with_columns(by_rate=pl.coalesce("by_rate", total)).with_columns(cost=total - pl.col("by_rate"))
    # The amounts of an entry in another currency add up by themselves; what they leave over shows as it is.
    left = -pl.col("amount_minor") * pl.col("in_own") - pl.col("cost") * pl.col("in_own")
    return [
        both.select(
            "key", "order", code=pl.lit(role_code(book, "fx")), amount_minor=left, functional_minor="by_rate"
        ).select(_LEG),
        both.select(
            "key", order=pl.lit(5, pl.Int32), code=pl.lit(role_code(book, "conversion_cost")),
            amount_minor=pl.col("cost") * pl.col("in_own"), functional_minor="cost",
        ).select(_LEG),
    ]  # fmt: skip


def _companions(book: Book, heads: pl.DataFrame, across: pl.DataFrame) -> Postings:
    """Dr exchange, Cr the items, in the items' own currency, linked by the subject they share with the entry."""
    if across.is_empty():
        return nothing()
    parts = across.join(heads.select("key"), on="key", how="semi").with_columns(
        subject="key", key=pl.format("{} {}", "key", "item_currency")
    )
    linked = (
        parts.group_by("subject", "key", maintain_order=True)
        .agg(pl.col("item_currency").first(), item_sum=pl.col("item_amount_minor").sum())
        .join(heads.rename({"key": "subject"}), on="subject", maintain_order="left")
        .with_columns(
            currency="item_currency", amount_minor="item_sum", purpose=pl.format("{} {}", "purpose", "item_currency")
        )
    )
    exchange = parts.select(
        "key",
        order=pl.lit(0, pl.Int32),
        code=pl.lit(role_code(book, "exchange")),
        amount_minor="item_amount_minor",
        functional_minor="item_functional_minor",
    )
    return assembled(book, linked, [exchange, _item_legs(parts)])
