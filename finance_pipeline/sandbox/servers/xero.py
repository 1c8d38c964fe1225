"""Xero's API for one organisation: client-credentials tokens, tenants, lists, rate limits and their headers."""

from __future__ import annotations

import json
import re
import secrets
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import polars as pl

from finance_pipeline.core.identity import exact_json, parse_json
from finance_pipeline.sandbox.servers.calls import Answer, Call, json_list
from finance_pipeline.sandbox.servers.credentials import secrets_of, tenant_of
from finance_pipeline.sandbox.servers.log import Served
from finance_pipeline.sandbox.servers.xero_query import Endpoint, Unreadable, modified_since, page_of, selected
from finance_pipeline.sandbox.servers.xero_reports import trial_balance

TOKEN_LASTS_S = 1800
_API = "api.xro/2.0/"
_MINUTE_S, _DAY_S = 60, 86_400
ENDPOINTS = {
    "Invoices": Endpoint("invoice", "Invoices", "InvoiceNumber", lines=True),
    "CreditNotes": Endpoint("credit_note", "CreditNotes", "CreditNoteNumber", lines=True),
    "Payments": Endpoint("payment", "Payments"),
    "Contacts": Endpoint("contact", "Contacts", "ContactNumber"),
    "Accounts": Endpoint("account", "Accounts", "Code", paged=False),
    "Organisation": Endpoint("organisation", "Organisations", paged=False),
    "BankTransactions": Endpoint("bank_transaction", "BankTransactions"),
    "BankTransfers": Endpoint("bank_transfer", "BankTransfers", paged=False),
    "BatchPayments": Endpoint("batch_payment", "BatchPayments", paged=False),
    "Overpayments": Endpoint("overpayment", "Overpayments"),
    "Prepayments": Endpoint("prepayment", "Prepayments"),
    "ManualJournals": Endpoint("manual_journal", "ManualJournals"),
    "Currencies": Endpoint("currency", "Currencies", paged=False),
    "TaxRates": Endpoint("tax_rate", "TaxRates", paged=False),
}


class Refused(Exception):
    """An error in Xero's form for who may not come in: 401 or 403, with the detail."""

    def __init__(self, status: int, detail: str) -> None:
        self.status, self.detail = status, detail
        super().__init__(detail)


@dataclass
class Limits:
    """Calls that a tenant may make; None: as many as it likes. Times are of a clock that only goes forward."""

    per_minute: int | None = None
    per_day: int | None = None
    _seen: deque[float] = field(default_factory=deque)

    def admit(self, now_s: float) -> tuple[str, int] | None:
        """Count a call. None if it may pass, else which limit it hit and after how many seconds to come again."""
        while self._seen and self._seen[0] <= now_s - _DAY_S:
            self._seen.popleft()
        last_minute = [seen for seen in self._seen if seen > now_s - _MINUTE_S]
        if self.per_day is not None and len(self._seen) >= self.per_day:
            return "day", int(self._seen[0] + _DAY_S - now_s) + 1
        if self.per_minute is not None and len(last_minute) >= self.per_minute:
            return "minute", int(last_minute[0] + _MINUTE_S - now_s) + 1
        if self.per_day is not None or self.per_minute is not None:
            self._seen.append(now_s)
        return None

    def headers(self, now_s: float) -> dict[str, str]:
        """What is left, as Xero's headers say it; a limit that is off shows as never used."""
        recent = sum(seen > now_s - _MINUTE_S for seen in self._seen)
        return {
            "X-MinLimit-Remaining": str(60 if self.per_minute is None else max(0, self.per_minute - recent)),
            "X-DayLimit-Remaining": str(5000 if self.per_day is None else max(0, self.per_day - len(self._seen))),
            "X-AppMinLimit-Remaining": "10000",
        }


