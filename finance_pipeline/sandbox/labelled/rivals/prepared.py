"""Columns that anyone would prepare before matching: words of the memo that may be numbers, tidy names, amounts."""

from __future__ import annotations

import polars as pl


def tidy(text: pl.Expr) -> pl.Expr:
    """Lower case letters and digits."""
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


def references(lines: pl.DataFrame) -> pl.DataFrame:
    """line_id, reference: each word of the memo with a digit in it."""
    words = pl.col("memo").fill_null("").str.to_uppercase().str.extract_all(r"[A-Z0-9][A-Z0-9/.\-]{3,}")
    exploded = lines.select("line_id", reference=words).explode("reference").drop_nulls()
    return exploded.filter(pl.col("reference").str.contains(r"\d")).with_columns(
        pl.col("reference").str.strip_chars("./-")
    )


def alone(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs whose line and whose item are in no other pair."""
    return pairs.filter(pl.len().over("line_id") == 1, pl.len().over("item_id") == 1)


def one_reference(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with first_reference, the longest word with a digit, and name."""
    longest = references(lines).sort(pl.col("reference").str.len_chars(), "reference", descending=True)
    first = longest.group_by("line_id", maintain_order=True).agg(first_reference=pl.col("reference").first())
    return lines.join(first, on="line_id", how="left", maintain_order="left").with_columns(
        name=tidy(pl.col("counterparty_name"))
    )
