"""Completeness: of everything that sources said of a book, what stands posted, what waits, and that nothing else does.

Records = passed over (pending, drafts, voids) + posted + held, in count and in sum, per source, kind and currency, with
the ledger's own figure for what is posted (accounting rule 7). Landed records that are not mapped yet, and dead
letters, are named beside it: they are in no row.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.core.period import Month, months
from finance_pipeline.services import records
from finance_pipeline.services.bookkeeping import opened_books
from finance_pipeline.services.bookkeeping.posting import postings_of
from finance_pipeline.services.closing.facts import facts_of
from finance_pipeline.services.intake.canonicalize import waiting_count
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_COUNTS = ("record", "passed", "posted", "held")
COMPLETENESS = pl.Schema(
    {"source": pl.String, "kind": pl.String, "currency": pl.String}
    | {f"{name}_{unit}": pl.Int64 for name in _COUNTS for unit in ("count", "minor")}
)
HELD = pl.Schema({"month": pl.String, "source_id": pl.String, "reason": pl.String, "words": pl.String})


@dataclass(frozen=True)
class Completeness:
    """The proof of some months of a book."""

    book: str
    rows: pl.DataFrame
    """COMPLETENESS, missing_count and missing_minor: what is neither passed over, posted nor held."""
    held: pl.DataFrame
    """HELD: one row per entry that waits, with the reason."""
    unmapped_count: int
    """Landed records that were not mapped yet."""
    dead_letter_count: int
    """Dead letters of the book's connections that nobody retried or dismissed."""

    @property
    def is_proven(self) -> bool:
        """Whether everything that was landed is accounted for; what is held is, and waits."""
        missing = self.rows.filter((pl.col("missing_count") != 0) | (pl.col("missing_minor") != 0))
        return missing.is_empty() and not self.unmapped_count and not self.dead_letter_count


def completeness(workspace: Workspace, book_id: str, first: str, last: str) -> Completeness:
    """Count and sum of what sources said of some months of a book against what the ledger has of it."""
    book = workspace.settings.book(book_id)
    wanted = months(Month.parse(first), Month.parse(last))
    with workspace.database.transaction() as conn:
        opened = opened_books.signed(conn, book_id)
        parameters = {
            "book": book_id,
            "first": records.first_and_last(book, wanted[0])[0],
            "first_month": str(wanted[0]),
            "last": str(wanted[-1]),
            "opened_on": opened[1] if opened else None,
            "supplier_payments_leave": book.ledger.supplier_payments_leave,
        }
        rows = copy_out(conn, query("completeness"), parameters, COMPLETENESS)
        unmapped = waiting_count(conn, workspace.settings, book, wanted[-1])
        letters = facts_of(conn, workspace.settings, book, wanted[-1]).dead_letters
        held = [
            postings_of(conn, book, month).held.select(pl.lit(str(month)).alias("month"), *HELD.names()[1:])
            for month in (wanted if rows["held_count"].sum() else [])
        ]
    counted = rows.with_columns(
        (pl.col(f"record_{unit}") - pl.col(f"passed_{unit}") - pl.col(f"posted_{unit}") - pl.col(f"held_{unit}")).alias(
            f"missing_{unit}"
        )
        for unit in ("count", "minor")
    )
    found = pl.concat(held) if held else pl.DataFrame(schema=HELD)
    return Completeness(book_id, counted, found, unmapped, letters)
