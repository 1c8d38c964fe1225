"""Plaid: the lines and balances of one Item, by /transactions/sync.

Here: an update's pages from its first cursor to its last, as one Update. Not here: calls and their errors
(`plaid_client`), or what a line means (the mapper; signs and pending lines are left as they are).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import partial
from itertools import chain
from typing import Any

import msgspec

from finance_pipeline.core.period import local_date
from finance_pipeline.core.problems import TransientProblem, Unreachable
from finance_pipeline.core.settings import Connection, Settings
from finance_pipeline.sources.ahead import Ahead
from finance_pipeline.sources.base import Page, Update
from finance_pipeline.sources.gather import Gathering, MalformedPage, Unfit, day_of, object_of, text_of, zone_of
from finance_pipeline.sources.http import RetryPolicy
from finance_pipeline.sources.plaid_client import CursorLost, PlaidClient, SyncInterrupted

_ENDPOINT = "/transactions/sync"
_RESTARTS = 5
_GONE_OUT_S = 0.001
"""By then a request has gone out. Whoever works meanwhile lets go of the interpreter every five milliseconds only, and
a request takes it several times: without this pause it would go out when the work is done."""


class NotSyncedYet(TransientProblem):
    """Plaid has not fetched anything from the bank yet."""


class Plaid:
    """One update a pull: every page up to the end, with the cursor that they lead to. Kinds: transaction, account.

    cursor: {"cursor": Plaid's}. A cursor that Plaid has lost starts again from nothing, and the update then says that
    it lists every transaction from its oldest on, so that what vanished gets a tombstone.
    """

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        self._policy = policy or RetryPolicy()

    def pull(
        self, connection: Connection, settings: Settings, cursor: Mapping[str, Any] | None, now: datetime
    ) -> Iterator[Update]:
        client = PlaidClient(connection, self._policy)
        known = (cursor or {}).get("cursor")
        today = local_date(now, zone_of(connection, settings))
        gathering = Gathering(connection)
        try:
            run = _whole_run(connection, known, client.transactions_sync, gathering, self._policy)
        except MalformedPage:
            yield gathering.update(cursor)
            raise
        gathering.take_over(run.records)
        for record in run.accounts:
            _gather_account(gathering, record, run.last_page, today)
        first_day = run.first_day
        if not run.cursor:
            yield gathering.update(cursor)
            raise NotSyncedYet(
                "Plaid has not fetched the transactions from the bank yet.",
                where=f"connection {connection.id}",
                kept="Balances are kept; there is no cursor yet.",
                todo="It is asked for again at the next tick.",
            )
        from_nothing = bool(known) and run.from_nothing
        complete = {"transaction": first_day} if from_nothing and first_day else None
        # A record that was set aside has not vanished; where it cannot be told which one it is, none is buried, and the
        # lost cursor stays for the next pull to find.
        nameless = from_nothing and None in gathering.refused("transaction")
        yield gathering.update(cursor if nameless else {"cursor": run.cursor}, None if nameless else complete)


_Ask = Callable[[str | None], bytes]
"""The answer to a cursor. Raises what the client raises."""


class _Run:
    """The pages of one update, in order. Of each its records are kept, not what it was parsed to."""

    last_page: Page
    accounts: list[dict[str, Any]]
    """The Item's accounts as the last page has them."""

    def __init__(self, connection: Connection, first_cursor: str | None) -> None:
        self.cursor = first_cursor
        self.from_nothing = first_cursor is None
        self.records = Gathering(connection)
        self.first_day: date | None = None
        """Of all transactions."""

    def read(self, ask: _Ask, gathering: Gathering, policy: RetryPolicy) -> _Run:
        """Every page up to the end. The next one is on its way while the last one is parsed and becomes evidence."""
        coming, more = Ahead(partial(ask, self.cursor)), True
        while more:
            asked, raw = self.cursor, coming.result()
            if (follows := _following(raw, asked)) is not None:
                coming = Ahead(partial(ask, follows))
                coming.wait(_GONE_OUT_S)
            answers = chain((raw,), iter(partial(ask, asked), None))
            content_of = partial(_content, cursor=asked)
            self.last_page, content = gathering.read(_ENDPOINT, partial(next, answers), content_of, policy)
            self.cursor, self.accounts, more = content["next_cursor"], content["accounts"], content["has_more"]
            if more and follows != self.cursor:
                coming = Ahead(partial(ask, self.cursor))
            self._gather(self.last_page, content)
        return self

    def _gather(self, page: Page, content: dict[str, Any]) -> None:
        """A page's lines as evidence."""
        for record in (*content["added"], *content["modified"]):
            try:
                source_id, account, on = _transaction(record)
            except Unfit as unfit:
                self.records.refuse("transaction", record.get("transaction_id"), str(unfit), record, page)
                continue
            self.records.add("transaction", source_id, record, page, on=on, account=account)
            self.first_day = on if self.first_day is None else min(self.first_day, on)
        for record in content["removed"]:
            _gather_tombstone(self.records, record, page)


def _whole_run(connection: Connection, known: str | None, ask: _Ask, gathering: Gathering, policy: RetryPolicy) -> _Run:
    """One undisturbed run through an update. Raises Unreachable if the data never stands still for long enough."""
    first = known
    for _ in range(_RESTARTS):
        try:
            return _Run(connection, first).read(ask, gathering, policy)
        except SyncInterrupted:
            continue
        except CursorLost as lost:
            first = None if lost.cursor == first else first
    raise Unreachable(
        f"the transactions changed during each of {_RESTARTS} readings.",
        where=f"connection {connection.id}, {_ENDPOINT}",
        kept="Nothing of this update is kept, and the cursor stays where it was.",
        todo="It is read again at the next tick.",
    )


class _Follows(msgspec.Struct):
    next_cursor: str
    has_more: bool


_FOLLOWS = msgspec.json.Decoder(_Follows)


def _following(raw: bytes, cursor: str | None) -> str | None:
    """The cursor that a page leads to, read ahead of all else in it; None if there is none, or it cannot be told."""
    try:
        said = _FOLLOWS.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return said.next_cursor if said.has_more and said.next_cursor not in ("", cursor) else None


def _content(raw: bytes, cursor: str | None) -> dict[str, Any]:
    """A page's JSON. Raises ValueError when it is not a page of /transactions/sync."""
    content = object_of(raw, ("added", "modified", "removed"))
    if content.get("transactions_update_status") == "NOT_READY":
        content["next_cursor"] = ""
    if not isinstance(content.get("next_cursor"), str) or not isinstance(content.get("has_more"), bool):
        raise ValueError("it has no next_cursor or has_more")
    if content["has_more"] and content["next_cursor"] in ("", cursor):
        raise ValueError("it says that there is more, but not where")
    content["accounts"] = [each for each in content.get("accounts") or [] if isinstance(each, dict)]
    return content


def _transaction(record: Mapping[str, Any]) -> tuple[str, str, date]:
    """Id, account and day of a line. Raises Unfit: a currency is never assumed."""
    source_id, account = text_of(record, "transaction_id"), text_of(record, "account_id")
    unofficial = record.get("unofficial_currency_code")
    if unofficial and not record.get("iso_currency_code"):
        raise Unfit(f"its currency is not an ISO one ({unofficial})")
    if not isinstance(record.get("iso_currency_code"), str) or not record["iso_currency_code"]:
        raise Unfit("it has no currency")
    return source_id, account, day_of(record.get("date"), "date")


def _gather_tombstone(gathering: Gathering, record: Mapping[str, Any], page: Page) -> None:
    try:
        source_id = text_of(record, "transaction_id")
    except Unfit as unfit:
        gathering.refuse("transaction", None, str(unfit), record, page)
        return
    account = record.get("account_id")
    named = account if isinstance(account, str) else None
    gathering.add("transaction", source_id, record, page, on=None, account=named, removed=True)


def _gather_account(gathering: Gathering, record: Mapping[str, Any], page: Page, today: date) -> None:
    """The balance as it is now: a month is touched by lines, not by the day on which somebody looked."""
    try:
        source_id = text_of(record, "account_id")
    except Unfit as unfit:
        gathering.refuse("account", None, str(unfit), record, page)
        return
    dated = {**record, "retrieved_on": today.isoformat()}
    gathering.add("account", source_id, dated, page, on=None, account=source_id)
