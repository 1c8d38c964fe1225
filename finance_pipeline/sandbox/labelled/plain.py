"""Plain data, for time alone: each line pays one invoice in full, as most lines of a large company do.

python -m finance_pipeline.sandbox.labelled.plain --lines 1000000 --seed 1 --out DIR

Half of the lines name the invoice as it is written, a fifth by its digits, the others show a name alone. A book has at
most LINES_A_BOOK lines, and its own parties: ten times the lines are ten books like the first, and no other problem.
Not here: anything that says how accurate a matcher is (generate).
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled import names
from finance_pipeline.sandbox.labelled.draft import FIRST_DAY, Bools, Ints, stream

LINES_A_BOOK = 1_000_000
_LINES_A_PARTY = 20
_NAMED, _BY_DIGITS = 0.5, 0.7
_ISSUED_WITHIN_DAYS, _PAID_WITHIN_DAYS = 120, 45
_FIRST_DAY = (FIRST_DAY - date(1970, 1, 1)).days
_TYPICAL_LOG, _LOG_SPREAD = 11.5, 1.2
"""Of amounts in cents: about 1,000.00 in the middle, a hundredth of them above 16,000.00."""


def plain(line_count: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """bank_lines and open_items (matching.schemas), as many of one as of the other. Same arguments, same bytes."""
    rng = stream(seed, "plain")
    items = pl.concat(
        _items(rng, first, min(LINES_A_BOOK, line_count - first)) for first in range(0, line_count, LINES_A_BOOK)
    )
    return _lines(rng, items), items.sample(fraction=1, shuffle=True, seed=seed)


def _items(rng: np.random.Generator, first: int, count: int) -> pl.DataFrame:
    """The items of a book, numbered on from the first."""
    parties = max(count // _LINES_A_PARTY, 1)
    nobody: Bools = np.zeros(parties, dtype=bool)
    language: Ints = rng.integers(0, len(names.LANGUAGES), parties)
    who = names.party_names(rng, language, nobody, np.arange(parties))
    party: Ints = rng.integers(0, parties, count)
    nth = pl.int_range(first, first + count, eager=True)
    issued = rng.integers(0, _ISSUED_WITHIN_DAYS, count)
    return pl.DataFrame(
        {
            "item_id": "i" + nth.cast(pl.String),
            "book": pl.Series([f"book-{first // LINES_A_BOOK}"]).new_from_index(0, count),
            "kind": pl.Series(["invoice"]).new_from_index(0, count),
            "currency": pl.Series(["EUR"]).new_from_index(0, count),
            "amount_minor": np.maximum(rng.lognormal(_TYPICAL_LOG, _LOG_SPREAD, count).astype(np.int64), 100),
            "issued_on": pl.Series(issued + _FIRST_DAY, dtype=pl.Int32).cast(pl.Date),
            "party_id": "p" + pl.Series(party + first // _LINES_A_PARTY).cast(pl.String),
            "party_name": who.gather(party),
            "number": "INV-2026-" + nth.cast(pl.String).str.zfill(8),
        }
    )


def _lines(rng: np.random.Generator, items: pl.DataFrame) -> pl.DataFrame:
    """One line an item, in another order."""
    count = items.height
    paid = items[rng.permutation(count)].with_columns(
        how=rng.random(count), after=pl.Series(rng.integers(1, _PAID_WITHIN_DAYS, count)), nth=pl.int_range(count)
    )
    shown = pl.col("party_name").str.to_uppercase()
    named = pl.format("payment for {} thank you", "number")
    by_digits = pl.format("{} {}", pl.col("number").str.slice(4), "party_name")
    memo = pl.when(pl.col("how") < _NAMED).then(named).when(pl.col("how") < _BY_DIGITS).then(by_digits)
    return paid.select(
        pl.format("l{}", "nth").alias("line_id"),
        "book",
        account_id=pl.format("{}/operating", "book"),
        currency="currency",
        amount_minor="amount_minor",
        memo=memo.otherwise(pl.format("SEPA CREDIT {}", shown)),
        counterparty_name=shown,
        booked_on=pl.col("issued_on") + pl.duration(days="after"),
    )


def main() -> int:
    """Generate and write."""
    parser = argparse.ArgumentParser(prog="finance_pipeline.sandbox.labelled.plain")
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name, frame in zip(("bank_lines", "open_items"), plain(given.lines, given.seed), strict=True):
        frame.write_parquet(given.out / f"{name}.parquet")
    return 0


if __name__ == "__main__":
    sys.exit(main())
