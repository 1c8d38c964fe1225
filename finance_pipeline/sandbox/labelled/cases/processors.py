"""Money that came through a processor, and receipts that the ledger already holds: what the bank shows is a total."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from finance_pipeline.sandbox.labelled import amounts
from finance_pipeline.sandbox.labelled.cases.batches import totals
from finance_pipeline.sandbox.labelled.cases.making import CUSTOMERS, LAST_ISSUE, Making, on_workday
from finance_pipeline.sandbox.labelled.draft import FLOW, KIND, MENTION, NAME, NONE, ROLE, Ints, batch_sizes, happens
from finance_pipeline.sandbox.labelled.shapes import SHAPE
from finance_pipeline.sandbox.labelled.words import PROCESSORS

_FEE_TENTHS = (14, 15, 18, 25, 29)
"""Fees of processors, in tenths of a per cent, one of them for each processor account."""


def payout(make: Making, rng: np.random.Generator, count: int, *, grouped: bool = True) -> None:
    """A processor pays out charges less fees, refunds and disputes: named by its id, or only as its money.

    Without groups the items only say on which processor's account they are and when their money is available.
    """
    book, processor, currency, issued = _days(make, rng, count)
    sizes = batch_sizes(rng, count, 2, 40, 4)
    owner = np.repeat(np.arange(count), sizes)
    gross, net, kind = _movements(rng, currency[owner], processor[owner])
    total = totals(owner, net, count)
    short = total <= 100  # Refunds outweigh the charges: no refunds on that day then.
    turned = short[owner] & (gross < 0)
    gross, net = np.where(turned, -gross, gross), np.where(turned, -net, net)
    kind = np.where(turned, KIND["charge"], kind)
    available = on_workday(issued + rng.integers(1, 4, count))
    group = np.arange(count) + make.draft.counts["items"]
    item = make.draft.items(
        len(owner),
        book=book[owner],
        kind=kind,
        currency=currency[owner],
        amount=gross,
        net=net,
        issued=np.maximum(issued[owner] - (rng.integers(0, 3, len(owner)) if grouped else 0), 0),
        available=available[owner],
        group=group[owner] if grouped else NONE,
        processor=processor[owner],
        numbered=happens(rng, len(owner), 0.5) & grouped,
    )
    line = _line(make, rng, book, currency, totals(owner, net, count), available, processor, grouped, group)
    _settle_with_fees(make, line[owner], item, gross, net)


def expected_payout(make: Making, rng: np.random.Generator, count: int) -> None:
    """A payout that our books expect as one item."""
    book, processor, currency, issued = _days(make, rng, count)
    amount = amounts.prices(rng, currency) * 3
    group = np.arange(count) + make.draft.counts["items"]
    available = on_workday(issued + rng.integers(1, 4, count))
    item = make.draft.items(
        count,
        book=book,
        kind=KIND["payout"],
        currency=currency,
        amount=amount,
        issued=issued,
        available=available,
        group=group,
        processor=processor,
        numbered=0,
    )
    line = _line(make, rng, book, currency, amount, available, processor, True, group, shape="expected_payout")
    make.settle(line, item, amount, MENTION["none"])


def acquirer_batch(make: Making, rng: np.random.Generator, count: int) -> None:
    """An acquirer brings each day's card sales less its fees."""
    payout(make, rng, count, grouped=False)


def chargeback(make: Making, rng: np.random.Generator, count: int) -> None:
    """A card payment is taken back on the bank account, under the number of the dispute."""
    book, processor, currency, issued = _days(make, rng, count)
    amount = -amounts.prices(rng, currency)
    item = make.draft.items(
        count, book=book, kind=KIND["dispute"], currency=currency, amount=amount, issued=issued, processor=processor
    )
    line = make.draft.lines(
        count,
        book=book,
        account=make.companies.accounts[book, currency],
        currency=currency,
        amount=amount,
        booked=on_workday(issued + rng.integers(1, 8, count)),
        flow=FLOW["chargeback"],
        shape=SHAPE["chargeback"],
        processor=processor,
        name=NAME["processor"],
    )
    make.settle(line, item, amount, np.where(happens(rng, count, 0.85), MENTION["full"], MENTION["none"]))


def recorded_receipt(make: Making, rng: np.random.Generator, count: int) -> None:
    """A receipt that our books already hold, seen on the bank account."""
    party = make.some_parties(rng, count, CUSTOMERS)
    account = make.companies.accounts[make.companies.party_book[party], make.companies.party_currency[party]]
    plain: dict[str, ArrayLike] = {
        "discount_tenths": 0,
        "discount_until": NONE,
        "order": NONE,
        "due": NONE,
        "structured": 0,
    }
    item = make.documents(rng, party, CUSTOMERS, **plain, kind=KIND["receipt_in_ledger"], account=account)
    block = make.draft.blocks["items"][-1]
    booked = on_workday(block["issued"] + rng.integers(0, 4, count))
    line = make.lines_of(rng, party, block["amount"], booked, SHAPE["recorded_receipt"], CUSTOMERS, account=account)
    make.settle(line, item, block["amount"], make.named_or_silent(rng, party, CUSTOMERS))


