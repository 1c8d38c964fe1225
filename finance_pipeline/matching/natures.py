"""What a line's words say that it is: one that has no document by nature, one whose printed name hides the payer.

Here: both, in one search of the words. Not here: what follows from it (coding, exceptions, counterparty).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.matching import places
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.text import phrase_pattern


def with_nature(lines: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """lines (l, words, transaction_code) with `nature`: what a line is that has no document by nature (bank fee,
    payroll, ...), or null; and `hides_payer`: its text names a processor in place of who pays.

    Few lines are either, so all are asked for any of the phrases before those few for which.
    """
    phrases = tuple(phrase for each in policy.natures for phrase in each.words)
    codes = tuple(code for each in policy.natures for code in each.codes)
    hidden = pl.col("words").str.contains(phrase_pattern(policy.processor_names)).fill_null(False)
    said = lines[["l", "words", "transaction_code"]]
    coded = said["transaction_code"].null_count() < said.height
    some = said.filter(_is_of((*phrases, *policy.processor_names), codes if coded else ()))
    said = some.select("l", nature=_nature(policy), hides_payer=hidden)
    return places.with_met(lines, said, "l").with_columns(pl.col("hides_payer").fill_null(False))


def _nature(policy: Policy) -> pl.Expr:
    """The name of the first nature that a line is of."""
    return pl.coalesce(
        pl.lit(None, pl.String),
        *(pl.when(_is_of(each.words, each.codes)).then(pl.lit(each.name)) for each in policy.natures),
    )


def _is_of(phrases: tuple[str, ...], codes: tuple[str, ...]) -> pl.Expr:
    """Whether a line's words have one of some phrases, or its transaction code one of some beginnings."""
    said = pl.col("words").str.contains(phrase_pattern(phrases)).fill_null(False)
    if not codes:
        return said
    code = pl.col("transaction_code").str.to_uppercase()
    begins = pl.any_horizontal(code.str.starts_with(begin.upper()) for begin in codes)
    return said | begins.fill_null(False)
