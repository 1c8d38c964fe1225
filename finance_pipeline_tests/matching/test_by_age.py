"""Accounting rule 24: equal items of one party are settled oldest first only where the book's policy says so."""

from __future__ import annotations

from typing import Any

import pytest

from finance_pipeline_tests.matching.world import World

OLDEST_FIRST: dict[str, Any] = {"oldest_first": True}
SAME = {"alike": "tax 1900, 30 days, 200"}


def rents() -> World:
    """Three invoices of a customer that differ in nothing but their days, and a receipt that names none."""
    world = World().party("Acme Ltd").item("INV-2", "99.00", "Acme Ltd", on=2, **SAME)
    world.item("INV-1", "99.00", "Acme Ltd", on=1, **SAME).item("INV-3", "99.00", "Acme Ltd", on=3, **SAME)
    return world.line("a", "99.00", counterparty_name="Acme Ltd")


def test_by_the_policy_the_oldest_of_equal_items_is_settled_first_and_without_it_none_is() -> None:
    assert rents().reconcile().settled() == {}
    result = rents().reconcile(**OLDEST_FIRST)
    assert result.settled() == {"a": {"INV-1": 9900}}
    assert result.rules() == {"a": "oldest_first"}
    assert result.tier("a") == 2
    assert result.words("a") == (
        "Acme Ltd, known by its name, has several items of USD 99.00 that differ in nothing but their dates, and the "
        "text names none: by the book's policy the oldest is settled first, INV-1."
    )


def test_several_receipts_settle_equal_items_in_the_order_of_their_days() -> None:
    world = rents().line("c", "99.00", counterparty_name="Acme Ltd", on=12)
    world.line("b", "99.00", counterparty_name="Acme Ltd", on=11)
    settled = {"a": {"INV-1": 9900}, "b": {"INV-2": 9900}, "c": {"INV-3": 9900}}
    assert world.reconcile(**OLDEST_FIRST).settled() == settled
    world.line("d", "99.00", counterparty_name="Acme Ltd", on=13)
    assert world.reconcile(**OLDEST_FIRST).settled() == settled


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ({"alike": "tax 0, 30 days, 200"}, {}),
        ({"alike": None}, {}),
        ({"on": 10}, {}),
        ({"party_id": "another"}, {}),
        ({}, {"memo": "INV-9988776"}),
        ({}, {"counterparty_name": "Beta Ltd"}),
    ],
    ids=["another tax", "nobody knows", "issued that day", "another of that name", "names one", "from another"],
)
def test_items_that_may_differ_and_receipts_that_may_mean_one_are_a_persons(
    item: dict[str, Any], line: dict[str, Any]
) -> None:
    world = rents().item("INV-4", "99.00", "Acme Ltd", **({"on": 4} | SAME | item))
    world.lines[0] |= line
    assert world.reconcile(**OLDEST_FIRST).settled() == {}


def test_what_another_receipt_names_leaves_the_equal_items_to_a_person() -> None:
    """It is short of what it names, so that the item stays open: nobody knows what the customer counts as paid."""
    world = rents().line("short", "98.20", "INV-2", counterparty_name="Acme Ltd")
    assert "a" not in world.reconcile(**OLDEST_FIRST).settled()
