"""Locks: one writer at a time per book (in PostgreSQL) and per piece of work on a data folder (a file lock).

Both are let go by the system when their holder dies, however it dies, and both name their holder when refused.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import psycopg

from finance_pipeline.core.problems import BadSettings, Busy

BOOK_WAIT_S = 600.0
"""A book's fold over many months takes seconds; whoever waits longer should be told who works on it."""
POLL_S = 0.05
HOLDER = """
    select coalesce(nullif(who.application_name, ''), who.usename, 'unknown'), held.pid, who.xact_start
    from pg_catalog.pg_locks held left join pg_catalog.pg_stat_activity who using (pid)
    where held.locktype = 'advisory' and held.granted and held.objsubid = 1
        and held.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
        and (held.classid::bigint << 32 | held.objid::bigint) = %s
"""


def book_lock(conn: psycopg.Connection[Any], book: str, timeout_s: float = BOOK_WAIT_S) -> None:
    """Take the book for the rest of this transaction; a second call in it is free.

    The lock ends with the transaction: nobody can read what was published before the lock is open.
    Raises Busy, naming the holder, after timeout_s.
    """
    key = _key(f"book/{book}")
    deadline = time.monotonic() + timeout_s
    while True:
        row = conn.execute("select pg_catalog.pg_try_advisory_xact_lock(%s)", [key]).fetchone()
        if row and row[0]:
            return
        if time.monotonic() >= deadline:
            raise Busy(
                f"somebody else works on it: {_holder(conn, key)}.",
                where=f"book {book}",
                kept="Nothing was changed.",
                todo="Run this again when that has ended.",
            )
        time.sleep(POLL_S)


def _key(name: str) -> int:
    """Advisory locks are numbered: 63 bits of a digest, so that no two names meet."""
    return int.from_bytes(hashlib.sha256(f"finance_pipeline/{name}".encode()).digest()[:8], "big") >> 1


def _holder(conn: psycopg.Connection[Any], key: int) -> str:
    """Who holds an advisory lock, in words. Asked as the login, since a role may not look into its sessions."""
    with conn.transaction(force_rollback=True):
        conn.execute("set local role none")
        row = conn.execute(HOLDER, [key]).fetchone()
    if row is None:
        return "a session that has just ended"
    since = f" since {row[2]:%Y-%m-%d %H:%M:%S %Z}" if row[2] else ""
    return f"{row[0]} (database session {row[1]}){since}"


@contextmanager
def home_lock(home: Path, what: str, timeout_s: float = 0.0) -> Iterator[None]:
    """Hold a piece of work on a data folder, across processes. Raises Busy, naming pid and command, after timeout_s."""
    file = home / "locks" / f"{what}.lock"
    deadline = time.monotonic() + timeout_s
    while True:
        held = _try(file)
        if held is not None:
            break
        if time.monotonic() >= deadline:
            raise Busy(
                f"another process is at work on this data folder: {_stated(file)}.",
                where=f"{home} ({what})",
                kept="Nothing was changed.",
                todo="Wait for it to end, or stop it.",
            )
        time.sleep(POLL_S)
    try:
        yield
    finally:
        held.truncate(0)
        held.close()


def _try(file: Path) -> IO[str] | None:
    """The open, locked file, or None while somebody else holds it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        held = file.open("a+", encoding="utf-8")
    except OSError as cause:
        raise BadSettings(
            f"the data folder cannot be written: {cause.strerror}.",
            where=str(file.parent),
            todo="Choose another with FINANCE_PIPELINE_HOME, or give yourself access.",
        ) from cause
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return None
    if not file.exists() or file.stat().st_ino != os.fstat(held.fileno()).st_ino:
        held.close()  # the data folder was removed meanwhile; a lock on a removed file would protect nothing
        return None
    held.truncate(0)
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    held.write(f"process {os.getpid()} ({command}) since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
    held.flush()
    return held


def _stated(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") or "one that has just begun or ended"
    except FileNotFoundError:
        return "one that has just ended"
