"""MT940 (statement), MT942 (interim report), MT941 (balances), MT950 (statement without information): text to events.

Here: what the fields mean together. A file may lack :20:, trailers, balances: what is missing is missing, and said.
"""

from __future__ import annotations

import re
from datetime import date

from finance_pipeline.core.money import NotMoney
from finance_pipeline.sources.statements.figures import NotADate, compact_day, is_currency, loose_minor
from finance_pipeline.sources.statements.model import Balance, Detail, Entry, Head, MalformedStatement, Reading, Unread
from finance_pipeline.sources.statements.mt.fields import Message, messages
from finance_pipeline.sources.statements.mt.information import Told, exchanged, told_by
from finance_pipeline.sources.statements.mt.line import entry_of

_BALANCE = re.compile(r"\s*(RC|RD|C|D)\s*(\d{8}|\d{6})?\s*([A-Z]{3})\s*([\d.,' ]*\d[,.]?)\s*$", re.IGNORECASE)
_FLOOR = re.compile(r"\s*([A-Z]{3})([CD])?[\d.,]*")
_SUM = re.compile(r"\s*(\d*)([A-Z]{3})([\d.,]*)\s*$")
_BEHIND = re.compile(r"(.*\d)\s*([A-Z]{3})$")
_OPENINGS, _CLOSINGS = ("60F", "60M", "60"), ("62F", "62M", "62")


def read_mt(text: str) -> Reading:
    """Every message's entries and head. Raises MalformedStatement where there is no field at all."""
    account: str | None = None
    found = False
    for message in messages(text):
        if not message.has("25", "25P", *_OPENINGS, *_CLOSINGS, "61", "86"):
            continue
        events, head = _message(message, account)
        account = head.account
        found = True
        yield from events
        yield head
    if not found:
        raise MalformedStatement("the file holds no statement: none of the fields :25:, :60F:, :61:, :62F: is there.")


def _message(message: Message, account_before: str | None) -> tuple[list[Entry | Unread], Head]:
    """One message. Some banks name the account only in the first of several."""
    balances, problems = _balances(message)
    stated_account, behind = _account(message)
    currency = next((each[1] for each in balances.values()), None) or _floor_currency(message) or behind
    if len({each[1] for each in balances.values()}) > 1:
        problems.append("its balances are in several currencies")
    if currency is not None and not is_currency(currency):
        problems.append(f"{currency} is not a currency")
    events = _entries(message, currency)
    kind = _kind(message)
    head = Head(
        format=kind,
        account=stated_account or (account_before if _goes_on(message) else None),
        currency=currency,
        statement_id=_first(message, "28C", "28", "28D"),
        opening=_pick(balances, *_OPENINGS),
        closing=_pick(balances, *_CLOSINGS),
        available=_pick(balances, "64"),
        interim=kind == "MT942",
        problems=(*problems, *_wrong_totals(message, currency, events)),
    )
    return events, head


def _goes_on(message: Message) -> bool:
    """Whether a message without :20: is a statement of the account that the one before it named."""
    return message.has(*_OPENINGS, *_CLOSINGS) and not message.has("20")


def _kind(message: Message) -> str:
    """What block 2 says, else what the fields are: floor limits and totals stand in interim reports only."""
    if message.kind:
        return f"MT{message.kind}"
    is_interim = message.has("34F", "13D", "13") and not message.has(*_OPENINGS, *_CLOSINGS)
    return "MT942" if is_interim else "MT940"


def _first(message: Message, *tags: str) -> str:
    return next((lines[0].strip() for tag, lines in message.fields if tag in tags), "")


def _account(message: Message) -> tuple[str | None, str | None]:
    """The account without spaces, and the currency that some banks write behind it."""
    stated = "".join(_first(message, "25", "25P").split()).lstrip("/")
    behind = _BEHIND.match(stated)
    if behind and is_currency(behind.group(2)):
        return behind.group(1), behind.group(2)
    return stated or None, None


def _floor_currency(message: Message) -> str | None:
    found = _FLOOR.match(_first(message, "34F")) or _SUM.match(_first(message, "90D", "90C"))
    return next((group for group in found.groups() if group and len(group) == 3), None) if found else None


