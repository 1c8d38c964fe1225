"""A small world in the language of bookkeepers: what is open, what the bank says, what the engine makes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl

from finance_pipeline.matching import schemas
from finance_pipeline.matching.engine import Inputs, Outcome, reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.transfers import OwnAccount

FIRST = date(2026, 5, 1)


def minor(amount: str) -> int:
    """'1,250.00' -> 125000."""
    whole, _, cents = amount.replace(",", "").partition(".")
    return int(whole + (cents or "00").ljust(2, "0"))


def day(offset: int) -> date:
    return FIRST + timedelta(days=offset)


@dataclass
class Result:
    """An outcome, asked in plain words."""

    outcome: Outcome

    def settled(self) -> dict[str, dict[str, int]]:
        """Line -> item (or other line) -> part of the line, write-offs and fees under 'item/role'."""
        found: dict[str, dict[str, int]] = {}
        for row in self.outcome.allocations.iter_rows(named=True):
            to = row["item_id"] or row["other_line_id"]
            name = to if row["role"] == "principal" else f"{to}/{row['role']}"
            found.setdefault(row["line_id"], {})[name] = row["amount_minor"]
        return found

    def rules(self) -> dict[str, str]:
        joined = self.outcome.allocations.join(self.outcome.matches, on="match_id")
        return dict(joined.select("line_id", "rule").iter_rows())

    def tier(self, line: str) -> int:
        joined = self.outcome.allocations.join(self.outcome.matches, on="match_id")
        return int(joined.filter(pl.col("line_id") == line)["tier"][0])

    def words(self, line: str) -> str:
        joined = self.outcome.allocations.join(self.outcome.explanations, on="match_id")
        return str(joined.filter(pl.col("line_id") == line)["words"][0])

    def reasons(self) -> dict[str, str]:
        return dict(self.outcome.exceptions.select("line_id", "reason").iter_rows())

    def suggested(self, line: str) -> list[list[str]]:
        text = self.outcome.exceptions.filter(pl.col("line_id") == line)["suggestions"][0]
        return [each["items"] for each in json.loads(text)]


@dataclass
class World:
    """One book; every method adds something and returns the world."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    parties: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    standing: list[dict[str, Any]] = field(default_factory=list)
    own: tuple[OwnAccount, ...] = ()

    def line(self, line_id: str, amount: str, memo: str | None = None, on: int = 10, **more: Any) -> World:
        given = {"book": "us", "account_id": "us-operating", "currency": "USD", **more}
        self.lines.append(
            {"line_id": line_id, "amount_minor": minor(amount), "memo": memo, "booked_on": day(on), **given}
        )
        return self

    def item(self, name: str, amount: str, party: str | None = None, on: int = 0, **more: Any) -> World:
        kind = "invoice" if not amount.startswith("-") else "bill"
        given = {"item_id": name, "number": name, "book": "us", "currency": "USD", "kind": kind, **more}
        who = {"party_id": f"id of {party}", "party_name": party} if party else {}
        self.items.append({"amount_minor": minor(amount), "issued_on": day(on), **who, **given})
        return self

    def payout(self, payout_id: str, amount: str, arrives: int = 10, trace: str | None = None) -> World:
        references = [payout_id, *([trace] if trace else [])]
        return self.item(
            payout_id, amount, on=arrives - 2, kind="payout", available_on=day(arrives),
            references=references, processor_account="us-card",
        )  # fmt: skip

    def party(self, name: str, **more: Any) -> World:
        self.parties.append({"party_id": f"id of {name}", "name": name, **more})
        return self

    def decided(self, line: str, item: str, verdict: str) -> World:
        self.decisions.append({"line_id": line, "item_id": item, "verdict": verdict})
        return self

    def stands(self, match: str, tier: int, line: str, item: str, amount: str) -> World:
        self.standing.append(
            {"match_id": match, "tier": tier, "line_id": line, "item_id": item, "item_amount_minor": minor(amount)}
        )
        return self

    def inputs(self) -> Inputs:
        return Inputs(
            schemas.BANK_LINES.frame(self.lines),
            schemas.OPEN_ITEMS.frame(self.items),
            schemas.PARTIES.frame(self.parties),
            schemas.STANDING.frame(self.standing),
            schemas.DECISIONS.frame(self.decisions),
            self.own,
        )

    def reconcile(self, **policy: Any) -> Result:
        return Result(reconcile(self.inputs(), Policy(**policy)))
