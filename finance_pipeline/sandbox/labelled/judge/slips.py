"""Typing errors: whether a mistyped number can be one number only.

A slip is one character lost, doubled, added or changed, or two neighbours exchanged. What is typed is compared with
the numbers of the book by their keys without one character, which any two texts one slip apart have in common.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.sandbox.labelled.draft import MENTION

_LONGEST = 24
"""Characters of the longest number."""


def with_slips(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """With exists, exists_own and exists_agreed (an item of the book, of the seen party, of the line's amount bears the
    text as it is typed), slip_book and slip_party: how many numbers of the book, and of the seen party with the line's
    amount, are one slip away."""
    typed = frame.filter("survives", pl.col("mention") == MENTION["typo"])
    asked = typed.select("mention_row", "book", "whole", "digits", "group", "line_amount", "bare")
    items = known.select("book", "whole", "party", "amount", candidate="item")
    # A number without letters is also read as the end of a longer one.
    bears = ["book", "whole", "party", "amount"]
    exact = asked.join(items.select(bears), on=["book", "whole"])
    exists = exact.group_by("mention_row").agg(
        exists=pl.lit(True),
        exists_own=(pl.col("party") == pl.col("group")).any(),
        exists_agreed=(pl.col("amount") == pl.col("line_amount")).any(),
    )
    near_ones = _neighbours(asked, items)
    pairs = near_ones.unique(["mention_row", "candidate"]).filter(_one_slip())
    mine = (pl.col("party") == pl.col("group")) & (pl.col("amount") == pl.col("line_amount"))
    near = pairs.group_by("mention_row").agg(
        slip_book=pl.col("candidate").n_unique(), slip_party=pl.col("candidate").filter(mine).n_unique()
    )
    joined = frame.join(exists, on="mention_row", how="left", maintain_order="left")
    joined = joined.join(near, on="mention_row", how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("exists", "exists_own", "exists_agreed").fill_null(False),
        pl.col("slip_book", "slip_party").fill_null(0).cast(pl.Int64),
    )


def _neighbours(asked: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Pairs of typed texts and numbers of the book that are equal once at most one character of each is left out."""
    wanted = pl.concat(_variants(asked)).unique()
    right = items.rename({"whole": "number_whole"})
    found = [wanted.join(part, on=["book", "variant"]) for part in _variants(right, "number_whole")]
    return pl.concat(found)


def _variants(frame: pl.DataFrame, name: str = "whole") -> list[pl.DataFrame]:
    """The text itself, and what it is without its first, its second ... character."""
    text = pl.col(name)
    longest = int(str(frame[name].str.len_chars().max() or 0))
    parts = [frame.with_columns(variant=text)]
    for at in range(longest):
        longer = frame.filter(text.str.len_chars() > at)
        parts.append(longer.with_columns(variant=text.str.slice(0, at) + text.str.slice(at + 1)))
    return parts


def _one_slip() -> pl.Expr:
    """Whether two texts that share a variant are one slip apart: of one length they may differ in one place, or be
    exchanged in two neighbouring ones; of two lengths they differ by the character left out."""
    typed, number = pl.col("whole"), pl.col("number_whole")
    one, other = ([text.str.slice(at, 1) for at in range(_LONGEST)] for text in (typed, number))
    differs = [(a != b).cast(pl.Int8) for a, b in zip(one, other, strict=True)]
    swapped = pl.any_horizontal(
        (one[at] == other[at + 1]) & (one[at + 1] == other[at]) & (differs[at] == 1) for at in range(_LONGEST - 1)
    )
    count = pl.sum_horizontal(differs)
    return (typed.str.len_chars() != number.str.len_chars()) | (count <= 1) | ((count == 2) & swapped)
