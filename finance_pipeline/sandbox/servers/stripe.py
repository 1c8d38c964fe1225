"""Stripe's API for one account: lists, single objects, the balance, events, and idempotent metadata updates."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from finance_pipeline.core.identity import digest, exact_json, parse_json
from finance_pipeline.sandbox.servers.calls import Answer, Call, json_list
from finance_pipeline.sandbox.servers.credentials import secrets_of
from finance_pipeline.sandbox.servers.log import EventLog, Served, file_version
from finance_pipeline.sandbox.servers.stripe_events import NAMES, events_of
from finance_pipeline.sandbox.servers.stripe_lists import (
    RESOURCES,
    Refused,
    Resource,
    missing,
    newest_first,
    page_of,
    selected,
)
from finance_pipeline.sandbox.servers.stripe_state import StripeState

Row = tuple[str, ...]
"""An object's id and JSON text."""
DEFAULT_VERSION = "2026-03-25.dahlia"
_NAME_OF_PREFIX = {
    "txn": "balance_transactions",
    "po": "payouts",
    "dp": "disputes",
    "du": "disputes",
    "ch": "charges",
    "py": "charges",
    "re": "refunds",
    "pyr": "refunds",
    "cus": "customers",
    "in": "invoices",
}


class Stripe:
    """One account."""

    def __init__(self, connection: str, served: Served, state_file: Path) -> None:
        self.served, self.state = served, StripeState(state_file)
        self.largest_page: int | None = None
        self._key = secrets_of(connection, "stripe")["api_key"]
        self._members: tuple[tuple[int, int], pl.DataFrame] | None = None

    def answer(self, call: Call) -> Answer:
        try:
            self._authorise(call)
            answer = self._post(call) if call.method == "POST" else Answer.spliced(self._get(call))
        except Refused as refused:
            answer = _error(refused)
        headers = {"Request-Id": f"req_{call.request_id[:14]}", "Stripe-Version": _version(call), **answer.headers}
        return Answer(answer.status, answer.body, headers)

    def refusal(self, kind: str, call: Call, retry_after_s: int) -> Answer:
        refused = {
            "status_429": Refused("Too many requests.", status=429, code="rate_limit"),
            "bare_429": Refused("Too many requests.", status=429, code="rate_limit"),
            "day_limit": Refused("Too many requests.", status=429, code="rate_limit"),
            "status_500": Refused("An unknown error occurred.", status=500, kind="api_error"),
            "unauthorised": Refused("Invalid API Key provided: sk_test_****", status=401),
            "login_required": Refused("Expired API Key provided: sk_test_****", status=401, code="api_key_expired"),
            "forbidden": Refused("The provided key does not have the required permissions.", status=403),
        }[kind]
        answer = _error(refused)
        headers = {"Request-Id": f"req_{call.request_id[:14]}"}
        named = kind in ("status_429", "day_limit")
        more = {"Retry-After": str(retry_after_s), "Stripe-Should-Retry": "true"} if named else {}
        return Answer(answer.status, answer.body, headers | more)

    def forget_tokens(self, *, next_too: bool) -> None:
        """Stripe's keys do not expire."""

    def _authorise(self, call: Call) -> None:
        given = call.bearer or (call.basic or ("", ""))[0]
        if not given:
            raise Refused("You did not provide an API key.", status=401)
        if given != self._key:
            shown = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 16 else "****"
            raise Refused(f"Invalid API Key provided: {shown}", status=401)

    def _get(self, call: Call) -> str:
        version, _, rest = call.path.partition("/")
        name, _, object_id = rest.partition("/")
        if version == "v1" and name == "balance" and not object_id:
            return self._balance(call)
        if version != "v1" or name not in RESOURCES or "/" in object_id:
            message = f"Unrecognized request URL ({call.method}: /{call.path})."
            raise Refused(message, status=404)
        resource, frame = RESOURCES[name], newest_first(self._frame(name, call))
        expanded = [value for key, value in call.query if re.fullmatch(r"expand(\[\d*\])?", key)]
        if object_id:
            found = frame.filter(pl.col("id") == object_id)
            if name == "customers" and found.is_empty() and object_id in self._log(name).events["id"]:
                return json.dumps({"id": object_id, "object": "customer", "deleted": True})
            return self._shown(_only(found, resource, object_id), resource, expanded, call)
        rows = selected(self._of_payout(frame, call), resource, call.query)
        page, more = page_of(rows, resource, call.query, frame, self.largest_page)
        below = [path.removeprefix("data.") for path in expanded if path.startswith("data.")]
        shown = json_list(self._shown(row, resource, below, call) for row in page.select("id", "json").rows())
        return f'{{"object":"list","data":{shown},"has_more":{json.dumps(more)},"url":"/v1/{name}"}}'

    def _log(self, name: str) -> EventLog:
        return self.served.log(RESOURCES[name].kind, RESOURCES[name].fields)

    def _frame(self, name: str, call: Call) -> pl.DataFrame:
        if name == "events":
            logs = {r.kind: self._log(each) for each, r in RESOURCES.items() if r.kind in NAMES}
            return events_of(logs, call.now, _version(call))
        return self._log(name).current(call.now)

    def _of_payout(self, frame: pl.DataFrame, call: Call) -> pl.DataFrame:
        """The members of the payout that a query asks for, its own negative row included. Raises Refused as Stripe."""
        asked = dict(call.query).get("payout")
        if asked is None or call.path != "v1/balance_transactions":
            return frame
        payouts = RESOURCES["payouts"]
        found = self._frame("payouts", call).filter(pl.col("id") == asked)
        if found.is_empty():
            raise missing(payouts, asked, param="payout", status=400)
        payout = found.row(0, named=True)
        if payout["automatic"] == "false":
            message = "Balance transaction history can only be filtered on automatic transfers, not manual."
            raise Refused(message, param="payout")
        if payout["reconciliation_status"] not in (None, "completed"):
            return frame.clear()
        members = self._payout_members().filter(pl.col("payout_id") == asked)["balance_transaction_id"].to_list()
        return frame.filter(pl.col("id").is_in([*members, payout["balance_transaction"]]))

    def _payout_members(self) -> pl.DataFrame:
        file = self.served.folder / "payout_members.parquet"
        version = file_version(file)
        if self._members is None or self._members[0] != version:
            empty = pl.DataFrame(schema={"payout_id": pl.String, "balance_transaction_id": pl.String})
            self._members = (version, pl.read_parquet(file) if file.exists() else empty)
        return self._members[1]

    def _balance(self, call: Call) -> str:
        """What is available and what is pending by currency: the net of all rows, parted by the day they settle."""
        rows = self._frame("balance_transactions", call)
        settled = pl.col("available_on") <= int(call.now.timestamp())
        sums = rows.group_by("currency", maintain_order=True).agg(
            available=pl.col("net").filter(settled).sum(), pending=pl.col("net").filter(~settled).sum()
        )
        parts = {
            name: [
                {"amount": amount, "currency": currency, "source_types": {"card": amount}}
                for currency, amount in sums.sort("currency").select("currency", name).iter_rows()
            ]
            for name in ("available", "pending")
        }
        return exact_json({"object": "balance", "livemode": False, **parts})

    def _shown(self, row: Row, resource: Resource, expanded: Sequence[str], call: Call) -> str:
        """One object as this call sees it: what the log holds expanded is an id unless expanded (a list is not there at
        all), metadata as set.

        The raw text is kept wherever nothing has to change; where something has, numbers stay digit for digit.
        """
        object_id, text = row
        collapsed = set(resource.embedded) - {path.partition(".")[0] for path in expanded}
        looked_up = [path for path in expanded if path not in resource.embedded]
        metadata = self.state.metadata.get(object_id)
        if not collapsed and not looked_up and metadata is None:
            return text
        value = parse_json(text)
        for name in collapsed:
            if isinstance(here := value.get(name), dict):
                value = value | {name: here["id"]} if "id" in here else {k: v for k, v in value.items() if k != name}
        for path in looked_up:
            self._expand(value, path.split("."), call)
        return exact_json(value if metadata is None else value | {"metadata": metadata})

    def _expand(self, value: dict[str, Any], path: list[str], call: Call) -> None:
        """Replace the id at a path by its object. Raises Refused for a property that is no reference."""
        here = value.get(path[0])
        if isinstance(here, str):
            name = _NAME_OF_PREFIX.get(here.partition("_")[0])
            found = self._frame(name, call).filter(pl.col("id") == here) if name else pl.DataFrame()
            if found.is_empty():
                message = f"This property cannot be expanded ({'.'.join(path)})."
                raise Refused(message, param="expand")
            here = value[path[0]] = parse_json(found["json"][0])
        if len(path) > 1 and isinstance(here, dict):
            self._expand(here, path[1:], call)

    def _post(self, call: Call) -> Answer:
        """Run a POST once per idempotency key: the same key and call give the first answer again."""
        key = call.headers.get("idempotency-key")
        if not key:
            return self._update(call)
        fingerprint = digest(call.method, call.path, *(f"{name}={value}" for name, value in sorted(call.form)))
        kept = self.state.kept(key)
        if kept is None:
            answer = self._update(call)
            self.state.keep(key, fingerprint, f"req_{call.request_id[:14]}", answer)
            return answer
        if kept.fingerprint != fingerprint:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise Refused(message, kind="idempotency_error")
        headers = {"Idempotent-Replayed": "true", "Original-Request": kept.request_id, "Idempotency-Key": key}
        return Answer(kept.answer.status, kept.answer.body, headers)

    def _update(self, call: Call) -> Answer:
        """POST /v1/{payouts,charges,disputes,refunds}/{id}: sets metadata; an empty value takes a key away."""
        _, _, rest = call.path.partition("/")
        name, _, object_id = rest.partition("/")
        if name not in RESOURCES or RESOURCES[name].kind not in NAMES or not object_id or "/" in object_id:
            raise Refused(f"Unrecognized request URL (POST: /{call.path}).", status=404)
        resource = RESOURCES[name]
        row = _only(self._frame(name, call).filter(pl.col("id") == object_id), resource, object_id)
        metadata: dict[str, str] = dict(parse_json(self._shown(row, resource, (), call)).get("metadata") or {})
        for key, value in call.form:
            set_key = re.fullmatch(r"metadata\[([^\]]{1,40})\]", key)
            if not set_key:
                raise Refused(f"Received unknown parameter: {key}", code="parameter_unknown", param=key)
            metadata[set_key[1]] = value
        self.state.set_metadata(object_id, {key: value for key, value in metadata.items() if value})
        return Answer.spliced(self._shown(row, resource, (), call))


def _only(found: pl.DataFrame, resource: Resource, object_id: str) -> Row:
    if found.is_empty():
        raise missing(resource, object_id)
    return found.select("id", "json").row(0)


def _version(call: Call) -> str:
    return call.headers.get("stripe-version", DEFAULT_VERSION)


def _error(refused: Refused) -> Answer:
    error = {"message": refused.message, "type": refused.kind}
    error |= {name: value for name, value in (("code", refused.code), ("param", refused.param)) if value}
    return Answer.of({"error": error}, refused.status)
