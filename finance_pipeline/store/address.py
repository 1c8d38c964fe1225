"""Addresses of databases: checked, shown without their password, and connected to with problems a person can read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from finance_pipeline.core.problems import BadSettings, DatabaseDown

OLDEST_VERSION = 15
CONNECT_TIMEOUT_S = 10
APPLICATION_NAME_LIMIT = 63
SESSION = """
    select pg_catalog.set_config(name, value, false)
    from (
        values ('search_path', 'pg_catalog, pg_temp'), ('timezone', 'UTC'), ('datestyle', 'ISO, YMD'),
            ('bytea_output', 'hex'), ('extra_float_digits', '1'), ('standard_conforming_strings', 'on')
    ) as wanted (name, value)
"""
"""pg_temp last: otherwise temporary objects would shadow the system's."""

Connection = psycopg.Connection[tuple[Any, ...]]


def parts_of(url: str) -> dict[str, str]:
    """The parameters of a URL or of a key=value string. Raises BadSettings, which never repeats any of it."""
    if "://" in url:
        login, at, _ = url.split("://", 1)[1].rpartition("@")
        if at and any(character in login for character in "/@?#"):
            raise BadSettings(
                "the user or password in the database's URL has one of / @ ? # in it.",
                where="DATABASE_URL",
                todo="Write them as %2F, %40, %3F, %23.",
            )
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError:
        # Not chained: the cause repeats parts of the URL, which may be parts of the password.
        raise BadSettings(
            "this is not the URL of a PostgreSQL database.",
            where="DATABASE_URL",
            todo="Write it as postgresql://user:password@host:port/database.",
        ) from None


def shown(url: str) -> str:
    """Which database a URL means, fit for messages: without its password."""
    parts = parts_of(url)
    where = parts.get("host") or parts.get("hostaddr") or "localhost"
    return f"database {parts.get('dbname', '')} of {parts.get('user', '')} at {where}:{parts.get('port', '5432')}"


def with_database(url: str, database: str) -> str:
    """The same server and login, another database."""
    return psycopg.conninfo.make_conninfo("", **{**parts_of(url), "dbname": database})


def with_login(url: str, login: str) -> str:
    """The same server and database, another login, which needs no password."""
    return psycopg.conninfo.make_conninfo("", **{**parts_of(url), "user": login})


def sqlalchemy_url(url: str) -> str:
    """The same address for SQLAlchemy, with the driver named in it (2.1 would choose another by itself).

    Slashes of a socket folder stay as they are: Alembic takes a percent sign in a URL's query for its own.
    """
    parts = parts_of(url)
    login = quote(parts.pop("user", ""), safe="")
    if "password" in parts:
        login += ":" + quote(parts.pop("password"), safe="")
    database = quote(parts.pop("dbname", ""), safe="")
    at = ""
    if not parts.get("host", "").startswith("/"):
        at = parts.pop("host", "localhost") + ":" + parts.pop("port", "5432")
    query = "&".join(f"{name}={quote(value, safe='/')}" for name, value in parts.items())
    return f"postgresql+psycopg2://{login}@{at}/{database}" + (f"?{query}" if query else "")


def connect(url: str, *, autocommit: bool = False) -> Connection:
    """A session with our settings and name. Raises DatabaseDown, or BadSettings for a server that is too old."""
    parts = parts_of(url)
    parts.setdefault("connect_timeout", str(CONNECT_TIMEOUT_S))
    parts.setdefault("application_name", application_name())
    try:
        conn = psycopg.connect(**parts, client_encoding="utf8", autocommit=True)  # type: ignore[arg-type]
        conn.execute(SESSION)
    except psycopg.OperationalError as cause:
        raise down(url, cause) from cause
    version = conn.info.server_version // 10000
    if version < OLDEST_VERSION:
        conn.close()
        raise BadSettings(
            f"PostgreSQL {version} is too old.", where=shown(url), todo=f"Use version {OLDEST_VERSION} or newer."
        )
    conn.autocommit = autocommit
    return conn


def down(url: str, cause: psycopg.Error, kept: str = "Nothing was changed.") -> DatabaseDown:
    """The problem for a connection that cannot be made or was lost; the password is in none of its parts."""
    said = " ".join(str(cause).split()).rstrip(".") + "."
    password = parts_of(url).get("password")
    if password:
        said = said.replace(password, "***")
    refused = "FATAL: " in said
    return DatabaseDown(
        f"PostgreSQL answers, but gives us no session: {said}" if refused else f"PostgreSQL does not answer: {said}",
        where=shown(url),
        kept=kept,
        todo="Check the user, password and database in DATABASE_URL."
        if refused
        else "Start it (finance-pipeline db start, or your own server) and run this again; nothing is done twice.",
    )


def application_name() -> str:
    """How our sessions appear in pg_stat_activity and in the messages about locks."""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
    tail = f" (process {os.getpid()})"
    return ("finance_pipeline: " + command)[: APPLICATION_NAME_LIMIT - len(tail)] + tail
