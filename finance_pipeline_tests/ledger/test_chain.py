"""The proof of the chain: what a superuser changes shows, and where it begins.

Each change is undone afterwards; triggers and foreign keys are off, as a superuser can switch them off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import LiteralString

import pytest
from psycopg import sql

from finance_pipeline.ledger import proof
from finance_pipeline.ledger.anchors import anchor_of
from finance_pipeline.services.campaigns.attacks.ledger import close_by_hand
from finance_pipeline.store.address import Connection
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.conftest import Superuser
from finance_pipeline_tests.ledger.tamperings import (
    AMOUNTS,
    CHAINED_ANEW,
    COLUMNS,
    CONTROLS_ANEW,
    CONTROLS_CUT_OFF,
    CUT_OFF,
    MOVED_ANEW,
    OF_THE_LAST,
    OTHERWISE,
    POSTED_ANEW,
    TAMPERED,
)
from finance_pipeline_tests.ledger.world import MAY, US, World, post


@pytest.fixture(scope="module")
def chained(kept_database: Database) -> Database:
    """Three batches of one book: two entries; one of them taken back and posted anew; one more. The month is locked."""
    world = World().line("sent", "-2.00")
    for name, amount in (("paid", "1.00"), ("paid", "1.50"), ("more", "3.00")):
        with kept_database.transaction() as conn:
            post(conn, world.line(name, amount))
    with kept_database.transaction(role="owner") as conn:
        close_by_hand(conn, "us", MAY.first_day, "locked")
        conn.execute(
            "insert into close.signed_balance select 'us2026-05', account_id, code, 'USD', 450, 450, 450, 450"
            " from ledger.account where book = 'us' and code = '1010'"
        )
        conn.execute("insert into close.signed_record values ('us2026-05', 'invoice', 'one', 1, 'hash', false, 1)")
    return kept_database


@pytest.fixture
def tampering(chained: Database, superuser: Superuser) -> Iterator[Connection]:
    """A superuser's session whose one transaction is never committed."""
    conn = superuser(chained)
    conn.autocommit = False
    conn.execute("set local session_replication_role = replica")
    yield conn
    conn.rollback()


def test_the_chain_of_several_batches_holds_and_names_its_head(chained: Database) -> None:
    with chained.transaction(role="reader") as conn:
        report = proof.verify(conn)
        head = conn.execute("select encode(link, 'hex') from ledger.seal where position = 3").fetchone()
    assert report == proof.ProofReport(
        batches=3, entries=5, head=head[0] if head else "", first_broken=None, faults=(), controls=3
    )
    assert report.holds
    assert proof.verify_all(chained) == report


def test_a_journal_without_entries_holds(database: Database) -> None:
    with database.transaction() as conn:
        report = proof.verify(conn)
    assert (report.holds, report.batches, report.entries) == (True, 0, 0)


@pytest.mark.parametrize(("statements", "words"), TAMPERED.values(), ids=TAMPERED)
def test_the_proof_names_the_first_break_when(tampering: Connection, statements: LiteralString, words: str) -> None:
    tampering.execute(statements)
    report = proof.verify(tampering)
    assert report.first_broken is not None
    assert report.first_broken.startswith(words), report.faults
    assert not report.holds


@pytest.mark.parametrize("table", ["entry", "seal", "business_key", "movement"])
def test_no_column_can_be_changed_unseen_of_an(tampering: Connection, table: str) -> None:
    for constraint in ("reversal_has_a_negative_version", "nothing_is_accounted_for_before_it_happens"):
        drop = sql.SQL("alter table ledger.entry drop constraint {}").format(sql.Identifier(constraint))
        tampering.execute(drop)
    columns = tampering.execute(COLUMNS, (f"ledger.{table}",)).fetchall()
    assert len(columns) >= 7
    of_the_last = OF_THE_LAST.get(table, "batch_id = 3")
    for column, kind in columns:
        change = sql.SQL("update {} set {} = {} where {}").format(
            sql.Identifier("ledger", table), sql.Identifier(column), sql.SQL(OTHERWISE[kind]), sql.SQL(of_the_last)
        )
        with tampering.transaction(force_rollback=True):
            tampering.execute(change)
            broken = proof.verify(tampering).first_broken
            assert broken, column
            assert table in ("business_key", "movement") or "(link " in broken, column


def test_two_sessions_that_share_the_proof_find_what_one_finds(chained: Database, superuser: Superuser) -> None:
    session = superuser(chained)
    for table in ("entry", "account"):
        session.execute(sql.SQL("alter table {} disable trigger all").format(sql.Identifier("ledger", table)))
    session.execute("update ledger.account set kind = 'income' where code = '2100'")
    session.execute("update ledger.entry set description = upper(description) where batch_id = 3")
    try:
        with chained.transaction(role="reader") as conn:
            alone = proof.verify(conn)
        assert proof.verify_all(chained) == alone
        assert alone.faults[0].startswith("batch 3 (link 3) holds other entries")
        assert "account 2100 of book us does not mean" in alone.faults[1]
    finally:
        session.execute("update ledger.entry set description = lower(description) where batch_id = 3")
        session.execute("update ledger.account set kind = 'liability' where code = '2100'")


def test_every_break_is_listed_the_first_one_first(tampering: Connection) -> None:
    tampering.execute("update ledger.entry set description = 'rent' where batch_id in (1, 3)")
    broken = [f"batch {n} (link {n}) holds other entries than were sealed" for n in (1, 3)]
    report = proof.verify(tampering)
    assert (report.first_broken, list(report.faults)) == (broken[0], broken)


@pytest.mark.parametrize(
    "statements",
    [AMOUNTS + POSTED_ANEW + CHAINED_ANEW + MOVED_ANEW, CUT_OFF, CONTROLS_ANEW, CONTROLS_CUT_OFF],
    ids=[
        "the whole journal is made anew around a changed amount",
        "the last batch is cut off without a trace",
        "all decisions are sealed anew around a changed sign-off",
        "all decisions are cut off without a trace",
    ],
)
def test_only_a_head_kept_outside_shows_that(tampering: Connection, statements: LiteralString) -> None:
    kept_outside = anchor_of(tampering)
    assert kept_outside is not None
    tampering.execute(statements)
    assert proof.verify(tampering).holds
    shown = proof.verify(tampering, anchors=[kept_outside]).first_broken
    assert shown
    assert shown.startswith(("link 3", "decision 3"))
    assert "noted outside" in shown


def test_a_head_kept_outside_still_holds_after_later_postings(database: Database) -> None:
    world = World().line("paid", "1.00")
    with database.transaction() as conn:
        post(conn, world)
    with database.transaction() as conn:
        noted = anchor_of(conn)
        post(conn, world.line("more", "2.00"))
    with database.transaction() as conn:
        assert noted is not None
        assert proof.verify(conn, anchors=[noted]).holds
        assert proof.verify(conn, anchors=[replace(noted, entries=2)]).first_broken
        assert proof.verify(conn).head != noted.link


def test_a_batch_that_commits_late_is_recorded_late(database: Database) -> None:
    books = [World(US.model_copy(update={"id": name})) for name in ("early", "late")]
    for world in books:
        with database.transaction() as conn:
            post(conn, world.line("opens the month", "1.00"))
    early, late = (world.line("paid", "2.00") for world in books)
    with database.transaction() as first:
        post(first, late)
        with database.transaction() as second:
            post(second, early)
    with database.transaction() as conn:
        chain = conn.execute("select position, batch_id from ledger.seal order by recorded_at").fetchall()
        assert chain == [(1, 1), (2, 2), (3, 4), (4, 3)]
        assert proof.verify(conn).holds
