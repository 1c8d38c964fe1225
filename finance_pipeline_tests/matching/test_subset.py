"""Sums of several items: exact against trying every subset, honest about chance, bounded in work."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_pipeline.matching.subset import Status, SubsetAnswers, find_subsets


@dataclass(frozen=True)
class Problem:
    """One amount, and what may add to it: (amount, amount less its discount or 0)."""

    target: int
    candidates: tuple[tuple[int, int], ...]

    def solutions(self) -> set[tuple[int, ...]]:
        """Every subset that adds to the target, by trying them all."""
        options = [(0, 1, 2) if second not in (0, first) else (0, 1) for first, second in self.candidates]
        return {taken for taken in product(*options) if any(taken) and self.sum_of(taken) == self.target}

    def sum_of(self, taken: tuple[int, ...]) -> int:
        return sum((0, *candidate)[which] for candidate, which in zip(self.candidates, taken, strict=True))

    def amounts_of(self, taken: tuple[int, ...]) -> list[tuple[tuple[int, int], int]]:
        return sorted(zip(self.candidates, taken, strict=True))


def search(*problems: Problem, bound: float = 1e-4, limit_steps: int = 1 << 22) -> SubsetAnswers:
    candidates = [candidate for problem in problems for candidate in problem.candidates]
    return find_subsets(
        np.array([problem.target for problem in problems], np.int64),
        np.cumsum([0] + [len(problem.candidates) for problem in problems], dtype=np.int64),
        np.array([first for first, _ in candidates], np.int64),
        np.array([second for _, second in candidates], np.int64),
        bound=bound,
        limit_steps=limit_steps,
    )


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


@settings(max_examples=300, deadline=None)
@given(st.lists(small_problems(), min_size=1, max_size=6), st.booleans())
def test_the_search_finds_what_trying_every_subset_finds(problems: list[Problem], mirrored: bool) -> None:
    sign = -1 if mirrored else 1
    problems = [Problem(p.target * sign, tuple((a * sign, b * sign) for a, b in p.candidates)) for p in problems]
    answers = search(*problems, bound=np.inf)
    start = 0
    for index, problem in enumerate(problems):
        stop = start + len(problem.candidates)
        solution = tuple(answers.solution[start:stop].tolist())
        second = tuple(answers.second[start:stop].tolist())
        start = stop
        expected = problem.solutions()
        known = {0: Status.NONE, 1: Status.PROVEN}.get(len(expected), Status.SEVERAL)
        assert answers.status[index] == known
        assert answers.exhaustive[index]
        assert {taken for taken in (solution, second) if any(taken)} <= expected
        assert (any(solution), any(second)) == (len(expected) > 0, len(expected) > 1)
        assert solution != second or not expected
        alike = len({tuple(problem.amounts_of(taken)) for taken in expected}) == 1
        assert answers.interchangeable[index] == (alike and len(expected) > 1)
