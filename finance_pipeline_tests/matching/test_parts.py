"""What a line pays of the one document that it names, or of several that others name too."""

from __future__ import annotations

from decimal import Decimal

from finance_pipeline_tests.matching.world import World, day


def test_a_document_split_between_two_payments_that_each_name_another_besides_is_shared_out_the_only_way() -> None:
    world = World().item("INV-2041", "100.00", "Acme Ltd").item("INV-2042", "70.00", "Acme Ltd")
    world.item("INV-2043", "30.00", "Acme Ltd")
    world.line("one", "145.00", "INV-2041 INV-2042").line("two", "55.00", "INV-2042 INV-2043", on=13)
    assert world.reconcile().settled() == {
        "one": {"INV-2041": 10000, "INV-2042": 4500},
        "two": {"INV-2042": 2500, "INV-2043": 3000},
    }


def test_payments_that_name_documents_in_common_and_leave_a_cent_are_not_shared_out() -> None:
    world = World().item("INV-2041", "100.00", "Acme Ltd").item("INV-2042", "70.00", "Acme Ltd")
    world.item("INV-2043", "30.00", "Acme Ltd")
    world.line("one", "144.99", "INV-2041 INV-2042").line("two", "55.00", "INV-2042 INV-2043", on=13)
    assert world.reconcile().settled() == {}


