"""Connections: how each does, shared by all runs in PostgreSQL; the limits that they keep to together.

Here: reading and writing what `sources.health` and `sources.limits` decide. Not here: any of those decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import psycopg

from finance_pipeline.core.problems import Busy, Problem, TransientProblem
from finance_pipeline.core.settings import Book, Connection, ConnectionKind
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources import registry
from finance_pipeline.sources.health import STALE_AFTER, Health, after, may_call, outcome_of, shown
from finance_pipeline.sources.http import RetryPolicy
from finance_pipeline.sources.limits import Limit, Spent, taken_together
from finance_pipeline.store.database import Database
from finance_pipeline.store.sql import query

Session = psycopg.Connection[tuple[Any, ...]]
_AT_ONCE_LOCKS = 7_203_003
STATES = pl.Schema(
    {
        "connection_id": pl.String(),
        "source": pl.String(),
        "state": pl.String(),
        "since": pl.Datetime("us", "UTC"),
        "reason": pl.String(),
        "todo": pl.String(),
        "open_until": pl.Datetime("us", "UTC"),
        "read_at": pl.Datetime("us", "UTC"),
        "dead_letters": pl.Int64(),
    }
)


class LeftAlone(TransientProblem):
    """The circuit of a connection is open: it is not called before a moment that is known."""


@dataclass(frozen=True)
class SharedGate:
    """The limits of all runs of an installation, counted in PostgreSQL on its clock.

    time_scale: how fast that clock runs; see `Calls.time_scale`. What a crash of the server takes of the last counts is
    not worth a write to the disk for every call.
    """

    database: Database
    time_scale: float = 1.0

    def take(self, limits: Sequence[Limit]) -> float:
        wanted = sorted(limits, key=lambda limit: limit.name)
        with self.database.transaction() as conn:
            rows = conn.execute(
                """
                insert into ops.rate_budget (name) select unnest(%s::text[])
                on conflict (name) do update set used_at = clock_timestamp()
                returning slot, counts, extract(epoch from clock_timestamp())::float8,
                    pg_catalog.set_config('synchronous_commit', 'off', true)
                """,
                ([limit.name for limit in wanted],),
            ).fetchall()
            spent = [Spent(slot, tuple(counts)) for slot, counts, *_ in rows]
            used, wait_s = taken_together(spent, wanted, rows[-1][2] / self.time_scale)
            if not wait_s:
                conn.cursor().executemany(
                    "update ops.rate_budget set slot = %s, counts = %s where name = %s",
                    [(each.slot, list(each.counts), limit.name) for each, limit in zip(used, wanted, strict=True)],
                )
        return wait_s


def policy_of(workspace: Workspace) -> RetryPolicy:
    """How this installation calls others: as its settings say, within limits that all its runs share."""
    calls = workspace.settings.calls
    return RetryPolicy(
        attempts=calls.attempts,
        budget_s=calls.budget_s,
        connect_s=calls.connect_s,
        read_s=calls.read_s,
        answer_s=calls.answer_s,
        time_scale=calls.time_scale,
        gate=SharedGate(workspace.database, calls.time_scale),
    )


def enter(conn: Session, connection: Connection, now: datetime) -> None:
    """Take a place among the calls at once, until the transaction ends. Raises LeftAlone, and Busy if none is free."""
    health = health_of(conn, connection.id)
    if health is not None and health.open_until is not None and not may_call(health, now):
        raise LeftAlone(
            f"it is left alone until {health.open_until:%Y-%m-%d %H:%M:%S} UTC, since {health.reason}",
            where=f"connection {connection.id}",
            kept="Nothing was read, and the cursor stays where it was.",
            todo=health.todo,
        )
    wanted = registry.at_once(connection)
    if wanted is not None and not _takes_a_place(conn, *wanted):
        raise Busy(
            f"{wanted[1]} other runs call {wanted[0]} at the moment, which is as many as it allows.",
            where=f"connection {connection.id}",
            kept="Nothing was read.",
            todo="It will be read at the next tick.",
        )


def _takes_a_place(conn: Session, name: str, places: int) -> bool:
    """One of so many advisory locks: let go when its holder's transaction ends, however it ends."""
    for place in range(places):
        row = conn.execute(
            "select pg_try_advisory_xact_lock(%s, hashtext(%s))", (_AT_ONCE_LOCKS, f"{name}/{place}")
        ).fetchone()
        if row and row[0]:
            return True
    return False


def health_of(conn: Session, connection_id: str) -> Health | None:
    """What is known of a connection; None before its first pull."""
    row = conn.execute(
        "select state, since, reason, todo, failures, open_until from ops.connection_state where connection_id = %s",
        (connection_id,),
    ).fetchone()
    return Health(*row) if row else None


