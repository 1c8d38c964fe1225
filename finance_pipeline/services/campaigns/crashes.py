"""Crashes at random points: a writer or the server is killed, and what is then in the ledger is compared.

The writer makes one state of a book after the other stand, each in one transaction: some entries are taken back, some
posted anew. It says so after each commit, and notes the chain's end outside the database. Whatever is killed, the
ledger must hold exactly the last state that was acknowledged, or the one after it.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import LiteralString

import polars as pl
import psutil

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import BankAccount, Book
from finance_pipeline.ledger import journal, proof
from finance_pipeline.ledger.anchors import anchor_of, append_anchor, read_anchors
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.ledger.schemas import ENTRIES
from finance_pipeline.services.campaigns.own_database import database_of_its_own
from finance_pipeline.store.database import Database
from finance_pipeline.store.place import place_of
from finance_pipeline.store.postmaster import running_in

KILLED = ("writer, kill -9", "server, kill -9", "server, immediate stop")
_MAY = Month(2026, 5)
_STANDING: LiteralString = "select source_id, amounts from ledger.standing where book = 'us'"
_MOST_COMMITS, _MOST_MS = 3, 120
_STOPS_WITHIN_S = 60
_BOOK = Book(
    id="us",
    name="A book in dollars",
    currency="USD",
    starts_on=date(2026, 5, 1),
    fiscal_year_starts_month=1,
    bank_accounts=(BankAccount(id="operating", currency="USD", gl_account="1010"),),
    chart={},
)
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class _Plan:
    killed: str
    waited: int
    after_ms: int


@dataclass(frozen=True)
class Crash:
    """One crash. acknowledged: commits that the writer said before. broken: what the proof found, if anything."""

    killed: str
    waited: int
    """After so many commits,"""
    after_ms: int
    """and so many milliseconds more."""
    acknowledged: int
    outcome: str
    """as acknowledged; kept, not acknowledged; lost; or partial."""
    broken: str | None


def try_crashes(crashes: int, seed: int, tell: Callable[[str, bool], None]) -> list[Crash]:
    """So many crashes in one ledger, each going on from what the one before left."""
    with database_of_its_own() as (home, database):
        return crash_again_and_again(home, database, crashes, seed, KILLED, tell)


def crash_again_and_again(
    home: Path,
    database: Database,
    crashes: int,
    seed: int,
    kinds: tuple[str, ...],
    tell: Callable[[str, bool], None],
) -> list[Crash]:
    """As try_crashes, in this database. home: where its server is, and where anchors go."""
    rng, found, state = random.Random(f"crashes/{seed}"), [], 0
    anchors = home / "anchors" / "ledger.jsonl"
    with database.transaction() as conn:
        ensure_accounts(conn, [_BOOK])
    for turn in range(1, crashes + 1):
        plan = _Plan(kinds[turn % len(kinds)], rng.randint(0, _MOST_COMMITS), rng.randint(0, _MOST_MS))
        acknowledged = _write_until_killed(home, database, anchors, state, plan)
        database.close()
        state, crash = _looked_at(database, anchors, state, acknowledged, plan)
        found.append(crash)
        tell(f"{turn} of {crashes} crashes", turn == crashes)
    return found


def _write_until_killed(home: Path, database: Database, anchors: Path, state: int, plan: _Plan) -> int:
    """Let a writer go on from a state, then kill it or its server; returns the last state that was acknowledged."""
    ours, theirs = _forks.Pipe(duplex=False)
    environment = dict(os.environ)
    writer = _forks.Process(target=_write, args=(database.url, str(anchors), state, theirs, environment))
    writer.start()
    theirs.close()
    acknowledged = state
    if ours.poll(60) and ours.recv() == "ready":
        for _ in range(plan.waited):
            acknowledged = int(ours.recv())
        time.sleep(plan.after_ms / 1000)
        if plan.killed == KILLED[0]:
            os.kill(writer.pid or 0, signal.SIGKILL)
        else:
            _stop_server(home, at_once=plan.killed == KILLED[1])
    with suppress(EOFError):
        while True:
            acknowledged = int(ours.recv())
    writer.join(60)
    if plan.killed != KILLED[0]:
        Database.open(home).close()  # starts the server again, which recovers
    return acknowledged


def _stop_server(home: Path, *, at_once: bool) -> None:
    """Kill all processes of the server, or have it stop without saying anything to anybody; wait until it is gone.

    A server that is about to stop may still take a connection, which would then pass for one of the next server's.
    """
    found = running_in(place_of(home.resolve()).data)
    if found is None:
        return
    server = psutil.Process(found.pid)
    if not at_once:
        server.send_signal(signal.SIGQUIT)
    else:
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    psutil.wait_procs([server], timeout=_STOPS_WITHIN_S)


def _write(url: str, anchors: str, state: int, said: Pipe, environment: Mapping[str, str]) -> None:
    """What the writer does until it is killed: the next state, and the next."""
    from finance_pipeline.core.problems import Problem
    from finance_pipeline.store.roles import Roles

    os.environ.update(environment)
    database = Database(url, "", Roles())
    said.send("ready")
    with suppress(Problem):  # the server was killed under it
        while True:
            state += 1
            with database.transaction() as conn:
                journal.publish(
                    conn, "us", [_MAY], _entries(state), run_id=f"run {state}", correlation_id="correlation"
                )
            said.send(state)
            with database.transaction(role="reader") as conn:
                end = anchor_of(conn)
            if end:
                append_anchor(Path(anchors), end)


def _amounts(state: int) -> dict[str, int]:
    """What should stand in a state, by source id: eight lines that change in turn, and the newest five of others.

    In the first state, before anything is posted, nothing stands.
    """
    if not state:
        return {}
    lines = {f"line {place}": 100 + place + (state + place) // 3 * 10 for place in range(8)}
    return lines | {f"new {each}": each for each in range(max(1, state - 4), state + 1)}


def _entries(state: int) -> pl.DataFrame:
    on = date(2026, 5, 4)
    return ENTRIES.frame(
        [
            {
                "book": "us",
                "source": "plaid",
                "source_id": name,
                "purpose": "line",
                "effective_on": on,
                "accounting_on": on,
                "currency": "USD",
                "description": name,
                "accounts": ["1010", "3900"],
                "amounts": [minor, -minor],
                "functional_amounts": None,
                "evidence_id": name,
                "evidence_hash": "hash",
                "match_id": None,
                "rule": "line",
            }
            for name, minor in _amounts(state).items()
        ]
    )


def _looked_at(database: Database, anchors: Path, before: int, acknowledged: int, plan: _Plan) -> tuple[int, Crash]:
    """The state that the ledger is in now, and what that says of the crash."""
    with database.transaction(role="reader") as conn:
        # The server may still commit what a killed writer had sent: all that is asked is of one moment.
        conn.execute("set transaction isolation level repeatable read")
        standing = {name: amounts[0] for name, amounts in conn.execute(_STANDING).fetchall()}
        report = proof.verify(conn, anchors=read_anchors(anchors) if anchors.exists() else [])

    def crash(outcome: str) -> Crash:
        said = acknowledged - before
        return Crash(plan.killed, plan.waited, plan.after_ms, said, outcome, report.first_broken)

    for state, outcome in ((acknowledged, "as acknowledged"), (acknowledged + 1, "kept, not acknowledged")):
        if standing == _amounts(state):
            return state, crash(outcome)
    is_whole = any(standing == _amounts(state) for state in range(acknowledged))
    return acknowledged, crash("lost" if is_whole else "partial")
