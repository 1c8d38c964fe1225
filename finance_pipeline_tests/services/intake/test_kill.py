"""kill -9 at any moment, and start again: the books are those of an undisturbed run, to the last version and entry."""

from __future__ import annotations

import shutil
import time

import psutil
import pytest

from finance_pipeline.core.problems import DatabaseDown
from finance_pipeline.services.bookkeeping import books as asked
from finance_pipeline.services.reconciliation import folding
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.server import server_status
from finance_pipeline_tests.conftest import data_folder
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.killed import Point, killed_run, sample
from finance_pipeline_tests.services.pipeline import Computed, Facts, assert_equal, compute, history, rows, sync_all

Growing = tuple[Company, Workspace]
SEED = 2026
"""Of the sample; EVERY_POINT=1 in the environment is all points, each by itself."""


@pytest.fixture(scope="module")
def undisturbed(grown: tuple[Workspace, Computed]) -> Facts:
    """What the rest of June gives when nobody is killed."""
    books, done = grown
    assert min(done.retracted, done.reversed, done.new_entries) > 0
    return history(books)


def wait_for_the_dead(books: Workspace) -> None:
    """The server notices that a client is gone when it looks; until then its locks are held."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        [(others,)] = rows(
            books,
            """
            select count(*) from pg_catalog.pg_stat_activity
            where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid()
                and backend_type = 'client backend'
            """,
        )
        if others == 0:
            return
        time.sleep(0.02)
    pytest.fail("a session of the killed process is still there")


def assert_whole(books: Workspace) -> None:
    """Nothing is half there: the chain holds, every landed file is what it should be, nothing is left in staging."""
    assert asked.verify(books, lambda _: None)["intact"]
    listed = {path for (path,) in rows(books, "select path from landing.file")}
    landing = books.home / "landing"
    on_disk = {str(file.relative_to(landing)) for file in landing.rglob("*.parquet")}
    assert listed <= on_disk
    with books.database.transaction() as conn:
        tables = conn.execute("select tablename from pg_catalog.pg_tables where schemaname = 'staging'").fetchall()
        for (table,) in tables:
            assert conn.execute(f"select count(*) from staging.{table}").fetchone() == (0,), table  # noqa: S608


@pytest.mark.parametrize(
    "points", sample(SEED), ids=lambda points: points[0].words if len(points) == 1 else "at one point of each stage"
)
def test_a_run_that_is_killed_and_started_again_ends_where_an_undisturbed_one_does(
    growing: Growing, undisturbed: Facts, points: tuple[Point, ...]
) -> None:
    company, mid_june = growing
    with company.copy_of(mid_june) as books:
        for point in points:
            killed_run(books, company.keys, point)
            wait_for_the_dead(books)
            assert_whole(books)
        sync_all(books)
        compute(books, company.keys)
        assert_equal(undisturbed, history(books))
        assert_whole(books)


def test_the_database_server_may_be_killed_too_and_what_was_committed_before_is_there_afterwards(
    growing: Growing, at_once: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, _ = growing
    with data_folder() as home:
        shutil.copytree(company.new_home(), home, dirs_exist_ok=True)
        books = Workspace.open(home)
        sync_all(books)
        note_month, months = folding._note_month, iter(company.options.months)

        def noted_as_the_server_dies(*arguments: object) -> None:
            if next(months) == company.options.months[1]:
                postmaster = psutil.Process(server_status(home).pid)
                for process in (postmaster, *postmaster.children(recursive=True)):
                    process.kill()
            note_month(*arguments)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(folding, "_note_month", noted_as_the_server_dies)
            with pytest.raises(DatabaseDown):
                compute(books, company.keys)
        books.close()

        books = Workspace.open(home)
        assert rows(books, "select month from recon.month") == [(str(company.options.months[0]),)], "May was committed"
        sync_all(books)
        compute(books, company.keys)
        assert_equal(history(at_once), history(books))
        assert_whole(books)
        books.close()
