"""The search as callers see it: many targets at once, as flat arrays.

Here: checking and ordering the candidates, grouping equal ones, telling the answers. Not here: the loops (`kernels`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finance_pipeline.matching.subset.answers import Status, SubsetAnswers
from finance_pipeline.matching.subset.chance import Shape, expected_coincidences
from finance_pipeline.matching.subset.due import DueFamily

Ints = NDArray[np.int64]

BOUND = 1e-4
LIMIT_STEPS = 1 << 22
MOST_STEPS = 1 << 24
QUICK_STEPS = 1 << 13
"""Where the first few groups already give two solutions, nobody needs the rest."""
CAP_BEYOND = 6
"""Where not all subsets can be searched, those of up to so many candidates are, or of fewer."""
SUM_LIMIT_MINOR = 1 << 60


def find_subsets(
    targets_minor: Ints,
    offsets: Ints,
    amounts_minor: Ints,
    alternatives_minor: Ints | None = None,
    due_days: Ints | None = None,
    *,
    bound: float = BOUND,
    limit_steps: int = LIMIT_STEPS,
) -> SubsetAnswers:
    """For each target, the one subset of its candidates that adds to it, or why there is no such answer.

    targets_minor: (n) signed minor units, none 0.
    offsets: (n + 1) target p has the candidates offsets[p] to offsets[p + 1].
    amounts_minor: (m) signed minor units of the target's currency, none 0; a credit note has the other sign.
    alternatives_minor: (m) what a candidate may count for instead (an invoice less its early-payment discount), of the
        same sign; 0 for none.
    due_days: (m) the day number on which each is due: sums of all that is due by a day are then a family of their own,
        searched to its end however many candidates there are.
    bound: a solution is proven only if at most so many coincidences were to be expected.
    limit_steps: work allowed for each half of one target's candidates, at most 2**24. The default searches all subsets
        of 40 candidates (24 if all have alternatives) or of 2,000 equal ones; more where few of them fit. It takes at
        most some 100 MB and a fraction of a second.

    A subset has at least one candidate, and a single one counts as well: whoever wants sums only looks at how many the
    solution takes. Answers do not depend on the order of the candidates, except which of several equal ones is taken:
    those that come first.
    Raises ValueError on arrays that do not fit together, amounts of zero, alternatives of the other sign, sums beyond
    2**60, and a limit beyond what can be counted.
    """
    alternatives = np.zeros_like(amounts_minor) if alternatives_minor is None else alternatives_minor
    days = np.zeros_like(amounts_minor) if due_days is None else due_days
    _check(targets_minor, offsets, amounts_minor, alternatives, days)
    if not 0 < limit_steps <= MOST_STEPS:
        raise ValueError(f"limit_steps: from 1 to {MOST_STEPS} expected, not {limit_steps}")
    problem = np.repeat(np.arange(len(targets_minor)), np.diff(offsets))
    signs = np.sign(targets_minor)
    amounts = amounts_minor * signs[problem]
    alternatives = np.where(alternatives == amounts_minor, 0, alternatives) * signs[problem]
    smallest = np.where(alternatives == 0, amounts, np.minimum(amounts, alternatives))
    order = np.lexsort((alternatives, amounts, smallest, problem))
    groups = _Groups(problem[order], amounts[order], alternatives[order])
    targets = np.abs(targets_minor)
    search = _Search(targets, groups, limit_steps)
    family = None
    if due_days is not None:
        family = DueFamily(targets, groups.each_problem, amounts[order], alternatives[order], days[order])
        search.add_due(family)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    whole = _whole(targets, offsets, amounts, alternatives)
    return _answers(search, search.expected(bound, family), bound, whole, back)


def _check(targets: Ints, offsets: Ints, amounts: Ints, alternatives: Ints, days: Ints) -> None:
    named = {"targets": targets, "offsets": offsets, "amounts": amounts, "alternatives": alternatives, "days": days}
    for name, array in named.items():
        if array.dtype != np.int64 or array.ndim != 1:
            raise ValueError(f"{name}: one dimension of int64 expected, not {array.ndim} of {array.dtype}")
    ends = (0, len(amounts))
    if len(offsets) != len(targets) + 1 or (offsets[0], offsets[-1]) != ends or (np.diff(offsets) < 0).any():
        raise ValueError(f"offsets: {len(targets) + 1} ascending positions from 0 to {len(amounts)} expected")
    if not len(amounts) == len(alternatives) == len(days):
        raise ValueError(f"alternatives and days: {len(amounts)} expected, one an amount")
    if (targets == 0).any() or (amounts == 0).any():
        raise ValueError("targets and amounts: a sum says nothing about an amount of zero; leave such items out")
    if (np.sign(alternatives) * np.sign(amounts) < 0).any():
        raise ValueError("alternatives: the same sign as the amount expected")
    sizes = np.diff(offsets)
    most = int(sizes.max(initial=1)) * max(
        int(np.abs(array).max(initial=0)) for array in (targets, amounts, alternatives)
    )
    if most > SUM_LIMIT_MINOR:
        raise ValueError(f"amounts: their sums may reach {most}, which is beyond {SUM_LIMIT_MINOR} minor units")


class _Groups:
    """Equal candidates of one problem as one group; made from candidates in order of problem and amount."""

    def __init__(self, problem: Ints, amounts: Ints, alternatives: Ints) -> None:
        opens = np.ones(len(problem), np.bool_)
        opens[1:] = (np.diff(problem) != 0) | (np.diff(amounts) != 0) | (np.diff(alternatives) != 0)
        at = np.flatnonzero(opens)
        self.group = np.cumsum(opens) - 1
        """(candidates) its group."""
        self.rank = np.arange(len(problem)) - at[self.group]
        """(candidates) how many of its group come before it."""
        self.each_problem = problem
        """(candidates) its problem."""
        self.problem = problem[at]
        self.count = np.diff(np.append(at, len(problem)))
        self.options = np.stack([amounts[at], alternatives[at], self.count, np.zeros_like(self.count)])
        """(4, groups) as the kernels read them."""

    def members(self, first: Ints, second: Ints, rank: Ints) -> NDArray[np.int8]:
        """(candidates) 1 for the first so many of each group, 2 for the next so many, else 0."""
        whole = rank < first[self.group]
        other = ~whole & (rank < (first + second)[self.group])
        which: NDArray[np.int8] = np.select([whole, other], [1, 2], 0).astype(np.int8)
        return which


class _Search:
    """What the loops found, by problem and by group."""

    def __init__(self, targets: Ints, groups: _Groups, limit_steps: int) -> None:
        self.targets = targets
        self.groups = groups
        self.limit_steps = limit_steps
        self.starts = np.searchsorted(groups.problem, np.arange(len(targets) + 1))
        self.taken = np.zeros_like(groups.options)
        """(4, groups) members taken whole and at their alternatives, in the solution and in another."""
        self.found = np.zeros(len(targets), np.int64)
        """(n) 0, 1 or 2 (and more) solutions."""
        self.proper = np.zeros(len(targets), np.bool_)
        """(n) the solution belongs to a family that was searched to its end."""
        self.due = np.zeros(len(targets), np.bool_)
        """(n) the solution is all that was due by some day."""
        self.exhaustive = self._search()

    def _search(self) -> NDArray[np.bool_]:
        """First a look at the first few groups, then all; where that is too much, few taken and few left out."""
        first, second, count, side = options = self.groups.options
        members = self._sums(count)
        everyone = np.ones(len(self.targets), np.bool_)
        quick_steps = min(QUICK_STEPS, self.limit_steps)
        complete, most = self._look(everyone, self.targets, options, members, quick_steps, partly=True)
        exhaustive: NDArray[np.bool_] = complete | (self.found == 2)
        if exhaustive.all():
            return exhaustive
        reach = self._widest(~exhaustive, self.targets, options, most)
        exhaustive |= (reach == most) | (self.found == 2)
        leaving = np.stack([-first, np.where(second != 0, second - first, 0), count, side])
        self._widest(~exhaustive, self.targets - self._sums(first * count), leaving, members - reach - 1, leave=True)
        exhaustive |= self.found == 2
        return exhaustive

    def _widest(
        self, asked: NDArray[np.bool_], targets: Ints, options: Ints, most: Ints, *, leave: bool = False
    ) -> Ints:
        """Search sums of up to `most` members, or of as many as the steps allow; of how many."""
        reach = np.zeros_like(most)
        while asked.any():
            complete, _ = self._look(asked, targets, options, most, self.limit_steps, leave=leave)
            reach = np.where(complete, most, reach)
            most = np.minimum(most - 1, CAP_BEYOND)
            asked = asked & ~complete & (most > 0)
        return reach

    def _look(
        self,
        asked: NDArray[np.bool_],
        targets: Ints,
        options: Ints,
        most: Ints,
        steps: int,
        *,
        partly: bool = False,
        leave: bool = False,
    ) -> tuple[NDArray[np.bool_], Ints]:
        """Search the problems asked and add their solutions; which were searched completely, the most members of each.

        leave: the sums are of what is left out, or reduced. The rest as in `kernels.search_all`.
        """
        from finance_pipeline.matching.subset import kernels

        columns = self._each(asked)
        starts = np.append(np.zeros(1, np.int64), np.cumsum(np.diff(self.starts)[asked]))
        answers = np.zeros((int(asked.sum()), 3), np.int64)
        chosen = np.zeros((4, int(columns.sum())), np.int64)
        part = np.ascontiguousarray(options[:, columns])
        least = 0 if leave else 1
        kernels.search_all(targets[asked], starts, part, least, most[asked], steps, partly, answers, chosen)
        found, caps, complete = np.zeros((3, len(targets)), np.int64)
        found[asked], caps[asked], complete[asked] = answers.T
        for solution in range(2):
            taken = np.zeros((2, options.shape[1]), np.int64)
            taken[:, columns] = chosen[2 * solution : 2 * solution + 2]
            if leave:
                taken[0] = self.groups.count - taken[0] - taken[1]
            self._add(found > solution, taken, complete == 1)
        return complete == 1, caps

    def _add(self, which: NDArray[np.bool_], taken: Ints, proper: NDArray[np.bool_]) -> None:
        """One more solution of some problems, unless it is the one that is known already, or two are."""
        differs = self._sums((taken != self.taken[:2]).any(axis=0)) > 0
        one = which & (self.found == 0)
        two = which & (self.found == 1) & differs
        self.proper |= which & ~two & proper
        self.taken[:2] = np.where(self._each(one), taken, self.taken[:2])
        self.taken[2:] = np.where(self._each(two), taken, self.taken[2:])
        self.found = self.found + one + two

    def add_due(self, family: DueFamily) -> None:
        """The sums of all that is due by a day, as solutions like others."""
        for has, found in family.solutions():
            groups = self.groups
            taken = np.stack(
                [np.bincount(groups.group[found == which], minlength=len(groups.count)) for which in (1, 2)]
            )
            self._add(has, taken, has)
            self.due |= has & (self._sums((taken != self.taken[:2]).any(axis=0)) == 0)
        self.due &= self.found == 1

    def expected(self, bound: float, family: DueFamily | None) -> NDArray[np.float64]:
        """(n) the expected number of coincidences where there is one solution, else NaN."""
        expected = np.full(len(self.targets), np.nan)
        one = self.found == 1
        columns = self._each(one)
        starts = np.append(np.zeros(1, np.int64), np.cumsum(np.diff(self.starts)[one]))
        options, taken = self.groups.options[:, columns], self.taken[:2, columns]
        expected[one] = expected_coincidences(self.targets[one], starts, options, taken, bound, self.limit_steps)
        expected[one & ~self.proper] = np.inf
        if family is not None:
            shape = Shape(starts, options, taken)
            scales, grains = np.ones_like(self.targets), np.ones_like(self.targets)
            scales[one], grains[one] = shape.scales, shape.grains
            by_day = family.near(scales) * grains / scales
            expected = np.where(self.due, np.fmin(expected, by_day), expected)
        return expected

    def interchangeable(self) -> NDArray[np.bool_]:
        """(n) the one solution takes some, but not all, of equal candidates, or treats them differently."""
        whole, other = self.taken[0], self.taken[1]
        partly = (whole + other > 0) & (whole < self.groups.count) & (other < self.groups.count)
        answer: NDArray[np.bool_] = (self.found == 1) & (self._sums(partly) > 0)
        return answer

    def _each(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A flag of each problem, for each of its groups."""
        return np.repeat(flags, np.diff(self.starts))

    def _sums(self, values: NDArray[np.generic]) -> Ints:
        """Sums by problem of a value of each group."""
        return np.diff(np.append(np.zeros(1, np.int64), np.cumsum(values))[self.starts])


