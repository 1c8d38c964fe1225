"""What all cases share: drawing parties, documents and lines with the habits of who pays.

Here: documents and lines as rows of the draft. Not here: which of them belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from finance_pipeline.sandbox.labelled import amounts
from finance_pipeline.sandbox.labelled.companies import Companies
from finance_pipeline.sandbox.labelled.draft import (
    FLOW,
    KIND,
    MENTION,
    NAME,
    NONE,
    ROLE,
    SPAN_DAYS,
    Bools,
    Draft,
    Ints,
    chosen,
    happens,
)
from finance_pipeline.sandbox.labelled.options import Options
from finance_pipeline.sandbox.labelled.profiles import PROFILES

LAST_ISSUE = SPAN_DAYS - 45
_STRUCTURED_SHARE = 0.6
_ORDER_SHARE = 0.3
_UNLISTED_SHARE = 0.03
_LASTING_SHARE = 0.75
"""Of lines that keep to the party's habit."""


@dataclass(frozen=True)
class Side:
    """Customers (money in, invoices) or suppliers (money out, bills)."""

    role: int
    sign: int
    document: str
    credit: str
    flow: str


CUSTOMERS = Side(0, 1, "invoice", "credit_note", "receipt")
SUPPLIERS = Side(1, -1, "bill", "supplier_credit", "payment")


def on_workday(day: Ints) -> Ints:
    """The day itself or the Monday after it; day 0 is a Monday."""
    weekday = day % 7
    return day + np.where(weekday == 5, 2, np.where(weekday == 6, 1, 0))


@dataclass
class Making:
    """The draft with what is needed to add to it."""

    options: Options
    companies: Companies
    rates: Ints
    draft: Draft

    @cached_property
    def structured_books(self) -> Bools:
        return np.array([PROFILES[p].structured != "none" for p in self.companies.profile])

    def some_parties(self, rng: np.random.Generator, count: int, side: Side, *, evenly: bool = False) -> Ints:
        """Parties of that side; evenly: each as likely as another, so that most have few documents."""
        book = self.companies.books(rng, count)
        if not evenly:
            return self.companies.parties(rng, book, side.role)
        members = np.flatnonzero(self.companies.party_role == side.role)
        return members[rng.integers(0, len(members), count)]

    def documents(self, rng: np.random.Generator, party: Ints, side: Side, **given: ArrayLike) -> Ints:
        """One open document for each party, with its usual terms. Amounts are given unsigned."""
        count, who = len(party), self.companies
        book = who.party_book[party]
        currency = np.broadcast_to(np.asarray(given.pop("currency", who.party_currency[party])), (count,))
        amount = np.asarray(given.pop("amount", None) if "amount" in given else amounts.prices(rng, currency))
        issued = np.asarray(given.pop("issued", None) if "issued" in given else rng.integers(0, LAST_ISSUE, count))
        terms = who.party_terms[party]
        tenths = np.where(happens(rng, count, 0.8), who.party_discount_tenths[party], 0)
        columns: dict[str, ArrayLike] = {
            "book": book,
            "party": party,
            "kind": KIND[side.document],
            "currency": currency,
            "amount": side.sign * amount,
            "issued": issued,
            "due": issued + terms,
            "discount_tenths": tenths,
            "discount_until": np.where(tenths > 0, issued + who.party_discount_days[party], NONE),
            "order": np.where(happens(rng, count, _ORDER_SHARE), rng.integers(4_500_000, 4_599_999, count), NONE),
            "structured": self.structured_books[book] & happens(rng, count, _STRUCTURED_SHARE) & (side.role == 0),
            "unlisted": happens(rng, count, _UNLISTED_SHARE),
        }
        return self.draft.items(count, **(columns | given))

    def credits(
        self, rng: np.random.Generator, party: Ints, side: Side, amount: Ints, issued: Ints, **given: ArrayLike
    ) -> Ints:
        """One credit note for each party, which has no terms. amount is unsigned."""
        plain: dict[str, ArrayLike] = {
            "kind": KIND[side.credit],
            "discount_tenths": 0,
            "discount_until": NONE,
            "due": NONE,
            "structured": 0,
        }
        return self.documents(rng, party, side, amount=-amount, issued=issued, **(plain | given))

    def paid_on(self, rng: np.random.Generator, issued: Ints, terms: Ints) -> Ints:
        """When a document is paid: about when it is due, sometimes long after, never before its date."""
        count = len(issued)
        lag = np.maximum(terms + rng.normal(-1, 7, count).astype(np.int64), 1)
        late = happens(rng, count, 0.03)
        return on_workday(issued + lag + np.where(late, rng.integers(20, 90, count), 0))

    def lines_of(
        self,
        rng: np.random.Generator,
        party: Ints,
        amount: Ints,
        booked: Ints,
        shape: int,
        side: Side,
        **given: ArrayLike,
    ) -> Ints:
        """One line for each party on an account of its currency. amount has its sign."""
        count, who = len(party), self.companies
        book = who.party_book[party]
        currency = np.broadcast_to(np.asarray(given.pop("currency", who.party_currency[party])), (count,))
        lasting = happens(rng, count, _LASTING_SHARE)
        name = np.where(lasting, who.party_name_style[party], chosen(rng, self.options.level.names, count, NAME))
        if side.role == 1:  # We know whom we pay; our bank seldom garbles it.
            clear = happens(rng, count, 0.7)
            name = np.where(clear | (name == NAME["somebody_else"]), NAME["bank"], name)
        columns: dict[str, ArrayLike] = {
            "book": book,
            "account": who.account_for(book, currency, rng),
            "currency": currency,
            "amount": amount,
            "booked": booked,
            "party": party,
            "flow": FLOW[side.flow],
            "shape": shape,
            "name": name,
        }
        return self.draft.lines(count, **(columns | given))

    def mentions(self, rng: np.random.Generator, party: Ints, side: Side) -> Ints:
        """How a payment of each party names a document, if it names any."""
        count = len(party)
        lasting = happens(rng, count, _LASTING_SHARE)
        drawn = np.where(
            lasting, self.companies.party_mention[party], chosen(rng, self.options.level.mentions, count, MENTION)
        )
        if side.role == 1:
            drawn = np.where(happens(rng, count, 0.75), MENTION["full"], drawn)
            drawn = np.where(drawn == MENTION["structured"], MENTION["squeezed"], drawn)
        return drawn

    def named_or_silent(self, rng: np.random.Generator, party: Ints, side: Side) -> Ints:
        """The same, or none at all in the share of payments that say nothing."""
        silent = happens(rng, len(party), self.options.level.silent_share)
        return np.where(silent, MENTION["none"], self.mentions(rng, party, side))

    def settle(self, line: Ints, item: Ints, amount: Ints, mention: ArrayLike, **given: ArrayLike) -> Ints:
        """Parts that settle items in the line's own currency; item_amount is the same unless given."""
        columns: dict[str, ArrayLike] = {
            "line": line,
            "item": item,
            "amount": amount,
            "item_amount": amount,
            "role": ROLE["principal"],
            "mention": mention,
        }
        return self.draft.parts(len(line), **(columns | given))
