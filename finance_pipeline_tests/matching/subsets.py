"""Problems for the subset search in words, and the answers that trying everything gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from finance_pipeline.matching.subset import Status, find_subsets

Taken = tuple[int, ...]


@dataclass(frozen=True)
class Problem:
    """One amount, and what may add to it: (amount, amount less its discount or 0), by due day if that matters."""

    target: int
    candidates: tuple[tuple[int, int], ...]
    days: tuple[int, ...] = ()

    def mirrored(self) -> Problem:
        """The same as a payment: all signs turned."""
        return Problem(-self.target, tuple((-first, -second) for first, second in self.candidates))

    def solutions(self) -> set[Taken]:
        """Every subset that adds to the target, by trying them all."""
        sums = np.zeros((), np.int64)
        for first, second in self.candidates:
            sums = np.add.outer(sums, [0, first, second] if second not in (0, first) else [0, first])
        return {taken for where in np.argwhere(sums == self.target) if any(taken := tuple(where.tolist()))}

    def sum_of(self, taken: Taken) -> int:
        return sum((0, *candidate)[which] for candidate, which in zip(self.candidates, taken, strict=True))

    def amounts_of(self, taken: Taken) -> tuple[tuple[tuple[int, int], int], ...]:
        """What is taken, whichever of equal candidates it is."""
        return tuple(sorted(zip(self.candidates, taken, strict=True)))

    def distance_of(self, taken: Taken) -> int:
        """How many candidates it takes, or how many it does not take whole, if that is fewer."""
        return min(sum(which > 0 for which in taken), sum(which != 1 for which in taken))

    def whole(self) -> int:
        if sum(first for first, _ in self.candidates) == self.target:
            return 1
        return 2 if sum(second or first for first, second in self.candidates) == self.target else 0


@dataclass(frozen=True)
class Answer:
    status: Status
    solution: Taken
    second: Taken
    expected: float
    exhaustive: bool
    interchangeable: bool
    due: bool
    whole: int


def search(*problems: Problem, bound: float = 1e-4, limit_steps: int = 1 << 22) -> list[Answer]:
    candidates = [candidate for problem in problems for candidate in problem.candidates]
    offsets = np.cumsum([0] + [len(problem.candidates) for problem in problems], dtype=np.int64)
    found = find_subsets(
        np.array([problem.target for problem in problems], np.int64),
        offsets,
        np.array([first for first, _ in candidates], np.int64),
        np.array([second for _, second in candidates], np.int64),
        np.array([day for problem in problems for day in problem.days], np.int64) if problems[0].days else None,
        bound=bound,
        limit_steps=limit_steps,
    )
    return [
        Answer(
            status=Status(found.status[p]),
            solution=tuple(found.solution[offsets[p] : offsets[p + 1]].tolist()),
            second=tuple(found.second[offsets[p] : offsets[p + 1]].tolist()),
            expected=float(found.expected[p]),
            exhaustive=bool(found.exhaustive[p]),
            interchangeable=bool(found.interchangeable[p]),
            due=bool(found.due[p]),
            whole=int(found.whole[p]),
        )
        for p in range(len(problems))
    ]


@st.composite
def small_problems(draw: st.DrawFn) -> Problem:
    """Few small amounts, credit notes among them, so that coincidences and equal amounts are the rule."""
    amounts = st.integers(1, 30).map(lambda amount: amount * 7)
    signed = st.one_of(amounts, amounts, amounts, amounts.map(lambda amount: -amount))
    discounted = st.one_of(st.just(0), st.just(0), st.integers(0, 3))
    candidates = draw(st.lists(st.tuples(signed, discounted), min_size=1, max_size=8))
    pairs = tuple((first, first - cut if cut and first > 0 else 0) for first, cut in candidates)
    taken = draw(st.tuples(*[st.integers(0, 1 if second == 0 else 2) for _, second in pairs]))
    target = Problem(0, pairs).sum_of(taken) + draw(st.sampled_from([0, 0, 0, 1, 7]))
    return Problem(target or 7, pairs)
