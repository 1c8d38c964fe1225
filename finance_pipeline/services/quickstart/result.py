"""What a quickstart found, as whoever prints it or writes the workbook reads it.

Here: grain and columns of the result. Not here: how it comes about (reconciling), words on a screen, Excel.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.core.tables import Column, Table
from finance_pipeline.services.quickstart.accounts import Account, StatementRead
from finance_pipeline.services.quickstart.gathering import FileRead
from finance_pipeline.sources.item_lists.model import Reading, Refused, Twice

MATCHED, TO_DO, EXPECTED, PENDING = "matched", "to do", "no document expected", "pending"
LINE_STATES = (MATCHED, TO_DO, EXPECTED, PENDING)
SETTLED, PARTLY, OPEN = "settled", "partly settled", "open"
ITEM_STATES = (SETTLED, PARTLY, OPEN)
TIERS = {
    0: "identity",
    1: "reference",
    2: "party and amount",
    3: "proven sum",
    4: "tolerance",
    5: "own transfer",
    6: "coding rule",
}

LINES = Table(
    "lines",
    "One row per bank line.",
    (
        Column("line_id", pl.String, "L1, L2, ... in the order of account and day."),
        Column("account", pl.String, "Label of the account."),
        Column("currency", pl.String, "Currency of the account (ISO 4217)."),
        Column("booked_on", pl.Date, "Booking date."),
        Column("amount_minor", pl.Int64, "Minor units; positive is money into the account."),
        Column("counterparty", pl.String, "Other party as printed.", nullable=True),
        Column("counterparty_account", pl.String, "Its account number, masked.", nullable=True),
        Column("memo", pl.String, "Remittance text as printed.", nullable=True),
        Column("reference", pl.String, "End-to-end id, else the bank's reference.", nullable=True),
        Column("state", pl.String, "What became of it.", one_of=LINE_STATES),
        Column("tier", pl.Int16, "Evidence of the match.", nullable=True),
        Column("settles", pl.String, "Numbers of items, or what else it is.", nullable=True),
        Column("why", pl.String, "Why it is matched, or is not, for a bookkeeper."),
        Column("reason", pl.String, "Reason code where it is not matched.", nullable=True),
        Column("suggestions", pl.String, "What a person might look at first.", nullable=True),
    ),
    key=("line_id",),
)

ITEMS = Table(
    "items",
    "One row per open item of the list.",
    (
        Column("row", pl.Int64, "Row of the file."),
        Column("number", pl.String, "Document number.", nullable=True),
        Column("party", pl.String, "Customer or supplier.", nullable=True),
        Column("kind", pl.String, "invoice, bill, credit_note, supplier_credit."),
        Column("currency", pl.String, "Currency (ISO 4217)."),
        Column("issued_on", pl.Date, "Document date.", nullable=True),
        Column("due_on", pl.Date, "Due date.", nullable=True),
        Column("amount_minor", pl.Int64, "Open before; positive is owed to us."),
        Column("settled_minor", pl.Int64, "Settled by bank lines, signed alike."),
        Column("left_minor", pl.Int64, "Still open: amount less settled."),
        Column("state", pl.String, "What became of it.", one_of=ITEM_STATES),
        Column("settled_by", pl.String, "Lines that settle it, with day and amount.", nullable=True),
    ),
    key=("row",),
)


@dataclass(frozen=True)
class Listed:
    """What was made of the list of open items, its items aside."""

    file: str
    reading: Reading
    refused: tuple[Refused, ...]
    totals: tuple[Refused, ...]
    twice: tuple[Twice, ...]
    settled_before: int
    """Items of which nothing was open."""


@dataclass(frozen=True)
class Result:
    """What a quickstart found. Booked lines are matched, to do, or expected to have no document."""

    files: tuple[FileRead, ...]
    accounts: tuple[Account, ...]
    statements: tuple[StatementRead, ...]
    unfit: tuple[str, ...]
    """Lines of statements that could not be taken over, in words."""
    lines: pl.DataFrame
    """LINES, by account and day."""
    items: pl.DataFrame
    """ITEMS, in the order of the list."""
    listed: Listed

    @property
    def held(self) -> list[FileRead]:
        """Files of which nothing is used."""
        return [file for file in self.files if file.reason is not None]

    @property
    def is_whole(self) -> bool:
        """Whether everything that was given was used."""
        return not (self.held or self.listed.refused or self.unfit)

    @property
    def is_beside(self) -> pl.Expr:
        """Whether a line is of a direction of which the list has no item."""
        owed = self.items["amount_minor"].sign().unique()
        return ~pl.col("amount_minor").sign().is_in(owed.implode())

    @property
    def to_do(self) -> pl.DataFrame:
        """Lines that wait for a person: first those that the list may say something of, the largest first."""
        largest = -pl.col("amount_minor").abs()
        return self.in_state(TO_DO).sort(self.is_beside, largest, maintain_order=True)

    def in_state(self, state: str) -> pl.DataFrame:
        """Lines in one state."""
        return self.lines.filter(pl.col("state") == state)
