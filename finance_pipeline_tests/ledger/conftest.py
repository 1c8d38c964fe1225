"""Databases of the ledger's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from finance_pipeline.core.settings import Book
from finance_pipeline.services.campaigns.attacks.ledger import make_ledger
from finance_pipeline.store.address import Connection, connect, parts_of, with_database
from finance_pipeline.store.database import Database
from finance_pipeline_tests.conftest import _fresh
from finance_pipeline_tests.ledger.world import US

Superuser = Callable[[Database], Connection]
_numbers = count(1)


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
    """The ledger that is attacked: see make_ledger."""
    make_ledger(kept_database)
    return kept_database


@pytest.fixture
def us() -> Book:
    """A book of the test's own, so that tests can share a database."""
    return US.model_copy(update={"id": f"us-{next(_numbers)}"})


@pytest.fixture
def de() -> Book:
    """A second one."""
    return US.model_copy(update={"id": f"de-{next(_numbers)}"})
