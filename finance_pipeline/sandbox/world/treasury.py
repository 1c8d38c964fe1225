"""Lines that no document stands behind, and money that moves between the company's own accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import exp

from finance_pipeline.core.period import Month
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.days import business_day, business_days, some_days
from finance_pipeline.sandbox.world.model import Allocation, Line
from finance_pipeline.sandbox.world.profiles import Account

_ROUND_MINOR = (500_000, 1_000_000, 1_500_000, 2_000_000, 2_500_000, 4_000_000, 5_000_000)


@dataclass
class Treasury:
    """Plans, month by month, everything at the bank that is neither trade nor cards."""

    company: Company

    def __post_init__(self) -> None:
        self.rng = self.company.chance("treasury")
        self.monthly = self.company.options.lines_per_book // self.company.options.month_count

    def plan(self) -> None:
        for month in self.company.options.months:
            self._wages_and_rent(month)
            self._bank(month)
            self._transfers(month)

    def plan_expenses(self, line_count: int) -> None:
        """Card purchases and other small expenses, so many."""
        options, rng = self.company.options, self.rng
        profile = self.company.profile
        for day in some_days(rng, options.first_day, options.last_day, profile.country, line_count):
            amount = -max(250, int(exp(rng.gauss(4.2, 0.9)) * 100))
            how = rng.random()
            nature = "card_purchase" if how < 0.75 else "expense" if how < 0.94 else "tax"
            account = profile.second if rng.random() < 0.05 else profile.main
            self._line(account, day, amount * (12 if nature == "tax" else 1), nature)

    def _line(self, account: Account, day: date, amount_minor: int, nature: str) -> Line:
        line = Line(account, amount_minor, day, nature, nature)
        self.company.world.lines.append(line)
        return line

    def _wages_and_rent(self, month: Month) -> None:
        rng, profile = self.rng, self.company.profile
        country, main = profile.country, profile.main
        payday = business_day(date(month.year, month.number, 26), country)
        scale = max(1, self.monthly // 250)
        self._line(main, payday, -rng.randint(1_800_000, 3_600_000) * scale, "payroll")
        self._line(
            main, business_day(payday + timedelta(days=2), country), -rng.randint(600_000, 1_100_000) * scale, "tax"
        )
        self._line(main, business_day(month.first_day + timedelta(days=1), country), -845_000, "rent")
        self._line(main, business_day(date(month.year, month.number, 10), country), -312_540, "loan")

    def _bank(self, month: Month) -> None:
        """Fees and interest of each account, on the last business day."""
        rng, profile = self.rng, self.company.profile
        last = business_days(month.first_day, month.last_day, profile.country)[-1]
        for account in profile.accounts:
            self._line(account, last, -rng.randint(900, 9_000), "bank_fee")
            if account is profile.second:
                self._line(account, last, rng.randint(2_000, 60_000), "interest")

    def _transfers(self, month: Month) -> None:
        """Sweeps between the two accounts: some days on the way, always one across the end of the month."""
        rng, profile = self.rng, self.company.profile
        days = business_days(month.first_day, month.last_day, profile.country)
        for _ in range(max(2, min(16, self.monthly // 110))):
            self._transfer(rng.choice(days), rng.choices((0, 1, 2, 3), (2, 5, 3, 1))[0])
        self._transfer(days[-1], rng.choice((1, 1, 2)))

    def _transfer(self, day: date, lag: int) -> None:
        rng, profile = self.rng, self.company.profile
        source, target = profile.accounts if rng.random() < 0.62 else (profile.second, profile.main)
        amount = rng.choice(_ROUND_MINOR) if rng.random() < 0.45 else rng.randint(200_000, 6_000_000)
        out = self._line(source, day, -amount, "transfer")
        arrived_on = business_day(day, profile.country, lag)
        received = amount
        if source.currency != target.currency:
            spread = Decimal(rng.randint(5, 60)) / 10_000
            received = self.company.rates.convert(amount, source.currency, target.currency, day, spread)
            rate = self.company.rates.rate(source.currency, target.currency, day) * (1 - spread)
            out.original = (received, target.currency, f"{rate:.4f}")
        into = self._line(target, arrived_on, received, "transfer")
        out.twin, into.twin = into, out
        if arrived_on <= self.company.options.last_day:
            out.allocations.append(Allocation(into, -amount, "transfer"))
        else:
            out.nature = "transfer_in_transit"
