"""Lists that cannot be read in full, and what was left of documents: what sums say where numbers fall silent."""

from __future__ import annotations

from finance_pipeline_tests.matching.world import World


def acme() -> World:
    """Acme has four invoices open, the last of them younger than the rest."""
    world = World().item("INV004890", "88.57", "Acme Ltd").item("INV004892", "150.11", "Acme Ltd")
    return world.item("INV004893", "61.07", "Acme Ltd").item("INV004896", "42.00", "Acme Ltd", on=12)


def test_a_list_cut_after_two_numbers_of_a_party_pays_its_whole_balance_where_that_is_the_amount() -> None:
    world = acme().line("list", "299.75", "INV 004890; 004892; 00")
    assert world.reconcile().settled() == {"list": {"INV004890": 8857, "INV004892": 15011, "INV004893": 6107}}
    world.lines[0]["amount_minor"] += 1
    assert world.reconcile().settled() == {}


def test_a_list_of_which_a_person_declined_one_invoice_does_not_pay_the_rest_of_the_balance() -> None:
    world = acme().line("list", "299.75", "INV 004890; 004892; 00").decided("list", "INV004893", "decline")
    assert world.reconcile().settled() == {}


def test_of_two_such_lists_for_one_balance_neither_is_taken() -> None:
    world = acme().line("one", "299.75", "INV 004890; 004892; 00").line("two", "299.75", "INV 004890; 004892; 0", on=11)
    assert world.reconcile().settled() == {}


def test_what_another_payment_left_of_an_invoice_does_not_prove_that_a_credit_note_was_taken_off() -> None:
    world = World().item("INV-2041", "697.96", "Acme Ltd").item("CN-7", "-20.03", "Acme Ltd", kind="credit_note", on=3)
    world.item("INV-2049", "77.77", "Acme Ltd").line("part", "197.96", on=8).decided("part", "INV-2041", "confirm")
    world.line("rest", "479.97", "INV-2041", counterparty_name="ACME LTD")
    assert "rest" not in world.reconcile().settled()
