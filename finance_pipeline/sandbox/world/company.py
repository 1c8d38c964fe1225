"""One company being simulated: its profile, its parties, and the making and numbering of its documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from math import exp
from random import Random

from finance_pipeline.sandbox.world.days import DAY, local_moment, office_moment
from finance_pipeline.sandbox.world.model import BookWorld, Document, DocumentKind, DocumentLine, Party
from finance_pipeline.sandbox.world.names import company_names
from finance_pipeline.sandbox.world.options import WorldOptions
from finance_pipeline.sandbox.world.profiles import XERO_CODES, Profile, account_number, random_uuid
from finance_pipeline.sandbox.world.rates import Rates

OPENING_DAYS = 30
"""Documents reach back so far before the first month: they are open when the book starts."""
_HABITS = ("number", "invoice_number", "customer_and_number", "number_and_date", "order", "words")
_HABIT_WEIGHTS = (40, 22, 12, 12, 6, 8)
_SUPPLIER_NUMBERS = (
    "{n:06d}",
    "R{n}",
    "2026-{n:04d}",
    "F{n:05d}",
    "{n}/26",
    "INV{n:05d}",
    "RG-{n:05d}",
    "{n:08d}",
    "A-{n}",
)
_TERMS_DAYS = (7, 14, 14, 30, 30, 30, 45, 60)
_PRICES_MINOR = (4_900, 9_500, 12_000, 19_900, 25_000, 49_900, 75_000, 120_000, 180_000, 240_000, 499_000)
_WORDS = {
    "sales": ("Goods as ordered", "Delivery", "Spare parts", "Installation", "Project work", "Unit assembly"),
    "subscriptions": ("Subscription", "Service plan", "Maintenance plan"),
    "purchases": ("Material", "Components", "Packaging", "Freight", "Tools"),
    "services": ("Consulting", "Cleaning", "Marketing", "Legal advice", "IT support"),
    "rent": ("Rent of storage space",),
}


@dataclass
class Market:
    """Parties to draw from, the busy ones more often."""

    parties: list[Party]
    weights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.weights = list(accumulate(1 / (rank + 4) ** 0.8 for rank in range(len(self.parties))))

    def draw(self, rng: Random) -> Party:
        return rng.choices(self.parties, cum_weights=self.weights)[0]


@dataclass
class Company:
    """A company at work. Every concern draws from its own source of chance."""

    options: WorldOptions
    profile: Profile
    rates: Rates
    world: BookWorld = field(default_factory=BookWorld)
    _next_note: int = field(init=False)

    def __post_init__(self) -> None:
        rng, count = self.chance("parties"), self.options.lines_per_book
        home, other = self.profile.currency, self.profile.foreign
        self.customers = self._market(rng, "customer", home, max(12, count // 26))
        self.foreign_customers = self._market(rng, "customer", other, max(4, count // 220))
        self.card_customers = self._market(rng, "customer", home, max(10, count // 24))
        self.suppliers = self._market(rng, "supplier", home, max(8, count // 60))
        self.foreign_suppliers = self._market(rng, "supplier", other, max(3, count // 500))

    def chance(self, *concern: str) -> Random:
        return self.options.chance(self.profile.book, *concern)

    @property
    def earliest_issue(self) -> date:
        return self.options.first_day - timedelta(days=OPENING_DAYS)

    def in_time(self, day: date) -> bool:
        """Whether a day is one of the simulated months."""
        return self.options.first_day <= day <= self.options.last_day

    def _market(self, rng: Random, role: str, currency: str, count: int) -> Market:
        """Parties of one kind. Names are different within the market only, as they are in life."""
        taken = {party.name for party in (*self.world.customers, *self.world.suppliers)}
        country = self.profile.country if currency == self.profile.currency else _home_of(currency)
        names = [n for n in company_names(rng, country, count + len(taken)) if n not in taken][:count]
        made = [_party(rng, name, role, currency, country) for name in names]
        (self.world.customers if role == "customer" else self.world.suppliers).extend(made)
        return Market(made)

    def issue_day(self, rng: Random, party: Party, paid_on: date) -> date:
        """When a document that was paid on a day had been issued: by the party's habit, more or less."""
        issued = paid_on - timedelta(days=max(1, round(rng.gauss(party.lag_days, 5))))
        if issued >= self.earliest_issue:
            return issued
        return paid_on - timedelta(days=rng.randint(1, max(1, (paid_on - self.earliest_issue).days)))

    def document(
        self,
        rng: Random,
        kind: DocumentKind,
        party: Party,
        issued_on: date,
        net_minor: int = 0,
        code: str = "",
    ) -> Document:
        """A new document, not yet numbered. net_minor: of its one line; without it, one to three lines of any size."""
        sells = kind in ("invoice", "credit_note")
        codes = ("sales",) if sells else ("purchases", "purchases", "services", "services", "rent")
        count = 1 if net_minor else rng.choices((1, 2, 3), (6, 3, 1))[0]
        percent = 0 if party.currency != self.profile.currency else _tax_percent(rng, self.profile, code)
        lines = [
            _line(rng, code or rng.choice(codes), net_minor or some_net_minor(rng, sells), percent)
            for _ in range(count)
        ]
        late_days = 0 if sells and rng.random() < 0.95 else rng.choice((0, 0, 0, 1, 2, 4)) if rng.random() < 0.7 else 0
        made = Document(
            random_uuid(rng),
            kind,
            party,
            party.currency,
            lines,
            issued_on,
            issued_on + timedelta(days=party.terms_days),
            office_moment(rng, issued_on + DAY * late_days, self.profile.time_zone),
        )
        if sells and rng.random() < 0.3:
            made.reference = f"PO {rng.randrange(10_000, 99_999)}"
        self.world.documents.append(made)
        return made

    def take_note_number(self) -> str:
        """The number of the next credit note."""
        self._next_note += 1
        return self.profile.note_format.format(self._next_note - 1)

    def finish_documents(self) -> None:
        """Drop what would be issued after the last day, number the rest in the order of issue, date the parties."""
        last, end = self.options.last_day, self.options.complete_at
        documents = [each for each in self.world.documents if each.issued_on <= last]
        documents.sort(key=lambda each: (each.issued_on, each.entered_at, each.id))
        rng = self.chance("numbers")
        next_number, self._next_note = self.profile.first_number, rng.randrange(20, 300)
        for each in documents:
            each.entered_at = min(each.entered_at, end - timedelta(hours=2))
            if each.kind == "invoice":
                each.number = self.profile.number_format.format(next_number)
                next_number += 1
            elif each.kind == "credit_note":
                each.number = self.take_note_number()
            else:
                each.party.next_number += rng.choice((1, 1, 1, 2, 3, 5, 8, 21))
                each.number = each.party.number_format.format(n=each.party.next_number)
            entered = each.entered_at - timedelta(minutes=rng.randrange(2, 4000))
            if each.party.known_from is None or entered < each.party.known_from:
                each.party.known_from = entered
        self.world.documents = documents
        opened = local_moment(self.earliest_issue - DAY * 40, self.profile.time_zone, 36_000)
        for party in (*self.world.customers, *self.world.suppliers):
            party.known_from = party.known_from or opened


