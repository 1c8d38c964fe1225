"""SQL that reaches past the ledger's rules, made from the catalogue (each table in each way) and by hand."""

from __future__ import annotations

from typing import LiteralString

from psycopg import sql

from finance_pipeline.services.campaigns.attacks.by_hand import Connection
from finance_pipeline.services.campaigns.attacks.contradictions import CONTRADICTIONS
from finance_pipeline.services.campaigns.attacks.decisions import DECISIONS

_TABLES: LiteralString = """
    select relnamespace::regnamespace::text, relname, relkind::text, (
        select attname from pg_attribute
        where attrelid = pg_class.oid and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''
        order by attnum limit 1
    )
    from pg_class
    where relnamespace in ('ledger'::regnamespace, 'close'::regnamespace) and relkind in ('r', 'p', 'v')
    order by relname
"""
_ADDED_TO: LiteralString = """
    select relname from pg_class
    where relnamespace in ('ledger'::regnamespace, 'close'::regnamespace)
        and has_table_privilege('finance_pipeline_app', oid, 'INSERT')
"""
_FUNCTIONS: LiteralString = """
    select oid::regprocedure::text from pg_proc
    where pronamespace in ('ledger'::regnamespace, 'close'::regnamespace) and prosecdef
        and prorettype <> 'trigger'::regtype and not has_function_privilege(%s, oid, 'EXECUTE')
"""
_ON_ANY: dict[str, LiteralString] = {
    "changes rows of": "update {table} set {column} = {column}",
    "deletes rows of": "delete from {table}",
    "deletes one by one through a cursor of": "declare c cursor for select from {table} for update; fetch c",
    "deletes inside a query of": "with gone as (delete from {table} returning 1) select count(*) from gone",
    "merges into": "merge into {table} using (select 1) as one on true when matched then delete",
    "explains a deletion from": "explain analyze delete from {table}",
    "locks rows of": "select from {table} for update",
    "gives itself rights to": "alter table {table} owner to finance_pipeline_app",
    "says something else about": "comment on table {table} is 'nothing'",
}
_ON_A_TABLE: dict[str, LiteralString] = {
    "empties": "truncate {table} cascade",
    "drops": "drop table {table} cascade",
    "switches the triggers off of": "alter table {table} disable trigger all",
    "drops a column of": "alter table {table} drop column {column} cascade",
    "puts a trigger on": "create trigger t before insert on {table} for each row"
    " execute function suppress_redundant_updates_trigger()",
    "puts a rule on": "create rule r as on insert to {table} do instead nothing",
    "puts an index on": "create unique index on {table} ({column})",
    "hides rows of": "alter table {table} enable row level security",
    "keeps all others from": "lock table {table} in access exclusive mode",
    "copies into": "copy {table} from program 'true'",
}
_ADDING: dict[str, LiteralString] = {
    "adds rows to": "insert into {table} select * from {table}",
    "adds a row of nothing to": "insert into {table} default values",
}
BY_HAND: dict[str, LiteralString] = {
    "choosing the id of an entry": "insert into ledger.entry (entry_id) values (gen_random_uuid())",
    "choosing the digest of an entry": "insert into ledger.entry (digest) values ('')",
    "taking a partition off": "alter table ledger.entry detach partition ledger.entry_2026_05",
    "dropping the balance": "alter table ledger.entry drop constraint balanced",
    "a balance that is never checked": "alter table ledger.entry add constraint sure check (true) not valid",
    "replacing the balance": "create or replace function ledger.is_balanced(integer[], bigint[], bigint[])"
    " returns boolean language sql return true",
    "dropping the balance with all that rests on it": "drop function ledger.is_balanced cascade",
    "a function that runs as its owner": "create function ledger.f() returns int language sql"
    " security definer return 1",
    "a check that no longer runs as the owner": "alter function ledger.check_entries() security invoker",
    "another search path for a check": "alter function ledger.check_entries() set search_path = public",
    "switching triggers off for the session": "set session_replication_role = 'replica'",
    "switching triggers off in a function's way": "select set_config('session_replication_role', 'replica', false)",
    "a table that shadows ours": "create table public.entry ()",
    "a temporary table that shadows ours": "create temporary table entry ()",
    "a temporary view that shadows ours": "create temporary view entry as select 1",
    "a temporary function that shadows ours": "create function pg_temp.is_balanced() returns int language sql return 1",
    "a schema that shadows ours": "create schema shadow",
    "a table in the schema of closing": "create table close.mine ()",
    "an operator that is kinder": "create operator public.= (leftarg = bigint, rightarg = bigint, function = int8eq)",
    "a cast that is kinder": "create cast (text as date) without function",
    "a domain that is kinder": "create domain public.date as pg_catalog.date",
    "an aggregate that is kinder": "create aggregate public.sum(bigint) (sfunc = int8pl, stype = bigint)",
    "a language": "create language plperlu",
    "an extension": "create extension dblink",
    "a foreign server": "create server s foreign data wrapper postgres_fdw",
    "an event trigger": "create event trigger e on ddl_command_start execute function ledger.seal_batch()",
    "a publication": "create publication p for table ledger.entry",
    "a policy": "create policy p on ledger.entry using (false)",
    "a statistics object": "create statistics ledger.s on book, currency from ledger.entry",
    "becoming the superuser": "set role postgres",
    "becoming the superuser for the session": "set session authorization postgres",
    "becoming a superuser": "alter role current_user superuser",
    "bypassing row security": "alter role current_user bypassrls",
    "a role of one's own": "create role mine superuser login",
    "becoming the owner": "set role finance_pipeline_owner",
    "the owner's role": "grant finance_pipeline_owner to finance_pipeline_app",
    "rights for everybody": "grant all on all tables in schema ledger to public",
    "the ownership of all": "reassign owned by finance_pipeline_owner to finance_pipeline_app",
    "dropping all that the owner has": "drop owned by finance_pipeline_owner cascade",
    "dropping the schema": "drop schema ledger cascade",
    "renaming the schema": "alter schema ledger rename to ledger_before",
    "moving a table away": "alter table ledger.seal set schema public",
    "renaming a table": "alter table ledger.seal rename to seal_before",
    "another default": "alter table ledger.batch alter opened_xid set default '1'",
    "another number next": "select setval('ledger.batch_batch_id_seq', 1)",
    "numbers used up": "select nextval('ledger.batch_batch_id_seq')",
    "restarting numbers": "alter table ledger.batch alter batch_id restart",
    "being the login again": "reset role; delete from ledger.entry",
    "being nobody": "set role none; delete from ledger.entry",
    "a block of code": "do $$ begin delete from ledger.entry; end $$",
    "a block of code that hides its failure": "do $$ begin begin delete from ledger.seal; exception when others then"
    " insert into ledger.seal select * from ledger.seal; end; end $$",
    "a prepared deletion": "deallocate all; prepare p as delete from ledger.entry; execute p",
    "the catalogue": "update pg_catalog.pg_trigger set tgenabled = 'D'",
    "a constraint in the catalogue": "delete from pg_catalog.pg_constraint where conname = 'balanced'",
    "a class in the catalogue": "update pg_catalog.pg_class set relowner = 10",
    "an authentication in the catalogue": "select rolpassword from pg_catalog.pg_authid",
    "reading the server's files": "select pg_read_file('postgresql.conf')",
    "the server's folders": "select pg_ls_dir('base')",
    "a file as a large object": "select lo_import('/etc/passwd')",
    "a large object as a file": "select lo_export(1, '/tmp/x')",
    "a program": "copy (select 1) to program 'cat > /dev/null'",
    "a file": "copy ledger.entry to '/tmp/x'",
    "a setting of the server": "alter system set fsync = off",
    "a setting of the database": "alter database finance_pipeline set session_replication_role = replica",
    "a setting of the role": "alter role finance_pipeline_app set session_replication_role = replica",
    "loading a library": "load 'auto_explain'",
    "reloading the server": "select pg_reload_conf()",
    "switching the log": "select pg_switch_wal()",
    "a function that seals": "select ledger.seal_batch()",
    "a batch that is empty": "select ledger.open_batch('run', 'correlation')",
    "a batch without a run": "select ledger.open_batch(null, 'correlation')",
    "a batch without a correlation": "select ledger.open_batch('run', null)",
    "a month of nobody": "select ledger.open_period('nobody', '2026-05-01')",
    "a month that is none": "select ledger.open_period('us', '2026-05-02')",
    "no month": "select ledger.open_period('us', null)",
    "no book": "select ledger.open_period(null, '2026-05-01')",
    "a month without end": "select ledger.open_period('us', 'infinity')",
    "a month before all": "select ledger.open_period('us', '-infinity')",
    "a month before the book": "select ledger.open_period('us', '2026-04-01')",
    "a month in the far future": "select ledger.open_period('us', '2201-01-01')",
    "a book with words in it": "select ledger.open_period('us; drop table ledger.entry', '2026-05-01')",
    "a token without a book": "select ledger.take_token(null, 'run')",
    "a token without a run": "select ledger.take_token('us', null)",
    "a book that was never": "insert into ledger.book values ('Us', 'USD', '2026-01-01', 1)",
    "a book in no currency": "insert into ledger.book values ('fr', 'euro', '2026-01-01', 1)",
    "a book that begins at no time": "insert into ledger.book values ('fr', 'EUR', 'infinity', 1)",
    "a book with a thirteenth month": "insert into ledger.book values ('fr', 'EUR', '2026-01-01', 13)",
    "a book twice": "insert into ledger.book values ('us', 'EUR', '2026-01-01', 1)",
    "a book over the one that is there": "insert into ledger.book values ('us', 'EUR', '2026-01-01', 1)"
    " on conflict (book) do update set functional_currency = 'EUR'",
    "an account over the one that is there": "insert into ledger.account (book, code, name, kind, normal_side, role,"
    " is_control) values ('us', '1010', 'x', 'asset', 'debit', 'bank', false)"
    " on conflict (book, code) do update set kind = 'income'",
    "an account twice": "insert into ledger.account (book, code, name, kind, normal_side, role, is_control)"
    " values ('us', '1010', 'x', 'asset', 'debit', 'bank', false)",
    "an account of no book": "insert into ledger.account (book, code, name, kind, normal_side, role, is_control)"
    " values ('fr', '1010', 'x', 'asset', 'debit', 'bank', false)",
    "an account without a code": "insert into ledger.account (book, code, name, kind, normal_side, role, is_control)"
    " values ('us', '', 'x', 'asset', 'debit', 'bank', false)",
    "an account of no kind": "insert into ledger.account (book, code, name, kind, normal_side, role, is_control)"
    " values ('us', '9', 'x', 'wealth', 'debit', 'bank', false)",
    "an account on no side": "insert into ledger.account (book, code, name, kind, normal_side, role, is_control)"
    " values ('us', '9', 'x', 'asset', 'left', 'bank', false)",
    "an account in no currency": "insert into ledger.account (book, code, name, kind, normal_side, role, currency,"
    " is_control) values ('us', '9', 'x', 'asset', 'debit', 'bank', 'usd', false)",
    "an account whose number is chosen": "insert into ledger.account (account_id, book, code, name, kind, normal_side,"
    " role, is_control) values (1, 'us', '9', 'x', 'asset', 'debit', 'bank', false)",
    "a lock that nobody signed": "select ledger.lock_period('us', '2026-05-01', 'a', 'b', 'c', 'd', '{}')",
    "a posting permission for anybody": "select ledger.allow_posting(ledger.open_batch('run', 'correlation'), 'us',"
    " '2026-07-01', 'anybody', 'b', 'c', 'd')",
    "reopening what is open": "select ledger.ask_reopening('us', '2026-05-01', null, clock_timestamp() + '1 day', 'a',"
    " 'b', 'c', 'd', '{}')",
    "reopening for ever": "select ledger.ask_reopening('us', '2026-06-01', null, 'infinity', 'a', 'b', 'c', 'd', '{}')",
    "reopening without a reason": "select ledger.ask_reopening('us', '2026-06-01', null, clock_timestamp() + '1 day',"
    " 'a', 'b', ' ', 'd', '{}')",
    "reopening by nobody": "select ledger.ask_reopening('us', '2026-06-01', null, clock_timestamp() + '1 day', null,"
    " 'b', 'c', 'd', '{}')",
    "reopening what nobody asked for": "select ledger.approve_reopening(1, 'a', 'b', 'c', 'd', '{}')",
    "reopening alone": "select ledger.approve_reopening(ledger.ask_reopening('us', '2026-06-01', null,"
    " clock_timestamp() + '1 day', 'Ann', 'b', 'c', 'd', '{}'), ' ann', 'b', 'c', 'd', '{}')",
}
_SOUND_ACCOUNT = {
    "book": "'us'", "code": "'9'", "name": "'x'", "kind": "'asset'", "normal_side": "'debit'", "role": "'bank'",
    "is_control": "false", "is_active": "true",
}  # fmt: skip
_SOUND_BOOK = {
    "book": "'fr'", "functional_currency": "'EUR'", "starts_on": "'2026-01-01'", "fiscal_year_starts_month": "1"
}  # fmt: skip


