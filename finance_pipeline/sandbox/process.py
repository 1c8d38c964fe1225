"""The server process of the sandbox: started detached, found again, stopped.

Here: one process a data folder, whose state file `sandbox/server.json` holds its pid and port and is locked as long as
it lives. Not here: what it serves (`sandbox.servers`).
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from finance_pipeline.core.problems import Busy, Unreachable
from finance_pipeline.sandbox.servers.credentials import served_connections
from finance_pipeline.sandbox.servers.version import code_version, home_id

STATE_NAME = "server.json"
HOST = "127.0.0.1"
_START_S, _STOP_S, _ANSWER_S, _LOOKS_EVERY_S = 30.0, 5.0, 5.0, 0.02
_BACKLOG = 128


def ensure_sandbox(home: Path, port: int | None = None) -> dict[str, str]:
    """The servers of a data folder are up; connection id -> base URL, for everything that the world wrote.

    A running one is used as it is, whatever its port. A new one takes `port`, else the port of the last time, else any
    free one: whoever wrote base URLs into settings compares them with these. Raises Unreachable if it does not start.
    """
    home = home.resolve()
    with _one_at_a_time(home):
        health = _health(home)
        if health is None or health["version"] != code_version():
            stop_sandbox(home)
            _start(home, port)
        bound = _state(home)["port"]
    return {connection: f"http://{HOST}:{bound}/{connection}" for connection in served_connections(home)}


def stop_sandbox(home: Path) -> bool:
    """Stop the servers of a data folder; False if none ran. Ends that process only, by the lock that it holds."""
    if not _runs(home):
        return False
    pid = int(_state(home)["pid"])
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            return True
        if _wait(lambda: not _runs(home), _STOP_S):
            return True
    raise Busy(f"the sandbox server, process {pid}, does not end.", where=str(home))


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; 0 is any free port. Raises Busy if somebody has the port."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(_BACKLOG)
    except OSError as cause:
        listening.close()
        raise Busy(f"port {port} is taken by another program.", todo="Choose another one.") from cause
    return listening


def _start(home: Path, port: int | None) -> None:
    """Start a process on the first port that is free. Raises Unreachable with the end of its log."""
    log_file = home / "logs" / "sandbox.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)
    with closing(_first_free([port, _state(home).get("port"), 0])) as listening, log_file.open("ab") as log:
        command = ["-m", "finance_pipeline.sandbox.servers", "--home", str(home), "--fd", str(listening.fileno())]
        process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[listening.fileno()],
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
        )
    if _wait(lambda: process.poll() is not None or _health(home) is not None, _START_S) and process.poll() is None:
        return
    process.kill()
    process.wait()
    last = log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
    raise Unreachable("the sandbox server did not start.", where=str(log_file), kept=" / ".join(last))


def _first_free(ports: list[int | None]) -> socket.socket:
    """A listening socket on the first of some ports that nobody has; 0, the last, is always free."""
    for port in ports:
        if port is not None:
            try:
                return listen(port)
            except Busy:
                continue
    raise Busy("there is no free port.")


def _health(home: Path) -> Mapping[str, Any] | None:
    """What the server of this data folder says of itself; None if it is not there, or is another's."""
    port = _state(home).get("port")
    if port is None or not _runs(home):  # a port without its server may be anybody's by now, who need not answer
        return None
    with closing(http.client.HTTPConnection(HOST, port, timeout=_ANSWER_S)) as connection:
        try:
            connection.request("GET", "/control/health")
            said = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
    return said if isinstance(said, dict) and said.get("home") == home_id(home) else None


def _state(home: Path) -> Mapping[str, Any]:
    """Pid and port of the last server of this data folder; empty if there was none."""
    try:
        state = json.loads((home / "sandbox" / STATE_NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _runs(home: Path) -> bool:
    """Whether a server of this data folder lives: only then is its state file locked, so a pid cannot be stale."""
    try:
        with (home / "sandbox" / STATE_NAME).open(encoding="utf-8") as state:
            fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """Two commands that start at once start one server."""
    file = home / "sandbox" / "server.start"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    """Whether something came true in time."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOKS_EVERY_S)
    return True
