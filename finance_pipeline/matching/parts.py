"""Tier 1, less than the whole: a reference whose money falls short by cents, or pays a part.

Not here: parts without a reference, which only a person may allocate; overpayments, which are exceptions.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching.pool import DIFFERS, NOTHING, RECORDED, SEVERAL, Found, Pool, pairs_of, refusal
from finance_pipeline.matching.references import STRONG, Named
from finance_pipeline.matching.text import one_edit_pairs, squeezed

_ALWAYS_WHOLE = ("payout", *RECORDED)


def match(pool: Pool, named: Named) -> Found:
    """Short payments within the limit, and part payments, each of a line that names exactly one item."""
    lesser = _lesser(pool, named)
    if lesser.is_empty():
        return NOTHING
    doubtful = pl.concat([_explained_otherwise(pool, lesser), _perhaps_mistyped(pool, lesser)]).unique(
        maintain_order=True
    )
    clear = lesser.join(doubtful.select("l"), on="l", how="anti", maintain_order="left")
    limit = pool.policy.short_payment_limit_minor
    alone = pl.len().over("i") == 1
    gap = (pl.col("item_amount") - pl.col("line_amount")).abs()
    short = clear.filter(alone & (gap <= limit))
    paid = pl.col("line_amount").sum().over("i")
    left = (pl.col("item_amount") - paid) * pl.col("item_amount").sign()
    least = pl.col("item_amount").abs() * pool.policy.partial_least_rest_percent
    partial = clear.filter((~alone & (left == 0)) | ((left > limit) & (left * 100 >= least)))
    together = clear.filter(~alone & (left < 0))
    settled = {"tier": 1, "role": "principal"}
    pairs = pl.concat(
        [
            pairs_of(short, **settled, rule="short_payment", amount=pl.col("item_amount")),
            pairs_of(
                short, tier=1, rule="short_payment", role="write_off",
                amount=pl.col("line_amount") - pl.col("item_amount"), item_amount=0,
            ),
            pairs_of(
                partial, **settled, rule="partial_payment",
                amount=pl.col("line_amount"), item_amount=pl.col("line_amount"),
            ),
        ]
    )  # fmt: skip
    return Found(pairs, pl.concat([refusal(doubtful, SEVERAL), refusal(together, DIFFERS)]))


def _lesser(pool: Pool, named: Named) -> pl.DataFrame:
    """Lines that name one item surely and nothing else, of its direction and currency, for less than is open.

    A memo that was cut, or that has another number of the house in it, may have named more: no part payment.
    """
    cut = pl.col("memo").str.len_chars().is_in(pool.policy.memo_cut_lengths).fill_null(False)
    unknown = named.tokens.filter(~pl.col("known")).select("l").unique()
    single = named.hits.filter(pl.len().over("l") == 1, pl.col("strength") == STRONG)
    contested = pool.refused.select("i").unique()
    candidates = pool.candidates(single, pool.policy.early_days)
    same_direction = pl.col("item_amount").sign() == pl.col("line_amount").sign()
    return (
        candidates.filter(
            ~cut & ~pl.col("foreign") & ~pl.col("stranger") & same_direction,
            pl.col("item_amount").abs() > pl.col("line_amount").abs(),
            ~pl.col("kind").is_in(_ALWAYS_WHOLE),
        )
        .join(unknown, on="l", how="anti")
        .join(contested, on="i", how="anti")
    )


def _explained_otherwise(pool: Pool, lesser: pl.DataFrame) -> pl.DataFrame:
    """l, i of lines that another open item of the party explains to the cent, alone or netted with the named one."""
    keys = ["book", "party", "line_currency", "amount"]
    whole = lesser.with_columns(amount=pl.col("line_amount"))
    netted = lesser.with_columns(amount=pl.col("line_amount") - pl.col("item_amount"))
    asked = pl.concat([whole, netted]).select("l", "book", "party", "line_currency", "amount", named="i")
    items = pool.items.select("i", "book", "party", line_currency="currency", amount="amount")
    fitting = items.join(asked, on=keys, how="semi", maintain_order="left")
    two_of_each = fitting.filter(pl.int_range(pl.len()).over(keys) < 2)
    other = asked.join(two_of_each, on=keys).filter(pl.col("i") != pl.col("named"))
    return pl.concat([other.select("l", "i"), other.select("l", i="named")]).unique(maintain_order=True)


def _perhaps_mistyped(pool: Pool, lesser: pl.DataFrame) -> pl.DataFrame:
    """l, i of lines whose number is one keystroke from that of an item of exactly the line's amount."""
    numbers = pool.items.select("i", "book", currency="currency", amount="amount", text=squeezed(pl.col("number")))
    tokens = lesser.select(
        "l", "book", currency="line_currency", amount="line_amount", named="i", text=squeezed(pl.col("token"))
    )
    near = one_edit_pairs(tokens, numbers.drop_nulls(), ["book", "currency", "amount"])
    return pl.concat([near.select("l", "i"), near.select("l", i="named")])
