"""The card processor's objects in Stripe's format. Amounts are Stripe's minor units, times are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from finance_pipeline.core.identity import exact_json
from finance_pipeline.sandbox.world.cards import Charge, Dispute, Refund
from finance_pipeline.sandbox.world.model import CardTransaction, Party, Payout

Json = dict[str, Any]


@dataclass(frozen=True)
class ChargeTexts:
    """What a charge says of payer and purpose."""

    name: str | None
    email: str
    description: str | None
    metadata: Json


_CATEGORY = {
    "charge": "charge",
    "refund": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute_reversal",
    "payout": "payout",
    "payout_failure": "payout_reversal",
    "stripe_fee": "fee",
}
_TYPE = {"dispute": "adjustment", "dispute_reversal": "adjustment"}


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def balance_transaction(
    of: CardTransaction, currency: str, source: Json | None, description: str | None, rate: str | None, available: bool
) -> str:
    """A movement of the balance, with its source expanded."""
    return exact_json(
        _movement(of, currency)
        | {
            "balance_type": "payments",
            "description": description,
            "exchange_rate": Decimal(rate) if rate else None,
            "source": source,
            "status": "available" if available else "pending",
        }
    )


def _movement(of: CardTransaction, currency: str) -> Json:
    """What is said of a movement wherever it stands: by itself, or inside of its dispute."""
    return {
        "amount": of.amount_minor,
        "available_on": seconds(of.available_at),
        "created": seconds(of.created_at),
        "currency": currency.lower(),
        "exchange_rate": None,
        "fee": of.fee_minor,
        "fee_details": _fee_details(of, currency),
        "id": of.id,
        "net": of.amount_minor - of.fee_minor,
        "object": "balance_transaction",
        "reporting_category": _CATEGORY[of.kind],
        "source": None,
        "type": _TYPE.get(of.kind, of.kind),
    }


def _fee_details(of: CardTransaction, currency: str) -> list[Json]:
    if not of.fee_minor:
        return []
    words = "Dispute fee" if of.kind == "dispute" else "Stripe processing fees"
    return [
        {
            "amount": of.fee_minor,
            "application": None,
            "currency": currency.lower(),
            "description": words,
            "type": "stripe_fee",
        }
    ]


def customer_id(party: Party) -> str:
    return f"cus_{party.id.replace('-', '')[:14]}"


def customer(party: Party, created: datetime) -> Json:
    """A payer as the company knows it."""
    return {
        "balance": 0,
        "created": seconds(created),
        "currency": party.currency.lower(),
        "delinquent": False,
        "email": party.email,
        "id": customer_id(party),
        "livemode": False,
        "metadata": {},
        "name": party.name,
        "object": "customer",
    }


def charge(of: Charge, currency: str, texts: ChargeTexts, refunded_minor: int, disputed: bool) -> Json:
    """A charge as it is after so much was refunded. amount: in the customer's currency."""
    amount, presentment = (of.original[0], of.original[1]) if of.original else (of.amount_minor, currency)
    return {
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": refunded_minor,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": of.transaction.id,
        "billing_details": {
            "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
            "email": texts.email,
            "name": texts.name,
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": None,
        "captured": True,
        "created": seconds(of.at),
        "currency": presentment.lower(),
        "customer": customer_id(of.party),
        "description": texts.description,
        "disputed": disputed,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "id": of.id,
        "livemode": False,
        "metadata": texts.metadata,
        "object": "charge",
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
        "paid": True,
        "payment_intent": of.intent,
        "payment_method": f"pm_1{of.intent[4:]}",
        "payment_method_details": {"card": {"brand": "visa", "last4": of.id[-4:]}, "type": "card"},
        "receipt_email": texts.email,
        "refunded": refunded_minor >= amount,
        "statement_descriptor": None,
        "status": "succeeded",
    }


def refund(of: Refund, currency: str, metadata: Json) -> Json:
    return {
        "amount": of.amount_minor if not of.charge.original else _in_presentment(of),
        "balance_transaction": of.transaction.id,
        "charge": of.charge.id,
        "created": seconds(of.at),
        "currency": (of.charge.original[1] if of.charge.original else currency).lower(),
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "id": of.id,
        "metadata": metadata,
        "object": "refund",
        "payment_intent": of.charge.intent,
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def _in_presentment(of: Refund) -> int:
    """The same share of the charge, in the customer's currency."""
    assert of.charge.original is not None
    return of.charge.original[0] * of.amount_minor // of.charge.amount_minor


def dispute(of: Dispute, currency: str, status: str) -> Json:
    rows = [of.opened, *([of.returned] if of.returned and status == "won" else [])]
    return {
        "amount": of.charge.original[0] if of.charge.original else of.charge.amount_minor,
        "balance_transactions": [_movement(row, currency) for row in rows],
        "charge": of.charge.id,
        "created": seconds(of.at),
        "currency": (of.charge.original[1] if of.charge.original else currency).lower(),
        "evidence": {},
        "evidence_details": {"due_by": seconds(of.at) + 864_000, "has_evidence": status != "needs_response"},
        "id": of.id,
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "object": "dispute",
        "payment_intent": of.charge.intent,
        "reason": of.reason,
        "status": status,
    }


def payout(of: Payout, currency: str, status: str, failure_transaction: str | None) -> Json:
    """A payout in one of its states: pending, in_transit, paid, failed."""
    failed, paid = status == "failed", status == "paid"
    return {
        "amount": of.amount_minor,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": seconds(datetime.combine(of.arrives_on, time(), UTC)),
        "automatic": True,
        "balance_transaction": of.transaction_id,
        "created": seconds(of.created_at),
        "currency": currency.lower(),
        "description": "STRIPE PAYOUT",
        "destination": f"ba_1{of.id[4:]}",
        "failure_balance_transaction": failure_transaction if failed else None,
        "failure_code": "could_not_process" if failed else None,
        "failure_message": "The bank could not process this transfer." if failed else None,
        "id": of.id,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "object": "payout",
        "original_payout": None,
        "reconciliation_status": "completed" if paid or failed else "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": status,
        "trace_id": {"status": "supported", "value": of.trace} if status != "pending" else {"status": "pending"},
        "type": "bank_account",
    }
