"""Plaid's API for one Item: transactions/sync, accounts, balances, the Item itself.

A cursor says which position of the log its owner has seen, and, within an update, which position the update leads to
and how much of it was served. So the server keeps no state, and a page asked for twice is the same page.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import polars as pl

from finance_pipeline.core.identity import digest
from finance_pipeline.sandbox.servers.calls import Answer, Call, json_list
from finance_pipeline.sandbox.servers.credentials import secrets_of
from finance_pipeline.sandbox.servers.log import EventLog, Served
from finance_pipeline.sandbox.servers.webhooks import plaid_key, plaid_key_id

DEFAULT_COUNT, LARGEST_COUNT = 100, 500
DEFAULT_HISTORY_DAYS, LONGEST_HISTORY_DAYS = 90, 730
_MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
_MUTATED = "Underlying transaction data changed since last page was fetched. Please restart pagination."
_TRANSACTION_FIELDS = {"date": ("$.date", pl.String()), "account_id": ("$.account_id", pl.String())}


class Refused(Exception):
    """An error in Plaid's form: HTTP status, error_type, error_code, error_message."""

    def __init__(self, error_type: str, code: str, message: str, status: int = 400) -> None:
        self.error_type, self.code, self.message, self.status = error_type, code, message, status
        super().__init__(message)


@dataclass(frozen=True)
class Cursor:
    """base: position already seen. upto: position that the update under way leads to. served: changes of it served."""

    base: int
    upto: int
    served: int
    since: str
    """First day of the history that was asked for at the first call."""

    def encode(self, log: EventLog, connection: str) -> str:
        packed = json.dumps({**asdict(self), "seal": self._seal(log, connection)}, separators=(",", ":"))
        return base64.b64encode(packed.encode()).decode()

    @classmethod
    def decode(cls, text: str, log: EventLog, connection: str) -> Cursor:
        """Raises Refused for a text that is no cursor of this Item, or of a history that is no more."""
        try:
            packed = json.loads(base64.b64decode(text, validate=True))
            seal = packed.pop("seal")
            cursor = cls(**packed)
        except (binascii.Error, ValueError, TypeError, KeyError, AttributeError):
            raise Refused("INVALID_REQUEST", "INVALID_FIELD", "cursor is not a valid cursor") from None
        if cursor.upto > log.events.height or seal != cursor._seal(log, connection):
            raise Refused("INVALID_REQUEST", "INVALID_FIELD", "cursor not associated with access_token")
        return cursor

    def _seal(self, log: EventLog, connection: str) -> str:
        return digest("cursor", connection, *asdict(self).values(), log.mark(self.base), log.mark(self.upto))[:16]


