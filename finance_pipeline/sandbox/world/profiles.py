"""The books of the sandbox: who they are, where they bank, how they number documents, what their chart looks like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random
from uuid import UUID

from finance_pipeline.sandbox.world.options import WorldOptions

_ALPHABET = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_BY_BYTE = (_ALPHABET * 5)[:256]


@dataclass(frozen=True)
class Account:
    """A bank account of a book. external_id: within the feed; empty where only statements tell of it."""

    id: str
    name: str
    currency: str
    gl_account: str
    xero_code: str
    xero_id: str
    statement_id: str
    external_id: str


@dataclass(frozen=True)
class Profile:
    """One company. number_format, note_format: of invoices and credit notes, by running number."""

    book: str
    country: str
    name: str
    currency: str
    time_zone: str
    tax_percents: tuple[int, int]
    """Rates in hundredths of a per cent, the usual one first."""
    number_format: str
    note_format: str
    first_number: int
    foreign: str
    """Currency of its foreign customers."""
    accounts: tuple[Account, Account]

    @property
    def main(self) -> Account:
        return self.accounts[0]

    @property
    def second(self) -> Account:
        return self.accounts[1]

    @property
    def card_account(self) -> str:
        return f"{self.book}-card"

    def connection(self, vendor: str) -> str:
        return f"{self.book}-{vendor}"


_COMPANIES = {
    "us": ("Halden Instruments Inc.", "USD", "America/New_York", (0, 825), "INV-{:06d}", "CN-{:06d}", 100_234, "EUR"),
    "uk": ("Brackley & Sons Limited", "GBP", "Europe/London", (2000, 0), "SI-2026-{:04d}", "SCN-{:04d}", 412, "EUR"),
    "de": (
        "Kestner Anlagentechnik GmbH",
        "EUR",
        "Europe/Berlin",
        (1900, 700),
        "RE-26-{:05d}",
        "GS-26-{:04d}",
        1874,
        "USD",
    ),
}
_ACCOUNTS = {
    "us": (("operating", "Operating account", "USD"), ("reserve", "Reserve account", "USD")),
    "uk": (("current", "Current account", "GBP"), ("euro", "Euro account", "EUR")),
    "de": (("giro", "Girokonto", "EUR"), ("reserve", "Rücklagenkonto", "EUR")),
}
XERO_CODES = {"sales": "200", "subscriptions": "210", "purchases": "310", "services": "412", "rent": "469"}
"""What documents are coded to in Xero."""
CHART = {"200": "4000", "210": "4200", "310": "5000", "412": "6200", "469": "6100", "090": "1010", "091": "1020"}
"""Xero's account codes -> the ledger's."""


@lru_cache(maxsize=256)
def profile_of(book: str, options: WorldOptions) -> Profile:
    """The company behind a book's id; the country is the part before the first hyphen."""
    country = book.partition("-")[0]
    name, currency, zone, taxes, number_format, note_format, first_number, foreign = _COMPANIES[country]
    rng = options.chance(book, "profile")
    accounts = [_account(book, country, at, rng) for at in (0, 1)]
    return Profile(
        book,
        country,
        name,
        currency,
        zone,
        taxes,
        number_format,
        note_format,
        first_number,
        foreign,
        (accounts[0], accounts[1]),
    )


def _account(book: str, country: str, at: int, rng: Random) -> Account:
    suffix, name, currency = _ACCOUNTS[country][at]
    fed = not (country == "de" and suffix == "reserve")
    drawn = random_text(rng, 37)
    return Account(
        f"{book}-{suffix}",
        name,
        currency,
        ("1010", "1020")[at],
        ("090", "091")[at],
        random_uuid(rng),
        account_number(country, rng),
        drawn if fed else "",
    )


def account_number(country: str, rng: Random) -> str:
    """An IBAN with valid check digits; in the United States, which have none, twelve digits."""
    if country == "us":
        return f"{rng.randrange(10**11, 10**12)}"
    if country == "uk":
        return iban("GB", f"{rng.choice(('BARC', 'LOYD', 'MIDL', 'NWBK'))}{rng.randrange(10**14):014d}")
    return iban("DE", f"{rng.choice(('37040044', '50010517', '20041133', '70020270'))}{rng.randrange(10**10):010d}")


def iban(country: str, account: str) -> str:
    """An IBAN: country, check digits by ISO 7064 mod 97-10, account."""
    digits = "".join(str(int(each, 36)) for each in f"{account}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{account}"


def random_text(rng: Random, length: int) -> str:
    """Letters and digits without any meaning, as vendors' ids are."""
    return rng.randbytes(length).translate(_BY_BYTE).decode()


def random_uuid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))
