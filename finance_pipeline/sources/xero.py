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
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from finance_pipeline.core.period import local_date
from finance_pipeline.core.problems import Problem
from finance_pipeline.core.settings import Connection, Settings
from finance_pipeline.sources.base import Page, Update
from finance_pipeline.sources.gather import Gathering, Unfit, day_of, object_of, text_of, zone_of
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
_READ_ON, _PART = "settings_read_on", "part"
_PART_LASTS = timedelta(days=1)


class Xero:
    """Kinds: organisation (with its lock dates), contact, invoice (ACCREC and ACCPAY), credit_note, payment,
    bank_transaction, overpayment, prepayment; account, currency, tax_rate, bank_transfer, batch_payment.

    cursor: "settings_read_on", the day when the settings were last read; and by paged kind {"newest_ms": newest
    UpdatedDateUTC seen, "full_at": when all was last read, if it was whole}. It never runs ahead of what Xero shows.
    Of a pull that failed it also keeps the "part" of the kind at which it stopped, from where one within a day goes on;
    of the kinds before that one, it then asks only for what changed since.
    """

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        self._policy = policy or RetryPolicy()

    def pull(
        self, connection: Connection, settings: Settings, cursor: Mapping[str, Any] | None, now: datetime
    ) -> Iterator[Update]:
        run = _Pull(connection, settings, cursor, now, self._policy)
        try:
            yield from run.updates()
        except Problem:
            if run.gathering.page_count:
                yield run.update()
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
        self._complete: dict[str, date | None] = {}

    def updates(self) -> Iterator[Update]:
        """Everything, list by list."""
        self._organisation()
        for kind in _KINDS:
            yield from self._kind(kind)
        today = self.now.date().isoformat()
        for kind in (*_UNPAGED, *(_SETTINGS if self.cursor.get(_READ_ON) != today else ())):
            self._whole_list(kind)
        self.cursor[_READ_ON] = today
        yield self.update()

    def update(self) -> Update:
        """What was gathered since the last update."""
        complete, self._complete = self._complete, {}
        return self.gathering.update(self.cursor, complete)

    def _organisation(self) -> None:
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

    def _whole_list(self, kind: _Kind) -> None:
        """A list that Xero does not page. What it named before and does not name now is gone."""
        page, content = self._content(f"/{kind.key}", partial(self.client.get, kind.method, **kind.options), kind.key)
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
            self._complete[kind.name] = None

    def _kind(self, kind: _Kind) -> Iterator[Update]:
        """Everything of a kind that changed. After a reading that fell short, the next pull reads it in full.

        One that goes on with an earlier one and falls short begins again: a pull that stopped and came back knows as
        much in the end as one that did not stop.
        """
        state = {name: value for name, value in (self.cursor.get(kind.name) or {}).items() if name != _PART}
        part, goes_on = self._part_of(kind, state)
        whole = yield from self._pages(kind, state, part)
        if goes_on and not whole:
            part = self._new_part(state)
            whole = yield from self._pages(kind, state, part)
        newest_ms = max(part.newest_ms, state.get("newest_ms", 0))
        moved: dict[str, Any] = {"newest_ms": newest_ms} if newest_ms else {}
        if whole:
            moved["full_at"] = part.began_at if part.full else state["full_at"]
        self.cursor[kind.name] = moved
        yield self.update()

    def _part_of(self, kind: _Kind, state: Mapping[str, Any]) -> tuple[_Part, bool]:
        """The reading of a kind that a pull before did not end and this one goes on with, or else a new one."""
        stopped = (self.cursor.get(kind.name) or {}).get(_PART)
        if stopped is not None and _within(_PART_LASTS, stopped["began_at"], self.now):
            return _Part(**stopped), True
        return self._new_part(state), False

    def _new_part(self, state: Mapping[str, Any]) -> _Part:
        full = "full_at" not in state or not _within(_FULL_EVERY, state["full_at"], self.now)
        return _Part(self.now.isoformat(), full, None if full else state.get("newest_ms"))

    def _pages(self, kind: _Kind, state: Mapping[str, Any], part: _Part) -> Generator[Update, None, bool]:
        """Every page of a kind from where a reading has come to, in updates that say how far it is.

        Returns whether as many documents came as Xero counts: pages are in the order of change, so a document that
        changes meanwhile moves to the end, and the one after it to a page already read. Of what comes in a later pull
        than it began in, nothing counts that has changed since: it may have been on the pages of an earlier one.
        """
        ids: set[str] = set()
        new: set[str] = set()
        resumed, before, counted, more = part.page > 1, part.seen, 0, True
        since = {"if_modified_since": _since(part.since_ms)} if part.since_ms else {}
        while more:
            asked = {"page": part.page, "page_size": _PAGE_SIZE, "order": "UpdatedDateUTC ASC", **kind.options, **since}
            try:
                ask = partial(self.client.get, kind.method, **asked)
                page, content = self._content(f"/{kind.key}?page={part.page}", ask, kind.key)
            except Unchanged:
                break
            part.asked_ms = part.asked_ms or _told_ms(content)
            changed_ms, known = self._keep_all(kind, content[kind.key], page), len(ids)
            ids |= changed_ms.keys()
            new |= {name for name, at_ms in changed_ms.items() if not resumed or at_ms < part.asked_ms}
            counted, pages = _counts(content, part.page, len(content[kind.key]))
            more = len(ids) > known and part.page < pages
            part.newest_ms = max(part.newest_ms, *changed_ms.values(), 0)
            part.page, part.seen = part.page + 1, before + len(new)
            self.cursor[kind.name] = {**state, _PART: asdict(part)}
            if more and self.gathering.page_count >= _PAGES_AN_UPDATE:
                yield self.update()
        return part.seen >= counted

    def _content(self, endpoint: str, ask: Callable[[], bytes], key: str) -> tuple[Page, dict[str, Any]]:
        return self.gathering.read(endpoint, ask, partial(object_of, lists=(key,)), self.policy)

    def _keep_all(self, kind: _Kind, records: list[dict[str, Any]], page: Page) -> dict[str, int]:
        """Keep a page's records. Returns when each changed, by its id; one without is known by its place."""
        return {
            str(record.get(kind.number) or f"{page.endpoint}/{turn}"): self._keep(kind, record, page)
            for turn, record in enumerate(records)
        }

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


@dataclass
class _Part:
    """How far a reading of a kind has come; what of it the cursor keeps when a pull stops."""

    began_at: str
    full: bool
    since_ms: int | None
    """What was asked for: all that changed since. None: everything."""
    page: int = 1
    """The next one."""
    seen: int = 0
    """Different documents on the pages before it."""
    newest_ms: int = 0
    asked_ms: int = 0
    """When Xero gave the first page, by its own clock; 0 if it did not say."""


def _within(length: timedelta, began_at: str, now: datetime) -> bool:
    return timedelta() <= now - datetime.fromisoformat(began_at) < length


def _told_ms(content: Mapping[str, Any]) -> int:
    """When Xero says that it answered, in ms; 0 if it does not."""
    try:
        return (_moment(content.get("DateTimeUTC"), "DateTimeUTC") - _EPOCH) // timedelta(milliseconds=1)
    except Unfit:
        return 0


def _counts(content: Mapping[str, Any], page: int, records: int) -> tuple[int, int]:
    """How many documents and pages Xero says there are; where it does not say, a full page has another after it."""
    said = content.get("pagination")
    told = said if isinstance(said, dict) else {"pageCount": page + records // _PAGE_SIZE}
    return told.get("itemCount", 0), told.get("pageCount", 0)


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
