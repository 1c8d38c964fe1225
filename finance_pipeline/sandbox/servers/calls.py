"""Calls and answers: what a vendor's server sees of a request, and what it says. No HTTP library in it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

from finance_pipeline.core.identity import digest


@dataclass(frozen=True)
class Call:
    """One request to one connection. headers: lower-case names; path without the connection's prefix or slashes."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    body: bytes
    now: datetime
    """The sandbox clock when it arrived."""
    number: int
    """How many calls this server has had: what request ids are made of."""

    @cached_property
    def request_id(self) -> str:
        return digest("request", self.number, self.method, self.path, self.now)[:24]

    @cached_property
    def form(self) -> tuple[tuple[str, str], ...]:
        """The body as a posted form."""
        return tuple(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def bearer(self) -> str | None:
        """The token of `Authorization: Bearer`, if there is one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    @property
    def basic(self) -> tuple[str, str] | None:
        """User and password of `Authorization: Basic`, if they can be read."""
        scheme, _, encoded = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user, password


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def of(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """A JSON answer of a value that holds no money."""
        return cls(status, json.dumps(value).encode(), headers or {})

    @classmethod
    def spliced(cls, text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """A JSON answer of a text whose records were spliced in as they are, digit for digit."""
        return cls(status, text.encode(), headers or {})


def json_list(texts: Iterable[str]) -> str:
    """A JSON array of texts that are JSON already."""
    return f"[{','.join(texts)}]"


class Vendor(Protocol):
    """One vendor's server for one connection."""

    largest_page: int | None
    """No page of any list is larger, whatever is asked for."""

    def answer(self, call: Call) -> Answer:
        """What the vendor says to a call."""
        ...

    def refusal(self, kind: str, call: Call, retry_after_s: int) -> Answer:
        """How the vendor words a fault (`faults.REFUSALS`). retry_after_s: of status_429 and day_limit."""
        ...

    def forget_tokens(self, *, next_too: bool) -> None:
        """Every token given out so far is expired from now on; next_too: and the next one is when it is given out."""
        ...
