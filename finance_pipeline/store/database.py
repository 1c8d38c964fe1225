"""The database of a data folder: opened once a process, migrated, and used in transactions under a role."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from finance_pipeline.core.problems import BadSettings, PermanentProblem
from finance_pipeline.store import migrations
from finance_pipeline.store.address import (
    Connection,
    connect,
    down,
    parts_of,
    shown,
    sqlalchemy_url,
    with_database,
    with_login,
)
from finance_pipeline.store.roles import LOCK_KEY, Role, Roles
from finance_pipeline.store.server import LOGIN, MIGRATOR, URL_VARIABLE, ensure_server, superuser_url

DAGSTER_URL_VARIABLE = "DAGSTER_DATABASE_URL"
MIGRATION_URL_VARIABLE = "MIGRATION_DATABASE_URL"
"""The same database as DATABASE_URL's, with the login that migrates it."""
IDLE_SESSIONS = 4
"""Sessions kept open between transactions; opening one takes about 5 ms."""


class MigrationsWait(PermanentProblem):
    """The database is older than the program."""


class Database:
    """One database, and Dagster's own beside it. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        dagster_url: str,
        roles: Roles,
        migrations_folder: Path = migrations.FOLDER,
        *,
        migrating_url: str | None = None,
    ) -> None:
        self.url = url
        """A libpq URL. It may hold a password: never show it, show `str(database)`."""
        self.migrating_url = migrating_url or url
        """The same with the login that may become the owner; the one above may not, where two were set up."""
        self.dagster_url = dagster_url
        """For SQLAlchemy, with the driver psycopg2 named in it."""
        self.roles = roles
        self.migrations_folder = migrations_folder
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._migrated = False

    def __repr__(self) -> str:
        return f"Database({shown(self.url)})"

    __str__ = __repr__

    @classmethod
    def open(cls, home: Path) -> Database:
        """The database of DATABASE_URL or of the data folder's embedded server, which is started when needed.

        Roles and both databases are made when missing; migrations are not applied. Raises BadSettings, DatabaseDown.
        """
        url = ensure_server(home)
        roles = Roles.of_environment()
        if os.environ.get(URL_VARIABLE):
            migrating_url = os.environ.get(MIGRATION_URL_VARIABLE) or None
            return cls(url, _set_up_external(url, migrating_url, roles), roles, migrating_url=migrating_url)
        return cls(url, _set_up_embedded(home, url, roles), roles, migrating_url=with_login(url, MIGRATOR))

    def migrate(self) -> list[str]:
        """Apply the migrations that wait, and return their names. Raises BadSettings where the login may not."""
        applied: list[str] = []
        if self.pending():
            with self._session("owner") as conn:
                applied = migrations.migrate(conn, self.roles, self.migrations_folder)
        self._migrated = True
        return applied

    def pending(self) -> list[str]:
        """Names of the migrations that wait."""
        with self._session("app") as conn, conn.transaction():
            self.roles.become(conn, "app")
            return migrations.pending(conn, self.migrations_folder)

    @contextmanager
    def transaction(self, *, role: Role = "app") -> Iterator[Connection]:
        """One transaction under a role: committed at the end, rolled back on any error.

        The role and the search path (pg_catalog alone: name schemas) hold for this transaction. Raises MigrationsWait
        before the first one if migrations wait; DatabaseDown if the server is or goes away.
        """
        self._require_migrated(role)
        with self._session(role) as conn, conn.transaction():
            self.roles.become(conn, role)
            yield conn

    def close(self) -> None:
        """Close every idle session. The server goes on."""
        with self._lock:
            idle, self._idle = self._idle, []
        for conn in idle:
            conn.close()

    def _require_migrated(self, role: Role) -> None:
        if self._migrated or role == "owner":
            return
        waiting = self.pending()
        if waiting:
            raise MigrationsWait(
                f"{len(waiting)} migrations wait, the first is {waiting[0]}.",
                where=shown(self.url),
                kept="Nothing was changed.",
                todo="finance-pipeline db migrate",
            )
        self._migrated = True

    @contextmanager
    def _session(self, role: Role) -> Iterator[Connection]:
        """A session for one use, idle ones first. Lost connections become DatabaseDown, wherever they show.

        Becoming the owner is rare: no session of the login that may do so is kept.
        """
        conn = connect(self.migrating_url) if role == "owner" else self._take()
        try:
            yield conn
        except psycopg.OperationalError as cause:
            if conn.closed:
                kept = "What was not committed is undone; the data is as after the last commit."
                raise down(self.url, cause, kept) from cause
            raise
        finally:
            if role == "owner":
                conn.close()
            else:
                self._give_back(conn)

    def _take(self) -> Connection:
        """An open session; one that the server has ended meanwhile is left behind.

        To an idle session a server says nothing but that it ends it, and only one that said something is asked.
        """
        while True:
            with self._lock:
                conn = self._idle.pop() if self._idle else None
            if conn is None:
                return connect(self.url)
            if not _has_something_to_read(conn):
                return conn
            try:
                conn.execute("select")
                conn.rollback()
            except psycopg.OperationalError:
                conn.close()
            else:
                return conn

    def _give_back(self, conn: Connection) -> None:
        usable = not conn.closed and conn.info.transaction_status == TransactionStatus.IDLE
        with self._lock:
            if usable and len(self._idle) < IDLE_SESSIONS:
                self._idle.append(conn)
                return
        conn.close()


def _has_something_to_read(conn: Connection) -> bool:
    waiting = select.poll()
    waiting.register(conn.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _set_up_embedded(home: Path, url: str, roles: Roles) -> str:
    """Logins, roles and databases of the embedded server; returns Dagster's URL. Nothing is done if all are there.

    No login is the superuser: the superuser's own session is used for setting up alone.
    """
    name = parts_of(url)["dbname"]
    dagster = f"{name}_dagster"
    with connect(superuser_url(home), autocommit=True) as admin:
        # Until the session ends: of several first openings at once, one sets up and the others find it done.
        admin.execute("select pg_catalog.pg_advisory_lock(%s)", [LOCK_KEY])
        known = {row[0] for row in admin.execute("select datname from pg_catalog.pg_database").fetchall()}
        for login in (LOGIN, MIGRATOR):
            if not admin.execute("select from pg_catalog.pg_roles where rolname = %s", [login]).rowcount:
                admin.execute(sql.SQL("create role {} login").format(sql.Identifier(login)))
        if name not in known:
            _create_database(admin, name)
        if dagster not in known:
            _create_dagsters(admin, dagster, owner=LOGIN)
        with connect(with_database(superuser_url(home), name), autocommit=True) as inside:
            roles.set_up(inside, LOGIN, MIGRATOR)
    return sqlalchemy_url(with_database(url, dagster))


def _set_up_external(url: str, migrating_url: str | None, roles: Roles) -> str:
    """Roles in the database of DATABASE_URL, and Dagster's database beside it; returns Dagster's URL."""
    with connect(url, autocommit=True) as conn:
        if migrating_url is None:
            roles.set_up(conn, conn.info.user)
        else:
            with connect(migrating_url, autocommit=True) as migrating:
                roles.set_up(migrating, conn.info.user, migrating.info.user)
        if os.environ.get(DAGSTER_URL_VARIABLE):
            return sqlalchemy_url(os.environ[DAGSTER_URL_VARIABLE])
        dagster = f"{conn.info.dbname}_dagster"
        if not conn.execute("select from pg_catalog.pg_database where datname = %s", [dagster]).rowcount:
            try:
                _create_dagsters(conn, dagster)
            except psycopg.errors.InsufficientPrivilege as cause:
                raise BadSettings(
                    f"there is no database {dagster} for Dagster's own records, and this login may not create it.",
                    where=shown(url),
                    todo=f"Create {dagster} with this login as its owner, or set {DAGSTER_URL_VARIABLE}.",
                ) from cause
    return sqlalchemy_url(with_database(url, dagster))


def _create_dagsters(conn: Connection, name: str, owner: str | None = None) -> None:
    """Create the database of Dagster's own records, whose commits wait for no disk.

    A run notes hundreds of events, each with a commit of its own; a power cut that takes the last of them takes nothing
    of any book.
    """
    if _create_database(conn, name, owner):
        conn.execute(sql.SQL("alter database {} set synchronous_commit = off").format(sql.Identifier(name)))


def _create_database(conn: Connection, name: str, owner: str | None = None) -> bool:
    """Create a database; whether it was made here: another session may have been faster."""
    statement = sql.SQL("create database {} encoding 'UTF8' template template0").format(sql.Identifier(name))
    if owner:
        statement += sql.SQL(" owner {}").format(sql.Identifier(owner))
    try:
        conn.execute(statement)
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return False
    return True
