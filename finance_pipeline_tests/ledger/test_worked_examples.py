"""The worked examples of the accounting rules. Dr 1010 bank, 1100 receivables, 1200 clearing."""

from __future__ import annotations

from finance_pipeline_tests.ledger.world import World, day


def test_card_charges_fees_a_refund_and_the_payout_leave_clearing_at_zero() -> None:
    world = (
        World()
        .document("inv-1", "1000.00")
        .document("inv-2", "250.00")
        .document("cn-1", "-50.00", kind="credit_note")
        .movement("ch-1", "charge", "1000.00", fee="29.30")
        .movement("ch-2", "charge", "250.00", fee="7.55")
        .movement("re-1", "refund", "-50.00")
        .movement("po-1", "payout", "-1163.15")
        .line("arrived", "1163.15")
        .match("m1", "ch-1", ("principal", "1000.00", "inv-1"))
        .match("m2", "ch-2", ("principal", "250.00", "inv-2"))
        .match("m3", "re-1", ("principal", "-50.00", "cn-1"))
    )
    assert world.said("charge")["ch-1 charge"] == ["Dr 1200 970.70", "Dr 6800 29.30", "Cr 2150 1,000.00"]
    assert world.said("payout")["po-1 payout"] == ["Cr 1200 1,163.15", "Dr 1210 1,163.15"]
    before_arrival = world.without("bank", "arrived").balances()
    assert "1200" not in before_arrival
    assert before_arrival["1210"] == "1,163.15"
    world.match("m4", "arrived", ("principal", "1163.15", None))
    payout = {"item_kind": "payout", "item_currency": "USD", "item_amount_minor": 116315}
    world.facts["match"]["m4/0"] |= payout
    assert world.balances() == {"1010": "1,163.15", "4000": "-1,200.00", "6800": "36.85"}


def test_a_dispute_takes_clearing_below_zero_and_ends_won_or_as_a_loss() -> None:
    opened = World().movement("dp", "dispute", "-120.00", fee="15.00")
    assert opened.said()["dp dispute"] == ["Cr 1200 135.00", "Dr 6810 15.00", "Dr 1230 120.00"]
    lost = World().movement("dp", "dispute", "-120.00", fee="15.00").movement("end", "dispute_lost", "-120.00")
    assert lost.balances() == {"1200": "-135.00", "6810": "15.00", "6920": "120.00"}
    won = opened.movement("end", "dispute_reversal", "120.00")
    assert won.balances() == {"1200": "-15.00", "6810": "15.00"}


def test_two_partial_payments_settle_an_invoice_one_after_the_other() -> None:
    world = World().document("inv", "5250.00").line("one", "2000.00").line("two", "3250.00", on=day(9))
    world.match("m1", "one", ("principal", "2000.00", "inv"))
    assert world.balances()["1100"] == "3,250.00"
    world.match("m2", "two", ("principal", "3250.00", "inv"))
    assert world.balances() == {"1010": "5,250.00", "4000": "-5,250.00"}


def test_a_short_payment_is_written_off_to_its_own_account() -> None:
    world = World().document("inv", "1000.00").line("paid", "999.60")
    world.match("m", "paid", ("principal", "1000.00", "inv"), ("write_off", "-0.40", None))
    assert list(world.said("settlement").values()) == [["Dr 2100 999.60", "Dr 6850 0.40", "Cr 1100 1,000.00"]]
    assert world.balances() == {"1010": "999.60", "4000": "-1,000.00", "6850": "0.40"}


def test_a_fee_that_the_bank_kept_is_a_bank_charge() -> None:
    world = World().document("inv", "500.00").line("paid", "492.50")
    world.match("m", "paid", ("principal", "500.00", "inv"), ("fee", "-7.50", None))
    assert world.balances() == {"1010": "492.50", "4000": "-500.00", "6820": "7.50"}


