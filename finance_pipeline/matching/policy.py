"""Policy: what a book allows the engine. Every limit, window and word list that is an opinion stands here.

Here: defaults with their reasons, reading overrides. Not here: any matching.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from finance_pipeline.core.identity import digest
from finance_pipeline.core.problems import BadSettings


@dataclass(frozen=True)
class Nature:
    """Lines that have no document by nature, and how to know them."""

    name: str
    """What the exception calls it."""
    words: tuple[str, ...]
    """Words or phrases of the text, whole words, case and accents aside."""
    codes: tuple[str, ...] = ()
    """Beginnings of the bank's transaction code."""


_NATURES = (
    Nature(
        "bank fee",
        (
            *(
                "bank fee",
                "bank charges",
                "service fee",
                "service charge",
                "account fee",
                "account charges",
                "wire fee",
            ),
            *("monthly fee", "maintenance fee", "kontofuehrung", "entgelt", "abschluss", "frais bancaires"),
        ),
        ("BANK_FEES", "CHRG", "ACMT-MCOP-CHRG"),
    ),
    Nature(
        "payroll payment",
        ("payroll", "salary", "salaries", "wages", "lohn", "gehalt", "gehaelter", "loehne", "salaire", "salaires"),
        ("INCOME_WAGES", "PMNT-ICDT-SALA", "SALA"),
    ),
    Nature(
        "posting of interest",
        ("interest", "zinsen", "habenzinsen", "sollzinsen", "interets"),
        ("INCOME_INTEREST", "INTR"),
    ),
    Nature(
        "tax payment",
        (
            *("tax payment", "usataxpymt", "irs", "hmrc", "paye", "finanzamt", "umsatzsteuer", "lohnsteuer"),
            *("vat payment", "corporation tax", "franchise tax", "sales tax"),
        ),
        ("GOVERNMENT_AND_NON_PROFIT_TAX", "TAXS"),
    ),
    Nature("rent payment", ("rent", "miete", "loyer", "office lease"), ("RENT_AND_UTILITIES_RENT", "RENT")),
)


@dataclass(frozen=True)
class Policy:
    """What the engine may accept for one book. The defaults are the documentation."""

    tiers: tuple[int, ...] = (0, 1, 2, 5)
    """Kinds of evidence that may match without a person."""
    early_days: int = 5
    """A document named by its number may be dated this many days after its money (paid at order, invoiced later)."""
    party_early_days: int = 0
    """The same where party and amount are all the evidence."""
    party_window_days: int = 365
    """Where party and amount are all the evidence, a document competes for money this many days after its date."""
    party_late_days: int = 60
    """It is taken only this many days after it was due (after its date, where it has no terms): later, that an amount
    agrees is as likely chance, or part of what was settled otherwise."""
    recorded_days: int = 10
    """A payment recorded in the accounting system meets its bank line within this many days, either way."""
    payout_early_days: int = 1
    """A payout may arrive this many days before it is expected."""
    payout_lag_days: int = 7
    """A payout may arrive this many days after it is expected (weekends, holidays)."""
    transfer_lag_days: int = 5
    """Two legs of a transfer between own accounts lie within this many days."""
    transfer_needs_words: bool = True
    """A transfer needs a text that says so on one leg at least, or the same name on both: two strangers' payments of
    one round amount in one week are not rare."""
    transfer_words: tuple[str, ...] = (
        *("own account", "own accounts", "internal transfer", "account transfer", "online transfer", "book transfer"),
        *("transfer to", "transfer from", "between accounts", "intra company", "sweep", "cash concentration"),
        *("umbuchung", "uebertrag", "ubertrag", "eigenuebertrag", "virement interne", "top up", "funding transfer"),
    )
    """Phrases by which banks and people mark money that only changes accounts."""
    short_payment_limit_minor: int = 50
    """A reference whose money falls short by at most this many minor units settles in full; the rest is written off."""
    partial_least_rest_percent: int = 10
    """A part payment leaves at least this share open. Less missing looks like a fee, a discount or a short payment,
    and those are a person's question."""
    bare_number_min_digits: int = 4
    """A document number without its prefix counts from this many digits."""
    name_prefix_min_chars: int = 10
    """A name cut by a bank counts from this many characters, where it fits one party only."""
    memo_cut_lengths: tuple[int, ...] = (18, 27, 32, 35, 140)
    """A memo of exactly this length was probably cut, and may have named more."""
    processor_names: tuple[str, ...] = (
        *("stripe", "adyen", "paypal", "square", "braintree", "worldpay", "checkout com", "mollie", "sumup"),
        *("gocardless", "klarna", "zettle", "authorize net", "shopify payments", "amazon payments"),
    )
    """Names by which a processor's payout is known in a bank's text."""
    natures: tuple[Nature, ...] = _NATURES
    """Lines without a document by nature."""

    @cached_property
    def digest(self) -> str:
        """Changes when, and only when, a value does."""
        return digest(*(f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self)))


_FIELDS = {field.name: field for field in dataclasses.fields(Policy)}
KNOWN_TIERS = (0, 1, 2, 5)


def policy_from(overrides: Mapping[str, Any]) -> Policy:
    """The default policy with some values replaced. Raises BadSettings naming the key and what it has to be."""
    values: dict[str, Any] = {}
    for key, value in overrides.items():
        if key not in _FIELDS:
            raise BadSettings(f"there is no {key!r}.", where="policy", todo=f"Known: {', '.join(_FIELDS)}.")
        values[key] = _natures(value) if key == "natures" else _value(key, value)
    unknown = sorted(set(values.get("tiers", ())) - set(KNOWN_TIERS))
    if unknown:
        raise BadSettings(f"tiers: {unknown[0]} is none of {KNOWN_TIERS}.", where="policy")
    if values.get("partial_least_rest_percent", 0) > 100:
        raise BadSettings("partial_least_rest_percent is a share from 0 to 100.", where="policy")
    return Policy(**values)


def _value(key: str, value: object) -> object:
    """A value of the field's type."""
    default = _FIELDS[key].default
    if isinstance(default, bool):
        return _checked(isinstance(value, bool), key, "true or false", value)
    if isinstance(default, int):
        return _checked(type(value) is int and value >= 0, key, "a whole number from 0", value)
    kind = get_args(_kind_of(key))[0]
    fits = isinstance(value, list | tuple) and all(type(each) is kind for each in value)
    return tuple(_checked(fits, key, f"a list of {'numbers' if kind is int else 'texts'}", value))


def _kind_of(key: str) -> Any:
    from typing import get_type_hints

    return get_type_hints(Policy)[key]


def _checked(fits: bool, key: str, wanted: str, value: Any) -> Any:
    if not fits:
        raise BadSettings(f"{key} has to be {wanted}, not {value!r}.", where="policy")
    return value


def _natures(value: object) -> tuple[Nature, ...]:
    """Natures by name, each replacing or adding to the defaults: {payroll: {words: [...], codes: [...]}}."""
    _checked(isinstance(value, Mapping), "natures", "a mapping of names to {words, codes}", value)
    assert isinstance(value, Mapping)
    merged = {nature.name: nature for nature in _NATURES}
    for name, given in value.items():
        fits = isinstance(given, Mapping) and set(given) <= {"words", "codes"}
        _checked(
            fits and all(isinstance(v, list | tuple) for v in given.values()),
            f"natures.{name}",
            "{words, codes}",
            given,
        )
        merged[str(name)] = Nature(str(name), tuple(given.get("words", ())), tuple(given.get("codes", ())))
    return tuple(merged.values())
