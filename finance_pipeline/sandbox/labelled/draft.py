"""The draft: columns of numbers that the cases fill, before anything is written as text.

Here: the columns with what they mean, growing them by blocks, named streams of chance. Not here: what happens in a
case. Days are counted from FIRST_DAY, codes are positions in the tuples below, NONE means absent.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NONE = -1
FIRST_DAY = date(2025, 10, 6)
SPAN_DAYS = 270
"""Documents are issued, and money moves, within so many days."""

KINDS = (
    "invoice",
    "credit_note",
    "bill",
    "supplier_credit",
    "charge",
    "refund",
    "dispute",
    "fee",
    "payout",
    "payment",
    "receipt_in_ledger",
)
KIND = {name: code for code, name in enumerate(KINDS)}
ROLES = ("principal", "fee", "discount", "write_off", "fx", "residual")
ROLE = {name: code for code, name in enumerate(ROLES)}
FLOWS = (
    "receipt",
    "payment",
    "direct_debit",
    "refund",
    "deposit",
    "payout",
    "acquirer",
    "payment_run",
    "cheque",
    "transfer",
    "returned",
    "chargeback",
    "cash",
    "bank_fee",
    "payroll",
    "interest",
    "tax",
    "rent",
    "card",
    "stranger",
)
FLOW = {name: code for code, name in enumerate(FLOWS)}
"""What kind of text a bank prints on a line."""
MENTIONS = (
    "none",
    "full",
    "squeezed",
    "spaced",
    "no_prefix",
    "digits",
    "tail",
    "shorthand",
    "typo",
    "letter_o",
    "order",
    "structured",
    "advice",
    "other_document",
)
MENTION = {name: code for code, name in enumerate(MENTIONS)}
"""How a line names an item of one of its parts; other_document: it names another document instead."""
NAMES = ("none", "plain", "bank", "alias", "in_memo", "account_only", "somebody_else", "misspelt", "processor", "own")
NAME = {name: code for code, name in enumerate(NAMES)}
"""How a line shows who paid."""

_ITEM = {
    "book": NONE,
    "party": NONE,
    "kind": 0,
    "currency": 0,
    "amount": 0,
    "net": 0,
    "issued": 0,
    "due": NONE,
    "available": NONE,
    "numbered": 1,
    "group": NONE,
    "processor": NONE,
    "discount_tenths": 0,
    "discount_until": NONE,
    "order": NONE,
    "instruction": NONE,
    "cheque": NONE,
    "structured": 0,
    "account": NONE,
    "unlisted": 0,
}
"""net 0: none; discount in tenths of a per cent; structured 1: the payer was given a number with a check digit;
unlisted 1: the item names its party in words only."""
_LINE = {
    "book": NONE,
    "account": NONE,
    "currency": 0,
    "amount": 0,
    "booked": 0,
    "pending": 0,
    "party": NONE,
    "flow": 0,
    "shape": 0,
    "plan": 0,
    "name": 0,
    "word": 1,
    "group": NONE,
    "instruction": NONE,
    "cheque": NONE,
    "processor": NONE,
    "keyed": 0,
    "own": NONE,
    "echo": NONE,
    "original": 0,
    "original_currency": NONE,
    "unit": NONE,
    "noise_item": NONE,
    "noise": 0,
}
"""plan: what the case is meant to show (shapes.PLANS), which decides nothing; keyed 1: the memo shows the id of the
group, instruction or cheque; own: account on the other side of a transfer; echo: line whose payment it returns; unit:
lines of which either may be the right one; noise_item: an item that the memo names although the line does not pay it;
noise 1: it names a document that nobody knows."""
_PART = {
    **{"line": NONE, "item": NONE, "other": NONE, "amount": 0, "item_amount": 0, "role": 0},
    **{"mention": 0, "named": NONE},
}
"""named: the item that is named instead, where mention is other_document."""
_COLUMNS = {"items": _ITEM, "lines": _LINE, "parts": _PART}


@dataclass
class Draft:
    """Items, lines and parts (which part of which line settles which item) as blocks of equal columns."""

    blocks: dict[str, list[dict[str, Ints]]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COLUMNS, 0))

    def add(self, table: str, count: int, values: Mapping[str, ArrayLike]) -> Ints:
        """Append so many rows and return their positions. Scalars are repeated; columns left out are absent."""
        unknown = set(values) - set(_COLUMNS[table])
        assert not unknown, f"{table} has no {unknown}"
        self.blocks[table].append(
            {
                name: np.broadcast_to(np.asarray(values.get(name, absent), dtype=np.int64), (count,))
                for name, absent in _COLUMNS[table].items()
            }
        )
        first = self.counts[table]
        self.counts[table] = first + count
        return np.arange(first, first + count, dtype=np.int64)

    def items(self, count: int, **values: ArrayLike) -> Ints:
        return self.add("items", count, values)

    def lines(self, count: int, **values: ArrayLike) -> Ints:
        return self.add("lines", count, values)

    def parts(self, count: int, **values: ArrayLike) -> Ints:
        return self.add("parts", count, values)

    def table(self, name: str) -> dict[str, Ints]:
        """All rows of a table, one array a column; collected once, then one block."""
        blocks = self.blocks[name]
        whole = {
            column: np.concatenate([block[column] for block in blocks]) if blocks else np.empty(0, np.int64)
            for column in _COLUMNS[name]
        }
        self.blocks[name] = [whole]
        return whole


def thinned(draft: Draft, gone: Bools) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Lines and parts without some lines; positions are counted anew. What returned a gone payment returns none."""
    place = np.where(gone, NONE, np.cumsum(~gone) - 1)
    place = np.append(place, NONE)  # So that NONE stays NONE.
    lines = {name: column[~gone] for name, column in draft.table("lines").items()}
    parts = draft.table("parts")
    stays = ~gone[parts["line"]] & ((parts["other"] == NONE) | ~gone[parts["other"]])
    kept = {name: column[stays] for name, column in parts.items()}
    for table, names in ((lines, ("echo", "unit")), (kept, ("line", "other"))):
        for name in names:
            table[name] = place[table[name]]
    return lines, kept


def stream(seed: int, *names: str) -> np.random.Generator:
    """A source of chance of its own for each name, so that a change in one case moves no other."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def chosen(rng: np.random.Generator, weights: Mapping[str, float], count: int, codes: Mapping[str, int]) -> Ints:
    """So many codes drawn by the weights of their names."""
    shares = np.array(list(weights.values()))
    drawn = rng.choice(len(shares), size=count, p=shares / shares.sum())
    return np.array([codes[name] for name in weights], dtype=np.int64)[drawn]


def happens(rng: np.random.Generator, count: int, share: float | NDArray[np.float64]) -> Bools:
    """Whether something happens, for each of so many."""
    return np.asarray(rng.random(count) < share)


def batch_sizes(rng: np.random.Generator, count: int, least: int, most: int, mean: float) -> Ints:
    """Sizes of batches from least to most: mostly small, with a long tail."""
    drawn = least + rng.geometric(1 / max(mean - least + 1, 1.0001), count) - 1
    wide = rng.integers(least, most + 1, count)
    return np.where(rng.random(count) < 0.04, wide, np.minimum(drawn, most)).astype(np.int64)
