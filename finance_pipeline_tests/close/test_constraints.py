"""What the tables of periods and of closing refuse whoever writes: each constraint is broken by one row that keeps all
others, so that none can be taken away unseen."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg import sql

from finance_pipeline.core.settings import Book
from finance_pipeline.store.database import Database
from finance_pipeline_tests.close.closing import Closing
from finance_pipeline_tests.ledger.by_hand import Connection, undone

NOTHING = " "
NEW: dict[str, dict[str, Any]] = {
    "close.explanation": {"explanation_seq": 900},
    "close.review": {"review_seq": 900},
    "close.signature": {"signature_id": "new", "sequence": 90, "review_seq": 800},
    "close.signed_balance": {"currency": "EUR"},
    "close.signed_record": {"record_id": "new"},
    "close.signed_item": {"item_id": "new"},
    "close.signed_line": {"line_id": "new"},
    "ledger.period": {"month": "2027-05-01"},
    "ledger.period_event": {"event_seq": 900},
    "ledger.posting_permission": {"month": "2026-06-01"},
}
"""What makes another row of one that is there: it is taken as it is."""


def said(table: str, *names: str) -> dict[str, dict[str, Any]]:
    return {f"{table}_{name}_check": {name: NOTHING} for name in names}


BROKEN: dict[str, dict[str, dict[str, Any]]] = {
    "close.explanation": said("explanation", "actor", "role", "reason", "origin") | {
        "explanation_month_check": {"month": "2026-13"},
        "explanation_verdict_check": {"verdict": "known"},
        "explanation_book_fkey": {"book": "nobody"},
        "explanation_pkey": {"explanation_seq": 800},
    },
    "close.review": said("review", "actor", "role", "reason", "origin") | {
        "review_month_check": {"month": "2026-5"},
        "review_book_fkey": {"book": "nobody"},
        "review_pkey": {"review_seq": 800},
    },
    "close.signature": said("signature", "role", "reason", "origin") | {
        "signature_month_check": {"month": "May"},
        "signature_sequence_check": {"sequence": 0},
        "takes_two_people": {"signed_by": " ANN"},
        "signature_book_fkey": {"book": "nobody"},
        "signature_review_seq_fkey": {"review_seq": 7000},
        "signature_review_seq_key": {"review_seq": 700},
        "signature_pkey": {"signature_id": "signed"},
        "signature_book_month_sequence_key": {"sequence": 1},
    },
    "close.signed_balance": {
        "signed_balance_account_id_fkey": {"account_id": -1},
        "signed_balance_signature_id_fkey": {"signature_id": "none"},
        "signed_balance_pkey": {"currency": "USD"},
    },
    "close.signed_record": {
        "signed_record_signature_id_fkey": {"signature_id": "none"},
        "signed_record_pkey": {"record_id": "x"},
    },
    "close.signed_item": {
        "signed_item_signature_id_fkey": {"signature_id": "none"}, "signed_item_pkey": {"item_id": "x"},
    },
    "close.signed_line": {
        "signed_line_signature_id_fkey": {"signature_id": "none"}, "signed_line_pkey": {"line_id": "x"},
    },
    "ledger.period": {
        "period_month_check": {"month": "2027-05-02"},
        "period_state_check": {"state": "closed"},
        "period_open_until_check": {"open_until": "infinity", "reopened_areas": ["AR"]},
        "areas_are_known": {"locked_areas": ["AR", None]},
        "reopening_ends": {"reopened_areas": ["AR"]},
        "period_book_fkey": {"book": "nobody"},
        "period_pkey": {"month": "2026-05-01"},
    },
    "ledger.period_event": said("period_event", "actor", "role", "reason", "origin") | {
        "period_event_action_check": {"action": "opened", "signature_id": None},
        "period_event_check": {"answers": 800},
        "period_event_check1": {"open_until": "2026-07-01"},
        "period_event_check2": {"signature_id": None},
        "period_event_signature_id_fkey": {"signature_id": "none"},
        "period_event_book_month_fkey": {"month": "2020-01-01"},
        "period_event_answers_fkey": {
            "action": "reopened", "answers": -1, "open_until": "2026-07-01", "signature_id": None,
        },
        "period_event_answers_key": {
            "action": "reopened", "answers": 800, "open_until": "2026-07-01", "signature_id": None,
        },
        "period_event_pkey": {"event_seq": 800},
    },
    "ledger.posting_permission": {
        "posting_permission_batch_id_fkey": {"batch_id": -1},
        "posting_permission_event_seq_fkey": {"event_seq": -1},
        "posting_permission_pkey": {"month": "2026-05-01"},
    },
}  # fmt: skip
EVERY_CONSTRAINT = """
    select conrelid::regclass::text, array_agg(conname::text) from pg_constraint
    where contype not in ('n', 't') and conrelid = any(%s::regclass[]) group by 1
