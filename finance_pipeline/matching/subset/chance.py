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

Near the target. From half of what the solution takes to one and a half times as much. Amounts cluster, so narrower
windows are tried as well, as long as they hold enough sums to count, less what such a count errs by itself; the densest
is believed. The solution itself counts: no family is ever of density 0.

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

UNSEEN_SHARE = 0.01
"""Of the receipts that pay several items, those that pay one among them that we have no record of."""


def expected_coincidences(
    targets: Ints, starts: Ints, options: Ints, taken: Ints, bound: float, limit_steps: int
) -> Floats:
    """(n) for each target with its solution, how many such solutions chance would bring.

    options: (4, groups), taken: (2, groups) as in `kernels`; each problem has at least one group and takes something.
    Once over the bound the count stops; infinite where there is too much to count.
    """
    expected = _coincidences(targets, starts, options, taken, bound, limit_steps)
    low = expected <= bound
    each = np.repeat(low, np.diff(starts))
    starts, options, taken = _starts(np.diff(starts)[low]), options[:, each], taken[:, each]
    expected[low] += UNSEEN_SHARE * _replaced(starts, options, taken, bound / UNSEEN_SHARE, limit_steps)
    return expected


def _replaced(starts: Ints, options: Ints, taken: Ints, bound: float, limit_steps: int) -> Floats:
    """(n) expected hits of what the round amounts of the solution add to, by round amounts alone."""
    expected = np.zeros(len(starts) - 1)
    problem = np.repeat(np.arange(len(expected)), np.diff(starts))
    size = _sums(taken[0] + taken[1], starts)
    for step in ROUND_MINOR[1:]:
        part, mine = _round_part(options, taken, step)
        round_size = _sums(mine[0] + mine[1], starts)
        asked = (round_size > 0) & (round_size < size) & (expected <= bound)
        if not asked.any():
            continue
        columns = asked[problem] & (part[2] > 0)
        sums = _sums((mine * part[:2]).sum(axis=0), starts)[asked]
        parts = _starts(np.bincount(problem[columns], minlength=len(expected))[asked])
        found = _coincidences(sums, parts, part[:, columns], mine[:, columns], bound, limit_steps)
        expected[asked] = np.maximum(expected[asked], found)
    return expected


def _round_part(options: Ints, taken: Ints, step: int) -> tuple[Ints, Ints]:
    """The candidates whose amounts are multiples of a step, and what of them is taken; others have a count of 0."""
    first, second, count, side = options
    is_round = first % step == 0
    has_second = is_round & (second != 0) & (second % step == 0)
    mine = np.where([is_round, has_second], taken, 0)
    fixed = np.where(has_second, 0, taken[1])
    return np.stack([first, np.where(has_second, second, 0), np.where(is_round, count - fixed, 0), side]), mine


def _coincidences(targets: Ints, starts: Ints, options: Ints, taken: Ints, bound: float, limit_steps: int) -> Floats:
    """(n) expected hits of the target, as if all candidates and the target were of one kind."""
    first, second, count, side = options
    shape = Shape(starts, options, taken)
    expected = np.where(shape.everything, shape.grains / shape.scales, 0.0)
    also = np.where(np.repeat(shape.mixed, np.diff(starts)), second, 0)
    reduced = np.where(second != 0, second, first)
    has_reduced = ~shape.mixed & (_sums(second != 0, starts) > 0)
    for values, asked in ((first, ~shape.everything), (reduced, ~shape.everything & has_reduced)):
        left = np.where(also != 0, also - values, 0)
        gaps = targets - _sums(values * count, starts)
        one = np.ones_like(shape.units)
        for plus, minus, sought, reach, units in (
            (values, also, targets, shape.reach, shape.units),
            (-values, left, gaps, shape.left_reach, one),
        ):
            some = asked & (expected <= bound) & (reach >= 0)
            if not some.any():
                continue
            family = _Family(np.stack([plus, minus, count, side]), starts, np.arange(len(targets))).only(some)
            expected[some] += family.hits(
                sought[some], reach[some], shape.scales[some], units[some], bound, limit_steps
            )
    return expected


