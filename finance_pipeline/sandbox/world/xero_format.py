"""Documents, payments and master data in Xero's format."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from finance_pipeline.core.identity import exact_json
from finance_pipeline.core.money import to_decimal
from finance_pipeline.sandbox.world.model import (
    AppliedCredit,
    Document,
    DocumentLine,
    Line,
    OnAccount,
    Party,
    RecordedPayment,
)
from finance_pipeline.sandbox.world.profiles import Profile
from finance_pipeline.sandbox.world.rates import Rates

Json = dict[str, Any]
_TYPES = {
    "invoice": "ACCREC",
    "bill": "ACCPAY",
    "credit_note": "ACCRECCREDIT",
    "supplier_credit": "ACCPAYCREDIT",
}
_CHART = (
    ("200", "Sales", "REVENUE", "REVENUE"),
    ("210", "Subscriptions", "REVENUE", "REVENUE"),
    ("310", "Purchases", "DIRECTCOSTS", "EXPENSE"),
    ("412", "Services", "EXPENSE", "EXPENSE"),
    ("469", "Rent", "EXPENSE", "EXPENSE"),
    ("610", "Accounts Receivable", "CURRENT", "ASSET"),
    ("800", "Accounts Payable", "CURRLIAB", "LIABILITY"),
    ("820", "Sales Tax", "CURRLIAB", "LIABILITY"),
)


def moment(at: datetime) -> str:
    """A moment as Xero's JSON has it: milliseconds since 1970."""
    return f"/Date({int(at.timestamp() * 1000)}+0000)/"


@lru_cache(maxsize=4096)
def day(of: date) -> str:
    return moment(datetime.combine(of, time(), UTC))


def day_string(of: date) -> str:
    return f"{of}T00:00:00"


def rate_of(document: Document, profile: Profile, rates: Rates) -> Decimal:
    """Units of the document's currency for one of the organisation's, with six decimals."""
    rate = rates.rate(profile.currency, document.currency, document.issued_on)
    return rate.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def document(
    of: Document, lines: list[DocumentLine], status: str, paid_minor: int, rate: Decimal, updated_at: datetime
) -> str:
    """An invoice, bill or credit note as it stands after an event."""
    currency, is_note = of.currency, of.kind in ("credit_note", "supplier_credit")
    net = sum(line.net_minor for line in lines)
    tax = sum(line.tax_minor for line in lines)
    void = status == "VOIDED"
    applied = [each for each in of.applied if each.stands(updated_at)]
    credited = sum(each.amount_minor for each in applied)
    due = 0 if void else net + tax - paid_minor - credited
    content: Json = {
        "Type": _TYPES[of.kind],
        "Reference": of.reference,
        "Payments": [] if is_note else [_payment_summary(each, currency) for each in of.recorded if paid_minor],
        "HasErrors": False,
        "Contact": {"ContactID": of.party.id, "Name": of.party.name, "HasValidationErrors": False},
        "Date": day(of.issued_on),
        "DateString": day_string(of.issued_on),
        "Status": status,
        "LineAmountTypes": "Exclusive",
        "LineItems": [] if void else [_line_item(line, currency) for line in lines],
        "SubTotal": to_decimal(0 if void else net, currency),
        "TotalTax": to_decimal(0 if void else tax, currency),
        "Total": to_decimal(0 if void else net + tax, currency),
        "UpdatedDateUTC": moment(updated_at),
        "CurrencyCode": currency,
        "CurrencyRate": rate,
        "HasAttachments": False,
    }
    if is_note:
        content |= {
            "CreditNoteID": of.id,
            "CreditNoteNumber": of.number,
            "RemainingCredit": to_decimal(due, currency),
            "Allocations": [_allocation(each) for each in applied],
        }
    else:
        content |= {
            "InvoiceID": of.id,
            "InvoiceNumber": of.number,
            "DueDate": day(of.due_on),
            "DueDateString": day_string(of.due_on),
            "AmountDue": to_decimal(due, currency),
            "AmountPaid": to_decimal(paid_minor, currency),
            "AmountCredited": to_decimal(credited, currency),
            "Prepayments": [_credit_summary(each) for each in applied if _what(each) == "Prepayment"],
            "Overpayments": [_credit_summary(each) for each in applied if _what(each) == "Overpayment"],
            "CreditNotes": [_credit_summary(each) for each in applied if _what(each) == "CreditNote"],
            "SentToContact": of.kind == "invoice",
        }
    return exact_json(content)


def _what(of: AppliedCredit) -> str:
    return "CreditNote" if isinstance(of.credit, Document) else of.credit.what.capitalize()


