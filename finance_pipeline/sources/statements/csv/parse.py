"""CSV by a declared profile: cells are texts, cast strictly; a row that does not fit is said, never left out.

A running balance gives the balances of the statement, and each row of it is checked.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field

from finance_pipeline.core.money import NotMoney
from finance_pipeline.sources.statements.csv.profile import Profile, day_of, strptime_format
from finance_pipeline.sources.statements.figures import NotADate, is_currency, loose_minor, text_of
from finance_pipeline.sources.statements.model import Balance, Detail, Entry, Head, MalformedStatement, Reading, Unread


def table_of(text: str, delimiter: str, skip_lines: int) -> list[list[str]]:
    """The rows of a table, without blank ones. Raises MalformedStatement for quotes that do not close."""
    lines = text.split("\n")[skip_lines:]
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, strict=True))
    except csv.Error as cause:
        raise MalformedStatement(f"not well-formed CSV: {cause}.") from cause
    return [row for row in rows if any(cell.strip() for cell in row)]


def read_csv(text: str, profile: Profile) -> Reading:
    """Every account's entries and head, in the order of the accounts' first rows. Raises MalformedStatement."""
    rows = table_of(text, profile.delimiter, profile.skip_lines)
    if profile.header:
        if not rows or not has_header(rows[0], profile.header):
            raise MalformedStatement(f"its header is not that of the profile {profile.name}.")
        rows = rows[1:]
    if profile.order == "newest_first":
        rows.reverse()
    accounts: dict[tuple[str | None, str | None], _Account] = {}
    account, currency = profile.account, profile.currency
    for number, row in enumerate(rows, start=1):
        line = _Row(row, profile)
        # A cell left empty is of the account before it.
        account, currency = line.said("account") or account, (line.said("currency") or currency or "").upper() or None
        accounts.setdefault((account, currency), _Account(account, currency)).add(line, number)
    if not accounts:
        raise MalformedStatement("the table has no rows.")
    for each in accounts.values():
        yield from each.events
        yield each.head()


def declares(profile: Profile, text: str) -> bool:
    """Whether a profile says that it is for files like this one: by the header it declares."""
    if not profile.header:
        return False
    line = next(iter(text.split("\n")[profile.skip_lines : profile.skip_lines + 1]), "")
    row = next(csv.reader([line], delimiter=profile.delimiter), [])
    return has_header(row, profile.header)


def has_header(row: list[str], header: tuple[str, ...]) -> bool:
    """Whether a row is the header that a profile declares; empty cells at the end do not matter."""
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1] and len(cells) > len(header):
        cells.pop()
    return cells == [cell.strip() for cell in header]


_TOTAL = re.compile(
    r"((sub|grand )?total|summe|gesamt|endsumme|(end|anfangs)?saldo|kontostand|((opening|closing) )?balance|solde)\b"
)


_MARKED = re.compile(r"(.*\d)\s*(CR|DR)")
"""An amount with credit or debit behind it: 1,200.50 DR."""


class _Row:
    """One row beside what the profile says of its cells."""

    def __init__(self, cells: list[str], profile: Profile) -> None:
        self._cells, self.profile = cells, profile

    def cell(self, column: str | int | None) -> str | None:
        place = self.profile.place(column)
        if place is None or place >= len(self._cells):
            return None
        return self._cells[place].strip() or None

    def said(self, name: str) -> str | None:
        """What a column says, None if it is not declared, not there or empty."""
        return self.cell(getattr(self.profile.columns, name))

    @property
    def has_day(self) -> bool:
        try:
            day_of(self.said("booked") or "", strptime_format(self.profile.date_format), len(self.profile.date_format))
        except NotADate:
            return False
        return True

    @property
    def has_amount(self) -> bool:
        """Whether a cell of its amounts is one."""
        try:
            return any(self.minor(name, None) is not None for name in ("amount", "money_in", "money_out"))
        except NotMoney:
            return False

    @property
    def is_total(self) -> bool:
        """Whether it has no day and says that it adds up others, or how things stand."""
        return self.said("booked") is None and any(_TOTAL.match(cell.strip().casefold()) for cell in self._cells)

    @property
    def is_balance(self) -> bool:
        """Whether it states a balance, and nothing where its amounts would stand."""
        return self.said("balance") is not None and not any(
            self.said(name) for name in ("amount", "money_in", "money_out")
        )

    @property
    def shown(self) -> str:
        """The beginning of its words."""
        return " ".join(filter(None, self._cells))[:40]

    def minor(self, name: str, currency: str | None) -> int | None:
        """An amount, None where the cell is empty. Raises NotMoney."""
        text = self.said(name)
        if text is None:
            return None
        marked = _MARKED.fullmatch(text)
        minor = loose_minor(_bare(marked.group(1) if marked else text), currency, self.profile.decimal_mark)
        return -minor if marked and marked.group(2) == "DR" else minor


def _bare(text: str) -> str:
    """An amount without the currency that stands beside it."""
    for code in (text[:3], text[-3:]):
        if is_currency(code.upper()):
            return text.replace(code, "").strip()
    return re.sub(r"[€$£]", "", text).strip()


@dataclass
class _Account:
    """The rows of one account."""

    account: str | None
    currency: str | None
    events: list[Entry | Unread] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    opening_minor: int | None = None
    balance_minor: int | None = None

    def add(self, row: _Row, number: int) -> None:
        """One row: an entry, and the balance after it; what has neither a day nor an amount is a remark."""
        if not row.has_day and (not row.has_amount or row.is_total):
            self.remarks.append(f"row {number} is no line: {row.shown}")
            return
        if row.is_balance and self._is_balance(row, number):
            return
        try:
            entry = self._entry(row)
            balance_minor = row.minor("balance", self.currency)
        except NotMoney as cause:
            self.events.append(Unread(f"row {number}: {cause.what.rstrip('.')}"))
            return
        except (NotADate, MalformedStatement) as cause:
            self.events.append(
                Unread(f"row {number}: {cause.what if isinstance(cause, MalformedStatement) else cause}")
            )
            return
        self.events.append(entry)
        if balance_minor is None:
            return
        if self.balance_minor is None:
            self.opening_minor = balance_minor - sum(e.amount_minor for e in self.events if isinstance(e, Entry))
        elif self.balance_minor + entry.amount_minor != balance_minor:
            shown = text_of(balance_minor, self.currency)
            self.problems.append(f"row {number}: the balance of {shown} does not follow from the row before")
        self.balance_minor = balance_minor

    def _is_balance(self, row: _Row, number: int) -> bool:
        """Take a row for a balance brought forward or carried: what stands first, or repeats what stood before."""
        try:
            balance_minor = row.minor("balance", self.currency)
        except NotMoney:
            return False
        if balance_minor is None or self.balance_minor not in (None, balance_minor):
            return False
        if self.balance_minor is None:
            if self.events:
                return False
            self.opening_minor = balance_minor
        self.balance_minor = balance_minor
        self.remarks.append(f"row {number} is a balance: {row.shown}")
        return True

    def _entry(self, row: _Row) -> Entry:
        """Raises NotMoney, NotADate, MalformedStatement where the row is no line."""
        profile, form = row.profile, row.profile.date_format
        strptime = strptime_format(form)
        booked, value = row.said("booked"), row.said("value")
        memo = " ".join(filter(None, (row.cell(column) for column in profile.columns.memo))) or None
        detail = Detail(
            end_to_end_id=row.said("end_to_end_id"),
            remittance=memo,
            counterparty_name=row.said("name"),
            counterparty_account=row.said("counterparty_account"),
        )
        return Entry(
            amount_minor=self._amount(row),
            booked_on=day_of(booked or "nothing", strptime, len(form)),
            value_on=day_of(value, strptime, len(form)) if value else None,
            bank_reference=row.said("bank_reference"),
            transaction_code=row.said("code"),
            details=(detail,),
        )

    def _amount(self, row: _Row) -> int:
        """Signed minor units. Raises NotMoney, MalformedStatement."""
        profile = row.profile
        if profile.columns.amount is None:
            money_in, money_out = row.minor("money_in", self.currency), row.minor("money_out", self.currency)
            if money_in is None and money_out is None:
                raise MalformedStatement("it has no amount")
            # Some banks write money out with its minus, some without: the column says the direction.
            return (money_in or 0) - abs(money_out or 0)
        amount = row.minor("amount", self.currency)
        if amount is None:
            raise MalformedStatement("it has no amount")
        if profile.columns.direction is not None:
            words = (row.said("direction") or "").casefold()
            if words in {each.casefold() for each in profile.debit_words}:
                return -abs(amount)
            if words not in {each.casefold() for each in profile.credit_words}:
                raise MalformedStatement(f"{words[:20]!r} is neither a credit nor a debit")
            return abs(amount)
        return -amount if profile.negate else amount

    def head(self) -> Head:
        days = [e.booked_on for e in self.events if isinstance(e, Entry) and e.booked_on]
        first_on, last_on = min(days, default=None), max(days, default=None)
        has_balances = self.opening_minor is not None and self.balance_minor is not None
        wrong = (
            [] if self.currency is None or is_currency(self.currency) else [f"{self.currency[:10]} is not a currency"]
        )
        return Head(
            format="CSV",
            account=self.account,
            currency=self.currency,
            opening=Balance(self.opening_minor or 0, first_on) if has_balances else None,
            closing=Balance(self.balance_minor or 0, last_on) if has_balances else None,
            from_on=first_on,
            to_on=last_on,
            problems=(*wrong, *self.problems),
            remarks=tuple(self.remarks),
        )