class Plaid:
    """One Item."""

    def __init__(self, connection: str, served: Served) -> None:
        self.connection, self.served = connection, served
        self.largest_page: int | None = None
        self._secrets = secrets_of(connection, "plaid")
        self._changes = lru_cache(maxsize=2)(_changes)

    def answer(self, call: Call) -> Answer:
        answers = {
            "transactions/sync": self._sync,
            "accounts/get": self._accounts,
            "accounts/balance/get": self._accounts,
            "item/get": self._item_get,
            "webhook_verification_key/get": self._webhook_key,
        }
        try:
            answer = answers.get(call.path)
            if answer is None or call.method != "POST":
                raise Refused("INVALID_REQUEST", "NOT_FOUND", "the requested endpoint does not exist", 404)
            return answer(call, self._authorised_body(call))
        except Refused as refused:
            return _error(refused, call)

    def refusal(self, kind: str, call: Call, retry_after_s: int) -> Answer:
        refused = {
            "status_429": Refused("RATE_LIMIT_EXCEEDED", "RATE_LIMIT", "rate limit exceeded", 429),
            "bare_429": Refused("RATE_LIMIT_EXCEEDED", "RATE_LIMIT", "rate limit exceeded", 429),
            "day_limit": Refused("RATE_LIMIT_EXCEEDED", "RATE_LIMIT", "rate limit exceeded", 429),
            "cursor_mutation": Refused("TRANSACTIONS_ERROR", _MUTATION, _MUTATED),
            "lost_cursor": Refused("INVALID_REQUEST", "INVALID_FIELD", "cursor not associated with access_token"),
            "status_500": Refused("API_ERROR", "INTERNAL_SERVER_ERROR", "an unexpected error occurred", 500),
            "login_required": Refused(
                "ITEM_ERROR", "ITEM_LOGIN_REQUIRED", "the login details of this item have changed"
            ),
            "unauthorised": Refused("INVALID_INPUT", "INVALID_API_KEYS", "invalid client_id or secret provided"),
            "forbidden": Refused("INVALID_INPUT", "UNAUTHORIZED_ENVIRONMENT", "you are not authorized", 400),
        }[kind]
        return _error(refused, call, {"Retry-After": str(retry_after_s)} if kind in ("status_429", "day_limit") else {})

    def forget_tokens(self, *, next_too: bool) -> None:
        """Plaid's access tokens do not expire."""

    def _authorised_body(self, call: Call) -> dict[str, Any]:
        try:
            body = json.loads(call.body or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused("INVALID_REQUEST", "INVALID_BODY", "body could not be parsed as JSON")
        given = (
            call.headers.get("plaid-client-id") or body.get("client_id"),
            call.headers.get("plaid-secret") or body.get("secret"),
        )
        if given != (self._secrets["client_id"], self._secrets["secret"]):
            raise Refused("INVALID_INPUT", "INVALID_API_KEYS", "invalid client_id or secret provided")
        if call.path == "webhook_verification_key/get":
            return body
        if "access_token" not in body:
            fields = "the following required fields are missing: access_token"
            raise Refused("INVALID_REQUEST", "MISSING_FIELDS", fields)
        if body["access_token"] != self._secrets["access_token"]:
            raise Refused("INVALID_INPUT", "INVALID_ACCESS_TOKEN", "could not find matching access token")
        return body

    def _webhook_key(self, call: Call, body: dict[str, Any]) -> Answer:
        if body.get("key_id") != plaid_key_id(self.connection):
            raise Refused("INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID", "invalid key_id provided")
        return Answer.of({"key": plaid_key(self.connection), "request_id": call.request_id})

    def _sync(self, call: Call, body: dict[str, Any]) -> Answer:
        log = self.served.log("transaction", _TRANSACTION_FIELDS)
        count, cursor = _count(body), self._cursor(call, body, log)
        changes = self._changes(log, cursor.base, cursor.upto, cursor.since)
        page = changes.slice(cursor.served, min(count, self.largest_page or count))
        seen = cursor.served + page.height
        has_more = seen < changes.height
        following = (
            Cursor(cursor.base, cursor.upto, seen, cursor.since)
            if has_more
            else Cursor(cursor.upto, cursor.upto, 0, cursor.since)
        )
        ready = log.position(call.now) > 0
        return _spliced(
            {
                "accounts": json_list(self._account_frame(call)["json"]),
                "added": _texts(page, "added"),
                "modified": _texts(page, "modified"),
                "removed": _texts(page, "removed"),
                "has_more": json.dumps(has_more),
                "next_cursor": json.dumps(following.encode(log, self.connection) if ready else ""),
                "transactions_update_status": '"HISTORICAL_UPDATE_COMPLETE"' if ready else '"NOT_READY"',
            },
            call,
        )

    def _cursor(self, call: Call, body: dict[str, Any], log: EventLog) -> Cursor:
        """Where this call continues. Raises Refused for an unknown cursor, or if the log moved on between two pages."""
        position = log.position(call.now)
        if not body.get("cursor"):
            return Cursor(0, position, 0, str(_first_day(call, body)))
        cursor = Cursor.decode(str(body["cursor"]), log, self.connection)
        if cursor.served == 0:
            return Cursor(cursor.base, max(position, cursor.base), 0, cursor.since)
        if position != cursor.upto:
            raise Refused("TRANSACTIONS_ERROR", _MUTATION, _MUTATED)
        return cursor

    def _account_frame(self, call: Call) -> pl.DataFrame:
        return self.served.log("account").current(call.now).sort("id")

    def _accounts(self, call: Call, body: dict[str, Any]) -> Answer:
        accounts = self._account_frame(call)
        wanted = (body.get("options") or {}).get("account_ids")
        if wanted is not None:
            if not set(wanted) <= set(accounts["id"]):
                raise Refused("INVALID_INPUT", "INVALID_ACCOUNT_ID", "one of the account_ids is not of this item")
            accounts = accounts.filter(pl.col("id").is_in(list(wanted)))
        return _spliced({"accounts": json_list(accounts["json"]), "item": json.dumps(self._item())}, call)

    def _item_get(self, call: Call, body: dict[str, Any]) -> Answer:  # noqa: ARG002
        log = self.served.log("transaction", _TRANSACTION_FIELDS)
        position = log.position(call.now)
        last = log.events["visible_at"][position - 1].isoformat() if position else None
        status = {"transactions": {"last_successful_update": last, "last_failed_update": None}, "last_webhook": None}
        return _spliced({"item": json.dumps(self._item()), "status": json.dumps(status)}, call)

    def _item(self) -> dict[str, Any]:
        return {
            "item_id": f"item-{self.connection}",
            "institution_id": "ins_109508",
            "institution_name": "Sandbox Bank",
            "webhook": "",
            "error": None,
            "available_products": ["balance"],
            "billed_products": ["transactions"],
            "products": ["transactions"],
            "consent_expiration_time": None,
            "update_type": "background",
        }


def _changes(log: EventLog, base: int, upto: int, since: str) -> pl.DataFrame:
    """Net changes between two positions of what is not older than the history that was asked for."""
    changes = log.net_changes(base, upto)
    known = pl.coalesce("date", pl.col("before").str.json_path_match("$.date"))
    return changes.filter(known >= since)


def _texts(page: pl.DataFrame, change: str) -> str:
    """The records of one kind of change as a JSON array; what was removed is only named."""
    rows = page.filter(pl.col("change") == change)
    if change != "removed":
        return json_list(rows["json"])
    account = pl.coalesce("account_id", pl.col("before").str.json_path_match("$.account_id"))
    named = rows.select(transaction_id="id", account_id=account).to_dicts()
    return json.dumps(named)


def _count(body: dict[str, Any]) -> int:
    count = body.get("count", DEFAULT_COUNT)
    if type(count) is not int or not 1 <= count <= LARGEST_COUNT:
        raise Refused("INVALID_REQUEST", "INVALID_FIELD", f"count must be between 1 and {LARGEST_COUNT}")
    return count


def _first_day(call: Call, body: dict[str, Any]) -> date:
    """The first day of history: 90 days back unless the first call asks for more, as for a real Item."""
    days = (body.get("options") or {}).get("days_requested", DEFAULT_HISTORY_DAYS)
    if type(days) is not int or not 1 <= days <= LONGEST_HISTORY_DAYS:
        message = f"days_requested must be between 1 and {LONGEST_HISTORY_DAYS}"
        raise Refused("INVALID_REQUEST", "INVALID_FIELD", message)
    return call.now.date() - timedelta(days=days)


def _spliced(parts: dict[str, str], call: Call) -> Answer:
    """An object whose values are JSON texts already."""
    members = [*parts.items(), ("request_id", json.dumps(call.request_id))]
    return Answer.spliced("{" + ",".join(f'"{name}":{text}' for name, text in members) + "}")


def _error(refused: Refused, call: Call, headers: dict[str, str] | None = None) -> Answer:
    body = {
        "display_message": None,
        "documentation_url": "https://plaid.com/docs/errors/",
        "error_code": refused.code,
        "error_message": refused.message,
        "error_type": refused.error_type,
        "request_id": call.request_id,
        "suggested_action": None,
    }
    return Answer.of(body, refused.status, headers)