def daily_total(make: Making, rng: np.random.Generator, count: int) -> None:
    """The cash of a day, recorded receipt by receipt, is brought to the bank as one total."""
    book = make.companies.books(rng, count)
    currency = make.companies.home_currency(book)
    issued = rng.integers(5, LAST_ISSUE, count)
    day = np.unique(np.stack([book, issued]), axis=1)
    book, issued = day[0], day[1]
    currency, count = make.companies.home_currency(book), len(book)
    sizes = batch_sizes(rng, count, 2, 30, 4)
    owner = np.repeat(np.arange(count), sizes)
    account = make.companies.second_account[book]
    item = make.draft.items(
        len(owner),
        book=book[owner],
        kind=KIND["receipt_in_ledger"],
        currency=currency[owner],
        amount=np.maximum(amounts.prices(rng, currency[owner]) // 8, 5),
        issued=issued[owner],
        account=account[owner],
    )
    amount = make.draft.blocks["items"][-1]["amount"]
    line = make.draft.lines(
        count,
        book=book,
        account=account,
        currency=currency,
        amount=totals(owner, amount, count),
        booked=on_workday(issued + rng.integers(0, 3, count)),
        flow=FLOW["cash"],
        shape=SHAPE["daily_total"],
    )
    make.settle(line[owner], item, amount, MENTION["none"])


def _days(make: Making, rng: np.random.Generator, count: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Book, processor account, currency and day of so many payouts; a book has a few processors, each with accounts."""
    book = make.companies.books(rng, count)
    processor = (book * 3 + rng.integers(0, 3, count)) % len(PROCESSORS)
    return book, processor, make.companies.home_currency(book), rng.integers(3, LAST_ISSUE, count)


def _movements(rng: np.random.Generator, currency: Ints, processor: Ints) -> tuple[Ints, Ints, Ints]:
    """Gross, net and kind of movements on a processor's balance: charges, some refunds, few disputes and fees."""
    count = len(currency)
    gross = np.maximum(amounts.prices(rng, currency) // 3, 50)
    how = rng.random(count)
    kind = np.select(
        [how < 0.06, how < 0.08, how < 0.1], [KIND["refund"], KIND["dispute"], KIND["fee"]], KIND["charge"]
    )
    gross = np.where(kind == KIND["fee"], gross // 50 + 5, gross)
    fee = amounts.tenths_of_percent(gross, np.array(_FEE_TENTHS)[processor % len(_FEE_TENTHS)]) + (processor % 3) * 10
    fee = np.minimum(fee, gross // 2)
    dispute_fee = np.minimum(1_500, gross)
    gross = np.where(kind == KIND["charge"], gross, -gross)
    kept: Ints = np.select([kind == KIND["charge"], kind == KIND["dispute"]], [fee, dispute_fee], 0)
    return gross, gross - kept, kind


def _line(
    make: Making,
    rng: np.random.Generator,
    book: Ints,
    currency: Ints,
    amount: Ints,
    available: Ints,
    processor: Ints,
    grouped: bool,
    group: Ints,
    shape: str = "",
) -> Ints:
    """The bank's line of each payout."""
    count = len(book)
    keyed = happens(rng, count, 0.65) & grouped
    without = np.where(keyed, SHAPE["payout"], SHAPE["payout_without_id"])
    return make.draft.lines(
        count,
        book=book,
        account=make.companies.accounts[book, currency],
        currency=currency,
        amount=amount,
        booked=on_workday(available + happens(rng, count, 0.2)),
        flow=FLOW["payout" if grouped else "acquirer"],
        shape=SHAPE[shape] if shape else (without if grouped else SHAPE["acquirer_batch"]),
        group=group if grouped else NONE,
        keyed=keyed,
        processor=processor,
        name=np.where(happens(rng, count, 0.92), NAME["processor"], NAME["none"]),
    )


def _settle_with_fees(make: Making, line: Ints, item: Ints, gross: Ints, net: Ints) -> None:
    """Each movement in full, and what the processor kept of it."""
    make.settle(line, item, gross, MENTION["none"])
    kept = np.flatnonzero(gross != net)
    make.settle(line[kept], item[kept], (net - gross)[kept], MENTION["none"], item_amount=0, role=ROLE["fee"])
