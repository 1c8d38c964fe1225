"""Each rule of the ledger taken away in turn, by the catalogue: constraints, triggers, rights, conditions in functions.

All in one transaction of a superuser: the rule goes, what notices it is asked, and all of that is undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from finance_pipeline.services.campaigns.attacks.attempts import (
    BY_HAND_GROUP,
    CONTRADICTORY_DECISIONS,
    DECISIONS_BY_HAND,
    Attack,
    Outcome,
    attempt,
)
from finance_pipeline.services.campaigns.attacks.by_hand import Connection
from finance_pipeline.services.campaigns.attacks.conditions import CONDITIONS
from finance_pipeline.services.campaigns.attacks.decisions import DECISIONS
from finance_pipeline.services.campaigns.attacks.sound import missed_by_sound_work
from finance_pipeline.store.roles import Roles
from finance_pipeline.store.server import LOGIN, MIGRATOR

_CONSTRAINTS: LiteralString = """
    select 'constraint', relname || '.' || conname, relname,
        format('alter table %s drop constraint %I cascade', pg_class.oid::regclass, conname)
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where not relispartition and conparentid = 0 and contype in ('c', 'p', 'u', 'f')
        and pg_class.oid = any(%(tables)s::regclass[])
        and conname not in ('entry_accounting_on_check', 'entry_effective_on_check') -- no partition, no digest of those
    union all
    select 'constraint', relname || '.' || attname || ' not null', relname,
        format('alter table %s alter column %I drop not null', pg_class.oid::regclass, attname)
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where (pg_class.oid = any(array['ledger.entry', 'ledger.account', 'ledger.book', 'ledger.batch']::regclass[])
            or pg_class.oid = any(%(decisions)s::regclass[]))
        and attnum > 0 and attnotnull and attgenerated = '' and attidentity = '' and not attisdropped
        -- Without one of these there is no id and no partition either.
        and (relname <> 'entry'
            or attname not in ('book', 'source', 'source_id', 'purpose', 'version', 'accounting_on'))
        and not exists (select from pg_index where indrelid = attrelid and indisprimary and attnum = any(indkey))
    union all
    select 'unique index', relation.relname || '.' || pg_class.relname, relation.relname,
        format('drop index %s', indexrelid::regclass)
    from pg_index join pg_class on pg_class.oid = indexrelid join pg_class as relation on relation.oid = indrelid
    where indisunique and indrelid = any(%(decisions)s::regclass[])
        and not exists (select from pg_constraint where conindid = indexrelid)
    order by 2
"""
_TRIGGERS: LiteralString = """
    select 'trigger', relname || '.' || tgname, relname,
        format('drop trigger %I on %s', tgname, pg_class.oid::regclass)
    from pg_trigger join pg_class on pg_class.oid = tgrelid
    where not tgisinternal and tgparentid = 0 and pg_class.oid = any(%(tables)s::regclass[])
    order by 2
"""
_MORE_RIGHTS: LiteralString = """
    select 'right given', format('%s on %s to the %s', lower(privilege), relname, role), relname,
        format('grant %s on %s to finance_pipeline_%s', privilege, pg_class.oid::regclass, role)
    from pg_class, unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) as privilege,
        unnest(array['app', 'reader']) as role
    where relkind in ('r', 'p') and pg_class.oid = any(%(tables)s::regclass[])
        and not has_table_privilege('finance_pipeline_' || role, pg_class.oid, privilege)
        -- Of these the application may fill all columns but those that fill themselves.
        and not (role = 'app' and privilege = 'INSERT'
            and has_any_column_privilege('finance_pipeline_app', pg_class.oid, privilege))
        and (role = 'app' or privilege in ('INSERT', 'UPDATE', 'DELETE'))
        and (relname, privilege) <> ('entry', 'TRIGGER') -- of no use without the same right to each partition
    union all
    select 'right given', format('execute %s to the %s', oid::regprocedure, role), proname,
        format('grant execute on function %s to finance_pipeline_%s', oid::regprocedure, role)
    from pg_proc, unnest(array['app', 'reader']) as role
    where pronamespace in ('ledger'::regnamespace, 'close'::regnamespace) and prosecdef
        and prorettype <> 'trigger'::regtype
        and not has_function_privilege('finance_pipeline_' || role, oid, 'EXECUTE')
    union all
    select 'right given', format('create in the schema %s to the app', name), 'schema',
        format('grant create on schema %I to finance_pipeline_app', name)
    from unnest(array['ledger', 'close']) as name
    union all
    select 'right given', 'the owner''s role to the app', 'schema',
        'grant finance_pipeline_owner to finance_pipeline_app'
    union all
    select 'right given', 'the owner''s role to the login that runs the pipeline', 'schema',
        'grant finance_pipeline_owner to ' || %(login)s
    order by 2
