"""Plaid's API through plaid-python: raw bytes out, its errors sorted into transient, for the owner, and the rest.

Here: one Item's calls. Not here: cursors, pages, evidence.
"""

from __future__ import annotations

from typing import Any

import urllib3

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.problems import NeedsItsOwner, PermanentProblem
from finance_pipeline.core.settings import Connection
from finance_pipeline.sources.gather import base_url_of
from finance_pipeline.sources.http import RetryPolicy, Transient, retry_after_s, transient_of
from finance_pipeline.sources.limits import Limit

PRODUCTION_URL = "https://production.plaid.com"
PAGE_COUNT = 500
LONGEST_HISTORY_DAYS = 730
"""Plaid fixes the history of an Item at its first sync, at 90 days unless more is asked for then."""
_API_VERSION = "2020-09-14"
_CALLS_A_MINUTE = {"/transactions/sync": 50, "/accounts/balance/get": 5, "/webhook_verification_key/get": 30}
"""What Plaid allows an Item. A call for a balance goes to the bank, and can take half a minute."""
_TRANSIENT_TYPES = frozenset({"API_ERROR", "RATE_LIMIT_EXCEEDED", "INSTITUTION_ERROR"})
_TRANSIENT_CODES = frozenset({"PRODUCT_NOT_READY"})
_OWNER_TYPES = frozenset({"ITEM_ERROR", "OAUTH_ERROR"})
_OWNER_CODES = frozenset(
    {
        "INSTITUTION_NO_LONGER_SUPPORTED",
        "INVALID_ACCESS_TOKEN",
        "INVALID_API_KEYS",
        "UNAUTHORIZED_ENVIRONMENT",
        "UNAUTHORIZED_ROUTE_ACCESS",
    }
)


class SyncInterrupted(Exception):
    """The transactions changed between two pages of an update; it has to begin again from its first cursor."""


class CursorLost(Exception):
    """Plaid does not know a cursor any more."""

    def __init__(self, cursor: str | None) -> None:
        self.cursor = cursor
        super().__init__()


class PlaidClient:
    """One Item. Every call is bounded in time and retried by our policy only."""

    def __init__(self, connection: Connection, policy: RetryPolicy) -> None:
        import plaid
        from plaid.api.plaid_api import PlaidApi

        configuration = plaid.Configuration(
            host=base_url_of(connection, PRODUCTION_URL),
            api_key={
                "clientId": connection.secret("client_id").get_secret_value(),
                "secret": connection.secret("secret").get_secret_value(),
                "plaidVersion": _API_VERSION,
            },
        )
        configuration.retries = urllib3.Retry(0)
        self._access_token = connection.secret("access_token")
        self._api: Any = PlaidApi(plaid.ApiClient(configuration))
        self._connection, self._policy = connection, policy

    def transactions_sync(self, cursor: str | None) -> bytes:
        """One page after a cursor; None is the beginning. Raises SyncInterrupted, CursorLost, and every Problem."""
        from plaid.model.transactions_sync_request import TransactionsSyncRequest
        from plaid.model.transactions_sync_request_options import TransactionsSyncRequestOptions

        asked: dict[str, Any] = {"access_token": self._access_token.get_secret_value(), "count": PAGE_COUNT}
        if cursor is None:
            asked["options"] = TransactionsSyncRequestOptions(days_requested=LONGEST_HISTORY_DAYS)
        else:
            asked["cursor"] = cursor
        request = TransactionsSyncRequest(**asked)
        return self._call("/transactions/sync", self._api.transactions_sync, request, cursor)

    def webhook_verification_key(self, key_id: str) -> bytes:
        """The key that Plaid signs webhooks with, by its id. Raises PermanentProblem if there is none."""
        from plaid.model.webhook_verification_key_get_request import WebhookVerificationKeyGetRequest

        request = WebhookVerificationKeyGetRequest(key_id=key_id)
        return self._call("/webhook_verification_key/get", self._api.webhook_verification_key_get, request)

    def _call(self, path: str, send: Any, request: Any, cursor: str | None = None) -> bytes:
        where = f"connection {self._connection.id}, {path}"
        return self._policy.call(where, lambda: self._attempt(path, send, request, cursor, where))

    def _attempt(self, path: str, send: Any, request: Any, cursor: str | None, where: str) -> bytes:
        import plaid

        self._policy.admit(where, limits_of(self._connection.id, path))
        try:
            answer = send(request, _preload_content=False, _request_timeout=self._policy.timeout)
            return self._policy.body(answer)
        except plaid.ApiException as refused:
            raise self._problem(refused, cursor) from None
        except (AttributeError, UnicodeDecodeError) as unread:
            # plaid-python decodes the body of every error: one without a body, or not UTF-8, ends here.
            if not isinstance(unread.__context__, plaid.ApiException):
                raise
            raise self._problem(unread.__context__, cursor) from None
        except urllib3.exceptions.HTTPError as broken:
            raise Transient(f"the connection failed ({type(broken).__name__})") from None

    def _problem(self, refused: Any, cursor: str | None) -> Exception:
        """What a refusal means. Only Plaid's codes are told: its messages may name what was sent."""
        status = int(refused.status or 0)
        error = _error_of(refused.body)
        kind, code = str(error.get("error_type") or ""), str(error.get("error_code") or f"HTTP {status}")
        if code == "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION":
            return SyncInterrupted()
        if code == "INVALID_CURSOR" or (code == "INVALID_FIELD" and "cursor" in str(error.get("error_message"))):
            return CursorLost(cursor)
        headers = refused.headers or {}
        transient = kind in _TRANSIENT_TYPES or code in _TRANSIENT_CODES or not status
        if transient and code not in _OWNER_CODES:
            return Transient(f"Plaid said {code}", retry_after_s(headers))
        if again := transient_of(status, headers, f"Plaid said {code}"):
            return again
        if kind in _OWNER_TYPES or code in _OWNER_CODES or status in (401, 403):
            return self._needs_its_owner(kind, code)
        return PermanentProblem(
            f"Plaid refused the request with {code}.",
            where=f"connection {self._connection.id}",
            kept="The cursor stays where it was.",
            todo=f"Plaid's request id is {error.get('request_id') or 'unknown'}.",
        )

    def _needs_its_owner(self, kind: str, code: str) -> NeedsItsOwner:
        named = ", ".join(self._connection.secrets[name] for name in ("client_id", "secret", "access_token"))
        todo = "Log in to the bank again through Plaid Link in update mode; the access token stays the same."
        return NeedsItsOwner(
            f"Plaid refused the connection with {code}.",
            where=f"connection {self._connection.id}",
            kept="The cursor stays where it was.",
            todo=todo if kind in _OWNER_TYPES else f"Check the environment variables {named}, and base_url.",
        )


def limits_of(connection_id: str, path: str) -> tuple[Limit, ...]:
    """What Plaid allows one Item on one path."""
    return (Limit(f"plaid/{connection_id}{path}", _CALLS_A_MINUTE[path], per_s=60),)


def _error_of(body: Any) -> dict[str, Any]:
    """Plaid's error object; empty if a body is not one, for example a proxy's page."""
    try:
        found = parse_json(body or b"")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
