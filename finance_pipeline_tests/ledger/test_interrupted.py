"""A poster that is killed in the middle: nothing partial stands, and posting again completes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from finance_pipeline.core.period import Month
from finance_pipeline.ledger import proof
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.by_hand import close_month
from finance_pipeline_tests.ledger.conftest import Superuser
from finance_pipeline_tests.ledger.world import MAY, World, closing, day, post

JUNE = Month(2026, 6)
POSTER = """
import sys
import polars as pl
from finance_pipeline.core.period import Month
from finance_pipeline.ledger import journal
from finance_pipeline.store.database import Database
from finance_pipeline.store.roles import Roles

with Database(sys.argv[1], "", Roles()).transaction() as conn:
    entries, months = pl.read_parquet(sys.argv[2]), [Month(2026, 5), Month(2026, 6)]
    journal.publish(conn, "us", months, entries, run_id="killed", correlation_id="killed")
"""
WAITING_TO_POST = """
    select pid from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
"""


def until(ask: Callable[[], Any], alive: Callable[[], bool] = lambda: True) -> Any:
    """The first answer that is true, asked for again and again for up to ten seconds."""
    deadline = time.monotonic() + 10
    while not (answer := ask()):
        assert alive(), "the poster ended by itself"
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return answer


def test_a_poster_killed_between_its_reversals_and_its_entries_leaves_nothing(
    database: Database, superuser: Superuser, tmp_path: Path
) -> None:
    world = World().line("paid", "1.00")
    with database.transaction() as conn:
        post(conn, world)
    with database.transaction() as conn:
        before = closing(conn)
    close_month(database, JUNE.first_day, "open")
    world.line("paid", "2.00").line("june", "4.00", on=day(3, 6))
    file = tmp_path / "entries.parquet"
    world.postings.entries.write_parquet(file)
    watch = superuser(database)
    with database.transaction(role="owner") as conn:  # holds June, so that the new entries wait; reversals are in May
        conn.execute("select from ledger.period where month = '2026-06-01' for update")
        poster = subprocess.Popen([sys.executable, "-c", POSTER, database.url, file])
        pid = until(lambda: watch.execute(WAITING_TO_POST).fetchone(), alive=lambda: poster.poll() is None)
        poster.send_signal(signal.SIGKILL)
        poster.wait()
    until(lambda: not watch.execute("select from pg_stat_activity where pid = %s", pid).fetchall())
    with database.transaction() as conn:
        assert closing(conn) == before
        assert (proof.verify(conn).entries, proof.verify(conn).holds) == (1, True)
        assert conn.execute("select count(*) from staging.ledger_entry").fetchone() == (0,)
        report = post(conn, world, MAY, JUNE)
    assert (report.new, report.reversed) == (2, 1)
    with database.transaction() as conn:
        assert closing(conn, JUNE) == {"1010": 600, "2100": -600}
        assert (proof.verify(conn).entries, proof.verify(conn).holds) == (4, True)
