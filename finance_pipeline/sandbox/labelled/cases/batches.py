"""Several documents in one payment, several payments for one document, and both."""

from __future__ import annotations

import numpy as np

from finance_pipeline.sandbox.labelled import amounts
from finance_pipeline.sandbox.labelled.cases.making import CUSTOMERS, LAST_ISSUE, Making, Side, on_workday
from finance_pipeline.sandbox.labelled.draft import FLOW, MENTION, NAME, Ints, batch_sizes, happens
from finance_pipeline.sandbox.labelled.shapes import PLAN, SHAPE


def totals(line_of: Ints, amount: Ints, count: int) -> Ints:
    """Exact sums of amounts by group."""
    found = np.zeros(count, dtype=np.int64)
    np.add.at(found, line_of, amount)
    return found


def batch(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """One payment for 2 to 40 documents of one party: listed, advised, or without a word."""
    silent = happens(rng, count, make.options.level.silent_share)
    # Who says nothing is often small, so that its few open documents can be told by their sum.
    party = np.where(silent, make.some_parties(rng, count, side, evenly=True), make.some_parties(rng, count, side))
    sizes = np.where(silent, batch_sizes(rng, count, 2, 12, 3), batch_sizes(rng, count, 2, 40, 3.2))
    owner = np.repeat(np.arange(count), sizes)
    item, amount, booked = _documents(make, rng, party, owner, count, side)
    mention = make.mentions(rng, party, side)
    mention = np.where((mention == MENTION["structured"]) | (mention == MENTION["order"]), MENTION["full"], mention)
    mention = np.where(happens(rng, count, 0.22) & (mention == MENTION["full"]), MENTION["shorthand"], mention)
    if side.role == 0:
        mention = np.where(happens(rng, count, 0.1), MENTION["advice"], mention)
    mention = np.where(silent, MENTION["none"], mention)
    line = make.lines_of(rng, party, totals(owner, amount, count), booked, SHAPE["one_to_many"], side)
    make.settle(line[owner], item, amount, mention[owner])


def netting(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """One payment for one to five documents less one or two credit notes."""
    party = make.some_parties(rng, count, side, evenly=True)
    sizes = batch_sizes(rng, count, 1, 5, 2)
    owner = np.repeat(np.arange(count), sizes)
    item, amount, booked = _documents(make, rng, party, owner, count, side)
    gross = totals(owner, amount, count)
    credit_owner = np.repeat(np.arange(count), rng.choice([1, 1, 1, 2], count))
    most = np.abs(gross[credit_owner])
    credit = amounts.share_of(rng, most + 2, 3, 45)
    issued = np.maximum(booked[credit_owner] - rng.integers(2, 30, len(credit_owner)), 0)
    note = make.credits(rng, party[credit_owner], side, credit, issued)
    net = gross - side.sign * totals(credit_owner, credit, count)
    line = make.lines_of(rng, party, net, booked, SHAPE["credit_netting"], side)
    mention = make.mentions(rng, party, side)
    mention = np.where((mention == MENTION["structured"]) | (mention == MENTION["order"]), MENTION["full"], mention)
    how = rng.random(count)
    invoices = np.where(how < 0.2, MENTION["none"], mention)
    notes = np.where(how < 0.35, MENTION["none"], mention)
    make.settle(line[owner], item, amount, invoices[owner])
    make.settle(line[credit_owner], note, -side.sign * credit, notes[credit_owner])


def instalments(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """One document in two to four payments, each with its number. count: payments."""
    cases = max(count // 3, 1)
    party = make.some_parties(rng, cases, side)
    item = make.documents(rng, party, side)
    block = make.draft.blocks["items"][-1]
    rest, booked = np.abs(block["amount"]).copy(), make.paid_on(rng, block["issued"], make.companies.party_terms[party])
    payments = rng.integers(2, 5, cases)
    mention = make.mentions(rng, party, side)
    for number in range(4):
        mine = np.flatnonzero((payments > number) & (rest > 10))
        last = payments[mine] == number + 1
        part = np.where(last, rest[mine], amounts.share_of(rng, rest[mine], 25, 70))
        rest[mine] -= part
        day = on_workday(booked[mine] + 30 * number + rng.integers(0, 4, len(mine)) * (number > 0))
        line = make.lines_of(rng, party[mine], side.sign * part, day, SHAPE["many_to_one"], side)
        make.settle(line, item[mine], side.sign * part, mention[mine])


def across(make: Making, rng: np.random.Generator, count: int) -> None:
    """Two payments for three documents, the middle one split between them; both name what they pay. count: payments."""
    cases = max(count // 2, 1)
    party = make.some_parties(rng, cases, CUSTOMERS)
    owner = np.repeat(np.arange(cases), 3)
    item, amount, booked = _documents(make, rng, party, owner, cases, CUSTOMERS)
    item, amount = item.reshape(-1, 3), amount.reshape(-1, 3)
    part = amounts.share_of(rng, np.maximum(amount[:, 1], 2), 20, 80)
    unit = np.arange(cases) + make.draft.counts["lines"]
    shape, mention = SHAPE["many_to_many"], np.full(cases, MENTION["full"])
    first = make.lines_of(rng, party, amount[:, 0] + part, booked, shape, CUSTOMERS, unit=unit)
    after = on_workday(booked + rng.integers(0, 8, cases))
    rest = amount[:, 1] - part
    second = make.lines_of(rng, party, amount[:, 2] + rest, after, shape, CUSTOMERS, unit=unit)
    make.settle(first, item[:, 0], amount[:, 0], mention)
    make.settle(first, item[:, 1], part, mention)
    make.settle(second, item[:, 1], rest, mention)
    make.settle(second, item[:, 2], amount[:, 2], mention)


def deposit(make: Making, rng: np.random.Generator, count: int, *, named: bool) -> None:
    """Cheques of several customers are brought to the bank together, with a list of numbers or without."""
    sizes = batch_sizes(rng, count, 2, 9, 3.5)
    owner = np.repeat(np.arange(count), sizes)
    first = make.some_parties(rng, count, CUSTOMERS)
    book = make.companies.party_book[first]
    party = make.companies.parties(rng, book[owner], 0)
    currency = make.companies.home_currency(book)
    booked = on_workday(rng.integers(20, LAST_ISSUE + 30, count))
    issued = np.maximum(booked[owner] - rng.integers(3, 40, len(owner)), 0)
    item = make.documents(rng, party, CUSTOMERS, currency=currency[owner], issued=issued)
    amount = make.draft.blocks["items"][-1]["amount"]
    line = make.lines_of(
        rng,
        first,
        totals(owner, amount, count),
        booked,
        SHAPE["deposit"],
        CUSTOMERS,
        currency=currency,
        name=NAME["none"],
        flow=FLOW["deposit"],
        plan=PLAN["clear"] if named else PLAN["deposit_unnamed"],
    )
    make.settle(line[owner], item, amount, MENTION["full"] if named else MENTION["none"])


def recurring(make: Making, rng: np.random.Generator, count: int) -> None:
    """The same amount every month, invoiced and paid, mostly before the next invoice. count: payments."""
    cases = max(count // 5, 1)
    party = make.some_parties(rng, cases, CUSTOMERS, evenly=True)
    currency = make.companies.party_currency[party]
    amount = amounts.prices(rng, currency)
    months = rng.integers(3, 8, cases)
    terms = rng.choice([0, 7, 10, 14, 14, 21], cases)
    start = rng.integers(0, 28, cases)
    silent = happens(rng, cases, 0.6)
    mention = make.mentions(rng, party, CUSTOMERS)
    name = np.where(happens(rng, cases, 0.6), NAME["plain"], NAME["bank"])
    for month in range(7):
        mine = np.flatnonzero(months > month)
        issued = start[mine] + 30 * month
        due = issued + terms[mine]
        item = make.documents(rng, party[mine], CUSTOMERS, amount=amount[mine], issued=issued, due=due, unlisted=0)
        lag = np.maximum(terms[mine] + rng.integers(-4, 7, len(mine)), 1) + 25 * happens(rng, len(mine), 0.06)
        booked = on_workday(issued + lag)
        line = make.lines_of(rng, party[mine], amount[mine], booked, SHAPE["recurring"], CUSTOMERS, name=name[mine])
        make.settle(line, item, amount[mine], np.where(silent[mine], MENTION["none"], mention[mine]))


def equal_items(make: Making, rng: np.random.Generator, count: int) -> None:
    """Two or three open documents of one party are equal; one of them is paid, and nothing says which."""
    party = make.some_parties(rng, count, CUSTOMERS)
    currency = make.companies.party_currency[party]
    amount = amounts.prices(rng, currency)
    issued = rng.integers(0, LAST_ISSUE, count)
    item = make.documents(rng, party, CUSTOMERS, amount=amount, issued=issued, unlisted=0)
    booked = make.paid_on(rng, issued, make.companies.party_terms[party])
    for least in (0.0, 0.75):
        more = np.flatnonzero(rng.random(count) >= least)
        apart = np.maximum(np.minimum(issued[more] + rng.integers(-25, 20, len(more)), booked[more] - 1), 0)
        make.documents(rng, party[more], CUSTOMERS, amount=amount[more], issued=apart, unlisted=0)
    shape, plan = SHAPE["equal_items"], PLAN["equal_items"]
    line = make.lines_of(rng, party, amount, booked, shape, CUSTOMERS, plan=plan)
    make.settle(line, item, amount, MENTION["none"])


def interchangeable(make: Making, rng: np.random.Generator, count: int) -> None:
    """Two or three equal documents of one party are open, and paid one by one without a word. count: payments."""
    cases = max(count * 2 // 5, 1)
    party = make.some_parties(rng, cases, CUSTOMERS)
    amount = amounts.prices(rng, make.companies.party_currency[party])
    last = rng.integers(10, LAST_ISSUE, cases)
    number = rng.choice([2, 2, 3], cases)
    unit = np.arange(cases) + make.draft.counts["lines"]
    for place in range(3):
        mine = np.flatnonzero(number > place)
        issued = np.maximum(last[mine] - rng.integers(0, 10, len(mine)), 0)
        item = make.documents(rng, party[mine], CUSTOMERS, amount=amount[mine], issued=issued, unlisted=0)
        booked = on_workday(last[mine] + 5 + 9 * place + rng.integers(0, 8, len(mine)))
        shape, plan = SHAPE["equal_items"], PLAN["equal_items"]
        line = make.lines_of(
            rng, party[mine], amount[mine], booked, shape, CUSTOMERS, plan=plan, unit=unit[mine], name=NAME["plain"]
        )
        make.settle(line, item, amount[mine], MENTION["none"])


def two_subsets(make: Making, rng: np.random.Generator, count: int) -> None:
    """Of a party's four open documents two add to the payment, and so do the two others."""
    party = make.some_parties(rng, count, CUSTOMERS, evenly=True)
    currency = make.companies.party_currency[party]
    owner = np.arange(count)
    first, second = amounts.prices(rng, currency), amounts.prices(rng, currency)
    third = amounts.share_of(rng, first + second + 2, 10, 90)
    booked = on_workday(rng.integers(30, LAST_ISSUE + 20, count))
    shape, plan = SHAPE["one_to_many"], PLAN["two_subsets"]
    line = make.lines_of(rng, party, first + second, booked, shape, CUSTOMERS, plan=plan)
    for amount, paid in ((first, True), (second, True), (third, False), (first + second - third, False)):
        issued = np.maximum(booked - rng.integers(2, 30, count), 0)
        item = make.documents(rng, party, CUSTOMERS, amount=np.maximum(amount, 1), issued=issued, unlisted=0)
        if paid:
            make.settle(line[owner], item, amount, MENTION["none"])


def _documents(
    make: Making, rng: np.random.Generator, party: Ints, owner: Ints, count: int, side: Side
) -> tuple[Ints, Ints, Ints]:
    """Documents of each payment's party, issued in the weeks before it: positions, signed amounts, days of payment."""
    last = rng.integers(5, LAST_ISSUE, count)
    issued = np.maximum(last[owner] - rng.integers(0, 45, len(owner)), 0)
    item = make.documents(rng, party[owner], side, issued=issued)
    amount = make.draft.blocks["items"][-1]["amount"]
    lag = np.maximum(make.companies.party_terms[party] // 2 + rng.integers(0, 12, count), 1)
    return item, amount, on_workday(last + lag)
