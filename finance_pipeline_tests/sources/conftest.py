"""One sandbox server for all tests of the connectors; each test has a connection of its own."""

from collections.abc import Iterator

import pytest

from finance_pipeline.core.identity import digest
from finance_pipeline.core.settings import ConnectionKind
from finance_pipeline_tests.sandbox.serving import Running, serving
from finance_pipeline_tests.sources.pulling import Connected


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("sources")) as found:
        yield found


@pytest.fixture
def connected(running: Running, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Connected:
    """A connection of the vendor that the test's file is about."""
    kind: ConnectionKind = request.module.KIND
    running.at("2026-10-25")
    return Connected(running, kind, f"test-{digest(request.node.nodeid)[:12]}", monkeypatch)
