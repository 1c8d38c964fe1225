"""What other rules, mappings, rates or code would post otherwise in closed months, though no record changed.

Here: which entries those are and what was decided about them. Not here: what records make otherwise (differences), or
posting what people decide (rule_adjusting).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.close import difference_entries
from finance_pipeline.close import differences as close
from finance_pipeline.core.identity import digest
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.schemas import ENTRIES
from finance_pipeline.services.closed_months.held import HeldMonth
from finance_pipeline.services.intake.canonicalize import SOURCES_OF
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_OPENING = "opening_balance"
"""Rule of the one entry of a bank account's first balance."""
_SOURCES = sorted({"match", *(source for sources in SOURCES_OF.values() for source in sources)})
_DECIDED = pl.Schema(
    {
        "difference_id": pl.String(),
        "verdict": pl.String(),
        "actor": pl.String(),
        "reason": pl.String(),
        "decided_at": pl.Datetime("us", "UTC"),
        "proposed_by": pl.String(),
    }
)


def of_rules(conn: Connection, held: HeldMonth, today: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries of a closed month that would be others of the records that were signed (difference_entries.CHANGES and
    difference_id), and the same as differences, each with how it stands (held.causes_of).

    today: what the month would have of those records (ledger.schemas.ENTRIES).
    """
    mine = pl.col("source").is_in(_SOURCES) | (pl.col("rule") == _OPENING)
    changes = _named(difference_entries.compared(_signed(conn, held), today.filter(mine)), held)
    decided = copy_out(conn, query("rule_decisions"), {"book": held.book.id}, _DECIDED)
    what = pl.format("{}: no record of it changed, but rules, code, rates or what was learnt since", "description")
    status = pl.col("verdict").replace_strict(close.STATUS_OF, default=close.WAITING, return_dtype=pl.String)
    causes = changes.select(
        "difference_id", "record_id", "currency", what=what, cause=pl.lit(close.RULE), table_name=pl.lit("entry"),
        on_day="effective_on", version=pl.lit(0, pl.Int32), book=pl.lit(held.book.id), month=pl.lit(str(held.month)),
    ).join(decided, on="difference_id", how="left", maintain_order="left")  # fmt: skip
    return changes, causes.with_columns(status=status).drop("verdict")


def _named(changes: pl.DataFrame, held: HeldMonth) -> pl.DataFrame:
    """Each change with its id: of the entry and of what it would say, since rules may change again."""
    said = [*difference_entries.SUBJECT, "change", "effective_on", "accounts", "amounts", "functional"]
    ids = [
        digest(held.book.id, str(held.month), close.RULE, *map(str, row))[:16]
        for row in changes.select(said).iter_rows()
    ]
    return changes.with_columns(pl.Series("difference_id", ids, dtype=pl.String))


def _signed(conn: Connection, held: HeldMonth) -> pl.DataFrame:
    """The entries that stood for a month when it was signed (ledger.schemas.ENTRIES)."""
    first = held.month.first_day
    parameters = {
        "book": held.book.id, "first_day": first, "last_day": held.month.last_day, "position": held.seal_position,
        "sources": _SOURCES, "opening": _OPENING,
    }  # fmt: skip
    return copy_out(conn, query("signed_entries"), parameters, ENTRIES.schema)
