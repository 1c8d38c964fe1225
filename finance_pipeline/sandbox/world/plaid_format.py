"""Bank lines in Plaid's format: the transaction and account objects of /transactions/sync."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from finance_pipeline.core.identity import exact_json
from finance_pipeline.core.money import to_decimal
from finance_pipeline.sandbox.world.model import Line
from finance_pipeline.sandbox.world.profiles import Account

_CATEGORIES = {
    "receipt": ("INCOME", "INCOME_OTHER_INCOME"),
    "deposit": ("TRANSFER_IN", "TRANSFER_IN_DEPOSIT"),
    "payout": ("INCOME", "INCOME_OTHER_INCOME"),
    "interest": ("INCOME", "INCOME_INTEREST_EARNED"),
    "supplier": ("GENERAL_SERVICES", "GENERAL_SERVICES_OTHER_GENERAL_SERVICES"),
    "direct_debit": ("GENERAL_SERVICES", "GENERAL_SERVICES_OTHER_GENERAL_SERVICES"),
    "refund": ("TRANSFER_OUT", "TRANSFER_OUT_OTHER_TRANSFER_OUT"),
    "card_purchase": ("GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_OTHER_GENERAL_MERCHANDISE"),
    "payroll": ("TRANSFER_OUT", "TRANSFER_OUT_OTHER_TRANSFER_OUT"),
    "tax": ("GOVERNMENT_AND_NON_PROFIT", "GOVERNMENT_AND_NON_PROFIT_TAX_PAYMENT"),
    "rent": ("RENT_AND_UTILITIES", "RENT_AND_UTILITIES_RENT"),
    "loan": ("LOAN_PAYMENTS", "LOAN_PAYMENTS_OTHER_PAYMENT"),
    "bank_fee": ("BANK_FEES", "BANK_FEES_OTHER_BANK_FEES"),
    "expense": ("RENT_AND_UTILITIES", "RENT_AND_UTILITIES_GAS_AND_ELECTRICITY"),
}
_CODES = {
    "direct_debit": "direct debit",
    "bank_fee": "bank charge",
    "interest": "interest",
    "card_purchase": "purchase",
    "loan": "standing order",
    "rent": "standing order",
    "deposit": "cheque",
}
_NOWHERE = dict.fromkeys(("address", "city", "country", "lat", "lon", "postal_code", "region", "store_number"))


@dataclass(frozen=True)
class Shown:
    """One version of a line in the feed: what may differ from the line itself."""

    id: str
    amount_minor: int
    day: date
    authorized_on: date | None = None
    pending: bool = False
    pending_id: str | None = None
    enriched: bool = True
    """Whether Plaid has found out names and categories yet."""


def transaction(line: Line, country: str, shown: Shown) -> str:
    """The transaction object as JSON. Plaid's sign: money out is positive."""
    currency = line.account.currency
    name = line.shown_name
    description = described(line, country)
    outgoing = line.amount_minor < 0
    primary, detailed = _CATEGORIES.get(line.flow, ("TRANSFER_OUT" if outgoing else "TRANSFER_IN", "OTHER"))
    is_card = line.flow == "card_purchase"
    european = country != "us"
    content: dict[str, Any] = {
        "account_id": line.account.external_id,
        "account_owner": None,
        "amount": to_decimal(-shown.amount_minor, currency),
        "authorized_date": str(shown.authorized_on) if shown.authorized_on else None,
        "authorized_datetime": None,
        "category": None,
        "category_id": None,
        "check_number": None,
        "counterparties": _counterparties(line, is_card) if shown.enriched and name else [],
        "date": str(shown.day),
        "datetime": None,
        "iso_currency_code": currency,
        "location": _NOWHERE,
        "logo_url": None,
        "merchant_entity_id": None,
        "merchant_name": name.title() if is_card and shown.enriched else None,
        "name": (name or line.memo) if european else description,
        "original_description": description,
        "payment_channel": "in store" if is_card else "online" if name else "other",
        "payment_meta": _payment_meta(line, european, outgoing, is_card),
        "pending": shown.pending,
        "pending_transaction_id": shown.pending_id,
        "personal_finance_category": {
            "confidence_level": "LOW" if name else "UNKNOWN",
            "detailed": detailed if detailed != "OTHER" else f"{primary}_ACCOUNT_TRANSFER",
            "primary": primary,
            "version": "v2",
        },
        "personal_finance_category_icon_url": f"https://plaid-category-icons.plaid.com/PFC_{primary}.png",
        "transaction_code": _CODES.get(line.flow, "transfer") if european else None,
        "transaction_id": shown.id,
        "transaction_type": "place" if is_card else "special",
        "unofficial_currency_code": None,
        "website": None,
    }
    return exact_json(content)


def described(line: Line, country: str) -> str:
    """The bank's whole description in one text, as its country's banks write it."""
    name, memo = line.shown_name, line.memo
    if country == "us" and line.flow in ("receipt", "supplier", "payout", "refund", "direct_debit"):
        kind = "CREDIT" if line.amount_minor > 0 else "DEBIT"
        origin = f"ORIG CO NAME:{name} " if name else ""
        return f"{origin}ACH {kind} {memo}".strip()
    if country == "uk" and line.flow == "receipt":
        return f"FPC {name} {memo}".strip()
    return f"{name} {memo}".strip() if name and name not in memo else memo


def _counterparties(line: Line, is_card: bool) -> list[dict[str, Any]]:
    numbers = {"bacs": None, "international": {"bic": None, "iban": line.shown_iban}} if line.shown_iban else None
    return [
        {
            "account_numbers": numbers,
            "confidence_level": "HIGH" if is_card else "LOW",
            "entity_id": None,
            "logo_url": None,
            "name": line.shown_name.title() if is_card else line.shown_name,
            "phone_number": None,
            "type": "merchant" if is_card else "payment_app" if line.flow == "payout" else "income_source",
            "website": None,
        }
    ]


def _payment_meta(line: Line, european: bool, outgoing: bool, is_card: bool) -> dict[str, str | None]:
    """European banks say who pays whom and why; American ones leave it to the description."""
    named = line.shown_name if european and line.shown_name and not is_card else None
    return {
        "by_order_of": None,
        "payee": named if outgoing else None,
        "payer": None if outgoing else named,
        "payment_method": None if is_card else "ACH" if not european else "TRANSFER",
        "payment_processor": "Stripe" if line.flow == "payout" else None,
        "ppd_id": None,
        "reason": line.memo if european and line.memo and not is_card else None,
        "reference_number": line.end_to_end_id or None,
    }


def account(of: Account, balance_minor: int, available_minor: int) -> str:
    """The account object as JSON, with its balances at some moment."""
    return exact_json(
        {
            "account_id": of.external_id,
            "balances": {
                "available": to_decimal(available_minor, of.currency),
                "current": to_decimal(balance_minor, of.currency),
                "iso_currency_code": of.currency,
                "limit": None,
                "unofficial_currency_code": None,
            },
            "mask": of.statement_id[-4:],
            "name": of.name,
            "official_name": of.name,
            "persistent_account_id": None,
            "subtype": "checking",
            "type": "depository",
        }
    )
