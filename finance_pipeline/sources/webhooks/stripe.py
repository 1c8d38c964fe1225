"""Stripe: HMAC-SHA256 over time-stamp, dot and raw body; one signature for each secret while one is rolled."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from pydantic import SecretStr

from finance_pipeline.core.identity import parse_json
from finance_pipeline.sources.webhooks.base import Notice, NotVerified, delivery_of, header_of, require_age

SECRET = "webhook_secret"
"""Name of the secret in the connection's settings."""
_MOST_SIGNATURES = 16


def verify(headers: Mapping[str, str], body: bytes, secret: SecretStr, now_s: float) -> Notice:
    """The notice of a message. Raises NotVerified."""
    signed = header_of(headers, "stripe-signature")
    parts = [part.strip().partition("=")[::2] for part in signed.split(",")]
    times = [value for name, value in parts if name == "t"]
    signatures = [value for name, value in parts if name == "v1"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]) or not 0 < len(signatures) <= _MOST_SIGNATURES:
        raise NotVerified("the stripe-signature header is not one time-stamp with v1 signatures.")
    key = secret.get_secret_value().encode()
    expected = hmac.new(key, times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(expected, each) for each in signatures):
        raise NotVerified("no v1 signature is of these bytes.")
    require_age(int(times[0]), now_s)
    return Notice(_id_of(body), delivery_of(times[0], body))


def _id_of(body: bytes) -> str:
    try:
        found = parse_json(body)["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        found = None
    if not isinstance(found, str) or not re.fullmatch(r"[A-Za-z0-9_]{1,255}", found):
        raise NotVerified("the signed body is no event with an id.")
    return found
