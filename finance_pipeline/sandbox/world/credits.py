"""Credits that a bookkeeper applies to invoices: credit notes, and what customers pay in advance or too much.

Made last, of what is open then and with a source of chance of its own: nothing else of a company depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.days import DAY, business_day, local_moment
from finance_pipeline.sandbox.world.model import Allocation, AppliedCredit, Document, Line, OnAccount
from finance_pipeline.sandbox.world.profiles import random_uuid

_CLAIMED_SHARE, _UNDONE_EVERY = 0.6, 4
_WORDS = {
    "us": ("ADVANCE PAYMENT", "ON ACCOUNT", "DEPOSIT FOR NEXT ORDER"),
    "uk": ("ADVANCE PAYMENT", "ON ACCOUNT", "PAYMENT THANK YOU"),
    "de": ("Vorauszahlung", "Akontozahlung", "Anzahlung"),
}
_LINES_A_NOTE = 100
_SMALLEST_MINOR = 2_000
"""An invoice with less open gets no credit note."""


@dataclass
class Credits:
    """Applies credits to the open invoices of one company."""

    company: Company

    def __post_init__(self) -> None:
        world, self.rng = self.company.world, self.company.chance("credits")
        by_bank = (each for line in world.lines for each in line.allocations)
        by_card = (each for movement in world.card for each in movement.allocations)
        paid = {each.other.id for each in (*by_bank, *by_card) if isinstance(each.other, Document)}
        self._applied_count = 0
        self.open_minor = {
            each: each.total_minor
            for each in world.documents
            if each.kind == "invoice" and each.id not in paid
            and not (each.voided_at or each.amended_at or each.is_draft)
        }  # fmt: skip

    def give(self) -> None:
        """Some receipts that no invoice expected were paid on account; a credit note is written now and then."""
        unplaced = [each for each in self.company.world.lines if each.nature == "unidentified" and not each.allocations]
        for line in unplaced:
            if self.rng.random() < _CLAIMED_SHARE:
                self._claim(line)
        for number in range(max(8, self.company.options.lines_per_book // _LINES_A_NOTE)):
            self._write_note(abroad=number % 3 == 0)

    def _claim(self, line: Line) -> None:
        """The receipt is a customer's: recorded on account, and then applied to what they owe."""
        rng, zone = self.rng, self.company.profile.time_zone
        owed = [each for each in self._open() if each.currency == line.account.currency]
        at = local_moment(line.booked_on + DAY * rng.randint(1, 3), zone, rng.randrange(9 * 3600, 17 * 3600))
        if not owed or at >= self.company.options.complete_at:
            return
        party = rng.choice(owed).party
        what = "OVERPAYMENT" if rng.random() < 0.6 else "PREPAYMENT"
        credit = OnAccount(random_uuid(rng), what, party, line.amount_minor, line.booked_on, at, line.account)
        self.company.world.on_account.append(credit)
        line.shown_name, line.memo = party.name, rng.choice(_WORDS[self.company.profile.country])
        line.allocations.append(Allocation(credit, line.amount_minor, "recorded_payment"))
        left_minor = line.amount_minor
        for invoice in [each for each in owed if each.party is party][:2]:
            part_minor = min(left_minor, self.open_minor[invoice])
            if part_minor and self._apply(credit, invoice, part_minor, credit.paid_on, at):
                left_minor -= part_minor

    def _write_note(self, *, abroad: bool) -> None:
        """A credit note on an open invoice, abroad if there is one there, applied to it some days later."""
        rng, company = self.rng, self.company
        owed = [each for each in self._open() if self.open_minor[each] >= _SMALLEST_MINOR]
        foreign = [each for each in owed if each.currency != company.profile.currency]
        if not owed:
            return
        invoice = rng.choice(foreign if abroad and foreign else owed)
        issued_on = business_day(invoice.issued_on + DAY * rng.randint(2, 20), company.profile.country)
        if issued_on > company.options.last_day:
            return
        note = company.document(rng, "credit_note", invoice.party, issued_on, net_minor=self.open_minor[invoice] // 4)
        note.number, note.entered_at = company.take_note_number(), self._in_time(note.entered_at)
        self._apply(note, invoice, min(note.total_minor, self.open_minor[invoice]), issued_on, note.entered_at)

    def _open(self) -> list[Document]:
        return [each for each, minor in self.open_minor.items() if minor]

    def _in_time(self, at: datetime) -> datetime:
        return min(at, self.company.options.complete_at - timedelta(hours=2))

    def _apply(
        self, credit: Document | OnAccount, invoice: Document, amount_minor: int, given_on: date, known_at: datetime
    ) -> bool:
        """Apply a part of a credit some days later, and of some take that back; False beyond the last day."""
        rng, options = self.rng, self.company.options
        on = max(given_on, invoice.issued_on) + DAY * rng.randint(0, 12)
        office = local_moment(on, self.company.profile.time_zone, rng.randrange(9 * 3600, 17 * 3600))
        at = max(office, known_at, invoice.entered_at) + timedelta(minutes=rng.randrange(5, 90))
        if on > options.last_day or at >= options.complete_at:
            return False
        again = at + timedelta(days=rng.randint(28, 40), minutes=rng.randrange(600))
        self._applied_count += 1
        undone = self._applied_count % _UNDONE_EVERY == 2 and again < options.complete_at
        applied = AppliedCredit(random_uuid(rng), credit, invoice, amount_minor, on, at, again if undone else None)
        credit.applied.append(applied)
        invoice.applied.append(applied)
        self.open_minor[invoice] -= amount_minor
        return True
