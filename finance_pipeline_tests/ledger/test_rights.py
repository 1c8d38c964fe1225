"""What the roles of the application and of the reader may do to the ledger, and what they may not."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from finance_pipeline.ledger import proof
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.by_hand import open_batch, undone

STATEMENTS: dict[str, LiteralString] = {
    "changing an entry": "update ledger.entry set description = 'better'",
    "deleting entries": "delete from ledger.entry",
    "emptying the journal": "truncate ledger.entry",
    "merging into entries": "merge into ledger.entry using ledger.head on true when matched then delete",
    "choosing the id of an entry": "insert into ledger.entry (entry_id) values (gen_random_uuid())",
    "choosing the digest of an entry": "insert into ledger.entry (digest) values ('')",
    "writing into a partition past the checks": "insert into ledger.entry_2026_05 (book) values ('us')",
    "changing a partition": "update ledger.entry_2026_05 set description = 'better'",
    "deleting from a partition": "delete from ledger.entry_2026_05",
    "dropping a partition": "drop table ledger.entry_2026_05",
    "taking a partition off": "alter table ledger.entry detach partition ledger.entry_2026_05",
    "switching checks off": "alter table ledger.entry disable trigger all",
    "switching triggers off for the session": "set session_replication_role = 'replica'",
    "dropping a check": "alter table ledger.entry drop constraint balanced",
    "replacing a check": "create or replace function ledger.is_balanced(integer[], bigint[], bigint[]) returns boolean"
    " language sql return true",
    "forging a batch": "insert into ledger.batch (run_id, correlation_id) values ('run', 'correlation')",
    "claiming a batch": "update ledger.batch set opened_xid = pg_current_xact_id()",
    "deleting batches": "delete from ledger.batch",
    "emptying batches": "truncate ledger.batch cascade",
    "forgetting what was posted": "delete from ledger.business_key",
    "emptying what was posted": "truncate ledger.business_key",
    "noting what was not posted": "insert into ledger.business_key select * from ledger.business_key",
    "counting anew": "update ledger.numbering set last_number = 0",
    "forging a seal": "insert into ledger.seal select * from ledger.seal",
    "changing a seal": "update ledger.seal set root = ''",
    "breaking seals": "delete from ledger.seal",
    "moving the end of the chain": "update ledger.head set position = 0",
    "saying when a batch was": "insert into ledger.batch_days select * from ledger.batch_days",
    "saying what an account meant": "insert into ledger.account_seal select * from ledger.account_seal",
    "forgetting what an account meant": "delete from ledger.account_seal",
    "forging a token": "insert into ledger.run_token (book, run_id) values ('us', 'run')",
    "changing a balance": "update ledger.movement set debit_minor = 0",
    "inventing a balance": "insert into ledger.movement select * from ledger.movement",
    "forgetting a balance": "delete from ledger.movement",
    "opening a month by hand": "insert into ledger.period (book, month) values ('us', '2026-10-01')",
    "opening a month again": "update ledger.period set state = 'open'",
    "forgetting that a month was closed": "delete from ledger.period",
    "giving an account another meaning": "update ledger.account set code = '1' || code",
    "deleting an account": "delete from ledger.account",
    "keeping a book in another currency": "update ledger.book set functional_currency = 'EUR'",
    "a table that shadows ours": "create table public.entry ()",
    "a temporary table that shadows ours": "create temporary table entry ()",
    "a temporary view that shadows ours": "create temporary view entry as select 1",
    "a schema that shadows ours": "create schema shadow",
    "calling what seals": "select ledger.seal_batch()",
    "becoming the superuser": "set role postgres",
    "being the login again": "reset role; delete from ledger.entry",
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_the_application_can_not_reach_past_the_rules_by(books: Database, statement: LiteralString) -> None:
    refused = psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways, psycopg.errors.FeatureNotSupported
    with pytest.raises(refused), undone(books) as conn:
        conn.execute(statement)


def test_the_application_may_add_to_the_ledger_and_change_nothing(books: Database) -> None:
    assert _writable(books, "finance_pipeline_app") == [
        "ledger.account INSERT",
        "ledger.book INSERT",
        "ledger.entry INSERT",
        "ledger.explained_difference INSERT",
        "ledger.other_balance INSERT",
        "ledger.other_trial_balance INSERT",
        "ledger.settings_approval INSERT",
        "ledger.settings_proposal INSERT",
        "ledger.submission INSERT",
        "ledger.submitted_balance INSERT",
        "ledger.submitted_item INSERT",
        "ledger.submitted_line INSERT",
        "ledger.verdict INSERT",
    ]
    assert _callable(books, "finance_pipeline_app") == [
        "allow_posting",
        "approve_reopening",
        "ask_reopening",
        "lock_area",
        "lock_period",
        "open_batch",
        "open_period",
        "soft_close_period",
        "take_token",
    ]


def test_a_reader_may_write_nothing_and_call_nothing_that_writes(books: Database) -> None:
    assert _writable(books, "finance_pipeline_reader") == []
    assert _callable(books, "finance_pipeline_reader") == []
    for statement in ("insert into ledger.book values ('fr', 'EUR', '2026-01-01', 1)", "delete from ledger.entry"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), undone(books, "reader") as conn:
            conn.execute(statement)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), undone(books, "reader") as conn:
        open_batch(conn)
    with undone(books, "reader") as conn:
        assert proof.verify(conn).holds


def _writable(database: Database, role: str) -> list[str]:
    """Tables of the ledger, partitions too, and in which ways a role may write to them."""
    return _rows(
        database,
        """
        select 'ledger.' || relname || ' ' || privilege
        from pg_class, unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as privilege
        where relnamespace = 'ledger'::regnamespace and relkind in ('r', 'p', 'v')
            and (has_table_privilege(%(role)s, oid, privilege)
                or privilege in ('INSERT', 'UPDATE') and has_any_column_privilege(%(role)s, oid, privilege))
        order by 1
        """,
        role,
    )


def _callable(database: Database, role: str) -> list[str]:
    """Functions that a role may call and that then act with the owner's rights; triggers cannot be called."""
    return _rows(
        database,
        """
        select proname from pg_proc
        where prosecdef and prorettype <> 'trigger'::regtype and pronamespace = 'ledger'::regnamespace
            and has_function_privilege(%(role)s, oid, 'EXECUTE')
        order by 1
        """,
        role,
    )


def _rows(database: Database, statement: LiteralString, role: str) -> list[str]:
    with database.transaction(role="owner") as conn:
        return [row[0] for row in conn.execute(statement, {"role": role}).fetchall()]
