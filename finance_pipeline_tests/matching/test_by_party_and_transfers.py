"""Tiers 2 and 5: a known party and its one item; two legs of one transfer."""

import pytest

from finance_pipeline.matching.transfers import OwnAccount
from finance_pipeline_tests.matching.world import World, day

NAME = "Müller & Söhne Maschinenbau GmbH"


@pytest.mark.parametrize(
    "line",
    [
        {"counterparty_name": "MUELLER UND SOEHNE MASCHINENBAU"},
        {"counterparty_name": "Muller Sohne Maschinenbau GmbH"},
        {"counterparty_name": "MASCHINENBAU MÜLLER SÖHNE"},
        {"counterparty_name": "MUELLER & SOEHNE MASCHIN"},
        {"counterparty_name": "MUELLER UND SOEHNE MASCHIN"},
        {"counterparty_account": "DE12 3456 7890"},
        {"memo": "SEPA GUTSCHRIFT Mueller & Soehne Maschinenbau GmbH danke"},
    ],
)
def test_a_party_is_known_as_banks_print_it(line: dict[str, str]) -> None:
    world = (
        World().party(NAME, account_numbers=["DE1234567890"]).item("INV-1", "250.00", NAME).item("INV-2", "9.00", NAME)
    )
    result = world.line("line", "250.00", **line).reconcile()
    assert result.settled() == {"line": {"INV-1": 25000}}
    assert result.tier("line") == 2


def test_a_name_that_was_cut_inside_of_its_and_is_known_by_its_beginning() -> None:
    world = World().item("INV-1", "99.00", "Schäfer Zimmermann Kälte- und Klimatechnik GmbH")
    world.line("a", "99.00", counterparty_name="SCHÄFER ZIMMERMANN KÄLTE- U")
    assert world.reconcile().settled() == {"a": {"INV-1": 9900}}


def test_two_items_or_two_lines_of_one_amount_are_left_alone() -> None:
    world = World().item("INV-1", "99.00", "Acme Ltd").item("INV-2", "99.00", "Acme Ltd")
    assert world.line("a", "99.00", counterparty_name="Acme").reconcile().suggested("a") == [["INV-1"], ["INV-2"]]
    lines = World(items=world.items[:1]).line("a", "99.00", counterparty_name="Acme")
    lines.line("b", "99.00", counterparty_name="Acme")
    assert lines.reconcile().reasons() == {"a": "several_solutions", "b": "several_solutions"}


def test_what_another_line_names_is_not_taken_by_amount_and_competes_with_nothing() -> None:
    def settled(*items: str, short: str = "98.20") -> dict[str, dict[str, int]]:
        world = (
            World().line("short", short, "INV-1", counterparty_name="Acme").line("b", "99.00", counterparty_name="Acme")
        )
        for item in items:
            world.item(item, "99.00", "Acme Ltd")
        return world.reconcile().settled()

    assert settled("INV-1") == {}  # Eighty cents short of it: a person's, but no other payment is for it.
    assert settled("INV-1", "INV-2") == {"b": {"INV-2": 9900}}
    assert settled("INV-1", "INV-2", "INV-3") == {}


def test_a_name_of_two_parties_is_nobody_and_an_account_that_contradicts_the_name_too() -> None:
    twins = World().item("INV-1", "99.00", "Acme Ltd").item("INV-2", "99.00", "Acme Ltd", party_id="another")
    assert twins.line("a", "99.00", counterparty_name="Acme").reconcile().settled() == {}
    world = World().item("INV-1", "99.00", "Acme Ltd").party("Blue Ltd", account_numbers=["DE1"]).party("Acme Ltd")
    world.item("INV-2", "1.00", "Blue Ltd").line("a", "99.00", counterparty_name="Acme", counterparty_account="DE1")
    assert world.reconcile().settled() == {}


def test_of_two_parties_that_differ_by_their_legal_form_it_is_the_one_that_is_printed() -> None:
    world = (
        World().item("INV-1", "10.13", "Acme Ltd").item("INV-2", "20.29", "Acme Ltd").item("INV-3", "7.00", "Acme LLC")
    )
    assert world.line("a", "30.42", counterparty_name="ACME LTD").reconcile().settled() == {
        "a": {"INV-1": 1013, "INV-2": 2029}
    }
    other = World(items=world.items).line("a", "7.00", counterparty_name="ACME LTD")
    assert other.reconcile().settled() == {}


@pytest.mark.parametrize(("due", "reasons"), [(-49, {}), (-51, {"a": "long_after_due"})])
def test_party_and_amount_alone_settle_nothing_that_was_due_long_ago(due: int, reasons: dict[str, str]) -> None:
    world = World().item("INV-1", "99.00", "Acme Ltd", on=-80, due_on=day(due))
    assert world.line("a", "99.00", counterparty_name="Acme", on=11).reconcile().reasons() == reasons


def test_an_item_due_long_ago_still_competes_with_one_due_now() -> None:
    world = World().item("INV-1", "99.00", "Acme Ltd", on=-200).item("INV-2", "99.00", "Acme Ltd", on=5)
    assert world.line("a", "99.00", counterparty_name="Acme", on=11).reconcile().reasons() == {"a": "several_solutions"}


def test_a_receipt_does_not_settle_an_invoice_dated_after_it() -> None:
    world = World().item("INV-1", "99.00", "Acme Ltd", on=11).line("a", "99.00", counterparty_name="Acme", on=10)
    assert world.reconcile().reasons() == {"a": "party_known_no_item"}


def test_a_text_that_names_another_document_of_ours_outranks_party_and_amount() -> None:
    world = World().item("INV-2041", "99.00", "Acme Ltd").line("a", "99.00", "INV-3567", counterparty_name="Acme")
    assert world.reconcile().reasons() == {"a": "reference_unknown"}


