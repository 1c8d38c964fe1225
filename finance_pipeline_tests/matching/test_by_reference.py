"""Tier 1: document numbers as banks mangle them, and amounts that agree."""

import pytest

from finance_pipeline_tests.matching.world import World


@pytest.mark.parametrize(
    "memo",
    [
        "ACH CREDIT INV-2024-000183 THANKS",
        "inv 2024/183",
        "INV2024000183",
        "Payment for invoice 2024-000183.",
        "Rechnung Nr. 2024 183",
        "ref:INV_2024_000183/ACME",
    ],
)
def test_a_number_is_found_whatever_its_case_separators_and_zeros(memo: str) -> None:
    world = World().item("INV-2024-000183", "100.00").item("INV-2024-000184", "100.00")
    assert world.line("line", "100.00", memo).reconcile().settled() == {"line": {"INV-2024-000183": 10000}}


def test_a_list_with_endings_alone_names_all_and_a_credit_note_is_netted() -> None:
    world = World().item("INV-2024-000183", "100.00").item("INV-2024-000239", "60.00").item("INV-2024-000086", "5.00")
    world.item("CN-7001", "-20.00", kind="credit_note").line("line", "145.00", "INV-2024-000183,0239,0086 less CN-7001")
    settled = {"INV-2024-000183": 10000, "INV-2024-000239": 6000, "INV-2024-000086": 500, "CN-7001": -2000}
    assert world.reconcile().settled() == {"line": settled}


@pytest.mark.parametrize(
    ("numbers", "memo"),
    [
        (("1774-12776", "1775-12776", "1776-12776"), "REF 1774-12776 1775 1776"),
        (("RE-04200/26", "RE-04203/26", "RE-04211/26"), "RE-04200/26; 4203; 11"),
        (("656/2025", "657/2025", "658/2025"), "FATT. N. 656/2025 AL 658/2025"),
        (("656/2025", "657/2025", "658/2025"), "SALDO FATTURA 656/2025-58"),
        (("FV/656/08/2025", "FV/657/08/2025", "FV/658/08/2025"), "FV/656/08/2025-58"),
        (("202508-0776", "202508-0777", "202508-0778"), "NO. 202508-0776-202508-0778"),
        (("202526162", "202526163", "202526164"), "BETREFT 202526162 T/M 202526164"),
        (("RE202517262", "RE202517263", "RE202517264"), "RE2025 17262 - RE202517264"),
        (("INV-10872", "INV-10873", "INV-10874"), "INVOICES 10872 1,000.73,10873 60.00,10874 5.00"),
        (("0443710", "0443711", "0443727"), "0443710/11/27"),
    ],
)
def test_a_list_or_range_leaves_out_what_its_numbers_have_in_common(numbers: tuple[str, ...], memo: str) -> None:
    world = (
        World().item("1", "1,000.73", "Acme Ltd", number=numbers[0]).item("2", "60.00", "Acme Ltd", number=numbers[1])
    )
    world.item("3", "5.00", "Acme Ltd", number=numbers[2]).item("4", "700.00", "Acme Ltd", number="INV-77")
    settled = world.line("line", "1,065.73", memo, counterparty_name="ACME LTD").reconcile().settled()
    assert settled == {"line": {"1": 100073, "2": 6000, "3": 500}}


@pytest.mark.parametrize(
    ("numbers", "memo"),
    [
        (("INV-2025-002517", "INV-2025-002579", "INV-2026-002614"), "2517; 002579; 2614 FP 3218852244"),
        (("F26003852", "FC-005190", "202604-0731"), "VOS FACTURES 26003852005190 2026 04-0731"),
        (("F25001913", "202510-3313", "F25001923"), "F25001913202510-3313F25001923"),
        (("2025/10/1202", "2025/10/1204", "2025/11/1211"), "2025/10/12022025/10/12042025/11/1211"),
        (("001425", "105105", "0000331"), "1425 + 05105 + 331 KUNDENR 15622"),
        (("663", "646", "CN-0667"), "663;646 WITH 667"),
    ],
)
def test_numbers_written_short_are_read_as_documents_of_the_payer_that_make_the_amount(
    numbers: tuple[str, ...], memo: str
) -> None:
    world = (
        World().item("1", "1,000.73", "Acme Ltd", number=numbers[0]).item("2", "60.00", "Acme Ltd", number=numbers[1])
    )
    world.item("3", "-5.00", "Acme Ltd", number=numbers[2], kind="credit_note").item("4", "7.00", "Acme Ltd")
    world.item("5", "60.00", "Blue Ltd", number="X-2579").item("6", "1,000.73", "Blue Ltd", number="Y-7-1425")
    result = world.line("line", "1,055.73", memo, counterparty_name="ACME LTD").reconcile()
    assert result.settled() == {"line": {"1": 100073, "2": 6000, "3": -500}}


