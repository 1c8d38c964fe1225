"""Our own payments under a number of ours, payments that return, and refunds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from finance_pipeline.sandbox.labelled import amounts
from finance_pipeline.sandbox.labelled.cases.batches import totals
from finance_pipeline.sandbox.labelled.cases.making import CUSTOMERS, LAST_ISSUE, SUPPLIERS, Making, Side, on_workday
from finance_pipeline.sandbox.labelled.draft import (
    FLOW,
    KIND,
    MENTION,
    NAME,
    NONE,
    ROLE,
    Ints,
    batch_sizes,
    happens,
)
from finance_pipeline.sandbox.labelled.profiles import DECIMALS
from finance_pipeline.sandbox.labelled.shapes import PLAN, SHAPE


def instructed(make: Making, rng: np.random.Generator, count: int, *, cheque: bool = False) -> None:
    """A payment that our books already hold, under its end-to-end id or the number of a cheque."""
    party, item, amount, booked = _sent(make, rng, count, cheque=cheque)
    name = "cheque" if cheque else "instruction"
    given: dict[str, ArrayLike] = {name: make.draft.blocks["items"][-1][name]}
    if cheque:
        given["name"] = NAME["none"]
    line = make.lines_of(
        rng,
        party,
        amount,
        booked,
        SHAPE[name],
        SUPPLIERS,
        flow=FLOW["cheque" if cheque else "payment"],
        keyed=happens(rng, count, 0.9),
        **given,
    )
    silent = np.full(count, MENTION["none"]) if cheque else make.named_or_silent(rng, party, SUPPLIERS)
    make.settle(line, item, amount, silent)


def payment_run(make: Making, rng: np.random.Generator, count: int) -> None:
    """One debit for a whole payment run of 2 to 40 payments; most lines say its number."""
    sizes = batch_sizes(rng, count, 2, 40, 3.5)
    owner = np.repeat(np.arange(count), sizes)
    first = make.some_parties(rng, count, SUPPLIERS)
    book = make.companies.party_book[first]
    party = make.companies.parties(rng, book[owner], 1)
    currency = make.companies.home_currency(book)
    issued = rng.integers(10, LAST_ISSUE, count)
    group = _new_groups(make, count)
    given = _plain() | {"kind": KIND["payment"], "currency": currency[owner]}
    item = make.documents(rng, party, SUPPLIERS, **given, issued=issued[owner], group=group[owner])
    amount = make.draft.blocks["items"][-1]["amount"]
    line = make.lines_of(
        rng,
        first,
        totals(owner, amount, count),
        on_workday(issued + rng.integers(0, 4, count)),
        SHAPE["payment_run"],
        SUPPLIERS,
        currency=currency,
        name=NAME["none"],
        flow=FLOW["payment_run"],
        group=group,
        keyed=happens(rng, count, 0.7),
    )
    make.settle(line[owner], item, amount, MENTION["none"])


def direct_debit(make: Making, rng: np.random.Generator, count: int) -> None:
    """A supplier collects what its bill says."""
    party = make.some_parties(rng, count, SUPPLIERS)
    item = make.documents(rng, party, SUPPLIERS)
    block = make.draft.blocks["items"][-1]
    booked = on_workday(block["issued"] + np.maximum(make.companies.party_terms[party], 3))
    line = make.lines_of(
        rng, party, block["amount"], booked, SHAPE["direct_debit"], SUPPLIERS, flow=FLOW["direct_debit"]
    )
    make.settle(line, item, block["amount"], make.named_or_silent(rng, party, SUPPLIERS))


def refund(make: Making, rng: np.random.Generator, count: int, side: Side) -> None:
    """A credit note is paid out, by us or by a supplier."""
    party = make.some_parties(rng, count, side)
    currency = make.companies.party_currency[party]
    issued = rng.integers(0, LAST_ISSUE, count)
    item = make.credits(rng, party, side, amounts.prices(rng, currency), issued)
    amount = make.draft.blocks["items"][-1]["amount"]
    booked = on_workday(issued + rng.integers(2, 25, count))
    shape = "refund" if side.role == 0 else "supplier_refund"
    line = make.lines_of(rng, party, amount, booked, SHAPE[shape], side, flow=FLOW["refund"])
    make.settle(line, item, amount, make.named_or_silent(rng, party, side))


def refund_without_document(make: Making, rng: np.random.Generator, count: int) -> None:
    """Money goes back to a customer under the number of an invoice that is still open; no credit note stands."""
    party = make.some_parties(rng, count, CUSTOMERS)
    item = make.documents(rng, party, CUSTOMERS)
    block = make.draft.blocks["items"][-1]
    booked = on_workday(block["issued"] + rng.integers(5, 40, count))
    make.lines_of(
        rng,
        party,
        -block["amount"],
        booked,
        SHAPE["no_item"],
        CUSTOMERS,
        flow=FLOW["refund"],
        noise_item=item,
        plan=PLAN["refund_without_document"],
    )


def returned(make: Making, rng: np.random.Generator, count: int) -> None:
    """A payment comes back, now and then less the bank's fee. The first payment keeps its own match. count: returns."""
    outgoing = count - count // 3
    party, item, amount, booked = _sent(make, rng, outgoing)
    number = make.draft.blocks["items"][-1]["instruction"]
    line = make.lines_of(rng, party, amount, booked, SHAPE["instruction"], SUPPLIERS, instruction=number, keyed=1)
    make.settle(line, item, amount, make.named_or_silent(rng, party, SUPPLIERS))
    _comes_back(make, rng, party, line, amount, booked, SUPPLIERS, instruction=number)
    party = make.some_parties(rng, count - outgoing, CUSTOMERS)
    item = make.documents(rng, party, CUSTOMERS)
    block = make.draft.blocks["items"][-1]
    booked = on_workday(block["issued"] + np.maximum(make.companies.party_terms[party], 3))
    line = make.lines_of(rng, party, block["amount"], booked, SHAPE["one_to_one"], CUSTOMERS, flow=FLOW["direct_debit"])
    mention = np.full(len(party), MENTION["full"])
    make.settle(line, item, block["amount"], mention)
    _comes_back(make, rng, party, line, block["amount"], booked, CUSTOMERS, noise_item=item)