@pytest.mark.parametrize(("memo", "found"), [("Your inv: 459", True), ("Your inv: 460", False)])
def test_the_beginning_of_a_number_that_the_bank_cut_contradicts_no_party_and_amount(memo: str, found: bool) -> None:
    world = World().item("paid", "137.37", "Acme Ltd", number="SI-459573").party("Acme Ltd")
    world.item("short", "-8.00", "Blue Ltd", number="034")
    result = world.line("line", "137.37", memo, counterparty_name="ACME LTD").reconcile()
    assert result.settled() == ({"line": {"paid": 13737}} if found else {})


def test_an_order_number_of_the_payers_own_contradicts_no_party_and_amount() -> None:
    world = World().item("INV-2041", "137.37", "Acme Ltd").party("Acme Ltd").item("PO-599187", "8.00", "Blue Ltd")
    world.line("line", "137.37", "; PO 508776", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {"line": {"INV-2041": 13737}}
    world.item("other", "9.00", "Acme Ltd", references=["PO-508776"])
    assert world.reconcile().settled() == {}


def test_a_reference_takes_the_item_from_party_and_amount() -> None:
    world = World().item("INV-2041", "99.00", "Acme Ltd").line("a", "99.00", counterparty_name="Acme")
    world.line("b", "99.00", "INV-2041")
    assert world.reconcile().settled() == {"b": {"INV-2041": 9900}}


def test_a_reference_takes_an_item_from_a_standing_match_which_is_retracted_with_the_reason() -> None:
    world = World().item("INV-2041", "99.00", "Acme Ltd").item("INV-2042", "99.00", "Acme Ltd", on=2)
    world.line("a", "99.00", counterparty_name="Acme").line("b", "99.00", "INV-2041")
    result = world.stands("match-a", 2, "a", "INV-2041", "99.00").reconcile()
    assert result.outcome.retractions.rows() == [("match-a", "stronger evidence names INV-2041 for another line")]
    assert result.settled() == {"a": {"INV-2042": 9900}, "b": {"INV-2041": 9900}}
    firm = World(lines=world.lines, items=world.items).stands("match-a", 1, "a", "INV-2041", "99.00").reconcile()
    assert firm.outcome.retractions.is_empty()
    assert firm.settled() == {}


def test_a_name_that_two_parties_have_stays_both_names_once_what_one_of_them_owed_stands_settled() -> None:
    world = World().item("G-1", "-146.68", "Granite Co.").item("G-2", "-936.81", "Granite Co.")
    world.item("C-10077", "-40.00", "Granite Corp.").line("c", "-40.00", "C-10077")
    world.line("whole", "-1083.49", "ACH DEBIT PAYMENT", counterparty_name="GRANITE")
    assert world.reconcile().settled() == {"c": {"C-10077": -4000}}
    assert world.stands("match-c", 1, "c", "C-10077", "-40.00").reconcile().settled() == {}


def test_a_processor_that_hides_the_payer_is_not_a_party() -> None:
    world = World().item("INV-1", "99.00", "Acme Ltd")
    assert world.line("a", "99.00", "ACME LTD", counterparty_name="STRIPE").reconcile().settled() == {}


def transfer(memo: str | None = "Transfer to savings", **into: object) -> World:
    world = World().line("out", "-500.00", memo, on=10)
    return world.line("in", "500.00", **{"on": 12, "account_id": "us-reserve", **into})  # type: ignore[arg-type]


def test_opposite_amounts_on_two_own_accounts_are_a_transfer_if_a_text_says_so() -> None:
    assert transfer().reconcile().settled() == {"out": {"in": -50000}}
    assert transfer(memo="CHECK 1043").reconcile().settled() == {}
    assert transfer(memo="CHECK 1043").reconcile(transfer_needs_words=False).settled() == {"out": {"in": -50000}}
    to_own = transfer(memo=None, counterparty_account="US 99-1")
    to_own.own = (OwnAccount("us-operating", names=("US991",)),)
    assert to_own.reconcile().settled() == {"out": {"in": -50000}}


def test_no_transfer_is_within_one_account_too_late_to_a_known_party_or_of_a_processor() -> None:
    assert transfer(account_id="us-operating").reconcile().settled() == {}
    assert transfer(on=20).reconcile().settled() == {}
    assert transfer(counterparty_name="Acme").item("INV-1", "9.00", "Acme Ltd").reconcile().settled() == {}
    processor = transfer()
    processor.own = (OwnAccount("us-reserve", processor=True),)
    assert processor.reconcile().settled() == {}


def test_the_word_of_one_side_is_not_enough_where_the_other_shows_somebody_elses_name() -> None:
    assert transfer(counterparty_name="Dune Ltd").reconcile().settled() == {}
    assert World().line("out", "-500.00", "Transfer to savings").line(
        "in", "500.00", "TRANSFER FROM OPERATING", on=12, account_id="us-reserve", counterparty_name="Dune Ltd"
    ).reconcile().settled() == {"out": {"in": -50000}}


def test_a_transfer_with_two_possible_legs_is_left_alone() -> None:
    world = transfer().line("in2", "500.00", account_id="us-third", on=11)
    assert world.reconcile().reasons() == dict.fromkeys(("in", "in2", "out"), "several_solutions")


def test_money_never_arrives_before_it_left_and_what_seems_to_makes_the_true_leg_doubtful() -> None:
    assert transfer(on=9).reconcile().settled() == {}
    world = transfer(on=9).line("in2", "500.00", account_id="us-reserve", on=12)
    assert world.reconcile().settled() == {}