def test_an_invoice_in_euro_paid_in_dollars_goes_through_exchange_and_leaves_the_loss() -> None:
    world = World().document("inv", "1000.00", currency="EUR", functional_total="1100.00").line("paid", "1085.00")
    world.across("m", "paid", "inv")
    assert list(world.said("settlement").values()) == [["Dr 2100 1,085.00", "Cr 1290 1,100.00", "Dr 6900 15.00"]]
    assert list(world.said("settlement EUR").values()) == [
        ["Dr 1290 1,000.00 [1,100.00]", "Cr 1100 1,000.00 [1,100.00]"]
    ]
    assert world.balances() == {"1010": "1,085.00", "4000": "-1,100.00", "6900": "15.00"}


def test_an_invoice_in_euro_paid_in_euro_leaves_the_difference_of_the_rates_only_in_dollars() -> None:
    world = World().rate(day(4), "1.0850").document("inv", "1000.00", currency="EUR", functional_total="1100.00")
    world.line("paid", "1000.00", account="euro").match("m", "paid", ("principal", "1000.00", "inv"))
    assert list(world.said("settlement").values()) == [
        ["Dr 2100 1,000.00 [1,085.00]", "Cr 1100 1,000.00 [1,100.00]", "Dr 6900 0.00 [15.00]"]
    ]
    assert world.balances() == {"1030": "1,085.00", "4000": "-1,100.00", "6900": "15.00"}


def test_a_transfer_passes_through_transit_in_two_entries_and_nothing_stays_unidentified() -> None:
    world = World().line("out", "-700.00").line("in", "700.00", on=day(6), account="reserve")
    assert world.balances() == {"1010": "-700.00", "1020": "700.00", "1240": "700.00", "2100": "-700.00"}
    world.transfer("m", "out", "in", on=day(6))
    assert list(world.said("transfer out").values()) == [["Dr 1220 700.00", "Cr 1240 700.00"]]
    assert list(world.said("transfer in").values()) == [["Dr 2100 700.00", "Cr 1220 700.00"]]
    assert world.balances() == {"1010": "-700.00", "1020": "700.00"}


def test_a_transfer_with_a_fee_into_another_currency_is_in_transit_until_it_arrives_and_pays_for_the_conversion() -> (
    None
):
    world = World().rate(day(2, 6), "1.0880").line("out", "-10920.00", on=day(30))
    world.line("in", "10000.00", on=day(2, 6), account="euro").transfer("m", "out", "in", on=day(2, 6), fee="20.00")
    assert list(world.said("transfer out").values()) == [["Dr 1220 10,900.00", "Dr 6820 20.00", "Cr 1240 10,920.00"]]
    assert list(world.said("transfer in").values()) == [
        ["Dr 2100 10,000.00 [10,880.00]", "Cr 1290 10,000.00 [10,880.00]"]
    ]
    assert list(world.said("transfer in USD").values()) == [["Dr 1290 10,880.00", "Dr 6910 20.00", "Cr 1220 10,900.00"]]
    days = {row["purpose"]: row["effective_on"] for row in world.postings.entries.to_dicts() if row["match_id"]}
    assert days == {"transfer out": day(30), "transfer in": day(2, 6), "transfer in USD": day(2, 6)}
    assert world.balances() == {"1010": "-10,920.00", "1030": "10,880.00", "6820": "20.00", "6910": "20.00"}


def test_euro_that_become_dollars_days_later_lose_by_the_rate_and_by_the_banks_own_rate_apart() -> None:
    world = World().rate(day(4), "1.1000").rate(day(10), "1.0900").line("out", "-1000.00", account="euro")
    world.line("in", "1085.00", on=day(10)).transfer("m", "out", "in", on=day(10))
    assert list(world.said("transfer in EUR").values()) == [
        ["Dr 1290 1,000.00 [1,085.00]", "Dr 6900 0.00 [10.00]", "Dr 6910 0.00 [5.00]", "Cr 1220 1,000.00 [1,100.00]"]
    ]
    assert world.balances() == {"1010": "1,085.00", "1030": "-1,100.00", "6900": "10.00", "6910": "5.00"}


