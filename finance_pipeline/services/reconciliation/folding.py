"""Folding a month and publishing what it came to, in the caller's transaction.

Here: the call into the engine, and rows of recon. Not here: which months are due (reconcile), what a month is folded
from (openings).
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.matching import engine
from finance_pipeline.matching.month import frames
from finance_pipeline.matching.month.duplicates import refuted
from finance_pipeline.matching.month.fold import Folded, Given, Reconcile, fold_month
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.schemas import DECISIONS
from finance_pipeline.services import tables
from finance_pipeline.store.copy import copy_in, copy_out
from finance_pipeline.store.sql import query

_GAPS = pl.Schema({"account_id": pl.String, "balance_on": pl.Date, "gap_minor": pl.Int64})


def folded(
    conn: Connection, book: Book, policy: Policy, given: Given, reconcile: Reconcile = engine.reconcile
) -> Folded:
    """The month, without repeated lines of which the bank's own balance says that they are none. reconcile: the
    engine."""
    while True:
        done = fold_month(given, policy, reconcile)
        repeated = done.repeated
        if repeated.is_empty():
            return done
        accounts = repeated["account_id"].unique().sort().to_list()
        gaps = copy_out(conn, query("statement_gaps"), {"book": book.id, "accounts": accounts}, _GAPS)
        more = refuted(repeated, gaps)
        if more.is_empty():
            return done
        given = replace(given, refuted=pl.concat([given.refuted, more]))


def declining(given: Given, *unwanted: pl.DataFrame) -> Given:
    """What a month is folded from, but for these matches (frames.ACCEPTED_ALLOCATION): their parts stay apart."""
    declined = pl.concat([given.decisions, *map(_declined, unwanted)])
    return replace(given, decisions=declined.unique(maintain_order=True))


def _declined(allocations: pl.DataFrame) -> pl.DataFrame:
    """Decisions (matching.schemas.DECISIONS) that keep what these allocations say apart."""
    other = pl.coalesce("other_line_id", "item_id")
    pairs = allocations.filter(other.is_not_null()).select(frames.decline(pl.col("line_id"), other))
    coded = allocations.filter(other.is_null(), pl.col("account_code").is_not_null())
    codes = coded.select(frames.decline(pl.col("line_id"), pl.lit(None, pl.String))).with_columns(
        account_code=coded["account_code"]
    )
    return pl.concat([pairs, codes]).select(DECISIONS.names)


def publish(conn: Connection, book: str, month: Month, done: Folded, inputs: str, run_id: str) -> None:
    """Make a folded month the one that stands. inputs: digest of what it was folded from."""
    publish_retractions(conn, book, str(month), done.kept.retractions, run_id)
    _publish_matches(conn, done.new, run_id)
    _publish_month(conn, book, month, done.closing, done.exceptions)
    _note_month(conn, book, month, inputs, done.closing.digest, done.opening.lines.height, run_id)


def publish_retractions(conn: Connection, book: str, month: str, retractions: pl.DataFrame, run_id: str) -> None:
    """Add retractions (RETRACTION_SCHEMA). Another month that loses a match by what this one learnt is stale."""
    matches = retractions["match_id"].to_list()
    conn.execute(query("forget_months_of"), {"book": book, "month": month, "matches": matches})
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
