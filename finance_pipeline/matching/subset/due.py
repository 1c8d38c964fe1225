"""Everything that was due by a day: a small family of its own among the subsets.

Who pays an account rather than invoices pays all that is due. There are only as many such sums as there are days, so
hitting one of them proves more than hitting one of a thousand other subsets, as large as it may be.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class DueFamily:
    """The sums of all candidates of a problem up to each of their days, whole or at their alternatives."""

    def __init__(self, targets: Ints, problem: Ints, amounts: Ints, alternatives: Ints, days: Ints) -> None:
        """problem, amounts, alternatives and days: one a candidate, the candidates of a problem together."""
        self.targets = targets
        self.order = np.lexsort((days, problem))
        self.problem = problem[self.order]
        self.has_other = alternatives[self.order] != 0
        self.opens = np.searchsorted(self.problem, self.problem)
        ends = np.ones(len(self.order), np.bool_)
        ends[:-1] = (np.diff(self.problem) != 0) | (np.diff(days[self.order]) != 0)
        reduced = np.where(alternatives == 0, amounts, alternatives)
        self.gaps = [self._running(values[self.order]) - targets[self.problem] for values in (amounts, reduced)]
        self.sums = [ends, ends & (self._running(self.has_other.astype(np.int64)) > 0)]
        """(2, candidates) where a sum ends, whole and at alternatives; where there are none it is the same sum."""

    def _running(self, values: Ints) -> Ints:
        """The sum up to each candidate of a problem."""
        sums = np.cumsum(values)
        answer: Ints = sums - sums[self.opens] + values[self.opens]
        return answer

    def solutions(self) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.int8]]]:
        """Up to two with whole amounts, two with reduced ones: which problems have it, which candidates it takes.

        Candidates in the order given; 1 whole, 2 at the alternative.
        """
        for reduced, (ends, gaps) in enumerate(zip(self.sums, self.gaps, strict=True)):
            hits = np.flatnonzero(ends & (gaps == 0))
            for nth in range(2):
                mine = hits[np.arange(len(hits)) - np.searchsorted(self.problem[hits], self.problem[hits]) == nth]
                has = np.zeros(len(self.targets), np.bool_)
                last = np.zeros(len(self.targets), np.int64)
                has[self.problem[mine]] = True
                last[self.problem[mine]] = mine
                taken = has[self.problem] & (np.arange(len(self.problem)) <= last[self.problem])
                found = np.zeros(len(self.problem), np.int8)
                found[self.order] = np.where(taken, 1 + (self.has_other & bool(reduced)), 0)
                yield has, found

    def near(self, scales: Ints) -> Ints:
        """(n) how many of its sums are within half of the scale from the target."""
        count = np.zeros(len(self.targets), np.int64)
        for ends, gaps in zip(self.sums, self.gaps, strict=True):
            close = ends & (np.abs(gaps) <= scales[self.problem] // 2)
            count += np.bincount(self.problem[close], minlength=len(self.targets))
        return count
