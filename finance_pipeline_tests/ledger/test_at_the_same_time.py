"""Two books that post at the same time: neither waits for the other, except to open a month that nobody has opened."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger import journal, proof, reports
from finance_pipeline.store.database import Database
from finance_pipeline.store.locks import book_lock
from finance_pipeline_tests.ledger.world import MAY, World, day, post

SEPTEMBER = Month(2026, 9)
WAITING = """
    select from pg_locks
    where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())
"""


def test_two_books_post_at_the_same_time_without_waiting_for_each_other(
    kept_database: Database, us: Book, de: Book
) -> None:
    together = threading.Barrier(2, timeout=10)
    for book in (us, de):
        _post(kept_database, World(book).line("opens the month", "1.00"), MAY)

    def keep(book: Book) -> None:
        world = World(book).line("opens the month", "1.00")
        for n in range(3):
            with kept_database.transaction() as conn:
                book_lock(conn, book.id)
                post(conn, world.line(f"line {n}", "2.00"))
                together.wait()  # both have posted, and neither has committed

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(keep, [us, de]))
    with kept_database.transaction(role="reader") as conn:
        for book in (us, de):
            assert reports.trial_balance(conn, book.id, MAY)["closing_minor"].to_list() == [700, -700]
            numbers = [f"{book.id}-2026-{n:06}" for n in range(1, 5)]
            assert reports.journal(conn, book.id, MAY)["number"].to_list() == numbers
        assert proof.verify(conn).first_broken is None


def test_two_books_open_a_month_that_nobody_has_opened(kept_database: Database, us: Book, de: Book) -> None:
    with ThreadPoolExecutor(1) as second:
        with kept_database.transaction() as conn:
            post(conn, World(us).line("first", "1.00", on=day(4, 9)), SEPTEMBER)
            theirs = second.submit(_post, kept_database, World(de).line("first", "1.00", on=day(4, 9)), SEPTEMBER)
            while not conn.execute(WAITING).rowcount:
                assert not theirs.done()
                time.sleep(0.01)
        assert theirs.result(timeout=10) == 1


def test_a_worker_whose_run_was_begun_again_may_not_post_any_more(kept_database: Database, us: Book, de: Book) -> None:
    with kept_database.transaction() as conn:
        zombie = journal.take_token(conn, us.id, "run")
        other_book, other_run = journal.take_token(conn, de.id, "run"), journal.take_token(conn, us.id, "another")
    with kept_database.transaction() as conn:
        assert post(conn, World(us).line("first", "1.00"), token=zombie).new == 1
        newest = journal.take_token(conn, us.id, "run")
    world = World(us).line("first", "1.00").line("second", "2.00")
    for token in (zombie, other_book, other_run, newest + 1):
        with pytest.raises(psycopg.IntegrityError, match="was begun again"), kept_database.transaction() as conn:
            post(conn, world, token=token)
    with kept_database.transaction() as conn:
        assert post(conn, world, token=newest).new == 1


def _post(database: Database, world: World, month: Month) -> int:
    """Publish in a transaction of its own; returns how many entries were new."""
    with database.transaction() as conn:
        return post(conn, world, month).new
