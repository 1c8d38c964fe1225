"""Migrations: each file once, whole, and as it was."""

from pathlib import Path
from threading import Thread

import pytest

from finance_pipeline.store import migrations
from finance_pipeline.store.database import Database
from finance_pipeline.store.migrations import MigrationsDisagree


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("create table ops.first ();")
    return tmp_path


@pytest.fixture
def database(empty_database: Database, folder: Path) -> Database:
    """A database to which the first file was applied."""
    empty_database.migrations_folder = folder
    assert empty_database.migrate() == ["0001_first.sql"]
    return empty_database


def test_applying_again_applies_nothing(database: Database) -> None:
    assert database.migrate() == []


def test_a_reserved_number_that_is_filled_later_is_applied_then(database: Database, folder: Path) -> None:
    for name in ("0010_ten.sql", "0005_five.sql"):
        (folder / name).write_text("select 1;")
        assert database.migrate() == [name]


def test_two_processes_that_migrate_at_once_apply_each_file_once(database: Database, folder: Path) -> None:
    (folder / "0998_one.sql").write_text("create table ops.one (); select pg_sleep(0.2);")
    (folder / "0999_two.sql").write_text("create table ops.two ();")
    done: list[str] = []
    both = [Thread(target=lambda: done.extend(database.migrate())) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(done) == ["0998_one.sql", "0999_two.sql"]


def test_a_file_that_fails_leaves_nothing_of_itself_and_names_its_line(database: Database, folder: Path) -> None:
    (folder / "0998_good.sql").write_text("create table ops.good ();")
    (folder / "0999_bad.sql").write_text("create table ops.half ();\n\ncreate tabel ops.rest ();")
    with pytest.raises(MigrationsDisagree, match=r"0999_bad\.sql, line 3"):
        database.migrate()
    assert database.pending() == ["0999_bad.sql"]
    with database.transaction(role="owner") as conn:
        assert conn.execute("select to_regclass('ops.good'), to_regclass('ops.half')").fetchone() == ("ops.good", None)


def test_a_file_that_ends_its_transaction_is_refused(database: Database, folder: Path) -> None:
    (folder / "0999_sly.sql").write_text("create table ops.sly (); commit; begin; select 1;")
    with pytest.raises(MigrationsDisagree, match="one transaction"):
        database.migrate()


def test_an_applied_file_that_changed_is_refused_by_name(database: Database, folder: Path) -> None:
    with (folder / "0001_first.sql").open("a") as changed:
        changed.write("-- one more comment\n")
    with pytest.raises(MigrationsDisagree, match=r"0001_first\.sql was changed after it was applied"):
        database.migrate()


def test_a_database_newer_than_the_program_is_refused(database: Database, folder: Path) -> None:
    (folder / "0999_later.sql").write_text("create table ops.later ();")
    database.migrate()
    (folder / "0999_later.sql").unlink()
    with pytest.raises(MigrationsDisagree, match=r"0999_later\.sql.*newer than this program"):
        database.migrate()


@pytest.mark.parametrize("name", ["0001_twice.sql", "no_number.sql", "0999-dashes.sql"])
def test_a_number_used_twice_or_missing_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("select 1;")
    with pytest.raises(MigrationsDisagree):
        migrations.migrations(folder)
