"""A script as blog posts on bank reconciliation with pandas show it.

Merge on the amount, keep what lies within some weeks, compare memo and name with the document by difflib, take the best
above a threshold, each line and each item once, in the order of the score.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from importlib import import_module
from typing import Any

import polars as pl

_DAYS = 60
_LEAST_SCORE = 0.6


def pairs(lines: pl.DataFrame, items: pl.DataFrame, _parties: pl.DataFrame) -> pl.DataFrame:
    pandas: Any = import_module("pandas")
    bank = pandas.DataFrame(
        _columns(lines, ["line_id", "book", "amount_minor", "booked_on", "counterparty_name", "memo"])
    )
    ledger = pandas.DataFrame(_columns(items, ["item_id", "book", "amount_minor", "issued_on", "party_name", "number"]))
    merged = bank.merge(ledger, on=["book", "amount_minor"])
    days = (pandas.to_datetime(merged["booked_on"]) - pandas.to_datetime(merged["issued_on"])).dt.days
    merged = merged[(days >= 0) & (days <= _DAYS)]
    left = merged["counterparty_name"].fillna("") + " " + merged["memo"].fillna("")
    right = merged["party_name"].fillna("") + " " + merged["number"].fillna("")
    merged["score"] = [SequenceMatcher(None, a.lower(), b.lower()).ratio() for a, b in zip(left, right, strict=True)]
    best = merged[merged["score"] >= _LEAST_SCORE].sort_values("score", ascending=False)
    best = best.drop_duplicates("line_id").drop_duplicates("item_id")
    return pl.DataFrame({name: best[name].tolist() for name in ("line_id", "item_id")}, schema=_PAIR)


_PAIR = {"line_id": pl.String, "item_id": pl.String}


def _columns(frame: pl.DataFrame, names: list[str]) -> dict[str, list[Any]]:
    return {name: frame[name].to_list() for name in names}
