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
_PROCESSES = Path("/proc")


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
    """Whether a process is alive with this working folder. A zombie has none.

    Linux is asked for the folder itself, not for its path: a removed folder may have been made again.
    """
    try:
        folder = _PROCESSES / str(pid) / "cwd" if (_PROCESSES / "self").exists() else Path(psutil.Process(pid).cwd())
        return data.samefile(folder)
    except (psutil.Error, OSError):
        return False


def _lost_its_folder(pid: int) -> bool:
    """Whether the working folder of a process was removed."""
    try:
        if (_PROCESSES / "self").exists():
            return str((_PROCESSES / str(pid) / "cwd").readlink()).endswith(" (deleted)")
        return not Path(psutil.Process(pid).cwd()).exists()
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
    """End every process of a cluster that is about to be discarded."""
    _end([each.pid for each in psutil.process_iter() if _works_in(each.pid, data)], signal.SIGQUIT, signal.SIGKILL)


def end_all_naming(folder: Path) -> None:
    """End every process that works on a half-made cluster: an initdb whose starter was killed goes on by itself."""
    deadline = time.monotonic() + LINGER_S
    while time.monotonic() < deadline:
        # Again and again: initdb may have started another between being seen and being ended.
        pids = [each.pid for each in psutil.process_iter() if _names(each, str(folder)) or _works_in(each.pid, folder)]
        if not pids:
            return
        _end(pids, signal.SIGKILL)


def serves(sockets: Path) -> bool:
    """Whether a server listens in a socket folder. One whose data folder was removed is ended and does not count.

    The server of a folder that was renamed goes on in the sockets of its old name.
    """
    for lock in sockets.glob(".s.PGSQL.*.lock"):
        try:
            process = psutil.Process(int(lock.read_text(encoding="utf-8").splitlines()[0]))
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                continue
        except (OSError, ValueError, IndexError, psutil.Error):
            continue
        if not _lost_its_folder(process.pid):
            return True
        _end([process.pid], signal.SIGQUIT, signal.SIGKILL)
    return False


def wait_for_end_of(server: Postmaster) -> None:
    """Wait for a server that no longer answers. Raises ServerDoesNotStart if it stays."""
    if not _wait_for_end([server.pid], LINGER_S):
        raise ServerDoesNotStart(
            f"process {server.pid} is PostgreSQL on this folder, but does not answer.",
            where=str(server.sockets),
            kept="It was left as it is.",
            todo=f"Look into its log; if it hangs: kill {server.pid}.",
        )


def _names(process: psutil.Process, folder: str) -> bool:
    try:
        return any(folder in argument for argument in process.cmdline())
    except psutil.Error:
        return False


def _end(pids: list[int], *numbers: signal.Signals) -> None:
    for number in numbers:
        for pid in pids:
            _signal(pid, number)
        if _wait_for_end(pids, LINGER_S):
            return


def _clear_leftovers(data: Path) -> None:
    """After a kill of the postmaster: end its children, which would block a start, and drop a misleading pid file.

    PostgreSQL itself copes with a pid file of a dead process, but not with one whose number now belongs to another.
    """
    if (data / "postmaster.pid").exists():
        _end([each.pid for each in psutil.process_iter() if _works_in(each.pid, data)], signal.SIGKILL)
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
