"""Reconcile: fold a book's months in order, from the earliest that is stale, and publish each in one transaction.

A month is a function of the month before, its own records, the matches that stand and the policy. A digest of these
is kept with the result; a month whose digest is unchanged is not folded again, so that reconciling a quiet book costs
a few queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from finance_pipeline.core.identity import digest, new_correlation_id
from finance_pipeline.core.period import BookMonth, Month, by_book, months
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.matching import engine
from finance_pipeline.matching.month import frames
from finance_pipeline.matching.month.duplicates import refuted
from finance_pipeline.matching.month.fold import Folded, Given, fold_month
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services import marks, opened_books, openings, records, tables
from finance_pipeline.services.policies import policy_of
from finance_pipeline.services.results import Figures, Materialized
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_in, copy_out
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.sql import query

_GAPS = pl.Schema({"account_id": pl.String, "balance_on": pl.Date, "gap_minor": pl.Int64})


@dataclass
class _Counts:
    """Figures of one folded month."""

    new_matches: int = 0
    retracted: int = 0
    folded: bool = False


def reconcile(workspace: Workspace, keys: Sequence[BookMonth]) -> dict[str, Materialized]:
    """Fold these book-months, and any earlier one that is stale. Assets: matches, exceptions, open_items."""
    counts: dict[str, _Counts] = {}
    by_table: dict[str, dict[str, Figures]] = {"matches": {}, "exceptions": {}, "open_items": {}}
    for book_id, wanted in by_book(keys).items():
        book = workspace.settings.book(book_id)
        policy = policy_of(book)
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
        marks.rates_digest(conn, month),
        before[1] if before else "",
        engine.ENGINE_VERSION,
        policy.digest,
        openings.decided_digest(conn, book.id, month),
        *openings.own_accounts(book),
        book.ledger.rate_greatest_age_days,
        opened_books.signed(conn, book.id),
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
    folded = _folded(conn, book, policy, openings.given(conn, book, policy, month))
    _publish_retractions(conn, book.id, month, folded.kept.retractions, run_id)
    _publish_matches(conn, folded.new, run_id)
    _publish_month(conn, book.id, month, folded.closing, folded.exceptions)
    line_count = folded.opening.lines.height
    _note_month(conn, book.id, month, inputs, folded.closing.digest, line_count, run_id)
    return _Counts(folded.new.matches.height, folded.kept.retractions.height, folded=True)


def _folded(conn: Connection, book: Book, policy: Policy, given: Given) -> Folded:
    """The month, without repeated lines of which the bank's own balance says that they are none."""
    while True:
        folded = fold_month(given, policy)
        repeated = folded.repeated
        if repeated.is_empty():
            return folded
        accounts = repeated["account_id"].unique().sort().to_list()
        gaps = copy_out(conn, query("statement_gaps"), {"book": book.id, "accounts": accounts}, _GAPS)
        more = refuted(repeated, gaps)
        if more.is_empty():
            return folded
        given = replace(given, refuted=pl.concat([given.refuted, more]))


def _publish_retractions(conn: Connection, book: str, month: Month, retractions: pl.DataFrame, run_id: str) -> None:
    """Add retractions. A later month that loses a match by what this one learnt is stale."""
    matches = retractions["match_id"].to_list()
    conn.execute(query("forget_months_of"), {"book": book, "month": str(month), "matches": matches})
    copy_in(conn, "recon.retraction", retractions.with_columns(book=pl.lit(book), run_id=pl.lit(run_id)))


def _publish_matches(conn: Connection, new: frames.Accepted, run_id: str) -> None:
    """Add matches and their allocations. One that stood before and was retracted comes again as its next version."""
    ids = new.matches["match_id"].to_list()
    known = conn.execute(
        "select match_id, max(version) from recon.match where match_id = any(%s) group by match_id", (ids,)
    ).fetchall()
    versions = pl.DataFrame(known, schema={"match_id": pl.String, "known": pl.Int32}, orient="row")
    matches = (
        new.matches.join(versions, on="match_id", how="left", maintain_order="left")
        .with_columns(version=pl.col("known").fill_null(0) + 1, run_id=pl.lit(run_id))
        .drop("known")
    )
    copy_in(conn, "recon.match", matches)
    copy_in(conn, "recon.allocation", new.allocations.join(matches.select("match_id", "version"), on="match_id"))


def _publish_month(
    conn: Connection, book: str, month: Month, closing: frames.Closing, exceptions: pl.DataFrame
) -> None:
    """Replace what the month closed with: open items, open lines and exceptions."""
    for statement in (
        "delete from recon.open_item where book = %s and month = %s",
        "delete from recon.open_line where book = %s and month = %s",
        "delete from recon.exception where book = %s and month = %s",
    ):
        conn.execute(statement, (book, str(month)))
    stamp = pl.lit(str(month)).alias("month")
    items = closing.open_items.with_columns(stamp)
    lines = closing.open_lines.rename({"account_id": "account"}).with_columns(stamp)
    copy_in(conn, "recon.open_item", items.select(tables.OPEN_ITEMS.names))
    copy_in(conn, "recon.open_line", lines.select(tables.OPEN_LINES.names))
    copy_in(conn, "recon.exception", exceptions.with_columns(stamp).select(tables.EXCEPTIONS.names))


def _note_month(
    conn: Connection, book: str, month: Month, inputs: str, closing: str, line_count: int, run_id: str
) -> None:
    conn.execute(
        """
        insert into recon.month (book, month, input_digest, closing_digest, line_count, run_id)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (book, month) do update
        set input_digest = excluded.input_digest, closing_digest = excluded.closing_digest,
            line_count = excluded.line_count, run_id = excluded.run_id, folded_at = clock_timestamp()
        """,
        (book, str(month), inputs, closing, line_count, run_id),
    )


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
