"""Reconcile: fold a book's months in order, from the earliest that is stale, and publish each in one transaction.

A month is a function of the month before, its own records, the matches that stand and the policy. A digest of these
is kept with the result; a month whose digest is unchanged is not folded again, so that reconciling a quiet book costs
a few queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finance_pipeline.core.identity import new_correlation_id
from finance_pipeline.core.period import BookMonth, Month, by_book, months
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services.closed_months.held import held_months
from finance_pipeline.services.closed_months.letting_in import LetIn, let_in_late
from finance_pipeline.services.reconciliation import folding, openings, staleness
from finance_pipeline.services.reconciliation.policies import policy_of
from finance_pipeline.services.results import Figures, Materialized
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.sql import query


@dataclass
class _Counts:
    """Figures of one folded month."""

    new_matches: int = 0
    retracted: int = 0
    folded: bool = False


def reconcile(workspace: Workspace, keys: Sequence[BookMonth]) -> dict[str, Materialized]:
    """Fold these book-months, and any earlier one that is stale. Assets: matches, exceptions, open_items.

    A closed month stays as it was signed; what is late for it is let in when an open month is wanted (letting_in).
    """
    counts: dict[str, _Counts] = {}
    late = LetIn()
    by_table: dict[str, dict[str, Figures]] = {"matches": {}, "exceptions": {}, "open_items": {}}
    for book_id, wanted in by_book(keys).items():
        book = workspace.settings.book(book_id)
        policy = policy_of(book)
        with workspace.database.transaction() as conn:
            held = held_months(conn, book)
            if held and not held.keys() >= set(wanted):
                book_lock(conn, book_id)
                late += let_in_late(conn, book, policy)
        for month in months(book.first_month, max(wanted)):
            with workspace.database.transaction() as conn:
                book_lock(conn, book_id)
                is_held = month in held_months(conn, book)
                done = _Counts() if is_held else _fold_if_stale(conn, book, policy, month)
                if month in wanted:
                    key = str(BookMonth(book_id, month))
                    counts[key] = done
                    for table, figures in _published_counts(conn, book_id, month, done).items():
                        by_table[table][key] = figures
    totals: Figures = {
        "new_matches": sum(c.new_matches for c in counts.values()) + late.new_matches,
        "retracted": sum(c.retracted for c in counts.values()) + late.retracted,
        "unchanged_months": sum(not c.folded for c in counts.values()),
        "late_items": late.records,
    }
    return {
        table: Materialized(table, sum(int(f["row_count"]) for f in partitions.values()), partitions, totals)
        for table, partitions in by_table.items()
    }


def _fold_if_stale(conn: Connection, book: Book, policy: Policy, month: Month) -> _Counts:
    """Fold one month unless it is what it would be again."""
    inputs = staleness.inputs_of(conn, book, policy, month)
    known = staleness.state_of(conn, book.id, month)
    if known is not None and known[0] == inputs:
        return _Counts()
    return _fold(conn, book, policy, month, inputs)


def _fold(conn: Connection, book: Book, policy: Policy, month: Month, inputs: str) -> _Counts:
    """Read, ask the engine, publish."""
    done = folding.folded(conn, book, policy, openings.given(conn, book, policy, month))
    folding.publish(conn, book.id, month, done, inputs, new_correlation_id())
    return _Counts(done.new.matches.height, done.kept.retractions.height, folded=True)


def _published_counts(conn: Connection, book: str, month: Month, done: _Counts) -> dict[str, Figures]:
    """Rows of each published table of a book-month, with what this fold changed."""
    row = conn.execute(query("reconciled_counts"), {"book": book, "month": str(month)}).fetchone()
    counted = row or (0, 0, 0)
    changed: Figures = {"new_matches": done.new_matches, "retracted": done.retracted}
    return {
        "matches": {"row_count": counted[0]} | changed,
        "exceptions": {"row_count": counted[1]},
        "open_items": {"row_count": counted[2]},
    }
