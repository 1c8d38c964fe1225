"""The journal writer: the difference is posted, what stands is left alone, and nothing is ever changed.

Each test keeps a book of its own; all of them share one database, as books do.
"""

from __future__ import annotations

import polars as pl
import psycopg
import pytest

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger import journal, proof, reports
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.store.database import Database
from finance_pipeline.store.locks import book_lock
from finance_pipeline_tests.ledger.by_hand import close_month, undone, write
from finance_pipeline_tests.ledger.world import MAY, World, day, post

JUNE, JULY = Month(2026, 6), Month(2026, 7)


@pytest.fixture
def database(kept_database: Database) -> Database:
    return kept_database


def said(database: Database, book: Book, *months: Month) -> list[tuple[str, int, str]]:
    """Subject, version and accounting date of the entries of some months, in the order of their numbers."""
    with database.transaction(role="reader") as conn:
        entries = pl.concat([reports.journal(conn, book.id, month) for month in months or (MAY,)])
    return [
        (row["source_id"].split("/")[-1], row["version"], f"{row['accounting_on']:%d %b}")
        for row in entries.sort("number").iter_rows(named=True)
    ]


def left(database: Database, book: Book, month: Month = MAY) -> dict[str, int]:
    """Closing balances by account code, in cents; zeros left out."""
    with database.transaction(role="reader") as conn:
        balance = reports.trial_balance(conn, book.id, month)
    return {code: minor for code, minor in balance.select("code", "closing_minor").rows() if minor}


def posted(database: Database, world: World, *months: Month) -> tuple[int, int, int]:
    """Publish in a transaction of its own; returns how many were new, reversed and unchanged."""
    with database.transaction() as conn:
        book_lock(conn, world.book.id)
        report = post(conn, world, *months)
    return report.new, report.reversed, report.unchanged


def test_posting_the_same_again_posts_nothing(database: Database, us: Book) -> None:
    world = (
        World(us).line("paid", "100.00").document("inv", "100.00").match("m", "paid", ("principal", "100.00", "inv"))
    )
    assert posted(database, world) == (3, 0, 0)
    assert posted(database, world) == (0, 0, 3)
    with database.transaction() as conn:
        batches = proof.verify(conn).batches
        report = post(conn, world)
        assert proof.verify(conn).batches == batches
        for staged in ("select from staging.ledger_entry", "select from staging.ledger_plan"):
            assert conn.execute(staged).rowcount == 0
    assert report.by_source == {
        source: {"new": 0, "reversed": 0, "unchanged": 1} for source in ("match", "plaid", "xero")
    }


def test_other_words_or_another_run_make_no_other_entry(database: Database, us: Book) -> None:
    world = World(us).line("paid", "100.00")
    assert posted(database, world) == (1, 0, 0)
    world.facts["bank"]["paid"] |= {"counterparty_name": "Acme", "content_hash": "another"}
    assert posted(database, world) == (0, 0, 1)


def test_a_changed_record_takes_its_entry_back_and_posts_anew_in_one_batch_linked(database: Database, us: Book) -> None:
    world = World(us).line("paid", "100.00").line("other", "5.00")
    posted(database, world)
    assert posted(database, world.line("paid", "90.00")) == (1, 1, 1)
    with database.transaction(role="reader") as conn:
        first, back, anew = reports.entries_about(conn, f"{us.id}/bank/paid").iter_rows(named=True)
    assert left(database, us) == {"1010": 9500, "2100": -9500}
    assert [entry["version"] for entry in (first, back, anew)] == [1, -1, 2]
    assert (back["reverses"], back["amounts"], back["accounts"]) == (
        first["entry_id"],
        [-10000, 10000],
        ["1010", "2100"],
    )
    assert (first["reverses"], anew["reverses"], anew["amounts"]) == (None, None, [9000, -9000])
    assert back["recorded_at"] == anew["recorded_at"] > first["recorded_at"]


def test_a_match_taken_back_and_made_again_posts_again(database: Database, us: Book) -> None:
    world = World(us).line("paid", "100.00").document("inv", "100.00")
    matched = World(us, {kind: dict(rows) for kind, rows in world.facts.items()})
    matched.match("m", "paid", ("principal", "100.00", "inv"))
    settled = {"1010": 10000, "4000": -10000}
    unsettled = {"1010": 10000, "1100": 10000, "2100": -10000, "4000": -10000}
    steps = [(matched, (3, 0, 0), settled), (world, (0, 1, 2), unsettled), (matched, (1, 0, 2), settled)]
    for step, report, balances in [*steps, *steps[1:]]:
        assert posted(database, step) == report
        assert left(database, us) == balances
    with database.transaction(role="reader") as conn:
        versions = reports.journal(conn, us.id, MAY).filter(source="match")["version"].to_list()
    assert versions == [1, -1, 2, -2, 3]


