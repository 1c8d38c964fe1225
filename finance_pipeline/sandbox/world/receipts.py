"""What customers pay to the bank: one invoice or many, in parts, a little short, in another currency, or nobody's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from finance_pipeline.sandbox.world.company import Company, some_net_minor, split_amount
from finance_pipeline.sandbox.world.days import business_day, some_days
from finance_pipeline.sandbox.world.model import Allocation, Document, DocumentLine, Line, Party
from finance_pipeline.sandbox.world.profiles import Account

_TAIL_DAYS = 45
"""Payments are planned so far beyond the end: what they pay is still open then, as it is in life."""
_BATCH_SIZES = tuple(range(2, 16))
_BATCH_WEIGHTS = (30, 20, 13, 9, 7, 5, 4, 3, 2, 2, 2, 1, 1, 1)
_BANK_FEES_MINOR = (500, 750, 1_250, 1_500, 2_500)


@dataclass
class Receipts:
    """Plans receipts of one company. Each way of paying appends the lines of one payment."""

    company: Company

    def __post_init__(self) -> None:
        self.rng = self.company.chance("receipts")
        self.country = self.company.profile.country
        us = self.country == "us"
        self.ways: dict[Callable[[date], None], int] = {
            self._single: 640,
            self._batch: 90,
            self._partial: 50,
            self._short: 45,
            self._foreign: 190 if self.country == "uk" else 45,
            self._deposit: 22 if us else 0,
            self._nobody: 25,
            self._twice: 2,
            self._refund: 16,
        }

    def plan(self, line_count: int) -> None:
        """About so many lines within the simulated months, and what is still unpaid at their end."""
        options, rng = self.company.options, self.rng
        days = (options.last_day - options.first_day).days + 1
        plan_count = max(1, round(line_count / 1.05))
        tail_count = plan_count * _TAIL_DAYS // days
        after = options.last_day + timedelta(days=1)
        dates = [
            *some_days(rng, options.first_day, options.last_day, self.country, plan_count),
            *some_days(rng, after, after + timedelta(days=_TAIL_DAYS), self.country, tail_count),
        ]
        ways = rng.choices(list(self.ways), list(self.ways.values()), k=len(dates))
        for way, day in zip(ways, dates, strict=True):
            way(day)

    def _account(self) -> Account:
        profile = self.company.profile
        share = {"us": 0.04, "uk": 0.0, "de": 0.06}[self.country]
        return profile.second if self.rng.random() < share else profile.main

    def _invoice(self, party: Party, paid_on: date) -> Document:
        return self.company.document(self.rng, "invoice", party, self.company.issue_day(self.rng, party, paid_on))

    def _line(
        self, day: date, amount_minor: int, nature: str, party: Party | None, account: Account | None = None
    ) -> Line:
        line = Line(account or self._account(), amount_minor, day, nature, "receipt", party)
        self.company.world.lines.append(line)
        return line

    def _single(self, day: date) -> None:
        party = self.company.customers.draw(self.rng)
        invoice = self._invoice(party, day)
        line = self._line(day, invoice.total_minor, "one_to_one", party)
        line.allocations.append(Allocation(invoice, invoice.total_minor, "one_to_one"))

    def _batch(self, day: date) -> None:
        """One receipt for 2 to 15 invoices of a customer, now and then less a credit note."""
        rng, party = self.rng, self.company.customers.draw(self.rng)
        parts = [(each, each.total_minor) for each in self._many(party, day)]
        if rng.random() < 0.08:
            last = max(invoice.issued_on for invoice, _ in parts)
            smallest = min(amount for _, amount in parts)
            note = self.company.document(rng, "credit_note", party, last, net_minor=max(500, smallest // 4))
            parts.append((note, -note.total_minor))
        line = self._line(day, sum(amount for _, amount in parts), "batch", party)
        line.allocations += [Allocation(document, amount, "batch") for document, amount in parts]

    def _many(self, party: Party, day: date) -> list[Document]:
        count = self.rng.choices(_BATCH_SIZES, _BATCH_WEIGHTS)[0]
        return [self._invoice(party, day) for _ in range(count)]

    def _partial(self, day: date) -> None:
        """Two or three receipts for one invoice; of some the rest never comes."""
        rng, party = self.rng, self.company.customers.draw(self.rng)
        invoice = self._invoice(party, day)
        parts = split_amount(rng, invoice.total_minor, 2 if rng.random() < 0.88 else 3)
        for at, part in enumerate(parts):
            if at == len(parts) - 1 and rng.random() < 0.1:
                break
            line = self._line(day, part, "partial", party)
            line.allocations.append(Allocation(invoice, part, "partial"))
            day = business_day(day + timedelta(days=rng.randint(3, 28)), self.country)

    def _short(self, day: date) -> None:
        """A few cents too little, or less what some bank on the way kept."""
        rng, party = self.rng, self.company.customers.draw(self.rng)
        invoice = self._invoice(party, day)
        missing = rng.randint(1, 50) if rng.random() < 0.6 else rng.choice(_BANK_FEES_MINOR)
        received = invoice.total_minor - min(missing, invoice.total_minor // 4)
        line = self._line(day, received, "short_pay", party)
        line.allocations.append(Allocation(invoice, received, "short_pay"))

    def _foreign(self, day: date) -> None:
        """An invoice in another currency: paid to the account of that currency, or converted by the bank."""
        rng, profile = self.rng, self.company.profile
        party = self.company.foreign_customers.draw(rng)
        account = next((each for each in profile.accounts if each.currency == party.currency), None)
        many = account is not None and rng.random() < 0.12
        invoices = self._many(party, day) if many else [self._invoice(party, day)]
        total = sum(each.total_minor for each in invoices)
        if account is not None:
            shape = "batch" if many else "foreign_account"
            line = self._line(day, total, shape, party, account)
            line.allocations += [Allocation(each, each.total_minor, shape) for each in invoices]
            return
        spread = Decimal(rng.randint(0, 80)) / 10_000
        gross = self.company.rates.convert(total, party.currency, profile.currency, day, spread)
        rate = self.company.rates.rate(party.currency, profile.currency, day) * (1 - spread)
        fee = rng.choice(_BANK_FEES_MINOR) if rng.random() < 0.25 and gross > 20_000 else 0
        line = self._line(day, gross - fee, "foreign", party)
        line.original = (total, party.currency, f"{rate:.4f}")
        line.allocations.append(Allocation(invoices[0], gross - fee, "foreign"))

    def _deposit(self, day: date) -> None:
        """Cheques of several customers, banked together; the bank prints none of their numbers."""
        parties = {party.id: party for party in (self.company.customers.draw(self.rng) for _ in range(6))}
        invoices = [self._invoice(party, day) for party in parties.values()]
        line = self._line(day, sum(each.total_minor for each in invoices), "deposit", None)
        line.flow = "deposit"
        line.allocations += [Allocation(each, each.total_minor, "deposit") for each in invoices]

    def _nobody(self, day: date) -> None:
        self._line(day, some_net_minor(self.rng, sells=True), "unidentified", None)

    def _twice(self, day: date) -> None:
        """The customer pays an invoice, and a few days later pays it again."""
        self._single(day)
        first = self.company.world.lines[-1]
        again = business_day(day + timedelta(days=self.rng.randint(4, 15)), self.country)
        second = self._line(again, first.amount_minor, "duplicate_payment", first.party)
        second.allocations = []
        second.twin = first

    def _refund(self, day: date) -> None:
        """Money back to a customer's bank, mostly with a credit note."""
        rng, party = self.rng, self.company.customers.draw(self.rng)
        net = max(500, some_net_minor(rng, sells=True) // 5)
        if rng.random() < 0.85:
            note = self.company.document(
                rng, "credit_note", party, day - timedelta(days=rng.randint(1, 9)), net_minor=net
            )
            line = self._line(day, -note.total_minor, "refund", party)
            line.allocations.append(Allocation(note, -note.total_minor, "refund"))
        else:
            line = self._line(day, -net, "refund_without_credit_note", party)
        line.flow = "refund"


def spare_documents(company: Company) -> None:
    """What no payment is planned for: invoices voided or replaced, never paid, and bills that stayed drafts."""
    rng: Random = company.chance("spare")
    days = some_days(
        rng,
        company.earliest_issue,
        company.options.last_day,
        company.profile.country,
        max(6, company.options.lines_per_book // 60),
    )
    for day in days:
        fate = rng.random()
        if fate < 0.2:
            company.document(rng, "bill", company.suppliers.draw(rng), day).is_draft = True
            continue
        made = company.document(rng, "invoice", company.customers.draw(rng), day)
        if fate < 0.55:
            made.voided_at = made.entered_at + timedelta(days=rng.randint(0, 12), minutes=rng.randrange(5, 400))


def amend_some(company: Company) -> None:
    """A few invoices and bills were first issued with another amount, and corrected before they were paid."""
    rng = company.chance("amend")
    by_bank = ((line.booked_on, line.allocations) for line in company.world.lines)
    by_card = ((movement.created_at.date(), movement.allocations) for movement in company.world.card)
    paid_on: dict[str, date] = {}
    for day, allocations in (*by_bank, *by_card):
        for allocation in allocations:
            if isinstance(allocation.other, Document):
                paid_on[allocation.other.id] = min(day, paid_on.get(allocation.other.id, day))
    for document in company.world.documents:
        if document.voided_at or document.is_draft or document.recorded or rng.random() > 0.006:
            continue
        until = paid_on.get(document.id, document.issued_on + timedelta(days=10))
        corrected = document.entered_at + timedelta(days=rng.randint(0, 6), minutes=rng.randrange(9, 500))
        if corrected.date() >= until or document.kind not in ("invoice", "bill"):
            continue
        right = document.lines[0]
        change = rng.choice((-1, 1)) * max(1, right.net_minor // rng.randint(5, 40))
        first = DocumentLine(right.code, right.words, right.net_minor + change, right.tax_minor)
        document.first_lines, document.amended_at = [first, *document.lines[1:]], corrected
