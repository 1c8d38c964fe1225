"""Evidence is kept once, byte for byte; what is new of it and the cursor become known together or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import psycopg
import pytest

from finance_pipeline.core.identity import content_hash
from finance_pipeline.landing.files import EvidenceMissing, LandedFile, LandingFolder, pages_frame
from finance_pipeline.landing.manifest import Landed, Landing, cursor_of, land
from finance_pipeline.sources.base import EVIDENCE
from finance_pipeline.store.database import Database

MOMENT = datetime(2026, 6, 1, 8, tzinfo=UTC)


def seen(
    source_id: str, payload: str = "{}", *, on: date | None = None, removed: bool = False, kind: str = "invoice"
) -> dict[str, object]:
    """One observation of a record, by default an invoice."""
    return {
        "kind": kind, "source_id": source_id, "account": None, "accounting_on": on, "removed": removed,
        "payload": payload, "content_hash": content_hash(payload.encode()), "page_hash": content_hash(b"page"),
    }  # fmt: skip


def landing_of(
    folder: LandingFolder, *rows: dict[str, object], cursor: dict[str, object] | None = None, sync_id: str = "sync",
    complete_kinds: tuple[str, ...] = (), complete_from: date | None = None,
    dead_letters: tuple[tuple[str, str, str, str, str], ...] = (),
) -> Landing:  # fmt: skip
    page = content_hash(b"page")
    evidence = EVIDENCE.frame(list(rows))
    pages_file = folder.write("pages", pages_frame([(page, "/Invoices", MOMENT, b"page")]))
    evidence_file = folder.write("evidence", evidence) if rows else None
    return Landing(
        sync_id=sync_id,
        connection_id="one",
        source="xero",
        pages=((page, "/Invoices", MOMENT),),
        pages_file=lambda: pages_file,
        evidence=evidence,
        evidence_file=lambda: evidence_file,
        dead_letters=dead_letters,
        complete_kinds=complete_kinds,
        complete_from=complete_from,
        cursor=cursor,
    )


@pytest.fixture
def folder(tmp_path: Path) -> LandingFolder:
    return LandingFolder(tmp_path / "landing")


def latest(database: Database) -> dict[str, tuple[int, bool]]:
    """Version of each record, and whether it is gone."""
    with database.transaction(role="reader") as conn:
        rows = conn.execute("select source_id, version, removed from landing.record order by seq").fetchall()
    return {source_id: (version, removed) for source_id, version, removed in rows}


def test_the_same_update_landed_again_adds_nothing(database: Database, folder: LandingFolder) -> None:
    update = landing_of(folder, seen("a", '{"n":1}'), seen("b", '{"n":2}'), cursor={"at": 1})
    for expected in (Landed(2, 0), Landed(0, 0)):
        with database.transaction() as conn:
            assert land(conn, update) == expected
    assert latest(database) == {"a": (1, False), "b": (1, False)}
    assert len(list(folder.root.rglob("*.parquet"))) == 2


def test_a_changed_record_is_a_new_version_that_remembers_the_day_it_was_moved_from(
    database: Database, folder: LandingFolder
) -> None:
    with database.transaction() as conn:
        land(conn, landing_of(folder, seen("a", '{"n":1}', on=date(2026, 5, 30))))
        land(conn, landing_of(folder, seen("a", '{"n":2}', on=date(2026, 6, 1))))
        days = conn.execute("select accounting_on, previous_on from landing.record order by version").fetchall()
    assert days == [(date(2026, 5, 30), None), (date(2026, 6, 1), date(2026, 5, 30))]


def test_of_a_record_that_one_update_brings_twice_the_last_word_counts(
    database: Database, folder: LandingFolder
) -> None:
    with database.transaction() as conn:
        assert land(conn, landing_of(folder, seen("a", '{"n":1}'), seen("a", '{"n":2}'))).new_version_count == 1
        (said,) = conn.execute("select content_hash from landing.record").fetchall()
    assert said[0] == content_hash(b'{"n":2}')


def test_what_a_complete_list_leaves_out_is_gone_as_far_as_the_list_reaches(
    database: Database, folder: LandingFolder
) -> None:
    old, new = date(2026, 1, 5), date(2026, 5, 5)
    with database.transaction() as conn:
        land(conn, landing_of(folder, seen("old", on=old), seen("kept", on=new), seen("gone", on=new)))
        land(conn, landing_of(folder, seen("other", kind="contact")))
        complete = landing_of(folder, seen("kept", on=new), complete_kinds=("invoice",), complete_from=date(2026, 5, 1))
        assert land(conn, complete).new_version_count == 1
        assert land(conn, complete).new_version_count == 0
    assert latest(database) == {"old": (1, False), "kept": (1, False), "gone": (2, True), "other": (1, False)}


def test_a_record_that_comes_back_after_its_tombstone_is_a_version_again(
    database: Database, folder: LandingFolder
) -> None:
    with database.transaction() as conn:
        for observation in (seen("a"), seen("a", removed=True), seen("a", removed=True), seen("a")):
            land(conn, landing_of(folder, observation))
    assert latest(database) == {"a": (3, False)}


def test_versions_and_cursor_are_known_together_or_not_at_all(database: Database, folder: LandingFolder) -> None:
    update = landing_of(folder, seen("a"), cursor={"at": 1})

    def lands_and_fails() -> None:
        with database.transaction() as conn:
            land(conn, update)
            conn.execute("select 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        lands_and_fails()
    with database.transaction() as conn:
        assert cursor_of(conn, "one") is None
        assert latest(database) == {}
        land(conn, update)
        assert cursor_of(conn, "one") == {"at": 1}


def test_a_dead_letter_is_noted_once_with_its_reason(database: Database, folder: LandingFolder) -> None:
    letter = ("invoice", "bad", "it has no date", '{"id":"bad"}', content_hash(b"page"))
    with database.transaction() as conn:
        for expected in (1, 0):
            assert land(conn, landing_of(folder, dead_letters=(letter,))).dead_letter_count == expected


def test_a_landed_file_is_named_by_its_bytes_and_one_that_is_gone_is_named(folder: LandingFolder) -> None:
    file = folder.write("evidence", EVIDENCE.frame([seen("a", '{"n":1}')]))
    path = folder.root / file.path
    assert content_hash(path.read_bytes()) == file.content_hash == path.stem
    assert folder.read([file.path]).collect()["payload"].to_list() == ['{"n":1}']
    path.rename(path.with_suffix(".away"))
    assert not folder.holds_intact(file)
    with pytest.raises(EvidenceMissing, match=file.path):
        folder.read([file.path])


def test_a_version_that_no_file_holds_any_more_is_found_by_what_its_payload_hashes_to(folder: LandingFolder) -> None:
    forged = seen("b", '{"amount":1}') | {"content_hash": content_hash(b'{"amount":9}')}
    file: LandedFile = folder.write("evidence", EVIDENCE.frame([seen("a", '{"n":1}'), forged]))
    manifest = pl.DataFrame(
        [("invoice", "a", content_hash(b'{"n":1}')), ("invoice", "b", content_hash(b'{"amount":9}'))],
        schema={"kind": pl.String, "source_id": pl.String, "content_hash": pl.String}, orient="row",
    )  # fmt: skip
    assert folder.lost(manifest, [file.path])["source_id"].to_list() == ["b"]
    assert folder.lost(manifest, [])["source_id"].to_list() == ["a", "b"]


@pytest.mark.parametrize("holds", ["record", "page"])
def test_no_row_of_the_manifest_names_a_landed_file_that_is_not_listed(
    database: Database, folder: LandingFolder, holds: str
) -> None:
    unlisted = landing_of(folder, seen("a"))
    with database.transaction() as conn:
        land(conn, unlisted)
    rows = {"record": "record (connection_id, source, kind, source_id, version, removed, content_hash, file_hash, "
            "page_hash, sync_id) values ('one', 'xero', 'invoice', 'b', 1, false, '', 'nowhere', '', '')",
            "page": "page (page_hash, file_hash, endpoint, fetched_at) values ('p', 'nowhere', '', now())"}  # fmt: skip
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="nowhere"), database.transaction() as conn:
        conn.execute(f"insert into landing.{rows[holds]}")  # type: ignore[arg-type]
