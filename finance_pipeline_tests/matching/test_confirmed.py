"""What a person confirmed becomes allocations: to the cent, in part, on account, or with what they said of the rest."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_pipeline.matching import schemas
from finance_pipeline.matching.confirmed import said, settle

LINES = pl.DataFrame(
    {
        "line_id": ["receipt", "dollars", "sent", "back", "leg", "again"],
        "account_id": ["main", "main", "main", "main", "reserve", "main"],
        "currency": ["EUR", "USD", "EUR", "EUR", "EUR", "EUR"],
        "amount": [1_000, 1_085, -2_400, 2_390, 2_400, 1_000],
    }
).with_row_index("l")
ITEMS = pl.DataFrame(
    {
        "item_id": ["whole", "half", "other half", "small", "large", "bill", "payout"],
        "kind": ["invoice", "invoice", "invoice", "invoice", "invoice", "bill", "payout"],
        "currency": ["EUR"] * 7,
        "amount": [1_000, 500, 500, 980, 1_200, -2_400, 1_100],
    }
).with_row_index("i")


def confirmed(line: str, *named: str, lines: pl.DataFrame = LINES, **more: Any) -> list[tuple[str, str, int, int]]:
    """Role, what it belongs to, amount of the line, amount of the item."""
    rows = [{"line_id": line, "item_id": name, "verdict": "confirm", **more} for name in named]
    if not named:
        rows = [{"line_id": line, "verdict": "confirm", **more}]
    found = settle(said(schemas.DECISIONS.frame(rows), lines, ITEMS), lines, ITEMS)
    assert set(found["rule"]) <= {"confirmed"}
    joined = found.join(ITEMS.select("i", "item_id"), on="i", how="left").join(
        lines.select(other_l="l", other="line_id"), on="other_l", how="left"
    )
    to = pl.coalesce("item_id", "other", "account_code")
    return joined.select("role", to, "amount", "item_amount").sort("amount", descending=True).rows()


def test_the_items_of_exactly_the_lines_amount_are_settled() -> None:
    assert confirmed("receipt", "whole") == [("principal", "whole", 1_000, 1_000)]
    assert sorted(confirmed("receipt", "half", "other half")) == [
        ("principal", "half", 500, 500),
        ("principal", "other half", 500, 500),
    ]


def test_less_than_one_item_is_a_part_of_it_and_more_is_on_account() -> None:
    assert confirmed("receipt", "large") == [("principal", "large", 1_000, 1_000)]
    assert confirmed("receipt", "small") == [("principal", "small", 980, 980), ("residual", "small", 20, 0)]


@pytest.mark.parametrize("role", ["discount", "fee", "write_off"])
def test_a_shortfall_is_what_the_person_says_that_it_is(role: str) -> None:
    assert confirmed("receipt", "large", difference=role) == [
        ("principal", "large", 1_200, 1_200),
        (role, "large", -200, 0),
    ]


def test_a_line_in_another_currency_settles_its_items_whole() -> None:
    assert confirmed("dollars", "half", "other half") == [
        ("principal", "half", 543, 500),
        ("principal", "other half", 542, 500),
    ]


def test_a_line_goes_to_an_account_or_to_another_line() -> None:
    assert confirmed("sent", account_code="6300") == [("principal", "6300", -2_400, None)]
    assert confirmed("sent", "leg") == [("principal", "leg", -2_400, 2_400)]
    assert confirmed("back", "sent") == [("principal", "sent", 2_400, -2_400), ("fee", "sent", -10, 0)]
    assert confirmed("again", "receipt") == [("principal", "receipt", 1_000, None)]


@pytest.mark.parametrize(
    "named",
    [("bill",), ("whole", "large"), ("payout",), ("whole", "an item that is not here"), ("back",)],
    ids=["other direction", "part of several", "part of a payout", "incomplete", "another line of another amount"],
)
def test_what_does_not_come_out_is_left_to_a_person_again(named: tuple[str, ...]) -> None:
    assert confirmed("receipt", *named) == []


def test_two_lines_that_would_take_one_item_twice_are_both_left() -> None:
    rows = [{"line_id": line, "item_id": "whole", "verdict": "confirm"} for line in ("receipt", "again")]
    assert settle(said(schemas.DECISIONS.frame(rows), LINES, ITEMS), LINES, ITEMS).is_empty()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5_000), st.lists(st.sampled_from(ITEMS["item_id"].to_list()), min_size=1, unique=True))
def test_parts_always_add_to_the_line_and_never_take_more_than_is_open(amount: int, named: list[str]) -> None:
    lines = LINES.with_columns(
        amount=pl.when(line_id="dollars").then(amount).when(line_id="receipt").then(amount).otherwise("amount")
    )
    for line in ("receipt", "dollars"):
        found = confirmed(line, *named, lines=lines)
        assert not found or sum(row[2] for row in found) == amount
        for role, to, _, taken in found:
            open_minor = dict(ITEMS.select("item_id", "amount").rows())[to]
            assert role != "principal" or 0 < taken / open_minor <= 1
