"""What people bring to the ledger, at the database itself: nothing is added later, nobody approves their own, and what
is signed balances. Written as somebody could try who holds the application's role but not its code."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
import pytest

from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.by_hand import undone
from finance_pipeline_tests.ledger.world import US

Connection = psycopg.Connection[Any]
JOURNALS, OPENING = "a" * 64, "b" * 64
_SUBMISSION = """
    insert into ledger.submission (submission_id, kind, book, files, page_hashes, line_count, submitted_by, reason)
    values (%s, %s, 'us', '{f.csv}', '{h}', 2, 'Ann', 'month end')
"""
_LINE = """
    insert into ledger.submitted_line values
        (%s, %s, 'J-1', '2026-05-31', null, '6000', 'USD', %s, %s, 'wages', 'h')
"""
_ITEM = """
    insert into ledger.submitted_item values
        (%s, 1, 'invoice', 'INV-1', 'Acme', null, 'USD', %s, %s, '2026-04-02', null, 'h')
"""
_BALANCE = "insert into ledger.submitted_balance values (%s, 1, '3000', 'USD', %s, %s, 'h')"
_SIGN = "insert into ledger.verdict (submission_id, actor, verdict, reason) values (%s, %s, %s, 'seen')"
REFUSED = (psycopg.errors.CheckViolation, psycopg.errors.IntegrityConstraintViolation)


@pytest.fixture(scope="module")
def submitted(kept_database: Database) -> Database:
    """Journals and an opening that Ann submitted, each of two rows that balance, and nobody's word on them."""
    with kept_database.transaction() as conn:
        ensure_accounts(conn, [US])
        bring(conn, JOURNALS, "journals")
        bring(conn, OPENING, "opening")
        conn.execute(_LINE, (JOURNALS, 1, 100, 100))
        conn.execute(_LINE, (JOURNALS, 2, -100, -100))
        conn.execute(_ITEM, (OPENING, 500, 500))
        conn.execute(_BALANCE, (OPENING, -500, -500))
    return kept_database


def bring(conn: Connection, submission: str, kind: str) -> None:
    conn.execute(_SUBMISSION, (submission, kind))


def sign(conn: Connection, submission: str, actor: str, verdict: str = "sign") -> None:
    conn.execute(_SIGN, (submission, actor, verdict))


def stands(conn: Connection, submission: str) -> bool:
    found = conn.execute("select from ledger.approved_submission where submission_id = %s", (submission,)).fetchone()
    return found is not None


@pytest.mark.parametrize(
    ("statement", "values"),
    [(_LINE, (JOURNALS, 3, 5, 5)), (_ITEM, (OPENING, 5, 5)), (_BALANCE, (OPENING, 5, 5))],
    ids=["line", "item", "balance"],
)
def test_nothing_is_added_to_a_submission_by_a_later_transaction(
    submitted: Database, statement: LiteralString, values: tuple[Any, ...]
) -> None:
    with undone(submitted) as conn, pytest.raises(REFUSED, match="is complete"):
        conn.execute(statement, values)


def test_a_journal_stands_by_the_word_of_somebody_who_did_not_submit_it(submitted: Database) -> None:
    with undone(submitted) as conn, pytest.raises(REFUSED, match="another person approves"):
        sign(conn, JOURNALS, " ANN")
    with undone(submitted) as conn:
        assert not stands(conn, JOURNALS)
        sign(conn, JOURNALS, "Bob")
        assert stands(conn, JOURNALS)
    with undone(submitted) as conn:
        sign(conn, JOURNALS, "Bob")
        with pytest.raises(REFUSED, match="stands approved"):
            sign(conn, JOURNALS, "Eve", "refuse")
    with undone(submitted) as conn:
        sign(conn, JOURNALS, "Eve", "refuse")
        with pytest.raises(REFUSED, match="was refused"):
            sign(conn, JOURNALS, "Bob")


