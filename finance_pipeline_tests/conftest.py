"""Fixtures that every room shares: data folders, and real PostgreSQL databases that are fresh and cheap."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from finance_pipeline.store.address import connect, with_database
from finance_pipeline.store.database import Database
from finance_pipeline.store.roles import Roles
from finance_pipeline.store.server import LOGIN, start_on_port, stop_server, superuser_url

OURS = ("DATABASE_URL", "DAGSTER_DATABASE_URL", "FINANCE_PIPELINE_HOME", "FINANCE_PIPELINE_ROLE_PREFIX")
_numbers = itertools.count(1)


@pytest.fixture(autouse=True, scope="session")
def _environment_of_our_own() -> Iterator[None]:
    """Whatever the developer's shell says, tests never touch a database or folder of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in OURS:
            patch.delenv(name, raising=False)
        yield


def _folder() -> Path:
    """A folder below /tmp that the server's account can enter (pytest's own are closed to it when we are root)."""
    folder = Path(tempfile.mkdtemp(prefix="fp-test-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


def _discard(folder: Path) -> None:
    stop_server(folder)
    shutil.rmtree(folder)


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty data folder; the server that a test starts in it is stopped."""
    folder = _folder()
    yield folder
    _discard(folder)


@pytest.fixture(scope="session")
def server_home() -> Iterator[Path]:
    """The data folder whose embedded server all tests share; its database is migrated and used as a template only."""
    folder = _folder()
    template = Database.open(folder)
    template.migrate()
    template.close()
    yield folder
    _discard(folder)


@pytest.fixture
def database(server_home: Path) -> Iterator[Database]:
    """A migrated database of the shared server, fresh for this test."""
    admin_url = superuser_url(server_home)
    name = f"test_{next(_numbers)}"
    with connect(admin_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template finance_pipeline owner finance_pipeline_owner").format(
                sql.Identifier(name)
            )
        )
    with connect(with_database(admin_url, name), autocommit=True) as admin:
        Roles().set_up(admin, LOGIN)
    shared = Database.open(server_home)
    opened = Database(with_database(shared.url, name), shared.dagster_url, Roles())
    yield opened
    opened.close()
    with connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def _external() -> Iterator[str]:
    """URL of the superuser of a second server of the same programs, on a loopback port."""
    folder = _folder()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield start_on_port(folder, port, "a pass/word@%")
    _discard(folder)


@pytest.fixture
def external_server(_external: str) -> Iterator[str]:
    """What an administrator hands out as DATABASE_URL: an empty database, and its owner's login and password.

    The login is no superuser; it may create roles and databases.
    """
    name = f"books_{next(_numbers)}"
    with psycopg.connect(_external, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create role {} login createrole createdb password 'se/cr@t'").format(sql.Identifier(name))
        )
        admin.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(name)))
    port = psycopg.conninfo.conninfo_to_dict(_external)["port"]
    yield f"postgresql://{name}:se%2Fcr%40t@127.0.0.1:{port}/{name}"
    with psycopg.connect(_external, autocommit=True) as admin:
        for each in (name, f"{name}_dagster"):
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(each)))


@pytest.fixture
def running_as_root() -> bool:
    return os.geteuid() == 0
