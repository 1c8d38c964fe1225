"""What the company pays to its suppliers: single bills, runs of bills, direct debits; some recorded in Xero first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from finance_pipeline.sandbox.world.company import Company, split_amount
from finance_pipeline.sandbox.world.days import DAY, business_day, local_moment, some_days
from finance_pipeline.sandbox.world.model import Allocation, Document, Line, Party, RecordedPayment
from finance_pipeline.sandbox.world.profiles import Account, random_uuid

_TAIL_DAYS = 45
_CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass
class SupplierPayments:
    """Plans payments of one company to its suppliers."""

    company: Company

    def __post_init__(self) -> None:
        self.rng = self.company.chance("suppliers")
        self.run_number = self.rng.randrange(20, 60)
        self.ways: dict[Callable[[date], None], int] = {
            self._single: 590,
            self._several: 160,
            self._run: 50,
            self._partial: 20,
            self._direct_debit: 180,
        }

    def plan(self, line_count: int) -> None:
        """About so many lines within the simulated months, and the bills still unpaid at their end."""
        company, rng = self.company, self.rng
        options, country = company.options, company.profile.country
        days = (options.last_day - options.first_day).days + 1
        after = options.last_day + timedelta(days=1)
        dates = [
            *some_days(rng, options.first_day, options.last_day, country, line_count),
            *some_days(rng, after, after + timedelta(days=_TAIL_DAYS), country, line_count * _TAIL_DAYS // days),
        ]
        ways = rng.choices(list(self.ways), list(self.ways.values()), k=len(dates))
        for way, day in sorted(zip(ways, dates, strict=True), key=lambda each: each[1]):
            way(day)

    def _supplier(self) -> tuple[Party, Account]:
        """Whom to pay, and from which account: bills in another currency from the account of that currency."""
        profile, rng = self.company.profile, self.rng
        if profile.second.currency != profile.currency and rng.random() < 0.12:
            return self.company.foreign_suppliers.draw(rng), profile.second
        own_second = profile.second.currency == profile.currency and rng.random() < 0.08
        return self.company.suppliers.draw(rng), profile.second if own_second else profile.main

    def _bill(self, party: Party, paid_on: date) -> Document:
        return self.company.document(self.rng, "bill", party, self.company.issue_day(self.rng, party, paid_on))

    def _line(self, day: date, amount_minor: int, nature: str, party: Party | None, account: Account) -> Line:
        line = Line(account, amount_minor, day, nature, "supplier", party)
        self.company.world.lines.append(line)
        return line

    def _single(self, day: date) -> None:
        party, account = self._supplier()
        bill = self._bill(party, day)
        self._settle(self._line(day, -bill.total_minor, "one_to_one", party, account), [bill], 0.28)

    def _several(self, day: date) -> None:
        party, account = self._supplier()
        bills = [self._bill(party, day) for _ in range(self.rng.choices((2, 3, 4, 5, 6), (10, 6, 3, 2, 1))[0])]
        total = sum(bill.total_minor for bill in bills)
        self._settle(self._line(day, -total, "payment_run", party, account), bills, 0.25)

    def _run(self, day: date) -> None:
        """A payment run over many suppliers: one line at the bank, a recorded payment for each bill."""
        rng, profile = self.rng, self.company.profile
        parties = {p.id: p for p in (self.company.suppliers.draw(rng) for _ in range(rng.randint(4, 20)))}
        bills = [self._bill(party, day) for party in parties.values()]
        account = profile.second if profile.country == "de" and rng.random() < 0.4 else profile.main
        line = self._line(day, -sum(bill.total_minor for bill in bills), "payment_run", None, account)
        self.run_number += 1
        line.end_to_end_id = f"PR-{day.year}-{self.run_number:03d}"
        self._settle(line, bills, 1.0)

    def _partial(self, day: date) -> None:
        party, account = self._supplier()
        bill = self._bill(party, day)
        for part in split_amount(self.rng, bill.total_minor, 2):
            line = self._line(day, -part, "partial", party, account)
            line.end_to_end_id = self._instruction()
            line.allocations.append(Allocation(bill, -part, "partial"))
            day = business_day(day + timedelta(days=self.rng.randint(5, 25)), self.company.profile.country)

    def _direct_debit(self, day: date) -> None:
        """The supplier collects; nobody records it beforehand."""
        party, account = self._supplier()
        bill = self._bill(party, day)
        line = self._line(day, -bill.total_minor, "one_to_one", party, account)
        line.flow = "direct_debit"
        line.allocations.append(Allocation(bill, -bill.total_minor, "one_to_one"))

    def _instruction(self) -> str:
        return "PAY-" + "".join(self.rng.choices(_CAPITALS, k=8))

    def _settle(self, line: Line, bills: Sequence[Document], recorded_share: float) -> None:
        """What the line pays: the bills, or the payments that were recorded for them before."""
        rng = self.rng
        line.end_to_end_id = line.end_to_end_id or self._instruction()
        if rng.random() >= recorded_share:
            line.allocations += [Allocation(bill, -bill.total_minor, line.nature) for bill in bills]
            return
        shape = "payment_run" if len(bills) > 1 else "recorded_payment"
        habit = 0.0 if line.end_to_end_id.startswith("PR-") else rng.random()
        earliest = max(self.company.options.first_day, *(bill.issued_on for bill in bills))
        sent_on = max(line.booked_on - DAY * rng.choice((0, 0, 1, 1, 2)), earliest)
        recorded_at = local_moment(sent_on, self.company.profile.time_zone, rng.randrange(9 * 3600, 17 * 3600))
        for bill in bills:
            bill.entered_at = min(bill.entered_at, recorded_at - timedelta(minutes=rng.randrange(10, 600)))
            reference = line.end_to_end_id if habit < 0.65 else "" if habit > 0.85 else "number"
            payment = RecordedPayment(
                random_uuid(rng), bill, bill.total_minor, sent_on, recorded_at, line.account, reference
            )
            bill.recorded.append(payment)
            line.allocations.append(Allocation(payment, -bill.total_minor, shape))
