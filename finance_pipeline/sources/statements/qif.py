"""QIF: records of lines that begin with a letter and end with ^, under a heading that says which account they are of.

A QIF file states no currency, no closing balance and not how it writes dates. Which of two numbers is the month is
taken from the dates that leave no choice; where none does, no date is read and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from finance_pipeline.core.money import NotMoney
from finance_pipeline.sources.statements.figures import loose_minor
from finance_pipeline.sources.statements.model import Balance, Detail, Entry, Head, MalformedStatement, Reading, Unread

_OF_MONEY = frozenset({"bank", "cash", "ccard", "oth a", "oth l"})
_DATE = re.compile(r"\s*(\d{1,4})\s*[./\-\s]\s*(\d{1,2}|[A-Za-z]{3,9})\s*([./\-' ])\s*(\d{1,4})\s*$")
_OPTION = re.compile(r"^!Option:\s*(MDY|DMY|YMD)", re.IGNORECASE | re.MULTILINE)
_PACKED = re.compile(r"\s*(\d{4})(\d{2})(\d{2})\s*$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PIVOT_YEAR = 70
_OPENING = "opening balance"
_MARK = re.compile(r"([.,])\d{1,2}$")
_ONCE = "DT"
_TWICE = "twice"
"""What of date and amount a record states again: two records without ^ between them look like that."""


@dataclass
class _Section:
    """The records under one heading."""

    kind: str
    account: str | None
    records: list[dict[str, str]] = field(default_factory=list)


def read_qif(text: str, currency: str | None = None) -> Reading:
    """Every account's entries and head; currency: as declared. Raises MalformedStatement where there is none."""
    sections = [each for each in _sections(text) if each.kind in _OF_MONEY]
    if not any(section.records for section in sections):
        raise MalformedStatement("the file holds no bank, cash or card lines.")
    marks = {mark for each in sections for record in each.records for mark in _marks(record)}
    mark = marks.pop() if len(marks) == 1 else ""
    order = _declared_order(text) or _order([record.get("D", "") for section in sections for record in section.records])
    for section in sections:
        if section.records:
            yield from _statement(section, order, currency, mark)


def _marks(record: dict[str, str]) -> list[str]:
    """The decimal mark of a record's amount, where it leaves no choice: one or two digits stand behind it."""
    return _MARK.findall(record.get("T") or record.get("U") or "")


def _sections(text: str) -> Iterator[_Section]:
    """Headings with their records. An account's own record (!Account) names the section that follows it."""
    account: str | None = None
    section, record = _Section("", None), dict[str, str]()
    for line in [*text.split("\n"), "^"]:
        stripped = line.strip("\ufeff\x1a").rstrip()
        if stripped.startswith("!"):
            heading = stripped[1:].strip().lower()
            if heading.startswith(("option", "clear")):
                continue
            yield section
            section, record = _Section(heading.removeprefix("type:").strip(), account), {}
        elif stripped.startswith("^"):
            if section.kind == "account":
                account = record.get("N", account)
            elif record:
                section.records.append(record)
            record = {}
        elif stripped:
            if stripped[0] in _ONCE and stripped[0] in record:
                record[_TWICE] = stripped[0]
            record.setdefault(stripped[0], stripped[1:].strip())
    yield section


def _statement(section: _Section, order: str, currency: str | None, mark: str) -> Reading:
    """One section. A first record "Opening Balance" is the balance before the others: it moves nothing."""
    opening: Balance | None = None
    lines, problems = list(section.records), list[str]()
    if lines and _opens(lines[0], section.account):
        first = _entry(lines[0], 1, order, (currency, mark), [])
        if isinstance(first, Entry):
            opening = Balance(first.amount_minor, first.booked_on)
            section = replace(section, account=section.account or lines[0]["L"].strip("[]") or None)
            yield first._replace(status="information")
            del lines[0]
    if not order and lines:
        problems.append("its dates do not say which number is the month")
    for number, record in enumerate(lines, start=1):
        yield _entry(record, number, order, (currency, mark), problems)
    yield Head(format="QIF", account=section.account, opening=opening, problems=tuple(problems))


def _opens(record: dict[str, str], account: str | None) -> bool:
    """Whether a first record is the opening balance: a transfer of the account to itself."""
    other = record.get("L", "")
    is_own = other.startswith("[") and other.strip("[]") == account
    return is_own or (other.startswith("[") and record.get("P", "").lower() == _OPENING)


def _declared_order(text: str) -> str:
    """The order that a heading !Option:MDY or !Option:DMY declares, if one does."""
    found = _OPTION.search(text)
    return found.group(1).lower() if found else ""


def _entry(
    record: dict[str, str], number: int, order: str, money: tuple[str | None, str], problems: list[str]
) -> Entry | Unread:
    """One record. T and U are the amount; N a cheque's number, P the other party, M a text, L a category.

    money: the currency and the decimal mark, where they are known.
    """
    if _TWICE in record:
        return Unread(f"entry {number} states its date or amount twice: a ^ may be missing before the second")
    try:
        amount_minor = loose_minor(record.get("T") or record.get("U") or "nothing", *money)
    except NotMoney as cause:
        return Unread(f"entry {number}: {cause.what.rstrip('.')}")
    booked_on = _day(record.get("D", ""), order) if order else None
    if order and booked_on is None:
        problems.append(f"entry {number}: {record.get('D', 'nothing')[:20]!r} is not a date")
    return Entry(
        amount_minor=amount_minor,
        booked_on=booked_on,
        entry_reference=record.get("N") or None,
        transaction_code=record.get("L") or None,
        details=(Detail(remittance=record.get("M") or None, counterparty_name=record.get("P") or None),),
    )


def _order(dates: list[str]) -> str:
    """ymd, dmy or mdy, or nothing where the dates leave the choice: no number beyond 12 stands in either place."""
    seen = {"first": 0, "second": 0}
    for text in dates:
        found = _DATE.match(text)
        if found is None:
            if _PACKED.match(text):
                return "ymd"
            continue
        first, second, mark, _ = found.groups()
        if len(first) == 4:
            return "ymd"
        if not second.isdecimal():
            return "dmy"
        if mark == "'" and "." not in text and "-" not in text:
            # 1/31'04 is how Quicken writes the years from 2000 on; it puts the month first.
            seen["second"] = max(seen["second"], 13)
        seen["first"], seen["second"] = max(seen["first"], int(first)), max(seen["second"], int(second))
    if seen["first"] > 12:
        return "dmy"
    return "mdy" if seen["second"] > 12 else ""


def _day(text: str, order: str) -> date | None:
    """A day in an order of year, month and day; None where it is none."""
    packed = _PACKED.match(text)
    found = _DATE.match(text)
    if packed:
        year, month, day = (int(group) for group in packed.groups())
    elif found:
        first, second, _, third = found.groups()
        middle = int(second) if second.isdecimal() else _month(second)
        if order == "ymd":
            year, month, day = int(first), middle, int(third)
        else:
            year = int(third)
            month, day = (middle, int(first)) if order == "dmy" else (int(first), middle)
    else:
        return None
    if year < 100:
        year += 2000 if year < _PIVOT_YEAR else 1900
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month(name: str) -> int:
    """Number of a month by its first three letters; 0 for what is none."""
    short = name[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0
