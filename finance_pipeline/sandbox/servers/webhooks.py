"""Webhooks as the vendors sign them, for the sandbox's connections. The keys guard nothing, like all its secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any

from finance_pipeline.core import p256
from finance_pipeline.core.identity import digest
from finance_pipeline.sandbox.servers.credentials import secrets_of, tenant_of

Signed = tuple[dict[str, str], bytes]
"""Headers and body."""


def signed_event(connection: str, vendor: str, at_s: float) -> Signed:
    """A new event of a connection, signed at a moment of Unix time: that something changed, and no more."""
    made = {"plaid": _plaid_event, "stripe": _stripe_event, "xero": _xero_event}
    body = json.dumps(made[vendor](connection, int(at_s))).encode()
    sign = {"plaid": sign_plaid, "stripe": sign_stripe, "xero": sign_xero}
    return {"Content-Type": "application/json", **sign[vendor](connection, body, int(at_s))}, body


def sign_plaid(connection: str, body: bytes, at_s: int) -> dict[str, str]:
    head = {"alg": "ES256", "kid": plaid_key_id(connection), "typ": "JWT"}
    claims = {"iat": at_s, "request_body_sha256": hashlib.sha256(body).hexdigest()}
    signed = ".".join(_part(json.dumps(each).encode()) for each in (head, claims))
    signature = p256.sign(_plaid_private(connection), signed.encode())
    return {"Plaid-Verification": f"{signed}.{_part(signature)}"}


def sign_stripe(connection: str, body: bytes, at_s: int) -> dict[str, str]:
    secret = secrets_of(connection, "stripe")["webhook_secret"].encode()
    signature = hmac.new(secret, f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at_s},v1={signature}"}


def sign_xero(connection: str, body: bytes, at_s: int) -> dict[str, str]:  # noqa: ARG001
    key = secrets_of(connection, "xero")["webhook_key"].encode()
    return {"x-xero-signature": base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()}


def plaid_key_id(connection: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"webhook:{connection}"))


def plaid_key(connection: str) -> dict[str, Any]:
    """The public key, as Plaid describes it."""
    x, y = (_part(each.to_bytes(32, "big")) for each in p256.public_key(_plaid_private(connection)))
    return {
        "alg": "ES256", "crv": "P-256", "kid": plaid_key_id(connection), "kty": "EC", "use": "sig", "x": x, "y": y,
        "created_at": 1_700_000_000, "expired_at": None,
    }  # fmt: skip


def _plaid_private(connection: str) -> int:
    return int(digest("webhook key", connection), 16) % (p256.ORDER - 1) + 1


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _plaid_event(connection: str, at_s: int) -> dict[str, Any]:
    item = digest("item", connection, at_s)[:37]
    return {"webhook_type": "TRANSACTIONS", "webhook_code": "SYNC_UPDATES_AVAILABLE", "item_id": item}


def _stripe_event(connection: str, at_s: int) -> dict[str, Any]:
    event_id = f"evt_{uuid.uuid4().hex}"
    return {"id": event_id, "object": "event", "created": at_s, "type": "balance.available", "account": connection}


def _xero_event(connection: str, at_s: int) -> dict[str, Any]:  # noqa: ARG001
    event = {"eventType": "UPDATE", "eventCategory": "INVOICE", "tenantId": tenant_of(connection)}
    return {"events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": uuid.uuid4().hex}
