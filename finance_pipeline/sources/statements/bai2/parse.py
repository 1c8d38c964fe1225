"""BAI2: what its records mean together, and whether its control totals hold.

Amounts are integers in the currency's minor unit. A type code says the direction: 100 to 399 is in, 400 to 699 is out.
Trailers (49, 98, 99) count records and add amounts: where they are wrong, the bank's file is not what the bank sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from finance_pipeline.core.money import MAX_MINOR
from finance_pipeline.sources.statements.bai2.records import Record, funds_fields, records
from finance_pipeline.sources.statements.figures import NotADate, compact_day, is_currency
from finance_pipeline.sources.statements.model import Balance, Detail, Entry, Head, MalformedStatement, Reading, Unread

_OPENING, _CLOSING, _AVAILABLE = "010", "015", "045"
_TOTALS = ("100", "400")
_INTERIM = ("1", "3")
_DEFAULT_CURRENCY = "USD"
"""Of the standard, where neither the account nor its group names one."""


@dataclass
class _Account:
    """One record 03 and what follows it."""

    number: str
    currency: str
    on: date | None
    interim: bool
    balances: dict[str, int] = field(default_factory=dict)
    total_minor: int = 0
    record_count: int = 0
    events: list[Entry | Unread] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_closed: bool = False


@dataclass
class _Group:
    """One record 02 and its accounts."""

    currency: str = ""
    on: date | None = None
    interim: bool = False
    accounts: list[_Account] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    total_minor: int = 0
    record_count: int = 0


def read_bai2(text: str) -> Reading:
    """Every account's entries and head. Raises MalformedStatement where there is no account."""
    groups = _File().read(text)
    if not any(group.accounts for group in groups):
        raise MalformedStatement("the file holds no account: there is no record 03.")
    for group in groups:
        for account in group.accounts:
            yield from account.events
            yield replace(_head(account), problems=(*account.problems, *group.problems))


class _File:
    """The file on its way: what its trailers have to count and add."""

    def __init__(self) -> None:
        self._groups: list[_Group] = []
        self._total_minor = 0
        self._record_count = 0

    def read(self, text: str) -> list[_Group]:
        is_closed = False
        for record in records(text):
            self._record_count += record.count
            if record.code == "02" or (not self._groups and record.code != "01"):
                self._groups.append(_group(record) if record.code == "02" else _Group())
            if record.code == "99":
                is_closed = True
                self._everywhere(_wrong(record, "file", self._total_minor, len(self._groups), self._record_count))
            elif record.code != "01":
                self._of_group(self._groups[-1], record)
        if not is_closed:
            self._everywhere(["the file ends without its trailer (99), so it may be cut off"])
        return self._groups

    def _everywhere(self, problems: list[str]) -> None:
        for group in self._groups:
            group.problems += problems

    def _of_group(self, group: _Group, record: Record) -> None:
        group.record_count += record.count
        if record.code == "98":
            group.problems += _wrong(record, "group", group.total_minor, len(group.accounts), group.record_count)
            self._total_minor += _integer(record.fields, 0) or 0
            return
        if record.code == "03":
            group.accounts.append(_account(record, group))
        if not group.accounts:
            return
        account = group.accounts[-1]
        if record.code in ("03", "16", "49"):
            account.record_count += record.count
        if record.code == "16":
            _entry(account, record)
        elif record.code == "49":
            account.is_closed = True
            account.problems += _wrong(record, "account", account.total_minor, None, account.record_count)
            group.total_minor += _integer(record.fields, 0) or 0


def _group(record: Record) -> _Group:
    """receiver, originator, status, as-of day, time, currency, as-of modifier."""
    fields = [*record.fields, *[""] * 7]
    group = _Group(currency=fields[5].strip().upper(), interim=fields[6].strip() in _INTERIM)
    try:
        group.on = compact_day(fields[3].strip()) if fields[3].strip() else None
    except NotADate as cause:
        group.problems.append(f"group: {cause}")
    return group


def _account(record: Record, group: _Group) -> _Account:
    """account, currency, and then balances and totals: type, amount, count, funds type with its own fields."""
    fields = [*record.fields, ""]
    account = _Account(
        number=fields[0].strip(),
        currency=fields[1].strip().upper() or group.currency or _DEFAULT_CURRENCY,
        on=group.on,
        interim=group.interim,
    )
    if not is_currency(account.currency):
        account.problems.append(f"{account.currency[:10]} is not a currency")
    place = 2
    while place < len(fields):
        if not fields[place].strip():
            place += 1  # some banks end a line that goes on in a record 88 with a comma too many
            continue
        code, amount = fields[place].strip(), _integer(fields, place + 1)
        if amount is None and place + 1 < len(fields) and fields[place + 1].strip():
            account.problems.append(f"{code[:10]}: {fields[place + 1][:30]} is not an amount")
        if amount is not None:
            account.total_minor += amount
            account.balances.setdefault(code, amount)
        place += 4 + funds_fields(fields, place + 3)
    return account


