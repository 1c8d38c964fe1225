"""Each rule of the ledger taken away in turn, by the catalogue: constraints, triggers, rights, conditions in functions.

All in one transaction of a superuser: the rule goes, what notices it is asked, and all of that is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from finance_pipeline.ledger import journal, proof, reports
from finance_pipeline.services.campaigns.attacks.attempts import BY_HAND_GROUP, Attack, Outcome, attempt, elsewhere
from finance_pipeline.services.campaigns.attacks.by_hand import Connection, write
from finance_pipeline.services.campaigns.attacks.conditions import CONDITIONS
from finance_pipeline.services.campaigns.attacks.ledger import MAY, standing
from finance_pipeline.services.campaigns.attacks.unsound import ABROAD, EURO, TAKEN_BACK
from finance_pipeline.store.roles import Roles
from finance_pipeline.store.server import LOGIN, MIGRATOR

_CONSTRAINTS: LiteralString = """
    select 'constraint', relname || '.' || conname, relname,
        format('alter table ledger.%I drop constraint %I cascade', relname, conname)
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where relnamespace = 'ledger'::regnamespace and not relispartition and conparentid = 0
        and contype in ('c', 'p', 'u', 'f') and relname = any(%(tables)s)
        and conname not in ('entry_accounting_on_check', 'entry_effective_on_check') -- no partition, no digest of those
    union all
    select 'constraint', relname || '.' || attname || ' not null', relname,
        format('alter table ledger.%I alter column %I drop not null', relname, attname)
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'ledger'::regnamespace and relname in ('entry', 'account', 'book', 'batch') and attnum > 0
        and attnotnull and attgenerated = '' and attidentity = '' and not attisdropped
        -- Without one of these there is no id and no partition either.
        and (relname <> 'entry'
            or attname not in ('book', 'source', 'source_id', 'purpose', 'version', 'accounting_on'))
        and not exists (select from pg_index where indrelid = attrelid and indisprimary and attnum = any(indkey))
    order by 2
"""
_TRIGGERS: LiteralString = """
    select 'trigger', relname || '.' || tgname, relname, format('drop trigger %I on ledger.%I', tgname, relname)
    from pg_trigger join pg_class on pg_class.oid = tgrelid
    where relnamespace = 'ledger'::regnamespace and not tgisinternal and tgparentid = 0 and relname = any(%(tables)s)
    order by 2
"""
_MORE_RIGHTS: LiteralString = """
    select 'right given', format('%s on %s to the %s', lower(privilege), relname, role), relname,
        format('grant %s on ledger.%I to finance_pipeline_%s', privilege, relname, role)
    from pg_class, unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) as privilege,
        unnest(array['app', 'reader']) as role
    where relnamespace = 'ledger'::regnamespace and relkind in ('r', 'p') and relname = any(%(tables)s)
        and not has_table_privilege('finance_pipeline_' || role, pg_class.oid, privilege)
        and (role = 'app' or privilege in ('INSERT', 'UPDATE', 'DELETE'))
        and (relname, privilege) <> ('entry', 'TRIGGER') -- of no use without the same right to each partition
    union all
    select 'right given', format('execute %s to the %s', oid::regprocedure, role), proname,
        format('grant execute on function %s to finance_pipeline_%s', oid::regprocedure, role)
    from pg_proc, unnest(array['app', 'reader']) as role
    where pronamespace = 'ledger'::regnamespace and prosecdef and prorettype <> 'trigger'::regtype
        and not has_function_privilege('finance_pipeline_' || role, oid, 'EXECUTE')
    union all
    select 'right given', 'create in the schema to the app', 'schema',
        'grant create on schema ledger to finance_pipeline_app'
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
        format('revoke %s on ledger.%I from finance_pipeline_app', privilege, relname)
    from pg_class, unnest(array['INSERT', 'SELECT']) as privilege
    where relname = any(array['entry', 'account', 'book', 'numbering', 'business_key']) and relkind in ('r', 'p')
        and relnamespace = 'ledger'::regnamespace
        and has_table_privilege('finance_pipeline_app', pg_class.oid, privilege)
    union all
    select 'right taken', format('select on %s from the reader', relname), relname,
        format('revoke select on ledger.%I from finance_pipeline_reader', relname)
    from pg_class
    where relname = any(%(tables)s) and relkind in ('r', 'p') and relnamespace = 'ledger'::regnamespace
        and relname not in ('period', 'run_token', 'batch_days') -- which no reader reads
    union all
    select 'right taken', format('execute %s from the app', oid::regprocedure), proname,
        format('revoke execute on function %s from finance_pipeline_app', oid::regprocedure)
    from pg_proc
    where pronamespace = 'ledger'::regnamespace and proname in ('open_batch', 'open_period', 'take_token')
    union all
    select 'right taken', format('the owner''s rights from %s', oid::regprocedure), proname,
        format('alter function %s security invoker', oid::regprocedure)
    from pg_proc
    where pronamespace = 'ledger'::regnamespace and prosecdef and proname = any(%(functions)s)
        -- These need none: they read what the application may read; the seal runs as who opened the batch.
        and proname not in ('check_versions', 'seal_batch')
    union all
    select 'search path', oid::regprocedure::text, proname,
        format('alter function %s reset search_path', oid::regprocedure)
    from pg_proc
    where pronamespace = 'ledger'::regnamespace and prosecdef and prorettype = 'trigger'::regtype
        and proname = any(%(functions)s)
        and proname <> 'check_business_keys' -- it compares nothing: a primary key does
    order by 2
