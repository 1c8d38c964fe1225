"""CODA, the statements of Belgian banks: records of 128 characters, by the columns of version 2.

0 header, 1 old balance, 2.1 to 2.3 a movement, 3.1 to 3.3 information about it, 8 new balance, 9 trailer with totals.
A movement with a detail number is part of the one before it, whose amount holds it already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from finance_pipeline.core.money import NotMoney
from finance_pipeline.sources.statements.figures import NotADate, compact_day, is_currency, minor_of, text_of
from finance_pipeline.sources.statements.model import Balance, Detail, Entry, Head, MalformedStatement, Reading, Unread

_LINE_CHARS = 128
_WHOLE_DIGITS = 12
_BELGIAN_NUMBER = "0"
_STRUCTURED = ("101", "102")
_THOUSANDTHS = 1000


@dataclass
class _Movement:
    """Records 2 of one movement or of one of its details."""

    lines: dict[str, str]
    """21, 22 and 23."""
    details: list[_Movement] = field(default_factory=list)
    information: str = ""


@dataclass
class _Statement:
    """Record 1 and what follows it."""

    old: str
    movements: list[_Movement] = field(default_factory=list)
    new: str | None = None
    problems: list[str] = field(default_factory=list)


def read_coda(text: str) -> Reading:
    """Every statement's entries and head. Raises MalformedStatement where there is no old balance."""
    statements = list(_statements(text))
    if not statements:
        raise MalformedStatement("the file holds no statement: there is no record of an old balance.")
    for statement in statements:
        yield from _read(statement)


def _statements(text: str) -> Iterator[_Statement]:
    """The statements of a file; a trailer's counts and totals are of those since the header before it."""
    open_ones: list[_Statement] = []
    record_count = 0
    for line in (each.ljust(_LINE_CHARS) for each in text.split("\n") if each.strip("\x1a ")):
        kind, article = line[:1], line[:2]
        if kind == "0":
            yield from open_ones
            open_ones, record_count = [], 0
        elif kind == "9":
            _check(open_ones, line, record_count)
        if kind in ("1", "2", "3", "8"):
            record_count += 1
        if kind == "1":
            open_ones.append(_Statement(line))
        elif open_ones:
            _add(open_ones[-1], article, line)
    yield from open_ones


def _add(statement: _Statement, article: str, line: str) -> None:
    """One record of a statement."""
    movements = statement.movements
    if article == "21":
        movement = _Movement({article: line})
        is_detail = line[6:10] != "0000" and bool(movements)
        (movements[-1].details if is_detail else movements).append(movement)
    elif article in ("22", "23") and movements:
        last = movements[-1].details[-1] if line[6:10] != "0000" and movements[-1].details else movements[-1]
        last.lines.setdefault(article, line)
    elif article in ("31", "32", "33") and movements:
        part = line[40:113] if article == "31" else line[10:115] if article == "32" else line[10:100]
        movements[-1].information += part.rstrip() + " "
    elif article[0] == "8":
        statement.new = line


def _read(statement: _Statement) -> Reading:
    """One statement: its movements, and the balances around them."""
    account, currency = _account(statement.old[5:42], statement.old[1])
    problems = list(statement.problems)
    if currency is not None and not is_currency(currency):
        problems.append(f"{currency} is not a currency")
    for number, movement in enumerate(statement.movements, start=1):
        yield _entry(movement, currency, number)
    opening = _balance(statement.old[42:64], currency, problems)
    closing = _balance(statement.new[41:63], currency, problems) if statement.new else None
    yield Head(
        format="CODA",
        account=account,
        currency=currency,
        statement_id=statement.old[125:128].strip() or statement.old[2:5].strip(),
        opening=opening,
        closing=closing,
        problems=tuple(problems),
    )


def _account(zone: str, structure: str) -> tuple[str | None, str | None]:
    """Account and currency: a Belgian number of twelve digits, else an IBAN or a foreign number of up to 34."""
    if structure == _BELGIAN_NUMBER:
        return zone[:12].strip() or None, zone[13:16].strip() or None
    return zone[:34].replace(" ", "") or None, zone[34:37].strip() or None


def _minor(sign_and_amount: str, currency: str | None) -> int:
    """A sign (0 in, 1 out) and fifteen digits of which three are decimals. Raises NotMoney."""
    digits = sign_and_amount[1:16]
    minor = minor_of(f"{digits[:_WHOLE_DIGITS]}.{digits[_WHOLE_DIGITS:]}", currency)
    return -minor if sign_and_amount[0] == "1" else minor


def _day(text: str) -> date | None:
    """DDMMYY; zeros are no day. Raises NotADate."""
    return None if text.strip("0 ") == "" else compact_day(f"{text[4:6]}{text[2:4]}{text[:2]}")


def _balance(zone: str, currency: str | None, problems: list[str]) -> Balance | None:
    try:
        return Balance(_minor(zone, currency), _day(zone[16:22]))
    except (NotMoney, NotADate) as cause:
        problems.append(f"a balance cannot be read: {cause}".rstrip("."))
        return None


def _entry(movement: _Movement, currency: str | None, number: int) -> Entry | Unread:
    line = movement.lines["21"]
    try:
        amount_minor, value_on, booked_on = _minor(line[31:47], currency), _day(line[47:53]), _day(line[115:121])
    except NotMoney as cause:
        return Unread(f"entry {number}: {cause.what.rstrip('.')}")
    except NotADate as cause:
        return Unread(f"entry {number}: {cause}")
    parts = movement.details or [movement]
    return Entry(
        amount_minor=amount_minor,
        booked_on=booked_on,
        value_on=value_on,
        bank_reference=line[10:31].strip() or None,
        transaction_code=line[53:61].strip() or None,
        information=" ".join(movement.information.split()) or None,
        detail_count=max(1, len(movement.details)),
        details=tuple(_detail(part) for part in parts),
    )


def _detail(movement: _Movement) -> Detail:
    first, second, third = (movement.lines.get(article, " " * _LINE_CHARS) for article in ("21", "22", "23"))
    words = first[62:115] + second[10:63] + third[82:125]
    if first[61] == "1" and first[62:65] in _STRUCTURED:
        digits = first[65:77]
        words = f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"
    return Detail(
        end_to_end_id=second[63:98].strip() or None,
        remittance=" ".join(words.split()) or None,
        counterparty_name=" ".join(third[47:82].split()) or None,
        counterparty_account=third[10:44].replace(" ", "") or None,
    )


def _check(statements: list[_Statement], trailer: str, record_count: int) -> None:
    """What the trailer counts and adds that the records do not: a problem of every statement before it."""
    problems = []
    counted = trailer[16:22].strip()
    if counted and counted != f"{record_count:06}":
        problems.append(f"the trailer counts {counted[:6]} records, but there are {record_count}")
    for words, sign, stated in (("out", "1", trailer[22:37]), ("in", "0", trailer[37:52])):
        amounts = [m.lines["21"][32:47] for each in statements for m in each.movements if m.lines["21"][31] == sign]
        if not stated.strip() or not all(amount.isascii() and amount.isdecimal() for amount in (stated, *amounts)):
            continue
        added = sum(map(int, amounts))
        if added != int(stated):
            shown = text_of(added * 100 // _THOUSANDTHS, None)
            problems.append(f"the trailer's sum of money {words} is not that of the movements, {shown}")
    for each in statements:
        each.problems += problems
