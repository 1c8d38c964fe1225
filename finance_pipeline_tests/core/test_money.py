"""Money is exact: what goes in as a decimal text comes out digit for digit, and parts always add to the whole."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finance_pipeline.core.money import (
    MAX_MINOR,
    NotMoney,
    UnknownCurrency,
    convert,
    exponent,
    format_money,
    minor_expr,
    split,
    to_decimal,
    to_minor,
)

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"])
MINOR = st.integers(-MAX_MINOR, MAX_MINOR)


@given(MINOR, CURRENCIES)
def test_minor_units_survive_the_way_through_decimal_text(amount_minor: int, currency: str) -> None:
    assert to_minor(str(to_decimal(amount_minor, currency)), currency) == amount_minor


@given(st.lists(st.tuples(st.integers(-(10**17), 10**17), CURRENCIES), min_size=1, max_size=20))
def test_a_column_of_amounts_converts_like_each_amount_alone(amounts: list[tuple[int, str]]) -> None:
    frame = pl.DataFrame(
        {"text": [f"{to_decimal(minor, c):f}" for minor, c in amounts], "currency": [c for _, c in amounts]}
    )
    assert frame.select(minor_expr(pl.col("text"), pl.col("currency"))).to_series().to_list() == [m for m, _ in amounts]


@given(MINOR, st.lists(st.integers(1, 10**12), min_size=1, max_size=30))
def test_parts_of_a_split_add_to_the_whole_and_stay_within_one_unit_of_their_share(
    total_minor: int, weights: list[int]
) -> None:
    parts = split(total_minor, weights)
    assert sum(parts) == total_minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total_minor * weight) < sum(weights)


@given(st.integers(0, MAX_MINOR), st.lists(st.integers(1, 10**6), min_size=1, max_size=9))
def test_a_negative_total_splits_as_its_positive_does(total_minor: int, weights: list[int]) -> None:
    assert split(-total_minor, weights) == [-part for part in split(total_minor, weights)]


@pytest.mark.parametrize("amount", ["1.005", "abc", "", "NaN", "Infinity", "92233720368547758.08", "1e400"])
def test_a_text_that_is_no_amount_of_its_currency_is_refused_rather_than_rounded(amount: str) -> None:
    with pytest.raises(NotMoney):
        to_minor(amount, "EUR")


def test_an_amount_with_too_many_decimals_is_null_in_a_column() -> None:
    frame = pl.DataFrame({"text": ["1.005", "1.00", "7.5", "x"], "currency": ["EUR", "EUR", "JPY", "EUR"]})
    assert frame.select(minor_expr(pl.col("text"), pl.col("currency"))).to_series().to_list() == [None, 100, None, None]


def test_halves_round_away_from_zero_when_currencies_convert() -> None:
    assert convert(100, Decimal("1.005"), "EUR", "USD") == 101
    assert convert(-100, Decimal("1.005"), "EUR", "USD") == -101
    assert convert(1000, Decimal("0.0061"), "JPY", "EUR") == 610


def test_a_code_that_is_no_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        exponent("XXQ")


def test_amounts_print_with_their_own_decimals() -> None:
    assert [format_money(-1234567, c) for c in ("EUR", "JPY", "KWD")] == ["-12,345.67", "-1,234,567", "-1,234.567"]
