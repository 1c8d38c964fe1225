"""Unsound entries, which the database refuses to whoever holds the application's role, whatever program sends them.

One database for all: each attack is refused and undone. The messages say which rule refused, so that a rule that is
taken away is missed even where another one would refuse the same.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from finance_pipeline.ledger import proof
from finance_pipeline.services.campaigns.attacks.attempts import elsewhere
from finance_pipeline.services.campaigns.attacks.unsound import ABROAD, EURO, SHADOWS, TAKEN_BACK, UNSOUND
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.by_hand import Connection, copy_all, open_batch, undone, write
from finance_pipeline_tests.ledger.conftest import Superuser


@pytest.mark.parametrize(("changes", "message"), UNSOUND.values(), ids=UNSOUND)
def test_an_unsound_entry_is_refused(books: Database, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(psycopg.Error, match=message), undone(books) as conn:
        write(conn, **changes)


@pytest.mark.parametrize(
    "changes", [{}, EURO, TAKEN_BACK, ABROAD], ids=["in dollars", "in euro", "a reversal", "one in euro"]
)
def test_the_same_entry_with_nothing_wrong_is_taken_and_sealed(books: Database, changes: dict[str, Any]) -> None:
    with undone(books) as conn:
        write(conn, **changes)
        conn.execute("set constraints all immediate")
        assert proof.verify(conn).entries == 6
        assert proof.verify(conn).holds


def _copy_and_seal(conn: Connection, *entries: dict[str, Any]) -> None:
    copy_all(conn, *entries)
    conn.execute("set constraints all immediate")


def test_entries_copied_in_are_checked_like_any_and_against_each_other(books: Database) -> None:
    with undone(books) as conn:
        with pytest.raises(psycopg.errors.UniqueViolation, match="business_key"), conn.transaction():
            copy_all(conn, {"number": 6}, {"number": 7})
        with pytest.raises(psycopg.errors.CheckViolation, match="balanced"), conn.transaction():
            copy_all(conn, {"number": 6}, {"source_id": "two", "number": 7, "amounts": [100, -99]})
        for numbers in ((6, 8), (4, 7), (6, 6, 8)):
            with pytest.raises(psycopg.IntegrityError, match="without gaps"), conn.transaction():
                _copy_and_seal(conn, *({"source_id": f"{place}", "number": n} for place, n in enumerate(numbers)))
        copy_all(conn, {"number": 7}, {"source_id": "two", "number": 6})


def test_a_batch_that_was_never_sealed_takes_no_entries_of_another_transaction(
    books: Database, superuser: Superuser
) -> None:
    session = superuser(books)
    session.execute("set session_replication_role = replica")
    forged = session.execute(
        "insert into ledger.batch (run_id, correlation_id) values ('run', 'correlation') returning batch_id"
    ).fetchone()
    assert forged is not None
    with pytest.raises(psycopg.IntegrityError, match="not opened by this transaction"), undone(books) as conn:
        write(conn, batch_id=forged[0])
    session.execute("delete from ledger.batch where batch_id = %s", forged)


def test_a_batch_without_entries_is_refused_when_it_commits(books: Database) -> None:
    with pytest.raises(psycopg.IntegrityError, match="is empty"), books.transaction() as conn:
        open_batch(conn)


def test_one_entry_is_sealed_without_reading_the_month_that_it_is_in(books: Database, superuser: Superuser) -> None:
    session = superuser(books)
    session.execute("analyze ledger.entry")
    with session.transaction(force_rollback=True):
        write(session)
        session.execute("set constraints all immediate")
        read = session.execute(
            "select sum(seq_tup_read) from pg_stat_xact_user_tables where relname like 'entry_2026%'"
        ).fetchone()
    assert read == (0,)


def test_a_batch_that_was_sealed_early_takes_no_more_entries(books: Database) -> None:
    with undone(books) as conn:
        batch = write(conn)
        conn.execute("set constraints all immediate")
        with pytest.raises(psycopg.IntegrityError, match="or is sealed"), conn.transaction():
            write(conn, batch_id=batch, source_id="two")


def test_a_batch_whose_opening_was_undone_takes_no_entries(books: Database) -> None:
    with undone(books) as conn:
        with conn.transaction(force_rollback=True):
            batch = open_batch(conn)
        with pytest.raises(psycopg.IntegrityError, match="not opened by this transaction"), conn.transaction():
            write(conn, batch_id=batch)


def test_opening_a_closed_month_again_leaves_it_closed(books: Database) -> None:
    with undone(books) as conn:
        conn.execute("select ledger.open_period('us', '2026-06-01')")
        with pytest.raises(psycopg.IntegrityError, match="2026-06 of book us is not open"), conn.transaction():
            write(conn, accounting_on="2026-06-04")


@pytest.mark.parametrize("month", ["2026-04-01", "2026-05-02", "2201-01-01", "infinity"])
def test_no_month_is_opened_before_the_book_begins_or_that_is_none(books: Database, month: str) -> None:
    with pytest.raises(psycopg.IntegrityError), undone(books) as conn:
        conn.execute("select ledger.open_period('us', %s)", (month,))


@pytest.mark.parametrize(
    "case",
    [
        "an entry that does not add to zero",
        "an account that holds another currency",
        "a locked month",
        "a number that leaves a gap",
        "a reversal before its original",
    ],
)
def test_a_search_path_with_kindlier_operators_changes_no_answer(
    books: Database, superuser: Superuser, case: str
) -> None:
    changes, message = UNSOUND[case]
    superuser(books).execute(SHADOWS)
    with undone(books) as conn, pytest.raises(psycopg.IntegrityError, match=message), conn.transaction():
        elsewhere(conn, "shadow, pg_catalog", changes)
