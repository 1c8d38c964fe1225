"""Sync: one connection's trouble is told in words and stops no other, nothing that was said is lost, and it heals."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from finance_pipeline.core.identity import content_hash
from finance_pipeline.core.problems import Busy, NeedsItsOwner, Unreachable
from finance_pipeline.core.settings import Calls, ConnectionKind
from finance_pipeline.services import api, read
from finance_pipeline.services.intake.sync import sync_connection
from finance_pipeline.services.workspace import Workspace
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import assert_equal, history, rows, sync_all

HASTY = Calls(time_scale=0.0001)


@pytest.fixture
def books(two_books: Company) -> Iterator[Workspace]:
    """Nothing landed yet; whoever has to wait before asking again does so in no time."""
    with two_books.new_books() as workspace:
        yield Workspace(workspace.settings.model_copy(update={"calls": HASTY}), workspace.database)
        two_books.clear_faults()


def outcome_of(books: Workspace, connection: str) -> tuple[str, str]:
    """How the last pull of a connection ended, and its words."""
    known = read.connections(books).filter(pl.col("connection_id") == connection)
    return known["outcome"][0], known["words"][0]


def test_one_bank_that_wants_its_owner_does_not_stop_the_other_and_is_read_once_the_owner_was_there(
    two_books: Company, books: Workspace
) -> None:
    two_books.server.fault("uk-plaid", "login_required", count=-1)
    report = api.sync(books, "plaid")
    words = str(report.figures["failed: uk-plaid"])
    assert "connection uk-plaid" in words
    assert "ITEM_LOGIN_REQUIRED" in words
    assert "Log in to the bank again" in words, "what to do"
    assert outcome_of(books, "uk-plaid") == ("failed", words)
    assert outcome_of(books, "de-plaid")[0] == "read"
    assert rows(books, "select connection_id from landing.cursor") == [("de-plaid",)]

    two_books.clear_faults()
    healed = api.sync(books, "plaid")
    assert not [name for name in healed.figures if name.startswith("failed")]
    assert int(healed.figures["new_versions"]) > 100
    assert outcome_of(books, "uk-plaid")[0] == "read"


def test_a_connection_that_failed_on_the_way_gives_in_the_end_what_an_undisturbed_one_gives(
    two_books: Company, books: Workspace, landed: Workspace
) -> None:
    two_books.server.fault("uk-stripe", "status_500", count=-1, skip=7)
    two_books.server.fault("de-xero", "reset", count=-1, path="Invoices")
    two_books.server.fault("de-plaid", "malformed", count=3)
    for kind in ("plaid", "stripe", "xero", "camt053", "ecb"):
        api.sync(books, kind)
    failed = {row["connection_id"] for row in read.connections(books).to_dicts() if row["outcome"] == "failed"}
    assert failed == {"uk-stripe", "de-xero", "de-plaid"}
    two_books.clear_faults()
    sync_all(books)
    name = "landed records"
    undisturbed = {name: [row for row in history(landed)[name] if row[1] not in ("balance", "account")]}
    healed = {name: [row for row in history(books)[name] if row[1] not in ("balance", "account")]}
    assert_equal(undisturbed, healed)


def test_when_every_connection_of_a_kind_failed_the_sync_fails_with_the_first_problem(
    two_books: Company, books: Workspace
) -> None:
    for connection in ("uk-stripe", "de-stripe"):
        two_books.server.fault(connection, "status_500", count=-1)
    with pytest.raises(Unreachable, match=r"connection uk-stripe.*no answer after 5 attempts.*tried again"):
        api.sync(books, "stripe")
    assert outcome_of(books, "de-stripe")[0] == "failed"


@pytest.mark.parametrize(
    ("kind", "variable"),
    [
        ("plaid", "SANDBOX_UK_PLAID_SECRET"),
        ("plaid", "SANDBOX_UK_PLAID_ACCESS_TOKEN"),
        ("stripe", "SANDBOX_UK_STRIPE_API_KEY"),
        ("xero", "SANDBOX_UK_XERO_CLIENT_SECRET"),
    ],
)
def test_a_wrong_secret_needs_its_owner_and_the_words_name_the_variable_never_the_secret(
    books: Workspace, monkeypatch: pytest.MonkeyPatch, kind: ConnectionKind, variable: str
) -> None:
    monkeypatch.setenv(variable, "a-wrong-secret")
    monkeypatch.setattr("finance_pipeline.sources.xero_client._TOKENS", {})
    ended = sync_connection(books, books.settings.connection(f"uk-{kind}"))
    assert isinstance(ended.problem, NeedsItsOwner)
    assert variable in ended.words
    assert "a-wrong-secret" not in ended.words
    assert "cursor stays where it was" in ended.words
    assert rows(books, "select count(*) from landing.record") == [(0,)]


def test_a_withdrawn_consent_needs_its_owner_and_a_token_that_ran_out_is_renewed_without_a_word(
    two_books: Company, books: Workspace
) -> None:
    two_books.server.fault("uk-xero", "expired_token")
    assert sync_connection(books, books.settings.connection("uk-xero")).problem is None
    two_books.server.fault("uk-xero", "forbidden", count=-1)
    ended = sync_connection(books, books.settings.connection("uk-xero"))
    assert isinstance(ended.problem, NeedsItsOwner)
    assert "Check that the app is still connected" in ended.words


def test_a_malformed_page_is_a_dead_letter_that_keeps_the_bytes(two_books: Company, books: Workspace) -> None:
    two_books.server.fault("uk-xero", "malformed", count=3, path="Invoices")
    ended = sync_connection(books, books.settings.connection("uk-xero"))
    assert (ended.outcome, ended.dead_letter_count) == ("failed", 1)
    [(kind, reason, page_hash, path)] = rows(
        books,
        """
        select letter.kind, letter.reason, letter.page_hash, file.path
        from landing.dead_letter as letter
        join landing.page as page using (page_hash)
        join landing.file as file on file.content_hash = page.file_hash
        """,
    )
    assert (kind, reason[:17]) == ("page", "/Invoices?page=1:")
    assert page_hash[:12] in ended.words, "the words name the page that was kept"
    kept = books.landing.read([path]).filter(pl.col("page_hash") == page_hash).collect()["raw"][0]
    assert content_hash(kept) == page_hash
    assert kept.lstrip().startswith(b"{")
    assert b'"Invoices"' in kept
    assert not kept.rstrip().endswith(b"}"), "it is the half that came"
    assert sync_connection(books, books.settings.connection("uk-xero")).outcome == "read"
    assert rows(books, "select count(*) > 0 from landing.record where kind = 'invoice'") == [(True,)]


def test_a_connection_that_another_worker_pulls_is_left_alone_and_told_so(books: Workspace) -> None:
    connection = books.settings.connection("uk-stripe")
    with books.database.transaction() as other:
        other.execute("select pg_advisory_xact_lock(7203002, hashtext('uk-stripe'))")
        ended = sync_connection(books, connection)
    assert isinstance(ended.problem, Busy)
    assert "another process is pulling" in ended.words
    assert sync_connection(books, connection).outcome == "read"
