"""Stripe: the movements of one account's balance, its payouts with their members, its disputes, and its balance; its
customers and invoices. Charges and refunds come inside of the movements that they caused, as they are now.

Here: which windows are read, and which objects are read again. Not here: calls and their errors (`stripe_client`), or
what a movement means (the mapper).

Lists are read by `created`, from some days before the newest object seen up to a fixed bound; what changes later in an
old object is learnt from events: it is read again, and of a charge or refund its movement is. Events last 30 days: when
the last one seen is no longer listed, something may have been missed, and all is read again from long before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from finance_pipeline.core.period import local_date
from finance_pipeline.core.settings import Connection, Settings
from finance_pipeline.sources.base import Page, Update
from finance_pipeline.sources.gather import Gathering, MalformedPage, Unfit, object_of, text_of, zone_of
from finance_pipeline.sources.http import RetryPolicy
from finance_pipeline.sources.stripe_client import PAGE_COUNT, Refused, StripeClient

_DAY_S = 86_400
_OVERLAP_S = 3 * _DAY_S
_CHANGES_FOR_S = 120 * _DAY_S
"""How long an old payout or dispute may still change; read again after a gap in the events."""
_PAGES_AN_UPDATE = 20
_PATHS = {
    "balance_transaction": "/v1/balance_transactions",
    "payout": "/v1/payouts",
    "dispute": "/v1/disputes",
    "customer": "/v1/customers",
    "invoice": "/v1/invoices",
    "event": "/v1/events",
}
_WINDOWED = ("payout", "dispute", "customer", "invoice")
_WITH_MOVEMENT = ("charge", "refund")
_SHOWN = {"balance_transaction": "source", "invoice": "payments"}
"""What Stripe shows of an object only when asked: what caused a movement, and what paid an invoice."""
_EVENT_TYPES = [
    *(f"payout.{what}" for what in ("created", "updated", "paid", "failed", "canceled", "reconciliation_completed")),
    *(f"charge.dispute.{what}" for what in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")),
    *("charge.updated", "charge.refunded", "refund.updated", "refund.failed"),
    *("customer.updated", "customer.deleted", "invoice.updated", "invoice.paid", "invoice.voided"),
]
"""Twenty types is the most that Stripe lists by at once."""


class Stripe:
    """Kinds: balance_transaction (its source expanded), payout, dispute, customer, invoice, balance.

    A payout's payload is Stripe's object with one more member, `members`: the sorted ids of its balance transactions,
    its own row included; it is there once Stripe has itemised the payout.

    cursor: newest `created` seen by kind, and the newest event: {"balance_transaction": 1790000000, "payout": ...,
    "dispute": ..., "event": ..., "event_id": "evt_..."}. It never runs ahead of what Stripe has shown.
    """

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        self._policy = policy or RetryPolicy()

    def pull(
        self, connection: Connection, settings: Settings, cursor: Mapping[str, Any] | None, now: datetime
    ) -> Iterator[Update]:
        run = _Pull(connection, settings, cursor, now, self._policy)
        try:
            yield from run.movements()
            yield run.objects()
        except MalformedPage:
            yield run.gathering.update(run.cursor)
            raise


class _Pull:
    """One pull of one account. cursor: what the next update may say that was read."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        cursor: Mapping[str, Any] | None,
        now: datetime,
        policy: RetryPolicy,
    ) -> None:
        self.client, self.gathering, self.policy = StripeClient(connection, policy), Gathering(connection), policy
        self.zone, self.now = zone_of(connection, settings), now
        self.cursor: dict[str, Any] = dict(cursor or {})
        self._is_first = "balance_transaction" not in self.cursor
        self._seen: set[str] = set()

    def movements(self) -> Iterator[Update]:
        """All balance transactions of the window. The cursor moves with the last update: lists are newest first."""
        newest = self.cursor.get("balance_transaction")
        for page, records in self._window("balance_transaction"):
            newest = self._keep_all("balance_transaction", records, page, newest)
            if self.gathering.page_count >= _PAGES_AN_UPDATE:
                yield self.gathering.update(self.cursor)
        yield self.gathering.update(self._moved({"balance_transaction": newest}))

    def objects(self) -> Update:
        """Payouts, disputes, customers and invoices of their windows, what events name, and the balance: one update."""
        events, continuous = self._events()
        reach_s = _OVERLAP_S if continuous else _CHANGES_FOR_S
        newest: dict[str, Any] = {kind: self.cursor.get(kind) for kind in _WINDOWED}
        for kind in newest:
            for page, records in self._window(kind, reach_s=reach_s):
                newest[kind] = self._keep_all(kind, records, page, newest[kind])
        if not (continuous or self._is_first):
            self._movements_again(reach_s)
        for kind, object_id in self._named(events):
            if object_id not in self._seen:
                self._read_again(kind, object_id)
        self._balance()
        if events:
            latest = max(events, key=lambda event: (event["created"], event["id"]))
            newest |= {"event": latest["created"], "event_id": latest["id"]}
        return self.gathering.update(self._moved(newest))

    def _movements_again(self, reach_s: int) -> None:
        """Old movements, since what a charge or refund says of itself may have changed unseen."""
        for page, records in self._window("balance_transaction", reach_s=reach_s):
            unseen = [record for record in records if record.get("id") not in self._seen]
            self._keep_all("balance_transaction", unseen, page, None)

    def _moved(self, newest: Mapping[str, Any]) -> dict[str, Any]:
        self.cursor |= {name: value for name, value in newest.items() if value is not None}
        return self.cursor

    def _window(
        self, kind: str, reach_s: int = _OVERLAP_S, **parameters: Any
    ) -> Iterator[tuple[Page, list[dict[str, Any]]]]:
        """Pages of a kind from before the newest seen up to now, newest first."""
        window = {"lte": int(self.now.timestamp())}
        if kind in self.cursor:
            window["gte"] = self.cursor[kind] - reach_s
        shown = {"expand": [f"data.{_SHOWN[kind]}"]} if kind in _SHOWN else {}
        return self._pages(_PATHS[kind], created=window, **shown, **parameters)

    def _pages(self, path: str, **parameters: Any) -> Iterator[tuple[Page, list[dict[str, Any]]]]:
        """Every page of a list. Raises MalformedPage, after setting that page aside."""
        more = True
        while more:
            page, content = self._object(path, ("data",), limit=PAGE_COUNT, **parameters)
            records = content["data"]
            yield page, records
            more = content.get("has_more") is True
            if more:
                last = records[-1].get("id") if records else None
                if not isinstance(last, str) or last == parameters.get("starting_after"):
                    raise self.gathering.malformed(page, "it says that there is more, but not after which object")
                parameters["starting_after"] = last

    def _object(self, path: str, lists: tuple[str, ...] = (), **parameters: Any) -> tuple[Page, dict[str, Any]]:
        ask = partial(self.client.get, path, **parameters)
        return self.gathering.read(path, ask, partial(object_of, lists=lists), self.policy)

    def _keep_all(self, kind: str, records: list[dict[str, Any]], page: Page, newest: int | None) -> int | None:
        """Keep a page's records. Returns the newest `created` so far."""
        for record in records:
            created = self._keep(kind, record, page)
            newest = created if newest is None else max(newest, created or newest)
        return newest

    def _keep(self, kind: str, record: dict[str, Any], page: Page) -> int | None:
        """Keep one record as evidence, or set it aside. Returns its `created`, None if it is set aside."""
        try:
            source_id, created = text_of(record, "id"), _created(record)
            if kind != "customer":
                text_of(record, "currency")
        except Unfit as unfit:
            self.gathering.refuse(kind, record.get("id"), str(unfit), record, page)
            return None
        self._seen.add(source_id)
        payload = self._with_members(record) if kind == "payout" else record
        self.gathering.add(kind, source_id, payload, page, on=self._day(created))
        return created

    def _day(self, created: int) -> date:
        return local_date(datetime.fromtimestamp(created, UTC), self.zone)

    def _with_members(self, payout: dict[str, Any]) -> dict[str, Any]:
        """A payout and what it is made of. Only automatic payouts are itemised, and only once Stripe has done so."""
        if payout.get("automatic") is not True or payout.get("reconciliation_status") != "completed":
            return payout
        try:
            pages = list(self._pages(_PATHS["balance_transaction"], payout=payout["id"]))
        except Refused:
            return payout  # Stripe will not itemise it; the difference shows as unexplained.
        ids = {member["id"] for _, records in pages for member in records if isinstance(member.get("id"), str)}
        return payout | {"members": sorted(ids)}

    def _events(self) -> tuple[list[dict[str, Any]], bool]:
        """Events since before the newest seen, and whether the newest seen is among them, so that none is missing."""
        pages = self._window("event", reach_s=_DAY_S, types=_EVENT_TYPES)
        listed = [event for _, records in pages for event in records]
        events = [e for e in listed if isinstance(e.get("id"), str) and isinstance(e.get("created"), int)]
        return events, self.cursor.get("event_id") in {event["id"] for event in events}

    def _named(self, events: list[dict[str, Any]]) -> list[tuple[str, str]]:
        """Kind and id of every object that events name, each once; of a charge or refund its movement.

        An event shows the object as it was: nothing of it is used but ids, which never change.
        """
        named: dict[tuple[str, str], None] = {}
        for event in events:
            data = event.get("data")
            changed = data.get("object") if isinstance(data, dict) else None
            if not isinstance(changed, dict):
                continue
            if changed.get("object") in _WINDOWED:
                named[changed["object"], str(changed.get("id"))] = None
            elif changed.get("object") in _WITH_MOVEMENT and isinstance(changed.get("balance_transaction"), str):
                named["balance_transaction", changed["balance_transaction"]] = None
        return list(named)

    def _read_again(self, kind: str, object_id: str) -> None:
        parameters: dict[str, Any] = {"expand": [_SHOWN[kind]]} if kind in _SHOWN else {}
        try:
            page, record = self._object(f"{_PATHS[kind]}/{object_id}", **parameters)
        except Refused:
            return  # It is no more; what was landed of it stands.
        if record.get("deleted") is True:
            self.gathering.add(kind, object_id, record, page, on=None, removed=True)
        else:
            self._keep(kind, record, page)

    def _balance(self) -> None:
        """The balance as it is now. Stripe does not date it; the day makes it one version a day at most."""
        page, record = self._object("/v1/balance")
        today = local_date(self.now, self.zone)
        dated = record | {"retrieved_on": today.isoformat()}
        self.gathering.add("balance", "balance", dated, page, on=None)


def _created(record: Mapping[str, Any]) -> int:
    created = record.get("created")
    if type(created) is not int:
        raise Unfit("it has no created time")
    return created