"""
_FEWER_RIGHTS: LiteralString = """
    select 'right taken', format('%s on %s from the app', lower(privilege), relname), relname,
        format('revoke %s on %s from finance_pipeline_app', privilege, pg_class.oid::regclass)
    from pg_class, unnest(array['INSERT', 'SELECT']) as privilege
    where (pg_class.oid = any(array[
                'ledger.entry', 'ledger.account', 'ledger.book', 'ledger.numbering', 'ledger.business_key'
            ]::regclass[])
            or privilege = 'INSERT' and pg_class.oid = any(%(decisions)s::regclass[]))
        and has_any_column_privilege('finance_pipeline_app', pg_class.oid, privilege)
    union all
    select 'right taken', format('select on %s from the reader', relname), relname,
        format('revoke select on %s from finance_pipeline_reader', pg_class.oid::regclass)
    from pg_class
    where pg_class.oid = any(%(tables)s::regclass[]) and relkind in ('r', 'p')
        and relname not in ('run_token', 'batch_days') -- which no reader reads
    union all
    select 'right taken', format('execute %s from the app', oid::regprocedure), proname,
        format('revoke execute on function %s from finance_pipeline_app', oid::regprocedure)
    from pg_proc
    where pronamespace in ('ledger'::regnamespace, 'close'::regnamespace) and proname = any(%(called)s)
    union all
    select 'right taken', format('the owner''s rights from %s', oid::regprocedure), proname,
        format('alter function %s security invoker', oid::regprocedure)
    from pg_proc
    where pronamespace in ('ledger'::regnamespace, 'close'::regnamespace) and prosecdef and proname = any(%(functions)s)
        and proname <> 'seal_batch' -- which needs none: it runs as who opened the batch
    union all
    select 'search path', oid::regprocedure::text, proname,
        format('alter function %s reset search_path', oid::regprocedure)
    from pg_proc
    where pronamespace = 'ledger'::regnamespace and prosecdef and prorettype = 'trigger'::regtype
        and proname = any(%(functions)s)
        and proname <> 'seal_matter' -- which only names and calls what names its own path
    order by 2
"""
TABLES = [
    "account", "account_seal", "batch", "batch_days", "book", "business_key", "control_seal", "control_table", "entry",
    "head", "movement", "numbering", "period", "run_token", "seal",
]  # fmt: skip
"""The ledger proper, and the chain of decisions; with the tables of decisions, all that has mutations."""
_CALLED = [
    "open_batch", "open_period", "take_token", "explain", "put_forward", "sign", "soft_close_period", "allow_posting",
    "lock_area", "ask_reopening", "approve_reopening",
]  # fmt: skip
"""What the application calls; locking must begin a transaction, which no mutation can: its own tests show it."""
FUNCTIONS = [
    "check_business_keys", "check_entries", "seal_batch", "seal_matter", *_CALLED,
]  # fmt: skip
_BODY: LiteralString = """
    select pg_get_functiondef(oid) from pg_proc
    where pronamespace in ('ledger'::regnamespace, 'close'::regnamespace) and proname = %s
    order by pronargs desc limit 1
