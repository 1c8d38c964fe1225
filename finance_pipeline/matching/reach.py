"""Which items any line could be compared with at all, found before the tiers begin.

The few hundred lines of a day meet what is open since years. Nearly all of that is of parties that no line is of, of
amounts that no line has, and named nowhere: it takes no part in anything that the tiers do, and only costs time.

Here: what is left out at first. Not here: any rule; leaving out changes nothing of what is found (a test asks that).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.references import Named

MANY_TIMES = 4
"""Where items are not so many times as many as lines, nearly all of them are reached, and looking costs more."""


def reached(items: pl.DataFrame, lines: pl.DataFrame, named: Named, some: pl.Series) -> pl.Series:
    """Whether each item, in their order, can be reached by a line: by its number, its party or one of its name, a party
    of which it names a document, or its amount; or is one of some (i: members of groups, what people confirmed).

    What a step works out only as it goes, it fetches itself (Pool.reaching): amounts less what is named, what advices
    name. A payout, and what a standing match holds a part of, always stay.

    items: all, closed ones too, each at its place; lines: all, with line_parties.
    """
    if items.height < MANY_TIMES * lines.height:
        return pl.repeat(True, items.height, dtype=pl.Boolean, eager=True)
    names = pl.concat([named.hits["i"], named.closed["i"]])
    whose = pl.concat([lines["line_parties"].drop_nulls().explode(), items["party"].gather(names)])
    sizes = pl.concat([lines["amount"], lines["original_amount"].drop_nulls()]).abs()
    of_parties = items["party"].is_in(whose.drop_nulls().unique().implode()).fill_null(False)
    alike = items["party_key"].filter(of_parties).drop_nulls().unique()
    return items.select(
        pl.lit(of_parties)
        | pl.col("party_key").is_in(alike.implode()).fill_null(False)
        | pl.col("amount").abs().is_in(sizes.unique().implode())
        | (pl.col("kind") == "payout")
        | (pl.col("weakly_held") != 0)
        | pl.lit(places.among(items["i"], pl.concat([names, some])))
    ).to_series()
