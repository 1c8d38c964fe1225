"""What every vendor's webhook has in common: the words for a refusal, the age that a signature may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finance_pipeline.core.identity import content_hash

OLDEST_S = 300
FUTURE_S = 5
"""Clocks of servers differ by a few seconds; more is no difference of clocks."""
LONGEST_HEADER_CHARS = 4096


class NotVerified(Exception):
    """The message is not proven to be the vendor's, or is not of now. The words hold nothing of the message."""


class NotNow(Exception):
    """It cannot be verified at the moment; the vendor's next attempt may be."""


@dataclass(frozen=True)
class Notice:
    """A verified message. Nothing of its content is kept."""

    event_id: str
    """The vendor's id of the event, or a hash of what it signed."""
    delivery: str
    """Hash of the signature and the bytes: the same for a message that was caught and sent once more."""
    repeats_verbatim: bool = False
    """Whether the vendor itself, when it tries again, sends the very same bytes."""


def header_of(headers: Mapping[str, str], name: str) -> str:
    """A header by its lower-case name. Raises NotVerified if it is missing or too long to be one."""
    value = headers.get(name, "")
    if not value or len(value) > LONGEST_HEADER_CHARS or not value.isascii():
        raise NotVerified(f"there is no usable {name} header.")
    return value


def require_age(signed_at_s: int, now_s: float) -> None:
    """Raises NotVerified for a signature that is too old, or from the future."""
    if now_s - signed_at_s > OLDEST_S:
        raise NotVerified(f"it was signed more than {OLDEST_S} seconds ago.")
    if signed_at_s - now_s > FUTURE_S:
        raise NotVerified("it was signed in the future.")


def delivery_of(signature: str, body: bytes) -> str:
    return content_hash(signature.encode() + b"\n" + body)
