"""Roles: owner (migrations), app (the pipeline), reader (analysts). None can log in; sessions become one of them.

The login that runs the pipeline becomes app or reader; another one migrates and may become owner. A server of one's own
that hands out a single login may have it do both.

Roles belong to a whole server, so that their names carry a prefix: two installations on one server choose two.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, Literal, LiteralString

import psycopg
from psycopg import sql

from finance_pipeline.core.problems import BadSettings
from finance_pipeline.store.sql import SQL_FOLDER, text_of

PREFIX_VARIABLE = "FINANCE_PIPELINE_ROLE_PREFIX"
PREFIX = "finance_pipeline"
ROLES_FILE = SQL_FOLDER / "roles.sql"
LOCK_KEY = 7_020_250_502
"""Advisory lock of setting up."""
Role = Literal["app", "reader", "owner"]


@dataclass(frozen=True)
class Roles:
    """The role names of one installation."""

    prefix: str = PREFIX

    @classmethod
    def of_environment(cls) -> Roles:
        """With the prefix that FINANCE_PIPELINE_ROLE_PREFIX names. Raises BadSettings."""
        prefix = os.environ.get(PREFIX_VARIABLE) or PREFIX
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,39}", prefix):
            raise BadSettings("a prefix of role names has up to 40 of a to z, 0 to 9 and _.", where=PREFIX_VARIABLE)
        return cls(prefix)

    def __getitem__(self, role: Role) -> str:
        return f"{self.prefix}_{role}"

    def become(self, conn: psycopg.Connection[Any], role: Role) -> None:
        """Take a role until the transaction ends. Raises BadSettings if conn's login may not become the owner."""
        try:
            conn.execute(sql.SQL("set local role {}").format(sql.Identifier(self[role])))
        except psycopg.errors.InsufficientPrivilege as cause:
            if role != "owner":
                raise
            raise BadSettings(
                f"the login {conn.info.user} runs the pipeline and may not change the database's structure.",
                where=f"database {conn.info.dbname}",
                kept="Nothing was changed.",
                todo="Set MIGRATION_DATABASE_URL to the login that migrates, and run this again.",
            ) from cause

    def named(self, text: LiteralString) -> LiteralString:
        """A text of ours that names the roles with the default prefix, with this installation's names."""
        return re.sub(rf"\b{PREFIX}_(owner|app|reader)\b", rf"{self.prefix}_\1", text)

    def set_up(self, conn: psycopg.Connection[Any], login: str, migrator: str | None = None) -> None:
        """Make what is missing of roles, memberships, and rights on conn's database. conn: autocommit.

        login: may become app and reader. migrator: may become owner, and then login may not; None: login may, unless
        somebody set up another. Raises BadSettings with what an administrator has to run, if conn's login may not.
        """
        if self._are_ready(conn, login, migrator):
            return
        try:
            with conn.transaction():
                # Two first openings at once would both change the same rows of the catalogue, which fails.
                conn.execute("select pg_catalog.pg_advisory_xact_lock(%s)", [LOCK_KEY])
                conn.execute(
                    """
                    select pg_catalog.set_config('finance_pipeline.prefix', %s, true),
                        pg_catalog.set_config('finance_pipeline.login', %s, true),
                        pg_catalog.set_config('finance_pipeline.migrator', %s, true)
                    """,
                    [self.prefix, login, migrator or login],
                )
                conn.execute(text_of(ROLES_FILE))
        except psycopg.errors.InsufficientPrivilege as cause:
            raise BadSettings(
                f"the login {login} may not set up the roles: {cause.diag.message_primary}.",
                where=f"database {conn.info.dbname}",
                kept="Nothing was changed.",
                todo=f"Let an administrator run, in that database: set finance_pipeline.prefix = '{self.prefix}'; "
                f"set finance_pipeline.login = '{login}'; set finance_pipeline.migrator = '{migrator or login}'; "
                f"and then the file {ROLES_FILE}.",
            ) from cause

    def _are_ready(self, conn: psycopg.Connection[Any], login: str, migrator: str | None) -> bool:
        """Whether the logins may become the roles, and no others, and the roles have their rights on conn's database.

        Temporary tables of the public count only where conn's login could forbid them.
        """
        row = conn.execute(
            """
            select count(*) = 3
                and bool_and(case
                    when role.rolname <> %(owner)s then pg_catalog.pg_has_role(%(login)s, role.oid, %(may)s)
                    when %(migrator)s::text is null then true
                    else pg_catalog.pg_has_role(%(migrator)s, role.oid, %(may)s)
                        and (%(migrator)s = %(login)s or not exists (
                            select from pg_catalog.pg_auth_members as granted
                            join pg_catalog.pg_roles as member on member.oid = granted.member
                            where granted.roleid = role.oid and member.rolname = %(login)s
                        ))
                end)
                and bool_and(pg_catalog.has_database_privilege(role.oid, pg_catalog.current_database(),
                    case when role.rolname = %(owner)s then 'CREATE' else 'CONNECT' end))
                and not (
                    select pg_catalog.has_database_privilege('public', oid, 'TEMP')
                        and pg_catalog.pg_has_role(datdba, 'USAGE')
                    from pg_catalog.pg_database where datname = pg_catalog.current_database()
                )
            from pg_catalog.pg_roles role
            where role.rolname in (%(owner)s, %(app)s, %(reader)s)
            """,
            {
                "login": login,
                "migrator": migrator,
                "may": "SET" if conn.info.server_version >= 160000 else "MEMBER",
                "owner": self["owner"],
                "app": self["app"],
                "reader": self["reader"],
            },
        ).fetchone()
        return bool(row and row[0])
