"""The journal writer: what should stand against what stands; the difference is posted, nothing is changed.

Here: the set-based difference and its publication in the caller's transaction. Not here: what should stand
(finance_pipeline.ledger.posting); what the database refuses whoever writes (sql/migrations).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import polars as pl
import psycopg

from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.ledger.schemas import ENTRIES
from finance_pipeline.store.copy import copy_in, copy_out
from finance_pipeline.store.sql import query, without_nested_loops

Connection = psycopg.Connection[tuple[Any, ...]]
SUBJECT = ("source", "source_id", "purpose")
"""What an entry is of, within a book."""


class UnknownAccount(PermanentProblem):
    """An entry names an account code that the book's chart in the database does not have; nothing is posted."""


class NotOneBook(PermanentProblem):
    """Entries of another book, or two entries for one subject, were given; nothing is posted."""


@dataclass(frozen=True)
class PostingReport:
    """What one publish posted. A changed entry counts as reversed and as new."""

    new: int = 0
    reversed: int = 0
    unchanged: int = 0
    by_source: dict[str, dict[str, int]] = field(default_factory=dict)
    """Source -> new, reversed, unchanged."""


@dataclass(frozen=True)
class Poster:
    """Who posts, where that matters: a soft-closed month takes what a named person posts, with a reason."""

    actor: str
    role: str
    reason: str
    origin: str


def take_token(conn: Connection, book: str, run_id: str) -> int:
    """Take a book for a run, at its beginning: an earlier beginning of the same run may not post to it any more."""
    taken = conn.execute("select ledger.take_token(%s, %s)", (book, run_id)).fetchone()
    return int(taken[0]) if taken else 0


def publish(
    conn: Connection,
    book: str,
    months: Sequence[Month],
    entries: pl.DataFrame,
    *,
    run_id: str,
    correlation_id: str,
    subjects: pl.DataFrame | None = None,
    token: int | None = None,
    poster: Poster | None = None,
) -> PostingReport:
    """Make these entries, and no others, stand in these months of a book. Publishing the same again posts nothing.

    entries: schemas.ENTRIES, all of one book. A standing entry of another content is reversed and posted anew; one
    whose subject is not wanted any more is reversed. What belongs to a closed month goes to the first open day after.
    subjects: the only ones that this may touch (source, source_id, purpose); all others stand as they are.
    All in the caller's transaction, which should hold the book's lock. token: what take_token gave a run that posts in
    several transactions. poster: who posts; soft-closed months that name them take what belongs there. Raises
    UnknownAccount, NotOneBook, and what the database refuses.
    """
    _check(book, entries)
    if subjects is not None:
        entries = entries.join(subjects, on=SUBJECT, how="semi")
    publish_id = uuid.uuid4().hex
    entries = entries.sort("source", "source_id", "purpose")
    staged = entries.select(
        pl.lit(publish_id).alias("publish_id"),
        pl.int_range(pl.len(), dtype=pl.Int32).alias("ordinal"),
        *(name for name in ENTRIES.names if name != "accounts"),
        _account_ids(conn, book, entries).alias("accounts"),
    )
    copy_in(conn, "staging.ledger_entry", staged)
    parameters: dict[str, Any] = {"publish_id": publish_id, "book": book, "token": token}
    parameters |= {"run_id": run_id, "correlation_id": correlation_id}
    first_days = sorted(month.first_day for month in months)
    only: dict[str, list[str] | None] = {"sources": None, "source_ids": None, "purposes": None}
    if subjects is not None:
        only = {f"{name}s": subjects[name].to_list() for name in SUBJECT}
    conn.execute(query("ledger_plan"), parameters | only | {"first_day": first_days[0], "months": first_days})
    report = _report(conn, publish_id, entries)
    if report.new or report.reversed:
        _post(conn, parameters, report, first_days, poster)
    conn.execute("delete from staging.ledger_entry where publish_id = %s", (publish_id,))
    conn.execute("delete from staging.ledger_plan where publish_id = %s", (publish_id,))
    return report


