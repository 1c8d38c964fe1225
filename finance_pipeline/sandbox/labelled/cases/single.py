"""One payment, one document: in full, in part, too much, too little, less a fee or a discount, in another currency."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from finance_pipeline.sandbox.labelled import amounts
from finance_pipeline.sandbox.labelled.cases.making import CUSTOMERS, LAST_ISSUE, Making, Side, on_workday
from finance_pipeline.sandbox.labelled.draft import MENTION, NAME, NONE, ROLE, Ints, happens
from finance_pipeline.sandbox.labelled.profiles import DECIMALS
from finance_pipeline.sandbox.labelled.shapes import PLAN, SHAPE

_UNIT = np.array([10**d for d in DECIMALS])


def in_full(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """A document is paid exactly."""
    party = make.some_parties(rng, count, side)
    item, _, amount, booked = _document(make, rng, party, side)
    line = make.lines_of(rng, party, amount, booked, SHAPE["one_to_one"], side)
    mention = make.named_or_silent(rng, party, side)
    if side.role == 0:
        advised = happens(rng, count, 0.015)
        mention = np.where(advised, MENTION["advice"], mention)
    make.settle(line, item, amount, mention)


def in_part(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """Part of a document is paid, by its number; the rest stays open."""
    party = make.some_parties(rng, count, side)
    item, _, amount, booked = _document(make, rng, party, side)
    paid = side.sign * amounts.share_of(rng, np.abs(amount), 20, 80)
    line = make.lines_of(rng, party, paid, booked, SHAPE["partial"], side)
    make.settle(line, item, paid, make.mentions(rng, party, side))


def in_part_unnamed(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """Part of a document is paid, and nothing says which."""
    party = make.some_parties(rng, count, side)
    item, _, amount, booked = _document(make, rng, party, side)
    paid = side.sign * amounts.share_of(rng, np.abs(amount), 20, 80)
    line = make.lines_of(rng, party, paid, booked, SHAPE["partial"], side, plan=PLAN["partial_unnamed"])
    make.settle(line, item, paid, MENTION["none"])


def too_much(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """More is paid than the document is for; the rest stays on account."""
    party = make.some_parties(rng, count, side)
    item, _, amount, booked = _document(make, rng, party, side)
    over = side.sign * amounts.share_of(rng, np.abs(amount) + 1, 1, 35)
    line = make.lines_of(rng, party, amount + over, booked, SHAPE["overpayment"], side)
    mention = make.mentions(rng, party, side)
    make.settle(line, item, amount, mention)
    make.settle(line, item, over, mention, item_amount=0, role=ROLE["residual"])


def too_little(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """A few minor units are missing, which is written off."""
    party = make.some_parties(rng, count, side)
    item, _, amount, booked = _document(make, rng, party, side)
    missing = side.sign * np.minimum(rng.integers(1, 50, count), np.maximum(np.abs(amount) // 200, 1))
    _less(make, rng, party, item, amount, missing, booked, side, "short_payment", "write_off")


def too_little_beyond(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """More is missing than may be written off, and too little for a part payment."""
    party = make.some_parties(rng, count, side)
    item, _, amount, booked = _document(make, rng, party, side)
    enough = 3 * _UNIT[make.companies.party_currency[party]] + np.abs(amount) * rng.integers(4, 30, count) // 1000
    paid = amount - side.sign * np.minimum(enough, np.abs(amount) // 10)
    line = make.lines_of(rng, party, paid, booked, SHAPE["short_payment"], side, plan=PLAN["short_beyond_limit"])
    make.settle(line, item, paid, make.mentions(rng, party, side))


def less_fee(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """A bank on the way kept a fee, and the line says what was sent."""
    party = make.some_parties(rng, count, side)
    item, _, amount, booked = _document(make, rng, party, side, least=60)
    currency = make.companies.party_currency[party]
    fee = side.sign * rng.choice([500, 750, 800, 1000, 1250, 1500, 2000, 2500], count) * _UNIT[currency] // 100
    original = {"original": amount, "original_currency": currency}
    _less(make, rng, party, item, amount, fee, booked, side, "bank_fee_kept", "fee", silent=True, **original)


def less_discount(make: Making, rng: np.random.Generator, count: int, side: Side, *, late: bool = False) -> None:
    """A discount of the terms is taken, in time or too late."""
    party = make.some_parties(rng, count, side)
    tenths = rng.choice([10, 15, 20, 20, 25, 30], count)
    days = rng.choice([7, 8, 10, 14], count)
    issued = rng.integers(0, LAST_ISSUE, count)
    due = issued + np.maximum(make.companies.party_terms[party], 21)
    terms = {"issued": issued, "due": due, "discount_tenths": tenths, "discount_until": issued + days}
    item, _, amount, _ = _document(make, rng, party, side, **terms)
    taken = amounts.tenths_of_percent(amount, tenths)
    if not late:
        booked = on_workday(issued + 1 + (rng.random(count) * (days - 2)).astype(np.int64))
        booked = np.minimum(booked, issued + days)
        _less(make, rng, party, item, amount, taken, booked, side, "discount", "discount", silent=True)
        return
    booked = on_workday(issued + days + rng.integers(4, 25, count))
    line = make.lines_of(rng, party, amount - taken, booked, SHAPE["discount"], side, plan=PLAN["discount_late"])
    make.settle(line, item, amount - taken, make.mentions(rng, party, side))


def in_other_currency(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """A document in a foreign currency meets money in the book's own, at about the day's rate."""
    party = make.some_parties(rng, count, side)
    who = make.companies
    book = who.party_book[party]
    home = who.home_currency(book)
    foreign = np.where(home == 0, 1, 0)
    item, _, amount, booked = _document(make, rng, party, side, currency=foreign)
    spot = amounts.converted(amount, foreign, home, booked, make.rates)
    margin = rng.integers(-20, 90, count)
    paid = spot - side.sign * (np.abs(spot) * margin // 10_000)
    shown = happens(rng, count, 0.6)
    line = make.lines_of(
        rng,
        party,
        paid,
        booked,
        SHAPE["fx"],
        side,
        currency=home,
        original=np.where(shown, amount, 0),
        original_currency=np.where(shown, foreign, NONE),
    )
    mention = np.where(shown, make.named_or_silent(rng, party, side), make.mentions(rng, party, side))
    make.settle(line, item, paid, mention, item_amount=amount)


def amount_only(make: Making, rng: np.random.Generator, count: int) -> None:
    """A document is paid, and the line says neither who nor what for."""
    party = make.some_parties(rng, count, CUSTOMERS)
    item, _, amount, booked = _document(make, rng, party, CUSTOMERS)
    line = make.lines_of(
        rng, party, amount, booked, SHAPE["one_to_one"], CUSTOMERS, plan=PLAN["amount_only"], name=NAME["none"]
    )
    make.settle(line, item, amount, MENTION["none"])


def wrong_reference(make: Making, rng: np.random.Generator, count: int) -> None:
    """A document is paid under the number of another open one, mostly of the same customer."""
    party = make.some_parties(rng, count, CUSTOMERS)
    item, issued, amount, booked = _document(make, rng, party, CUSTOMERS)
    stranger = make.companies.parties(rng, make.companies.party_book[party], 0)
    owner = np.where(happens(rng, count, 0.7), party, stranger)
    other = make.documents(rng, owner, CUSTOMERS, issued=np.maximum(issued - rng.integers(0, 40, count), 0))
    line = make.lines_of(rng, party, amount, booked, SHAPE["one_to_one"], CUSTOMERS, plan=PLAN["wrong_reference"])
    make.settle(line, item, amount, MENTION["other_document"], named=other)


def paid_twice(make: Making, rng: np.random.Generator, count: int) -> None:
    """A customer pays one document twice by mistake; either payment may be the right one."""
    party = make.some_parties(rng, count, CUSTOMERS)
    item, _, amount, booked = _document(make, rng, party, CUSTOMERS)
    mention = make.mentions(rng, party, CUSTOMERS)
    unit = np.arange(count) + make.draft.counts["lines"]
    common: dict[str, ArrayLike] = {"plan": PLAN["paid_twice"], "unit": unit}
    line = make.lines_of(rng, party, amount, booked, SHAPE["one_to_one"], CUSTOMERS, **common)
    again = on_workday(booked + rng.integers(1, 15, count))
    make.lines_of(rng, party, amount, again, SHAPE["no_item"], CUSTOMERS, **common, noise_item=item)
    make.settle(line, item, amount, mention)


def _document(
    make: Making, rng: np.random.Generator, party: Ints, side: Side, *, least: int = 0, **given: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """One document a party: its position, date, signed amount, and the day it is paid. least: in whole units."""
    currency = given.get("currency", make.companies.party_currency[party])
    amount = np.maximum(amounts.prices(rng, currency), np.maximum(least * _UNIT[currency], 30))
    item = make.documents(rng, party, side, amount=amount, **given)
    issued = make.draft.blocks["items"][-1]["issued"]
    return item, issued, side.sign * amount, make.paid_on(rng, issued, make.companies.party_terms[party])


def _less(
    make: Making,
    rng: np.random.Generator,
    party: Ints,
    item: Ints,
    amount: Ints,
    less: Ints,
    booked: Ints,
    side: Side,
    shape: str,
    role: str,
    *,
    silent: bool = False,
    **given: Ints,
) -> None:
    """Lines that bring a document's amount less something, which is a part of its own."""
    line = make.lines_of(rng, party, amount - less, booked, SHAPE[shape], side, **given)
    mention = (make.named_or_silent if silent else make.mentions)(rng, party, side)
    make.settle(line, item, amount, mention)
    make.settle(line, item, -less, mention, item_amount=0, role=ROLE[role])