class Xero:
    """One organisation, and the identity server that gives tokens for it."""

    def __init__(self, connection: str, served: Served) -> None:
        self.connection, self.served, self.limits = connection, served, Limits()
        self._secrets = secrets_of(connection, "xero")
        self.largest_page: int | None = None
        self._expiry_s: dict[str, float] = {}
        self._next_is_stillborn = False

    def answer(self, call: Call) -> Answer:
        if call.path == "connect/token":
            return self._token(call)
        try:
            self._authorise(call)
            if call.path == "connections":
                return Answer.of([self._connection()])
            self._check_tenant(call)
        except Refused as refused:
            return _refused(refused.status, refused.detail, call)
        now_s = time.monotonic()
        if hit := self.limits.admit(now_s):
            return _too_many(*hit, self.limits.headers(now_s))
        try:
            answer = self._get(call)
        except Unreadable as wrong:
            answer = Answer.of({"ErrorNumber": 16, "Type": wrong.kind, "Message": str(wrong)}, 400)
        return Answer(answer.status, answer.body, {**self.limits.headers(now_s), **answer.headers}, answer.content_type)

    def refusal(self, kind: str, call: Call, retry_after_s: int) -> Answer:
        headers = self.limits.headers(time.monotonic())
        if kind in ("status_429", "day_limit"):
            return _too_many("day" if kind == "day_limit" else "minute", retry_after_s, headers)
        if kind == "bare_429":
            return Answer(429, b"", headers)
        if kind == "status_500":
            return Answer.of({"Title": "An error occurred", "Status": 500, "Detail": "An unexpected error"}, 500)
        if kind == "forbidden":
            return _refused(403, "AuthenticationUnsuccessful", call)
        if call.path == "connect/token":
            return Answer.of({"error": "invalid_client"}, 400)
        return _refused(401, "AuthenticationUnsuccessful", call)

    def forget_tokens(self, *, next_too: bool) -> None:
        self._expiry_s = dict.fromkeys(self._expiry_s, 0.0)
        self._next_is_stillborn = next_too

    def _token(self, call: Call) -> Answer:
        form = dict(call.form)
        given = call.basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if call.method != "POST" or given != (self._secrets["client_id"], self._secrets["client_secret"]):
            return Answer.of({"error": "invalid_client"}, 400)
        if form.get("grant_type") != "client_credentials":
            return Answer.of({"error": "unsupported_grant_type"}, 400)
        token = secrets.token_urlsafe(48)
        self._expiry_s[token] = 0.0 if self._next_is_stillborn else time.monotonic() + TOKEN_LASTS_S
        self._next_is_stillborn = False
        scope = form.get("scope") or "accounting.transactions.read accounting.contacts.read accounting.settings.read"
        return Answer.of({"access_token": token, "expires_in": TOKEN_LASTS_S, "token_type": "Bearer", "scope": scope})

    def _authorise(self, call: Call) -> None:
        expires_s = self._expiry_s.get(call.bearer or "")
        if expires_s is None:
            raise Refused(401, "AuthenticationUnsuccessful")
        if expires_s <= time.monotonic():
            raise Refused(401, "TokenExpired: token expired")

    def _check_tenant(self, call: Call) -> None:
        if call.headers.get("xero-tenant-id") not in {tenant_of(self.connection), *self._organisations(call)["id"]}:
            raise Refused(403, "AuthenticationUnsuccessful")

    def _organisations(self, call: Call) -> pl.DataFrame:
        return self._rows(ENDPOINTS["Organisation"], call)

    def _connection(self) -> dict[str, str]:
        latest = self.served.log("organisation", ENDPOINTS["Organisation"].fields).events["id"]
        tenant = latest[-1] if len(latest) else tenant_of(self.connection)
        named = {"tenantId": tenant, "tenantType": "ORGANISATION", "tenantName": self.connection}
        return {"id": tenant_of(self.connection), **named}

    def _rows(self, endpoint: Endpoint, call: Call) -> pl.DataFrame:
        return self.served.log(endpoint.kind, endpoint.fields).current(call.now)

    def _get(self, call: Call) -> Answer:
        name, _, one = call.path.removeprefix(_API).partition("/")
        if call.path.startswith(_API) and name == "Journals":
            return _refused(401, "AuthorizationUnsuccessful", call)
        if call.path == f"{_API}Reports/TrialBalance":
            asked = dict(call.query).get("date")
            on = date.fromisoformat(asked[:10]) if asked else call.now.date()
            return Answer(200, trial_balance(self.served, on, call.now))
        if call.method != "GET" or not call.path.startswith(_API) or name not in ENDPOINTS:
            return Answer(404, b"The resource you're looking for cannot be found", content_type="text/html")
        endpoint, query = ENDPOINTS[name], dict(call.query)
        rows = self._rows(endpoint, call)
        if one:
            return self._one(rows, endpoint, one, call)
        since = modified_since(call.headers.get("if-modified-since"))
        page = page_of(selected(rows, endpoint, query, since), endpoint, query, self.largest_page)
        if since is not None and not endpoint.paged and page.rows.is_empty():
            return Answer(304, b"")
        texts = page.rows["json"].to_list()
        if endpoint.lines and ("page" not in query or query.get("summaryOnly", "").lower() == "true"):
            texts = [_summary(text) for text in texts]
        return _envelope(endpoint, texts, page.pagination, call)

    def _one(self, rows: pl.DataFrame, endpoint: Endpoint, wanted: str, call: Call) -> Answer:
        condition = pl.col("id") == wanted
        if endpoint.number:
            condition |= pl.col("json").str.json_path_match(f"$.{endpoint.number}") == wanted
        found = rows.filter(condition)["json"].to_list()
        if not found:
            return Answer(404, b"The resource you're looking for cannot be found", content_type="text/html")
        return _envelope(endpoint, found[:1], None, call)


def _envelope(endpoint: Endpoint, texts: list[str], pagination: object, call: Call) -> Answer:
    head: dict[str, object] = {
        "Id": str(uuid.uuid5(uuid.NAMESPACE_OID, call.request_id)),
        "Status": "OK",
        "ProviderName": "Finance Pipeline Sandbox",
        "DateTimeUTC": f"/Date({int(call.now.timestamp() * 1000)})/",
    }
    if pagination is not None:
        head["pagination"] = pagination
    records = json_list(texts)
    if dict(call.query).get("unitdp") != "4":
        records = re.sub(r'("UnitAmount"\s*:\s*)(-?\d+\.\d{3,})', _two_decimals, records)
    return Answer.spliced(f'{json.dumps(head)[:-1]}, "{endpoint.key}": {records}}}')


def _two_decimals(found: re.Match[str]) -> str:
    return found[1] + str(Decimal(found[2]).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _summary(text: str) -> str:
    """A record without its line items, as Xero lists it when no page was asked for."""
    return exact_json(parse_json(text) | {"LineItems": []})


def _refused(status: int, detail: str, call: Call) -> Answer:
    body: dict[str, object] = {
        "Type": None,
        "Title": "Unauthorized" if status == 401 else "Forbidden",
        "Status": status,
        "Detail": detail,
        "Instance": str(uuid.uuid5(uuid.NAMESPACE_OID, call.request_id)),
        "Extensions": {},
    }
    return Answer.of(body, status)


def _too_many(limit: str, retry_after_s: int, headers: dict[str, str]) -> Answer:
    return Answer(429, b"", headers | {"Retry-After": str(retry_after_s), "X-Rate-Limit-Problem": limit})
