"""Xero: HMAC-SHA256 of the raw body, in base64. Nothing says when it was signed, so that every message is remembered.

Xero first asks whether we verify at all ("intent to receive"): messages signed rightly and wrongly, of which the wrong
ones have to be answered with 401. That is what any message gets here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from pydantic import SecretStr

from finance_pipeline.core.identity import content_hash
from finance_pipeline.sources.webhooks.base import Notice, NotVerified, delivery_of, header_of

SECRET = "webhook_key"
"""Name of the secret in the connection's settings."""


def verify(headers: Mapping[str, str], body: bytes, secret: SecretStr, now_s: float) -> Notice:  # noqa: ARG001
    """The notice of a message; its id is the hash of the body, which Xero makes unique. Raises NotVerified."""
    signed = header_of(headers, "x-xero-signature")
    expected = base64.b64encode(hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(expected, signed):
        raise NotVerified("the signature is not of these bytes.")
    return Notice(content_hash(body), delivery_of(signed, body), repeats_verbatim=True)
