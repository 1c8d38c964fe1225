"""Identity: ids are derived from content, never random, so that the same input gives the same ids.

A record is `book/source/kind/source id`; a match or an entry is a hash of what it says. Correlation ids alone are
random: they name a run, and stand outside every comparison.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from decimal import Decimal
from typing import Any

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


def _bracketed(part: object) -> str:
    if isinstance(part, Decimal):
        return f"\x01{part!s}\x01"
    raise TypeError(f"{type(part).__name__} has no exact JSON form")


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False, default=_bracketed
)
_BRACKET = r"\u0001"
_NUMBER = re.compile(r'"\\u0001(?<!\\"\\u0001)(-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:E[+-]?[0-9]+)?)\\u0001"')
"""What a Decimal says of itself, and nothing else: a text that somebody wrote between such characters is text, or at
most the number that it looks like. A quote inside a text has a backslash before it, so none of those opens one;
that is looked at last, since a search for a fixed beginning is ten times as fast."""


def exact_json(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, decimals digit for digit. The text that content hashes are of.

    json has no exact number, so a Decimal passes through as text between two control characters, which JSON spells out
    in ASCII, and which are then taken off together with the quotes. Raises TypeError for anything that JSON does not
    know, RecursionError for what holds itself.
    """
    encoded = _CANONICAL.encode(value)
    return "".join(_NUMBER.split(encoded)) if _BRACKET in encoded else encoded


def new_correlation_id() -> str:
    """A random name for one piece of work, from the API call to the journal entry."""
    return uuid.uuid4().hex
