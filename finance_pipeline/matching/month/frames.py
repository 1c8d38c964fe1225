"""What a month is folded from and to: frames, and the words for how two lines are related.

Not here: any step of the fold.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from finance_pipeline.matching import schemas
from finance_pipeline.matching.month.candidates import ITEM_SCHEMA, LINE_SCHEMA

TRANSFER = "transfer"
"""The other line is the other leg of money that only changed accounts of ours."""
RETURNED = "returned"
"""The line gives back what the other line paid: what that settled is open again. Both matches stand."""
NETTED = "netted"
"""The line gives back what the other line paid before that settled anything: the two cancel each other."""
DUPLICATE = "duplicate"
"""The line is the other line, told twice by a feed: it never was. The other line is as if there were no first."""
ON_ACCOUNT = "on_account"
"""What came beyond the items: it opens an item of its own, owed to who paid too much."""
OPENING_RELATIONS = (RETURNED, ON_ACCOUNT)
"""Allocations with one of these and an item open that item by as much as they would else settle."""
HOLDING_RELATIONS = (TRANSFER, NETTED)
"""Allocations with one of these take the other line whole."""

ALLOCATION_SCHEMA = pl.Schema(
    {
        "match_id": pl.String,
        "version": pl.Int32,
        "month": pl.String,
        "tier": pl.Int16,
        "rule": pl.String,
        "line_id": pl.String,
        "line_on": pl.Date,
        "line_amount_minor": pl.Int64,
        "relation": pl.String,
        "item_id": pl.String,
        "item_kind": pl.String,
        "item_currency": pl.String,
        "item_total_minor": pl.Int64,
        "item_tax_minor": pl.Int64,
        "item_amount_minor": pl.Int64,
        "item_functional_minor": pl.Int64,
        "other_line_id": pl.String,
        "other_line_on": pl.Date,
        "other_line_amount_minor": pl.Int64,
        "account_code": pl.String,
        "role": pl.String,
        "amount_minor": pl.Int64,
    }
)
"""One row per allocation of a standing match. relation: null for an item or account; month: of the match."""
RETRACTION_SCHEMA = pl.Schema({"match_id": pl.String, "version": pl.Int32, "reason": pl.String})


def _no_lines() -> pl.DataFrame:
    return pl.DataFrame(schema=LINE_SCHEMA)


def _no_items() -> pl.DataFrame:
    return pl.DataFrame(schema=ITEM_SCHEMA)


def _no_allocations() -> pl.DataFrame:
    return pl.DataFrame(schema=ALLOCATION_SCHEMA)


@dataclass(frozen=True)
class Opening:
    """What a month works on."""

    lines: pl.DataFrame
    """LINE_SCHEMA: lines without a counterpart carried from the month before, and the month's own."""
    items: pl.DataFrame
    """ITEM_SCHEMA: carried and new."""
    past: pl.DataFrame = field(default_factory=_no_lines)
    """LINE_SCHEMA: lines of earlier months that stand matched. They are what a line may repeat or give back."""
    closed: pl.DataFrame = field(default_factory=_no_items)
    """ITEM_SCHEMA, nothing open: items that past lines settled, which a returned payment opens again."""


@dataclass(frozen=True)
class Standing:
    """Standing matches of a book, as allocations (ALLOCATION_SCHEMA), split by the month that is folded."""

    here: pl.DataFrame
    later: pl.DataFrame
    past: pl.DataFrame = field(default_factory=_no_allocations)
    """Of earlier months: those that hold past lines, or give one back."""


@dataclass(frozen=True)
class Kept:
    """The standing matches that still hold, of this month and of later ones, and those that do not."""

    here: pl.DataFrame
    later: pl.DataFrame
    retractions: pl.DataFrame

    @property
    def standing(self) -> pl.DataFrame:
        return pl.concat([self.here, self.later])

    def without(self, more: pl.DataFrame) -> Kept:
        """The same less some more retractions (RETRACTION_SCHEMA)."""
        gone = pl.concat([self.retractions, more])
        identity = ["match_id", "version"]
        return Kept(self.here.join(gone, on=identity, how="anti"), self.later.join(gone, on=identity, how="anti"), gone)


