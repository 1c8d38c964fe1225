"""What is known of a book-month that is to be closed: what close.steps judges. Not here: reading it (services)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from finance_pipeline.core.period import Month

CONNECTIONS = pl.Schema({"connection_id": pl.String(), "read_at": pl.Datetime("us", "UTC"), "todo": pl.String()})
STATEMENTS = pl.Schema(
    {
        "account": pl.String(),
        "currency": pl.String(),
        "stated_on": pl.Date(),
        "stated_minor": pl.Int64(),
        "is_at_month_end": pl.Boolean(),
    }
)
"""One row per bank account: the last closing balance of a statement up to the month's end, and whether it is that of
the last day: dated so, or what a statement of a later day opens with, without a line between the two."""
OF_GROUP = pl.Schema(
    {
        "subject": pl.String,
        "account": pl.String,
        "other": pl.String,
        "currency": pl.String,
        "ours_minor": pl.Int64,
        "theirs_minor": pl.Int64,
        "under_way_minor": pl.Int64,
        "difference_minor": pl.Int64,
        "since": pl.Date,
    }
)
"""One row per other book of a group and currency, as one book sees it: + is owed to whoever says it."""
TO_EXPLAIN = pl.Schema(
    {
        "subject": pl.String(),
        "kind": pl.String(),
        "account": pl.String(),
        "currency": pl.String(),
        "open_minor": pl.Int64(),
        "since": pl.Date(),
        "age_days": pl.Int64(),
        "expected_on": pl.Date(),
        "words": pl.String(),
        "has_cleared": pl.Boolean(),
        "explained_by": pl.String(),
        "explained_minor": pl.Int64(),
        "explanation": pl.String(),
    }
)
"""One row per line or item on an account that must clear, open at the month's end, with what was said of it.
has_cleared: the next month was computed, and it is open no more at its end."""
HELD_DOCUMENT = "held document"
"""Kind of what no explanation settles: a supplier's second document of one number, which two people post or one
refuses."""
INTERCOMPANY = "intercompany"
"""Kind of what two books of a group do not say alike of what one owes the other."""
TIES = pl.Schema({"name": pl.String(), "subject": pl.String(), "tied": pl.Boolean(), "words": pl.String()})


@dataclass(frozen=True)
class Review:
    """Figures put forward for sign-off."""

    review_seq: int
    actor: str
    recorded_at: datetime
    has_moved: bool
    """A balance moved since, or it was signed before and that has lapsed."""


@dataclass(frozen=True)
class Rules:
    """Mapping, rules, tolerances and rates of a book, against the last sign-off of an earlier month."""

    signed_month: Month | None = None
    """None before the first."""
    have_changed: bool = False
    approved_by: str | None = None
    """Who approved what is in force; None where nothing was ever approved."""


@dataclass(frozen=True)
class Signature:
    """The last sign-off of a month."""

    signature_id: str
    prepared_by: str
    signed_by: str
    recorded_at: datetime
    has_lapsed: bool


@dataclass(frozen=True)
class Facts:
    """What is known of a book-month that is to be closed."""

    book: str
    month: Month
    time_zone: str
    now: datetime
    connections: pl.DataFrame
    """CONNECTIONS: those that the book rests on."""
    statements: pl.DataFrame
    to_explain: pl.DataFrame
    ties: pl.DataFrame
    """TIES: every tie-out of the month."""
    unmapped_records: int = 0
    """Landed records of the book that were not mapped yet."""
    dead_letters: int = 0
    """Dead letters of its connections that nobody retried or dismissed."""
    is_computed: bool = True
    """Its tie-outs were made on the journal as it is."""
    unmapped_accounts: tuple[str, ...] = ()
    """Accounts of the accounting system that documents of the month name, and that the book's chart does not map."""
    rules: Rules = Rules()
    undecided_differences: int = 0
    """Records of closed months that are known otherwise now, and nobody decided what becomes of that."""
    earlier_open: Month | None = None
    """The first earlier month that is not locked."""
    period_state: str = "open"
    locked_areas: tuple[str, ...] = ()
    open_until: datetime | None = None
    review: Review | None = None
    signature: Signature | None = None
    has_group: bool = False
    """Its settings name other books of a group."""
    statutory: str | None = None
    """Which ledger the book names as the legal one: ours or accounting."""
    other_is_known: bool = False
    """A trial balance of the accounting system at the month's end is here."""
    other_unexplained: tuple[str, ...] = ()
    """Accounts in which the two ledgers differ, and nobody said why."""
    ends_fiscal_year: bool = False
    is_rolled: bool = False
    """Profit and loss of the year were rolled into retained earnings as they stand."""

    @property
    def command(self) -> str:
        """How every command about it begins, after its verb."""
        return f"--book {self.book} --month {self.month}"
