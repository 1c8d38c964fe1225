"""What chance is worth: a sum is accepted only if chance would hardly have made it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from finance_pipeline.matching.subset import Status, find_subsets
from finance_pipeline_tests.matching.subsets import Problem, search

Ints = NDArray[np.int64]
RANDOM = np.random.default_rng(20260504)


def cents(shape: tuple[int, ...]) -> Ints:
    return np.exp(RANDOM.normal(11.5, 1.2, shape)).astype(np.int64) + 1


def whole_units(shape: tuple[int, ...]) -> Ints:
    return (cents(shape) // 100 + 1) * 100


def some_round(shape: tuple[int, ...]) -> Ints:
    amounts, share = cents(shape), RANDOM.random(shape)
    return np.where(share < 0.3, (amounts // 10_000 + 1) * 10_000, np.where(share < 0.5, whole_units(shape), amounts))


def multiples_of_a_price(shape: tuple[int, ...]) -> Ints:
    return RANDOM.integers(1, 40, shape) * 124_900


def much_the_same(shape: tuple[int, ...]) -> Ints:
    return 1_000_000 + RANDOM.integers(-5_000, 5_000, shape)


def with_credit_notes(shape: tuple[int, ...]) -> Ints:
    return np.where(RANDOM.random(shape) < 0.2, -(cents(shape) // 2) - 1, cents(shape))


@pytest.mark.parametrize(
    "amounts", [cents, whole_units, some_round, multiples_of_a_price, much_the_same, with_credit_notes]
)
def test_receipts_that_pay_something_else_are_accepted_no_more_often_than_the_bound_says(
    amounts: Callable[[tuple[int, ...]], Ints],
) -> None:
    problems, bound = 3_000, 1e-2
    for size in (5, 9):
        candidates = amounts((problems, size))
        unknown = amounts((problems, 2)).sum(axis=1)
        all_but_something = candidates.sum(axis=1) - amounts((problems,))
        for receipts in (unknown, all_but_something):
            targets = np.where(receipts == 0, 1, receipts)
            answers = find_subsets(targets, np.arange(problems + 1) * size, candidates.ravel(), bound=bound)
            assert (answers.status == Status.PROVEN).sum() <= bound * problems


def proven(target: int, *amounts: int) -> float:
    """The expected number of coincidences of the one solution there is."""
    (answer,) = search(Problem(target, tuple((amount, 0) for amount in amounts)), bound=1e9)
    assert answer.status == Status.PROVEN
    return answer.expected


def test_an_odd_sum_of_two_large_invoices_among_four_is_no_coincidence() -> None:
    (answer,) = search(Problem(3_512_346, ((1_278_912, 0), (2_233_434, 0), (777_771, 0), (5_550_123, 0))))
    assert (answer.status, answer.solution) == (Status.PROVEN, (1, 1, 0, 0))
    assert answer.expected < 1e-5


def test_the_more_invoices_the_likelier_a_coincidence() -> None:
    few = proven(3_512_346, 1_278_912, 2_233_434, 777_771)
    more = proven(3_512_346, 1_278_912, 2_233_434, 777_771, 1_550_123, 2_910_457, 1_891_733, 1_222_309)
    assert more > 4 * few


def test_round_amounts_are_hit_as_often_as_they_are_round() -> None:
    odd = proven(3_512_346, 1_278_912, 2_233_434, 777_771)
    units = proven(3_512_300, 1_278_900, 2_233_400, 777_700)
    assert 50 * odd < units < 200 * odd


def test_multiples_of_one_price_are_hit_as_often_as_the_price_divides() -> None:
    odd = proven(3_512_346, 1_278_912, 2_233_434, 777_771)
    prices = proven(3_497_200, 1_249_000, 2_248_200, 749_400)
    assert prices > 0.01 > 100 * odd


def test_a_round_part_of_an_odd_sum_may_stand_for_a_round_amount_that_nobody_has_recorded() -> None:
    odd = proven(3_512_346 + 35_017, 3_512_346, 35_017, 777_771, 61_031)
    part_round = proven(3_512_346 + 30_000, 3_512_346, 30_000, 777_771, 60_000)
    assert part_round > 10 * odd


def test_amounts_of_a_few_cents_prove_nothing() -> None:
    (answer,) = search(Problem(5, ((2, 0), (3, 0), (11, 0))))
    assert answer.status == Status.BY_CHANCE


def test_a_discount_on_some_invoices_only_is_likelier_a_coincidence_than_on_all() -> None:
    candidates = ((1_278_912, 1_253_334), (2_233_434, 2_188_765), (777_771, 762_216), (5_550_123, 5_439_121))
    all_reduced, some_reduced = search(
        Problem(1_253_334 + 2_188_765, candidates), Problem(1_278_912 + 2_188_765, candidates), bound=1.0
    )
    assert (all_reduced.solution, some_reduced.solution) == ((2, 2, 0, 0), (1, 2, 0, 0))
    assert some_reduced.expected > all_reduced.expected


def test_all_that_was_due_by_a_day_is_proven_where_just_any_seven_invoices_would_not_be() -> None:
    amounts = (212_117, 133_391, 505_033, 377_797, 120_011, 98_713, 341_207, 267_319, 154_229, 88_747, 431_303)
    candidates = tuple((amount, 0) for amount in amounts)
    by_day = Problem(sum(amounts[:7]), candidates, days=(3, 1, 2, 5, 5, 4, 6, 7, 8, 9, 10))
    by_nothing = Problem(sum(amounts[:7]), candidates, days=(10, 1, 7, 5, 5, 4, 6, 2, 8, 9, 3))
    due, not_due = search(by_day, by_nothing)
    assert (due.solution, not_due.solution) == ((1,) * 7 + (0,) * 4,) * 2
    assert (due.status, due.due) == (Status.PROVEN, True)
    assert (not_due.status, not_due.due) == (Status.BY_CHANCE, False)


def test_all_that_was_due_by_a_day_is_found_among_more_invoices_than_can_be_searched() -> None:
    amounts = (cents((200,)) * 1_000_003).tolist()
    candidates = tuple((amount, 0) for amount in amounts)
    (answer,) = search(Problem(sum(amounts[:90]), candidates, days=tuple(range(200))))
    assert (answer.status, answer.due, answer.exhaustive) == (Status.PROVEN, True, False)
    assert answer.solution == (1,) * 90 + (0,) * 110


def test_all_that_was_due_by_a_day_less_its_discounts_is_found_too() -> None:
    candidates = ((1_278_912, 1_253_334), (2_233_434, 0), (777_771, 762_216), (5_550_123, 5_439_121))
    (answer,) = search(Problem(1_253_334 + 2_233_434 + 762_216, candidates, days=(1, 2, 2, 3)))
    assert (answer.status, answer.due, answer.solution) == (Status.PROVEN, True, (2, 1, 2, 0))
