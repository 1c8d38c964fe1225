"""Runs the sandbox's servers for one data folder: `python -m finance_pipeline.sandbox.servers --home FOLDER`."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import IO

import uvicorn

from finance_pipeline.core.problems import Busy, Problem
from finance_pipeline.core.settings import home_folder
from finance_pipeline.sandbox.process import STATE_NAME, listen
from finance_pipeline.sandbox.servers.app import build_app
from finance_pipeline.sandbox.servers.network import BreakableProtocol

_LOOKS_EVERY_S = 1.0
_CLAIMS, _CLAIM_EVERY_S = 20, 0.05


def main() -> int:
    """Serve until told to stop, or until the data folder is gone. The exit code is the problem's, if there is one."""
    parser = argparse.ArgumentParser(prog="finance_pipeline.sandbox.servers", description=__doc__)
    parser.add_argument("--home", type=Path, default=home_folder(), help="the data folder")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; any free one if left out")
    parser.add_argument("--fd", type=int, help="a listening socket that the parent process opened")
    given = parser.parse_args()
    try:
        listening = listen(given.port) if given.fd is None else socket.socket(fileno=given.fd)
        state_file = given.home / "sandbox" / STATE_NAME
        with _claimed(state_file, listening.getsockname()[1]) as state:
            asyncio.run(_serve(given.home, listening, state_file, state))
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return problem.exit_code
    return 0


def _claimed(state_file: Path, port: int) -> IO[str]:
    """The state file, locked as long as this process lives, with its pid and port. Raises Busy if another holds it."""
    state_file.parent.mkdir(parents=True, exist_ok=True)
    state = state_file.open("a+", encoding="utf-8")
    for _ in range(_CLAIMS):  # whoever looks whether a server lives holds the lock for a moment too
        try:
            fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_CLAIM_EVERY_S)
        else:
            break
    else:
        state.close()
        raise Busy("a sandbox server of this data folder runs already.", where=str(state_file))
    state.truncate(0)
    state.write(json.dumps({"pid": os.getpid(), "port": port}))
    state.flush()
    return state


async def _serve(home: Path, listening: socket.socket, state_file: Path, state: IO[str]) -> None:
    config = uvicorn.Config(
        build_app(home),
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    watch = asyncio.create_task(_stop_when_gone(server, state_file, state))
    await server.serve(sockets=[listening])
    watch.cancel()


async def _stop_when_gone(server: uvicorn.Server, state_file: Path, state: IO[str]) -> None:
    """Removing the data folder removes everything: a server without its state file stops."""
    own = os.fstat(state.fileno())
    while _is(state_file, own):
        await asyncio.sleep(_LOOKS_EVERY_S)
    server.should_exit = True


def _is(file: Path, known: os.stat_result) -> bool:
    try:
        return os.path.samestat(file.stat(), known)
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main())