"""
TABLES = [
    "account", "account_seal", "batch", "batch_days", "book", "business_key", "entry", "head", "movement", "numbering",
    "period", "run_token", "seal",
]  # fmt: skip
"""The ledger proper; what closing and going live keep beside it has tests of its own."""
FUNCTIONS = [
    "check_business_keys", "check_entries", "check_versions",
    "open_batch", "open_period", "seal_batch", "take_token",
]  # fmt: skip
_BODY: LiteralString = """
    select pg_get_functiondef(oid) from pg_proc where pronamespace = 'ledger'::regnamespace and proname = %s
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
    parameters = {"tables": TABLES, "functions": FUNCTIONS, "login": LOGIN}
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
        conn.execute(sql.SQL("set local session authorization {}").format(sql.Identifier(LOGIN)))
        for words in _missed_by_sound_work(conn, roles):
            return words
        for attack in _relevant(mutation, attacks):
            outcome = attempt_as_login(conn, roles, attack)
            expected = usual[attack.key]
            if outcome.succeeded or (outcome.code != expected.code and not attack.expected):
                return f"attack: {attack.name}"
    return None


def _relevant(mutation: Mutation, attacks: list[Attack]) -> Iterator[Attack]:
    """Attacks that the rule could be about: all of them would find no more, and take a quarter of a minute each time.

    A right that was given shows in statements on what it was given for; any other rule in unsound entries, in
    contradictions, and in statements by hand; a search path in what is inserted among kindlier operators.
    """
    if mutation.kind == "right given":
        groups: tuple[str, ...] = (BY_HAND_GROUP,)
        yield from (each for each in attacks if mutation.about in each.name.replace("(", " ").replace(".", " ").split())
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
        )
    yield from (each for each in attacks if each.group in groups)


def _missed_by_sound_work(conn: Connection, roles: Roles) -> Iterator[str]:
    """What goes wrong with the work of every day: posting, sealing, proving, reading."""
    sound: dict[str, Callable[[], None]] = {
        "posting in dollars": lambda: _posted(conn, roles, {}),
        "the journal writer": lambda: _published(conn, roles),
        "posting in euro": lambda: _posted(conn, roles, EURO),
        "a reversal": lambda: _posted(conn, roles, TAKEN_BACK),
        "a reversal in euro": lambda: _posted(conn, roles, ABROAD),
        "posting among kindlier operators": lambda: _elsewhere(conn, roles),
        "opening a month": lambda: _opened(conn, roles),
        "the trial balance": lambda: _read(conn, roles),
    }
    for words, work in sound.items():
        try:
            with conn.transaction(force_rollback=True):
                work()
        except (psycopg.Error, ValueError) as failure:
            yield f"sound work: {words}: {' '.join(str(failure).split())[:100]}"


def _posted(conn: Connection, roles: Roles, changes: Mapping[str, object]) -> None:
    roles.become(conn, "app")
    write(conn, **changes)
    conn.execute("set constraints all immediate")
    roles.become(conn, "reader")
    report = proof.verify(conn)
    if report.entries != 6 or not report.holds:
        raise ValueError(f"the proof finds {report.entries} entries: {report.first_broken}")


def _published(conn: Connection, roles: Roles) -> None:
    roles.become(conn, "app")
    report = journal.publish(conn, "us", [MAY], standing(), run_id="run", correlation_id="correlation")
    reports.month_totals(conn, "us", [MAY])
    if (report.new, report.reversed) != (0, 0):
        raise ValueError("what stands was posted again")


def _elsewhere(conn: Connection, roles: Roles) -> None:
    roles.become(conn, "app")
    elsewhere(conn, "shadow, pg_catalog", {})
    conn.execute("set constraints all immediate")
    conn.execute("set local search_path = pg_catalog")
    row = conn.execute("select max(recorded_at) > now() from ledger.seal").fetchone()
    if not row or not row[0]:
        raise ValueError("the seal says another time")


def _opened(conn: Connection, roles: Roles) -> None:
    roles.become(conn, "app")
    conn.execute("select ledger.open_period('us', '2026-12-01')")
    conn.execute("select ledger.take_token('us', 'run')")
    conn.execute("insert into ledger.book values ('fr', 'EUR', '2026-01-01', 1)")
    conn.execute(
        "insert into ledger.account (book, code, name, kind, normal_side, role, is_control)"
        " values ('fr', '1000', 'Bank', 'asset', 'debit', 'bank', false)"
    )


def _read(conn: Connection, roles: Roles) -> None:
    roles.become(conn, "reader")
    if reports.trial_balance(conn, "us", MAY).height != 4:
        raise ValueError("the trial balance has other accounts")
