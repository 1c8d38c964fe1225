"""A data folder in which the demo ran once over a small world, and commands as somebody types them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import structlog

from finance_pipeline.cli import main
from finance_pipeline.cli.demo import run_stages, set_up_sandbox
from finance_pipeline.core.settings import HOME_VARIABLE
from finance_pipeline.sandbox.process import ensure_sandbox, stop_sandbox
from finance_pipeline.sandbox.world import WorldOptions, sandbox_environment
from finance_pipeline.services.workspace import Workspace
from finance_pipeline_tests.conftest import data_folder

WORLD = WorldOptions(books=("us", "de"), bank_lines=120, month_count=1, first_month="2026-09")


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    printed: str
    said: str
    """What it wrote to standard error, on one line."""

    @property
    def figures(self) -> Any:
        return json.loads(self.printed)


@dataclass(frozen=True)
class Shell:
    """Types commands in a data folder."""

    home: Path

    def types(self, *arguments: str, **environment: str) -> Ended:
        """One command, in this process; it leaves the environment as a shell would, and the logs as they were."""
        printed, said, before = StringIO(), StringIO(), dict(os.environ)
        os.environ |= {HOME_VARIABLE: str(self.home)} | environment
        code: int | str | None = 0
        try:
            typed = patch.object(sys, "argv", ["finance-pipeline", *arguments])
            with typed, redirect_stdout(printed), redirect_stderr(said):
                main()
        except SystemExit as end:
            code = end.code or 0
        finally:
            os.environ.clear()
            os.environ |= before
            structlog.reset_defaults()
        return Ended(int(code), printed.getvalue(), re.sub(r"\s+", " ", said.getvalue()))

    def types_elsewhere(self, *arguments: str) -> Ended:
        """One command in a process of its own."""
        ended = subprocess.run(
            [sys.executable, "-m", "finance_pipeline.cli", *arguments],
            env=os.environ | {HOME_VARIABLE: str(self.home)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, re.sub(r"\s+", " ", ended.stderr))


@dataclass(frozen=True)
class DemoShell(Shell):
    """Types commands in the data folder of the demo, whose vendors can be told to fail."""

    def order(self, **fault: object) -> None:
        """The next calls of one connection go wrong (sandbox.servers.faults)."""
        self._tell("POST", fault)

    def clear(self) -> None:
        self._tell("DELETE", {})

    def _tell(self, method: str, fault: dict[str, object]) -> None:
        root = next(iter(ensure_sandbox(self.home).values())).rpartition("/")[0]
        request = urllib.request.Request(
            f"{root}/control/fault",
            json.dumps(fault).encode() or None,
            {"Content-Type": "application/json"},
            method=method,
        )
        urllib.request.urlopen(request, timeout=5).close()


@pytest.fixture(scope="session")
def demo(_environment_of_our_own: None) -> Iterator[DemoShell]:
    """Two books of one month, synced and reconciled."""
    with data_folder() as folder, pytest.MonkeyPatch.context() as environment:
        environment.setenv(HOME_VARIABLE, str(folder))
        for name, value in sandbox_environment(WORLD).items():
            environment.setenv(name, value)
        set_up_sandbox(folder, WORLD)
        workspace = Workspace.open(folder)
        try:
            run_stages(workspace, WORLD)
        finally:
            workspace.close()
        yield DemoShell(folder)
        stop_sandbox(folder)


@pytest.fixture
def shell(home: Path) -> Shell:
    """An empty data folder."""
    return Shell(home)
