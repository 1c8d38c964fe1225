"""Reconcile: fold a book's months in order, from the earliest that is stale, and publish each in one transaction.

A month is a function of the month before, its own records, the matches that stand and the policy. A digest of these
is kept with the result; a month whose digest is unchanged is not folded again, so that reconciling a quiet book costs
a few queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import psycopg

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import digest, new_correlation_id
from finance_pipeline.core.period import BookMonth, Month, by_book, months
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.rates import functional
from finance_pipeline.matching import engine
from finance_pipeline.matching.month import candidates, fold
from finance_pipeline.matching.policy import Policy, policy_from
from finance_pipeline.services import marks, records, tables
from finance_pipeline.services.results import Figures, Materialized
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_in, copy_out
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.sql import query


@dataclass
class _Counts:
    """Figures of one folded month."""

    lines: int = 0
    new_matches: int = 0
    retracted: int = 0
    folded: bool = False


def reconcile(workspace: Workspace, keys: Sequence[BookMonth]) -> dict[str, Materialized]:
    """Fold these book-months, and any earlier one that is stale. Assets: matches, exceptions, open_items."""
    counts: dict[str, _Counts] = {}
    by_table: dict[str, dict[str, Figures]] = {"matches": {}, "exceptions": {}, "open_items": {}}
    for book_id, wanted in by_book(keys).items():
        book = workspace.settings.book(book_id)
        policy = policy_from(book.policy)
        for month in months(book.first_month, max(wanted)):
            with workspace.database.transaction() as conn:
                book_lock(conn, book_id)
                done = _fold_if_stale(conn, book, policy, month)
                if month in wanted:
                    key = str(BookMonth(book_id, month))
                    counts[key] = done
                    for table, figures in _published_counts(conn, book_id, month, done).items():
                        by_table[table][key] = figures
    totals: Figures = {
        "new_matches": sum(c.new_matches for c in counts.values()),
        "retracted": sum(c.retracted for c in counts.values()),
        "unchanged_months": sum(not c.folded for c in counts.values()),
    }
    return {
        table: Materialized(table, sum(int(f["row_count"]) for f in partitions.values()), partitions, totals)
        for table, partitions in by_table.items()
    }


def _fold_if_stale(conn: Connection, book: Book, policy: Policy, month: Month) -> _Counts:
    """Fold one month unless it is what it would be again."""
    first, last = records.first_and_last(book, month)
    before = None if month <= book.first_month else _state(conn, book.id, month.previous)
    inputs = digest(
        marks.canonical_digest(conn, book.id, first, last),
        before[1] if before else "",
        engine.ENGINE_VERSION,
        policy.digest,
    )
    known = _state(conn, book.id, month)
    if known is not None and known[0] == inputs:
        return _Counts()
    return _fold(conn, book, policy, month, inputs)


def _state(conn: Connection, book: str, month: Month) -> tuple[str, str] | None:
    """Digests of what a month was computed from and of what it closed with."""
    row = conn.execute(
        "select input_digest, closing_digest from recon.month where book = %s and month = %s", (book, str(month))
    ).fetchone()
    return (row[0], row[1]) if row else None


def _fold(conn: Connection, book: Book, policy: Policy, month: Month, inputs: str) -> _Counts:
    """Read, ask the engine, publish."""
    run_id = new_correlation_id()
    opening = _opening(conn, book, month)
    kept = fold.keep_standing(opening, _standing(conn, book.id, month))
    outcome = engine.reconcile(
        engine.Inputs(
            bank_lines=kept.free_lines, open_items=kept.free_items, parties=_parties(conn, book), own_accounts=()
        ),
        policy,
    )
    allocations = _new_allocations(outcome.allocations, kept, opening)
    matches = _new_matches(conn, outcome, allocations, opening, book, month, run_id)
    _retract(conn, book.id, kept.retractions, run_id)
    versioned = allocations.join(matches.select("match_id", "version", "month", "tier"), on="match_id")
    _publish_matches(conn, book.id, matches, versioned, opening)
    closing = fold.close_month(opening, pl.concat([kept.standing, versioned.select(fold.ALLOCATION_SCHEMA.names())]))
    _publish_month(conn, book.id, month, closing, outcome.exceptions, opening, inputs, run_id)
    return _Counts(opening.lines.height, matches.height, kept.retractions.height, folded=True)
