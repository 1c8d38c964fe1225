"""Countries: the currency, languages, number formats and bank habits of the companies that are simulated there."""

from __future__ import annotations

from dataclasses import dataclass

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN")
CURRENCY = {code: position for position, code in enumerate(CURRENCIES)}
SCALE_PERCENT = (100, 110, 86, 95, 165, 1130, 1160, 746, 425)
"""Minor units of a usual price for one euro cent, in per cent: JPY has no decimals, so a euro cent is 1.65 yen."""
PER_EUR_MILLIONTHS = (1_000_000, 1_092_000, 861_000, 948_000, 164_500_000, 11_320_000, 11_640_000, 7_460_000, 4_262_000)
"""Rate on the first day: millionths of a currency's unit for one euro."""
DECIMALS = (2, 2, 2, 2, 0, 2, 2, 2, 2)


@dataclass(frozen=True)
class Profile:
    """How companies of a country number documents, and what their banks print."""

    country: str
    language: str
    currency: str
    foreign: tuple[str, ...]
    """Currencies of further accounts."""
    invoices: tuple[str, ...]
    """Number formats: {yyyy}, {yy}, {mm}, {cust}, {n4} to {n8}: a running number of that many digits."""
    credits: tuple[str, ...]
    bills: tuple[str, ...]
    structured: str
    """Kind of number with a check digit that payers are given: kid, ocr, qr, rf, or none."""
    iban_length: int
    """Digits after the country; 0: account numbers of nine digits."""
    account_share: float
    """Of lines that show the other party's account number."""
    own_references: bool
    """Whether the bank gives each line a reference of its own."""


_ANY_BILL = (
    "{n5}",
    "{yyyy}-{n4}",
    "INV{n6}",
    "F-{yy}{n5}",
    "{yy}{mm}-{n4}",
    "A{n7}",
    "RE-{n5}/{yy}",
    "{n8}",
    "SI{n5}",
    "{yyyy}/{mm}/{n4}",
    "FAC{n5}",
    "{n4}-{cust}",
)

PROFILES = (
    Profile(
        "us",
        "en",
        "USD",
        ("EUR", "GBP"),
        ("INV-{yyyy}-{n6}", "{n7}", "SO{n6}-{yy}", "AR{n5}"),
        ("CM-{yyyy}-{n5}", "CR{n6}"),
        _ANY_BILL,
        "none",
        0,
        0.06,
        True,
    ),
    Profile(
        "gb",
        "en",
        "GBP",
        ("EUR", "USD"),
        ("SI-{n6}", "{n6}", "INV{n5}", "{yy}/{n5}"),
        ("SCN-{n5}", "CN{n6}"),
        _ANY_BILL,
        "none",
        22,
        0.35,
        True,
    ),
    Profile(
        "de",
        "de",
        "EUR",
        ("USD", "CHF"),
        ("RE-{yyyy}-{n5}", "RG{yy}{mm}{n4}", "{yyyy}{n6}", "R{n5}/{yy}"),
        ("GS-{yyyy}-{n5}", "GU{n6}"),
        _ANY_BILL,
        "rf",
        20,
        0.7,
        True,
    ),
    Profile(
        "fr",
        "fr",
        "EUR",
        ("USD",),
        ("FA{yyyy}-{n5}", "F{yy}{n6}", "FC-{n6}", "{yyyy}{mm}-{n4}"),
        ("AV{yyyy}-{n5}", "A-{n6}"),
        _ANY_BILL,
        "none",
        25,
        0.3,
        False,
    ),
    Profile(
        "nl",
        "nl",
        "EUR",
        ("GBP", "USD"),
        ("{yyyy}{n5}", "VF-{n6}", "F{yyyy}.{n4}", "{cust}-{n4}"),
        ("CR{yyyy}{n4}", "C-{n6}"),
        _ANY_BILL,
        "rf",
        16,
        0.8,
        True,
    ),
    Profile(
        "ch",
        "de",
        "CHF",
        ("EUR", "USD"),
        ("R-{yyyy}-{n5}", "{n6}", "RG-{yy}-{n5}"),
        ("G-{yyyy}-{n5}",),
        _ANY_BILL,
        "qr",
        19,
        0.5,
        True,
    ),
    Profile(
        "se",
        "sv",
        "SEK",
        ("EUR", "NOK"),
        ("{n5}", "{yy}{n5}", "F-{n6}"),
        ("K-{n5}", "KF{n6}"),
        _ANY_BILL,
        "ocr",
        22,
        0.15,
        True,
    ),
    Profile(
        "no",
        "no",
        "NOK",
        ("EUR", "SEK", "DKK"),
        ("{n6}", "1{n5}", "FN-{n6}"),
        ("KN-{n5}",),
        _ANY_BILL,
        "kid",
        13,
        0.2,
        False,
    ),
    Profile(
        "jp",
        "jp",
        "JPY",
        ("USD",),
        ("{yyyy}{mm}-{n4}", "JP{n7}", "S-{yy}-{n5}"),
        ("CN-{yy}-{n5}",),
        _ANY_BILL,
        "none",
        0,
        0.0,
        True,
    ),
)
