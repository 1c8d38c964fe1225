"""What a simulated company's sources say otherwise after its months were closed: late, changed, removed records.

Here: events appended to the served logs, each seen from one moment on. Not here: what the pipeline makes of them.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from finance_pipeline.core.identity import exact_json, parse_json
from finance_pipeline.core.period import Month

SHARES = {
    ("transaction", "late"): 32,
    ("transaction", "changed"): 22,
    ("transaction", "removed"): 14,
    ("invoice", "late"): 12,
    ("invoice", "changed"): 12,
    ("invoice", "removed"): 8,
}
"""Of a hundred changes: so many of each kind of record and cause."""
_SOURCE = {"transaction": "plaid", "invoice": "xero"}
_Json = dict[str, Any]


@dataclass
class Changes:
    """What was changed: the canonical record id of each, with the kind of record and the cause."""

    records: dict[str, tuple[str, str]] = field(default_factory=dict)

    def counted(self) -> Counter[tuple[str, str]]:
        return Counter(self.records.values())


class Changer:
    """Changes the served logs of a world that is built and not served yet."""

    def __init__(self, home: Path, books: tuple[str, ...], months: tuple[Month, ...], at: datetime, seed: int) -> None:
        self._home, self._books, self._at, self._rng = home, books, at, Random(seed)
        self._first, self._last = months[0].first_day, months[-1].last_day
        self.done = Changes()

    def change(self, wanted: int) -> Changes:
        """Append so many changes of records of the months, shared among the books and kinds; returns which."""
        for (kind, cause), count in _apportioned(wanted).items():
            for number, book in enumerate(self._books):
                share = count // len(self._books) + (number < count % len(self._books))
                self._change(book, kind, cause, share)
        return self.done

    def _change(self, book: str, kind: str, cause: str, count: int) -> None:
        file = self._home / "sandbox" / "served" / f"{book}-{_SOURCE[kind]}" / f"{kind}.parquet"
        log = pl.read_parquet(file)
        found = [self._event(book, kind, cause, *each) for each in self._chosen(book, kind, log, count)]
        rows = [
            {"visible_at": self._at, "op": op, "id": id_, "sort": at, "json": text}
            for at, (op, id_, text) in enumerate(found, start=log.height)
        ]
        pl.concat([log, pl.DataFrame(rows, schema=log.schema)]).write_parquet(file)

    def _chosen(self, book: str, kind: str, log: pl.DataFrame, count: int) -> list[tuple[str, _Json]]:
        """Steady records of the months, each changed once."""
        latest = log.unique("id", keep="last", maintain_order=True).filter(pl.col("op") != "removed")
        twice = log.filter(pl.col("id").is_duplicated())
        steady = latest if kind == "invoice" else latest.join(twice, on="id", how="anti")
        read = [(id_, _read(text)) for id_, text in steady.select("id", "json").rows()]
        able = [(id_, said) for id_, said in read if self._fits(kind, said)]
        free = [each for each in able if self._record(book, kind, each[0]) not in self.done.records]
        return self._rng.sample(free, count)

    def _fits(self, kind: str, said: _Json) -> bool:
        on = date.fromisoformat(said["date"] if kind == "transaction" else said["DateString"][:10])
        if not self._first <= on <= self._last:
            return False
        if kind == "transaction":
            return not said["pending"] and not said["pending_transaction_id"]
        return said["Status"] == "AUTHORISED" and said["LineAmountTypes"] == "Exclusive" and not said["Payments"]

    def _event(self, book: str, kind: str, cause: str, id_: str, said: _Json) -> tuple[str, str, str | None]:
        op, text = "modified", None
        if cause == "late":
            op, id_ = "added", self._new_id(kind)
        self.done.records[self._record(book, kind, id_)] = (kind, cause)
        if kind == "transaction":
            if cause == "removed":
                return "removed", id_, None
            text = self._line(cause, id_, said)
        else:
            text = self._document(cause, id_, said)
        return op, id_, text

    def _record(self, book: str, kind: str, id_: str) -> str:
        return f"{book}/{_SOURCE[kind]}/{kind}/{id_}"

    def _new_id(self, kind: str) -> str:
        made = uuid.UUID(int=self._rng.getrandbits(128), version=4)
        return str(made) if kind == "invoice" else made.hex

    def _line(self, cause: str, id_: str, said: _Json) -> str:
        """A late line repeats another's words or has its own; one that changed has another amount, day or text."""
        how = self._rng.randrange(3)
        words = f"ADVICE {self._rng.randrange(10**6):06}"
        if cause == "late":
            said = {**said, "transaction_id": id_, "amount": self._amount(said["amount"])}
            said["date"] = self._day_near(said["date"])
            return exact_json(said if how else {**said, "name": words, "original_description": words})
        if how == 0:
            return exact_json({**said, "amount": self._amount(said["amount"])})
        if how == 1:
            return exact_json({**said, "date": self._day_near(said["date"])})
        return exact_json({**said, "original_description": words, "name": words})

    def _amount(self, amount: Decimal) -> Decimal:
        """Another amount of the same sign, never the same."""
        more = Decimal(self._rng.randrange(1, 20_000)).scaleb(-2)
        return Decimal(amount) + (more if amount > 0 else -more)

    def _day_near(self, text: str) -> str:
        """Another day, a few before or after, of the same months."""
        day = date.fromisoformat(text)
        days = [day + timedelta(days=n) for n in (-3, -2, -1, 1, 2, 3)]
        return self._rng.choice([each for each in days if self._first <= each <= self._last]).isoformat()

    def _document(self, cause: str, id_: str, said: _Json) -> str:
        moment = f"/Date({int(self._at.timestamp() * 1000)}+0000)/"
        said = {**said, "UpdatedDateUTC": moment}
        if cause == "removed":
            return exact_json({**said, "Status": "VOIDED"})
        if cause == "late":
            number = f"{said.get('InvoiceNumber') or 'DOC'}-{self._rng.randrange(10**4):04}L"
            return exact_json({**said, "InvoiceID": id_, "InvoiceNumber": number})
        return exact_json(_dearer(said, Decimal(self._rng.randrange(1, 9_000)).scaleb(-2)))


def _dearer(said: _Json, by: Decimal) -> _Json:
    """A document whose first line costs more, its tax as it was."""
    first, *rest = said["LineItems"]
    line = {name: first[name] + by for name in ("LineAmount", "UnitAmount") if name in first}
    totals: _Json = {name: said[name] + by for name in ("SubTotal", "Total", "AmountDue") if name in said}
    return {**said, **totals, "LineItems": [{**first, **line, "Quantity": Decimal("1.0000")}, *rest]}


def _read(text: str) -> _Json:
    said: Mapping[str, Any] = parse_json(text)
    return dict(said)


def _apportioned(wanted: int) -> dict[tuple[str, str], int]:
    """So many changes by the shares, the remainder to the first."""
    counts = {each: wanted * share // 100 for each, share in SHARES.items()}
    first = next(iter(counts))
    counts[first] += wanted - sum(counts.values())
    return counts