ACCEPTED_MATCH_COLUMNS = [
    *("match_id", "book", "month", "tier", "rule", "rule_version", "confidence", "matched_on", "words", "evidence"),
]
ACCEPTED_ALLOCATION = pl.Schema(
    [
        ("match_id", pl.String),
        ("ordinal", pl.Int32),
        ("book", pl.String),
        ("line_id", pl.String),
        ("line_kind", pl.String),
        ("line_account", pl.String),
        ("line_on", pl.Date),
        ("line_currency", pl.String),
        ("line_amount_minor", pl.Int64),
        ("relation", pl.String),
        ("item_id", pl.String),
        ("item_kind", pl.String),
        ("item_currency", pl.String),
        ("item_total_minor", pl.Int64),
        ("item_tax_minor", pl.Int64),
        ("item_amount_minor", pl.Int64),
        ("item_functional_minor", pl.Int64),
        ("other_line_id", pl.String),
        ("other_line_on", pl.Date),
        ("other_line_currency", pl.String),
        ("other_line_amount_minor", pl.Int64),
        ("other_amount_minor", pl.Int64),
        ("other_evidence_hash", pl.String),
        ("account_code", pl.String),
        ("amount_minor", pl.Int64),
        ("role", pl.String),
        ("evidence_hash", pl.String),
    ]
)
"""Columns of recon.allocation less version. other_amount_minor: part of the other line that a part of the line meets,
signed like the other line."""


@dataclass(frozen=True)
class Accepted:
    """New matches of a month, ready to publish but for their versions."""

    matches: pl.DataFrame
    """ACCEPTED_MATCH_COLUMNS."""
    allocations: pl.DataFrame
    """ACCEPTED_ALLOCATION."""

    @classmethod
    def none(cls) -> Accepted:
        types = {"tier": pl.Int16, "matched_on": pl.Date}
        matches = pl.Schema((name, types.get(name, pl.String)) for name in ACCEPTED_MATCH_COLUMNS)
        return cls(pl.DataFrame(schema=matches), pl.DataFrame(schema=ACCEPTED_ALLOCATION))

    @property
    def standing(self) -> pl.DataFrame:
        """As standing matches (ALLOCATION_SCHEMA), version 0."""
        facts = self.matches.select("match_id", "month", "tier", "rule", version=pl.lit(0, pl.Int32))
        return self.allocations.join(facts, on="match_id").select(ALLOCATION_SCHEMA.names())

    def together_with(self, more: Accepted) -> Accepted:
        return Accepted(
            pl.concat([self.matches, more.matches]).sort("match_id"),
            pl.concat([self.allocations, more.allocations]).sort("match_id", "ordinal"),
        )

    def without(self, matches: pl.DataFrame) -> Accepted:
        """The same less some matches (match_id)."""
        return Accepted(
            self.matches.join(matches, on="match_id", how="anti", maintain_order="left"),
            self.allocations.join(matches, on="match_id", how="anti", maintain_order="left"),
        )


@dataclass(frozen=True)
class Closing:
    """What the next month starts from, and a digest of it."""

    open_lines: pl.DataFrame
    open_items: pl.DataFrame
    digest: str


def opens(allocations: pl.DataFrame) -> pl.DataFrame:
    """Those allocations that open their item instead of settling it."""
    return allocations.filter(pl.col("relation").is_in(OPENING_RELATIONS), pl.col("item_id").is_not_null())


def settles(allocations: pl.DataFrame) -> pl.DataFrame:
    """Those allocations that settle an item."""
    return allocations.filter(pl.col("relation").is_null(), pl.col("item_id").is_not_null())


BY_BALANCE, BY_FOLD = "the bank's balance", "what stands"
"""Who declines, where it is no person."""


def decline(line_id: pl.Expr, other: pl.Expr, by: str = BY_FOLD) -> list[pl.Expr]:
    """Columns of a decision (schemas.DECISIONS) that two do not belong together."""
    values = {"line_id": line_id, "item_id": other, "verdict": pl.lit("decline"), "decided_by": pl.lit(by)}
    return [
        values.get(column.name, pl.lit(None)).cast(column.dtype).alias(column.name)
        for column in schemas.DECISIONS.columns
    ]
