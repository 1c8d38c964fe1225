"""Books of simulated companies, kept once a session and copied by the tests that change them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from finance_pipeline.sandbox.world import WorldOptions
from finance_pipeline.services.workspace import Workspace
from finance_pipeline_tests.services.companies import Company, Shared, company
from finance_pipeline_tests.services.pipeline import Computed, compute, sync_all

TWO_BOOKS = WorldOptions(seed=7, books=("uk", "de"), first_month="2025-05", month_count=2, bank_lines=300)
GROWING = WorldOptions(seed=3, books=("uk",), first_month="2025-05", month_count=2, bank_lines=150)


@pytest.fixture(scope="session")
def two_books(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A British company with an account in euros, and a German one with an account that has no feed: May and June."""
    with company(TWO_BOOKS, shared, tmp_path_factory.mktemp("two-books")) as found:
        yield found


@pytest.fixture(scope="session")
def landed(two_books: Company) -> Iterator[Workspace]:
    """Everything landed, nothing computed. To copy, not to change."""
    with two_books.new_books() as books:
        sync_all(books)
        yield books


@pytest.fixture(scope="session")
def settled(two_books: Company, landed: Workspace) -> Iterator[Workspace]:
    """All months of both books computed at once. To read or to copy, not to change."""
    with two_books.copy_of(landed) as books:
        compute(books, two_books.keys)
        yield books


@pytest.fixture(scope="session")
def growing(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Company, Workspace]]:
    """A company at the end of June, and its books as they were computed in the middle of June. To copy only.

    What the banks, the processor and the accounting system said since waits to be pulled.
    """
    end = GROWING.complete_at
    folder = tmp_path_factory.mktemp("growing")
    with company(GROWING, shared, folder, at=end - timedelta(days=13)) as found, found.new_books() as books:
        sync_all(books)
        compute(books, found.keys)
        found.it_is(end)
        yield found, books


@pytest.fixture(scope="session")
def grown(growing: tuple[Company, Workspace]) -> Iterator[tuple[Workspace, Computed]]:
    """The books of the middle of June at its end, and what the rest of June changed. To read only."""
    found, mid_june = growing
    with found.copy_of(mid_june) as books:
        sync_all(books)
        yield books, compute(books, found.keys)


@pytest.fixture(scope="session")
def at_once(growing: tuple[Company, Workspace]) -> Iterator[Workspace]:
    """The books of the same company, to which all was told at the end of June. To read only."""
    found, _ = growing
    with found.new_books() as books:
        sync_all(books)
        compute(books, found.keys)
        yield books
