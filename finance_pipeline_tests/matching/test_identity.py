"""Tier 0: what names the very movement."""

from datetime import timedelta

from finance_pipeline_tests.matching.world import World, day


def test_a_charge_that_states_the_invoice_number_in_its_own_field_settles_it() -> None:
    world = World().item("INV-1041", "100.00", "Acme Ltd").item("INV-1042", "100.00", "Blue Ltd")
    result = world.line("charge", "100.00", account_id="us-card", kind="charge", end_to_end_id="inv 1041").reconcile()
    assert result.settled() == {"charge": {"INV-1041": 10000}}
    assert result.tier("charge") == 0


def test_a_payout_id_in_the_text_settles_that_payout_and_not_the_equal_one() -> None:
    world = World().payout("po_1NxAbc3", "500.00").payout("po_1NxAbd4", "500.00")
    result = world.line("line", "500.00", "STRIPE PAYOUT po_1NxAbd4").reconcile()
    assert result.settled() == {"line": {"po_1NxAbd4": 50000}}


def test_a_payout_without_an_id_in_the_text_is_known_by_processor_amount_and_day() -> None:
    world = World().payout("po_1NxAbc3", "700.00", arrives=10)
    assert world.line("line", "700.00", "STRIPE TRANSFER", on=12).reconcile().rules() == {"line": "payout_by_amount"}
    assert World(items=world.items).line("line", "700.00", "TRANSFER", on=12).reconcile().settled() == {}
    assert World(items=world.items).line("line", "700.00", "STRIPE TRANSFER", on=30).reconcile().settled() == {}


def test_two_equal_payouts_in_one_week_are_not_guessed() -> None:
    world = World().payout("po_1NxAbc3", "700.00", arrives=10).payout("po_1NxAbd4", "700.00", arrives=11)
    result = world.line("line", "700.00", "STRIPE TRANSFER", on=11).reconcile()
    assert result.reasons() == {"line": "several_solutions"}
    assert result.suggested("line") == [["po_1NxAbc3"], ["po_1NxAbd4"]]


def test_a_payout_breaks_down_into_its_charges_and_the_fees_kept() -> None:
    group = {"group_id": "po_9", "group_kind": "payout", "available_on": day(10)}
    world = World().item("ch_a", "1,000.00", net_minor=97070, **group).item("ch_b", "250.00", net_minor=24245, **group)
    result = world.item("re_c", "-50.00", net_minor=-5000, **group).line("line", "1,163.15", "STRIPE").reconcile()
    assert result.settled() == {
        "line": {"ch_a": 100000, "ch_a/fee": -2930, "ch_b": 25000, "ch_b/fee": -755, "re_c": -5000}
    }


def test_a_payment_recorded_in_the_accounting_system_waits_for_its_line_on_its_account_and_days() -> None:
    recorded = {"kind": "recorded_receipt", "account": "us-operating", "references": ["INV-1041"]}
    world = World().item("payment-1", "100.00", "Acme Ltd", on=9, **recorded | {"number": None})
    world.item("INV-1041", "150.00", "Acme Ltd")
    assert world.line("line", "100.00", "ACME INV-1041").reconcile().settled() == {"line": {"payment-1": 10000}}
    elsewhere = World(items=world.items).line("line", "100.00", "ACME INV-1041", account_id="us-reserve")
    assert elsewhere.reconcile().settled() == {}
    late = World(items=world.items[:1]).line("line", "100.00", "ACME INV-1041", on=40)
    assert late.reconcile().settled() == {}


def test_what_a_person_confirmed_is_matched_and_what_a_person_declined_is_not_proposed() -> None:
    world = World().item("INV-1", "100.00").item("INV-2", "100.00").line("line", "100.00", "no hint")
    assert world.decided("line", "INV-2", "confirm").reconcile().settled() == {"line": {"INV-2": 10000}}
    named = World(items=world.items).line("line", "100.00", "INV-1").decided("line", "INV-1", "decline")
    assert named.reconcile().settled() == {}


def test_a_line_may_come_a_few_days_before_its_invoice_is_dated_but_not_weeks() -> None:
    world = World().item("INV-1041", "100.00", on=14).line("line", "100.00", "INV-1041", on=10)
    assert world.reconcile().settled() == {"line": {"INV-1041": 10000}}
    world.lines[0]["booked_on"] -= timedelta(days=14)
    assert world.reconcile().settled() == {}