"""


@dataclass(frozen=True)
class Mutation:
    """One rule to take away. about: the table or function that it belongs to."""

    kind: str
    name: str
    about: str
    statement: str


def all_mutations(conn: Connection, roles: Roles) -> list[Mutation]:
    """Every mutation of the ledger as it is now. conn: a superuser's."""
    parameters = {
        "tables": [*(f"ledger.{name}" for name in TABLES), *DECISIONS],
        "decisions": [*DECISIONS, "ledger.control_seal", "ledger.control_table"],
        "functions": FUNCTIONS,
        "called": _CALLED,
        "login": LOGIN,
    }
    found: list[Mutation] = []
    for query in (_CONSTRAINTS, _TRIGGERS, _MORE_RIGHTS, _FEWER_RIGHTS):
        rendered = psycopg.ClientCursor(conn).mogrify(_escaped(query), parameters)
        found += [Mutation(*row) for row in conn.execute(sql.SQL(rendered))]
    found += [_condition(conn, *each) for each in CONDITIONS]
    return [Mutation(m.kind, m.name, m.about, roles.named(m.statement)) for m in found]


def _escaped(query: LiteralString) -> LiteralString:
    """Per cent signs of format() beside named parameters."""
    return query.replace("%", "%%").replace("%%(", "%(")


def _condition(conn: Connection, function: str, old: str, new: str) -> Mutation:
    """A condition of a function that is never, or always, true. Raises ValueError where it is not in the function."""
    row = conn.execute(_BODY, (function,)).fetchone()
    body = row[0] if row else ""
    if body.count(old) != 1:
        raise ValueError(f"{function} has {body.count(old)} times: {old}")
    return Mutation("condition", f"{function}: {old}", function, body.replace(old, new))


def attempt_as_login(conn: Connection, roles: Roles, attack: Attack) -> Outcome:
    """Try an attack as the login that would. conn: a superuser's, in a transaction that is undone."""
    login = MIGRATOR if attack.role == "owner" else LOGIN
    conn.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(login)))
    return attempt(conn, roles, attack)


def noticed_by(
    conn: Connection, roles: Roles, mutation: Mutation, attacks: list[Attack], usual: dict[str, Outcome]
) -> str | None:
    """What notices that a rule is gone; None if nothing does. conn: a superuser's. usual: outcomes with all rules."""
    with conn.transaction(force_rollback=True):
        conn.execute(mutation.statement)
        for attack in _about(mutation, attacks):
            if _is_unusual(attempt_as_login(conn, roles, attack), usual):
                return f"attack: {attack.name}"
        conn.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(LOGIN)))
        for words in missed_by_sound_work(conn, roles):
            return words
        for attack in _relevant(mutation, attacks):
            if _is_unusual(attempt_as_login(conn, roles, attack), usual):
                return f"attack: {attack.name}"
    return None


def _is_unusual(outcome: Outcome, usual: dict[str, Outcome]) -> bool:
    return outcome.succeeded or (not outcome.attack.expected and outcome.code != usual[outcome.attack.key].code)


def _about(mutation: Mutation, attacks: list[Attack]) -> Iterator[Attack]:
    """What is quickly asked first: decisions that contradict the rule's own table, or are made by hand; statements on
    what a right was given for.
    """
    if mutation.kind == "condition":
        yield from (each for each in attacks if each.group == DECISIONS_BY_HAND or each.name.endswith(": a late row"))
    if mutation.kind == "right given":
        yield from (each for each in attacks if mutation.about in each.name.replace("(", " ").replace(".", " ").split())
    elif mutation.kind != "right taken":
        contradicting, changing = f"{mutation.about}: ", f" {mutation.about}"
        yield from (e for e in attacks if e.group == CONTRADICTORY_DECISIONS and e.name.startswith(contradicting))
        yield from (e for e in attacks if e.group == "statements as owner" and e.name.endswith(changing))


def _relevant(mutation: Mutation, attacks: list[Attack]) -> Iterator[Attack]:
    """Attacks that the rule could be about: all of them would find no more, and take a quarter of a minute each.

    A right that was given shows in statements by hand; any other rule in unsound entries, in contradictions, and in
    statements by hand; a search path in what is inserted among kindlier operators.
    """
    if mutation.kind == "right given":
        groups: tuple[str, ...] = (BY_HAND_GROUP,)
    elif mutation.kind == "search path":
        groups = ("unsound entries inserted among kindlier operators",)
    else:
        groups = (
            "unsound entries inserted",
            "nothing in a column",
            "entries together",
            "tokens",
            "statements as owner",
            BY_HAND_GROUP,
            DECISIONS_BY_HAND,
        )
    yield from (each for each in attacks if each.group in groups)