def _post(
    conn: Connection, parameters: dict[str, Any], report: PostingReport, months: list[date], poster: Poster | None
) -> None:
    """One batch: reversals first, since a next version may only follow them."""
    opened = conn.execute("select ledger.open_batch(%(run_id)s, %(correlation_id)s, %(token)s)", parameters).fetchone()
    batch = parameters | {"batch_id": opened[0] if opened else None}
    if poster is not None:
        conn.execute(query("ledger_allow_posting"), batch | asdict(poster) | {"months": months})
    locks_areas = conn.execute("select ledger.locks_areas(%(book)s)", parameters).fetchone()
    if locks_areas and locks_areas[0]:
        conn.execute(query("ledger_plan_areas"), parameters)
    conn.execute(query("ledger_open_periods"), parameters)
    reversed_count = conn.execute(query("ledger_post_reversals"), batch).rowcount if report.reversed else 0
    new_count = _post_entries(conn, batch) if report.new else 0
    if (reversed_count, new_count) != (report.reversed, report.new):
        raise PermanentProblem(
            f"{reversed_count} reversals and {new_count} entries were written, not {report.reversed} and {report.new}.",
            where=f"journal of {parameters['book']}",
            kept="Nothing was posted.",
        )


def _post_entries(conn: Connection, batch: dict[str, Any]) -> int:
    """Insert what the plan says is new; returns how many."""
    with without_nested_loops(conn):
        return conn.execute(query("ledger_post_entries"), batch).rowcount


def _check(book: str, entries: pl.DataFrame) -> None:
    others = entries.filter(pl.col("book") != book)
    if others.height:
        raise NotOneBook(
            f"an entry of book {others['book'][0]} was given to the journal of {book}.", kept="Nothing was posted."
        )
    twice = entries.filter(pl.struct(ENTRIES.key).is_duplicated())
    if twice.height:
        subject = twice.row(0, named=True)
        raise NotOneBook(
            f"two entries were given for {subject['source_id']} ({subject['purpose']}).", kept="Nothing was posted."
        )


def _account_ids(conn: Connection, book: str, entries: pl.DataFrame) -> pl.Series:
    """The entries' account codes as ids. Raises UnknownAccount naming the first code that is not there."""
    known: dict[str, int] = dict(
        conn.execute("select code, account_id from ledger.account where book = %s", (book,)).fetchall()
    )
    used = entries["accounts"].explode().unique().drop_nulls().sort().to_list()
    missing = [code for code in used if code not in known]
    if missing:
        raise UnknownAccount(
            f"there is no account {missing[0]}.",
            where=f"chart of book {book}",
            kept="Nothing was posted.",
            todo="Declare it as a bank account's gl_account or map to it in the book's chart.",
        )
    ids = pl.Series("account_id", list(known.values()), dtype=pl.Int32)
    to_id = pl.element().replace_strict(pl.Series("code", list(known), dtype=pl.String), ids, return_dtype=pl.Int32)
    return entries.select(pl.col("accounts").list.eval(to_id)).to_series()


def _report(conn: Connection, publish_id: str, entries: pl.DataFrame) -> PostingReport:
    """Counts of the plan: of the wanted entries, those not to be posted stand unchanged."""
    planned = copy_out(
        conn,
        "select source, action, count(*) as entries from staging.ledger_plan where publish_id = %s group by 1, 2",
        (publish_id,),
        pl.Schema({"source": pl.String, "action": pl.String, "entries": pl.Int64}),
    )
    counts = {(source, action): count for source, action, count in planned.rows()}
    wanted = dict(entries.group_by("source").len().rows())
    by_source = {
        source: {
            "new": counts.get((source, "post"), 0),
            "reversed": counts.get((source, "reverse"), 0),
            "unchanged": int(wanted.get(source, 0)) - counts.get((source, "post"), 0),
        }
        for source in sorted({*wanted, *planned["source"]})
    }
    totals = {name: sum(each[name] for each in by_source.values()) for name in ("new", "reversed", "unchanged")}
    return PostingReport(**totals, by_source=by_source)
