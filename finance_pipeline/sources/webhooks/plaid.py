"""Plaid: a JWT (ES256) that holds the hash of the raw body, signed with a key that Plaid gives out by its id.

The order matters: what costs nothing is looked at first, so that a key is only asked for when the message fits its JWT
and is of now. Keys are remembered for an hour, ids that Plaid does not know for a minute, and no more than some keys
are asked for in a minute, whoever sends what.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from finance_pipeline.core import p256
from finance_pipeline.core.identity import digest, parse_json
from finance_pipeline.sources.webhooks.base import Notice, NotNow, NotVerified, delivery_of, header_of, require_age

KEY_LIVES_S, UNKNOWN_LIVES_S = 3600.0, 60.0
"""A key that Plaid withdraws stops counting within KEY_LIVES_S."""
ASKED_A_MINUTE = 10
_KEY_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_PART = re.compile(r"[A-Za-z0-9_-]+")
Fetch = Callable[[str], dict[str, Any] | None]
"""The key of an id as Plaid describes it, None if it knows none. Raises NotNow if it does not answer."""


@dataclass
class Keys:
    """The keys of one connection, as far as they were asked for. Safe to share between threads."""

    fetch: Fetch
    _known: dict[str, tuple[float, p256.Point | None]] = field(default_factory=dict)
    _asked: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, key_id: str, now_s: float) -> p256.Point:
        """The public key of an id. Raises NotVerified for an unknown or withdrawn one, NotNow if Plaid cannot say.

        The lock is not held while Plaid is asked: messages under known keys do not wait for that.
        """
        found = self._found(key_id, now_s)
        if found is None:
            described = self.fetch(key_id)
            found = now_s, None if described is None else _point_of(described, key_id)
            with self._lock:
                self._known[key_id] = found
        key = found[1]
        if key is None:
            raise NotVerified("Plaid knows no such key, or has withdrawn it.")
        return key

    def _found(self, key_id: str, now_s: float) -> tuple[float, p256.Point | None] | None:
        """What was found of an id of late; None, and counted as being asked for, if it was not. Raises NotNow."""
        with self._lock:
            found = self._known.get(key_id)
            if found is not None and now_s - found[0] < (KEY_LIVES_S if found[1] else UNKNOWN_LIVES_S):
                return found
            self._known = {each: (at, key) for each, (at, key) in self._known.items() if now_s - at < KEY_LIVES_S}
            self._asked = [at for at in self._asked if now_s - at < 60]
            if len(self._asked) >= ASKED_A_MINUTE:
                raise NotNow("too many keys were asked for in the last minute.")
            self._asked.append(now_s)
            return None


def verify(headers: Mapping[str, str], body: bytes, keys: Keys, now_s: float) -> Notice:
    """The notice of a message; its id is the hash of what was signed. Raises NotVerified, NotNow."""
    token = header_of(headers, "plaid-verification")
    parts = token.split(".")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise NotVerified("the plaid-verification header is no JWT.")
    head, claims = _object_of(parts[0]), _object_of(parts[1])
    key_id = head.get("kid")
    # The one algorithm, whatever the message would like to be verified with; and nothing that we must understand.
    if head.get("alg") != "ES256" or "crit" in head or not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise NotVerified("the JWT is not ES256 with a key's id.")
    signed_at_s, body_hash = claims.get("iat"), claims.get("request_body_sha256")
    if type(signed_at_s) is not int or not isinstance(body_hash, str) or not body_hash.isascii():
        raise NotVerified("the JWT does not say when it was signed, and over which bytes.")
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest(), body_hash):
        raise NotVerified("the signature is over other bytes.")
    require_age(signed_at_s, now_s)
    if not p256.verify(keys.of(key_id, now_s), f"{parts[0]}.{parts[1]}".encode(), _bytes_of(parts[2])):
        raise NotVerified("the signature is not of this key.")
    return Notice(digest(signed_at_s, body_hash), delivery_of(token, body))


def _point_of(described: dict[str, Any], key_id: str) -> p256.Point | None:
    """The point of a key that may be used; None for any other, and for one that is withdrawn."""
    wanted = {"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": key_id}
    x, y = described.get("x"), described.get("y")
    if any(described.get(name) != value for name, value in wanted.items()) or described.get("expired_at") is not None:
        return None
    if not isinstance(x, str) or not isinstance(y, str) or not _PART.fullmatch(x) or not _PART.fullmatch(y):
        return None
    return int.from_bytes(_bytes_of(x), "big"), int.from_bytes(_bytes_of(y), "big")


def _bytes_of(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise NotVerified("a part of the JWT is not base64.") from None


def _object_of(part: str) -> dict[str, Any]:
    try:
        found = parse_json(_bytes_of(part))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NotVerified("a part of the JWT is no JSON object.")
    return found