def _with_nothing() -> dict[str, sql.Composed]:
    """An account and a book that would be sound but for one column that says nothing."""
    return {
        f"a new {table} with nothing in {nothing}": sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier("ledger", table),
            sql.SQL(", ").join(map(sql.Identifier, sound)),
            sql.SQL(", ").join(sql.SQL("null" if name == nothing else value) for name, value in sound.items()),
        )
        for table, sound in {"account": _SOUND_ACCOUNT, "book": _SOUND_BOOK}.items()
        for nothing in sound
    }


HARMLESS: dict[str, LiteralString] = {
    "taking an advisory lock": "select pg_try_advisory_xact_lock(1)",
    "telling everybody": "select pg_notify('ledger', 'posted')",
    "another time zone": "set local timezone = 'Pacific/Kiritimati'",
    "another style of dates": "set local datestyle = 'German, DMY'",
    "another search path": "set local search_path = public, pg_temp",
    "constraints later": "set constraints all deferred",
    "a large object": "select lo_from_bytea(0, 'entry')",
    "a token": "select ledger.take_token('us', 'run')",
    "a month that is closed, again": "select ledger.open_period('us', '2026-06-01')",
    "rights for later": "alter default privileges in schema ledger grant all on tables to public",
    "a transaction that only reads": "set transaction read only",
}
"""Statements that may run: they must leave every row of the ledger as it is, and the next entry as it would be."""
AS_OWNER: dict[str, LiteralString] = {
    f"{verb} {table}": statement
    for table in (
        "entry",
        "batch",
        "batch_days",
        "business_key",
        "seal",
        "movement",
        "account_seal",
        "run_token",
        "control_seal",
        "control_table",
        *(each.partition(".")[2] for each in DECISIONS),
    )
    for verb, statement in {
        "changing": "update {table} set {column} = {column}",
        "deleting": "delete from {table}",
        "emptying": "truncate {table} cascade",
    }.items()
} | {
    f"{verb} {table}": statement
    for table in ("account", "book", "period")
    for verb, statement in {"deleting": "delete from {table}", "emptying": "truncate {table} cascade"}.items()
}
"""By the schema's owner without switching anything off first; the last word of the name is the table."""