def test_a_number_that_a_stranger_has_too_is_the_payers_own_and_the_amount_beside_it_is_no_number() -> None:
    world = World().item("SI-204100", "400.00", "Acme Ltd").item("204100", "900.00", "Blue Ltd")
    world.item("000150", "70.00", "Blue Ltd").line("part", "150.00", "204100 PART 150.00", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {"part": {"SI-204100": 15000}}
    nobody = World().item("SI-204100", "400.00", "Acme Ltd").line("part", "150.00", "PAYMENT 204100")
    assert nobody.reconcile().settled() == {}


def test_what_is_short_by_just_a_credit_note_is_no_part_payment() -> None:
    world = World().item("INV-2041", "100.07", "Acme Ltd").item("CN-7", "-20.03", "Acme Ltd", kind="credit_note", on=3)
    world.item("INV-2042", "55.11", "Acme Ltd")
    world.line("net", "80.04", "INV-2041", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {"net": {"INV-2041": 10007, "CN-7": -2003}}


def test_what_the_bank_says_was_sent_is_what_the_document_is_for_and_the_rest_is_its_charge() -> None:
    sent = {"original_amount_minor": 10000, "original_currency": "USD", "counterparty_name": "ACME LTD"}
    world = World().item("INV-2041", "100.00", "Acme Ltd").line("less", "83.33", "INV-2041", **sent)
    assert world.reconcile().settled() == {"less": {"INV-2041": 10000, "INV-2041/fee": -1667}}


def test_a_number_of_digits_alone_that_is_the_payers_own_is_part_of_the_sum_that_a_credit_note_makes_whole() -> None:
    world = World().item("INV-1", "600.40", "Acme Ltd").item("204177", "391.13", "Acme Ltd")
    world.item("CN-7", "-41.06", "Acme Ltd", kind="credit_note", on=3).item("INV-9", "77.77", "Acme Ltd")
    world.line("net", "950.47", "INV-1 AND 204177", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {"net": {"INV-1": 60040, "204177": 39113, "CN-7": -4106}}


def test_a_list_that_stops_where_it_goes_on_may_have_named_all_that_the_payment_is_for() -> None:
    world = World().item("INV-1", "600.40", "Acme Ltd").item("INV-2", "91.13", "Acme Ltd").item(
        "INV-3", "45.22", "Acme Ltd"
    )  # fmt: skip
    world.line("list", "736.75", "INV-1;", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {"list": {"INV-1": 60040, "INV-2": 9113, "INV-3": 4522}}


def test_an_order_number_beside_the_payers_own_document_is_no_reason_for_doubt_but_one_like_the_houses_is() -> None:
    world = World().item("INV-204177", "600.00", "Acme Ltd")
    for other, settled in (("ORD 88/1", {"part": {"INV-204177": 25000}}), ("INV-204178", {})):
        asked = World(items=world.items).line("part", "250.00", f"INV-204177 {other}", counterparty_name="ACME LTD")
        assert asked.reconcile().settled() == settled


def test_a_number_cut_short_that_begins_like_another_of_the_payers_speaks_against_the_amount_alone() -> None:
    world = World().item("INV-204177", "600.00", "Acme Ltd", status="settled").item("R-88", "50.00", "Acme Ltd")
    assert world.line("a", "50.00", "REF INV-20417", counterparty_name="ACME LTD").reconcile().settled() == {}
    assert World(items=world.items).line("a", "50.00", counterparty_name="ACME LTD").reconcile().settled() == {
        "a": {"R-88": 5000}
    }


def test_a_part_of_an_unknown_payer_needs_the_whole_number_that_only_one_document_can_be() -> None:
    world = World().item("INV-204177", "600.00", "Acme Ltd").item("SI-300411", "90.00", "Blue Ltd")
    world.item("300411", "75.00", "Coral Ltd")
    world.line("whole", "250.00", "INV-204177").line("digits", "40.00", "INVOICE 300411")
    assert world.reconcile().settled() == {"whole": {"INV-204177": 25000}}


def test_what_exceeds_a_document_by_a_round_amount_may_be_on_account_though_another_is_of_just_that() -> None:
    world = World().item("INV-1", "625.53", "Acme Ltd").item("INV-2", "100.00", "Acme Ltd")
    world.line("over", "725.53", "INV-1", counterparty_name="ACME LTD")
    assert world.reconcile().reasons() == {"over": "several_solutions"}
    world.items[1]["amount_minor"] = 10037
    world.lines[0]["amount_minor"] = 72590
    assert world.reconcile().settled() == {"over": {"INV-1": 62553, "INV-2": 10037}}


def test_a_credit_note_of_a_name_that_two_suppliers_have_may_be_what_a_payment_is_short_by() -> None:
    world = World().item("4612-15497", "-350.61", "Acme Ltd").item("9-1", "-5.00", "Acme Ltd", party_id="another Acme")
    world.item("CN04624", "19.98", kind="supplier_credit", party_name="Acme Ltd")
    world.line("line", "-330.63", "RG Nr 4612-15497", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {}


def test_the_customers_own_number_beside_the_documents_says_whose_part_payment_it_is() -> None:
    world = World().item("204177", "900.00", "Acme Ltd", party_id="C17520").item("31", "5.00", "Acme Ltd")
    world.line("part", "250.00", "204177 CUST 17520").line("unsure", "250.00", "204177 CUST 17521", on=12)
    assert world.reconcile().settled() == {"part": {"204177": 25000}}


def test_a_memo_cut_after_the_list_had_ended_lost_no_number() -> None:
    ended, listed = ("INV SO-204177 dated 05/12/2", "INVOICES   SO-204178 and SO")
    world = World().item("SO-204177", "900.00", "Acme Ltd").item("SO-204178", "70.00", "Blue Ltd")
    world.line("dated", "250.00", ended).line("listed", "20.00", listed)
    assert len(ended) == len(listed) == 27
    assert world.reconcile().settled() == {"dated": {"SO-204177": 25000}}


def test_a_credit_note_and_another_invoice_may_be_what_a_payment_is_short_by() -> None:
    world = World().item("INV-2041", "266.37", "Acme Ltd").item("CN-7", "-51.03", "Acme Ltd", kind="credit_note", on=3)
    world.item("INV-2042", "6.61", "Acme Ltd")
    world.line("net", "221.95", "INV-2041", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {"net": {"INV-2041": 26637, "CN-7": -5103, "INV-2042": 661}}


def test_a_number_with_the_digits_of_a_document_of_just_the_amount_names_no_part_of_another() -> None:
    world = World().item("INV01228", "213.60", "Acme Ltd").item("25/01228", "285.25", "Blue Ltd")
    world.line("paid", "285.25", "INV 01228")
    assert world.reconcile().settled() == {}


def test_digits_that_others_are_joined_to_may_be_the_end_of_another_number_and_pay_no_part() -> None:
    world = World().item("JP0005196", "265.87", "Acme Ltd")
    world.line("joined", "279.77", "INV 202510-5196", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {}
    world.lines[0]["memo"] = "INV 5196"
    assert world.reconcile().rules()["joined"] == "overpayment"


def test_a_list_cut_within_its_second_number_is_no_part_payment_of_the_first() -> None:
    cut, dated, listed = "INV 25/06839 25/07", "INV 25/06839 07/05", "INV 25/06839 & 2"
    world = World().item("25/06839", "530.00", "Acme Ltd").item("25/07131", "217.86", "Acme Ltd")
    world.line("cut", "409.72", cut, counterparty_name="ACME LTD")
    assert len(cut) == len(dated) == 18
    assert world.reconcile().settled() == {}
    world.lines[0]["memo"] = f"GIRO 98827 {listed}"
    assert (len(world.lines[0]["memo"]), world.reconcile().settled()) == (27, {})
    world.lines[0]["memo"] = dated
    assert world.reconcile().settled() == {"cut": {"25/06839": 40972}}


def test_a_credit_note_and_one_of_many_invoices_may_be_what_a_payment_is_short_by() -> None:
    world = World().item("INV-2041", "266.37", "Acme Ltd").item("CN-7", "-151.03", "Acme Ltd", kind="credit_note", on=3)
    for number in range(12):
        world.item(f"INV-3{number:03}", f"{61 + 7 * number}.{13 + 5 * number}", "Acme Ltd")
    world.line("net", "176.47", "INV-2041", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {}
    world.lines[0]["amount_minor"] = 17649
    assert world.reconcile().settled() == {"net": {"INV-2041": 17649}}


def test_a_document_that_gives_no_party_is_short_by_the_credit_note_of_one_of_its_name() -> None:
    world = World().item("101350", "347.95", party_name="Acme Ltd").item("9-1", "5.00", "Acme Ltd")
    world.item("9-2", "6.00", "Acme Ltd", party_id="another Acme")
    world.item("CN-02918", "-78.29", "Acme Ltd", kind="credit_note", on=3)
    world.line("net", "269.66", "FAKTURA NR 101350", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {}
    world.lines[0]["amount_minor"] = 26967
    assert world.reconcile().settled() == {"net": {"101350": 26967}}


def test_digits_that_two_documents_of_a_party_end_with_say_of_neither_that_it_was_paid_in_part() -> None:
    world = World().item("FC-007492", "1,258.14", "Acme Ltd", party_id="C19954")
    world.item("F26007492", "124.00", "Acme Ltd", party_id="C19954").line("part", "31.50", "INV 007492 CUST 19954")
    assert world.reconcile().reasons() == {"part": "several_solutions"}


def test_a_month_is_no_number_that_is_paid_in_part() -> None:
    world = World().item("202603-9170", "552.50", "Acme Ltd").line("paid", "556.97", "ACME LTD 202603")
    assert world.reconcile().settled() == {}


def test_the_amount_of_another_bill_less_its_discount_is_no_part_of_the_one_that_was_named_by_mistake() -> None:
    world = World().item("named", "-2,374.33", "Acme Ltd", number="INV-4217A")
    world.item(
        "meant", "-1,155.00", "Acme Ltd", number="INV-4219A", discount_percent=Decimal(2), discount_until=day(20)
    )
    world.line("line", "-1,131.90", "Re.: INV-4217A -2%", counterparty_name="ACME LTD")
    assert world.reconcile().reasons() == {"line": "several_solutions"}
    world.items[1]["amount_minor"] -= 100
    assert world.reconcile().rules() == {"line": "partial_payment"}
