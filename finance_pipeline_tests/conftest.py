"""Fixtures that every room shares: data folders, and real PostgreSQL databases that are fresh and cheap."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from finance_pipeline.store.address import connect, parts_of, with_database
from finance_pipeline.store.database import Database
from finance_pipeline.store.roles import Roles
from finance_pipeline.store.server import LOGIN, MIGRATOR, start_on_port, stop_server, superuser_url

OURS = (
    "DATABASE_URL",
    "DAGSTER_DATABASE_URL",
    "MIGRATION_DATABASE_URL",
    "FINANCE_PIPELINE_ACTOR",
    "FINANCE_PIPELINE_HOME",
    "FINANCE_PIPELINE_ROLE_PREFIX",
)
_numbers = itertools.count(1)
MEMORY = Path("/dev/shm")
MEMORY_ROOM_BYTES = 2 * 2**30
OF_A_COMPANY = {"growing", "grown", "at_once", "two_books"}
"""Books of simulated companies that a worker keeps for the session."""

settings.register_profile("beside other tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside other tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is long in the making and serves many tests is made by one worker: these begin the second half of the list.

    Two workers begin at the head and in the middle of the list, and then take from the end of each other's: so one of
    them compiles the engine's loops, and keeps the books of simulated companies, while the other has no need of them.
    The command line's tests come last, those of the demo first among them, so that one worker runs the demo.
    """
    of_a_company: list[pytest.Item] = []
    typed: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        used = item.fixturenames  # type: ignore[attr-defined]
        which = typed if "cli" in item.path.parts else of_a_company if OF_A_COMPANY & {*used} else others
        which.append(item)
    of_a_company.sort(key=lambda item: "two_books" in item.fixturenames)  # type: ignore[attr-defined]
    typed.sort(key=lambda item: "demo" not in item.fixturenames)  # type: ignore[attr-defined]
    half = len(items) // 2
    items[:] = [*others[:half], *of_a_company, *others[half:], *typed]


@pytest.fixture(autouse=True, scope="session")
def _environment_of_our_own() -> Iterator[None]:
    """Whatever the developer's shell says, tests never touch a database or folder of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in OURS:
            patch.delenv(name, raising=False)
        yield


def _base() -> Path:
    """In memory where there is room, else /tmp: a cluster is a thousand small files, a database half as many.

    A killed process finds there what it would find on a disk; no test takes the power away.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK):
        found = os.statvfs(MEMORY)
        if found.f_bavail * found.f_frsize > MEMORY_ROOM_BYTES and not found.f_flag & os.ST_NOEXEC:
            return MEMORY
    return Path("/tmp")


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder that the server's account can enter (pytest's own are closed to it when we are root)."""
    folder = Path(tempfile.mkdtemp(prefix="fp-test-", dir=_base()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        stop_server(folder)
        shutil.rmtree(folder)


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty data folder; the server that a test starts in it is stopped."""
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def shared(_environment_of_our_own: None) -> Iterator[tuple[Database, str]]:
    """The server of the session: its migrated database, used as a template only, and its superuser's URL."""
    with data_folder() as folder:
        template = Database.open(folder)
        _without_fsync(superuser_url(folder))
        template.migrate()
        template.close()
        yield template, superuser_url(folder)


def _without_fsync(admin_url: str) -> None:
    """Only for speed: no test pulls the plug of a server that it shares, and its databases live for seconds."""
    with connect(admin_url, autocommit=True) as admin:
        admin.execute("alter system set fsync = off")
        admin.execute("alter system set autovacuum = off")
        admin.execute("select pg_reload_conf()")


@contextmanager
def _fresh(shared: tuple[Database, str], template: str) -> Iterator[Database]:
    """A database of the shared server, made from a template and dropped afterwards."""
    original, admin_url = shared
    name = f"test_{next(_numbers)}"
    with connect(admin_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {} strategy file_copy owner finance_pipeline_owner").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    with connect(with_database(admin_url, name), autocommit=True) as admin:
        Roles().set_up(admin, LOGIN, MIGRATOR)
    url, migrating_url = (with_database(each, name) for each in (original.url, original.migrating_url))
    opened = Database(url, original.dagster_url, Roles(), migrating_url=migrating_url)
    try:
        yield opened
    finally:
        opened.close()
        with connect(admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def database(shared: tuple[Database, str]) -> Iterator[Database]:
    """A migrated database, fresh for this test. Dagster's own is shared by the session."""
    with _fresh(shared, "finance_pipeline") as opened:
        yield opened


@pytest.fixture
def empty_database(shared: tuple[Database, str]) -> Iterator[Database]:
    """A database with its roles, to which no migration was applied yet."""
    with _fresh(shared, "template0") as opened:
        yield opened


@pytest.fixture(scope="session")
def _on_a_port() -> Iterator[str]:
    """URL of the superuser of a second server of the same programs, on a loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with data_folder() as folder:
        url = start_on_port(folder, port, "a pass/word@%")
        _without_fsync(url)
        yield url


@pytest.fixture
def external_server(_on_a_port: str) -> Iterator[str]:
    """What an administrator hands out as DATABASE_URL: an empty database, and its owner's login and password.

    The login is no superuser; it may create roles and databases, and is the first on its server to do so.
    """
    name = f"books_{next(_numbers)}"
    with connect(_on_a_port, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create role {} login createrole createdb password 'se/cr@t%'").format(sql.Identifier(name))
        )
        admin.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(name)))
    yield f"postgresql://{name}:se%2Fcr%40t%25@127.0.0.1:{parts_of(_on_a_port)['port']}/{name}"
    with connect(_on_a_port, autocommit=True) as admin:
        for each in (name, f"{name}_dagster"):
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(each)))
        for role in map(Roles().__getitem__, ("owner", "app", "reader")):
            admin.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