def made(conn: Connection) -> dict[str, dict[str, sql.Composed]]:
    """Statements by role (app, reader, login, owner) and what they try, from the catalogue as it is now.

    conn: may read the catalogue. Rows that the application may add are not tried here: see unsound.
    """
    tables = conn.execute(_TABLES).fetchall()
    added_to = {row[0] for row in conn.execute(_ADDED_TO)}
    columns = {name: (schema, column) for schema, name, _, column in tables}
    app: dict[str, sql.Composed] = {}
    other: dict[str, sql.Composed] = {}
    for schema, name, kind, column in tables:
        every = _ON_ANY if kind == "v" else _ON_ANY | _ON_A_TABLE
        adding = {} if kind == "v" else _ADDING
        every |= adding if name not in added_to else {}
        app |= {f"{t} {name}": _on(s, schema, name, column) for t, s in every.items()}
        other |= {f"{t} {name}": _on(s, schema, name, column) for t, s in (_ON_ANY | adding).items()}
    called = {f"calls {row[0]}": _call(row[0]) for row in conn.execute(_FUNCTIONS, ("finance_pipeline_reader",))}
    app |= {f"calls {row[0]}": _call(row[0]) for row in conn.execute(_FUNCTIONS, ("finance_pipeline_app",))}
    by_hand = {words: sql.Composed([sql.SQL(text)]) for words, text in BY_HAND.items()}
    owner = {
        words: _on(text, schema, name, column)
        for words, text in AS_OWNER.items()
        for name in words.split()[-1:]
        for schema, column in [columns[name]]
    }
    owner |= {words: sql.Composed([sql.SQL(text)]) for words, text in CONTRADICTIONS.items()}
    return {"app": app | by_hand | _with_nothing(), "reader": other | called, "login": other, "owner": owner}


def _on(statement: LiteralString, schema: str, table: str, column: str) -> sql.Composed:
    return sql.SQL(statement).format(table=sql.Identifier(schema, table), column=sql.Identifier(column))


def _call(signature: str) -> sql.Composed:
    """A call with nulls for arguments. signature: as the catalogue writes it, name(type, type)."""
    name, _, types = signature.rstrip(")").partition("(")
    arguments = [sql.SQL("null::") + sql.SQL(each) for each in types.split(",") if each]
    return sql.SQL("select {}({})").format(sql.Identifier(*name.split(".")), sql.SQL(", ").join(arguments))