def test_a_short_number_of_two_equal_documents_of_the_payer_is_not_read() -> None:
    world = World().item("1", "100.00", "Acme Ltd", number="A-2517").item("2", "60.00", "Acme Ltd", number="B-2579")
    short = world.item("3", "60.00", "Acme Ltd", number="C-2579").line(
        "l", "160.00", "2517; 2579", counterparty_name="Acme"
    )
    assert short.reconcile().reasons() == {"l": "several_solutions"}
    one = World(items=world.items[:2]).line("l", "160.00", "2517; 2579", counterparty_name="Acme")
    assert one.reconcile().settled() == {"l": {"1": 10000, "2": 6000}}
    wrong = World(items=world.items[:2]).line("l", "161.00", "2517; 2579", counterparty_name="Acme")
    assert wrong.reconcile().settled() == {}


@pytest.mark.parametrize("memo", ["FAKTURA 4982", "RMR*IV*04982*PI*40.00", "BETALING 4982 DEBITEUR 2041"])
def test_a_short_number_of_one_document_of_the_payer_names_it_for_a_part_of_it_too(memo: str) -> None:
    world = (
        World()
        .item("104982", "900.00", "Acme Ltd")
        .item("2041-7", "40.00", "Acme Ltd")
        .item("4982-1", "40.00", "Blue Ltd")
    )
    part = world.line("line", "30.00", memo, counterparty_name="ACME LTD").reconcile()
    assert part.settled() == {"line": {"104982": 3000}}
    whole = World(items=world.items).line("line", "900.00", memo, counterparty_name="ACME LTD").reconcile()
    assert whole.settled() == {"line": {"104982": 90000}}


@pytest.mark.parametrize("memo", ["FACTURE 202510-4", "202510-5112", "FACT 202606409 NR 3403", "X-9/202510/3999"])
def test_a_part_that_other_digits_go_on_from_is_short_for_nothing(memo: str) -> None:
    world = World().item("202510-3403", "531.25", "Acme Ltd").item("202606409", "1.00", "Blue Ltd")
    assert world.line("line", "400.00", memo, counterparty_name="ACME LTD").reconcile().settled() == {}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("202602761", "/TRTP/SEPA OVERBOEKING/REMI/RF08202602761/EREF/NOTPROVIDED"),
        ("18353-6696", "RF10183536696"),
        ("F-004569", "BANKGIRO 00456988"),
        ("06421", "INS 0642173"),
        ("SI-006169", "BGC #006169"),
    ],
)
def test_check_digits_taken_off_and_zeros_written_in_full_a_number_names_its_document_whoever_pays(
    number: str, text: str
) -> None:
    world = World().item("1", "784.99", "Acme Ltd", number=number).item("2", "784.99", "Bolt Ltd", number="RE-2026-1")
    world.line("line", "784.99", text, counterparty_name="SABINE MUEHLMUELLER")
    assert world.reconcile().settled() == {"line": {"1": 78499}}


@pytest.mark.parametrize(
    ("number", "text"),
    [("202602761", "RF18202602761"), ("F-004569", "00456948"), ("377", "000377")],
)
def test_a_reference_whose_check_digits_are_wrong_or_a_number_with_other_zeros_names_nothing(
    number: str, text: str
) -> None:
    world = World().item("1", "784.99", "Acme Ltd", number=number).line("line", "784.99", text)
    assert world.reconcile().settled() == {}


def test_a_short_number_of_one_of_two_customers_of_a_name_is_that_ones() -> None:
    world = World().item("1", "784.99", "Acme Ltd", number="108979", party_id="C1")
    world.item("2", "560.00", "Acme Ltd", number="104410", party_id="C2").item("3", "12.00", "Bolt", number="FN-008979")
    world.line("other", "12.00", "FN-008979", counterparty_name="Bolt")
    world.line("line", "784.99", "FAKT.NR 08979", counterparty_name="ACME LTD")
    assert world.reconcile().settled()["line"] == {"1": 78499}