def test_what_is_paid_beyond_the_invoice_is_the_customers_on_account_until_it_is_refunded() -> None:
    world = World().document("inv", "1000.00").line("paid", "1200.00")
    world.match("m", "paid", ("principal", "1000.00", "inv"), ("residual", "200.00", None))
    assert list(world.said("settlement").values()) == [["Dr 2100 1,200.00", "Cr 1100 1,000.00", "Cr 1100 200.00"]]
    assert world.balances() == {"1010": "1,200.00", "1100": "-200.00", "4000": "-1,000.00"}
    world.line("refund", "-200.00", on=day(9)).match("r", "refund", ("principal", "-200.00", None))
    on_account = {"item_kind": "customer_on_account", "item_currency": "USD", "item_amount_minor": -20000}
    world.facts["match"]["r/0"] |= on_account
    assert world.balances() == {"1010": "1,000.00", "4000": "-1,000.00"}, "profit and loss is the sale alone"


def test_a_discount_takes_its_part_of_the_tax_along() -> None:
    world = World().document("inv", "1200.00", tax="200.00").line("paid", "1176.00")
    world.match("m", "paid", ("principal", "1200.00", "inv"), ("discount", "-24.00", "inv"))
    assert list(world.said("settlement").values()) == [
        ["Dr 2100 1,176.00", "Dr 6870 20.00", "Dr 2200 4.00", "Cr 1100 1,200.00"]
    ]
    bill = World().document("bill", "-1200.00", tax="-200.00", kind="bill", account="400").line("sent", "-1176.00")
    bill.match("m", "sent", ("principal", "-1200.00", "bill"), ("discount", "24.00", "bill"))
    assert list(bill.said("settlement").values()) == [
        ["Cr 1240 1,176.00", "Cr 6870 20.00", "Cr 1300 4.00", "Dr 2000 1,200.00"]
    ]


def test_a_discount_on_a_document_whose_tax_is_not_known_is_all_discount() -> None:
    world = World().document("inv", "1200.00", tax="200.00").line("paid", "1176.00")
    world.match("m", "paid", ("principal", "1200.00", "inv"), ("discount", "-24.00", "inv"))
    world.facts["match"]["m/1"] |= {"item_tax_minor": None}
    assert "Dr 6870 24.00" in next(iter(world.said("settlement").values()))


def test_a_loss_on_exchange_and_what_the_conversion_cost_are_told_apart_where_the_rate_of_the_day_is_known() -> None:
    world = World().rate(day(4), "1.0900").document("inv", "1000.00", currency="EUR", functional_total="1100.00")
    world.line("paid", "1085.00").across("m", "paid", "inv")
    assert list(world.said("settlement").values()) == [
        ["Dr 2100 1,085.00", "Cr 1290 1,100.00", "Dr 6900 10.00", "Dr 6910 5.00"]
    ]
    assert world.balances() == {"1010": "1,085.00", "4000": "-1,100.00", "6900": "10.00", "6910": "5.00"}


def test_a_supplier_payment_that_came_back_less_a_charge_opens_the_bill_again() -> None:
    world = World().document("bill", "-2400.00", kind="bill", account="400").line("sent", "-2400.00", on=day(30))
    world.match("m", "sent", ("principal", "-2400.00", "bill"), on=day(30))
    assert "2000" not in world.balances()
    world.line("back", "2392.50", on=day(3, 6)).returned("r", "back", "sent", "m", on=day(3, 6), fee="7.50")
    assert sorted(world.said("settlement").values()) == [
        ["Cr 1240 2,400.00", "Dr 2000 2,400.00"],
        ["Dr 2100 2,392.50", "Dr 6820 7.50", "Cr 2000 2,400.00"],
    ]
    assert world.balances() == {"1010": "-7.50", "2000": "-2,400.00", "5000": "2,400.00", "6820": "7.50"}


def test_a_payment_that_came_back_before_its_bill_was_known_cancels_it() -> None:
    world = World().line("sent", "-2400.00").line("back", "2392.50", on=day(9))
    world.netted("m", "back", "sent", on=day(9), fee="7.50")
    assert list(world.said("settlement").values()) == [["Dr 2100 2,392.50", "Dr 6820 7.50", "Cr 1240 2,400.00"]]
    assert world.balances() == {"1010": "-7.50", "6820": "7.50"}