def test_the_same_business_key_with_other_content_is_an_error_that_names_both(database: Database, us: Book) -> None:
    posted(database, World(us).line("opens the month", "1.00"))
    with database.transaction() as conn:
        write(conn, book=us.id)
        first = conn.execute(
            "select entry_id, encode(digest, 'hex') from ledger.entry where source = 'hand'"
        ).fetchone()
    assert first is not None
    with database.transaction() as conn:
        with pytest.raises(psycopg.errors.UniqueViolation) as refused, conn.transaction():
            write(conn, book=us.id, amounts=[200, -200])
        with pytest.raises(psycopg.errors.UniqueViolation, match="with the same content"), conn.transaction():
            write(conn, book=us.id)
    words = str(refused.value).splitlines()[0]
    assert words.startswith(
        f"business key ({us.id}, hand, one, line, version 1) is posted already as entry {first[0]} with"
    )
    assert f"digest {first[1]} there, " in words


def test_numbers_have_no_gap_in_a_book_and_fiscal_year_whatever_was_posted_between(
    database: Database, us: Book, de: Book
) -> None:
    ours, theirs = World(us.model_copy(update={"fiscal_year_starts_month": 7})), World(de)
    for n in range(3):
        ours.line("june", f"{n + 1}.00", on=day(3, 6)).line(f"may {n}", "1.00").line(f"july {n}", "2.00", on=day(3, 7))
        posted(database, ours, MAY, JUNE, JULY)
        posted(database, theirs.line(f"line {n}", "3.00"))
        with undone(database) as conn:
            post(conn, ours.without("bank", "june"), MAY, JUNE, JULY)
    with database.transaction(role="reader") as conn:
        in_us, in_de = (
            pl.concat([reports.journal(conn, book.id, month) for month in (MAY, JUNE, JULY)])["number"].sort().to_list()
            for book in (us, de)
        )
    assert in_us[:8] == [f"{us.id}-2026-{n:06}" for n in range(1, 9)]
    assert in_us[8:] == [f"{us.id}-2027-{n:06}" for n in range(1, 4)]
    assert in_de == [f"{de.id}-2026-{n:06}" for n in range(1, 4)]


def test_publishing_a_month_takes_back_what_is_not_wanted_there_and_nothing_elsewhere(
    database: Database, us: Book
) -> None:
    world = World(us).line("kept", "1.00").line("gone", "2.00").line("june", "3.00", on=day(2, 6))
    posted(database, world, MAY, JUNE)
    only_may = world.without("bank", "gone").without("bank", "june")
    assert posted(database, only_may, MAY) == (0, 1, 1)
    assert said(database, us, MAY, JUNE) == [
        ("gone", 1, "04 May"), ("kept", 1, "04 May"), ("june", 1, "02 Jun"), ("gone", -1, "04 May")
    ]  # fmt: skip
    assert posted(database, only_may, MAY, JUNE) == (0, 1, 1)


def test_a_record_that_moves_to_another_month_stands_there_alone(database: Database, us: Book) -> None:
    world = World(us).line("paid", "1.00", on=day(30))
    posted(database, world, MAY)
    moved = world.line("paid", "1.00", on=day(2, 6))
    assert posted(database, moved, JUNE) == (1, 1, 0)
    assert posted(database, World(us), MAY) == (0, 0, 0)
    assert said(database, us, MAY, JUNE) == [("paid", 1, "30 May"), ("paid", -1, "30 May"), ("paid", 2, "02 Jun")]


def test_one_book_never_disturbs_another_even_with_the_same_records(database: Database, us: Book, de: Book) -> None:
    world = World(us).line("paid", "1.00")
    posted(database, world)
    before = said(database, us)
    with database.transaction() as conn:
        ensure_accounts(conn, [de])
        for entries in (world.postings.entries, world.postings.entries.clear()):
            theirs = entries.with_columns(book=pl.lit(de.id))
            journal.publish(conn, de.id, [MAY], theirs, run_id="run", correlation_id="correlation")
    assert said(database, de) == [("paid", 1, "04 May"), ("paid", -1, "04 May")]
    assert said(database, us) == before