def note_health(
    conn: Session, connection_id: str, problem: Problem | None, now: datetime, time_scale: float
) -> Health | None:
    """Record what a pull's end says of its connection. Returns the health, None if nothing was said so far."""
    if isinstance(problem, LeftAlone):
        return health_of(conn, connection_id)
    before, outcome = health_of(conn, connection_id), outcome_of(problem)
    if outcome.what == "nothing":
        return before
    found = after(before, outcome, now, time_scale)
    conn.execute(
        """
        insert into ops.connection_state (connection_id, state, since, reason, todo, failures, open_until)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (connection_id) do update set state = excluded.state, since = excluded.since,
            reason = excluded.reason, todo = excluded.todo, failures = excluded.failures,
            open_until = excluded.open_until, changed_at = clock_timestamp()
        """,
        (connection_id, found.state, found.since, found.reason, found.todo, found.failures, found.open_until),
    )
    return found


def connection_states(workspace: Workspace, now: datetime | None = None) -> pl.DataFrame:
    """One row per declared connection, in their order: how it does, since when, why and what to do (STATES)."""
    moment = now or datetime.now(UTC)
    with workspace.database.transaction(role="reader") as conn:
        known = {row[0]: row[1:] for row in conn.execute(query("connection_states")).fetchall()}
    rows = [_state(connection, known.get(connection.id), moment) for connection in workspace.settings.connections]
    return pl.DataFrame(rows, schema=STATES, orient="row")


def troubles(workspace: Workspace, kind: str, now: datetime | None = None) -> list[str]:
    """What somebody should know of the connections of a kind: one text each, none of a healthy one."""
    states = connection_states(workspace, now).filter(pl.col("source") == kind, pl.col("state") != "healthy")
    return [
        f"{row['connection_id']}: {row['state'].replace('_', ' ')}: {row['reason']} {row['todo']}".rstrip()
        for row in states.iter_rows(named=True)
    ]


def stale_books(workspace: Workspace, now: datetime | None = None) -> list[str]:
    """One text for each book some of whose sources were not read for long: its figures are as old as the oldest."""
    moment = now or datetime.now(UTC)
    states = {row["connection_id"]: row for row in connection_states(workspace, moment).iter_rows(named=True)}
    found = []
    for book in workspace.settings.books:
        read = {name: states[name]["read_at"] for name in _feeding(book) if name in states}
        old = {name: at for name, at in read.items() if at is None or moment - at > STALE_AFTER}
        if old:
            said = ", ".join(
                f"{name} ({'never read' if at is None else f'last read {at:%Y-%m-%d %H:%M} UTC'})"
                for name, at in sorted(old.items())
            )
            found.append(f"{book.id}: its figures rest on what was not read for long: {said}. finance-pipeline sync")
    return found


def _feeding(book: Book) -> set[str]:
    """The connections that bring a book its lines, movements and documents."""
    banks = [account.feed for account in book.bank_accounts]
    processors = [account.feed for account in book.processor_accounts]
    return {name for name in (*banks, *processors, book.accounting) if name}


@dataclass(frozen=True)
class Again:
    """A kind of connection that may be called again, after it was left alone until a moment."""

    kind: ConnectionKind
    since: datetime


def due_again(workspace: Workspace, now: datetime) -> list[Again]:
    """The kinds of connections whose time of being left alone (a day limit, an open circuit) is over, in order."""
    kinds = {connection.id: connection.kind for connection in workspace.settings.connections}
    with workspace.database.transaction(role="reader") as conn:
        rows = conn.execute(
            "select connection_id, open_until from ops.connection_state where open_until <= %s", (now,)
        ).fetchall()
    latest: dict[ConnectionKind, datetime] = {}
    for connection_id, open_until in rows:
        if kind := kinds.get(connection_id):
            latest[kind] = max(open_until, latest.get(kind, open_until))
    return [Again(kind, since) for kind, since in sorted(latest.items())]


def _state(connection: Connection, known: tuple[Any, ...] | None, now: datetime) -> tuple[Any, ...]:
    if known is None:
        todo = "Run `finance-pipeline sync`."
        return connection.id, connection.kind, "stale", None, "never read.", todo, None, None, 0
    *stored, read_at, letters = known
    health = shown(Health(*stored), read_at, now)
    if health.open_until is not None and health.open_until <= now:
        health = replace(health, open_until=None)
    return (
        connection.id,
        connection.kind,
        health.state,
        health.since,
        health.reason,
        health.todo,
        health.open_until,
        read_at,
        letters,
    )