def test_a_line_that_a_feed_told_twice_is_taken_back_on_its_own_day_and_its_entry_stays() -> None:
    world = World().document("inv", "500.00").line("paid", "500.00").line("again", "500.00", on=day(5))
    world.match("m", "paid", ("principal", "500.00", "inv")).duplicate("d", "again", "paid", on=day(20))
    assert list(world.said("duplicate").values()) == [["Dr 2100 500.00", "Cr 1010 500.00"]]
    taken_back = world.postings.entries.filter(purpose="duplicate").row(0, named=True)
    assert (taken_back["effective_on"], taken_back["evidence_id"]) == (day(5), "us/bank/again")
    assert world.balances() == {"1010": "500.00", "4000": "-500.00"}


def test_a_line_that_a_rule_codes_goes_to_the_account_that_it_names() -> None:
    world = World().line("fee", "-12.00").coded("m", "fee", "6820")
    assert list(world.said("settlement").values()) == [["Cr 1240 12.00", "Dr 6820 12.00"]]
    assert world.balances() == {"1010": "-12.00", "6820": "12.00"}


def test_a_payment_recorded_in_the_accounting_system_and_its_bank_line_are_one_event() -> None:
    world = World().document("bill", "-2400.00", tax="-400.00", kind="bill", account="400")
    world.movement("pay", "recorded_payment", "-2400.00", settles="bill")
    assert world.said()["bill document"] == ["Cr 2000 2,400.00", "Dr 5000 2,000.00", "Dr 1300 400.00"]
    assert world.said("recorded")["pay recorded"] == ["Cr 2110 2,400.00", "Dr 2000 2,400.00"]
    world.line("sent", "-2400.00").match("m", "sent", ("principal", "-2400.00", "pay"))
    assert world.balances() == {"1010": "-2,400.00", "1300": "400.00", "5000": "2,000.00"}


def test_a_prepayment_in_euro_that_is_allocated_leaves_the_difference_of_the_rates_and_no_cent_on_account() -> None:
    """Received at 1.10, allocated in two parts to an invoice carried at 1.08; no rate of the day is known or needed."""
    world = World().rate(day(1), "1.1000").document("inv", "1000.00", currency="EUR", functional_total="1080.00")
    world.movement("ahead", "recorded_receipt", "333.33", on=day(1), currency="EUR", side="customer")
    ahead = "payment/ahead/on-account"
    world.allocation("a", "100.01", of=ahead, to="inv", currency="EUR", on=day(28))
    world.allocation("b", "233.32", of=ahead, to="inv", currency="EUR", on=day(29))
    said = world.said("allocation")
    assert said["a allocation"] == ["Dr 1100 100.01 [110.01]", "Cr 1100 100.01 [108.01]", "Cr 6900 0.00 [2.00]"]
    assert said["b allocation"] == ["Dr 1100 233.32 [256.65]", "Cr 1100 233.32 [251.99]", "Cr 6900 0.00 [4.66]"]
    assert world.balances()["1100"] == "720.00", "what is left of the invoice, at its own rate; on account nothing"


def test_a_supplier_credit_is_allocated_to_a_bill_and_one_whose_bill_is_not_here_is_held() -> None:
    world = World().document("bill", "-500.00", kind="bill", account="400")
    world.document("credit", "120.00", kind="supplier_credit", account="400")
    world.allocation("a", "-120.00", of="document/credit", to="bill").allocation("b", "-1.00", of="none", to="bill")
    assert world.said("allocation") == {"a allocation": ["Cr 2000 120.00", "Dr 2000 120.00"]}
    assert world.postings.held.select("reason", "words").rows() == [
        ("document_unknown", "the document us/none that it takes from is not here, or not authorised")
    ]
    assert world.balances() == {"2000": "-380.00", "5000": "380.00"}


def test_what_is_older_than_the_book_opens_it_against_opening_balances() -> None:
    world = World().opening("operating", "25000.00").document("old", "300.00", on=day(20, 4), account="not mapped")
    assert world.said("opening") == {
        "operating opening": ["Dr 1010 25,000.00", "Cr 3900 25,000.00"],
        "old opening": ["Dr 1100 300.00", "Cr 3900 300.00"],
    }
    old = world.postings.entries.filter(description="Invoice OLD a party").row(0, named=True)
    assert (old["effective_on"], old["accounting_on"]) == (day(20, 4), day(1))