def _credit_summary(of: AppliedCredit) -> Json:
    """A credit as the invoice that it is applied to lists it."""
    amount = to_decimal(of.amount_minor, of.invoice.currency)
    return {f"{_what(of)}ID": of.credit.id, "AppliedAmount": amount, "Date": day(of.on)}


def _allocation(of: AppliedCredit) -> Json:
    """An application of a credit, as the credit lists it."""
    return {
        "AllocationID": of.id,
        "Amount": to_decimal(of.amount_minor, of.invoice.currency),
        "Date": day(of.on),
        "Invoice": {"InvoiceID": of.invoice.id, "InvoiceNumber": of.invoice.number},
        "IsDeleted": False,
    }


def _on_account(of: OnAccount, updated_at: datetime) -> Json:
    """What Xero says of an over- or prepayment and of its bank transaction alike; the books' own currency."""
    amount = to_decimal(of.amount_minor, of.account.currency)
    line = {"Description": "Received on account", "LineAmount": amount, "TaxAmount": Decimal("0.00")}
    return {
        "Type": f"RECEIVE-{of.what}",
        f"{of.what.capitalize()}ID": of.id,
        "Contact": {"ContactID": of.party.id, "Name": of.party.name},
        "Date": day(of.paid_on),
        "DateString": day_string(of.paid_on),
        "LineAmountTypes": "NoTax",
        "LineItems": [line | {"AccountCode": "610", "UnitAmount": amount, "Quantity": Decimal("1.0000")}],
        "SubTotal": amount,
        "TotalTax": Decimal("0.00"),
        "Total": amount,
        "UpdatedDateUTC": moment(updated_at),
        "CurrencyCode": of.account.currency,
        "CurrencyRate": Decimal("1.000000"),
        "HasAttachments": False,
    }


def receipt_on_account(of: OnAccount) -> str:
    """The bank transaction by which an over- or prepayment was received. Xero gives both the same id."""
    bank = {"AccountID": of.account.xero_id, "Code": of.account.xero_code}
    own = {"BankTransactionID": of.id, "BankAccount": bank, "Status": "AUTHORISED", "IsReconciled": False}
    return exact_json(_on_account(of, of.recorded_at) | own)


def on_account(of: OnAccount, at: datetime) -> str:
    """An over- or prepayment with what is applied of it at a moment."""
    applied = [each for each in of.applied if each.stands(at)]
    left_minor = of.amount_minor - sum(each.amount_minor for each in applied)
    own = {
        "Status": "AUTHORISED" if left_minor else "PAID",
        "RemainingCredit": to_decimal(left_minor, of.account.currency),
        "Allocations": [_allocation(each) for each in applied],
    }
    return exact_json(_on_account(of, at) | own)


def _line_item(line: DocumentLine, currency: str) -> Json:
    return {
        "Description": line.words,
        "UnitAmount": to_decimal(line.net_minor, currency),
        "Quantity": Decimal("1.0000"),
        "TaxType": "OUTPUT" if line.tax_minor else "NONE",
        "TaxAmount": to_decimal(line.tax_minor, currency),
        "LineAmount": to_decimal(line.net_minor, currency),
        "AccountCode": line.code,
        "Tracking": [],
    }


def _payment_summary(of: RecordedPayment, currency: str) -> Json:
    return {"PaymentID": of.id, "Date": day(of.paid_on), "Amount": to_decimal(of.amount_minor, currency)}


def payment(of: RecordedPayment, rate: Decimal, kind: str) -> str:
    """A payment as recorded. kind: ACCRECPAYMENT or ACCPAYPAYMENT."""
    currency = of.document.currency
    amount = to_decimal(of.amount_minor, currency)
    reference = of.document.number if of.reference == "number" else of.reference
    return exact_json(
        {
            "PaymentID": of.id,
            "Invoice": {
                "InvoiceID": of.document.id,
                "InvoiceNumber": of.document.number,
                "Type": _TYPES[of.document.kind],
                "CurrencyCode": currency,
                "Contact": {"ContactID": of.document.party.id, "Name": of.document.party.name},
            },
            "Date": day(of.paid_on),
            "Amount": amount,
            "BankAmount": amount,
            "CurrencyRate": rate,
            "Account": {"AccountID": of.account.xero_id, "Code": of.account.xero_code},
            "PaymentType": kind,
            "Status": "AUTHORISED",
            "Reference": reference,
            "IsReconciled": False,
            "HasAccount": True,
            "HasValidationErrors": False,
            "UpdatedDateUTC": moment(of.recorded_at),
        }
    )


