"""The supervisor of the UI, with small programs in place of webserver and daemon."""

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from finance_pipeline.defs import ui
from finance_pipeline.defs.ui import Child, KeepsCrashing, PortOccupied, serve_ui

FOREVER = "import time\ntime.sleep(600)"
SERVER = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def child(tmp_path: Path, name: str, program: str, *arguments: str) -> Child:
    return Child(name, [sys.executable, "-c", program, *arguments], tmp_path / f"{name}.log")


def gone(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def test_an_occupied_port_is_named_and_nothing_is_started(home: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortOccupied, match=rf"port {port} is occupied.*--port {port + 1}"):
            serve_ui(home, port, lambda _: None)
    assert not (home / "logs").exists()


def test_ctrl_c_stops_both_children_after_the_address_was_told(home: Path, monkeypatch: pytest.MonkeyPatch):
    port = free_port()
    children = [child(home, "web", SERVER, str(port)), child(home, "daemon", FOREVER)]
    monkeypatch.setattr(ui, "children_of", lambda *_: children)
    monkeypatch.setattr(ui, "WATCH_EVERY_S", 0.05)
    told: list[str] = []

    def say(words: str) -> None:
        told.append(words)
        if len(told) == 1:  # one that came when the supervisor had ended would end the tests
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    before = signal.getsignal(signal.SIGINT)
    serve_ui(home, port, say)
    assert len(told) == 1
    assert f"http://127.0.0.1:{port}" in told[0]
    assert all(each.process is not None and gone(each.process.pid) for each in children)
    assert signal.getsignal(signal.SIGINT) == before


def test_a_child_that_keeps_crashing_stops_the_other_and_points_at_its_log(home: Path, monkeypatch: pytest.MonkeyPatch):
    children = [child(home, "web", FOREVER), child(home, "daemon", "raise SystemExit(3)")]
    monkeypatch.setattr(ui, "children_of", lambda *_: children)
    monkeypatch.setattr(ui, "WATCH_EVERY_S", 0.05)
    told: list[str] = []
    with pytest.raises(KeepsCrashing, match=r"daemon ended 6 times.*exit code 3.*daemon\.log"):
        serve_ui(home, free_port(), told.append)
    assert len(told) == ui.RESTARTS_MAX
    assert children[0].process is not None
    assert gone(children[0].process.pid)


def test_the_children_of_a_child_end_with_it(tmp_path: Path):
    program = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(0))\n"
        "inner = 'import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)'\n"
        "print(subprocess.Popen([sys.executable, '-c', inner]).pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    outer = child(tmp_path, "outer", program)
    outer.start()
    deadline = time.monotonic() + 10
    while not outer.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    inner_id = int(outer.log.read_text())
    outer.stop()
    while Path(f"/proc/{inner_id}/stat").exists() and time.monotonic() < deadline:
        if " Z " in Path(f"/proc/{inner_id}/stat").read_text():
            return
        time.sleep(0.02)
    assert gone(inner_id)


def test_another_list_of_books_starts_the_children_again(home: Path, monkeypatch: pytest.MonkeyPatch):
    from finance_pipeline_tests.defs.conftest import declare_another_book

    children = [child(home, "web", FOREVER), child(home, "daemon", FOREVER)]
    monkeypatch.setattr(ui, "children_of", lambda *_: children)
    monkeypatch.setattr(ui, "WATCH_EVERY_S", 0.05)
    first_ids: list[int] = []
    told: list[str] = []

    def declare() -> None:
        first_ids.extend(each.process.pid for each in children if each.process)
        declare_another_book(home)

    def say(words: str) -> None:
        told.append(words)
        if len(told) == 1:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()

    threading.Timer(0.3, declare).start()
    serve_ui(home, free_port(), say)
    assert all("books changed" in words for words in told)
    assert len(first_ids) == 2
    assert all(each.process is not None and each.process.pid not in first_ids for each in children)
