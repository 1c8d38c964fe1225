"""Xero's allocations of credit notes, overpayments and prepayments: each takes from its credit what it settles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finance_pipeline.canonical.mapped import Mapped
from finance_pipeline.canonical.registry import map_evidence
from finance_pipeline_tests.canonical.evidence import BOOK, evidence

JUNE_4 = "/Date(1780531200000+0000)/"


def allocation(amount: str = "60.00", **changed: Any) -> dict[str, Any]:
    invoice = {"InvoiceID": "i-1", "InvoiceNumber": "INV-1"}
    return {"AllocationID": "a-1", "Amount": Decimal(amount), "Date": JUNE_4, "Invoice": invoice} | changed


def mapped(kind: str, of_type: str, *allocations: dict[str, Any], **changed: Any) -> Mapped:
    parent = {
        "Type": of_type, "Status": "AUTHORISED", "CurrencyCode": "EUR", "Contact": {"ContactID": "c", "Name": "A Ltd"},
        "CreditNoteNumber": "CN-1", "DateString": "2026-05-31T00:00:00", "LineAmountTypes": "NoTax",
        "LineItems": [{"LineAmount": Decimal(100), "TaxAmount": 0, "AccountCode": "200"}], "Total": Decimal(100),
        "TotalTax": 0, "CurrencyRate": 1, "Allocations": list(allocations),
    }  # fmt: skip
    return map_evidence("xero", evidence((kind, "x-1", parent | changed)), BOOK)


@pytest.mark.parametrize(
    ("kind", "of_type", "credit", "sign"),
    [
        ("credit_note", "ACCRECCREDIT", "credit_note/x-1", 1),
        ("credit_note", "ACCPAYCREDIT", "credit_note/x-1", -1),
        ("overpayment", "RECEIVE-OVERPAYMENT", "bank_transaction/x-1/on-account", 1),
        ("prepayment", "SPEND-PREPAYMENT", "bank_transaction/x-1/on-account", -1),
    ],
)
def test_an_allocation_settles_its_document_on_its_own_day_and_takes_as_much_from_its_credit(
    kind: str, of_type: str, credit: str, sign: int
) -> None:
    (row,) = mapped(kind, of_type, allocation()).tables["payment"].to_dicts()
    assert (row["kind"], row["settles"], row["credit"]) == ("allocation", "de/xero/invoice/i-1", f"de/xero/{credit}")
    assert (row["amount_minor"], row["settled_minor"], row["net_minor"]) == (sign * 6000, sign * 6000, 0)
    assert (row["occurred_on"], row["month"], row["account"]) == (date(2026, 6, 4), "2026-06", None)
    assert row["record_id"] == f"de/xero/{kind}/x-1/allocation/a-1"


def test_allocations_of_one_credit_to_one_document_stay_apart_where_xero_gives_them_no_ids() -> None:
    twice = [allocation(AllocationID=None), allocation("20.00", AllocationID=None)]
    found = mapped("credit_note", "ACCRECCREDIT", *twice).tables["payment"]
    assert found["record_id"].n_unique() == 2
    assert found["amount_minor"].to_list() == [6000, 2000]


def test_a_credit_that_lists_no_allocation_any_more_says_so() -> None:
    family = ["de/xero/overpayment/x-1/allocation/"]
    deleted = mapped("overpayment", "RECEIVE-OVERPAYMENT", allocation(IsDeleted=True))
    void = mapped("overpayment", "RECEIVE-OVERPAYMENT", allocation(), Status="VOIDED")
    assert [each.tables["payment"].height for each in (deleted, void)] == [0, 0]
    assert [each.families for each in (deleted, void)] == [family, family]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Amount": Decimal("60.001")}, "the amount of an allocation is not an amount of its currency"),
        ({"Date": None}, "an allocation has no date"),
        ({"Invoice": None}, "an allocation names no invoice"),
    ],
)
def test_a_credit_with_an_odd_allocation_is_set_aside_and_what_was_known_of_it_stands(
    changed: dict[str, Any], words: str
) -> None:
    found = mapped("overpayment", "RECEIVE-OVERPAYMENT", allocation(), allocation(**changed))
    assert found.unfit.select("source_id", "reason").rows() == [("x-1", words)]
    assert (found.tables["payment"].height, found.families) == (0, [])
