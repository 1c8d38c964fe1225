"""What has been judged so far: which lines are singled out by which evidence, and what they have left of the items."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from finance_pipeline.sandbox.labelled.draft import NONE, Bools, Ints

UNDECIDED = "no_evidence"
CONTRADICTED = (
    *("reference_of_another", "reference_unknown", "claimed_twice", "beyond_the_rules", "repeated_or_paid_twice"),
)
"""Why a line's reference does not settle what it names."""
_NOT_MEANT = ("reference_of_another", "reference_unknown")
"""Why a line does not even claim what it names."""
_NEVER = 1_000_000


@dataclass
class Docket:
    """All lines, items and parts by position, and the verdicts.

    lines: the draft's columns, the texts, seen, payer. items: the draft's columns, number, running, structured_text.
    parts: line, item, other, amount, item_amount, role.
    """

    lines: pl.DataFrame
    items: pl.DataFrame
    parts: pl.DataFrame

    def __post_init__(self) -> None:
        count = self.lines.height
        self.resolved: Bools = np.zeros(count, dtype=bool)
        self.tier: Ints = np.full(count, NONE, dtype=np.int64)
        self.why = np.full(count, UNDECIDED, dtype="U32")
        self.guess: Bools = np.zeros(count, dtype=bool)
        self.misleading: Bools = np.zeros(count, dtype=bool)
        self.rest: Ints = self.items["amount"].to_numpy().copy()
        self.paid_on: Ints = np.full(self.items.height, _NEVER, dtype=np.int64)
        self.named = pl.DataFrame(schema={"line": pl.Int64, "item": pl.Int64})

    def settle(self, lines: Ints, tier: int, why: str) -> None:
        """These lines are singled out; what they pay is taken."""
        new = lines[~self.resolved[lines]]
        self.resolved[new], self.tier[new], self.why[new] = True, tier, why
        chosen = np.zeros(self.lines.height, dtype=bool)
        chosen[new] = True
        mine = self.parts.filter(pl.Series(chosen).gather(self.parts["line"]), pl.col("item") != NONE)
        item, line = mine["item"].to_numpy(), mine["line"].to_numpy()
        np.subtract.at(self.rest, item, mine["item_amount"].to_numpy())
        self.paid_on[item] = self.lines["booked"].to_numpy()[line]

    def refuse(self, lines: Ints, why: str, *, guess: bool = False) -> None:
        """These lines are not singled out, for a reason better than those before; resolved ones stay."""
        open_ones = lines[~self.resolved[lines]]
        self.why[open_ones] = why
        self.guess[open_ones] |= guess

    def mislead(self, lines: Ints) -> None:
        """Evidence singles out something that is not true of these lines."""
        self.misleading[lines[~self.resolved[lines]]] = True

    def open_lines(self) -> pl.DataFrame:
        """Booked lines that are not resolved yet."""
        return self.lines.filter(~pl.Series(self.resolved), pl.col("pending") == 0)

    def claimed(self) -> pl.DataFrame:
        """line, item: what lines that are not resolved name surely. Evidence outranks amount (matching.md, promise 2):
        no line that names nothing competes for that, nor for what two lines name, or one whose money is short."""
        free = ~pl.Series(self.resolved) & ~pl.Series(self.why).is_in(_NOT_MEANT)
        meant = self.lines.filter(free, pl.col("pending") == 0).select("line")
        return self.named.join(meant, on="line", how="semi")

    def free_items(self) -> pl.DataFrame:
        """Items with what is left of them as amount."""
        return self.items.with_columns(amount=pl.Series(self.rest)).filter(pl.col("amount") != 0)

    @cached_property
    def payments(self) -> pl.DataFrame:
        """One row a line that pays items: line, item_count, items_total (what is settled), whole (all of each item is),
        only (the one item, where it is one), plain (nothing but principal in the line's own currency)."""
        paid = self.parts.filter(pl.col("item") != NONE)
        worth = self.items.select("item", item_whole="amount", item_currency="currency")
        paid = paid.join(worth, on="item", how="left", maintain_order="left")
        currency = self.lines.select("line", "currency", line_amount="amount")
        paid = paid.join(currency, on="line", how="left", maintain_order="left")
        each = paid.group_by("line", "item", maintain_order=True).agg(
            settled=pl.col("item_amount").sum(),
            item_whole=pl.col("item_whole").first(),
            plain=((pl.col("role") == 0) & (pl.col("item_currency") == pl.col("currency"))).all(),
        )
        return each.group_by("line", maintain_order=True).agg(
            item_count=pl.len().cast(pl.Int64),
            items_total=pl.col("settled").sum(),
            whole=(pl.col("settled") == pl.col("item_whole")).all(),
            only=pl.col("item").first(),
            plain=pl.col("plain").all(),
        )
