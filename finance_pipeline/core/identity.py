"""Identity: ids are derived from content, never random, so that the same input gives the same ids.

A record is `book/source/kind/source id`; a match or an entry is a hash of what it says. Correlation ids alone are
random: they name a run, and stand outside every comparison.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from decimal import Decimal
from typing import Any

import msgspec

ON_ACCOUNT_SUFFIX = "/on-account"
"""Ends the id of an item on account, after the id of the line or payment that brought it."""


def record_id(book: str, source: str, kind: str, source_id: str) -> str:
    """The id of a canonical record, for ever: us/plaid/transaction/lPNjeW1nR6CDn5okmGQ6hEpMo4lLNoSrzqDje."""
    return f"{book}/{source}/{kind}/{source_id}"


def content_hash(content: bytes) -> str:
    """SHA-256 of some bytes, in hexadecimal: the address of a landed file and the proof of a record."""
    return hashlib.sha256(content).hexdigest()


def digest(*parts: object) -> str:
    """SHA-256 of some parts, each delimited by its length, so that ('ab', 'c') and ('a', 'bc') differ."""
    whole = hashlib.sha256()
    for part in parts:
        encoded = str(part).encode()
        whole.update(len(encoded).to_bytes(8, "big"))
        whole.update(encoded)
    return whole.hexdigest()


def parse_json(raw: bytes | str) -> Any:
    """JSON with every fractional number as an exact Decimal. Raises ValueError on malformed JSON, NaN and Infinity."""

    def refuse(text: str) -> Any:
        raise ValueError(f"{text} is not JSON")

    return json.loads(raw, parse_float=Decimal, parse_constant=refuse)


_CANONICAL = msgspec.json.Encoder(decimal_format="number", order="sorted")


def exact_bytes(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, decimals digit for digit, UTF-8. What content hashes are of.

    value: what `parse_json` gives, or is made of. The standard library has no exact numbers, and takes six times as
    long for what is the same text. Raises UnicodeEncodeError for half a character (a lone surrogate), which no text can
    hold, and RecursionError for what holds itself.
    """
    return _CANONICAL.encode(value)


def exact_json(value: Any) -> str:
    """What `exact_bytes` says, as text."""
    return exact_bytes(value).decode()


def new_correlation_id() -> str:
    """A random name for one piece of work, from the API call to the journal entry."""
    return uuid.uuid4().hex
