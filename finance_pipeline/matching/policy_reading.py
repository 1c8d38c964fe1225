"""Reading a book's policy: the defaults with some values replaced, as people write them in YAML.

Here: what each key has to be, said of the key that is wrong. Not here: what a value means (policy).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, get_args, get_type_hints

from finance_pipeline.core.money import UnknownCurrency, exponent
from finance_pipeline.core.problems import BadSettings
from finance_pipeline.matching.autonomy import LIMITED_ROLES, Limit, MonthlyLimit
from finance_pipeline.matching.coding import IN, OUT, CodingRule
from finance_pipeline.matching.policy import KNOWN_TIERS, Nature, Policy
from finance_pipeline.matching.terms import DiscountTerm

_FIELDS = {field.name: field for field in dataclasses.fields(Policy)}
_OF_RULE = {
    **dict.fromkeys(("name", "account", "direction", "currency"), str),
    **dict.fromkeys(("amount_min_minor", "amount_max_minor"), int),
    **dict.fromkeys(("words", "counterparty_names", "transaction_codes", "natures", "account_ids"), list),
}
_OF_NATURE = {"words": list, "codes": list, "account": str, "direction": str}
_OF_MONTH = {"kind": str, "currency": str, "up_to_minor": int}
_OF_TERM = {"percent": str, "days": int, "parties": list, "kind": str}
_OF_LIMIT = {"tier": int, "party": str, "currency": str, "up_to_minor": int}


def policy_from(overrides: Mapping[str, Any]) -> Policy:
    """The default policy with some values replaced. Raises BadSettings naming the key and what it has to be."""
    values: dict[str, Any] = {}
    for key, value in overrides.items():
        if key not in _FIELDS:
            raise BadSettings(f"there is no {key!r}.", where="policy", todo=f"Known: {', '.join(_FIELDS)}.")
        values[key] = _READERS[key](value) if key in _READERS else _value(key, value)
    unknown = sorted(set(values.get("tiers", ())) - set(KNOWN_TIERS))
    if unknown:
        raise BadSettings(f"tiers: {unknown[0]} is none of {KNOWN_TIERS}.", where="policy")
    for key, value in values.items():
        if key.endswith("_percent") and value > 100:
            raise BadSettings(f"{key} is a share from 0 to 100.", where="policy")
    return Policy(**values)


def _value(key: str, value: object) -> object:
    """A value of the field's type."""
    default = _FIELDS[key].default
    if isinstance(default, bool):
        return _checked(isinstance(value, bool), key, "true or false", value)
    if isinstance(default, int):
        return _checked(type(value) is int and value >= 0, key, "a whole number from 0", value)
    kind = get_args(get_type_hints(Policy)[key])[0]
    fits = isinstance(value, list | tuple) and all(type(each) is kind for each in value)
    return tuple(_checked(fits, key, f"a list of {'numbers' if kind is int else 'texts'}", value))


def _checked(fits: bool, key: str, wanted: str, value: Any) -> Any:
    if not fits:
        raise BadSettings(f"{key} has to be {wanted}, not {value!r}.", where="policy")
    return value


def _natures(value: object) -> tuple[Nature, ...]:
    """Natures by name, each replacing or adding to the defaults: {payroll: {words: [...], account: "6000"}}."""
    _checked(isinstance(value, Mapping), "natures", "a mapping of names to {words, codes, account, direction}", value)
    assert isinstance(value, Mapping)
    merged = {nature.name: nature for nature in Policy().natures}
    for name, given in value.items():
        read = _mapping(f"natures.{name}", given, _OF_NATURE)
        merged[str(name)] = Nature(
            str(name),
            read.get("words", ()),
            read.get("codes", ()),
            read.get("account"),
            _direction(f"natures.{name}", read),
        )
    return tuple(merged.values())


def _coding_rules(value: object) -> tuple[CodingRule, ...]:
    """An ordered list: {name, account, words, counterparty_names, transaction_codes, direction, ...}."""
    rules = []
    for number, given in enumerate(_checked(isinstance(value, list | tuple), "coding_rules", "a list", value), 1):
        key = f"coding_rules[{number}]"
        read = _mapping(key, given, _OF_RULE)
        _checked(bool(read.get("name")) and bool(read.get("account")), key, "named, with an account", given)
        bounds = [read[name] for name in ("amount_min_minor", "amount_max_minor") if name in read]
        _checked(not bounds or "currency" in read, key, "given a currency for its amounts", given)
        _checked(all(bound >= 0 for bound in bounds), key, "given amounts from 0, whatever the direction", given)
        conditions: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list | tuple) else v for n, v in read.items() if n != "account"
        }
        conditions["direction"] = _direction(key, read)
        rule = CodingRule(account_code=read["account"], **conditions)
        _checked(
            rule.singles_out,
            key,
            "given words, counterparty_names, transaction_codes or natures (there is no default account)",
            given,
        )
        rules.append(rule)
    names = [rule.name for rule in rules]
    _checked(len(set(names)) == len(names), "coding_rules", "a list of rules with a name each", names)
    return tuple(rules)


