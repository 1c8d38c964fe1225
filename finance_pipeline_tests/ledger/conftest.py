"""Databases of the ledger's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.store.address import Connection, connect, parts_of, with_database
from finance_pipeline.store.database import Database
from finance_pipeline_tests.conftest import _fresh
from finance_pipeline_tests.ledger.by_hand import close_month
from finance_pipeline_tests.ledger.world import US, World, day, post

Superuser = Callable[[Database], Connection]
_numbers = count(1)
DE = US.model_copy(update={"id": "de", "currency": "EUR", "starts_on": day(15)})


@pytest.fixture(scope="module")
def kept_database(shared: tuple[Database, str]) -> Iterator[Database]:
    """One migrated database for the tests of a module that undo what they do, or keep a book of their own."""
    with _fresh(shared, "finance_pipeline") as opened:
        yield opened


@pytest.fixture
def superuser(shared: tuple[Database, str]) -> Iterator[Superuser]:
    """Opens a session with every right on a database, each statement a transaction of its own."""
    with ExitStack() as sessions:

        def session(database: Database) -> Connection:
            address = with_database(shared[1], parts_of(database.url)["dbname"])
            return sessions.enter_context(connect(address, autocommit=True))

        yield session


@pytest.fixture(scope="module")
def books(kept_database: Database) -> Database:
    """A book in dollars with five entries in May; June is locked, July soft-closed; a book in euro from mid-May on."""
    world = World().line("paid", "1.00").line("gone", "1.00").document("inv", "5.00")
    world.document("abroad", "1.00", currency="EUR", functional_total="1.10", on=day(4))
    with kept_database.transaction() as conn:
        post(conn, world)
        post(conn, world.without("bank", "gone"))
        ensure_accounts(conn, [DE])
    for book, month, state in (("us", 6, "locked"), ("us", 7, "soft_closed"), ("de", 5, "open"), ("de", 8, "open")):
        close_month(kept_database, day(1, month), state, book)
    with kept_database.transaction(role="owner") as conn:
        conn.execute("update ledger.account set is_active = false where book = 'us' and code = '6300'")
    return kept_database


@pytest.fixture
def us() -> Book:
    """A book of the test's own, so that tests can share a database."""
    return US.model_copy(update={"id": f"us-{next(_numbers)}"})


@pytest.fixture
def de() -> Book:
    """A second one."""
    return US.model_copy(update={"id": f"de-{next(_numbers)}"})
