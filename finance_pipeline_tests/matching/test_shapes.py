"""One case of every kind, with what the engine says of it: the notes of a good bookkeeper."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from finance_pipeline.matching import schemas
from finance_pipeline.matching.engine import reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.transfers import OwnAccount
from finance_pipeline_tests.matching.world import Result, World, day

OWN = tuple(OwnAccount(name) for name in ("us-operating", "us-reserve", "us-euro"))


def noted(world: World, **more: object) -> Result:
    return Result(reconcile(replace(world.inputs(), own_accounts=OWN, **more), Policy()))


def test_documents_that_a_text_names() -> None:
    world = World().item("INV-2041", "1,000.00", "Acme Ltd", discount_percent=Decimal("2.0000"), discount_until=day(20))
    world.line("discount", "980.00", "INV-2041 LESS 2 PCT", on=10)
    world.item("INV-3051", "500.00", "Blue Ltd").line("over", "520.00", "INV-3051 BLUE LTD")
    world.item("INV-4061", "700.00", "Coral Ltd").line("fee", "685.00", "INV-4061", counterparty_name="CORAL LTD")
    world.item("INV-5070", "10.00", "Dune Ltd").item("INV-5071", "20.00", "Dune Ltd").item(
        "INV-5072", "30.00", "Dune Ltd"
    )
    world.line("range", "60.00", "INV-5070 TO INV-5072")
    world.item("INV-6080", "400.00", "Elm Ltd").item("INV-6081", "600.00", "Elm Ltd")
    world.line("half-1", "300.00", "INV-6080, INV-6081 PART 1").line(
        "half-2", "700.00", "INV-6080, INV-6081 PART 2", on=11
    )
    world.item("INV-7090", "77.31", "Fern Ltd").line("cut", "77.31", "PAYMENT OF YOUR ESTEEMED DOC INV-70")
    world.item("INV-8100", "1,000.00", "Gale GmbH", currency="EUR").line("rate", "1,085.00", "INV-8100 GALE")
    rates = schemas.FX_RATES.frame([{"date": day(9), "currency": "USD", "per_eur": Decimal("1.0900")}])
    result = noted(world, fx_rates=rates)
    assert {line: result.words(line) for line in ("discount", "over", "fee", "range", "half-1", "cut", "rate")} == {
        "discount": "The memo names INV-2041: what is open comes to exactly USD 980.00; USD -20.00 is an early-payment "
        "discount.",
        "over": "The memo names INV-3051, open at USD 500.00; USD 520.00 came. What is over, USD 20.00, is on account: "
        "no other document explains it.",
        "fee": "The memo names INV-4061, open at USD 700.00; USD 685.00 came. The difference, USD -15.00, is what "
        "banks on the way charge.",
        "range": "The memo names INV-5070, INV-5071, INV-5072: together they are open at exactly USD 60.00.",
        "half-1": "This and other lines name the same documents and no others, and together pay them in full; "
        "in order of dates this one pays INV-6080.",
        "cut": "The text was cut at INV-70, the beginning of INV-7090, the only one of exactly the missing amount.",
        "rate": "The memo names INV-8100, open at EUR 1,000.00; at the day's reference rate USD 1,085.00 is within the "
        "band.",
    }
    assert result.settled()["half-2"] == {"INV-6080": 10000, "INV-6081": 60000}


def test_sums_that_no_text_names() -> None:
    world = World()
    for n, amount in enumerate(("1,204.17", "388.90", "2,951.33")):
        world.item(f"INV-{n}", amount, "Acme Ltd")
    world.line("whole", "4,544.40", "ACH CREDIT ACME", counterparty_name="ACME LTD")
    for n, amount in enumerate(("8,110.07", "935.55", "14,600.01", "221.18", "7,059.90")):
        world.item(f"B-{n}", amount, "Blue Ltd")
    world.line("some", "15,535.56", "PAYMENT", counterparty_name="BLUE LTD")
    world.item("C-1", "1,753.49", "Coral Ltd").line("first", "1,205.00", counterparty_name="CORAL LTD")
    world.line("second", "548.49", counterparty_name="CORAL LTD")
    advice = [
        {"remittance_id": "ADV-77", "received_on": day(9), "payer_name": "Dune Ltd", "currency": "USD",
         "total_minor": 30000, "line_reference": number, "line_minor": part}
        for number, part in (("D-100", 10000), ("D-200", 20000))
    ]  # fmt: skip
    world.item("D-100", "100.00", "Dune Ltd").item("D-200", "250.00", "Dune Ltd").line(
        "advice", "300.00", "SEE ADVICE ADV-77"
    )
    result = noted(world, remittances=schemas.REMITTANCES.frame(advice))
    assert {line: result.words(line) for line in ("whole", "some", "first", "advice")} == {
        "whole": "USD 4,544.40 is all that this party has open, 3 items: INV-0, INV-1, INV-2.",
        "some": "USD 15,535.56 is exactly B-1, B-2; no other sum of its open items is that, and chance would "
        "hardly make one.",
        "first": "This and other lines of the party add to exactly C-1, open at USD 1,753.49; no others do.",
        "advice": "Advice ADV-77 lists D-100, D-200, and adds to exactly USD 300.00.",
    }
    assert result.settled()["advice"] == {"D-100": 10000, "D-200": 20000}


def test_a_second_subset_with_the_same_sum_makes_the_receipt_an_exception() -> None:
    world = World()
    for n, amount in enumerate(("100.00", "240.00", "150.00", "190.00", "77.00")):
        world.item(f"INV-{n}", amount, "Acme Ltd")
    result = noted(world.line("line", "340.00", "ACH CREDIT ACME", counterparty_name="ACME LTD"))
    assert result.reasons() == {"line": "several_solutions"}
    assert {item for set_ in result.suggested("line") for item in set_} <= {"INV-0", "INV-1", "INV-2", "INV-3"}


def test_items_that_belong_together_and_lines_of_one_event() -> None:
    world = World()
    for n, (amount, net) in enumerate((("100.00", 9710), ("250.00", 24275))):
        world.item(
            f"ch-{n}", amount, on=8, kind="charge", number=None, net_minor=net, group_id="po_77", group_kind="payout",
            available_on=day(10), processor_account="us-card",
        )  # fmt: skip
    world.line("payout", "339.85", "STRIPE PAYOUT po_77")
    for n, amount in enumerate(("-70.00", "-30.00")):
        world.item(f"bill-{n}", amount, f"Vendor {n}", group_id="RUN-9", group_kind="payment_run")
    world.line("run", "-100.00", "SEPA BATCH RUN-9")
    world.item("INV-9", "55.00", "Acme Ltd").line("sent", "-81.00", "TO ZED", end_to_end_id="E2E-778812")
    world.line("back", "78.50", "RETURN AC04 E2E-778812", on=12).line(
        "once", "55.00", "INV-9", bank_reference="BR-552211"
    )
    world.line("twice", "55.00", "INV-9", bank_reference="BR-552211").line("soon", "-9.00", "CAFE 12", status="pending")
    world.line("posted", "-9.00", "CAFE 12", on=11).line("wage", "-400.00", "PAYROLL MAY")
    world.line("out", "-1,020.00", "TRANSFER TO RESERVE").line(
        "in", "1,000.00", "TRANSFER FROM OPERATING", account_id="us-reserve", on=11
    )
    result = noted(world)
    kinds = ("payout", "run", "back", "twice", "soon", "out", "wage")
    assert {line: result.words(line) for line in kinds} == {
        "payout": "The nets of the 2 items of payout po_77 add to exactly USD 339.85; "
        "kept as fees: USD -2.90, USD -7.25.",
        "run": "The 2 items of payment run RUN-9 add to exactly USD -100.00.",
        "back": "The payment of USD 81.00 on 2026-05-11 came back; USD -2.50 is a charge; what it was to settle "
        "is open again.",
        "twice": "Line once of the same day says the same, to the bank's own id: the feed delivered it twice.",
        "soon": "The pending line became line posted, booked on 2026-05-12.",
        "out": "USD 1,020.00 left us-operating on 2026-05-11 and USD 1,000.00 reached us-reserve on 2026-05-12; the "
        "difference, USD -20.00, is a charge on the way.",
        "wage": 'Rule "payroll payment" codes it to account 6000: by its text or code a payroll payment, money out.',
    }
    assert result.settled()["once"] == {"INV-9": 5500}


def test_a_customer_who_pays_an_invoice_through_a_processor_takes_no_charge_of_that_amount() -> None:
    world = World().item(
        "charge",
        "100.00",
        "Blue Ltd",
        on=8,
        kind="charge",
        number=None,
        references=["ch_3HCRN2N"],
        net_minor=9680,
        available_on=day(10),
        processor_account="square-1",
    )
    world.item("INV-19023", "100.00", "Acme Ltd").line("line", "100.00", "PayPal Europe INVOICE INV-19023")
    assert world.reconcile().settled() == {"line": {"INV-19023": 10000}}
    world.lines[0].update(memo="Square Inc INV-19023", amount_minor=9680)
    world.items[1]["amount_minor"] = 70_000
    assert world.reconcile().settled() == {"line": {"charge": 10000, "charge/fee": -320}}


def test_rent_goes_to_the_month_that_was_due_and_waits_while_an_older_one_is_unpaid() -> None:
    world = World()
    for n in range(3):
        due = date(2026, 5 + n, 10)
        world.item(f"R-{n}", "900.00", "Acme Ltd", on=30 * n, due_on=due)
        world.line(f"line-{n}", "900.00", "RENT", on=(due - date(2026, 5, 1)).days, counterparty_name="ACME LTD")
    assert noted(world).settled() == {f"line-{n}": {f"R-{n}": 90000} for n in range(3)}
    late = World(items=world.items, lines=world.lines[1:])
    assert noted(late).settled() == {}
