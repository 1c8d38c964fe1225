"""What a bank's statement says: accounts, balances, entries; and whether it adds up.

Here: the records and their arithmetic. Not here: XML (parse), ids (identity), files and evidence (sources.camt053).
Amounts are signed minor units of the account's currency: positive is money into the account, or a balance that is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from finance_pipeline.core.money import format_money
from finance_pipeline.core.problems import PermanentProblem


class MalformedStatement(PermanentProblem):
    """A file that is not a readable camt.053 statement: broken XML, another message, a missing balance or account."""


class StatementDoesNotFoot(PermanentProblem):
    """Opening balance plus booked entries is not the closing balance: the whole file is held, nothing of it is used."""


class Detail(NamedTuple):
    """One transaction inside an entry: the entry itself, or a member of a batch."""

    amount: str | None
    """As stated, unsigned and with its currency: '19710 EUR'."""
    end_to_end_id: str | None
    remittance: str | None
    """Unstructured text, then creditor references and document numbers, as printed."""
    counterparty_name: str | None
    counterparty_account: str | None
    original_amount: str | None
    """Instructed amount, unsigned decimal text, where its currency is not the account's."""
    original_currency: str | None
    bank_reference: str | None


class Entry(NamedTuple):
    """One line of a statement."""

    amount_minor: int
    status: str
    """booked, pending, or information (an entry that moves nothing)."""
    booked_on: date | None
    """None only while the statement is being read: the statement's own date then stands."""
    value_on: date | None
    bank_reference: str | None
    """AcctSvcrRef: the bank's own reference."""
    entry_reference: str | None
    """NtryRef; a mere position in the file is left out, since the next file counts differently."""
    reversal: bool
    transaction_code: str | None
    """Domain-family-subfamily, or the bank's own code."""
    information: str | None
    original_amount: str | None
    original_currency: str | None
    detail_count: int
    """Transactions inside; 1 for an ordinary line."""
    details: tuple[Detail, ...]


@dataclass(frozen=True)
class Statement:
    """One account's statement."""

    account: str
    """IBAN without spaces, or the bank's own account number."""
    currency: str
    statement_id: str
    created_at: str | None
    """As the bank wrote it; many banks state no time zone."""
    opening_minor: int
    opening_on: date
    """First day of the statement: the balance stands before its lines."""
    closing_minor: int
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
        """What opening balance and entries have too much (+) or too little (-) for the closing balance."""
        return self.opening_minor + self.booked_minor - self.closing_minor


@dataclass(frozen=True)
class StatementFile:
    """One file: usually one day of one or more accounts."""

    name: str
    statements: tuple[Statement, ...]


def check_footing(file: StatementFile) -> None:
    """Every statement of a file adds up. Raises StatementDoesNotFoot naming the first that does not, and the gap."""
    for statement in file.statements:
        if statement.difference_minor:
            opening, booked, sum_minor, closing, apart = (
                format_money(minor, statement.currency)
                for minor in (
                    statement.opening_minor,
                    statement.booked_minor,
                    statement.opening_minor + statement.booked_minor,
                    statement.closing_minor,
                    abs(statement.difference_minor),
                )
            )
            raise StatementDoesNotFoot(
                f"opening {opening} + entries {booked} = {sum_minor}, but closing says {closing} "
                f"({apart} {statement.currency} apart).",
                where=f"{file.name}, account {statement.account}, statement {statement.statement_id}",
                kept="The whole file is kept as it came and nothing of it is used.",
                todo="Ask the bank for a corrected statement, or for the missing pages, and import that.",
            )