class Shape:
    """What kind of solutions these are: (n) arrays."""

    def __init__(self, starts: Ints, options: Ints, taken: Ints) -> None:
        first, second, count, _ = options
        whole, other = taken
        discounted = _sums(other, starts)
        self.size = _sums(whole + other, starts)
        """How many candidates it takes."""
        self.members = _sums(count, starts)
        """How many there are."""
        self.scales = _sums(whole * np.abs(first) + other * np.abs(second), starts)
        """The minor units that it takes, credit notes counted like invoices."""
        self.units = np.gcd.reduceat(np.gcd(np.where(whole > 0, first, 0), np.where(other > 0, second, 0)), starts[:-1])
        """The common divisor of the amounts that it takes."""
        self.mixed = (_sums((whole > 0) & (second != 0), starts) > 0) & (discounted > 0)
        """Takes some at their alternatives and some whole that have one."""
        self.everything = (self.size == self.members) & ~self.mixed
        """Takes all, whole or at their alternatives."""
        self.reach = np.minimum(self.size, self.members - self.size + np.where(self.mixed, discounted, 0))
        """How far it is from nothing or from everything, in candidates."""
        self.left_reach = np.minimum(self.reach, self.members - self.reach - 1)
        """The same from everything, without what is as near to nothing; less than 0 for none."""

    @property
    def grains(self) -> Ints:
        """The steps in which sums of the amounts taken move."""
        grains = _price(self.units, self.size)
        for step in ROUND_MINOR:
            grains = np.where(self.units % step == 0, np.maximum(grains, step), grains)
        return grains


def _price(divisors: Ints, members: Ints) -> Ints:
    """The common divisor of so many amounts, or 1 where it is an accident rather than a price."""
    return np.where((divisors >= ODD_UNIT_MINOR) & (members >= 3), divisors, 1)


def _starts(sizes: Ints) -> Ints:
    return np.append(np.zeros(1, np.int64), np.cumsum(sizes))


def _sums(values: NDArray[np.generic], starts: Ints) -> Ints:
    sums: Ints = np.add.reduceat(values.astype(np.int64), starts[:-1])
    return sums


class _Family:
    """Subsets of few members, of the candidates of many problems, each at up to two options."""

    def __init__(self, options: Ints, starts: Ints, ids: Ints) -> None:
        """options: (4, groups) of the problems ids, one after the other."""
        self.options = options
        self.sizes = np.diff(starts)
        self.starts = starts
        self.ids = ids

    def only(self, kept: NDArray[np.bool_]) -> _Family:
        """The same for some of the problems."""
        each = np.repeat(kept, self.sizes)
        return _Family(self.options[:, each], _starts(self.sizes[kept]), self.ids[kept])

    def multiples(self, grains: Ints) -> tuple[_Family, Ints]:
        """The options that are multiples of their problem's grain (others are 0), and how many members have one."""
        options = self.options.copy()
        options[:2] = np.where(options[:2] % np.repeat(grains, self.sizes) == 0, options[:2], 0)
        members = _sums(np.where((options[0] != 0) | (options[1] != 0), options[2], 0), self.starts)
        return _Family(options, self.starts, self.ids), members

    def hits(self, targets: Ints, reach: Ints, scales: Ints, units: Ints, bound: float, limit_steps: int) -> Floats:
        """(n) expected hits of each target by subsets of up to `reach` members.

        units: the common divisor of the solution's amounts, or 1.
        """
        expected = np.zeros(len(self.ids))
        dense = np.zeros(len(self.ids))
        before = np.zeros(len(self.ids), np.int64)
        counted = np.full(len(self.ids), -1)
        basis = _price(
            np.gcd.reduceat(np.gcd(self.options[0], self.options[1]), self.starts[:-1]),
            _sums(self.options[2], self.starts),
        )
        family = _Family(self.options, self.starts, np.arange(len(self.ids)))
        for step in ROUND_MINOR:
            ids = family.ids
            grains = np.lcm(basis[ids], step)
            family, members = family.multiples(grains)
            hit = (targets[ids] % grains == 0) & (expected[ids] <= bound) & (members > 0)
            new = hit & (members != counted[ids])
            dense[ids[new]] = family.only(new).densities(targets, reach, scales, bound / grains[new], limit_steps)
            counted[ids] = members
            family, ids, grains = family.only(hit), ids[hit], grains[hit]
            expected[ids] += dense[ids] * (grains - before[ids])
            before[ids] = grains
            if not len(ids):
                break
        family, members = _Family(self.options, self.starts, np.arange(len(self.ids))).multiples(units)
        odd = (_price(units, members) > 1) & (targets % units == 0) & (expected <= bound)
        dense[odd] = family.only(odd).densities(targets, reach, scales, bound / units[odd], limit_steps)
        expected[odd] = np.maximum(expected[odd], dense[odd] * units[odd])
        return expected

    def densities(self, targets: Ints, reach: Ints, scales: Ints, enough: Floats, limit_steps: int) -> Floats:
        """Sums near the target per minor unit; targets, reach and scales by id, enough in order."""
        from finance_pipeline.matching.subset import kernels

        ids = self.ids
        found = np.zeros(len(ids))
        kernels.density_all(
            targets[ids],
            self.starts,
            np.ascontiguousarray(self.options),
            reach[ids],
            scales[ids],
            enough,
            limit_steps,
            found,
        )
        return found