def _limits(value: object) -> tuple[Limit, ...]:
    """An ordered list: {up_to_minor, tier, party, currency}; all but the first may be left out."""
    limits = []
    for number, given in enumerate(_checked(isinstance(value, list | tuple), "autonomy", "a list", value), 1):
        key = f"autonomy[{number}]"
        read = _mapping(key, given, _OF_LIMIT)
        _checked(read.get("up_to_minor", -1) >= 0, key, "given up_to_minor, a whole number from 0", given)
        _checked(read.get("tier", 0) in KNOWN_TIERS, key, f"about a tier of {KNOWN_TIERS}", given)
        _checked(read["up_to_minor"] == 0 or "currency" in read, key, "given a currency for its amount", given)
        limits.append(Limit(**read))
    return tuple(limits)


def _monthly_limits(value: object) -> tuple[MonthlyLimit, ...]:
    """A list in place of the default one: {kind, up_to_minor, currency}; the currency may be left out."""
    limits = []
    for number, given in enumerate(_checked(isinstance(value, list | tuple), "monthly_limits", "a list", value), 1):
        key = f"monthly_limits[{number}]"
        read = _mapping(key, given, _OF_MONTH)
        _checked(read.get("kind") in LIMITED_ROLES, key, f"about a kind of {', '.join(LIMITED_ROLES)}", given)
        _checked(read.get("up_to_minor", -1) >= 0, key, "given up_to_minor, a whole number from 0", given)
        limits.append(MonthlyLimit(read["kind"], read["up_to_minor"], read.get("currency")))
    return tuple(limits)


def _discount_terms(value: object) -> tuple[DiscountTerm, ...]:
    """An ordered list: {percent, days, parties, kind}; parties and kind may be left out. percent: 2, or "2.5"."""
    terms = []
    for number, given in enumerate(_checked(isinstance(value, list | tuple), "discount_terms", "a list", value), 1):
        key = f"discount_terms[{number}]"
        _checked(isinstance(given, Mapping) and type(given.get("percent")) in (int, str), f"{key}.percent",
                 'a whole number, or a text like "2.5"', given)  # fmt: skip
        read = _mapping(key, {**given, "percent": str(given["percent"])}, _OF_TERM)
        fits = re.fullmatch(r"\d{1,2}(\.\d{1,4})?", read["percent"])
        _checked(bool(fits), f"{key}.percent", "a share from 0 to 99.9999", read["percent"])
        _checked(read.get("days", -1) >= 0, key, "given days, a whole number from 0", given)
        _checked(read.get("kind", "invoice") in ("invoice", "bill"), key, "about an invoice or a bill", given)
        terms.append(DiscountTerm(**{**read, "percent": Decimal(read["percent"])}))
    return tuple(terms)


def _mapping(key: str, given: object, types: Mapping[str, type]) -> dict[str, Any]:
    """A mapping of known names to values of their types; lists are of texts."""
    if not isinstance(given, Mapping):
        raise BadSettings(f"{key} has to be a mapping, not {given!r}.", where="policy")
    for name, value in given.items():
        if name not in types:
            raise BadSettings(f"{key}: there is no {name!r}.", where="policy", todo=f"Known: {', '.join(types)}.")
        if types[name] is list:
            fits = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        else:
            fits = type(value) is types[name]
        words = {list: "a list of texts", str: "a text", int: "a whole number"}[types[name]]
        _checked(fits, f"{key}.{name}", words, value)
        if name == "currency":
            _currency(key, value)
    return {name: tuple(value) if types[name] is list else value for name, value in given.items()}


def _currency(key: str, code: str) -> None:
    try:
        exponent(code)
    except UnknownCurrency as cause:
        raise BadSettings(f"{key}: {cause}", where="policy") from cause


def _direction(key: str, read: Mapping[str, Any]) -> str:
    given = read.get("direction", "")
    return str(_checked(given in ("", IN, OUT), f"{key}.direction", f"{IN} or {OUT}", given))


_READERS: dict[str, Callable[[object], object]] = {
    "natures": _natures,
    "coding_rules": _coding_rules,
    "autonomy": _limits,
    "monthly_limits": _monthly_limits,
    "discount_terms": _discount_terms,
}
