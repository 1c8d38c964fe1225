"""Xero: what one organisation has recorded (documents, payments, bank transactions), its contacts, and its settings.

Here: what is asked for since when, and what page follows. Not here: calls, tokens and errors (`xero_client`), or what a
document means (the mapper).

Each paged kind is read from some hours before the newest change seen, since Xero's clock has seconds only, and every
week in full, since some changes do not move a document's date of change; deletion is a status there. Lists that Xero
does not page are read whole, transfers and batches with every pull, settings (accounts, currencies, tax rates) once a
day, so that a day's calls last: what they do not name any more gets a tombstone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from finance_pipeline.core.period import local_date
from finance_pipeline.core.settings import Connection, Settings
from finance_pipeline.sources.base import Page, Update
from finance_pipeline.sources.gather import Gathering, MalformedPage, Unfit, day_of, object_of, text_of, zone_of
from finance_pipeline.sources.http import RetryPolicy
from finance_pipeline.sources.xero_client import Unchanged, XeroClient

_PAGE_SIZE = 1000
_PAGES_AN_UPDATE = 5
_OVERLAP = timedelta(hours=2)
_FULL_EVERY = timedelta(days=7)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")


@dataclass(frozen=True)
class _Kind:
    """One list. method: the SDK's read. key: the array in the answer. number: the id's name in a record."""

    name: str
    method: str
    key: str
    number: str
    dated: bool = True
    """Whether a record has a date of its own; others count by the day that they changed."""
    money: bool = True
    """Whether a record without a currency is set aside."""
    options: Mapping[str, Any] = field(default_factory=dict)


_KINDS = (
    _Kind("contact", "get_contacts", "Contacts", "ContactID", False, False, {"include_archived": True}),
    _Kind("invoice", "get_invoices", "Invoices", "InvoiceID", options={"unitdp": 4, "include_archived": True}),
    _Kind("credit_note", "get_credit_notes", "CreditNotes", "CreditNoteID", options={"unitdp": 4}),
    _Kind("payment", "get_payments", "Payments", "PaymentID", money=False),
    _Kind("bank_transaction", "get_bank_transactions", "BankTransactions", "BankTransactionID", options={"unitdp": 4}),
    _Kind("overpayment", "get_overpayments", "Overpayments", "OverpaymentID", options={"unitdp": 4}),
    _Kind("prepayment", "get_prepayments", "Prepayments", "PrepaymentID", options={"unitdp": 4}),
)
_SETTINGS = (
    _Kind("account", "get_accounts", "Accounts", "AccountID", False),
    _Kind("currency", "get_currencies", "Currencies", "Code", False),
    _Kind("tax_rate", "get_tax_rates", "TaxRates", "TaxType", False),
)
_UNPAGED = (
    _Kind("bank_transfer", "get_bank_transfers", "BankTransfers", "BankTransferID", options={"include_deleted": True}),
    _Kind("batch_payment", "get_batch_payments", "BatchPayments", "BatchPaymentID"),
)
_READ_ON = "settings_read_on"


class Xero:
    """Kinds: organisation (with its lock dates), contact, invoice (ACCREC and ACCPAY), credit_note, payment,
    bank_transaction, overpayment, prepayment; account, currency, tax_rate, bank_transfer, batch_payment.

    cursor: "settings_read_on", the day when the settings were last read; and by paged kind {"newest_ms": newest
    UpdatedDateUTC seen, "full_at": when all was last read, if it was whole}. It never runs ahead of what Xero shows.
    """

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        self._policy = policy or RetryPolicy()

    def pull(
        self, connection: Connection, settings: Settings, cursor: Mapping[str, Any] | None, now: datetime
    ) -> Iterator[Update]:
        run = _Pull(connection, settings, cursor, now, self._policy)
        try:
            run.organisation()
            for kind in _KINDS:
                yield from run.kind(kind)
            yield run.whole_lists()
        except MalformedPage:
            yield run.gathering.update(run.cursor)
            raise


class _Pull:
    """One pull of one organisation. cursor: what the next update may say that was read."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        cursor: Mapping[str, Any] | None,
        now: datetime,
        policy: RetryPolicy,
    ) -> None:
        self.client, self.gathering, self.policy = XeroClient(connection, policy), Gathering(connection), policy
        self.zone, self.now = zone_of(connection, settings), now
        self.cursor: dict[str, Any] = dict(cursor or {})

    def organisation(self) -> None:
        """The organisation itself: its currency, its lock dates."""
        ask = partial(self.client.get, "get_organisations")
        page, content = self._content("/Organisation", ask, "Organisations")
        for record in content["Organisations"]:
            try:
                source_id = text_of(record, "OrganisationID")
            except Unfit as unfit:
                self.gathering.refuse("organisation", None, str(unfit), record, page)
                continue
            self.gathering.add("organisation", source_id, record, page, on=None)

    def whole_lists(self) -> Update:
        """Lists that Xero does not page. What a list named before and does not name now is gone."""
        complete: dict[str, date | None] = {}
        today = self.now.date().isoformat()
        for kind in (*_UNPAGED, *(_SETTINGS if self.cursor.get(_READ_ON) != today else ())):
            page, content = self._content(
                f"/{kind.key}", partial(self.client.get, kind.method, **kind.options), kind.key
            )
            for record in content[kind.key]:
                try:
                    source_id = text_of(record, kind.number)
                    on = _own_day(record) if kind.dated else None
                except Unfit as unfit:
                    self.gathering.refuse(kind.name, record.get(kind.number), str(unfit), record, page)
                    continue
                self.gathering.add(kind.name, source_id, record, page, on=on)
            # Where a record was set aside without its id, it cannot be told which one has not vanished.
            if None not in self.gathering.refused(kind.name):
                complete[kind.name] = None
        self.cursor[_READ_ON] = today
        return self.gathering.update(self.cursor, complete)

    def kind(self, kind: _Kind) -> Iterator[Update]:
        """Everything of a kind that changed. After a reading that fell short, the next pull reads it in full."""
        state = self.cursor.get(kind.name) or {}
        full_at = datetime.fromisoformat(state["full_at"]) if "full_at" in state else None
        full = full_at is None or not timedelta() <= self.now - full_at < _FULL_EVERY
        newest_ms, whole = yield from self._pages(kind, None if full else state.get("newest_ms"))
        newest_ms = max(newest_ms, state.get("newest_ms", 0))
        moved: dict[str, Any] = {"newest_ms": newest_ms} if newest_ms else {}
        if whole:
            moved["full_at"] = self.now.isoformat() if full else state["full_at"]
        self.cursor[kind.name] = moved
        yield self.gathering.update(self.cursor)

    def _pages(self, kind: _Kind, newest_ms: int | None) -> Generator[Update, None, tuple[int, bool]]:
        """Every page of a kind, in updates that leave the cursor where it is.

        Returns the newest change seen, in ms, and whether as many documents came as Xero counts: pages are in the order
        of change, so a document that changes meanwhile moves to the end, and the one after it to a page already read.
        """
        ids: set[str] = set()
        newest, number, counted, more = 0, 1, 0, True
        since = {"if_modified_since": _since(newest_ms)} if newest_ms else {}
        while more:
            asked = {"page": number, "page_size": _PAGE_SIZE, "order": "UpdatedDateUTC ASC", **kind.options, **since}
            try:
                ask = partial(self.client.get, kind.method, **asked)
                page, content = self._content(f"/{kind.key}?page={number}", ask, kind.key)
            except Unchanged:
                break
            records, known = content[kind.key], len(ids)
            for turn, record in enumerate(records):
                newest = max(self._keep(kind, record, page), newest)
                ids.add(str(record.get(kind.number) or f"{number}/{turn}"))
            pagination = content.get("pagination")
            said = pagination if isinstance(pagination, dict) else {"pageCount": number + len(records) // _PAGE_SIZE}
            counted, pages = said.get("itemCount", 0), said.get("pageCount", 0)
            more = len(ids) > known and number < pages
            number += 1
            if more and self.gathering.page_count >= _PAGES_AN_UPDATE:
                yield self.gathering.update(self.cursor)
        return newest, len(ids) >= counted

    def _content(self, endpoint: str, ask: Callable[[], bytes], key: str) -> tuple[Page, dict[str, Any]]:
        return self.gathering.read(endpoint, ask, partial(object_of, lists=(key,)), self.policy)

    def _keep(self, kind: _Kind, record: dict[str, Any], page: Page) -> int:
        """Keep one record as evidence, or set it aside. Returns when it changed, in ms; 0 if it is set aside."""
        try:
            source_id = text_of(record, kind.number)
            if kind.money:
                text_of(record, "CurrencyCode")
            changed = _moment(record.get("UpdatedDateUTC"), "UpdatedDateUTC")
            on = _own_day(record) if kind.dated else local_date(changed, self.zone)
        except Unfit as unfit:
            self.gathering.refuse(kind.name, record.get(kind.number), str(unfit), record, page)
            return 0
        self.gathering.add(kind.name, source_id, record, page, on=on)
        return (changed - _EPOCH) // timedelta(milliseconds=1)


def _since(newest_ms: int) -> str:
    """If-Modified-Since as Xero takes it: UTC to the second, without an offset."""
    moment = _EPOCH + timedelta(milliseconds=newest_ms) - _OVERLAP
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _own_day(record: Mapping[str, Any]) -> date:
    """The calendar date of a document in its organisation's zone: as DateString says it, else from Date."""
    if record.get("DateString"):
        return day_of(record["DateString"], "DateString")
    return _moment(record.get("Date"), "Date").date()


def _moment(text: Any, name: str) -> datetime:
    """The moment of /Date(1767225600000+0000)/, shown at its own offset. Raises Unfit."""
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise Unfit(f"its {name} is not a date")
    offset = found[2] or "+0000"
    minutes = int(offset[:3]) * 60 + int(offset[0] + offset[3:])
    try:
        return _EPOCH + timedelta(milliseconds=int(found[1]), minutes=minutes)
    except OverflowError:
        raise Unfit(f"its {name} is not a date") from None
