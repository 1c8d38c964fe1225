"""What happens on the accounts themselves: own transfers, lines without a document, strangers' money."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from finance_pipeline.sandbox.labelled import amounts
from finance_pipeline.sandbox.labelled.cases.making import CUSTOMERS, SUPPLIERS, Making, on_workday
from finance_pipeline.sandbox.labelled.draft import FLOW, NAME, NONE, ROLE, SPAN_DAYS, Ints, happens
from finance_pipeline.sandbox.labelled.profiles import DECIMALS
from finance_pipeline.sandbox.labelled.shapes import PLAN, SHAPE

_UNIT = np.array([10**d for d in DECIMALS])
_NATURES = ("bank_fee", "bank_fee", "payroll", "interest", "tax", "rent", "card", "card")


def transfer(make: Making, rng: np.random.Generator, count: int, how: str = "transfer") -> None:
    """Money of ours moves from one account of ours to another: plain, less a fee, or into another currency.

    count: lines, two a transfer.
    """
    cases = max(count // 2, 1)
    book = make.companies.books(rng, cases)
    home = make.companies.home_currency(book)
    first, second = make.companies.accounts[book, home], make.companies.second_account[book]
    forward = happens(rng, cases, 0.6)
    source, target = np.where(forward, first, second), np.where(forward, second, first)
    into = home
    if how == "transfer_fx":
        target = _foreign_account(make, rng, book, home)
        source = first
        into = make.companies.account_currency[target]
    amount = np.maximum(amounts.prices(rng, home) * 4 // _UNIT[home] * _UNIT[home], 20 * _UNIT[home])
    booked = on_workday(rng.integers(0, SPAN_DAYS, cases))
    arrived = on_workday(booked + rng.choice([0, 0, 0, 1, 1, 2, 3], cases))
    received = amount
    if how == "transfer_fee":
        received = amount - np.minimum(
            rng.choice([100, 250, 500, 1000, 1500, 2000], cases) * _UNIT[home] // 100, amount // 4
        )
    if how == "transfer_fx":
        spot = amounts.converted(amount, home, into, booked, make.rates)
        received = np.maximum(spot - spot * rng.integers(-10, 80, cases) // 10_000, 1)
    worded: dict[str, ArrayLike] = {
        "word": happens(rng, cases, 0.92),
        "flow": FLOW["transfer"],
        "shape": SHAPE[how],
        "book": book,
    }
    name = np.where(happens(rng, cases, 0.75), NAME["own"], NAME["none"])
    shown = happens(rng, cases, 0.5) & (how == "transfer_fx")
    out = make.draft.lines(
        cases, account=source, currency=home, amount=-amount, booked=booked, name=name, own=target, **worded
    )
    back = make.draft.lines(
        cases,
        account=target,
        currency=into,
        amount=received,
        booked=arrived,
        name=name,
        own=source,
        original=np.where(shown, amount, 0),
        original_currency=np.where(shown, home, NONE),
        **worded,
    )
    make.draft.parts(cases, line=out, other=back, amount=-amount, role=ROLE["principal"])


def _foreign_account(make: Making, rng: np.random.Generator, book: Ints, home: Ints) -> Ints:
    """An account in another currency of each book; every book has one."""
    target = np.empty(len(book), dtype=np.int64)
    for each in range(make.companies.book_count):
        mine = np.flatnonzero(book == each)
        own = make.companies.accounts[each]
        abroad = own[(own >= 0) & (make.companies.account_currency[own] != (home[mine[0]] if len(mine) else NONE))]
        target[mine] = abroad[rng.integers(0, len(abroad), len(mine))]
    return target


def by_nature(make: Making, rng: np.random.Generator, count: int) -> None:
    """Fees, payroll, interest, tax, rent, cards: lines that never had a document."""
    book = make.companies.books(rng, count)
    currency = make.companies.home_currency(book)
    flow = np.array([FLOW[name] for name in _NATURES])[rng.integers(0, len(_NATURES), count)]
    amount = -amounts.prices(rng, currency)
    small = (flow == FLOW["bank_fee"]) | (flow == FLOW["interest"])
    amount = np.where(small, np.minimum(amount // 100, -5), amount)
    amount = np.where((flow == FLOW["interest"]) & happens(rng, count, 0.6), -amount, amount)
    make.draft.lines(
        count,
        book=book,
        account=make.companies.account_for(book, currency, rng),
        currency=currency,
        amount=amount,
        booked=on_workday(rng.integers(0, SPAN_DAYS, count)),
        flow=flow,
        shape=SHAPE["by_nature"],
        name=np.where(happens(rng, count, 0.4), NAME["somebody_else"], NAME["none"]),
        plan=PLAN["by_nature"],
    )


def stranger(make: Making, rng: np.random.Generator, count: int) -> None:
    """Money from somebody whom nobody knows, mostly under a number that nobody knows."""
    book = make.companies.books(rng, count)
    currency = make.companies.home_currency(book)
    make.draft.lines(
        count,
        book=book,
        account=make.companies.account_for(book, currency, rng),
        currency=currency,
        amount=amounts.prices(rng, currency) * np.where(happens(rng, count, 0.8), 1, -1),
        booked=on_workday(rng.integers(0, SPAN_DAYS, count)),
        flow=FLOW["receipt"],
        shape=SHAPE["no_item"],
        plan=PLAN["stranger"],
        name=NAME["somebody_else"],
        noise=happens(rng, count, 0.7),
    )


def known_without_item(make: Making, rng: np.random.Generator, count: int, *, numbered: bool) -> None:
    """Money from a customer for whom no such document is open: never billed, or a number that nobody knows."""
    party = make.some_parties(rng, count, CUSTOMERS)
    amount = amounts.prices(rng, make.companies.party_currency[party])
    booked = on_workday(rng.integers(0, SPAN_DAYS, count))
    plan = PLAN["unknown_reference" if numbered else "never_billed"]
    make.lines_of(rng, party, amount, booked, SHAPE["no_item"], CUSTOMERS, plan=plan, noise=int(numbered))


def unpaid(make: Making, rng: np.random.Generator, count: int) -> None:
    """Documents of either side that nobody pays. count: lines of the whole, of which they are a share."""
    wanted = int(count * make.options.level.unpaid_share)
    for side, share in ((CUSTOMERS, 75), (SUPPLIERS, 20)):
        make.documents(rng, make.some_parties(rng, wanted * share // 100, side), side)
    party = make.some_parties(rng, wanted // 20, CUSTOMERS)
    amount = amounts.prices(rng, make.companies.party_currency[party]) // 4 + 1
    make.credits(rng, party, CUSTOMERS, amount, rng.integers(0, SPAN_DAYS - 45, len(party)))
