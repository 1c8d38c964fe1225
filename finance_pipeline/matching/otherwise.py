"""What a line that names one document, but not its amount, may be instead: another of the party, or several.

Not here: what of it is paid where nothing else fits (parts).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching.pool import Pool
from finance_pipeline.matching.spelled import NAME_ONLY
from finance_pipeline.matching.sums import search
from finance_pipeline.matching.terms import discount_minor
from finance_pipeline.matching.text import one_edit_pairs, squeezed

_MOST_OTHERS = 40
_FEW_OTHERS = 10
"""Of so many other items of a party hardly any sum is a given amount by chance."""
WHOLE_MINOR = 100
"""People pay on account in multiples of this."""
_OF_PARTIES = [
    *("i", "book", "currency", "party", "party_key", "issued_on", "amount", "discount_percent", "discount_until"),
]
"""What is asked of the other items of a party."""


def doubts(pool: Pool, single: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """l, i of lines that may just as well be another document; and l of lines that differ by what tier 3 asks after.

    single: candidates of lines that name exactly one item, for another amount than theirs.
    """
    whose = _by_whose(pool.items[_OF_PARTIES], single)
    doubtful = (_explained_otherwise(whose, single), _perhaps_mistyped(pool, single), _alike(pool, single))
    return pl.concat(doubtful).unique(maintain_order=True), _netted(pool, whose, single)


def was_cut(pool: Pool) -> pl.Expr:
    """The memo is as long as banks cut them to, or stops where a list goes on."""
    cut = pl.col("memo").str.len_chars().is_in(pool.policy.memo_cut_lengths)
    return (cut | pl.col("memo").str.contains(r"[,;/+&]\s*$")).fill_null(False)


def _whole_discount() -> pl.Expr:
    until = pl.col("discount_until")
    return discount_minor(pl.col("amount"), pl.col("discount_percent"), until, until)


def _explained_otherwise(whose: pl.DataFrame, single: pl.DataFrame) -> pl.DataFrame:
    """l, i of lines that are another open item of the party to the cent (before conversion or after, in full or less
    its discount), whatever they name, or that exceed the named one by a round amount which is another's.

    whose: as _by_whose has them.
    """
    keys = ["book", "party", "line_currency", "amount"]
    if whose.is_empty():
        return whose.select(l="i", i="i")
    over = single.with_columns(
        missing=pl.col("line_amount") - pl.col("item_amount"), sign=pl.col("line_amount").sign()
    ).filter(_round_rest())
    asked = pl.concat(
        [
            single.select("l", "book", "party", "line_currency", amount="line_amount", named="i"),
            over.select("l", "book", "party", "line_currency", amount="missing", named="i"),
            single.filter(pl.col("original_currency") != pl.col("line_currency")).select(
                "l", "book", "party", line_currency="original_currency", amount="original_amount", named="i"
            ),
        ]
    )
    less = whose.filter(pl.col("discount_percent").is_not_null()).with_columns(pl.col("amount") - _whole_discount())
    both = pl.concat([whose, less.filter(pl.col("amount").is_not_null())]) if less.height else whose
    items = both.select("i", "book", "party", line_currency="currency", amount="amount")
    fitting = items.join(asked, on=keys, how="semi", maintain_order="left")
    if fitting.is_empty():
        return fitting.select(l="i", i="i")
    two_of_each = fitting.filter(pl.int_range(pl.len()).over(keys) < 2)
    other = asked.join(two_of_each, on=keys).filter(pl.col("i") != pl.col("named"))
    return pl.concat([other[["l", "i"]], other.select("l", i="named")]).unique(maintain_order=True)


def _by_whose(items: pl.DataFrame, single: pl.DataFrame) -> pl.DataFrame:
    """Open items of the parties of some candidates, once for each party that they may be of: one that gives its party
    by a name that several have may be any of these, and whatever these have may be of that name."""
    keys = ["book", "party"]
    asked = single[keys]
    begins = items["party"].str.starts_with(NAME_ONLY)
    if not begins.any():
        return items.join(asked, on=keys, how="semi", maintain_order="left")
    nameless, sure = items.filter(begins), items.filter(~begins)
    parties = sure.select("book", "party_key", may_be="party").drop_nulls().unique()
    more = nameless.join(parties, on=["book", "party_key"]).with_columns(party="may_be").drop("may_be")
    namesakes = sure.join(nameless, on=["book", "party_key"], how="semi")
    also = namesakes.with_columns(party=NAME_ONLY + pl.col("party_key"))
    return pl.concat([items, more, also]).join(asked, on=keys, how="semi", maintain_order="left")


def _round_rest() -> pl.Expr:
    """What comes beyond the named item is of whole units: as likely on account as for another item of just that."""
    return (pl.col("missing").sign() == pl.col("sign")) & (pl.col("missing") % WHOLE_MINOR == 0)


def _netted(pool: Pool, whose: pl.DataFrame, single: pl.DataFrame) -> pl.DataFrame:
    """l of lines that differ by just one other item of the party, or some credit notes, with other items or without:
    tier 3 asks whether these are in it. Where the memo was cut, and may have named more, by any sum of what the party
    has open. whose: as _by_whose has them.
    """
    keys = ["book", "party", "line_currency"]
    cut = was_cut(pool)
    asked = single.select(
        "l",
        *keys,
        "booked_on",
        named="i",
        cut=cut,
        missing=pl.col("line_amount") - pl.col("item_amount"),
        sign=pl.col("line_amount").sign(),
    ).filter(pl.len().over("l") == 1)
    items = whose.select("i", "book", "party", "issued_on", line_currency="currency", item_amount="amount")
    both = asked.join(items, on=keys).filter(
        pl.col("i") != pl.col("named"),
        pl.col("issued_on") <= pl.col("booked_on"),
    )
    if both.is_empty():
        return both[["l"]]
    one = both.filter(pl.col("item_amount") == pl.col("missing"), ~_round_rest())[["l"]]
    credit = pl.col("item_amount").sign() != pl.col("sign")
    short = pl.col("missing").sign() != pl.col("sign")
    among_few = credit.any().over("l") & (pl.len().over("l") <= _FEW_OTHERS)
    one = pl.concat([one, _credit_and_another(both.filter(short), credit)])
    both = both.filter(pl.col("cut") | (short & (credit | among_few)))
    both = both.filter(pl.len().over("l") <= _MOST_OTHERS).sort("l", "i")
    if both.is_empty():
        return one
    found = search(both, pool.policy.chance_bound, target="missing").filter(pl.col("taken") > 0)
    return pl.concat([one, found[["l"]]])


def _credit_and_another(both: pl.DataFrame, credit: pl.Expr) -> pl.DataFrame:
    """l of lines that are their named item less a credit note and with one more of the party's items."""
    credits = both.filter(credit).select("l", also=pl.col("missing") - pl.col("item_amount"))
    if credits.is_empty():
        return credits[["l"]]
    return both.filter(~credit).join(credits, left_on=["l", "item_amount"], right_on=["l", "also"])[["l"]]


