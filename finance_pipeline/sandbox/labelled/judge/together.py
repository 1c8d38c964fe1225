"""Numbers of a list that fit several documents each: which one choice of documents makes the line's amount."""

from __future__ import annotations

import polars as pl

_MOST_CHOICES = 100
"""More choices than this hit an amount by chance too easily."""


def with_unique_together(frame: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Mentions with unique_together: all numbers of the line can be read, and of all ways to take one document for each
    (no document twice) just one adds to the line's amount. Where there are too many ways, those within one party count:
    who pays a list pays its own documents.

    frame: mentions with readable. pairs: mention_row, candidate, item_party, candidate_amount.
    """
    of_line = frame.group_by("line").agg(numbers=pl.len(), readable=pl.col("readable").all())
    several = of_line.filter("readable", pl.col("numbers") > 1).select("line", "numbers")
    rows = frame.join(several, on="line").select("line", "mention_row", "line_amount", "numbers")
    rows = rows.with_columns(n=pl.int_range(pl.len()).over("line"))
    given = pairs.select("mention_row", "candidate", "item_party", "candidate_amount").unique()
    options = rows.join(given, on="mention_row")
    anyhow = _few(options.with_columns(whose=pl.lit(None, pl.Int64)))
    within = _few(options.join(anyhow, on="line", how="anti").with_columns(whose="item_party"))
    found = _exact_choices(pl.concat([anyhow, within], how="diagonal_relaxed"))
    one = found.group_by("line").len().filter(pl.col("len") == 1)
    return frame.with_columns(unique_together=pl.col("line").is_in(one["line"].implode()))


def _few(options: pl.DataFrame) -> pl.DataFrame:
    """Options of lines and parties (whose) that have one for every number, in few ways."""
    each = options.group_by("line", "whose", "n").agg(pl.len(), pl.col("numbers").first())
    ways = each.group_by("line", "whose").agg(pl.col("numbers").first(), given=pl.len(), ways=pl.col("len").log().sum())
    few = ways.filter(pl.col("given") == pl.col("numbers"), pl.col("ways").exp() <= _MOST_CHOICES + 0.5)
    return options.join(few.select("line", "whose"), on=["line", "whose"], how="semi", nulls_equal=True)


def _exact_choices(options: pl.DataFrame) -> pl.DataFrame:
    """One row for each choice of one option for each of a line's numbers that adds to its amount: line, whose."""
    key = ["line", "whose"]
    taken = pl.concat_list("candidate")
    chosen = options.filter(pl.col("n") == 0).select(*key, "line_amount", "numbers", "candidate_amount", taken=taken)
    chosen = chosen.rename({"candidate_amount": "total"})
    done, n = [chosen.clear()], 1
    while chosen.height:
        more = options.filter(pl.col("n") == n).select(*key, "candidate", "candidate_amount")
        chosen = chosen.join(more, on=key, nulls_equal=True)
        chosen = chosen.filter(~pl.col("taken").list.contains(pl.col("candidate"))).select(
            *key, "line_amount", "numbers", total=pl.col("total") + pl.col("candidate_amount"),
            taken=pl.concat_list("taken", "candidate"),
        )  # fmt: skip
        n += 1
        done.append(chosen.filter(pl.col("numbers") == n))
        chosen = chosen.filter(pl.col("numbers") > n)
    return pl.concat(done).filter(pl.col("total") == pl.col("line_amount")).select(key)