def test_an_opening_takes_two_people_and_a_book_has_one(submitted: Database) -> None:
    with undone(submitted) as conn:
        sign(conn, OPENING, "Ann")
        assert not stands(conn, OPENING)
        sign(conn, OPENING, "Bob")
        assert stands(conn, OPENING)
    with undone(submitted) as conn:
        sign(conn, OPENING, "Bob")
        with pytest.raises(psycopg.errors.UniqueViolation):
            sign(conn, OPENING, "bob ")
    with undone(submitted) as conn:
        sign(conn, OPENING, "Ann")
        sign(conn, OPENING, "Bob")
        bring(conn, "c" * 64, "opening")
        with pytest.raises(REFUSED, match="has a signed opening"):
            sign(conn, "c" * 64, "Eve")


@pytest.mark.parametrize("amounts", [(100, 101), (101, 100)], ids=["in the book's currency", "in its own"])
def test_what_does_not_balance_is_not_signed(submitted: Database, amounts: tuple[int, int]) -> None:
    with undone(submitted) as conn:
        bring(conn, "d" * 64, "journals")
        conn.execute(_LINE, ("d" * 64, 1, *amounts))
        conn.execute(_LINE, ("d" * 64, 2, -100, -100))
        with pytest.raises(REFUSED, match="of a journal differ"):
            sign(conn, "d" * 64, "Bob")
    with undone(submitted) as conn:
        bring(conn, "e" * 64, "opening")
        conn.execute(_ITEM, ("e" * 64, 500, 500))
        conn.execute(_BALANCE, ("e" * 64, -501, -501))
        with pytest.raises(REFUSED, match="debits and credits differ"):
            sign(conn, "e" * 64, "Bob")


@pytest.mark.parametrize(
    "table",
    [
        *("submission", "submitted_balance", "submitted_item", "submitted_line", "verdict", "settings_proposal"),
        *("settings_approval", "other_trial_balance", "other_balance", "explained_difference"),
    ],
)
def test_what_was_brought_is_neither_changed_nor_removed_by_the_application(submitted: Database, table: str) -> None:
    for statement in (f"delete from ledger.{table}", f"truncate ledger.{table}"):  # noqa: S608
        with undone(submitted) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement)  # type: ignore[arg-type]


def test_the_clock_and_the_order_of_what_was_brought_are_not_the_applications_to_say(submitted: Database) -> None:
    forged = (
        "insert into ledger.verdict (submission_id, actor, verdict, reason, recorded_at)"
        " values (repeat('a', 64), 'Bob', 'sign', 'seen', '2020-01-01')",
        "insert into ledger.settings_proposal (book, settings, digest, proposed_by, reason, recorded_at)"
        " values ('us', '{}', repeat('a', 64), 'Bob', 'why', '2020-01-01')",
        "insert into ledger.explained_difference (book, month, code, difference_minor, actor, reason, recorded_at)"
        " values ('us', '2026-05-01', '1010', 5, 'Bob', 'why', '2020-01-01')",
    )
    for statement in forged:
        with undone(submitted) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement)


def test_nobody_approves_the_settings_that_they_proposed_and_only_the_latest_are_approved(submitted: Database) -> None:
    proposal = (
        "insert into ledger.settings_proposal (book, settings, digest, proposed_by, reason)"
        " values ('us', '{}', repeat('a', 64), 'Ann', 'why') returning proposal_seq"
    )
    approval = "insert into ledger.settings_approval (proposal_seq, approved_by, reason) values (%s, %s, 'seen')"

    def proposed(conn: Connection) -> int:
        row = conn.execute(proposal).fetchone()
        assert row is not None
        return int(row[0])

    with undone(submitted) as conn, pytest.raises(REFUSED, match="another person approves"):
        conn.execute(approval, (proposed(conn), "ann "))
    with undone(submitted) as conn:
        first, _ = proposed(conn), proposed(conn)
        with pytest.raises(REFUSED, match="a later proposal"):
            conn.execute(approval, (first, "Bob"))


def test_a_trial_balance_of_the_other_ledger_is_whole_when_its_transaction_ends(submitted: Database) -> None:
    whole = (
        "insert into ledger.other_trial_balance (book, month, file, page_hash, brought_by)"
        " values ('us', '2026-05-01', 'f', 'h', 'Ann') returning trial_balance_seq"
    )
    with submitted.transaction() as conn:
        row = conn.execute(whole).fetchone()
    assert row is not None
    with undone(submitted) as conn, pytest.raises(REFUSED, match="is complete"):
        conn.execute("insert into ledger.other_balance values (%s, '610', 'AR', 5)", row)
