"""The search for sums, on frames: candidates of some lines in, what the exact search says of each out.

Here: frames to flat arrays and back. Not here: the search (subset), which candidates compete, what an answer allows.
"""

from __future__ import annotations

import polars as pl

_LIMIT_STEPS = 1 << 18
"""Work for each half of one line's candidates: all subsets of some 36 of them. A thousand lines take about a second."""
_ANSWERS = {0: "none", 1: "proven", 2: "several", 3: "by_chance", 4: "too_large"}


def search(candidates: pl.DataFrame, bound: float, *, target: str = "line_amount", due: bool = False) -> pl.DataFrame:
    """candidates with answer (of the line's search) and taken (0 not, 1 whole, 2 at `less`; of the solution), second
    (the same of another solution), interchangeable, whole and named_count.

    candidates: sorted by l; l, item_amount, less (null: none), target, and for `due` a date due_on.
    """
    import numpy as np

    from finance_pipeline.matching.subset import find_subsets

    counts = candidates.group_by("l", maintain_order=True).agg(pl.len(), target=pl.col(target).first())
    offsets = np.zeros(counts.height + 1, np.int64)
    np.cumsum(counts["len"].to_numpy(), out=offsets[1:])
    less = candidates["less"].fill_null(0).to_numpy() if "less" in candidates.columns else None
    days = candidates["due_on"].cast(pl.Int32).cast(pl.Int64).fill_null(0).to_numpy() if due else None
    found = find_subsets(
        counts["target"].to_numpy(), offsets, candidates["item_amount"].to_numpy(), less, days, bound=bound,
        limit_steps=_LIMIT_STEPS,
    )  # fmt: skip
    by_line = counts.select("l", named_count="len").with_columns(
        answer=pl.Series(found.status).cast(pl.Int64).replace_strict(_ANSWERS, return_dtype=pl.String),
        interchangeable=pl.Series(found.interchangeable),
        whole=pl.Series(found.whole).cast(pl.Int64),
        expected=pl.Series(found.expected),
    )
    return candidates.with_columns(taken=pl.Series(found.solution), second=pl.Series(found.second)).join(
        by_line, on="l", maintain_order="left"
    )