def test_what_can_not_be_posted_posts_nothing_of_the_rest(database: Database, us: Book) -> None:
    entries = World(us).line("paid", "1.00").line("sent", "-1.00").postings.entries
    other = pl.when(pl.col("source_id") == f"{us.id}/bank/sent")
    wrong = {
        "an entry of book de was given": entries.with_columns(book=other.then(pl.lit("de")).otherwise("book")),
        f"two entries were given for {us.id}/bank/paid": entries.with_columns(source_id=pl.lit(f"{us.id}/bank/paid")),
        "there is no account 9999": entries.with_columns(
            accounts=other.then(pl.lit(["1010", "9999"])).otherwise("accounts")
        ),
        "balanced": entries.with_columns(amounts=other.then(pl.lit([1, 1])).otherwise("amounts")),
    }
    posted(database, World(us))
    for words, frame in wrong.items():
        with pytest.raises((journal.NotOneBook, journal.UnknownAccount, psycopg.IntegrityError), match=words):
            _publish(database, us, frame)
    assert said(database, us) == []
    _publish(database, us, entries)
    assert len(said(database, us)) == 2


def _publish(database: Database, book: Book, entries: pl.DataFrame) -> None:
    with database.transaction() as conn:
        journal.publish(conn, book.id, [MAY], entries, run_id="run", correlation_id="correlation")


def test_what_arrives_late_keeps_its_day_and_goes_to_the_first_open_one(database: Database, us: Book) -> None:
    world = World(us).line("in time", "1.00", on=day(29))
    posted(database, world)
    close_month(database, MAY.first_day, book=us.id)
    with database.transaction(role="reader") as conn:
        signed = reports.trial_balance(conn, us.id, MAY)
    world.line("late", "2.00", on=day(30))
    assert posted(database, world, MAY) == (1, 0, 1)
    assert posted(database, world, MAY) == (0, 0, 2)
    assert posted(database, World(us), JUNE) == (0, 0, 0)
    with database.transaction(role="reader") as conn:
        early, late = pl.concat([reports.journal(conn, us.id, month) for month in (MAY, JUNE)]).iter_rows(named=True)
        assert reports.trial_balance(conn, us.id, MAY).equals(signed)
        by_day = reports.balances_by_day(conn, us.id, ["1010"], "USD").select("on_day", "balance_minor").rows()
    assert (late["effective_on"], late["accounting_on"]) == (day(30), day(1, 6))
    assert (early["effective_on"], early["accounting_on"]) == (day(29), day(29))
    assert late["recorded_at"] > early["recorded_at"]
    assert by_day == [(day(29), 100), (day(30), 300)]


def test_what_changes_in_a_closed_month_is_taken_back_and_posted_anew_on_the_first_open_day(
    database: Database, us: Book
) -> None:
    world = World(us).line("paid", "1.00", on=day(30))
    posted(database, world)
    for month, amount in ((MAY, "2.00"), (JUNE, "3.00")):
        close_month(database, month.first_day, book=us.id)
        assert posted(database, world.line("paid", amount, on=day(30)), MAY) == (1, 1, 0)
    assert said(database, us, MAY, JUNE, JULY) == [
        ("paid", 1, "30 May"),
        ("paid", -1, "01 Jun"),
        ("paid", 2, "01 Jun"),
        ("paid", -2, "01 Jul"),
        ("paid", 3, "01 Jul"),
    ]
    assert posted(database, World(us), MAY) == (0, 1, 0)
    assert left(database, us, MAY) == {"1010": 100, "2100": -100}
    assert left(database, us, JUNE) == {"1010": 200, "2100": -200}
    assert left(database, us, JULY) == {}


def test_the_journal_as_known_at_a_time_is_the_same_for_ever(database: Database, us: Book) -> None:
    world = World(us).line("paid", "1.00").line("gone", "7.00")
    posted(database, world)
    with database.transaction(role="reader") as conn:
        then = reports.journal(conn, us.id, MAY)
    posted(database, world.line("paid", "2.00").line("more", "3.00").without("bank", "gone"))
    close_month(database, MAY.first_day, book=us.id)
    posted(database, world.line("late", "4.00"))
    with database.transaction(role="reader") as conn:
        now = reports.journal(conn, us.id, MAY)
    assert now.height > then.height
    assert now.filter(pl.col("recorded_at") <= then["recorded_at"].max()).equals(then)
