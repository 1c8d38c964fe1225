"""Stripe's objects as far as they are read: the members of each, and what kind of payment a movement is."""

from __future__ import annotations

EXPANDABLE = ("source", "charge", "invoice", "payment_intent", "customer", "balance_transaction")
LINKS = ("charge", "payment_intent")
NUMBER_KEYS = (
    "invoice_number",
    "invoice_id",
    "xero_invoice_number",
    "xero_invoice_id",
    "credit_note_number",
    "credit_note_id",
    "xero_credit_note_number",
    "xero_credit_note_id",
)
METADATA = {**dict.fromkeys(NUMBER_KEYS), "invoice": {"id": None}, "credit_note": None}
INVOICE = {"id": None, "number": None}
PAID_INVOICE = {
    **INVOICE,
    "payments": {"data": [{"payment": {"charge": {"id": None}, "payment_intent": {"id": None}}}]},
}
CHARGE = {
    "id": None,
    "payment_intent": {"id": None},
    "invoice": INVOICE,
    "metadata": METADATA,
    "billing_details": {"name": None, "email": None},
    "receipt_email": None,
    "customer": {"id": None, "name": None},
}
TRANSACTION = {
    "id": None,
    "amount": None,
    "fee": None,
    "net": None,
    "currency": None,
    "created": None,
    "available_on": None,
    "type": None,
    "reporting_category": None,
    "status": None,
    "source": {
        **CHARGE,
        "charge": CHARGE,
        "status": None,
        "arrival_date": None,
        "trace_id": {"value": None},
        "statement_descriptor": None,
    },
}
PAYOUT = {
    "id": None,
    "status": None,
    "balance_transaction": {"id": None},
    "trace_id": {"value": None},
    "members": [None],
}
DISPUTE = {
    "id": None,
    "amount": None,
    "currency": None,
    "created": None,
    "closed": None,
    "status": None,
    "charge": {"id": None},
    "payment_intent": {"id": None},
    "balance_transactions": [{"amount": None, "currency": None}],
}
CUSTOMER = {"name": None, "description": None, "email": None}
PARTS = [{"amount": None, "currency": None}]
BALANCE = {"available": PARTS, "pending": PARTS, "retrieved_on": None}
KIND_OF_TYPE = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "tax_fee": "fee",
    "network_cost": "fee",
    "payout": "payout",
    "payout_cancel": "payout_failure",
    "payout_failure": "payout_failure",
}
KIND_OF_CATEGORY = {"dispute": "dispute", "dispute_reversal": "dispute_reversal", "fee": "fee"}
"""What Stripe's reporting category says more exactly than the type, which is a mere `adjustment` then."""