def _balances(message: Message) -> tuple[dict[str, tuple[Balance, str]], list[str]]:
    """Balance and currency by tag; one that is stated again replaces the first. And what is wrong with them."""
    found: dict[str, tuple[Balance, str]] = {}
    problems: list[str] = []
    for tag, lines in message.fields:
        if tag not in (*_OPENINGS, *_CLOSINGS, "64"):
            continue
        stated = _BALANCE.match(lines[0])
        if stated is None:
            problems.append(f":{tag}:{lines[0][:40]} is not a balance")
            continue
        mark, day, currency, amount = stated.groups()
        try:
            minor = loose_minor(amount, currency.upper(), "," if "," in amount else ".")
        except NotMoney as cause:
            problems.append(cause.what.rstrip("."))
            continue
        on = _day(day, tag, problems)
        found[tag] = (Balance(-minor if mark.upper() in ("D", "RC") else minor, on), currency.upper())
    return found, problems


def _day(text: str | None, tag: str, problems: list[str]) -> date | None:
    if not text:
        return None
    try:
        return compact_day(text)
    except NotADate as cause:
        problems.append(f":{tag}: {cause}")
        return None


def _pick(balances: dict[str, tuple[Balance, str]], *tags: str) -> Balance | None:
    return next((balances[tag][0] for tag in tags if tag in balances), None)


def _entries(message: Message, currency: str | None) -> list[Entry | Unread]:
    """The lines in their order, each with the information that follows it, in one :86: or, of some banks, in several.

    What follows a closing balance is about the statement.
    """
    events: list[Entry | Unread] = []
    about: list[str] = []
    is_open = False
    for tag, lines in [*message.fields, ("61", [])]:
        if tag == "86" and is_open:
            about += lines
        elif tag == "61" or tag in _CLOSINGS:
            told = told_by(about) if about else None
            if told is not None and isinstance(events[-1], Entry):
                events[-1] = _with(events[-1], told)
            about, is_open = [], tag == "61"
            if lines and is_open:
                events.append(_exchanged(entry_of(lines, currency, len(events) + 1), lines))
    return events


def _exchanged(event: Entry | Unread, lines: list[str]) -> Entry | Unread:
    """A line with the original amount and the charges that stand under it."""
    if isinstance(event, Unread) or len(lines) < 2:
        return event
    amount, currency, charges = exchanged("".join(lines[1:]))
    if amount is None and charges is None:
        return event
    return event._replace(original_amount=amount, original_currency=currency, charges=charges)


def _with(entry: Entry, told: Told) -> Entry:
    """A line with its information; what stands under the line itself is remittance where nothing else is."""
    detail: Detail = told.detail
    if detail.remittance is None and entry.information:
        detail = detail._replace(remittance=entry.information)
    code = entry.transaction_code or ""
    return entry._replace(details=(detail,), transaction_code=f"{code} {told.code or ''}".strip() or None)


def _wrong_totals(message: Message, currency: str | None, events: list[Entry | Unread]) -> list[str]:
    """What :90D: and :90C: count and add that the lines do not."""
    wrong = []
    for tag, is_out, words in (("90D", True, "debits"), ("90C", False, "credits")):
        found = _SUM.match(_first(message, tag))
        if found is None or not message.has("61"):
            continue
        lines = [e.amount_minor for e in events if isinstance(e, Entry) and (e.amount_minor < 0) == is_out]
        if found.group(1) and int(found.group(1)) != len(lines):
            wrong.append(f"it counts {int(found.group(1))} {words}, but holds {len(lines)}")
        elif found.group(3) and _minor(found.group(3), currency) != abs(sum(lines)):
            wrong.append(f"it says that its {words} add to {found.group(3)}, but they do not")
    return wrong


def _minor(text: str, currency: str | None) -> int | None:
    """A total in minor units; None for what is no amount, which then equals nothing."""
    try:
        return loose_minor(text, currency, ",")
    except NotMoney:
        return None
