"""The sandbox's server process: started, found again, replaced, stopped; and the ECB's file, which needs no login."""

import io
import json
import os
import shutil
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from finance_pipeline.core.problems import Busy
from finance_pipeline.sandbox.process import STATE_NAME, ensure_sandbox, listen, stop_sandbox
from finance_pipeline_tests.sandbox.serving import Running, moment, serving, write_clock, write_log

RATES = "Date,USD,GBP,\n2026-11-02,1.1812,0.8712,\n2026-10-30,1.1799,0.8701,\n2026-10-29,1.1735,0.8700,\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    write_log(
        tmp_path / "sandbox" / "served" / "us-plaid", "transaction", [(moment("2026-10-01"), "added", "t1", "{}")]
    )
    write_clock(tmp_path, "2026-11-02")
    yield tmp_path
    if tmp_path.exists():
        stop_sandbox(tmp_path)


def server_of(home: Path) -> dict[str, int]:
    return json.loads((home / "sandbox" / STATE_NAME).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def health(url: str) -> int:
    at = urlsplit(url)
    return Running(Path(), at.port or 0).raw("GET", "/control/health")[0].status  # type: ignore[no-any-return]


def test_a_server_is_found_again_and_keeps_its_port_when_it_comes_back(home: Path) -> None:
    urls = ensure_sandbox(home)
    first = server_of(home)
    assert urls == {"us-plaid": f"http://127.0.0.1:{first['port']}/us-plaid"}
    assert health(urls["us-plaid"]) == 200
    assert ensure_sandbox(home) == urls
    assert server_of(home) == first, "no second process"
    os.kill(first["pid"], signal.SIGKILL)
    assert ensure_sandbox(home) == urls
    assert server_of(home)["pid"] != first["pid"]
    assert stop_sandbox(home)
    assert not stop_sandbox(home)


def test_a_port_that_somebody_else_has_is_left_to_them(home: Path) -> None:
    urls = ensure_sandbox(home)
    port = server_of(home)["port"]
    stop_sandbox(home)
    with listen(port):
        with pytest.raises(Busy, match=str(port)):
            listen(port)
        moved = ensure_sandbox(home)
        assert moved != urls
        assert health(moved["us-plaid"]) == 200


def test_removing_the_data_folder_ends_its_server(home: Path) -> None:
    ensure_sandbox(home)
    port = server_of(home)["port"]
    shutil.rmtree(home)
    until = time.monotonic() + 8
    while time.monotonic() < until:
        try:
            listen(port).close()
            break
        except Busy:
            time.sleep(0.1)
    listen(port).close()


def test_the_rates_are_those_published_by_the_clock_and_are_sent_once(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox" / "served" / "ecb"
    folder.mkdir(parents=True)
    (folder / "eurofxref-hist.csv").write_text(RATES, encoding="utf-8")
    path = "/ecb/stats/eurofxref/eurofxref-hist.zip"
    with serving(tmp_path) as running:
        running.at("2026-11-02T14:00")
        response, body = running.raw("GET", path)
        packed = zipfile.ZipFile(io.BytesIO(body))
        assert packed.read("eurofxref-hist.csv").decode().splitlines()[1] == "2026-10-30,1.1799,0.8701,"
        assert response.headers["Last-Modified"] == "Fri, 30 Oct 2026 15:00:00 GMT"
        known = {"If-None-Match": response.headers["ETag"]}
        assert running.raw("GET", path, known)[0].status == 304
        running.at("2026-11-02T15:00")
        response, body = running.raw("GET", path, known)
        assert (response.status, b"2026-11-02" in zipfile.ZipFile(io.BytesIO(body)).read("eurofxref-hist.csv")) == (
            200,
            True,
        )
        assert running.raw("GET", "/nobody/x")[0].status == 404
