"""The server process of the sandbox: one a data folder, never another's, never of yesterday's code."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from finance_pipeline.core.problems import Unreachable
from finance_pipeline.sandbox import process
from finance_pipeline.sandbox.process import STATE_NAME, ensure_sandbox, listen, stop_sandbox
from finance_pipeline_tests.sandbox.serving import moment, write_log


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    write_log(
        tmp_path / "sandbox" / "served" / "us-plaid", "transaction", [(moment("2026-10-01"), "added", "t1", "{}")]
    )
    yield tmp_path
    stop_sandbox(tmp_path)


def pid_of(home: Path) -> int:
    return int(json.loads((home / "sandbox" / STATE_NAME).read_text(encoding="utf-8"))["pid"])


def test_commands_that_start_at_once_start_one_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    class Counted(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            started.append(self.pid)

    monkeypatch.setattr(subprocess, "Popen", Counted)
    with ThreadPoolExecutor(3) as commands:
        first, *others = commands.map(ensure_sandbox, [home] * 3)
    assert others == [first, first]
    assert started == [pid_of(home)]


def test_a_server_of_older_code_is_replaced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The running server says which code it is of; a command of newer code does not trust its answers."""
    urls = ensure_sandbox(home)
    old = pid_of(home)
    versions = iter(["newer than what runs"])
    real = process.code_version
    monkeypatch.setattr(process, "code_version", lambda: next(versions, real()))
    assert ensure_sandbox(home) == urls
    assert pid_of(home) != old
    with pytest.raises(ProcessLookupError):
        os.kill(old, 0)


def test_a_pid_that_was_given_to_another_program_is_not_killed(home: Path) -> None:
    """A state file outlives its server; only the lock on it says that the pid still means what it says."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        state = {"pid": bystander.pid, "port": 1}
        (home / "sandbox" / STATE_NAME).write_text(json.dumps(state), encoding="utf-8")
        assert not stop_sandbox(home)
        assert bystander.poll() is None
        bystander.kill()


def test_a_program_that_took_the_port_and_never_answers_is_not_waited_for(home: Path) -> None:
    with listen(0) as silent:
        state = {"pid": 1, "port": silent.getsockname()[1]}
        (home / "sandbox" / STATE_NAME).write_text(json.dumps(state), encoding="utf-8")
        began = time.monotonic()
        assert ensure_sandbox(home)["us-plaid"] != f"http://127.0.0.1:{state['port']}/us-plaid"
        assert time.monotonic() - began < process._ANSWER_S


def test_a_server_that_cannot_start_says_so_with_the_end_of_its_log(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", str(home / "no python here"))
    with pytest.raises(Unreachable, match="no Python frame") as refused:
        ensure_sandbox(home)
    assert str(home / "logs" / "sandbox.log") in str(refused.value)
    monkeypatch.delenv("PYTHONHOME")
    assert ensure_sandbox(home), "and the next try is a new one"
