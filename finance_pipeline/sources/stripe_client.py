"""Stripe's API through the stripe SDK: raw bytes out, its errors sorted into transient, for the owner, and the rest.

Here: one account's calls. Not here: windows, pages, evidence.
"""

from __future__ import annotations

from typing import Any

import urllib3

from finance_pipeline.core.problems import NeedsItsOwner, PermanentProblem
from finance_pipeline.core.settings import Connection
from finance_pipeline.sources.gather import base_url_of
from finance_pipeline.sources.http import RetryPolicy, Transient, retry_after_s, transient_of
from finance_pipeline.sources.limits import Limit

LIVE_URL = "https://api.stripe.com"
API_VERSION = "2026-03-25.dahlia"
"""Pinned: what an object looks like must not change with the SDK."""
PAGE_COUNT = 100
_CALLS_A_SECOND = 100


class Refused(PermanentProblem):
    """Stripe does not accept a request as it is: an unknown object, a filter that an object does not have."""


class StripeClient:
    """One account. Every call is bounded in time and retried by our policy only."""

    def __init__(self, connection: Connection, policy: RetryPolicy) -> None:
        import stripe

        self._wire = _wire(policy)
        self._sdk = stripe.StripeClient(
            connection.secret("api_key").get_secret_value(),
            base_addresses={"api": base_url_of(connection, LIVE_URL)},
            stripe_version=API_VERSION,
            max_network_retries=0,
            http_client=self._wire,
        )
        self._connection, self._policy = connection, policy
        self._limits = (Limit(f"stripe/{connection.id}", _CALLS_A_SECOND, per_s=1),)

    def get(self, path: str, **parameters: Any) -> bytes:
        """The raw answer to a GET. Raises Refused for a 400 or 404, and every Problem."""
        where = f"connection {self._connection.id}, {path}"
        return self._policy.call(where, lambda: self._attempt(path, parameters, where))

    def _attempt(self, path: str, parameters: dict[str, Any], where: str) -> bytes:
        import stripe

        self._policy.admit(where, self._limits)
        self._wire.forget()
        try:
            self._sdk.raw_request("get", path, **parameters)
        except stripe.APIConnectionError as broken:
            cause = type(broken.__cause__ or broken).__name__
            raise Transient(f"the connection failed ({cause})") from None
        except (stripe.StripeError, UnicodeDecodeError) as refused:
            # An answer that is no JSON, or not UTF-8, fails in the SDK whatever its status; if that is a good one, what
            # the answer is worth is the caller's to find out.
            if self._wire.status is None or self._wire.status >= 300:
                raise self._problem(refused, path) from None
        return bytes(self._wire.body)

    def _problem(self, refused: Any, path: str) -> Exception:
        """What a refusal means. Stripe's messages show parts of keys, so only its code and type are told."""
        status, headers = int(self._wire.status or 0), self._wire.headers
        error = getattr(refused, "error", None)
        code = str(getattr(refused, "code", None) or getattr(error, "type", None) or type(refused).__name__)
        if again := transient_of(status, headers, f"Stripe said {code}"):
            return again
        if code == "rate_limit":
            return Transient("Stripe said rate_limit", retry_after_s(headers))
        where, kept = f"connection {self._connection.id}, {path}", "The cursor stays where it was."
        if status in (401, 403):
            variable = self._connection.secrets["api_key"]
            what = "the key is not accepted" if status == 401 else "the key lacks a permission that reading this needs"
            todo = f"Check the restricted key in {variable}: it has to read balance, payouts, disputes and events."
            return NeedsItsOwner(
                f"Stripe refused the connection: {what} (HTTP {status}).", where=where, kept=kept, todo=todo
            )
        request_id = headers.get("Request-Id", "unknown")
        todo = f"Stripe's request id is {request_id}."
        return Refused(f"Stripe refused the request with {code} (HTTP {status}).", where=where, kept=kept, todo=todo)


def _wire(policy: RetryPolicy) -> Any:
    """The SDK's HTTP client with our time-outs, which keeps the last answer byte for byte: the SDK gives decoded text.

    A function, since the class derives from one that the SDK brings, and the SDK is loaded late.
    """
    import stripe

    class Wire(stripe.RequestsClient):
        body: bytes
        status: int | None
        headers: Any

        def forget(self) -> None:
            self.body, self.status, self.headers = b"", None, {}

        def request(self, method: Any, url: Any, headers: Any, post_data: Any = None) -> Any:  # type: ignore[override]
            answer, status, self.headers = super().request_stream(method, url, headers, post_data)
            try:
                self.body = policy.body(answer)
            except urllib3.exceptions.HTTPError as broken:
                raise Transient(f"the connection failed ({type(broken).__name__})") from None
            self.status = status
            return self.body, self.status, self.headers

    return Wire(timeout=policy.timeout)
