"""Payments that came back, what they had paid, and runs of documents known by their sum alone."""

from __future__ import annotations

from finance_pipeline_tests.matching.world import World


def sent_and_back(back_memo: str, back: str = "-97.00") -> World:
    """Acme's invoice is collected, and the collection comes back less the bank's charge."""
    world = World().item("INV-2041", "93.50", "Acme Ltd").item("INV-2042", "400.00", "Acme Ltd")
    world.line("first", "93.50", "DIRECT DEBIT INV-2041", counterparty_name="ACME LTD", on=10)
    return world.line("back", back, back_memo, counterparty_name="ACME LTD", on=14)


def test_a_returned_collection_is_known_by_the_invoice_that_both_lines_name_less_what_the_bank_charges() -> None:
    result = sent_and_back("RETURN AM04 INV-2041 CHARGE 3.50").reconcile()
    assert result.settled()["back"] == {"first": -9350, "first/fee": -350}


def test_a_payment_that_came_back_had_paid_its_invoice_unless_somebody_paid_that_again() -> None:
    world = sent_and_back("RETURN AM04 INV-2041 CHARGE 3.50")
    assert world.reconcile().settled()["first"] == {"INV-2041": 9350}
    again = world.line("again", "93.50", "INV-2041", counterparty_name="ACME LTD", on=20).reconcile()
    assert (again.settled()["again"], "first" in again.settled()) == ({"INV-2041": 9350}, False)


def test_a_return_that_names_no_document_needs_a_round_charge_and_one_that_names_another_is_no_return_of_this() -> None:
    assert "back" in sent_and_back("RETURNED PAYMENT AM04").reconcile().settled()
    assert "back" not in sent_and_back("RETURNED PAYMENT AM04", "-96.87").reconcile().settled()
    assert "back" not in sent_and_back("RETURNED GOODS INV-2042").reconcile().settled()


def test_a_line_of_exactly_the_credit_note_that_it_names_is_a_refund_whatever_it_is_called() -> None:
    world = World().item("2503834", "170.00", "Acme Ltd").item("K-03834", "-198.87", "Blue Ltd", kind="credit_note")
    world.line("first", "170.00", "INV 3834", counterparty_name="ACME LTD", on=8)
    world.line("refund", "-198.87", "RETURN INV K-03834", on=14)
    assert world.reconcile().settled() == {"first": {"2503834": 17000}, "refund": {"K-03834": -19887}}


def test_a_collection_run_that_no_text_names_is_known_by_its_sum_and_a_second_of_that_sum_makes_doubt() -> None:
    world = World().line("run", "300.00", "SEPA-LASTSCHRIFT SAMMLER 2")
    for number, amount in enumerate(("120.00", "180.00")):
        run = {"group_id": "DD-1", "group_kind": "direct_debit_run"}
        world.item(f"a{number}", amount, f"Customer {number}", on=5, **run)
    assert world.reconcile().rules() == {"run": "payment_run"}
    for number, amount in enumerate(("100.00", "200.00")):
        run = {"group_id": "DD-2", "group_kind": "direct_debit_run"}
        world.item(f"b{number}", amount, f"Customer {number}", on=5, **run)
    assert world.reconcile().reasons() == {"run": "several_solutions"}


def _two_payments_of_a_whole_balance() -> World:
    world = World()
    for number, amount in enumerate(("140.07", "492.59", "457.11", "264.18", "48.79")):
        world.item(f"INV-{number}", amount, "Acme Ltd", on=number)
    return world.line("one", "700.00", counterparty_name="ACME LTD").line("two", "702.74", counterparty_name="ACME LTD")


def test_two_payments_of_a_whole_balance_are_shared_out_by_date_only_where_neither_is_a_sum_of_items_itself() -> None:
    world = _two_payments_of_a_whole_balance()
    assert world.reconcile().rules() == {"one": "balance_by_lines", "two": "balance_by_lines"}
    for line, amount in zip(world.lines, (80556, 59718), strict=True):  # 492.59 + 264.18 + 48.79, and the others
        line["amount_minor"] = amount
    assert "balance_by_lines" not in world.reconcile().rules().values()


def test_two_payments_are_no_whole_balance_where_a_person_declined_a_document_for_one_of_them() -> None:
    world = _two_payments_of_a_whole_balance().decided("two", "INV-3", "decline")
    assert world.reconcile().settled() == {}


def test_a_return_is_known_by_the_id_that_it_shows_whatever_is_glued_to_it() -> None:
    world = World().item("INV-2041", "93.50", "Acme Ltd")
    world.line("first", "93.50", "DIRECT DEBIT INV-2041", end_to_end_id="RCUR250328393987")
    world.line("back", "-93.50", "XQAC94EREF+RCUR250328393987RST", on=14)
    world.line("again", "93.50", "INV-2041", on=20)
    assert world.reconcile().settled() == {"back": {"first": -9350}, "again": {"INV-2041": 9350}}


def test_a_days_receipts_are_those_of_the_account_and_never_a_strangers() -> None:
    world = World()
    for name, amount, account in (("r-1", "40.00", "us-operating"), ("r-2", "60.00", "us-operating"),
                                  ("r-3", "25.00", "us-reserve")):  # fmt: skip
        world.item(name, amount, on=10, kind="receipt_in_ledger", account=account)
    world.line("cash", "100.00", "CASH DEPOSIT", on=11)
    assert world.reconcile().settled() == {"cash": {"r-1": 4000, "r-2": 6000}}
    receipt = {"kind": "receipt_in_ledger", "account": "us-operating"}
    strange = World().item("r-9", "23.75", "Acme Ltd", on=10, **receipt).item("INV-1", "9.99", "Blue Ltd")
    strange.line("paid", "23.75", counterparty_name="BLUE LTD", on=10)
    assert strange.reconcile().settled() == {}
    strange.lines[0]["counterparty_name"] = "Nobody known"
    assert strange.reconcile().settled() == {}
    strange.lines[0]["counterparty_name"] = None
    assert strange.reconcile().settled() == {"paid": {"r-9": 2375}}
