"""The card processor: charges, refunds, disputes, its own fees, and the payouts that carry the rest to the bank."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from finance_pipeline.sandbox.world.company import Company, some_net_minor
from finance_pipeline.sandbox.world.days import DAY, business_day, business_days, local_moment, some_days
from finance_pipeline.sandbox.world.model import (
    Allocation,
    CardTransaction,
    Document,
    Line,
    Party,
    Payout,
)
from finance_pipeline.sandbox.world.profiles import random_text

_FEES = {"us": (290, 30), "uk": (150, 20), "de": (150, 25)}
"""Hundredths of a per cent, and minor units, of each charge."""
_DISPUTE_FEE_MINOR = {"us": 1_500, "uk": 2_000, "de": 2_000}


@dataclass(slots=True, eq=False)
class Charge:
    """A card payment of a customer. invoice: what it truly pays, if anything."""

    id: str
    party: Party
    amount_minor: int
    at: datetime
    invoice: Document | None
    clue: str
    intent: str
    transaction: CardTransaction
    original: tuple[int, str, str] | None = None
    refunded: list[Refund] = field(default_factory=list)
    dispute: Dispute | None = None


@dataclass(slots=True, eq=False)
class Refund:
    id: str
    charge: Charge
    amount_minor: int
    at: datetime
    note: Document | None
    clue: str
    transaction: CardTransaction


@dataclass(slots=True, eq=False)
class Dispute:
    id: str
    charge: Charge
    at: datetime
    reason: str
    opened: CardTransaction
    closed_at: datetime
    outcome: str
    """won, lost, or empty while it is open at the end."""
    returned: CardTransaction | None = None


@dataclass
class CardProcessor:
    """Plans a company's account at the processor. It starts empty."""

    company: Company

    def __post_init__(self) -> None:
        self.rng = self.company.chance("cards")
        self.charges: list[Charge] = []
        self.members: dict[str, list[CardTransaction]] = {}
        self.failures: dict[str, CardTransaction] = {}
        self.transactions = self.company.world.card

    def plan(self, charge_count: int) -> None:
        options, rng = self.company.options, self.rng
        months = options.month_count
        for at in range(max(1, round(charge_count * 0.62 / months))):
            self._subscription(self.company.card_customers.parties[at % len(self.company.card_customers.parties)])
        country = self.company.profile.country
        rest = max(2, round(charge_count * 0.38))
        for day in some_days(rng, options.first_day, options.last_day, country, rest):
            how = rng.random()
            if how < 0.12:
                self._without_invoice(day)
            elif how < 0.16 and self.company.profile.currency != "GBP":
                self._foreign(day)
            else:
                self._invoice_by_card(day)
        self._refunds()
        self._disputes()
        self._monthly_fees()
        self._payouts()

    def _moment(self, day: date) -> datetime:
        return local_moment(day, self.company.profile.time_zone, self.rng.randrange(86_400))

    def _subscription(self, party: Party) -> None:
        """The same amount each month on about the same day, charged when the invoice is issued or a little later."""
        rng, day_of_month = self.rng, self.rng.randint(1, 28)
        starts = rng.randrange(self.company.options.month_count) if rng.random() < 0.12 else 0
        for month in self.company.options.months[starts:]:
            issued = date(month.year, month.number, day_of_month)
            invoice = self.company.document(rng, "invoice", party, issued, party.plan_minor, "subscriptions")
            charged = issued + DAY * (0 if rng.random() < 0.85 else rng.randint(1, 5))
            self._charge(party, invoice.total_minor, charged, invoice)

    def _invoice_by_card(self, day: date) -> None:
        party = self.company.card_customers.draw(self.rng)
        issued = max(self.company.earliest_issue, day - timedelta(days=self.rng.randint(0, 24)))
        invoice = self.company.document(self.rng, "invoice", party, issued)
        self._charge(party, invoice.total_minor, day, invoice)

    def _without_invoice(self, day: date) -> None:
        self._charge(self.company.card_customers.draw(self.rng), some_net_minor(self.rng, True) // 3 + 100, day, None)

    def _foreign(self, day: date) -> None:
        """An invoice in another currency, converted by the processor into the settlement currency."""
        profile, party = self.company.profile, self.company.foreign_customers.draw(self.rng)
        invoice = self.company.document(self.rng, "invoice", party, day - timedelta(days=self.rng.randint(0, 9)))
        rate = self.company.rates.rate(party.currency, profile.currency, day)
        settled = self.company.rates.convert(invoice.total_minor, party.currency, profile.currency, day)
        charge = self._charge(party, settled, day, invoice)
        if charge:
            charge.original = (invoice.total_minor, party.currency, f"{rate:.5f}")

    def _charge(self, party: Party, amount_minor: int, day: date, invoice: Document | None) -> Charge | None:
        """A charge on a day of the simulated months; none on any other."""
        if not self.company.in_time(day):
            return None
        rng = self.rng
        percent, fixed = _FEES[self.company.profile.country]
        fee = min(amount_minor, (amount_minor * percent + 5_000) // 10_000 + fixed)
        clue = rng.choices(("reference", "description", "typo_reference", "party_amount"), (76, 12, 3, 9))[0]
        moment = self._moment(day)
        if invoice and moment <= invoice.entered_at:
            invoice.entered_at = moment - timedelta(minutes=rng.randrange(2, 300))
        transaction = self._transaction("charge", amount_minor, fee, moment, "charge", party.name)
        made = Charge(
            f"ch_3{random_text(rng, 23)}",
            party,
            amount_minor,
            moment,
            invoice,
            clue if invoice else "none",
            f"pi_3{random_text(rng, 23)}",
            transaction,
        )
        if invoice:
            shape = "charge" if invoice.currency == self.company.profile.currency else "foreign_charge"
            transaction.allocations.append(Allocation(invoice, amount_minor, shape, clue))
        else:
            transaction.nature = "charge_without_invoice"
        self.charges.append(made)
        return made

    def _transaction(
        self, kind: str, amount_minor: int, fee_minor: int, at: datetime, nature: str, party_name: str = ""
    ) -> CardTransaction:
        """A movement; money that comes in is available two business days later."""
        day = business_day(at.date(), self.company.profile.country, 2) if amount_minor > 0 else at.date()
        available = max(at, datetime.combine(day, time(), UTC)) if amount_minor > 0 else at
        made = CardTransaction(
            f"txn_3{random_text(self.rng, 23)}", kind, amount_minor, fee_minor, at, available, nature, party_name
        )
        self.transactions.append(made)
        return made

    def _before_end(self, moment: datetime) -> bool:
        last = local_moment(self.company.options.last_day, self.company.profile.time_zone, 86_399)
        return moment < last

    def _refunds(self) -> None:
        """About one charge in forty is refunded, in whole or in part, mostly with a credit note."""
        rng = self.rng
        for charge in self.charges:
            if rng.random() > 0.025:
                continue
            moment = charge.at + timedelta(days=rng.randint(1, 20), seconds=rng.randrange(80_000))
            if not self._before_end(moment):
                continue
            amount, note = charge.amount_minor, None
            if rng.random() < 0.4:
                amount = max(100, amount * rng.randint(10, 80) // 100)
            domestic = charge.invoice is not None and charge.original is None
            if domestic and rng.random() < 0.85:
                note = self.company.document(rng, "credit_note", charge.party, moment.date(), net_minor=amount)
                note.lines[0].net_minor, note.lines[0].tax_minor = amount, 0
                note.total_minor = amount
                note.entered_at = min(note.entered_at, moment - timedelta(minutes=5))
                note.issued_on = min(note.issued_on, note.entered_at.date())
            clue = rng.choices(("reference", "party_amount"), (7, 3))[0] if note else "none"
            nature = "refund" if note else "refund_without_credit_note"
            transaction = self._transaction("refund", -amount, 0, moment, nature, charge.party.name)
            if note:
                transaction.allocations.append(Allocation(note, -amount, "refund", clue))
            made = Refund(f"re_3{random_text(rng, 23)}", charge, amount, moment, note, clue, transaction)
            charge.refunded.append(made)

    def _disputes(self) -> None:
        """About one charge in 150 is disputed; most are lost, some won, a few still open at the end."""
        rng, fee = self.rng, _DISPUTE_FEE_MINOR[self.company.profile.country]
        for charge in self.charges:
            if charge.refunded or rng.random() > 0.007:
                continue
            moment = charge.at + timedelta(days=rng.randint(3, 40), seconds=rng.randrange(80_000))
            if not self._before_end(moment):
                continue
            opened = self._transaction("dispute", -charge.amount_minor, fee, moment, "dispute", charge.party.name)
            closed = moment + timedelta(days=rng.randint(12, 50), seconds=rng.randrange(80_000))
            outcome = rng.choices(("won", "lost"), (4, 6))[0] if self._before_end(closed) else ""
            reason = rng.choice(("fraudulent", "product_not_received", "duplicate", "unrecognized"))
            made = Dispute(f"dp_1{random_text(rng, 23)}", charge, moment, reason, opened, closed, outcome)
            if outcome == "won":
                made.returned = self._transaction(
                    "dispute_reversal", charge.amount_minor, 0, closed, "dispute_reversal", charge.party.name
                )
            charge.dispute = made

    def _monthly_fees(self) -> None:
        for month in self.company.options.months[1:]:
            moment = datetime.combine(month.first_day + DAY, time(4, 12), UTC)
            self._transaction("stripe_fee", -self.rng.randint(900, 7_500), 0, moment, "processor_fee")

    def _payouts(self) -> None:
        """Each business day (each week of a small account) what has become available goes to the bank."""
        options, profile = self.company.options, self.company.profile
        weekly = options.lines_per_book // options.month_count < 200
        waiting = sorted(self.transactions, key=lambda each: (each.available_at, each.id))
        failing = self.rng.randrange(3, 15 if weekly else 60) if options.month_count > 1 else None
        for day in business_days(options.first_day, options.last_day, profile.country):
            if weekly and day.weekday() != 1:
                continue
            moment = datetime.combine(day, time(9, 0), UTC) + timedelta(seconds=self.rng.randrange(5_400))
            ready = [each for each in waiting if each.available_at <= moment and each.created_at < moment]
            amount = sum(each.amount_minor - each.fee_minor for each in ready)
            if amount <= 0:
                continue
            taken = {id(each) for each in ready}
            waiting = [each for each in waiting if id(each) not in taken]
            payout = self._payout(day, moment, amount, ready, fails=len(self.company.world.payouts) == failing)
            if payout.fails:
                waiting.append(self._failure(payout))
            else:
                self._arrive(payout)

    def _payout(self, day: date, moment: datetime, amount: int, ready: list[CardTransaction], fails: bool) -> Payout:
        rng, country = self.rng, self.company.profile.country
        transaction = self._transaction("payout", -amount, 0, moment, "payout")
        made = Payout(
            f"po_1{random_text(rng, 23)}",
            transaction.id,
            amount,
            moment,
            business_day(day, country, rng.choice((1, 1, 1, 2))),
            "".join(rng.choices("0123456789", k=15)),
            fails,
        )
        self.members[made.id] = ready
        self.company.world.payouts.append(made)
        return made

    def _failure(self, payout: Payout) -> CardTransaction:
        """The bank refused it: the money is back on the balance two days after it should have arrived."""
        moment = datetime.combine(payout.arrives_on + DAY * 2, time(15, 20), UTC)
        made = self._transaction("payout_failure", payout.amount_minor, 0, moment, "payout_failure")
        made.available_at = moment
        self.failures[payout.id] = made
        return made

    def _arrive(self, payout: Payout) -> None:
        country = self.company.profile.country
        booked = business_day(payout.arrives_on, country, 1 if self.rng.random() < 0.06 else 0)
        line = Line(self.company.profile.main, payout.amount_minor, booked, "payout", "payout")
        line.allocations.append(Allocation(payout, payout.amount_minor, "payout"))
        self.company.world.lines.append(line)
