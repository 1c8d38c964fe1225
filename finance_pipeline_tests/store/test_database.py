"""The database: the same on the embedded server and on one's own; roles that cannot; problems that tell no password."""

import os
from pathlib import Path
from typing import LiteralString

import polars as pl
import psycopg
import pytest
import sqlalchemy
from psycopg import sql

from finance_pipeline.core.problems import BadSettings, DatabaseDown
from finance_pipeline.store.address import Connection, connect, parts_of, shown, sqlalchemy_url
from finance_pipeline.store.copy import copy_in, copy_out
from finance_pipeline.store.database import Database, MigrationsWait
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.roles import Role
from finance_pipeline.store.server import server_status

STRUCTURAL: list[LiteralString] = [
    "create table ops.mine ()",
    "create table staging.mine ()",
    "create table public.mine ()",
    "create temporary table mine ()",
    "create schema mine",
    "create role finance_pipeline_mine",
    "drop table ops.migration",
    "truncate ops.migration",
    "delete from ops.migration",
    "update ops.migration set sha256 = ''",
    "insert into ops.migration (number, name, sha256) values (1000, '', '')",
    "alter table ops.migration add column mine text",
    "set role postgres",
]
FRAME = pl.DataFrame({"file_hash": ["a" * 64], "texts": [["x", None]]})


@pytest.fixture(params=["embedded", "external"])
def opened(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database opened from nothing, as a newcomer's first command does."""
    if request.param == "external":
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("external_server"))
    return Database.open(home)


def test_a_database_is_opened_migrated_and_used_on_either_server(opened: Database, home: Path) -> None:
    with pytest.raises(MigrationsWait, match="finance-pipeline db migrate"), opened.transaction():
        pass
    assert opened.migrate()[0] == "0001_schemas.sql"
    assert Database.open(home).migrate() == []
    with opened.transaction(role="owner") as conn:
        conn.execute("create table staging.frame (file_hash text, texts text[])")
        conn.execute("grant insert, select on staging.frame to finance_pipeline_app")
    with opened.transaction() as conn:
        assert conn.execute("show synchronous_commit").fetchone() == ("on",)
        book_lock(conn, "us")
        copy_in(conn, "staging.frame", FRAME)
        assert copy_out(conn, "select * from staging.frame", None, FRAME.schema).equals(FRAME)
    with sqlalchemy.create_engine(opened.dagster_url).begin() as dagster:
        dagster.execute(sqlalchemy.text("create table of_dagster ()"))
        assert dagster.execute(sqlalchemy.text("show synchronous_commit")).scalar() == "off"
    assert server_status(home).running
    assert "se/cr@t%" not in f"{opened!r} {opened} {server_status(home)}"


def test_what_fails_inside_a_transaction_leaves_nothing(database: Database) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), database.transaction(role="owner") as conn:
        conn.execute("create table ops.half (); select 1 / 0")
    with database.transaction() as conn:
        assert conn.execute("select to_regclass('ops.half')").fetchone() == (None,)


@pytest.mark.parametrize("role", ["app", "reader"])
def test_neither_the_app_nor_the_reader_can_change_the_structure(database: Database, role: Role) -> None:
    for statement in STRUCTURAL:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(role=role) as conn:
            conn.execute(statement)


def test_the_login_is_no_superuser_and_has_no_rights_until_it_takes_a_role(database: Database) -> None:
    with connect(database.url) as conn:
        assert conn.execute("select rolsuper from pg_roles where rolname = session_user").fetchone() == (False,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select * from ops.migration")


def test_the_login_that_runs_the_pipeline_can_not_become_the_owner_who_alone_migrates(database: Database) -> None:
    with connect(database.url) as running, pytest.raises(psycopg.errors.InsufficientPrivilege):
        running.execute("set role finance_pipeline_owner")
    with connect(database.migrating_url) as migrating, pytest.raises(psycopg.errors.InsufficientPrivilege):
        migrating.execute("set role finance_pipeline_app")


def test_a_login_that_may_only_run_the_pipeline_uses_what_another_migrated(
    external_server: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = parts_of(external_server)["dbname"]
    with connect(external_server, autocommit=True) as admin:
        admin.execute(sql.SQL("create role {} login password 'runs'").format(sql.Identifier(f"{name}_runs")))
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(f"{name}_dagster")))
    running = external_server.replace(f"{name}:se%2Fcr%40t%25", f"{name}_runs:runs")
    monkeypatch.setenv("FINANCE_PIPELINE_ROLE_PREFIX", name)
    monkeypatch.setenv("DATABASE_URL", running)
    monkeypatch.setenv("MIGRATION_DATABASE_URL", external_server)
    waiting = Database.open(home)
    monkeypatch.delenv("MIGRATION_DATABASE_URL")
    with pytest.raises(BadSettings, match=r"_runs runs the pipeline.*MIGRATION_DATABASE_URL"):
        Database.open(home).migrate()
    waiting.migrate()
    opened = Database.open(home)
    assert opened.migrate() == []
    with opened.transaction() as conn:
        assert conn.execute("select current_user, session_user").fetchone() == (f"{name}_app", f"{name}_runs")
    with pytest.raises(BadSettings, match="may not change"), opened.transaction(role="owner"):
        pass


