"""A sandbox server in a thread, and the small worlds that its tests write for it to serve."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import uvicorn

from finance_pipeline.sandbox.process import listen
from finance_pipeline.sandbox.servers.app import build_app
from finance_pipeline.sandbox.servers.log import COLUMNS
from finance_pipeline.sandbox.servers.network import BreakableProtocol

Event = tuple[datetime, str, str, str]
"""When it is visible, the operation, the id, the record's JSON."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def write_log(folder: Path, kind: str, events: Sequence[Event]) -> None:
    """A log as the world writes it; events are in order."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(at, op, id_, sort, text) for sort, (at, op, id_, text) in enumerate(events)]
    pl.DataFrame(rows, schema=COLUMNS, orient="row").write_parquet(folder / f"{kind}.parquet")


def write_clock(home: Path, now: str) -> None:
    file = home / "sandbox" / "clock.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps({"now": moment(now).isoformat()}), encoding="utf-8")
    beside.rename(file)


class Running:
    """One server and its data folder."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port

    def url(self, connection: str) -> str:
        return f"http://127.0.0.1:{self.port}/{connection}"

    def at(self, now: str) -> None:
        """Set the sandbox clock."""
        write_clock(self.home, now)

    def world(self, connection: str, **kinds: Sequence[Event]) -> Path:
        """Write the logs of a connection."""
        folder = self.home / "sandbox" / "served" / connection
        for kind, events in kinds.items():
            write_log(folder, kind, events)
        return folder

    def raw(self, method: str, path: str, headers: dict[str, str] | None = None, body: str = "") -> tuple[Any, bytes]:
        """A plain HTTP call: the response (status, headers) and its body."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response, response.read()

    def fault(self, connection: str, kind: str, **more: Any) -> None:
        response, said = self.raw(
            "POST", "/control/fault", body=json.dumps({"connection": connection, "kind": kind, **more})
        )
        assert response.status == 200, said


@contextmanager
def serving(home: Path) -> Iterator[Running]:
    """A server of a data folder, in a thread, for as long as the context lasts."""
    listening = listen(0)
    config = uvicorn.Config(build_app(home), http=BreakableProtocol, ws="none", lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield Running(home, listening.getsockname()[1])
    server.should_exit = True
    thread.join(10)
