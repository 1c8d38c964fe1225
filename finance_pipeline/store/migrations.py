"""Migrations: numbered files in sql/migrations, each applied once, in order, in one transaction, as the owner.

What was applied is in ops.migration with the digest of its text: an applied file never changes, a further file does.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.store.address import Connection
from finance_pipeline.store.roles import Roles
from finance_pipeline.store.sql import SQL_FOLDER, text_of

FOLDER = SQL_FOLDER / "migrations"
LOCK_KEY = 7_020_250_501
"""Advisory lock of the runner: two that start at the same time apply each file once."""
BOOKKEEPING = """
create schema if not exists ops;
create table if not exists ops.migration (
    number integer primary key,
    name text not null unique,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp(),
    applied_by text not null default session_user
);
comment on table ops.migration is 'One row per applied migration, with the SHA-256 of its text.';
grant usage on schema ops to finance_pipeline_app, finance_pipeline_reader;
grant select on ops.migration to finance_pipeline_app, finance_pipeline_reader;
"""


class MigrationsDisagree(PermanentProblem):
    """An applied file changed or is missing, two files share a number, or a file failed."""


@dataclass(frozen=True)
class Migration:
    """One file."""

    number: int
    name: str
    text: LiteralString
    sha256: str


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """Every migration in order. Numbers may be left out, never used twice. Raises MigrationsDisagree."""
    found: list[Migration] = []
    for file in sorted(folder.glob("*.sql")):
        named = re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", file.name)
        if named is None:
            raise MigrationsDisagree("a migration is named NNNN_what.sql.", where=str(file))
        text = text_of(file)
        found.append(Migration(int(named[1]), file.name, text, hashlib.sha256(text.encode()).hexdigest()))
    for one, next_one in itertools.pairwise(found):
        if one.number == next_one.number:
            raise MigrationsDisagree(f"{one.name} and {next_one.name} have the same number.", where=str(folder))
    return found


def pending(conn: Connection, folder: Path = FOLDER) -> list[str]:
    """Names of the files that wait, in order. Raises MigrationsDisagree when what was applied is not what is there."""
    return [migration.name for migration in _waiting(conn, folder)]


def _waiting(conn: Connection, folder: Path) -> list[Migration]:
    row = conn.execute("select pg_catalog.to_regclass('ops.migration') is not null").fetchone()
    applied: dict[int, tuple[str, str]] = {}
    if row and row[0]:
        rows = conn.execute("select number, name, sha256 from ops.migration").fetchall()
        applied = {number: (name, sha256) for number, name, sha256 in rows}
    files = migrations(folder)
    for missing in sorted(set(applied) - {each.number for each in files}):
        raise MigrationsDisagree(
            f"the database has {applied[missing][0]}, which is not among the files: it is newer than this program.",
            where=str(folder),
            kept="Nothing was changed.",
            todo="Update the program.",
        )
    for each in files:
        if each.number in applied and applied[each.number] != (each.name, each.sha256):
            raise MigrationsDisagree(
                f"{applied[each.number][0]} was changed after it was applied.",
                where=str(folder / each.name),
                kept="Nothing was changed.",
                todo="Put the file back as it was, and say the change in a further migration.",
            )
    return [each for each in files if each.number not in applied]


def migrate(conn: Connection, roles: Roles, folder: Path = FOLDER) -> list[str]:
    """Apply what waits and return its names. conn: idle, not in autocommit, a login that may become the owner.

    Each file commits by itself, so that a failure keeps the files before it. Raises MigrationsDisagree.
    """
    applied: list[str] = []
    with conn.transaction():
        roles.become(conn, "owner")
        if not _waiting(conn, folder):
            return applied
    while True:
        with conn.transaction():
            conn.execute("select pg_catalog.pg_advisory_xact_lock(%s)", [LOCK_KEY])
            roles.become(conn, "owner")
            conn.execute(roles.named(BOOKKEEPING))
            waiting = _waiting(conn, folder)
            if not waiting:
                return applied
            _apply(conn, roles, waiting[0], folder)
        applied.append(waiting[0].name)


def _apply(conn: Connection, roles: Roles, migration: Migration, folder: Path) -> None:
    transaction = conn.execute("select pg_catalog.pg_current_xact_id()").fetchone()
    try:
        conn.execute(roles.named(migration.text))
        if conn.execute("select pg_catalog.pg_current_xact_id()").fetchone() != transaction:
            raise MigrationsDisagree(
                "the file ends its transaction, but a migration is one transaction.",
                where=str(folder / migration.name),
                kept="What it did before that stays; it is not recorded as applied.",
                todo="Take begin, commit and rollback out of it.",
            )
        conn.execute(
            "insert into ops.migration (number, name, sha256) values (%s, %s, %s)",
            [migration.number, migration.name, migration.sha256],
        )
    except psycopg.Error as cause:
        if conn.closed:
            raise
        position = cause.diag.statement_position
        line = roles.named(migration.text)[: int(position)].count("\n") + 1 if position else None
        raise MigrationsDisagree(
            f"the migration failed: {' '.join(str(cause).split())}.",
            where=str(folder / migration.name) + (f", line {line}" if line else ""),
            kept="Its transaction was undone, and it is not recorded as applied; files before it stay.",
        ) from cause