def _comes_back(
    make: Making,
    rng: np.random.Generator,
    party: Ints,
    line: Ints,
    amount: Ints,
    booked: Ints,
    side: Side,
    **given: Ints,
) -> None:
    currency = make.companies.party_currency[party]
    unit = np.array([10**d for d in DECIMALS])[currency]
    fee = np.where(happens(rng, len(party), 0.3), rng.integers(250, 1200, len(party)) * unit // 100, 0)
    fee = np.where(side.role == 1, np.minimum(fee, np.abs(amount) // 2), fee)
    columns: dict[str, ArrayLike] = {"keyed": 1, **given}
    back = make.lines_of(
        rng,
        party,
        -amount - fee,
        on_workday(booked + rng.integers(1, 9, len(party))),
        SHAPE["returned_payment"],
        side,
        flow=FLOW["returned"],
        echo=line,
        account=make.draft.table("lines")["account"][line],
        **columns,
    )
    make.draft.parts(len(party), line=back, other=line, amount=-amount, role=ROLE["principal"])
    kept = np.flatnonzero(fee)
    make.draft.parts(len(kept), line=back[kept], other=line[kept], amount=-fee[kept], role=ROLE["fee"])


def _sent(make: Making, rng: np.random.Generator, count: int, *, cheque: bool = False) -> tuple[Ints, Ints, Ints, Ints]:
    """Payments recorded in our books: parties, items, signed amounts, days on which the bank shows them."""
    party = make.some_parties(rng, count, SUPPLIERS)
    key = np.arange(count) + make.draft.counts["items"]
    given = _plain() | {"kind": KIND["payment"], "cheque" if cheque else "instruction": key}
    item = make.documents(rng, party, SUPPLIERS, **given)
    block = make.draft.blocks["items"][-1]
    lag = rng.integers(2, 20, count) if cheque else rng.integers(0, 3, count)
    return party, item, block["amount"], on_workday(block["issued"] + lag)


def _plain() -> dict[str, ArrayLike]:
    """A payment has neither terms nor an order of its own."""
    return {"discount_tenths": 0, "discount_until": NONE, "order": NONE, "due": NONE, "structured": 0}


def _new_groups(make: Making, count: int) -> Ints:
    """Positions of new groups: the draft's items so far are as many as there can be groups before."""
    return np.arange(count) + make.draft.counts["items"]
