"""What a bank's statement says, whatever format it came in: accounts, balances, entries.

Here: the records, and what readers yield. Not here: any format, dates that stand for missing ones (assemble), footing
of a whole file (summary, assemble), ids (identity), evidence (sources.statement_files).
Amounts are signed minor units of the account's currency: positive is money into the account, or a balance that is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from finance_pipeline.core.problems import PermanentProblem


class MalformedStatement(PermanentProblem):
    """A file that is no readable statement, or says too little to be used: the reason is in the words."""


class StatementDoesNotFoot(PermanentProblem):
    """Opening balance plus booked entries is not the closing balance: the whole file is held, nothing of it is used."""


class Balance(NamedTuple):
    """A balance as the bank states it."""

    amount_minor: int
    on: date | None
    """Day as printed; banks date an opening balance with its first day or with the day before."""


class Detail(NamedTuple):
    """One transaction inside an entry: the entry itself, or a member of a batch."""

    amount: str | None = None
    """As stated, unsigned and with its currency: '19710 EUR'."""
    end_to_end_id: str | None = None
    remittance: str | None = None
    """Unstructured text, then creditor references and document numbers, as printed."""
    counterparty_name: str | None = None
    counterparty_account: str | None = None
    original_amount: str | None = None
    """Instructed amount, unsigned decimal text, where its currency is not the account's."""
    original_currency: str | None = None
    bank_reference: str | None = None
    charges: str | None = None
    """Charges that the bank took, as stated with their currency: '1.50 EUR'; several joined by a space."""


class Entry(NamedTuple):
    """One line of a statement."""

    amount_minor: int
    status: str = "booked"
    """booked, pending, or information (an entry that moves nothing)."""
    booked_on: date | None = None
    """None only while the statement is being read: the statement's own date then stands."""
    value_on: date | None = None
    bank_reference: str | None = None
    """The bank's own reference."""
    entry_reference: str | None = None
    """What else names the entry; a mere position in the file is left out, since the next file counts differently."""
    reversal: bool = False
    transaction_code: str | None = None
    """The bank's code: domain-family-subfamily of camt, type of MT940 and OFX, BAI code."""
    information: str | None = None
    original_amount: str | None = None
    original_currency: str | None = None
    exchange_rate: str | None = None
    """The bank's rate of conversion, as it prints it."""
    charges: str | None = None
    """As of a Detail, where the bank states them for the entry."""
    detail_count: int = 1
    """Transactions inside; 1 for an ordinary line."""
    details: tuple[Detail, ...] = ()


class Unread(NamedTuple):
    """An entry that stands in the file and cannot be read: it counts, and its statement has no sum."""

    words: str
    """Which, and why; empty where the head says it of all."""


@dataclass(frozen=True)
class Head:
    """What a statement says besides its entries. A reader yields it after them."""

    format: str
    """camt.053.001.08, MT940, BAI2, OFX, QFX, QIF, CSV, ..."""
    account: str | None = None
    """IBAN without spaces, or the bank's own account number."""
    currency: str | None = None
    statement_id: str = ""
    created_at: str | None = None
    """As the bank wrote it; many banks state no time zone."""
    opening: Balance | None = None
    closing: Balance | None = None
    available: Balance | None = None
    from_on: date | None = None
    """First and last day that the statement says it covers."""
    to_on: date | None = None
    has_sum: bool = True
    """False where its entries do not add up to anything: totals instead of entries, or several currencies."""
    closes_the_list: bool = False
    """Whether the closing balance is that after the last line listed, so that the opening balance follows from it."""
    interim: bool = False
    """A report within the day, or a notification: the statement of the day repeats its entries."""
    problems: tuple[str, ...] = ()
    """What is wrong with it, in words; nothing of its file is used."""
    remarks: tuple[str, ...] = ()
    """What a reader should know, in words; it stops nothing."""


Event = Entry | Unread | Head
Reading = Iterator[Event]
"""The entries of a statement and then its head, statement after statement in the order of the file."""


@dataclass(frozen=True)
class Statement:
    """One account's statement, with a date for every entry: what can be landed."""

    format: str
    account: str
    currency: str
    statement_id: str
    created_at: str | None
    opening_minor: int | None
    """None where nothing says it; computed where the closing balance stands right after the last line."""
    opening_on: date
    """First day of the statement: the balance stands before its lines."""
    closing_minor: int | None
    closing_on: date
    """The balance stands after this day's lines."""
    entries: tuple[Entry, ...]

    @property
    def booked_minor(self) -> int:
        """Sum of the booked entries."""
        return sum(entry.amount_minor for entry in self.entries if entry.status == "booked")

    def counts_on(self, entry: Entry) -> date | None:
        """The day from which the balances hold an entry: a bank may date one before the statement that brings it."""
        if entry.booked_on is None or entry.status != "booked":
            return entry.booked_on
        return min(max(entry.booked_on, self.opening_on), self.closing_on)

    @property
    def difference_minor(self) -> int:
        """What the closing balance has more (+) or less (-) than opening balance and entries; 0 if one is missing."""
        if self.opening_minor is None or self.closing_minor is None:
            return 0
        return self.closing_minor - self.opening_minor - self.booked_minor


@dataclass(frozen=True)
class StatementFile:
    """One file: usually one day of one or more accounts."""

    name: str
    statements: tuple[Statement, ...]
