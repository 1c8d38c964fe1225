"""Months that are closed while writers post to them: nothing gets in behind a close, and nobody waits in a circle.

Each close has a book of its own. Writers post to its May, one entry a transaction, from before it is closed until
after; the closer takes the month from them (soft-closed), has it signed by a second person, and locks it.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any, LiteralString

import psycopg

from finance_pipeline.core.settings import BankAccount, Book
from finance_pipeline.ledger import proof
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.services.campaigns.attacks.by_hand import write
from finance_pipeline.services.campaigns.own_database import database_of_its_own
from finance_pipeline.store.database import Database

WRITERS = 6
_MAY = date(2026, 5, 1)
_STEPS: tuple[LiteralString, ...] = (
    "select ledger.soft_close_period(%(book)s, '2026-05-01', '{}', 'Bea', 'controller', 'all in', 'here', '{}')",
    "select close.sign(close.put_forward(%(book)s, '2026-05', 'Ann', 'accountant', 'all in', 'here', '{}'),"
    " 'Bea', 'controller', 'agreed', 'here', '{}', '{}')",
    "select ledger.lock_period(%(book)s, '2026-05-01', 'Bea', 'controller', 'all in', 'here', '{}')",
)
_LATE: LiteralString = """
    select count(*) from ledger.entry
    join ledger.seal using (batch_id)
    where book = %(book)s and position > (
        select min(head_position) from ledger.period_event where book = %(book)s and action = 'soft_closed'
    )
"""
_REFUSED = psycopg.errors.CheckViolation


@dataclass
class Closes:
    """What came of them. posted: entries that got in before; refused: those that came after."""

    closes: int = 0
    posted: int = 0
    refused: int = 0
    late: int = 0
    deadlocks: int = 0
    others: Counter[str] = field(default_factory=Counter)
    """Any other problem, by its words."""
    longest_close_ms: int = 0


def try_closes(closes: int, seed: int, tell: Callable[[str, bool], None]) -> Closes:
    """So many closes, in a database of their own, which the proof then reads."""
    with database_of_its_own() as (_, database):
        met = close_against_writers(database, closes, seed, tell)
        with database.transaction(role="reader") as conn:
            report = proof.verify(conn)
        if not report.holds:
            met.others[f"the proof: {report.first_broken}"] += 1
    return met


def close_against_writers(
    database: Database, closes: int, seed: int, tell: Callable[[str, bool], None], writers: int = WRITERS
) -> Closes:
    """One close after the other, each against so many writers."""
    rng, met = random.Random(f"closes/{seed}"), Closes()
    for turn in range(1, closes + 1):
        _close(database, f"book-{seed}-{turn}", rng.uniform(0.01, 0.1), met, writers)
        tell(f"{turn} of {closes} closes", turn == closes)
    return met


def _close(database: Database, book: str, after_s: float, met: Closes, writers: int) -> None:
    with database.transaction() as conn:
        ensure_accounts(conn, [_book(book)])
        conn.execute("select ledger.open_period(%s, %s)", (book, _MAY))
    done, counting = threading.Event(), threading.Lock()
    with ThreadPoolExecutor(writers) as pool:
        for number in range(writers):
            pool.submit(_write, database, book, number, done, met, counting)
        time.sleep(after_s)
        began = time.monotonic_ns()
        for step in _STEPS:
            _counted(met, counting, lambda step=step: _run(database, step, book))  # type: ignore[misc]
        met.longest_close_ms = max(met.longest_close_ms, (time.monotonic_ns() - began) // 1_000_000)
        time.sleep(0.02)  # writers go on against the lock
        done.set()
    met.closes += 1
    with database.transaction(role="reader") as conn:
        row = conn.execute(_LATE, {"book": book}).fetchone()
    met.late += int(row[0]) if row else 0


def _write(
    database: Database, book: str, number: int, done: threading.Event, met: Closes, counting: threading.Lock
) -> None:
    """Post one entry after the other until told to end."""
    ordinal = 0
    while not done.is_set():
        ordinal += 1
        _counted(met, counting, lambda: _post(database, book, f"{number}/{ordinal}"))  # noqa: B023


def _post(database: Database, book: str, name: str) -> str:
    with database.transaction() as conn:
        conn.execute("select pg_advisory_xact_lock(hashtext(%s))", (book,))  # they number one after the other
        write(conn, book=book, source_id=name)
    return "posted"


def _run(database: Database, step: LiteralString, book: str) -> str:
    with database.transaction() as conn:
        conn.execute(step, {"book": book})
    return ""


def _counted(met: Closes, counting: threading.Lock, work: Callable[[], str]) -> None:
    """Do something, and count what came of it."""
    try:
        came = work()
    except psycopg.errors.DeadlockDetected:
        came = "deadlock"
    except _REFUSED as refusal:
        came = "refused" if "is not open" in str(refusal) else str(refusal)
    except psycopg.Error as problem:
        came = " ".join(str(problem).split())
    with counting:
        if came == "posted":
            met.posted += 1
        elif came == "refused":
            met.refused += 1
        elif came == "deadlock":
            met.deadlocks += 1
        elif came:
            met.others[came] += 1


def _book(name: str) -> Book:
    account: dict[str, Any] = {"id": "operating", "currency": "USD", "gl_account": "1010"}
    return Book(
        id=name,
        name=name,
        currency="USD",
        starts_on=_MAY,
        fiscal_year_starts_month=1,
        bank_accounts=(BankAccount(**account),),
        chart={},
    )