"""
WHO = {"actor": "Ann", "role": "controller", "reason": "r", "origin": "o", "seen": "{}"}
ITEM = {"kind": "payout", "account": "a", "currency": "USD"}


def test_every_constraint_of_closing_refuses_what_it_is_there_for(kept_database: Database, us: Book) -> None:
    books = Closing.of(kept_database, us.id)
    books.post("one")
    with undone(kept_database, "owner") as conn:
        sound = _rows(conn, books.book)
        for table in [table for table in sound if table != "ledger.period"]:
            for row in sound[table]:
                _insert(conn, table, row)
        known = dict(conn.execute(EVERY_CONSTRAINT, (list(NEW),)).fetchall())
        assert {table: set(names) for table, names in known.items()} == {t: set(each) for t, each in BROKEN.items()}
        for table, constraints in BROKEN.items():
            row = sound[table][0]
            with conn.transaction(force_rollback=True):
                _insert(conn, table, row | NEW[table])
            for constraint, change in constraints.items():
                with pytest.raises(psycopg.IntegrityError) as refused, conn.transaction():
                    _insert(conn, table, row | NEW[table] | change)
                assert refused.value.diag.constraint_name == constraint


def _rows(conn: Connection, book: str) -> dict[str, list[dict[str, Any]]]:
    """Sound rows by table, in the order in which they may be written. The period stands already."""
    found = conn.execute(
        "select account_id, (select max(batch_id) from ledger.batch) from ledger.account where book = %s limit 1",
        (book,),
    ).fetchone()
    assert found is not None
    account, batch = found
    here = {"book": book, "month": "2026-05"}
    seal = {"seal_position": 1, "seal_link": "\\x00"}
    told = {name: said for name, said in WHO.items() if name != "actor"}
    signature = here | told | seal | {"prepared_by": "Ann", "signed_by": "Bea", "seen_digest": "d", "versions": {}}
    event = here | WHO | {"month": "2026-05-01", "head_position": 1, "head_link": "\\x00"}
    signed = {"signature_id": "signed"}
    return {
        "ledger.period": [here | {"month": "2026-05-01"}],
        "close.explanation": [
            here | WHO | {"explanation_seq": 800, "subject": "x", "currency": "USD", "open_minor": 1,
                          "verdict": "explained"},
        ],
        "close.review": [here | WHO | seal | {"review_seq": each} for each in (700, 800)],
        "close.signature": [signature | signed | {"sequence": 1, "review_seq": 700}],
        "close.signed_balance": [
            signed | {"account_id": account, "code": "1010", "currency": "USD", "amount_minor": 1,
                      "functional_minor": 1, "effective_amount_minor": 1, "effective_functional_minor": 1},
        ],
        "close.signed_record": [
            signed | {"table_name": "t", "record_id": "x", "version": 1, "content_hash": "h", "removed": False,
                      "recorded_seq": 1},
        ],
        "close.signed_item": [
            signed | ITEM | {"item_id": "x", "references": [], "total_minor": 1, "open_minor": 1,
                             "open_functional_minor": 1, "issued_on": "2026-05-01", "evidence_hash": "h"},
        ],
        "close.signed_line": [signed | ITEM | {"line_id": "x", "amount_minor": 1, "booked_on": "2026-05-01"}],
        "ledger.period_event": [
            event | {"event_seq": 800, "action": "locked"} | signed,
            event | {"event_seq": 700, "action": "reopened", "answers": 800, "open_until": "2026-07-01"},
        ],
        "ledger.posting_permission": [here | {"batch_id": batch, "month": "2026-05-01", "event_seq": 800}],
    }  # fmt: skip


def _insert(conn: Connection, table: str, row: dict[str, Any]) -> None:
    """One row, of the columns that it names."""
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    conn.execute(
        sql.SQL(
            "insert into {table} ({columns}) overriding system value"
            " select {columns} from jsonb_populate_record(null::{table}, %s)"
        ).format(table=sql.Identifier(*table.split(".")), columns=columns),
        (json.dumps(row),),
    )
