"""Canonical versions follow from evidence alone: mapped again they are the same bytes; what was lost is put back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import sql

from finance_pipeline.canonical import schemas
from finance_pipeline.services import api
from finance_pipeline.services.intake.replay import Replayed, replay
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.address import connect, parts_of, with_database
from finance_pipeline.store.sql import SQL_FOLDER
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import TABLES, rows, sync_all

State = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def mapped_twice(growing: tuple[Company, Workspace]) -> Iterator[tuple[Company, Workspace]]:
    """Books that were mapped in the middle of June and at its end: records changed and vanished in between."""
    company, books = growing
    with company.copy_of(books) as copy:
        sync_all(copy)
        map_all(company, copy)
        yield company, copy


def map_all(company: Company, books: Workspace) -> None:
    for table in TABLES:
        api.canonicalize(books, table, company.keys)


def again(books: Workspace, **asked: Any) -> Replayed:
    return replay(books, lambda _words, _ended: None, **asked)


def state(books: Workspace) -> State:
    """Every version of everything, without when and as how manieth it was recorded."""
    found: State = {}
    with books.database.transaction(role="reader") as conn:
        for table in (*schemas.RECORDS.values(), schemas.FX_RATES):
            names = [*table.names, *(["version"] if table.name in schemas.RECORDS else [])]
            statement = sql.SQL("select {} from {} order by {}").format(
                sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.Identifier("canonical", table.name),
                sql.SQL("record_id, version" if table.name in schemas.RECORDS else "rate_on, currency"),
            )
            found[table.name] = conn.execute(statement).fetchall()
    return found


def allocations(books: Workspace) -> dict[str, tuple[int, bool]]:
    """The newest version of each, and whether it is a tombstone."""
    newest = "select record_id, version, removed from canonical.payment_current where kind = 'allocation'"
    return {record: (version, removed) for record, version, removed in rows(books, newest)}


def as_superuser(company: Company, books: Workspace, statement: str, *parameters: object) -> None:
    url = with_database(company.shared[1], parts_of(books.database.url)["dbname"])
    with connect(url, autocommit=True) as admin:
        admin.execute(statement.encode(), parameters or None)


def test_evidence_mapped_again_gives_every_version_that_stands_byte_for_byte(
    mapped_twice: tuple[Company, Workspace],
) -> None:
    _, books = mapped_twice
    replayed = again(books)
    assert replayed.differences.is_empty()
    assert all(table.standing_hash == table.replayed_hash for table in replayed.tables)
    versions = state(books)
    assert {t.table: t.version_count for t in replayed.tables} == {name: len(rows) for name, rows in versions.items()}
    assert any(row[-1] > 1 for row in versions["bank_transaction"])
    assert (1, False) in allocations(books).values(), "a credit that is allocated"
    assert (2, True) in allocations(books).values(), "and one whose allocation was deleted since"
    assert len(versions["fx_rate"]) > 100
    with books.database.transaction(role="reader") as conn:
        assert conn.execute("select from pg_catalog.pg_namespace where nspname = 'replay'").rowcount == 0


def test_books_that_lost_every_canonical_row_get_the_same_bytes_back_from_files_and_manifest(
    mapped_twice: tuple[Company, Workspace],
) -> None:
    company, books = mapped_twice
    with company.copy_of(books) as bare:
        before = state(bare)
        as_superuser(
            company,
            bare,
            """
            truncate canonical.bank_transaction, canonical.invoice, canonical.payment, canonical.balance,
                canonical.party, canonical.fx_rate
            """,
        )
        replayed = again(bare)
        assert replayed.restored == replayed.count("added") == sum(map(len, before.values()))
        assert replayed.is_whole
        assert state(bare) == before


def test_a_lost_version_is_put_back_and_an_altered_or_invented_one_is_named_and_left(
    mapped_twice: tuple[Company, Workspace],
) -> None:
    company, books = mapped_twice
    with company.copy_of(books) as harmed:
        lines = sorted(row[0] for row in state(harmed)["bank_transaction"] if row[-1] == 1)
        as_superuser(company, harmed, "delete from canonical.bank_transaction where record_id = %s", lines[0])
        as_superuser(
            company,
            harmed,
            "update canonical.bank_transaction set amount_minor = 1 where record_id = %s and version = 1",
            lines[1],
        )
        as_superuser(
            company, harmed, "update canonical.party set record_id = 'uk/xero/contact/nobody' where record_id = "
            "(select min(record_id) from canonical.party)",
        )  # fmt: skip
        before = state(harmed)
        replayed = again(harmed, restore=False)
        assert (replayed.restored, state(harmed)) == (0, before)
        assert again(harmed).restored == replayed.count("added")
        found = {(row["key"], row["what"]) for row in replayed.differences.iter_rows(named=True)}
        assert {(lines[0], "added"), (lines[1], "changed"), ("uk/xero/contact/nobody", "removed")} < found
        assert not replayed.is_whole
        left = again(harmed).differences["what"].to_list()
        assert sorted(left) == ["changed", "removed"]


def test_asked_from_a_day_on_only_what_was_mapped_since_is_compared(mapped_twice: tuple[Company, Workspace]) -> None:
    company, books = mapped_twice
    with company.copy_of(books) as moved:
        as_superuser(
            company,
            moved,
            """
            update landing.mapping_step set recorded_at = '2025-06-17' where step_seq in (
                select min(step_seq) from landing.mapping_step group by source
            )
            """,
        )
        as_superuser(company, moved, "update canonical.bank_transaction set memo = 'x' where version = 1")
        today = datetime.now(UTC).date()
        later = again(moved, since=today)
        assert 0 < sum(t.version_count for t in later.tables) < sum(map(len, state(moved).values()))
        assert 0 < later.count("changed") < sum(row[-1] == 1 for row in state(moved)["bank_transaction"])
        assert again(moved, since=today + timedelta(days=1)).differences.is_empty()


def test_what_was_mapped_anew_for_another_mapper_or_account_is_replayed_as_it_was(
    mapped_twice: tuple[Company, Workspace],
) -> None:
    company, books = mapped_twice
    with company.copy_of(books) as other:
        as_superuser(company, other, "update landing.mapping set digest = 'of another mapper'")
        map_all(company, other)
        assert again(other).differences.is_empty()


def test_what_stood_before_mappings_were_recorded_is_taken_as_it_stands_and_gone_on_from(
    growing: tuple[Company, Workspace],
) -> None:
    company, books = growing
    with company.copy_of(books) as old:
        text = (SQL_FOLDER / "migrations" / "0014_mapping_steps.sql").read_text(encoding="utf-8")
        begun = next(part for part in text.split(";") if "insert into landing.mapping_step" in part)
        as_superuser(company, old, "truncate landing.mapping_step")
        as_superuser(company, old, begun)
        sync_all(old)
        map_all(company, old)
        replayed = again(old)
        assert replayed.differences.is_empty()
        assert 0 < sum(t.version_count for t in replayed.tables) < sum(map(len, state(old).values()))
        as_superuser(company, old, "update canonical.bank_transaction set memo = 'x' where version = 2")
        assert again(old).count("changed") > 0
        as_superuser(company, old, "truncate canonical.bank_transaction, canonical.balance")
        assert again(old).count("added") > 0
