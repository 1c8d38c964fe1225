"""Evidence that was touched is found and named: a file, its bytes, its name, or the manifest's row about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from finance_pipeline.core.settings import load_settings
from finance_pipeline.landing.manifest import land
from finance_pipeline.services.intake.landing import Verified, verify
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.address import connect, parts_of, with_database
from finance_pipeline.store.database import Database
from finance_pipeline_tests.landing.test_landing import landing_of, seen
from finance_pipeline_tests.services.companies import Shared

AsSuperuser = Callable[[str], None]


@pytest.fixture
def books(tmp_path: Path, database: Database) -> Workspace:
    """Two pulls: two invoices, then one of them changed and a third."""
    workspace = Workspace(load_settings(tmp_path), database)
    pulls = (
        (seen("a", '{"n":1}', on=date(2026, 5, 1)), seen("b", '{"n":2}', on=date(2026, 5, 2))),
        (seen("b", '{"n":3}', on=date(2026, 5, 2)), seen("c", '{"n":4}', on=date(2026, 6, 1))),
    )
    for number, update in enumerate(pulls):
        with database.transaction() as conn:
            land(conn, landing_of(workspace.landing, *update, sync_id=f"sync-{number}"))
    return workspace


@pytest.fixture
def superuser(shared: Shared, database: Database) -> AsSuperuser:
    """Whom no grant holds back."""

    def run(statement: str) -> None:
        with connect(with_database(shared[1], parts_of(database.url)["dbname"]), autocommit=True) as admin:
            admin.execute(statement.encode())

    return run


def found(books: Workspace) -> Verified:
    return verify(books, lambda _words, _ended: None)


def files(books: Workspace, holds: str) -> list[Path]:
    return sorted((books.landing.root / holds).rglob("*.parquet"))


def test_untouched_evidence_has_no_defect_though_a_record_was_said_twice(books: Workspace) -> None:
    verified = found(books)
    assert verified.defects == []
    assert (verified.file_count, verified.page_count, verified.version_count) == (3, 1, 4)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "kinds", "said"),
    [
        (lambda one, _two: flip(one), ["changed_bytes"], "is not its name"),
        (lambda one, _two: one.write_bytes(one.read_bytes()[:-1]), ["truncated"], "bytes are there"),
        (lambda one, _two: one.unlink(), ["missing"], "the file is gone"),
        (lambda one, _two: one.rename(one.with_name("march.parquet")), ["missing", "unlisted"], "Its bytes lie at"),
        (lambda one, _two: one.with_name("notes.txt").write_text("of somebody"), ["unlisted"], "does not list"),
        (lambda one, two: one.write_bytes(two.read_bytes()), ["swapped"], "it holds the bytes of"),
    ],
    ids=["a flipped bit", "a cut file", "a lost file", "a renamed file", "a foreign file", "another file's bytes"],
)
def test_a_touched_file_is_named_with_what_is_wrong(
    books: Workspace, harm: Callable[[Path, Path], None], kinds: list[str], said: str
) -> None:
    one, two = files(books, "evidence")
    harm(one, two)
    defects = found(books).defects
    assert sorted(defect.kind for defect in defects) == kinds
    assert any(said in defect.words for defect in defects)
    assert all(defect.where.startswith(f"evidence/{one.parent.name}/") and defect.todo for defect in defects)


def test_two_files_that_changed_their_names_are_both_named(books: Workspace) -> None:
    one, two = files(books, "evidence")
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    swapped = {defect.where: defect.words for defect in found(books).defects}
    assert {Path(where).name for where in swapped} == {one.name, two.name}
    assert two.name in swapped[str(one.relative_to(books.landing.root))]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("update landing.file set byte_count = byte_count + 1", "bytes; the file has"),
        ("update landing.file set row_count = 9 where holds = 'pages'", "says 9 rows; it holds 1"),
        ("update landing.file set row_count = 9 where holds = 'evidence'", "says 9 rows; it holds 2"),
        (
            "update landing.file set path = 'evidence/else.parquet' where holds = 'pages'",
            "not made of its kind",
        ),
        ("update landing.page set endpoint = '/Bills'", "a page of /Bills"),
        ("update landing.page set page_hash = repeat('0', 64)", "which is not listed"),
        ("update landing.record set accounting_on = '2026-07-01' where source_id = 'a'", "its hash, account or day"),
        ("update landing.record set content_hash = repeat('0', 64) where source_id = 'a'", "has no such version"),
        ("update landing.record set source_id = 'z' where source_id = 'c'", "invoice z is not what the file says"),
        ("update landing.record set version = 7 where version = 2", "2 versions, and the last is called 7"),
        ("delete from landing.record where version = 2", "and the manifest has no such version"),
        ("update landing.record set page_hash = repeat('0', 64) where source_id = 'a'", "which is not listed"),
        (
            "update landing.record set file_hash = (select content_hash from landing.file where holds = 'pages')",
            "which is a file of pages",
        ),
    ],
)
def test_an_edited_row_of_the_manifest_is_found_though_every_file_is_whole(
    books: Workspace, superuser: AsSuperuser, edit: str, said: str
) -> None:
    superuser(edit)
    defects = found(books).defects
    assert any(said in defect.words for defect in defects), defects
    assert {defect.kind for defect in defects} <= {"manifest", "page", "missing", "unlisted"}


def test_a_landed_company_has_no_defect(landed: Workspace) -> None:
    verified = found(landed)
    assert verified.defects == []
    assert verified.version_count > 1000