def test_a_name_without_its_schema_finds_nothing_but_the_systems_own(database: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable), database.transaction() as conn:
        conn.execute("select * from migration")


def test_two_installations_on_one_server_keep_their_roles_apart(
    external_server: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = parts_of(external_server)["dbname"]
    monkeypatch.setenv("DATABASE_URL", external_server)
    with connect(external_server, autocommit=True) as elsewhere:
        elsewhere.execute("create role finance_pipeline_app nologin")
    monkeypatch.setenv("FINANCE_PIPELINE_ROLE_PREFIX", prefix)
    opened = Database.open(home)
    opened.migrate()
    with opened.transaction() as conn:
        assert conn.execute("select current_user").fetchone() == (f"{prefix}_app",)
        assert conn.execute(
            "select pg_get_userbyid(nspowner), has_schema_privilege('finance_pipeline_app', 'landing', 'usage') "
            "from pg_namespace where nspname = 'landing'"
        ).fetchone() == (f"{prefix}_owner", False)


def test_a_login_without_the_right_to_make_roles_is_told_what_an_administrator_runs(
    external_server: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = parts_of(external_server)["user"]
    with connect(external_server, autocommit=True) as conn:
        conn.execute("create role weak login password 'weak'")
    monkeypatch.setenv("DATABASE_URL", external_server.replace(f"{login}:se%2Fcr%40t%25", "weak:weak"))
    monkeypatch.setenv("FINANCE_PIPELINE_ROLE_PREFIX", f"{login}_weak")
    with pytest.raises(BadSettings, match=r"the login weak may not .*administrator.*sql/roles\.sql"):
        Database.open(home)


def test_an_idle_session_that_the_server_ended_is_replaced_without_a_word(database: Database) -> None:
    with database.transaction() as conn:
        pid = conn.info.backend_pid
    _end_session(database, pid)
    with database.transaction() as conn:
        assert conn.info.backend_pid != pid


def test_a_session_that_is_lost_in_a_transaction_says_so_and_keeps_nothing_of_it(database: Database) -> None:
    with pytest.raises(DatabaseDown, match="What was not committed is undone"), database.transaction() as conn:
        _lose_session(database, conn)


def _lose_session(database: Database, conn: Connection) -> None:
    _end_session(database, conn.info.backend_pid)
    conn.execute("select 1")


def _end_session(database: Database, pid: int) -> None:
    with connect(database.url, autocommit=True) as conn:
        conn.execute("select pg_terminate_backend(%s, 5000)", [pid])


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://books:hush@127.0.0.1:1/books",
        "host=127.0.0.1 port=1 user=books password=hush dbname=books",
        "postgresql://books:hush@no.such.host.invalid/books?connect_timeout=3",
        "postgresql://books@127.0.0.1:1/books?password=hush",
    ],
)
def test_a_server_that_is_down_is_named_without_its_password(
    url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(DatabaseDown, match=r"database books of books at .*does not answer.*db start") as down:
        Database.open(home)
    assert down.value.exit_code == 75
    assert "hush" not in f"{down.value} {server_status(home)} {shown(url)}"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://books:hu@sh@127.0.0.1:1/books",
        "postgresql://books:hu/sh@127.0.0.1:1/books",
        "postgresql://books:hu#sh@127.0.0.1:1/books",
        "postgresql://books:hush@127.0.0.1:port/books?hush",
        "mysql://books:hush@127.0.0.1/books",
        "hush",
    ],
)
def test_a_malformed_url_is_refused_without_repeating_any_of_it(
    url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(BadSettings, match="DATABASE_URL") as refused:
        Database.open(home)
    assert not any(part in str(refused.value) for part in ("hu@sh", "hush", "hu/", "sh@"))
    assert refused.value.__cause__ is None


def test_a_wrong_password_is_refused_without_showing_it(
    external_server: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", external_server.replace("se%2Fcr%40t%25", "gue%2Fss"))
    with pytest.raises(
        DatabaseDown, match=r"gives us no session.*password authentication failed.*DATABASE_URL"
    ) as refused:
        Database.open(home)
    assert "gue" not in str(refused.value)


def test_an_address_for_sqlalchemy_names_the_driver_and_keeps_every_part() -> None:
    assert (
        sqlalchemy_url("postgresql://a%40b:p%2Fw@db.example:6543/books?sslmode=require")
        == "postgresql+psycopg2://a%40b:p%2Fw@db.example:6543/books?sslmode=require"
    )
    assert sqlalchemy_url("host=/tmp/s dbname=b user=u") == "postgresql+psycopg2://u@/b?host=/tmp/s"


def test_sessions_carry_a_name_that_says_which_process_they_belong_to(database: Database) -> None:
    with database.transaction() as conn:
        row = conn.execute("select current_setting('application_name')").fetchone()
    assert row is not None
    assert str(row[0]).startswith("finance_pipeline: ")
    assert str(row[0]).endswith(f"(process {os.getpid()})")
