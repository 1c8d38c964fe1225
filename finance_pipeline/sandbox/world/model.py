"""What exists in a simulated world: parties, documents, bank lines, card transactions, and what truly settles what.

Amounts are integer minor units. On a bank line and a card transaction, positive is money in. A document's total is
positive whoever owes it; its kind says who.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from finance_pipeline.sandbox.world.profiles import Account

DocumentKind = Literal["invoice", "bill", "credit_note", "supplier_credit"]


@dataclass(slots=True, eq=False)
class Party:
    """A customer or supplier. habit: how it writes references. lag_days: how long after a document it pays."""

    id: str
    name: str
    role: Literal["customer", "supplier"]
    currency: str
    terms_days: int
    lag_days: int
    iban: str
    email: str
    habit: str
    number_format: str = ""
    """Of a supplier's own documents, with {n} for a running number."""
    next_number: int = 0
    plan_minor: int = 0
    """Price of a subscription, without tax; 0 if there is none."""
    known_from: datetime | None = None
    """When it was entered in the accounting system: before its first document."""


@dataclass(slots=True)
class DocumentLine:
    """One line of a document: Xero account code, words, net and tax in minor units."""

    code: str
    words: str
    net_minor: int
    tax_minor: int


@dataclass(slots=True, eq=False)
class Document:
    """An invoice, bill or credit note, with what became of it in the accounting system."""

    id: str
    kind: DocumentKind
    party: Party
    currency: str
    lines: list[DocumentLine]
    issued_on: date
    due_on: date
    entered_at: datetime
    number: str = ""
    reference: str = ""
    total_minor: int = 0
    first_lines: list[DocumentLine] | None = None
    """As first issued, where it was amended later."""
    amended_at: datetime | None = None
    voided_at: datetime | None = None
    is_draft: bool = False
    recorded: list[RecordedPayment] = field(default_factory=list)
    applied: list[AppliedCredit] = field(default_factory=list)
    """Of a credit note what was applied of it; of an invoice the credits applied to it."""

    def __post_init__(self) -> None:
        self.total_minor = sum(line.net_minor + line.tax_minor for line in self.lines)


@dataclass(slots=True, eq=False)
class RecordedPayment:
    """A payment that a bookkeeper recorded in Xero before the bank showed it."""

    id: str
    document: Document
    amount_minor: int
    paid_on: date
    recorded_at: datetime
    account: Account
    reference: str


@dataclass(slots=True, eq=False)
class OnAccount:
    """A receipt that a bookkeeper recorded in Xero as a customer's overpayment or prepayment."""

    id: str
    what: str
    """OVERPAYMENT or PREPAYMENT."""
    party: Party
    amount_minor: int
    paid_on: date
    recorded_at: datetime
    account: Account
    applied: list[AppliedCredit] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class AppliedCredit:
    """A part of a credit that was applied to an invoice, until it was taken back."""

    id: str
    credit: Document | OnAccount
    invoice: Document
    amount_minor: int
    on: date
    at: datetime
    undone_at: datetime | None

    def stands(self, moment: datetime) -> bool:
        return self.at <= moment and (self.undone_at is None or moment < self.undone_at)


@dataclass(slots=True, eq=False)
class Payout:
    """Money on its way from the card processor to the bank."""

    id: str
    transaction_id: str
    amount_minor: int
    created_at: datetime
    arrives_on: date
    trace: str
    fails: bool = False


@dataclass(slots=True, eq=False)
class CardTransaction:
    """A movement of the processor's balance. source: the charge, refund, dispute or payout behind it, as JSON."""

    id: str
    kind: str
    amount_minor: int
    fee_minor: int
    created_at: datetime
    available_at: datetime
    nature: str
    party_name: str = ""
    allocations: list[Allocation] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Line:
    """A booked line of a bank account. nature: what it truly is. flow: how the bank words it."""

    account: Account
    amount_minor: int
    booked_on: date
    nature: str
    flow: str
    party: Party | None = None
    allocations: list[Allocation] = field(default_factory=list)
    shown_name: str = ""
    shown_iban: str = ""
    memo: str = ""
    end_to_end_id: str = ""
    original: tuple[int, str, str] | None = None
    """Amount in minor units, currency and rate before the bank's conversion."""
    bank_reference: str = ""
    feed_id: str = ""
    value_on: date | None = None
    twin: Line | None = None
    """The line that this one repeats by mistake of who paid, or whose other leg it is."""


Counterpart = Document | RecordedPayment | OnAccount | Payout | Line


@dataclass(slots=True)
class Allocation:
    """The truth about one part of a line. clue: what the line itself shows of it."""

    other: Counterpart
    amount_minor: int
    shape: str
    clue: str = ""


@dataclass(slots=True)
class BookWorld:
    """Everything that happened at one company."""

    customers: list[Party] = field(default_factory=list)
    suppliers: list[Party] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    card: list[CardTransaction] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)
    on_account: list[OnAccount] = field(default_factory=list)