def _home_of(currency: str) -> str:
    return {"USD": "us", "GBP": "uk", "EUR": "de"}[currency]


def _party(rng: Random, name: str, role: str, currency: str, country: str) -> Party:
    terms = rng.choice(_TERMS_DAYS)
    domain = "".join(each for each in name.lower().split(" ")[0] if each.isascii() and each.isalnum()) or "office"
    return Party(
        random_uuid(rng),
        name,
        "customer" if role == "customer" else "supplier",
        currency,
        terms,
        max(2, terms + rng.choice((-9, -4, -1, 0, 1, 3, 7, 12))),
        account_number(country, rng),
        f"accounts@{domain}.example",
        rng.choices(_HABITS, _HABIT_WEIGHTS)[0],
        rng.choice(_SUPPLIER_NUMBERS),
        rng.choice((rng.randrange(20, 900), rng.randrange(1000, 9000), rng.randrange(10_000, 90_000))),
        rng.choice((1_900, 2_900, 4_900, 9_900, 9_900, 14_900, 24_900)),
    )


def _tax_percent(rng: Random, profile: Profile, code: str) -> int:
    """Mostly the usual rate; a subscription's never changes, so that it costs the same each month."""
    usual, other = profile.tax_percents
    return usual if code == "subscriptions" or rng.random() < 0.85 else other


def _line(rng: Random, kind: str, net_minor: int, percent: int) -> DocumentLine:
    """percent: in hundredths. Tax is rounded half away from zero, per line."""
    tax = (net_minor * percent * 2 + 10_000) // 20_000
    return DocumentLine(XERO_CODES[kind], rng.choice(_WORDS[kind]), net_minor, tax)


def some_net_minor(rng: Random, sells: bool) -> int:
    """A plausible net amount in minor units: a list price times a quantity, a round sum, or anything."""
    how = rng.random()
    if sells and how < 0.25:
        return rng.choice(_PRICES_MINOR) * rng.choice((1, 1, 1, 2, 3, 5))
    anything = int(exp(rng.gauss(6.8 if sells else 6.4, 1.1)) * 100) + 500
    return max(1000, anything // 1000 * 1000) if how < 0.4 else anything


def split_amount(rng: Random, total_minor: int, parts: int) -> Sequence[int]:
    """So many parts of an amount, the earlier ones often round, that add to it; each at least a tenth of it."""
    shares = [rng.uniform(0.6, 1.4) for _ in range(parts)]
    found = [max(1, int(total_minor * share / sum(shares))) for share in shares[:-1]]
    if total_minor > 50_000 and rng.random() < 0.6:
        rounded = [part // 10_000 * 10_000 for part in found]
        found = [down if down * 10 >= total_minor else part for down, part in zip(rounded, found, strict=True)]
    return [*found, total_minor - sum(found)]