def test_digits_inside_of_a_longer_number_do_not_tell_equal_invoices_apart() -> None:
    world = World().item("S-25-06263", "99.00", "Acme Ltd").item("S-25-06776", "99.00", "Acme Ltd")
    world.line("line", "99.00", "SOKIN 2600662637", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {}
    alone = World().item("25/05328", "99.00", "Acme Ltd")  # 5328, and 0 that could be its check digit.
    assert alone.line("line", "99.00", "INVOICES 25/10403 cu st 53280").reconcile().settled() == {}


def test_a_customers_number_is_no_beginning_of_its_references() -> None:
    world = World().item("102494", "99.00", "Acme Ltd", references=["201620000102494"]).item("9", "5.00", "Acme Ltd")
    world.item("106360", "99.00", "Acme Ltd")
    world.line("line", "99.00", "FAKTURA FN-006917 KUNDENR 20162", counterparty_name="ACME LTD")
    assert world.reconcile().settled() == {}


def test_a_day_is_no_document_of_which_a_stranger_pays_a_part() -> None:
    world = World().item("20260520", "123.00", "Acme Ltd").line("line", "55.00", "Zahlung vom 20260520")
    assert world.reconcile().settled() == {}


def test_of_documents_that_the_numbers_of_a_list_fit_those_are_meant_that_make_the_amount_together() -> None:
    def settled(amount: str) -> dict[str, dict[str, int]]:
        world = World().item("INV-001081", "100.00", "Acme Ltd").item("RG-001081", "70.00", "Blue Ltd")
        world.item("FN-001450", "53.70", "Coral Ltd").item("SI-001450", "83.70", "Dune Ltd")
        return world.line("line", amount, "LOCKBOX 1081, 1450").reconcile().settled()

    assert settled("183.70") == {"line": {"INV-001081": 10000, "SI-001450": 8370}}
    assert settled("153.70") == {}  # 100.00 and 53.70, or 70.00 and 83.70.


def test_a_memo_that_names_only_some_of_what_was_paid_is_left_to_a_person() -> None:
    world = World().item("INV-1041", "100.00").item("INV-1042", "60.00").item("INV-1043", "5.00")
    result = world.line("line", "165.00", "INV-1041 INV-1042").reconcile()
    assert result.reasons() == {"line": "amount_differs"}
    assert result.suggested("line") == [["INV-1041"], ["INV-1042"]]


def test_one_number_of_two_documents_is_told_apart_by_direction_or_refused() -> None:
    world = World().item("1", "80.00", "Acme Ltd", number="K-5500").item("2", "-80.00", "Blue Ltd", number="K-5500")
    assert world.line("line", "-80.00", "K-5500").reconcile().settled() == {"line": {"2": -8000}}
    twin = World().item("1", "80.00", "Acme Ltd", number="K-5500").item("2", "80.00", "Blue Ltd", number="K-5500")
    assert twin.line("line", "80.00", "K-5500").reconcile().reasons() == {"line": "several_solutions"}
    known = World(items=twin.items).line("line", "80.00", "K-5500", counterparty_name="BLUE LTD")
    assert known.reconcile().settled() == {"line": {"2": 8000}}


@pytest.mark.parametrize("memo", ["INV-204I", "INV-2O41", "INV 20441", "IVN-2041", "IN-2041", "INV-041"])
def test_one_keystroke_is_corrected_where_the_amount_leaves_one_document(memo: str) -> None:
    world = World().item("INV-2041", "100.00").item("INV-2048", "60.00")
    result = world.line("line", "100.00", memo).reconcile()
    assert result.settled() == {"line": {"INV-2041": 10000}}


@pytest.mark.parametrize(("number", "text"), [("04705", "BANKGIRO 2026-04-05"), ("0572", "YPSTH41Q5AZ5")])
def test_a_date_or_the_letters_of_an_id_are_no_mistyped_number(number: str, text: str) -> None:
    world = World().item("old", "100.00", "Acme Ltd", number=number).item("new", "100.00", "Acme Ltd", number="90871")
    line = world.line("line", "100.00", text, counterparty_name="ACME LTD", bank_reference=text)
    assert line.reconcile().settled() == {}


def test_a_well_formed_number_is_corrected_only_with_the_same_party() -> None:
    world = World().item("INV-2041", "100.00", "Acme Ltd").party("Acme Ltd")
    assert world.line("line", "100.00", "INV-2014").reconcile().reasons() == {"line": "reference_unknown"}
    named = World(items=world.items).line("line", "100.00", "INV-2014", counterparty_name="Acme")
    assert named.reconcile().rules() == {"line": "reference_typo"}


@pytest.mark.parametrize("memo", ["REF SI-46676", "REF SI-466"])
def test_a_number_that_is_as_near_to_a_settled_document_of_the_payer_is_not_corrected_to_an_open_one(memo: str) -> None:
    world = World().item("open", "1,181.37", "Acme Ltd", number="SI-466776")
    world.item("paid", "1,181.37", "Acme Ltd", number="SI-466766", status="settled")
    result = world.line("line", "1,181.37", memo, counterparty_name="ACME LTD").reconcile()
    assert result.reasons() == {"line": "several_solutions"}
    assert result.suggested("line") == [["open"], ["paid"]]
    world.items[1]["amount_minor"] += 1
    assert world.reconcile().settled() == {"line": {"open": 118137}}


def test_what_dozens_of_numbers_have_in_common_names_none_of_them_whichever_the_amount_fits() -> None:
    world = World().line("line", "97.26", "VIR SEPA RECU /MOTIF FAC2501-0408")
    for number in range(4060, 4100):
        amount = "97.26" if number in (4081, 4089) else f"{number}.00"
        world.item(str(number), amount, f"Customer {number}", number=f"FAC2501-0{number}")
    assert world.reconcile().settled() == {}


def test_no_before_a_number_is_a_word_though_a_supplier_numbers_with_it() -> None:
    world = World().item("cheque", "-105.37", "Acme Ltd", number="1293", kind="payment")
    world.item("a", "-45.00", number="1239", kind="payment").item("c", "-48.00", number="1213", kind="payment")
    world.item("b", "-8.00", "Blue Ltd", number="N00403004")
    result = world.line("line", "-105.37", "CHQ N° 1293").reconcile()
    assert result.settled() == {"line": {"cheque": -10537}}


def test_a_number_of_three_digits_is_one_whatever_zeros_it_begins_with_where_the_text_says_so() -> None:
    world = World().item("bill", "-168.37", "Acme Ltd", number="027").item("other", "-9.00", "Acme Ltd", number="27")
    assert world.line("line", "-168.37", "INV: 027 ACME LTD").reconcile().rules() == {"line": "reference"}
    assert World(items=world.items).line("line", "-168.37", "027").reconcile().settled() == {}


def test_a_typo_in_a_list_is_corrected_to_what_is_missing() -> None:
    world = World().item("INV-2041", "100.00").item("INV-2055", "60.00").item("INV-2066", "7.00")
    result = world.line("line", "167.00", "INV-2041 INV-2O55 INV-2066").reconcile()
    assert result.settled() == {"line": {"INV-2041": 10000, "INV-2055": 6000, "INV-2066": 700}}


def test_a_payers_number_of_somebody_elses_equal_invoice_is_doubted() -> None:
    world = World().item("INV-2041", "99.00", "Acme Ltd").item("INV-2014", "99.00", "Blue Ltd")
    result = world.line("line", "99.00", "INV-2014", counterparty_name="ACME LTD").reconcile()
    assert result.reasons() == {"line": "several_solutions"}
    assert result.suggested("line") == [["INV-2014"], ["INV-2041"]]


def test_digits_alone_need_the_exact_amount_and_no_other_payer() -> None:
    world = World().item("INV-2041", "99.00", "Acme Ltd").party("Blue Ltd").item("INV-3", "1.00", "Blue Ltd")
    assert world.line("line", "99.00", "ref 2041").reconcile().rules() == {"line": "reference_digits"}
    assert World(items=world.items).line("line", "50.00", "ref 2041").reconcile().settled() == {}
    assert World(items=world.items).line("line", "99.00", "order no 2041").reconcile().settled() == {}
    other = World(items=world.items).line("line", "99.00", "ref 2041", counterparty_name="Blue Ltd")
    assert other.reconcile().settled() == {}


def test_digits_of_an_unknown_payer_with_which_two_documents_of_the_amount_end_name_neither() -> None:
    world = World().item("F-007834", "168.37", "Acme Ltd").item("2607834", "168.37", "Blue Ltd")
    assert world.line("paid", "168.37", "INV 07834").reconcile().settled() == {}
    del world.items[1]
    assert world.reconcile().settled() == {"paid": {"F-007834": 16837}}


def test_the_month_with_which_a_number_begins_does_not_name_it() -> None:
    world = World().item("202512-6775", "41.25", "Acme Ltd").line("paid", "41.25", "INVOICE 202512-840")
    assert world.reconcile().settled() == {}
    world.lines[0]["memo"] = "INVOICE 840-6775"
    assert world.reconcile().settled() == {"paid": {"202512-6775": 4125}}


def test_two_lines_that_name_one_invoice_of_their_amount_are_both_left() -> None:
    world = World().item("INV-2041", "99.00").line("a", "99.00", "INV-2041").line("b", "99.00", "INV-2041")
    assert world.reconcile().reasons() == {"a": "several_solutions", "b": "several_solutions"}


def test_an_invoice_that_two_lines_name_in_full_is_nobodys_however_surely_one_of_them_does() -> None:
    world = World().item("INV-2041", "99.00", "Acme Ltd").line("a", "99.00", "INV-2041")
    less_sure = world.line("b", "99.00", "2041 thanks", counterparty_name="ACME LTD", on=14).reconcile()
    assert less_sure.reasons() == {"a": "several_solutions", "b": "several_solutions"}
    stranger = World(items=world.items).item("X-1", "1.00", "Blue Ltd").line("a", "99.00", "INV-2041")
    other = stranger.line("b", "99.00", "2041", counterparty_name="BLUE LTD").reconcile()
    assert other.settled() == {"a": {"INV-2041": 9900}}


def test_an_invoice_that_its_customer_may_have_paid_before_without_naming_it_is_left_to_a_person() -> None:
    world = World().item("INV-2041", "99.00", "Acme Ltd").line("a", "99.00", "PAYMENT", counterparty_name="ACME LTD")
    named = world.line("b", "99.00", "INV-2041", counterparty_name="ACME LTD", on=17)
    assert named.reconcile().reasons() == {"a": "several_solutions", "b": "several_solutions"}
    second = World(items=world.items, lines=world.lines).item("INV-2099", "99.00", "Acme Ltd")
    assert second.reconcile().settled() == {"a": {"INV-2099": 9900}, "b": {"INV-2041": 9900}}


def test_part_payments_settle_what_they_name_and_leave_the_rest() -> None:
    world = World().item("INV-2041", "5,250.00", "Acme Ltd").line("a", "2,000.00", "INV-2041 part 1")
    assert world.reconcile().settled() == {"a": {"INV-2041": 200000}}
    assert world.line("b", "3,250.00", "INV-2041 final").reconcile().settled() == {
        "a": {"INV-2041": 200000},
        "b": {"INV-2041": 325000},
    }
    assert world.line("c", "2,000.00", "INV-2041").reconcile().settled() == {}


@pytest.mark.parametrize(
    ("memo", "why"),
    [
        ("INV-2041 INV-7", "names one more number of the house"),
        ("PAYMENT OF OUR DOCUMENTS INV-2041 .", "was cut by the bank"),
        ("INV-2042", "is one keystroke from the invoice of just this amount"),
    ],
)
def test_a_part_payment_is_not_assumed_where_the_text(memo: str, why: str) -> None:
    world = World().item("INV-2041", "5,250.00").item("INV-2042", "900.00").item("INV-7", "1.00")
    result = world.item("INV-2043", "400.00").line("line", "400.00", memo.ljust(35, ".") if "cut" in why else memo)
    assert result.reconcile().settled() == {}


def test_what_was_settled_and_is_paid_once_more_settles_no_equal_invoice_whatever_else_the_text_has() -> None:
    world = World().item("paid", "217.70", "Acme Ltd", number="247964", status="settled")
    world.item("open", "217.70", "Acme Ltd", number="INV-15563").item("other", "8.00", "Blue Ltd", number="189152")
    result = world.line("line", "217.70", "RFB=247964 TRN 189152", counterparty_name="ACME LTD").reconcile()
    assert result.reasons() == {"line": "already_settled"}


def test_an_unknown_payer_has_not_named_a_document_by_four_digits_where_many_are_of_its_amount() -> None:
    world = (
        World().line("line", "1,000.00", "UMBUCHUNG 3301 TRF").item("a", "1,000.00", "Acme Ltd", number="RE20251-3301")
    )
    assert world.reconcile().settled() == {"line": {"a": 100000}}
    for other in ("Blue Ltd", "Cyan Ltd"):
        world.item(other, "1,000.00", other, number=f"RE20251-{len(other)}71{other[0]}")
    assert world.reconcile().settled() == {}


def test_a_month_is_no_end_of_a_number() -> None:
    world = World().item("old", "3,339.85", "Acme Ltd", on=-120, number="2309/2025").party("Acme Ltd")
    world.item("rent", "3,339.85", "Acme Ltd", on=0, number="FPR 3697/25")
    result = world.line("line", "3,339.85", "RENT 09/2025", counterparty_name="ACME LTD").reconcile()
    assert result.settled() != {"line": {"old": 333985}}
    world.lines[0]["memo"] = "RENT 2309"
    assert world.reconcile().settled() == {"line": {"old": 333985}}


def test_an_amount_that_another_invoice_of_the_party_explains_is_no_part_payment() -> None:
    world = World().item("INV-2041", "900.00", "Acme Ltd").item("INV-5777", "400.00", "Acme Ltd")
    assert world.line("line", "400.00", "INV-2041").reconcile().reasons() == {"line": "several_solutions"}
    converted = World().item("INV-2041", "900.00", "Acme Ltd").item("9", "380.00", "Acme Ltd", currency="EUR")
    converted.line("line", "400.00", "INV-2041", original_amount_minor=38000, original_currency="EUR")
    assert converted.reconcile().reasons() == {"line": "several_solutions"}
    netted = World().item("INV-2041", "900.00", "Acme Ltd").item("CN-5777", "-500.00", "Acme Ltd", kind="credit_note")
    both = {"line": {"INV-2041": 90000, "CN-5777": -50000}}
    assert netted.line("line", "400.00", "INV-2041").reconcile().settled() == both
    assert netted.line("other", "400.00", "INV-2041").reconcile().settled() == {}


def test_a_short_payment_is_written_off_within_the_limit_and_an_exception_beyond() -> None:
    world = World().item("INV-2041", "1,000.00").line("line", "999.60", "INV-2041")
    assert world.reconcile().settled() == {"line": {"INV-2041": 100000, "INV-2041/write_off": -40}}
    assert world.reconcile(short_payment_limit_minor=30).reasons() == {"line": "amount_differs"}
    over = World(items=world.items).line("line", "1,000.40", "INV-2041")
    assert over.reconcile().settled() == {"line": {"INV-2041": 100000, "INV-2041/write_off": 40}}


def test_what_is_paid_over_one_named_invoice_stands_on_account_unless_it_may_be_for_something_else() -> None:
    world = World().item("INV-2041", "1,000.00", "Acme Ltd").line("line", "1,200.00", "INV-2041 ACME")
    assert world.reconcile().settled() == {"line": {"INV-2041": 100000, "INV-2041/residual": 20000}}
    other = World(items=world.items, lines=world.lines).item("INV-9", "200.00", "Acme Ltd")
    assert "INV-2041/residual" not in other.reconcile().settled().get("line", {})
    double = World(items=world.items).line("line", "2,000.00", "INV-2041")
    assert double.reconcile().reasons() == {"line": "amount_differs"}


def test_a_foreign_invoice_is_settled_by_the_amount_before_conversion_or_as_the_memo_states_it() -> None:
    world = World().item("INV-2041", "1,234.56", currency="EUR")
    converted = World(items=world.items).line(
        "line", "1,340.00", "INV-2041", original_amount_minor=123456, original_currency="EUR"
    )
    stated = World(items=world.items).line("line", "1,340.00", "INV-2041 EUR 1,234.56 AT 1.0854")
    for each in (converted, stated):
        allocations = each.reconcile().outcome.allocations
        assert allocations.select("amount_minor", "currency", "item_amount_minor", "item_currency").rows() == [
            (134000, "USD", 123456, "EUR")
        ]
    assert World(items=world.items).line("line", "1,340.00", "INV-2041").reconcile().settled() == {}
