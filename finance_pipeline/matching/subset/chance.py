"""How likely chance is to have made the sum: the expected number of coincidental solutions.

A subset that adds to the target proves something only if subsets would not do so anyway. Think of the last digits of
each amount as drawn anew: how many of the subsets that were tried would hit this target? That is their number near the
target for each minor unit (their density), times the steps in which they move.

Which subsets were tried. Taking two invoices is less far-fetched than taking seven out of fifteen, and so is paying all
but two. A solution that takes k candidates, or leaves k out, is measured against all subsets that take at most k or
leave at most k out, whichever they are. These families lie in each other, so that the greatest one that is under the
bound holds all the solutions that are accepted, and wrong acceptances by chance are as rare as the bound says in all,
not for each family. Discounts: all taken whole and all taken at their alternative are each such a family; a mixture is
measured against every mixture. Whether a second solution exists is asked of all subsets, not of the family.

Near the target. As far from it as half of what the solution takes, or half of what it leaves out if that is less (who
pays all but one of a hundred invoices might have left out any other one: what could have been hit is as wide as one
invoice, not as wide as the receipt). Amounts cluster, so narrower windows are tried as well, as long as they hold
enough sums to count, and the densest is believed. The solution itself counts: no family is ever of density 0.

Steps. Amounts that are multiples of 100 make sums that are multiples of 100, and hit a target that is one a hundred
times more often. For each of the steps in which people round, the subsets of amounts that are its multiples are counted
apart; likewise all amounts' common divisor, and that of the solution's amounts (multiples of one price) where it is no
accident: large, and shared by a third candidate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ROUND_MINOR = (1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000)
"""The steps in which people round amounts; each divides the next."""
ODD_UNIT_MINOR = 50
"""A common divisor below this is an accident more often than a price."""


def expected_coincidences(
    targets: Ints, starts: Ints, options: Ints, taken: Ints, bound: float, limit_steps: int
) -> Floats:
    """(n) for each target with its solution, how many such solutions chance would bring; no estimate is under it.

    options: (4, groups), taken: (2, groups) as in `kernels`; each problem has at least one group. Once over the bound
    the count stops; infinite where there is too much to count.
    """
    first, second, count, _ = options
    whole, other = taken
    size = _sums(whole + other, starts)
    discounted = _sums(other, starts)
    members = _sums(count, starts)
    gross = _sums(whole * np.abs(first) + other * np.abs(second), starts)
    rest = _sums((count - whole - other) * np.abs(first), starts)
    divisors = np.gcd(np.where(whole > 0, first, 0), np.where(other > 0, second, 0))
    units = np.gcd.reduceat(divisors, starts[:-1])
    mixed = (_sums((whole > 0) & (second != 0), starts) > 0) & (discounted > 0)
    reach = np.minimum(size, members - size + np.where(mixed, discounted, 0))
    left_reach = np.minimum(reach, members - reach - 1)
    scales = np.where(rest > 0, np.minimum(gross, rest), gross)

    everything = (size == members) & ~mixed
    expected = np.where(everything, units / gross, 0.0)
    each_mixed = np.repeat(mixed, np.diff(starts))
    reduced = np.where(second != 0, second, first)
    has_reduced = _sums(second != 0, starts) > 0
    for values, asked in ((first, ~everything), (reduced, ~everything & ~mixed & has_reduced)):
        also = np.where(each_mixed, second, 0)
        taking = _Family(values, also, count, starts)
        expected += taking.hits(targets, reach, scales, units, bound, limit_steps, asked & (expected <= bound))
        leaving = _Family(-values, np.where(also != 0, also - values, 0), count, starts)
        gaps = targets - _sums(values * count, starts)
        some = asked & (expected <= bound) & (left_reach >= 0)
        expected += leaving.hits(gaps, left_reach, scales, np.ones_like(units), bound, limit_steps, some)
    return expected


def _sums(values: NDArray[np.generic], starts: Ints) -> Ints:
    sums: Ints = np.add.reduceat(values.astype(np.int64), starts[:-1])
    return sums


class _Family:
    """Subsets of few members, of the candidates of many problems, each at up to two options."""

    def __init__(self, first: Ints, second: Ints, count: Ints, starts: Ints) -> None:
        self.options = np.stack([first, second, count, np.zeros_like(count)])
        self.starts = starts
        self.sizes = np.diff(starts)
        self.steps_minor = np.gcd.reduceat(np.gcd(first, second), starts[:-1])

    def hits(
        self,
        targets: Ints,
        reach: Ints,
        scales: Ints,
        units: Ints,
        bound: float,
        limit_steps: int,
        asked: NDArray[np.bool_],
    ) -> Floats:
        """(n) expected hits of each target by subsets of up to `reach` members; 0 where it was not asked.

        units: the common divisor of the solution's amounts, or 1.
        """
        expected = np.zeros(len(targets))
        dense = np.zeros(len(targets))
        before = np.zeros(len(targets), np.int64)
        counted = np.full(len(targets), -1)
        open_ones = asked
        for step in ROUND_MINOR:
            grains = np.lcm(self.steps_minor, step)
            options, members = self._multiples(grains)
            hit = open_ones & (targets % grains == 0) & (expected <= bound) & (members > 0)
            new = hit & (members != counted)
            dense[new] = self._densities(options, new, targets, reach, scales, bound / grains, limit_steps)
            counted[new] = members[new]
            expected[hit] += dense[hit] * (grains - before)[hit]
            before[hit] = grains[hit]
            open_ones = hit
            if not open_ones.any():
                break
        options, members = self._multiples(units)
        odd = asked & (units >= ODD_UNIT_MINOR) & (members >= 3) & (targets % units == 0) & (expected <= bound)
        dense = self._densities(options, odd, targets, reach, scales, bound / units, limit_steps)
        expected[odd] = np.maximum(expected[odd], dense * units[odd])
        return expected

    def _multiples(self, grains: Ints) -> tuple[Ints, Ints]:
        """The options that are multiples of their problem's grain (others are 0), and how many members have one."""
        options = self.options.copy()
        options[:2] = np.where(options[:2] % np.repeat(grains, self.sizes) == 0, options[:2], 0)
        return options, _sums(np.where((options[0] != 0) | (options[1] != 0), options[2], 0), self.starts)

    def _densities(
        self,
        options: Ints,
        chosen: NDArray[np.bool_],
        targets: Ints,
        reach: Ints,
        scales: Ints,
        enough: Floats,
        limit_steps: int,
    ) -> Floats:
        """Densities of the chosen problems only."""
        from finance_pipeline.matching.subset import kernels

        found = np.zeros(int(chosen.sum()))
        kernels.density_all(
            targets[chosen],
            np.append(np.zeros(1, np.int64), np.cumsum(self.sizes[chosen])),
            np.ascontiguousarray(options[:, np.repeat(chosen, self.sizes)]),
            reach[chosen],
            scales[chosen],
            enough[chosen],
            limit_steps,
            found,
        )
        return found
