"""Dead letters: what did not fit is kept and named; a retry reads as if for the first time; a dismissal is signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from finance_pipeline.core.identity import content_hash
from finance_pipeline.core.problems import BadInput
from finance_pipeline.services.intake.canonicalize import canonicalize
from finance_pipeline.services.intake.dead_letters import dead_letter, dead_letters, dismiss, retry
from finance_pipeline.services.intake.sync import import_statement_files, sync_connection
from finance_pipeline.services.workspace import Workspace
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.intake.test_sync import HASTY
from finance_pipeline_tests.services.pipeline import rows


@pytest.fixture
def books(two_books: Company) -> Iterator[Workspace]:
    with two_books.new_books() as found:
        yield Workspace(found.settings.model_copy(update={"calls": HASTY}), found.database)
        two_books.clear_faults()


def records(books: Workspace) -> list[tuple[object, ...]]:
    return rows(books, "select kind, source_id, version, content_hash from landing.record order by 1, 2, 3")


def test_a_record_that_came_in_another_shape_waits_and_is_landed_once_it_comes_in_the_right_one(
    two_books: Company, books: Workspace
) -> None:
    connection = books.settings.connection("uk-plaid")
    two_books.server.fault("uk-plaid", "changed_types", count=-1, seed=3)
    ended = sync_connection(books, connection)
    assert ended.problem is None, "the rest of its page goes through"
    [letter] = [row for row in dead_letters(books).to_dicts() if row["kind"] == "transaction"]
    assert letter["reason"] == "it has no currency"
    assert '"iso_currency_code":840' in letter["payload"]
    kept = books.landing.read([letter["path"]]).collect().row(0, named=True)
    assert content_hash(kept["raw"]) == letter["page_hash"], "its bytes are where the letter says"
    number = letter["dead_letter_id"]

    [unchanged] = retry(books, [number])
    assert (unchanged.settled, unchanged.problem) == (0, None), "it still comes in the wrong shape"
    assert dead_letter(books, number)["standing"] == "waiting"
    two_books.clear_faults()
    [mended] = retry(books, [number])
    assert (mended.settled, mended.new_versions) == (1, 1), "that one record, and nothing twice"
    assert dead_letter(books, number)["standing"] == "settled"
    before = records(books)
    assert retry(books, [number]) == [], "what is settled is not read again"
    sync_connection(books, connection, from_the_beginning=True)
    assert records(books) == before
    assert rows(books, "select count(*) from landing.dead_letter_decision where actor = 'operator'") == [(2,)]


def test_a_record_that_was_landed_but_cannot_be_mapped_waits_until_it_can(two_books: Company, books: Workspace) -> None:
    two_books.server.fault("uk-plaid", "changed_types", member="pending", count=-1, seed=1)
    sync_connection(books, books.settings.connection("uk-plaid"))
    canonicalize(books, "bank_transaction", [key for key in two_books.keys if key.book == "uk"])
    [letter] = [row for row in dead_letters(books).to_dicts() if row["kind"] == "transaction"]
    assert letter["unmapped"]
    assert "pending" in letter["reason"]
    assert retry(books, [letter["dead_letter_id"]])[0].settled == 0
    two_books.clear_faults()
    assert retry(books, [letter["dead_letter_id"]])[0].settled == 1
    mapped = "select count(*) from canonical.bank_transaction_current where record_id like %s"
    assert rows(books, mapped, f"%{letter['source_id']}") == [(1,)]


def test_a_page_that_could_not_be_read_is_settled_by_the_next_whole_read(two_books: Company, books: Workspace) -> None:
    two_books.server.fault("uk-stripe", "html", count=3)
    connection = books.settings.connection("uk-stripe")
    assert sync_connection(books, connection).problem is not None
    assert dead_letters(books, "uk-stripe")["kind"].to_list() == ["page"]
    assert sync_connection(books, connection).problem is None
    assert dead_letters(books).is_empty()
    assert dead_letters(books, every=True)["standing"].to_list() == ["settled"]


def test_a_file_that_is_held_can_be_read_again_from_the_bytes_that_were_kept(books: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "march.xml"
    file.write_bytes(b"<Document>")
    import_statement_files(books, [file], lambda _words, _ended: None)
    file.unlink()
    [letter] = dead_letters(books).to_dicts()
    assert (letter["kind"], letter["endpoint"]) == ("file", letter["source_id"])
    [again] = retry(books, [letter["dead_letter_id"]])
    assert (again.settled, again.new_versions, again.problem) == (0, 0, None)
    assert len(dead_letters(books, every=True)) == 1, "one file, one letter"


def test_a_dismissal_has_a_reason_and_an_actor_and_nobody_changes_it(two_books: Company, books: Workspace) -> None:
    two_books.server.fault("uk-plaid", "changed_types", seed=3)
    sync_connection(books, books.settings.connection("uk-plaid"))
    number = dead_letters(books)["dead_letter_id"][0]
    with pytest.raises(BadInput, match="needs a reason"):
        dismiss(books, number, "  ")
    dismissed = dismiss(books, number, "the bank says that it never was")
    assert (dismissed["standing"], dismissed["actor"]) == ("dismissed", "operator")
    with pytest.raises(BadInput, match="dismissed already"):
        dismiss(books, number, "again")
    with pytest.raises(BadInput, match="there is no dead letter 4711"):
        retry(books, [4711])
    for attack in ("update landing.dead_letter_decision set actor = 'nobody'", "delete from landing.dead_letter"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), books.database.transaction() as conn:
            conn.execute(attack)
