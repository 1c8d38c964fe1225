"""Locks: one at a time, the holder is named, and a dead holder holds nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from finance_pipeline.core.problems import Busy
from finance_pipeline.store.database import Database
from finance_pipeline.store.locks import book_lock, home_lock

HOLD = """
import sys, time
from pathlib import Path
from finance_pipeline.store.locks import home_lock
with home_lock(Path(sys.argv[1]), "demo"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_book_is_locked_until_the_transaction_ends_and_its_holder_is_named(database: Database) -> None:
    with database.transaction() as other:
        with database.transaction() as holder:
            book_lock(holder, "us")
            book_lock(holder, "us", 0.0)
            with pytest.raises(Busy) as refused:
                book_lock(other, "us", 0.1)
            book_lock(other, "uk", 0.0)
        book_lock(other, "us", 0.0)
    assert f"(process {os.getpid()})" in str(refused.value)
    assert f"session {holder.info.backend_pid}) since 2" in str(refused.value)


def test_a_refused_lock_leaves_the_role_as_it_was(database: Database) -> None:
    with database.transaction() as holder, database.transaction(role="app") as other:
        book_lock(holder, "us")
        with pytest.raises(Busy):
            book_lock(other, "us", 0.0)
        assert other.execute("select current_user").fetchone() == ("finance_pipeline_app",)


def test_a_second_process_on_a_data_folder_is_told_who_works_there_and_a_killed_one_lets_go(home: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=rf"process {holder.pid} \(.*{home}\) since") as refused, home_lock(home, "demo"):
            pass
        assert refused.value.exit_code == 75
        with home_lock(home, "other"):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with home_lock(home, "demo"):
            pass
