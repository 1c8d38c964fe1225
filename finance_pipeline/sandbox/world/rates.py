"""The European Central Bank's reference rates: a random walk from plausible levels, on its business days."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from decimal import Decimal

from finance_pipeline.core.money import round_half_away
from finance_pipeline.core.period import Month
from finance_pipeline.sandbox.world.days import DAY
from finance_pipeline.sandbox.world.options import WorldOptions
from finance_pipeline.sandbox.world.wordlists import words

_COLUMNS = words(
    "USD|JPY|BGN|CYP|CZK|DKK|EEK|GBP|HUF|LTL|LVL|MTL|PLN|ROL|RON|SEK|SIT|SKK|CHF|"
    "ISK|NOK|HRK|RUB|TRL|TRY|AUD|BRL|CAD|CNY|HKD|IDR|ILS|INR|KRW|MXN|MYR|NZD|PHP|"
    "SGD|THB|ZAR"
)
_LEVELS = {
    "USD": ("1.1625", 4), "JPY": ("181.40", 2), "CZK": ("24.170", 3), "DKK": ("7.4690", 4), "GBP": ("0.87620", 5),
    "HUF": ("381.50", 2), "PLN": ("4.2340", 4), "RON": ("5.0900", 4), "SEK": ("10.9450", 4), "CHF": ("0.9330", 4),
    "ISK": ("147.80", 2), "NOK": ("11.7650", 4), "TRY": ("49.3800", 4), "AUD": ("1.7720", 4), "BRL": ("6.2000", 4),
    "CAD": ("1.6230", 4), "CNY": ("8.2200", 4), "HKD": ("9.0500", 4), "IDR": ("19340.00", 2), "ILS": ("3.7700", 4),
    "INR": ("104.1500", 4), "KRW": ("1708.00", 2), "MXN": ("21.2400", 4), "MYR": ("4.7900", 4), "NZD": ("2.0260", 4),
    "PHP": ("68.1400", 3), "SGD": ("1.5050", 4), "THB": ("37.150", 3), "ZAR": ("19.8300", 4),
}  # fmt: skip
_TARGET_HOLIDAYS = {(1, 1), (4, 3), (4, 6), (5, 1), (12, 25), (12, 26)}
HISTORY_MONTHS = 5


class Rates:
    """Units of each currency for one euro, by day of publication."""

    def __init__(self, options: WorldOptions) -> None:
        rng = options.chance("ecb")
        first = options.months[0]
        for _ in range(HISTORY_MONTHS):
            first = first.previous
        self.days = _publication_days(first, options.last_day + timedelta(days=1))
        self.by_currency: dict[str, list[Decimal]] = {}
        for currency, (level, decimals) in _LEVELS.items():
            step = "0.0002" if currency == "DKK" else "0.004"
            value, unit, found = Decimal(level), Decimal(1).scaleb(-decimals), []
            for _ in self.days:
                found.append(value.quantize(unit))
                value *= 1 + Decimal(step) * Decimal(round(rng.gauss(0, 1) * 1000)) / 1000
            self.by_currency[currency] = found

    def per_eur(self, currency: str, day: date) -> Decimal:
        """The rate of the last publication not after a day."""
        if currency == "EUR":
            return Decimal(1)
        return self.by_currency[currency][max(0, bisect_right(self.days, day) - 1)]

    def rate(self, base: str, quote: str, day: date) -> Decimal:
        """Units of quote for one unit of base."""
        return self.per_eur(quote, day) / self.per_eur(base, day)

    def convert(self, amount_minor: int, base: str, quote: str, day: date, spread: Decimal = Decimal(0)) -> int:
        """Minor units of quote for minor units of base (both with two decimals), less a spread."""
        return round_half_away(amount_minor * self.rate(base, quote, day) * (1 - spread))

    def as_csv(self) -> str:
        """eurofxref-hist.csv: latest first, N/A where a currency is no more, a comma at the end of every line."""
        lines = [",".join(["Date", *_COLUMNS, ""])]
        for at in range(len(self.days) - 1, -1, -1):
            values = [str(self.by_currency[each][at]) if each in _LEVELS else "N/A" for each in _COLUMNS]
            lines.append(",".join([str(self.days[at]), *values, ""]))
        return "\n".join(lines) + "\n"


def _publication_days(first: Month, last: date) -> list[date]:
    days = (first.first_day + DAY * at for at in range((last - first.first_day).days + 1))
    return [day for day in days if day.weekday() < 5 and (day.month, day.day) not in _TARGET_HOLIDAYS]
