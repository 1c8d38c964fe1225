"""Xero: documents that add up, payments recorded against them, contacts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_pipeline.canonical.registry import map_evidence
from finance_pipeline.ledger.posting import entries_for
from finance_pipeline.matching.month.candidates import items
from finance_pipeline_tests.canonical.evidence import BOOK, evidence
from finance_pipeline_tests.ledger.world import World


def item(amount: str, tax: str = "0.00", code: str | None = "200") -> dict[str, Any]:
    said = {"LineAmount": Decimal(amount), "TaxAmount": Decimal(tax), "Quantity": Decimal("1.0000")}
    return said if code is None else said | {"AccountCode": code}


def document(kind: str = "ACCREC", *items: dict[str, Any], **changed: Any) -> dict[str, Any]:
    said = {
        "Type": kind,
        "InvoiceID": "i-1",
        "InvoiceNumber": "INV-1",
        "Reference": "PO 7",
        "Contact": {"ContactID": "c-1", "Name": "Customer AG"},
        "DateString": "2026-05-31T00:00:00",
        "Date": "/Date(1780185600000+0000)/",
        "DueDateString": "2026-06-30T00:00:00",
        "Status": "AUTHORISED",
        "LineAmountTypes": "Exclusive",
        "LineItems": list(items) or [item("100.00", "19.00")],
        "TotalTax": Decimal("19.00"),
        "Total": Decimal("119.00"),
        "CurrencyCode": "EUR",
        "CurrencyRate": Decimal("1.0000000000"),
    }
    return said | changed


def one(kind: str = "ACCREC", *items: dict[str, Any], evidence_kind: str = "invoice", **changed: Any) -> dict[str, Any]:
    landed = evidence((evidence_kind, "i-1", document(kind, *items, **changed)))
    (row,) = map_evidence("xero", landed, BOOK).tables["invoice"].to_dicts()
    return row


def reason(**changed: Any) -> str:
    found = map_evidence("xero", evidence(("invoice", "i-1", document(**changed))), BOOK)
    assert found.tables["invoice"].is_empty()
    return str(found.unfit["reason"][0])


@pytest.mark.parametrize(
    ("kind", "evidence_kind", "ours", "sign"),
    [
        ("ACCREC", "invoice", "invoice", 1),
        ("ACCPAY", "invoice", "bill", -1),
        ("ACCRECCREDIT", "credit_note", "credit_note", -1),
        ("ACCPAYCREDIT", "credit_note", "supplier_credit", 1),
    ],
)
def test_what_is_owed_to_us_is_positive_and_what_we_owe_negative(
    kind: str, evidence_kind: str, ours: str, sign: int
) -> None:
    row = one(kind, evidence_kind=evidence_kind)
    assert (row["kind"], row["total_minor"], row["tax_minor"]) == (ours, sign * 11900, sign * 1900)
    assert (row["functional_minor"], row["line_nets_minor"]) == (sign * 11900, [sign * 10000])
    assert row["record_id"] == f"de/xero/{evidence_kind}/i-1"


def test_a_document_has_its_own_calendar_dates_its_party_and_what_payers_call_it() -> None:
    row = one()
    assert (row["issued_on"], row["due_on"], row["month"]) == (date(2026, 5, 31), date(2026, 6, 30), "2026-05")
    assert (row["party_id"], row["party_name"]) == ("de/xero/contact/c-1", "Customer AG")
    assert (row["number"], row["references"]) == ("INV-1", ["PO 7", "i-1"])


def test_a_date_in_milliseconds_is_a_day_at_its_own_offset() -> None:
    assert one(DateString=None, Date="/Date(1780228800000+1200)/")["issued_on"] == date(2026, 6, 1)
    assert one(DateString=None, Date="/Date(1780185600000-0500)/")["issued_on"] == date(2026, 5, 30)
    assert one(DateString=None, Date="/Date(1780185600000)/")["issued_on"] == date(2026, 5, 31)


@pytest.mark.parametrize(
    ("types", "items", "total", "tax", "nets"),
    [
        ("Exclusive", [("100.00", "19.00", "200"), ("10.00", "0.70", "210")], "129.70", "19.70", [10000, 1000]),
        ("Inclusive", [("119.00", "19.00", "200"), ("10.70", "0.70", "210")], "129.70", "19.70", [10000, 1000]),
        ("NoTax", [("100.00", "0.00", "200"), ("10.00", "0.00", "210")], "110.00", "0.00", [10000, 1000]),
        ("Exclusive", [("60.00", "0", "200"), ("50.00", "0", "210"), ("40.00", "0", "200")], "150", "0", [10000, 5000]),
        ("Exclusive", [("-0.00", "0", None), ("100.00", "0", "200")], "100.00", "0.00", [10000]),
    ],
)
def test_nets_by_account_and_tax_add_to_the_total_however_lines_state_their_amounts(
    types: str, items: list[tuple[str, str, str | None]], total: str, tax: str, nets: list[int]
) -> None:
    row = one(
        "ACCREC", *(item(*each) for each in items), LineAmountTypes=types, Total=Decimal(total), TotalTax=Decimal(tax)
    )
    assert row["line_nets_minor"] == nets
    assert sum(nets) + row["tax_minor"] == row["total_minor"]
    assert row["line_accounts"] == [each[2] for each in items if each[2]][: len(nets)]


def test_a_cent_of_rounding_stays_with_the_largest_group() -> None:
    lines = [item("10.00", code="200"), item("90.00", "19.00", code="210")]
    assert one("ACCREC", *lines, Total=Decimal("119.01"))["line_nets_minor"] == [1000, 9001]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Total": Decimal("125.00")}, "600 minor units short of its total"),
        ({"Total": Decimal("119.005")}, "total or tax is not an amount"),
        ({"LineItems": []}, "it has no lines"),
        ({"LineItems": [item("100.00", "19.00", None)]}, "a line has no account"),
        ({"LineItems": [item("100.001", "19.00")]}, "a line's amount or tax"),
        ({"CurrencyCode": "USD", "CurrencyRate": None}, "states no rate"),
        ({"CurrencyCode": "XYZ"}, "ISO 4217"),
        ({"Status": "NEW"}, "its status NEW is unknown"),
        ({"Type": "ACCOTHER"}, "its type ACCOTHER is unknown"),
        ({"Contact": None}, "names no contact"),
    ],
)
def test_a_document_that_does_not_fit_is_set_aside_with_the_reason(changed: dict[str, Any], words: str) -> None:
    assert words in reason(**changed)


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("AUTHORISED", "authorised"),
        ("PAID", "authorised"),
        ("SUBMITTED", "draft"),
        ("VOIDED", "void"),
        ("DELETED", "void"),
    ],
)
def test_only_approved_documents_are_authorised(said: str, ours: str) -> None:
    assert one(Status=said)["status"] == ours


def test_a_draft_may_lack_lines_and_accounts() -> None:
    assert one(Status="DRAFT", LineItems=[])["line_nets_minor"] == []
    assert one("ACCREC", item("100.00", "19.00", None), Status="DRAFT")["line_accounts"] == [""]


@given(st.lists(st.tuples(st.integers(1, 10**15), st.integers(10**3, 10**10)), min_size=10, max_size=40))
@settings(max_examples=20, deadline=None)
def test_a_foreign_total_is_divided_by_its_rate_and_rounded_half_away_from_zero(pairs: list[tuple[int, int]]) -> None:
    records = []
    for number, (minor, millionths) in enumerate([*pairs, (1, 2 * 10**6)]):
        total, rate = Decimal(minor).scaleb(-2), Decimal(millionths).scaleb(-6)
        foreign = {"Total": total, "TotalTax": Decimal(0), "CurrencyCode": "USD", "CurrencyRate": rate}
        kind = ("ACCREC", "ACCPAY")[number % 2]
        records.append(("invoice", str(number), document(kind, item(str(total)), **foreign)))
    found = map_evidence("xero", evidence(*records), BOOK).tables["invoice"]
    # Whole numbers only: (2n + d) // 2d is n / d rounded half up.
    sizes = [(2 * minor * 10**6 + rate) // (2 * rate) for minor, rate in [*pairs, (1, 2 * 10**6)]]
    assert found["functional_minor"].to_list() == [-size if i % 2 else size for i, size in enumerate(sizes)]


def test_a_total_without_minor_units_becomes_cents_of_the_books() -> None:
    changed = {"Total": Decimal(1000), "TotalTax": Decimal(0), "CurrencyCode": "JPY", "CurrencyRate": Decimal("160")}
    assert one("ACCREC", item("1000"), **changed)["functional_minor"] == 625


def payment(kind: str = "ACCRECPAYMENT", **changed: Any) -> dict[str, Any]:
    said = {
        "PaymentID": "p-1",
        "Date": "/Date(1780185600000+0000)/",
        "Amount": Decimal("119.00"),
        "BankAmount": Decimal("119.00"),
        "CurrencyRate": Decimal("1.000000"),
        "PaymentType": kind,
        "Status": "AUTHORISED",
        "Reference": "Transfer",
        "Account": {"AccountID": "a-1", "Code": "090"},
        "Invoice": {
            "InvoiceID": "i-1",
            "InvoiceNumber": "INV-1",
            "CurrencyCode": "EUR",
            "Contact": {"ContactID": "c-1", "Name": "Customer AG"},
        },
    }
    return said | changed


def paid(kind: str = "ACCRECPAYMENT", **changed: Any) -> dict[str, Any]:
    (row,) = (
        map_evidence("xero", evidence(("payment", "p-1", payment(kind, **changed))), BOOK).tables["payment"].to_dicts()
    )
    return row


@pytest.mark.parametrize(
    ("kind", "ours", "sign"),
    [
        ("ACCRECPAYMENT", "recorded_receipt", 1),
        ("ACCPAYPAYMENT", "recorded_payment", -1),
        ("ARCREDITPAYMENT", "recorded_payment", -1),
        ("APCREDITPAYMENT", "recorded_receipt", 1),
    ],
)
def test_a_recorded_payment_is_received_or_paid_and_settles_its_document(kind: str, ours: str, sign: int) -> None:
    row = paid(kind)
    assert (row["kind"], row["amount_minor"], row["net_minor"]) == (ours, sign * 11900, sign * 11900)
    assert (row["settles"], row["settled_minor"]) == ("de/xero/invoice/i-1", sign * 11900)
    assert (row["account"], row["currency"], row["occurred_on"]) == ("giro", "EUR", date(2026, 5, 31))
    assert (row["references"], row["party_name"]) == (["INV-1", "Transfer"], "Customer AG")


def test_a_payment_of_a_credit_note_settles_the_credit_note() -> None:
    note = {"CreditNoteID": "n-1", "CreditNoteNumber": "CN-1", "CurrencyCode": "EUR"}
    assert paid("ARCREDITPAYMENT", Invoice=None, CreditNote=note)["settles"] == "de/xero/credit_note/n-1"


def test_a_foreign_invoice_is_settled_in_its_currency_and_paid_in_that_of_the_bank_account() -> None:
    invoice = {"InvoiceID": "i-2", "InvoiceNumber": "INV-2", "CurrencyCode": "USD"}
    row = paid(Amount=Decimal("110.00"), BankAmount=Decimal("100.00"), Invoice=invoice)
    assert (row["currency"], row["amount_minor"], row["settled_minor"]) == ("EUR", 10000, 11000)


def test_a_payment_on_an_account_that_is_not_ours_has_the_documents_currency_and_no_account() -> None:
    row = paid(Account={"AccountID": "a-9"}, BankAmount=None)
    assert (row["account"], row["currency"], row["amount_minor"]) == (None, "EUR", 11900)


def test_a_deleted_payment_is_a_tombstone() -> None:
    assert (paid()["removed"], paid(Status="DELETED")["removed"]) == (False, True)


def test_a_payment_in_an_unknown_currency_is_set_aside() -> None:
    unclear = payment(Account=None, Invoice={"InvoiceID": "i-1"}, CurrencyRate=Decimal("1.1"))
    found = map_evidence("xero", evidence(("payment", "p-1", unclear)), BOOK)
    assert found.unfit["reason"].to_list() == ["it does not say in which currency it was paid"]


def test_a_contact_is_a_party_with_the_accounts_it_pays_from() -> None:
    contact = {"ContactID": "c-1", "Name": "Customer AG", "BankAccountDetails": "DE75512108001245126199"}
    (party,) = map_evidence("xero", evidence(("contact", "c-1", contact)), BOOK).tables["party"].to_dicts()
    assert (party["record_id"], party["name"]) == ("de/xero/contact/c-1", "Customer AG")
    assert party["account_numbers"] == ["DE75512108001245126199"]


def bank_transaction(kind: str, **changed: Any) -> dict[str, Any]:
    bank = {"BankTransactionID": "b-1", "BankAccount": {"Code": "090"}, "InvoiceID": None, "InvoiceNumber": None}
    return document(kind) | bank | changed


@pytest.mark.parametrize(("kind", "ours", "paid", "sign"), [
    ("RECEIVE", "invoice", "recorded_receipt", 1), ("SPEND", "bill", "recorded_payment", -1),
])  # fmt: skip
def test_money_spent_or_received_at_the_bank_is_a_document_and_its_payment_in_one(
    kind: str, ours: str, paid: str, sign: int
) -> None:
    found = map_evidence("xero", evidence(("bank_transaction", "b-1", bank_transaction(kind))), BOOK).tables
    (said,) = found["invoice"].to_dicts()
    (payment,) = found["payment"].to_dicts()
    assert (said["kind"], said["total_minor"], said["line_nets_minor"]) == (ours, sign * 11900, [sign * 10000])
    assert (payment["kind"], payment["amount_minor"], payment["account"]) == (paid, sign * 11900, "giro")
    assert (payment["settles"], payment["settled_minor"]) == (said["record_id"], said["total_minor"])
    assert said["record_id"] == "de/xero/bank_transaction/b-1"


@pytest.mark.parametrize(("what", "kind"), [("OVERPAYMENT", "overpayment"), ("PREPAYMENT", "prepayment")])
def test_money_on_account_counts_once_though_xero_names_it_twice(what: str, kind: str) -> None:
    twice = [
        ("bank_transaction", "b-1", bank_transaction(f"RECEIVE-{what}")),
        (kind, "b-1", document(f"RECEIVE-{what}", Allocations=[])),
    ]
    found = map_evidence("xero", evidence(*twice), BOOK)
    (payment,) = found.tables["payment"].to_dicts()
    assert (payment["kind"], payment["amount_minor"], payment["settles"]) == ("recorded_receipt", 11900, None)
    assert found.tables["invoice"].is_empty()
    assert found.unfit.is_empty()


@pytest.mark.parametrize(("ours", "paid", "given_back", "control"), [
    ("RECEIVE-OVERPAYMENT", 11900, "AROVERPAYMENTPAYMENT", "1100"),
    ("RECEIVE-PREPAYMENT", 11900, "ARPREPAYMENTPAYMENT", "1100"),
    ("SPEND-OVERPAYMENT", -11900, "APOVERPAYMENTPAYMENT", "2000"),
    ("SPEND-PREPAYMENT", -11900, "APPREPAYMENTPAYMENT", "2000"),
])  # fmt: skip
def test_what_was_paid_too_much_and_is_given_back_stays_on_the_side_that_it_came_from(
    ours: str, paid: int, given_back: str, control: str
) -> None:
    received = ("bank_transaction", "b-1", bank_transaction(ours))
    overpaid = {"CurrencyCode": "EUR", "Contact": {"Name": "Customer AG"}}
    refund = {
        "PaymentID": "p-1", "PaymentType": given_back, "DateString": "2026-05-04", "Amount": Decimal("119.00"),
        "BankAmount": Decimal("119.00"), "Account": {"Code": "090"}, "Overpayment": overpaid,
    }  # fmt: skip
    both = map_evidence("xero", evidence(received, ("payment", "p-1", refund)), BOOK)
    assert both.unfit.is_empty()
    payments = both.tables["payment"]
    assert sorted(payments["amount_minor"]) == sorted([paid, -paid])
    world = World(book=BOOK)
    first = payments.filter(pl.col("amount_minor") == paid)
    assert _balances(world, first)[control] == -paid
    assert control not in _balances(world, payments)
    priced = payments.with_columns(functional_minor="amount_minor")
    found = items(both.tables["invoice"], priced)
    side = "customer_on_account" if control == "1100" else "supplier_on_account"
    assert found.filter(pl.col("kind") == side)["open_minor"].sort().to_list() == sorted([paid, -paid])


def _balances(world: World, payments: pl.DataFrame) -> dict[str, int]:
    """Balances by account of what the journal says of some payments; those at zero are left out."""
    entries = entries_for(replace(world.inputs, payments=payments), world.book).entries
    legs = entries.explode("accounts", "amounts").group_by("accounts").agg(pl.col("amounts").sum())
    return {code: amount for code, amount in legs.iter_rows() if amount}


def test_a_transfer_is_left_to_the_bank_lines_and_a_deleted_bank_transaction_is_a_tombstone() -> None:
    settings = [("bank_transfer", "t-1", {"Amount": 7}), ("currency", "EUR", {"Code": "EUR"}), ("account", "a", {})]
    legs = ("bank_transaction", "b-2", bank_transaction("SPEND-TRANSFER"))
    gone = ("bank_transaction", "b-1", bank_transaction("SPEND", Status="DELETED"))
    found = map_evidence("xero", evidence(*settings, legs, gone), BOOK)
    assert found.tables["payment"].select("removed", "status").rows() == [(True, "DELETED")]
    assert found.tables["invoice"]["status"].to_list() == ["void"]
    odd = map_evidence("xero", evidence(("bank_transaction", "b-3", bank_transaction("BARTER"))), BOOK)
    assert odd.unfit["reason"].to_list() == ["its type BARTER is unknown"]
