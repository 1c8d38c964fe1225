"""Entries written by hand: what somebody could try who holds a role of the database but not the journal writer."""

from __future__ import annotations

from typing import Any, LiteralString

import polars as pl
import psycopg

from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.store.copy import copy_in

Connection = psycopg.Connection[Any]
INSERT: LiteralString = """
    insert into ledger.entry (
        batch_id, book, fiscal_year, number, effective_on, accounting_on, currency, description, accounts, amounts,
        functional_amounts, source, source_id, purpose, version, evidence_id, evidence_hash, match_id, rule, reverses,
        run_id, correlation_id
    )
    values (
        %(batch_id)s, %(book)s, %(fiscal_year)s, %(number)s, %(effective_on)s::date, %(accounting_on)s::date,
        %(currency)s, %(description)s, %(accounts)s::integer[], %(amounts)s::bigint[],
        %(functional_amounts)s::bigint[], %(source)s, %(source_id)s, %(purpose)s, %(version)s, %(evidence_id)s,
        %(evidence_hash)s, %(match_id)s, %(rule)s, %(reverses)s::uuid, %(run_id)s, %(correlation_id)s
    )
"""
SOUND: dict[str, Any] = {
    "book": "us",
    "fiscal_year": 2026,
    "effective_on": "2026-05-04",
    "accounting_on": "2026-05-04",
    "currency": "USD",
    "description": "by hand",
    "accounts": ["1010", "3900"],
    "amounts": [100, -100],
    "functional_amounts": None,
    "source": "hand",
    "source_id": "one",
    "purpose": "line",
    "version": 1,
    "evidence_id": "one",
    "evidence_hash": "hash",
    "match_id": None,
    "rule": "hand",
    "reverses": None,
    "run_id": "run",
    "correlation_id": "correlation",
}
"""Dr bank, Cr opening balances 1.00 in dollars on 4 May; nothing is wrong with it."""


def write(conn: Connection, **changes: Any) -> int:
    """Insert the sound entry with some columns changed, in a batch of its own unless one is named; returns the batch.

    accounts: codes of the entry's book, or "book/code", or an id. reverses: source, source id, purpose, version.
    """
    columns = complete(conn, changes)
    conn.execute(INSERT, columns)
    return int(columns["batch_id"])


def copy_all(conn: Connection, *entries: dict[str, Any]) -> None:
    """Copy entries in by one statement and in one batch, each the sound one with some columns changed."""
    batch = open_batch(conn)
    copy_in(conn, "ledger.entry", pl.DataFrame([complete(conn, {"batch_id": batch} | each) for each in entries]))


def write_into(conn: Connection, statement: LiteralString, **changes: Any) -> None:
    """Write the sound entry with some columns changed by another statement, in a batch of its own."""
    conn.execute(statement, complete(conn, changes))


def open_batch(conn: Connection) -> int:
    return int(_value(conn, "select ledger.open_batch('run', 'correlation')"))


def complete(conn: Connection, changes: dict[str, Any]) -> dict[str, Any]:
    """The columns of the sound entry with some of them changed, as the database takes them."""
    columns = SOUND | changes
    columns["accounts"] = _ids(conn, columns["book"], columns["accounts"])
    if columns["reverses"]:
        subject = (columns["book"], *columns["reverses"])
        columns["reverses"] = _value(conn, "select ledger.entry_id(%s, %s, %s, %s, %s)", subject)
    if "batch_id" not in columns:
        columns["batch_id"] = open_batch(conn)
    if "number" not in columns:
        columns["number"] = _next_number(conn, columns["book"], columns["fiscal_year"])
    return columns


def _next_number(conn: Connection, book: str, fiscal_year: int) -> int:
    return int(
        _value(
            conn,
            "select coalesce(max(last_number), 0) + 1 from ledger.numbering where book = %s and fiscal_year = %s",
            (book, fiscal_year),
        )
    )


def _ids(conn: Connection, book: str, accounts: Any) -> Any:
    if isinstance(accounts, list):
        return [_ids(conn, book, account) for account in accounts]
    if not isinstance(accounts, str):
        return accounts
    of_book, _, code = accounts.rpartition("/")
    return _value(conn, "select account_id from ledger.account where book = %s and code = %s", (of_book or book, code))


def _value(conn: Connection, statement: Any, parameters: tuple[Any, ...] = ()) -> Any:
    row = conn.execute(statement, parameters).fetchone()
    if row is None:
        raise PermanentProblem(f"{statement} of {parameters} found nothing.", where="an entry written by hand")
    return row[0]
