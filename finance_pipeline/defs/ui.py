"""The Dagster UI on this machine: webserver and daemon as supervised children, on loopback, until somebody stops them.

Here: starting, watching, restarting, stopping. Not here: what they serve.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from finance_pipeline.core.problems import BadInput, BadSettings, PermanentProblem
from finance_pipeline.core.settings import Settings, load_settings

HOST = "127.0.0.1"
PROJECT = Path(__file__).resolve().parents[2]
WATCH_EVERY_S = 1.0
ANSWER_WITHIN_S = 120.0
STOP_WITHIN_S = 20.0
RESTARTS_MAX = 5
RESTARTS_WINDOW_S = 600.0
Say = Callable[[str], None]


class PortOccupied(BadInput):
    """Something else listens on the port."""


class KeepsCrashing(PermanentProblem):
    """A child ended again and again; its log says why."""


@dataclass
class Child:
    """One supervised process, with its own log file and process group."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    crashes: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it. A group of its own keeps the terminal's Ctrl-C from it: we stop it in order."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    def ended(self) -> int | None:
        """Exit code if it ended by itself."""
        return self.process.poll() if self.process else None

    def restart_after_crash(self, code: int) -> None:
        """Start it again. Raises KeepsCrashing after RESTARTS_MAX within RESTARTS_WINDOW_S."""
        now = time.monotonic()
        self.crashes = [at for at in self.crashes if now - at < RESTARTS_WINDOW_S] + [now]
        if len(self.crashes) > RESTARTS_MAX:
            raise KeepsCrashing(
                f"{self.name} ended {len(self.crashes)} times in ten minutes, last with exit code {code}.",
                kept="Runs that were under way are recorded; nothing is half-published.",
                todo=f"Read {self.log}.",
            )
        self.start()

    def stop(self) -> None:
        """Ask it to end, then end its whole group, so that its own children never outlive it."""
        if self.process is None:
            return
        _signal(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _signal(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    """In the child, on Linux: end when we are killed in a way that lets us stop nobody."""
    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGTERM)


def children_of(home: Path, port: int) -> list[Child]:
    """The webserver and the daemon of a data folder."""
    workspace = PROJECT / "workspace.yaml"
    if not workspace.exists():
        raise BadSettings(
            "workspace.yaml is not beside the package.",
            where=str(PROJECT),
            todo="Install the project in place: pip install -e .",
        )
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    webserver = ["-m", "dagster_webserver", "-h", HOST, "-p", str(port), "-w", str(workspace)]
    daemon = ["-m", "dagster._daemon", "run", "-w", str(workspace)]
    return [
        Child("dagster-webserver", [sys.executable, *webserver], logs / "dagster-webserver.log"),
        Child("dagster-daemon", [sys.executable, *daemon], logs / "dagster-daemon.log"),
    ]


def require_free(port: int) -> None:
    """Raises PortOccupied if something listens on the port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as cause:
            raise PortOccupied(
                f"port {port} is occupied.",
                where=HOST,
                kept="Nothing was started.",
                todo=f"Stop what listens there, or choose another: finance-pipeline ui --port {port + 1}.",
            ) from cause


def serve_ui(home: Path, port: int, say: Say) -> None:
    """Serve the UI of a data folder until Ctrl-C or SIGTERM. say: told the address once it answers, and of restarts.

    prepare_instance comes first. Raises PortOccupied, KeepsCrashing.
    """
    require_free(port)
    children = children_of(home, port)
    declared = _declared(home)
    with _until_stopped() as stopped:
        try:
            for child in children:
                child.start()
            announced = False
            deadline = time.monotonic() + ANSWER_WITHIN_S
            while not stopped():
                _restart_ended(children, say)
                if not announced and _answers(port):
                    say(f"The Dagster UI is at http://{HOST}:{port} (Ctrl-C stops it; logs in {home / 'logs'}).")
                    announced = True
                if not announced and time.monotonic() > deadline:
                    raise KeepsCrashing("the webserver does not answer.", todo=f"Read {children[0].log}.")
                declared = _reload_when_books_change(home, declared, children, say)
                time.sleep(WATCH_EVERY_S)
        finally:
            for child in children:
                child.stop()


def _restart_ended(children: list[Child], say: Say) -> None:
    for child in children:
        code = child.ended()
        if code is not None:
            child.restart_after_crash(code)
            say(f"{child.name} ended with {code} and was started again; its log is {child.log}.")


def _declared(home: Path) -> Settings | None:
    """The settings, or None while somebody is writing them or they are wrong: then what is loaded stays."""
    try:
        return load_settings(home)
    except BadSettings:
        return None


def _reload_when_books_change(home: Path, before: Settings | None, children: list[Child], say: Say) -> Settings | None:
    """Webserver and daemon make partitions when they start, so another list of books needs them to start again."""
    now = _declared(home)
    if now is None or before is None or now.books == before.books:
        return before if now is None else now
    say("The declared books changed: the UI starts again with them.")
    for child in children:
        child.stop()
        child.start()
    return now


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/server_info", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def _until_stopped() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and SIGTERM into an answer to ask for, so that children are stopped in order; restores handlers."""
    asked = False

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal asked
        asked = True

    before = {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
