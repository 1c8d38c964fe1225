"""Lines that a feed seems to tell twice, against what the bank itself says its balance is.

A feed's repetition is no money: without it the lines add to the bank's balance. Where they add to it with the line,
both are real, however alike.
"""

from __future__ import annotations

import polars as pl


def refuted(repeated: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """Of lines taken for repetitions, those that the first statement after them counts: line_id, other_line_id.

    repeated: line_id, other_line_id, account_id, booked_on, amount_minor, stands (matched as one before this fold).
    gaps: one row per statement, account_id, balance_on and gap_minor: the lines of the account up to then, those that
    stand as repetitions left out, less what the bank says. Without a statement nothing is refuted.
    """
    after = repeated.join(gaps, on="account_id").filter(pl.col("balance_on") >= pl.col("booked_on"))
    first = after.sort("line_id", "balance_on").unique("line_id", keep="first", maintain_order=True)
    counted = pl.col("gap_minor") + pl.when("stands").then("amount_minor").otherwise(0) == 0
    return first.filter(counted).select("line_id", "other_line_id")