def _integer(fields: list[str], place: int) -> int | None:
    """A whole number with or without a sign, None where there is none or it is too large."""
    text = fields[place].strip() if place < len(fields) else ""
    digits = text.removeprefix("+").removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > len(str(MAX_MINOR)) or int(digits) > MAX_MINOR:
        return None
    return -int(digits) if text.startswith("-") else int(digits)


def _entry(account: _Account, record: Record) -> None:
    """One record 16 into its account: type, amount, funds type, bank's reference, customer's reference, text."""
    fields = [*record.fields, "", "", ""]
    number = len(account.events) + 1
    code, amount = fields[0].strip(), _integer(fields, 1)
    if amount is None and not fields[1].strip():
        amount = 0
    sign = _sign(code)
    if amount is None or sign is None:
        what = f"{fields[1][:30]} is not an amount" if amount is None else f"the type {code[:10]} has no direction"
        account.events.append(Unread(f"entry {number}: {what}"))
        return
    account.total_minor += amount
    after = 3 + funds_fields(fields, 2)
    if fields[2].strip().upper() in ("S", "D") and after > len(record.fields):
        account.events.append(Unread(f"entry {number}: its availabilities are not all there"))
        return
    references = [*fields[after : after + 2], "", ""]
    account.events.append(
        Entry(
            amount_minor=sign * amount,
            status="booked" if sign else "information",
            booked_on=account.on,
            value_on=_value_day(fields),
            bank_reference=references[0].strip() or None,
            entry_reference=references[1].strip() or None,
            transaction_code=code,
            details=(Detail(remittance=" ".join(record.text.split())),) if record.text.strip() else (),
        )
    )


def _value_day(fields: list[str]) -> date | None:
    """The value date of funds type V; one that is no day says nothing."""
    if fields[2].strip().upper() != "V":
        return None
    try:
        return compact_day(fields[3].strip())
    except NotADate:
        return None


def _sign(code: str) -> int | None:
    """Direction of a type code: 1 in, -1 out, 0 moves nothing, None unknown."""
    number = int(code) if code.isascii() and code.isdecimal() and len(code) <= 3 else 0
    if 100 <= number <= 399 or 720 <= number <= 759 or 920 <= number <= 959:
        return 1
    if 400 <= number <= 699 or 760 <= number <= 799 or 960 <= number <= 999:
        return -1
    return 0 if number == 890 else None


def _wrong(record: Record, what: str, total_minor: int, member_count: int | None, record_count: int) -> list[str]:
    """What a trailer says that is not so: control total, count of members (98, 99), count of records."""
    stated = [_integer(record.fields, place) for place in range(3)]
    counts = [None, record_count] if member_count is None else [None, member_count, record_count]
    problems = []
    if stated[0] != total_minor:
        says = record.fields[0][:30].strip()
        if says:
            problems.append(f"the control total of the {what} says {says}, but its amounts add to {total_minor}")
        elif total_minor:
            problems.append(f"the trailer of the {what} states no control total; its amounts add to {total_minor}")
    for place, count in enumerate(counts):
        if count is not None and stated[place] != count:
            shown = record.fields[place][:20] if place < len(record.fields) else "nothing"
            problems.append(f"the trailer of the {what} counts {shown}, but there are {count}")
    return problems


def _head(account: _Account) -> Head:
    problems = list(account.problems)
    if not account.is_closed:
        problems.append("the account ends without its trailer (49), so it may be cut off")

    def balance(code: str) -> Balance | None:
        return Balance(account.balances[code], account.on) if code in account.balances else None

    account.problems = problems
    has_totals = any(account.balances.get(code) for code in _TOTALS)
    return Head(
        format="BAI2",
        account=account.number or None,
        currency=account.currency,
        opening=balance(_OPENING),
        closing=balance(_CLOSING),
        available=balance(_AVAILABLE),
        to_on=account.on,
        has_sum=bool(account.events) or not has_totals,
        interim=account.interim,
        remarks=("gives totals and not its entries",) if has_totals and not account.events else (),
    )
