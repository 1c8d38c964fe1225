"""The search for sums, on frames: candidates of some lines in, what the exact search says of each out.

Here: frames to flat arrays and back. Not here: the search (subset), which candidates compete, what an answer allows.
"""

from __future__ import annotations

import polars as pl

_LIMIT_STEPS = 1 << 18
"""Work for each half of one line's candidates: all subsets of some 36 of them. A thousand lines take about a second."""
_ANSWERS = ("none", "proven", "several", "by_chance", "too_large")
"""In the order of subset.Status."""


def search(candidates: pl.DataFrame, bound: float, *, target: str = "line_amount", due: bool = False) -> pl.DataFrame:
    """candidates with answer (of the line's search) and taken (0 not, 1 whole, 2 at `less`; of the solution), second
    (the same of another solution), interchangeable, whole and named_count.

    candidates: sorted by l; l, item_amount, less (null: none), target, and for `due` a date due_on.
    """
    import numpy as np

    from finance_pipeline.matching.subset import find_subsets

    lines = candidates["l"].to_numpy()
    offsets = np.append(np.flatnonzero(np.diff(lines, prepend=-1)), len(lines))
    counts = np.diff(offsets)
    less = candidates["less"].fill_null(0).to_numpy() if "less" in candidates.columns else None
    days = candidates["due_on"].cast(pl.Int32).cast(pl.Int64).fill_null(0).to_numpy() if due else None
    found = find_subsets(
        candidates[target].to_numpy()[offsets[:-1]], offsets, candidates["item_amount"].to_numpy(), less, days,
        bound=bound, limit_steps=_LIMIT_STEPS,
    )  # fmt: skip
    by_line = {
        "named_count": counts.astype(np.uint32),
        "interchangeable": found.interchangeable,
        "whole": found.whole.astype(np.int64),
        "expected": found.expected,
    }
    answers = pl.Series("answer", _ANSWERS, pl.String)[np.repeat(found.status.astype(np.int64), counts)]
    return candidates.with_columns(
        [
            pl.Series("taken", found.solution),
            pl.Series("second", found.second),
            *(pl.Series(name, np.repeat(values, counts)) for name, values in by_line.items()),
            answers,
        ]
    )
