"""What the subset search answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Status(IntEnum):
    """What is known of one target."""

    NONE = 0
    """No subset adds to the target: all were searched."""
    PROVEN = 1
    """Exactly one subset of those searched does, and chance would hardly have produced it."""
    SEVERAL = 2
    """At least two do; two are given."""
    BY_CHANCE = 3
    """Exactly one does, but so many subsets were tried that one was likely to."""
    TOO_LARGE = 4
    """Too many subsets to search them all. A subset that was met on the way may be given; nothing is known of it."""


@dataclass(frozen=True)
class SubsetAnswers:
    """One answer a target, in the order asked; arrays by target (n) or by candidate (m)."""

    status: NDArray[np.uint8]
    """(n) a `Status`."""
    solution: NDArray[np.int8]
    """(m) 0 not taken, 1 taken whole, 2 taken at its alternative; all 0 where no subset was found."""
    second: NDArray[np.int8]
    """(m) another solution, in the same words, where the status is SEVERAL; else 0."""
    expected: NDArray[np.float64]
    """(n) how many subsets no more far-fetched than the solution would hit such a target by chance; NaN where there is
    no solution or more than one; infinite where there are too many to count. Counting stops above the bound."""
    exhaustive: NDArray[np.bool_]
    """(n) all subsets were searched (or none needed to be, since two solutions are known). False on PROVEN: only those
    that take few candidates or leave few out were, and it is the one among them."""
    interchangeable: NDArray[np.bool_]
    """(n) SEVERAL only because equal candidates can stand in for each other: the amounts taken are the same in every
    solution that was searched. `solution` takes those that come first, and `expected` says how likely chance is."""
    due: NDArray[np.bool_]
    """(n) the one solution is all that was due by some day, and `expected` is among such sums if that is less."""
    whole: NDArray[np.int8]
    """(n) the whole open balance is the target: 1 all candidates whole, 2 all that have an alternative at it, 0 not."""