def contact(of: Party, country: str) -> str:
    """A customer or supplier. Of suppliers the bank account is known."""
    assert of.known_from is not None
    supplier = of.role == "supplier"
    return exact_json(
        {
            "ContactID": of.id,
            "ContactStatus": "ACTIVE",
            "Name": of.name,
            "EmailAddress": of.email,
            "BankAccountDetails": of.iban if supplier else "",
            "IsSupplier": supplier,
            "IsCustomer": not supplier,
            "DefaultCurrency": of.currency,
            "Addresses": [{"AddressType": "STREET", "Country": country.upper()}],
            "Phones": [],
            "ContactGroups": [],
            "HasAttachments": False,
            "HasValidationErrors": False,
            "UpdatedDateUTC": moment(of.known_from),
        }
    )


def chart(profile: Profile, updated_at: datetime, ids: list[str]) -> list[tuple[str, str]]:
    """The accounts of the chart, bank accounts included: id and JSON. ids: for those that are not bank accounts."""
    rows = [
        {"AccountID": account_id, "Code": code, "Name": name, "Type": kind, "Class": of_class}
        for account_id, (code, name, kind, of_class) in zip(ids, _CHART, strict=False)
    ]
    rows += [
        {
            "AccountID": account.xero_id,
            "Code": account.xero_code,
            "Name": account.name,
            "Type": "BANK",
            "Class": "ASSET",
            "BankAccountNumber": account.statement_id,
            "BankAccountType": "BANK",
            "CurrencyCode": account.currency,
        }
        for account in profile.accounts
    ]
    shared = {"Status": "ACTIVE", "TaxType": "NONE", "UpdatedDateUTC": moment(updated_at)}
    return [(str(row["AccountID"]), exact_json({**row, **shared})) for row in rows]


def currency(code: str) -> str:
    """A currency that an organisation uses. It has no id, and no date of change."""
    return exact_json({"Code": code, "Description": code})


def tax_rate(percent_hundredths: int) -> str:
    """A tax rate. percent_hundredths: 2000 is 20 %."""
    rate = Decimal(percent_hundredths).scaleb(-2)
    component = {"Name": "Tax", "Rate": rate, "IsCompound": False, "IsNonRecoverable": False}
    names = {"Name": f"Tax {rate} %", "TaxType": f"OUTPUT{percent_hundredths}", "Status": "ACTIVE"}
    return exact_json({**names, "TaxComponents": [component], "DisplayTaxRate": rate, "EffectiveRate": rate})


def bank_transfer(transfer_id: str, out: Line, into: Line, at: datetime) -> str:
    """Money between two bank accounts, in the currency of the first; dated by the day on which it leaves."""
    sides = {
        f"{side}BankAccount": {"AccountID": line.account.xero_id, "Code": line.account.xero_code}
        for side, line in (("From", out), ("To", into))
    }
    rate = to_decimal(into.amount_minor, into.account.currency) / to_decimal(-out.amount_minor, out.account.currency)
    return exact_json(
        {
            "BankTransferID": transfer_id,
            **sides,
            "Amount": to_decimal(-out.amount_minor, out.account.currency),
            "CurrencyRate": rate.quantize(Decimal("0.000001"), ROUND_HALF_UP),
            "Date": day(out.booked_on),
            "DateString": day_string(out.booked_on),
            "CreatedDateUTC": moment(at),
            "CreatedDateUTCString": f"{at:%Y-%m-%dT%H:%M:%S}",
            "HasAttachments": False,
        }
    )


def organisation(profile: Profile, organisation_id: str, created_at: datetime, locked_until: date) -> str:
    """The organisation itself. locked_until: the last day of the period and year that its books lock."""
    return exact_json(
        {
            "OrganisationID": organisation_id,
            "Name": profile.name,
            "LegalName": profile.name,
            "PaysTax": True,
            "Version": {"us": "US", "uk": "UK", "de": "GLOBAL"}[profile.country],
            "OrganisationType": "COMPANY",
            "BaseCurrency": profile.currency,
            "CountryCode": {"us": "US", "uk": "GB", "de": "DE"}[profile.country],
            "IsDemoCompany": False,
            "OrganisationStatus": "ACTIVE",
            "FinancialYearEndDay": 31,
            "FinancialYearEndMonth": 12,
            "SalesTaxBasis": "ACCRUALS",
            "DefaultSalesTax": "Tax Exclusive",
            "DefaultPurchasesTax": "Tax Exclusive",
            "CreatedDateUTC": moment(created_at),
            "OrganisationEntityType": "COMPANY",
            "Timezone": profile.time_zone,
            "ShortCode": f"!{organisation_id[:5]}",
            "Edition": "BUSINESS",
            "Class": "STANDARD",
            "PaymentTerms": {},
            "PeriodLockDate": day(locked_until),
            "EndOfYearLockDate": day(locked_until),
            "Addresses": [],
            "Phones": [],
            "ExternalLinks": [],
        }
    )
