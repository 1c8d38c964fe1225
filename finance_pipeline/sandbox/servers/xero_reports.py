"""Xero's trial balance report, added up from the documents and payments that an organisation shows.

Here: the report as Xero lays it out, with year-to-date columns. Not here: routes, tokens, limits. Simplified: no year
is rolled over, and tax has one account.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from finance_pipeline.core.identity import exact_json, parse_json
from finance_pipeline.sandbox.servers.log import Served
from finance_pipeline.sandbox.servers.xero_query import FIELDS

_RECEIVABLE, _PAYABLE, _TAX, _EXCHANGE = "610", "800", "820", "497"
_NAMES = {
    _RECEIVABLE: "Accounts Receivable",
    _PAYABLE: "Accounts Payable",
    _TAX: "Sales Tax",
    _EXCHANGE: "Realised Currency Gains",
}
_SIGN = {"ACCREC": 1, "ACCPAYCREDIT": 1, "ACCPAY": -1, "ACCRECCREDIT": -1}
_MOMENT = re.compile(r"/Date\((-?\d+)")
_HEADS = ("Account", "Debit", "Credit", "YTD Debit", "YTD Credit")


def trial_balance(served: Served, on: date, now: datetime) -> bytes:
    """The report as at a day, of what is visible at a moment."""
    balances: dict[str, Decimal] = defaultdict(Decimal)
    control_of: dict[str, tuple[str, Decimal]] = {}
    for kind in ("invoice", "credit_note"):
        for document in _shown(served, kind, now):
            if _day(document) <= on and document["Status"] in ("AUTHORISED", "PAID"):
                _add_document(balances, control_of, document)
    for payment in _shown(served, "payment", now):
        if _day(payment) <= on and payment["Status"] == "AUTHORISED":
            _add_payment(balances, control_of, payment)
    for received in _shown(served, "bank_transaction", now):
        if _day(received) <= on and received["Status"] == "AUTHORISED":
            _add_on_account(balances, control_of, received)
    for kind in ("credit_note", "overpayment", "prepayment"):
        for credit in _shown(served, kind, now):
            _add_allocations(balances, control_of, credit, on)
    names = _NAMES | {each["Code"]: each["Name"] for each in _shown(served, "account", now)}
    rows = [_row(code, names.get(code, "Account"), balances[code]) for code in sorted(balances) if balances[code]]
    report = {
        "ReportID": "TrialBalance",
        "ReportName": "Trial Balance",
        "ReportType": "TrialBalance",
        "ReportTitles": ["Trial Balance", "Sandbox", f"As at {on:%d %B %Y}"],
        "Rows": [
            {"RowType": "Header", "Cells": [{"Value": head} for head in _HEADS]},
            {"RowType": "Section", "Title": "", "Rows": rows},
        ],
    }
    return exact_json({"Status": "OK", "Reports": [report]}).encode()


def _shown(served: Served, kind: str, now: datetime) -> Iterator[dict[str, Any]]:
    for text in served.log(kind, FIELDS).current(now)["json"]:
        yield parse_json(text)


def _day(record: dict[str, Any]) -> date:
    found = _MOMENT.match(record["Date"])
    assert found is not None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))).date()


def _add_document(
    balances: dict[str, Decimal], control_of: dict[str, tuple[str, Decimal]], document: dict[str, Any]
) -> None:
    sign, rate = _SIGN[document["Type"]], Decimal(document["CurrencyRate"])
    control = _RECEIVABLE if document["Type"].startswith("ACCREC") else _PAYABLE
    total = Decimal(0)
    for line in document["LineItems"]:
        for code, amount in ((line["AccountCode"], line["LineAmount"]), (_TAX, line["TaxAmount"])):
            part = _cents(Decimal(amount) / rate) * sign
            balances[code] -= part
            total += part
    balances[control] += total
    control_of[document.get("InvoiceID") or document["CreditNoteID"]] = (control, rate)


def _add_payment(
    balances: dict[str, Decimal], control_of: dict[str, tuple[str, Decimal]], payment: dict[str, Any]
) -> None:
    """The document is settled at its own rate, the bank moves at the payment's; the rest is gained or lost."""
    sign = _SIGN[payment["Invoice"]["Type"]]
    amount, rate = Decimal(payment["Amount"]), Decimal(payment["CurrencyRate"])
    control, of_document = control_of.get(
        payment["Invoice"]["InvoiceID"], (_RECEIVABLE if sign > 0 else _PAYABLE, rate)
    )
    settled, moved = _cents(amount / of_document) * sign, _cents(amount / rate) * sign
    balances[payment["Account"]["Code"]] += moved
    balances[control] -= settled
    balances[_EXCHANGE] += settled - moved


def _add_on_account(
    balances: dict[str, Decimal], control_of: dict[str, tuple[str, Decimal]], received: dict[str, Any]
) -> None:
    """What was received or paid on account stands in the control account of its side."""
    sign = 1 if received["Type"].startswith("RECEIVE") else -1
    control, rate = _RECEIVABLE if sign > 0 else _PAYABLE, Decimal(received["CurrencyRate"])
    moved = _cents(Decimal(received["Total"]) / rate) * sign
    balances[received["BankAccount"]["Code"]] += moved
    balances[control] -= moved
    control_of[received["BankTransactionID"]] = (control, rate)


def _add_allocations(
    balances: dict[str, Decimal], control_of: dict[str, tuple[str, Decimal]], credit: dict[str, Any], on: date
) -> None:
    """Both sides are in the same control account, each at its own rate; the rest is gained or lost."""
    name = next(name for name in ("CreditNoteID", "OverpaymentID", "PrepaymentID") if name in credit)
    for allocation in credit["Allocations"]:
        if _day(allocation) > on:
            continue
        control, rate = control_of[credit[name]]
        _, of_document = control_of.get(allocation["Invoice"]["InvoiceID"], (control, rate))
        amount, sign = Decimal(allocation["Amount"]), 1 if control == _RECEIVABLE else -1
        gained = (_cents(amount / rate) - _cents(amount / of_document)) * sign
        balances[control] += gained
        balances[_EXCHANGE] -= gained


def _row(code: str, name: str, balance: Decimal) -> dict[str, Any]:
    sides = ["", "", str(balance) if balance > 0 else "", str(-balance) if balance < 0 else ""]
    return {"RowType": "Row", "Cells": [{"Value": value} for value in (f"{name} ({code})", *sides)]}


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