def _perhaps_mistyped(pool: Pool, single: pl.DataFrame) -> pl.DataFrame:
    """l, i of lines whose number is one keystroke from that of an item of exactly the line's amount, or has its last
    digits."""
    keys = ["book", "currency", "amount"]
    tokens = single.select(
        "l", "book", currency="line_currency", amount="line_amount", named="i", text=squeezed("token")
    )
    of_amount = pool.items.join(tokens, on=keys, how="semi").filter(pl.col("number").is_not_null())
    if of_amount.is_empty():
        return of_amount.select(l="i", i="i")
    numbers = of_amount.select("i", *keys, text=squeezed("number"))
    near = one_edit_pairs(tokens, numbers, keys)
    digits = pl.col("text").str.extract("([0-9]{4,})$")
    same_end = (
        tokens.with_columns(digits=digits)
        .join(numbers, on=keys, suffix="_number")
        .filter(pl.col("text_number").str.ends_with(pl.col("digits")))
    )
    found = pl.concat([frame[["l", "i", "named"]] for frame in (near, same_end)])
    return pl.concat([found[["l", "i"]], found.select("l", i="named")])


def _alike(pool: Pool, single: pl.DataFrame) -> pl.DataFrame:
    """l, i of lines whose digits are also the last ones of another number of the same party: FC-007492, F26007492."""
    digits = single.filter(pl.col("token").str.contains("^[0-9]{4,}$"))
    if digits.is_empty():
        return digits[["l", "i"]]
    asked = digits.select("l", "book", "party", "token", named="i", currency="line_currency")
    keys = ["book", "party", "currency"]
    others = asked.join(pool.items[["i", *keys, "number"]], on=keys).filter(pl.col("i") != pl.col("named"))
    if others.is_empty():
        return others[["l", "i"]]
    found = others.filter(squeezed("number").str.ends_with(pl.col("token")))
    return pl.concat([found[["l", "i"]], found.select("l", i="named")])
