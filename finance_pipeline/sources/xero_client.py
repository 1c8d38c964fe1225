"""Xero's Accounting API through xero-python: tokens, raw bytes out, its errors sorted for whom they are.

Here: one organisation's calls. Not here: pages, cursors, evidence.
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import urllib3

from finance_pipeline.core.identity import digest, parse_json
from finance_pipeline.core.problems import NeedsItsOwner, PermanentProblem
from finance_pipeline.core.settings import Connection
from finance_pipeline.sources.gather import base_url_of
from finance_pipeline.sources.http import RetryPolicy, Transient, transient_of
from finance_pipeline.sources.limits import Limit

API_URL, TOKEN_URL = "https://api.xero.com", "https://identity.xero.com/connect/token"
_API_PATH = "/api.xro/2.0"
_CALLS_A_MINUTE, _CALLS_A_DAY, _CALLS_OF_AN_APP_A_MINUTE = 60, 5_000, 10_000
_RENEW_BEFORE_S = 60
_RAN_OUT = "TokenExpired"
_TOKEN_REFUSALS = frozenset({"invalid_client", "unauthorized_client", "invalid_scope", "access_denied"})


@dataclass(frozen=True)
class _Token:
    text: str
    good_until_s: float
    """On the clock of time.monotonic."""


_TOKENS: dict[str, _Token] = {}
"""Tokens of this process, by a digest of where they came from and by which secrets: a new secret is a new token."""


class Unchanged(Exception):
    """304: nothing was modified since the moment that was asked about."""


class XeroClient:
    """One organisation. Every call is bounded in time and retried by our policy only."""

    def __init__(self, connection: Connection, policy: RetryPolicy) -> None:
        self._connection, self._policy = connection, policy
        self._client_id, self._client_secret = connection.secret("client_id"), connection.secret("client_secret")
        default = f"{base_url_of(connection, '')}/connect/token" if connection.base_url else TOKEN_URL
        self._token_url = connection.token_url or default
        secrets = (self._client_id.get_secret_value(), self._client_secret.get_secret_value())
        self._token_key = digest("xero", self._token_url, *secrets)
        self._pool = urllib3.PoolManager(retries=urllib3.Retry(0), timeout=urllib3.Timeout(*policy.timeout))
        self._limits = limits_of(connection, digest("xero app", secrets[0])[:16])
        self._api = self._accounting_api()

    def _accounting_api(self) -> Any:
        from xero_python.accounting import AccountingApi
        from xero_python.api_client import ApiClient
        from xero_python.api_client.configuration import Configuration
        from xero_python.api_client.oauth2 import OAuth2Token

        # Configuration() hands out copies of one object, and ignores its arguments from the second time on: a token
        # given there would be the first connection's. Set on the copy, it is this connection's alone.
        configuration = Configuration()
        configuration.oauth2_token = OAuth2Token()
        client = ApiClient(configuration, oauth2_token_getter=self._token_for_sdk)
        client.rest_client.pool_manager.connection_pool_kw["retries"] = urllib3.Retry(0)
        return AccountingApi(client, base_url=base_url_of(self._connection, API_URL) + _API_PATH)

    def _token_for_sdk(self) -> dict[str, Any]:
        """The token in the SDK's form, which never looks at its expiry: we time it."""
        return {"access_token": self._token(), "scope": [], "expires_in": None, "token_type": "Bearer"}

    def get(self, method: str, **parameters: Any) -> bytes:
        """The raw answer to one of the SDK's reads, for example get_invoices. Raises Unchanged, and every Problem."""
        where = f"connection {self._connection.id}, {method}"
        read = partial(getattr(self._api, method), self._connection.tenant_id, **parameters)

        def attempt() -> bytes:
            self._token()
            return self._read(read, where)

        return self._policy.call(where, attempt)

    def _read(self, read: partial[Any], where: str, *, renewed: bool = False) -> bytes:
        """One call. A 401 may be a token that has run out: one new token is tried. If that is said to have run out too,
        somebody else renews at the same time, and the call is worth another attempt later."""
        from xero_python.exceptions import ApiException, HTTPStatusException

        self._policy.admit(where, self._limits)
        try:
            answer = read(_preload_content=False, _request_timeout=self._policy.timeout)
            return self._policy.body(answer)
        except HTTPStatusException as refused:
            answer = refused.http_resp.urllib3_response
        except ApiException:
            raise Transient("no secure connection could be made") from None
        except urllib3.exceptions.HTTPError as broken:
            raise Transient(f"the connection failed ({type(broken).__name__})") from None
        try:
            status, headers, body = int(answer.status), answer.headers, bytes(answer.data)
        except urllib3.exceptions.HTTPError as broken:
            raise Transient(f"the connection failed ({type(broken).__name__})") from None
        if status == 304 and read.keywords.get("if_modified_since"):
            raise Unchanged
        if status == 401:
            _TOKENS.pop(self._token_key, None)
            if not renewed:
                return self._read(read, where, renewed=True)
            if _RAN_OUT in _detail(body):
                raise Transient("Xero's token ran out as soon as it was given")
        limit = headers.get("X-Rate-Limit-Problem")
        raise self._problem(
            status, headers, body, f"Xero's limit a {limit} is reached" if limit else "Xero failed", where
        )

    def _problem(self, status: int, headers: Any, body: bytes, what: str, where: str) -> Exception:
        if again := transient_of(status, headers, what):
            return again
        kept = "The cursor stays where it was."
        if status in (401, 403):
            return NeedsItsOwner(
                f"Xero refused the connection (HTTP {status}, {_detail(body)}).",
                where=where,
                kept=kept,
                todo="Check that the app is still connected to this organisation (tenant_id), with the scopes to read "
                "transactions, contacts and settings.",
            )
        return PermanentProblem(f"Xero refused the request (HTTP {status}, {_detail(body)}).", where=where, kept=kept)

    def _token(self) -> str:
        """A token with at least a minute to live. Raises Transient and NeedsItsOwner."""
        known = _TOKENS.get(self._token_key)
        if known is None or known.good_until_s <= time.monotonic():
            known = _TOKENS[self._token_key] = self._new_token()
        return known.text

    def _new_token(self) -> _Token:
        asked_s = time.monotonic()
        pair = f"{self._client_id.get_secret_value()}:{self._client_secret.get_secret_value()}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        fields = {"grant_type": "client_credentials"}
        try:
            answer = self._pool.request_encode_body(
                "POST", self._token_url, fields=fields, headers=headers, encode_multipart=False
            )
        except urllib3.exceptions.HTTPError as broken:
            raise Transient(f"the token server did not answer ({type(broken).__name__})") from None
        where = f"connection {self._connection.id}, token"
        content = _json_object(answer.data)
        if answer.status != 200:
            raise self._token_problem(answer.status, answer.headers, str(content.get("error") or "no reason"), where)
        text, lasts_s = content.get("access_token"), content.get("expires_in")
        if not isinstance(text, str) or not isinstance(lasts_s, int):
            raise PermanentProblem("the token server's answer holds no token.", where=where, todo="Check token_url.")
        return _Token(text, asked_s + lasts_s - _RENEW_BEFORE_S)

    def _token_problem(self, status: int, headers: Any, error: str, where: str) -> Exception:
        named = ", ".join(self._connection.secrets[name] for name in ("client_id", "client_secret"))
        if status in (401, 403) or error in _TOKEN_REFUSALS:
            return NeedsItsOwner(
                f"Xero gives no token ({error if error in _TOKEN_REFUSALS else f'HTTP {status}'}).",
                where=where,
                kept="The cursor stays where it was.",
                todo=f"Check the environment variables {named}, and that the custom connection is authorised.",
            )
        if again := transient_of(status, headers, "the token server failed"):
            return again
        return PermanentProblem(f"the token server refused the request (HTTP {status}).", where=where)


def limits_of(connection: Connection, app: str) -> tuple[Limit, ...]:
    """What Xero allows a tenant a minute and a day, and an app, over all of its tenants, a minute."""
    tenant = f"xero/{connection.tenant_id or connection.id}"
    return (
        Limit(f"{tenant}/minute", _CALLS_A_MINUTE, per_s=60),
        Limit(f"{tenant}/day", connection.calls_a_day or _CALLS_A_DAY, per_s=86_400),
        Limit(f"xero-app/{app}/minute", _CALLS_OF_AN_APP_A_MINUTE, per_s=60),
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = parse_json(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _detail(body: bytes) -> str:
    """Xero's own word for a refusal: the detail or the type of the error, which never repeats what was sent."""
    content = _json_object(body)
    return str(content.get("Detail") or content.get("Type") or "no reason given")[:120]