def _answers(
    search: _Search, expected: NDArray[np.float64], bound: float, whole: NDArray[np.int8], back: Ints
) -> SubsetAnswers:
    """What was found, candidates in the order asked: back[i] is where candidate i stands in the search."""
    groups, taken = search.groups, search.taken
    interchangeable = search.interchangeable()
    solution = groups.members(taken[0], taken[1], groups.rank)
    second = groups.members(taken[2], taken[3], groups.rank)
    swapped = groups.members(taken[0], taken[1], groups.count[groups.group] - 1 - groups.rank)
    second = np.where(interchangeable[groups.each_problem], swapped, second)
    unknown = ~search.exhaustive & ((search.found == 0) | np.isinf(expected))
    status = np.select(
        [(search.found == 2) | interchangeable, unknown, search.found == 0, expected <= bound],
        [Status.SEVERAL, Status.TOO_LARGE, Status.NONE, Status.PROVEN],
        Status.BY_CHANCE,
    )
    return SubsetAnswers(
        status=status.astype(np.uint8),
        solution=solution[back],
        second=second[back],
        expected=expected,
        exhaustive=search.exhaustive,
        interchangeable=interchangeable & search.proper,
        due=search.due,
        whole=whole,
    )


def _whole(targets: Ints, offsets: Ints, amounts: Ints, alternatives: Ints) -> NDArray[np.int8]:
    """Whether all candidates together are the target: 1 whole, 2 at their alternatives."""

    def sums(values: Ints) -> Ints:
        return np.diff(np.append(np.zeros(1, np.int64), np.cumsum(values))[offsets])

    reduced = np.where(alternatives == 0, amounts, alternatives)
    return np.select([sums(amounts) == targets, sums(reduced) == targets], [1, 2], 0).astype(np.int8)
