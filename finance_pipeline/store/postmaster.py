"""The server's process: found by its data folder, started away from us, stopped, and cleared away after a kill.

A process is ours when its working folder is our data folder (a postmaster and all its children stay there): process
ids are reused, and pid files are copied along with folders, so neither proves anything.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from finance_pipeline.core.problems import TransientProblem
from finance_pipeline.store.account import Account

POLL_S = 0.02
START_WITHIN_S = 300.0
"""Recovery after a crash reads the log since the last checkpoint."""
STOP_WITHIN_S = 60.0
LINGER_S = 10.0
LOG_TAIL_LINES = 12
LOG_KEPT_BYTES = 10_000_000


class ServerDoesNotStart(TransientProblem):
    """PostgreSQL ended while starting, or took too long; the message carries the end of its log."""


@dataclass(frozen=True)
class Postmaster:
    """A running server, as its pid file describes it."""

    pid: int
    since: datetime
    port: int
    sockets: Path
    ready: bool


def running_in(data: Path) -> Postmaster | None:
    """The server at work in a data folder, if any; also one that is still starting or recovering."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid = int(lines[0])
        found = Postmaster(
            pid,
            datetime.fromtimestamp(int(lines[2]), UTC),
            int(lines[3]),
            Path(lines[4]),
            ready=len(lines) > 7 and lines[7].strip() == "ready",
        )
    except (OSError, ValueError, IndexError):
        return None
    return found if _works_in(pid, data) else None


def _works_in(pid: int, data: Path) -> bool:
    """Whether a process is alive with this working folder. A zombie has none."""
    try:
        return data.samefile(psutil.Process(pid).cwd())
    except (psutil.Error, OSError):
        return False


def start(account: Account, command: list[str], data: Path, log: Path) -> Postmaster:
    """Start a server away from us and wait until it answers. command: the postgres program with its options.

    The caller holds the start lock and knows that none runs. Raises ServerDoesNotStart with the end of the log.
    """
    _clear_leftovers(data)
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as out:
        begins_at = out.tell()
        # The shell in between ends at once: the server outlives us, and leaves no zombie to a parent that stays.
        shell = ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command]
        said = account.run(shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=out, start_new_session=True)
    pid = int(said.stdout)
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        found = running_in(data)
        if found and found.ready:
            return found
        if not found and not _alive(pid):
            break
        time.sleep(POLL_S)
    raise ServerDoesNotStart(
        f"PostgreSQL did not start. It said: {_tail(log, begins_at)}",
        where=str(data),
        kept="The data is as it was.",
        todo=f"The whole log is {log}.",
    )


def wait_until_ready(data: Path) -> Postmaster | None:
    """The server at work in a data folder once it answers; None if there is none or it ends.

    Raises ServerDoesNotStart if it takes too long.
    """
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        found = running_in(data)
        if found is None or found.ready:
            return found
        time.sleep(POLL_S)
    raise ServerDoesNotStart(
        f"PostgreSQL is still not ready after {START_WITHIN_S:.0f} s; it may be recovering from a crash.",
        where=str(data),
        kept="It was left to go on.",
        todo="Wait, and look into its log.",
    )


def stop(data: Path) -> bool:
    """Stop the server in a data folder in order: sessions are ended, everything is on disk. False if none ran."""
    found = running_in(data)
    if found is None:
        return False
    _signal(found.pid, signal.SIGINT)
    if not _wait_for_end([found.pid], STOP_WITHIN_S):
        _signal(found.pid, signal.SIGQUIT)
        _wait_for_end([found.pid], LINGER_S)
    return True


def end_all_in(data: Path) -> None:
    """End every process of a cluster at once; its data need not survive, or recovers from its log."""
    _end([each.pid for each in psutil.process_iter() if _works_in(each.pid, data)])


def end_all_naming(folder: Path) -> None:
    """End every process that was started with this folder: an initdb whose starter was killed goes on by itself."""
    _end([each.pid for each in psutil.process_iter() if _names(each, str(folder))])


def _names(process: psutil.Process, folder: str) -> bool:
    try:
        return any(folder in argument for argument in process.cmdline())
    except psutil.Error:
        return False


def _end(pids: list[int]) -> None:
    for number in (signal.SIGQUIT, signal.SIGKILL):
        for pid in pids:
            _signal(pid, number)
        if _wait_for_end(pids, LINGER_S):
            return


def end_owner_of_sockets(sockets: Path) -> None:
    """End the server that listens in a socket folder: its data folder was removed, or replaced by another."""
    for lock in sockets.glob(".s.PGSQL.*.lock"):
        try:
            lines = lock.read_text(encoding="utf-8").splitlines()
            pid, stated = int(lines[0]), lines[1]
            works_in = psutil.Process(pid).cwd()
        except (OSError, ValueError, IndexError, psutil.Error):
            continue
        if works_in.removesuffix(" (deleted)") == stated:
            _signal(pid, signal.SIGQUIT)
            _wait_for_end([pid], LINGER_S)


def _clear_leftovers(data: Path) -> None:
    """After a kill of the postmaster: wait for its children, which would block a start, and drop a misleading pid file.

    PostgreSQL itself copes with a pid file of a dead process, but not with one whose number now belongs to another.
    """
    if (data / "postmaster.pid").exists():
        end_all_in(data)
        (data / "postmaster.pid").unlink(missing_ok=True)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _wait_for_end(pids: list[int], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while any(_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _tail(log: Path, begins_at: int) -> str:
    """The last lines that were written to a log since an offset."""
    with log.open("rb") as written:
        written.seek(begins_at)
        lines = written.read().decode("utf-8", "replace").strip().splitlines()
    return " | ".join(lines[-LOG_TAIL_LINES:]) or "nothing."
