"""Sums of several items: exact against trying every subset, bounded in work, deterministic."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_pipeline.matching.subset import Status, find_subsets
from finance_pipeline_tests.matching.subsets import Problem, search, small_problems

FIFTEEN = (*((10_010 + 10_287 * step, 0) for step in range(14)), (154_015, 0))


@settings(max_examples=60, deadline=None)
@given(st.lists(small_problems(), min_size=1, max_size=6), st.booleans())
def test_the_search_finds_what_trying_every_subset_finds(problems: list[Problem], mirrored: bool) -> None:
    problems = [problem.mirrored() if mirrored else problem for problem in problems]
    answers = search(*problems, bound=np.inf)
    for problem, answer in zip(problems, answers, strict=True):
        solutions = problem.solutions()
        assert answer.exhaustive
        assert answer.status == {0: Status.NONE, 1: Status.PROVEN}.get(len(solutions), Status.SEVERAL)
        assert {taken for taken in (answer.solution, answer.second) if any(taken)} <= solutions
        assert (any(answer.solution), any(answer.second)) == (len(solutions) > 0, len(solutions) > 1)
        assert answer.solution != answer.second or not solutions
        alike = len({problem.amounts_of(taken) for taken in solutions}) == 1
        assert answer.interchangeable == (alike and len(solutions) > 1)
        assert answer.whole == problem.whole()


@settings(max_examples=60, deadline=None)
@given(st.lists(small_problems(), min_size=1, max_size=6), st.integers(1, 300))
def test_a_search_that_is_cut_short_says_nothing_that_is_not_so(problems: list[Problem], limit_steps: int) -> None:
    for problem, answer in zip(problems, search(*problems, bound=np.inf, limit_steps=limit_steps), strict=True):
        solutions = problem.solutions()
        assert {taken for taken in (answer.solution, answer.second) if any(taken)} <= solutions
        if answer.status == Status.NONE:
            assert not solutions
        elif answer.status == Status.SEVERAL:
            assert len(solutions) > 1
            assert answer.solution != answer.second
        elif answer.status == Status.PROVEN:
            assert len(solutions) == 1 or not answer.exhaustive
            fewest = min(problem.distance_of(taken) for taken in solutions)
            assert problem.distance_of(answer.solution) == fewest


@settings(max_examples=40, deadline=None)
@given(small_problems(), st.randoms(use_true_random=False), st.sampled_from([50, 1 << 22]))
def test_the_order_of_the_candidates_changes_nothing(problem: Problem, order: random.Random, limit_steps: int) -> None:
    shuffled = Problem(problem.target, tuple(order.sample(problem.candidates, len(problem.candidates))))
    (one,), (other,) = (search(asked, bound=1e-2, limit_steps=limit_steps) for asked in (problem, shuffled))
    assert (one.status, one.whole, one.exhaustive) == (other.status, other.whole, other.exhaustive)
    assert np.array_equal(one.expected, other.expected, equal_nan=True)
    assert problem.amounts_of(one.solution) == shuffled.amounts_of(other.solution)
    assert problem.amounts_of(one.second) == shuffled.amounts_of(other.second)


def test_fifteen_invoices_paid_as_one_are_the_whole_open_balance() -> None:
    receipt = sum(amount for amount, _ in FIFTEEN)
    (answer,) = search(Problem(receipt, FIFTEEN))
    assert answer.whole == 1
    assert answer.status == Status.PROVEN
    assert answer.solution == (1,) * 15


def test_with_five_more_open_invoices_the_same_receipt_proves_nothing() -> None:
    receipt = sum(amount for amount, _ in FIFTEEN)
    more = tuple((amount, 0) for amount in (21_117, 33_391, 50_503, 77_797, 120_011))
    (answer,) = search(Problem(receipt, FIFTEEN + more))
    assert answer.whole == 0
    assert answer.status in (Status.SEVERAL, Status.BY_CHANCE)


def test_two_pairs_with_the_same_sum_are_both_shown() -> None:
    (answer,) = search(Problem(34_000, ((10_000, 0), (24_000, 0), (15_000, 0), (19_000, 0))))
    assert answer.status == Status.SEVERAL
    assert {answer.solution, answer.second} == {(1, 1, 0, 0), (0, 0, 1, 1)}


def test_a_credit_note_and_a_discount_are_part_of_a_sum() -> None:
    candidates = ((1_284_517, 1_258_827), (-73_119, 0), (655_402, 0), (2_000_311, 1_960_305))
    (answer,) = search(Problem(1_258_827 - 73_119 + 655_402, candidates))
    assert answer.status == Status.PROVEN
    assert answer.solution == (2, 1, 1, 0)


def test_equal_invoices_are_interchangeable_and_the_first_ones_are_named() -> None:
    (answer,) = search(Problem(3 * 4_937_11, ((4_937_11, 0),) * 5 + ((9_003_27, 0),)))
    assert answer.status == Status.SEVERAL
    assert answer.interchangeable
    assert answer.solution == (1, 1, 1, 0, 0, 0)
    assert answer.second == (0, 0, 1, 1, 1, 0)


def random_invoices(count: int, *, times: int = 1) -> list[int]:
    rng = random.Random(count)
    return [int(rng.lognormvariate(11, 1)) * times + rng.randrange(times) + 1 for _ in range(count)]


def test_all_subsets_of_forty_large_invoices_are_searched() -> None:
    invoices = random_invoices(40, times=10**9)
    paid, not_paid = sum(invoices[::3]), sum(invoices[::3]) + 1
    first, second = search(*(Problem(target, tuple((a, 0) for a in invoices)) for target in (paid, not_paid)))
    assert (first.exhaustive, second.exhaustive) == (True, True)
    assert first.solution == (1, 0, 0) * 13 + (1,)
    assert second.status == Status.NONE
    (cut_short,) = search(Problem(not_paid, tuple((a, 0) for a in invoices)), limit_steps=1 << 16)
    assert cut_short.status == Status.TOO_LARGE


def test_five_thousand_open_items_are_too_many_but_those_that_cannot_fit_do_not_count() -> None:
    invoices = random_invoices(5_000)
    candidates = tuple((a, 0) for a in invoices)
    smallest = sum(sorted(invoices)[:2])
    large, nothing, small = search(*(Problem(t, candidates) for t in (sum(invoices) // 3, 1, smallest)))
    assert large.status in (Status.TOO_LARGE, Status.SEVERAL)
    assert (nothing.status, nothing.exhaustive) == (Status.NONE, True)
    assert small.exhaustive


def test_a_thousand_equal_invoices_are_searched_as_one_amount_of_which_some_are_paid() -> None:
    candidates = ((4_900, 0),) * 1_000
    some, none, everything = search(*(Problem(t, candidates) for t in (7 * 4_900, 7 * 4_900 + 1, 1_000 * 4_900)))
    assert (some.status, some.interchangeable, sum(some.solution)) == (Status.SEVERAL, True, 7)
    assert (none.status, none.exhaustive) == (Status.NONE, True)
    assert everything.whole == 1


def test_of_many_invoices_all_but_two_are_found_by_what_is_left_out() -> None:
    invoices = random_invoices(70, times=10**7)
    (answer,) = search(Problem(sum(invoices[2:]), tuple((a, 0) for a in invoices)))
    assert answer.status == Status.PROVEN
    assert not answer.exhaustive
    assert answer.solution == (0, 0) + (1,) * 68


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((ints(5), ints(0, 2), ints(2)), "offsets"),
        ((ints(5), ints(0, 2), np.array([2.0, 3.0])), "int64"),
        ((ints(5), ints(0, 2), ints(2, 0)), "amount of zero"),
        ((ints(0), ints(0, 1), ints(2)), "amount of zero"),
        ((ints(5), ints(0, 1), ints(2), ints(-1)), "same sign"),
        ((ints(5), ints(0, 1), ints(2), ints(1, 1)), "one an amount"),
        ((ints(5), ints(0, 2), ints(2**60, 3)), "beyond"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[np.ndarray, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        find_subsets(*arguments)


def test_no_targets_and_no_candidates_have_no_answers() -> None:
    assert len(find_subsets(ints(), ints(0), ints()).status) == 0
    assert find_subsets(ints(5, 7, 9), ints(0, 0, 1, 1), ints(7)).status.tolist() == [
        Status.NONE,
        Status.BY_CHANCE,
        Status.NONE,
    ]
