"""Statement files from disk to tied books: imported, bound to a book, every entry once, however often files come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from finance_pipeline.canonical.schemas import FX_RATES
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import SETTINGS_NAME, load_settings
from finance_pipeline.services import read
from finance_pipeline.services.bookkeeping import books as asked
from finance_pipeline.services.calendar import months_with_data
from finance_pipeline.services.intake.bindings import bind, unbound_accounts
from finance_pipeline.services.intake.publishing import publish_rates
from finance_pipeline.services.intake.sync import import_statement_files
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.pipeline import Computed, assert_equal, compute, facts, keys_of, rows
from finance_pipeline_tests.sources.statement_files import Line, balance, statement, statement_file

IBAN = "DE02100100109307118603"
DAYS = {
    "2025-05-30": ("1000.00", "1240.00", [Line("250.00", "R1", text="INV-1"), Line("-10.00", "F1", text="fee")]),
    "2025-05-31": ("1240.00", "1340.00", [Line("50.00", text="two equal"), Line("50.00", text="two equal")]),
    "2025-06-02": ("1340.00", "1290.00", [Line("-50.00", "P1", text="rent")]),
    "2025-06-03": ("1290.00", "1290.00", []),
    "2025-06-04": ("1290.00", "1790.55", [Line("500.55", "R2", text="INV-2")]),
}
"""Day -> opening and closing balance, and its lines."""


def daily(day: str) -> bytes:
    opening, closing, lines = DAYS[day]
    dated = [Line(each.amount, each.reference, day, each.text) for each in lines]
    return statement_file(statement(opening, closing, *dated, day=day, account=IBAN, number=f"S-{day}"))


def over_days(first: str, last: str) -> bytes:
    """One statement of all entries of several days, as a bank gives it on request."""
    days = [day for day in DAYS if first <= day <= last]
    lines = [Line(each.amount, each.reference, day, each.text).xml("EUR") for day in days for each in DAYS[day][2]]
    opening, closing = balance("OPBD", DAYS[first][0], first), balance("CLBD", DAYS[last][1], last)
    account = f"<Acct><Id><IBAN>{IBAN}</IBAN></Id></Acct>"
    created = f"<CreDtTm>{last}T23:00:00</CreDtTm>"
    return statement_file(f"<Stmt><Id>ON-REQUEST</Id>{created}{account}{opening}{closing}{''.join(lines)}</Stmt>")


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> Workspace:
    """A data folder without settings: no book is known yet."""
    return Workspace(load_settings(tmp_path), database)


def imported(books: Workspace, *contents: bytes) -> tuple[int, int]:
    """Import files of these contents; how many versions were new, and how many files were held."""
    files = []
    for content in contents:
        folder = books.home / "from-the-bank"
        folder.mkdir(exist_ok=True)
        files.append(folder / f"{len(list(folder.iterdir()))}.xml")
        files[-1].write_bytes(content)
    told: list[tuple[str, bool]] = []
    result = import_statement_files(books, files, lambda words, is_last: told.append((words, is_last)))
    assert told[-1] == (f"{len(files)} of {len(files)} files", True)
    assert result.problem is None
    return result.new_version_count, result.dead_letter_count


def bound(books: Workspace) -> Workspace:
    return Workspace(bind(books, IBAN, "acme", create=True), books.database)


def materialized(books: Workspace) -> Computed:
    months = months_with_data(books, "acme")
    return compute(books, keys_of(["acme"], str(months[0]), str(months[-1])))


def in_days(books: Workspace, days: Sequence[str] = tuple(DAYS)) -> Workspace:
    imported(books, *(daily(day) for day in days))
    return bound(books)


def test_an_account_that_no_book_names_waits_with_its_first_balance_until_somebody_binds_it(empty: Workspace) -> None:
    imported(empty, *map(daily, DAYS))
    [waiting] = unbound_accounts(empty)
    assert (waiting.account, waiting.currency, waiting.first_balance) == (IBAN, "EUR", "1000.00")
    assert (waiting.first_on, waiting.last_on, waiting.statement_count) == (date(2025, 5, 30), date(2025, 6, 4), 5)
    books = bound(empty)
    assert unbound_accounts(books) == []
    book = books.settings.book("acme")
    assert (book.currency, book.starts_on) == ("EUR", date(2025, 5, 30))
    assert books.settings.book_of_statement_account(IBAN) == (book, book.bank_accounts[0])


def test_an_account_is_bound_once_and_only_if_a_statement_names_it(empty: Workspace) -> None:
    imported(empty, daily("2025-05-30"))
    with pytest.raises(BadInput, match="there is no book 'acme'"):
        bind(empty, IBAN, "acme", create=False)
    books = bound(empty)
    with pytest.raises(BadInput, match="belongs to book acme already"):
        bind(books, IBAN, "other", create=True)
    with pytest.raises(BadInput, match="no statement names DE00"):
        bind(books, "DE00", "acme", create=True)


def test_the_ledger_is_the_statement_on_every_date_and_days_are_continuous(empty: Workspace) -> None:
    books = in_days(empty)
    done = materialized(books)
    assert (done.new_versions, done.held) == (16, 0), "six lines, and two balances a day"
    ties = read.tie_outs(books)
    assert ties["tied"].all()
    on_statement_dates = ties.filter(pl.col("name") == "bank_account_equals_statement").sort("on_day")
    assert on_statement_dates["left_minor"].to_list() == [1240_00, 1340_00, 1290_00, 1290_00, 1790_55]
    assert ties.filter(pl.col("name") == "statements_are_continuous").height == 4
    opening = rows(
        books, "select effective_on, amount_minor from ledger.posting where purpose = 'opening' and role = 'bank'"
    )
    assert opening == [(date(2025, 5, 30), 1000_00)]


def test_two_equal_lines_of_one_day_are_two_and_every_entry_is_posted_once(empty: Workspace) -> None:
    books = in_days(empty)
    materialized(books)
    lines = rows(
        books,
        """
        select line.amount_minor, count(*) from canonical.bank_transaction_current as line
        join ledger.standing as entry on entry.source_id = line.record_id and entry.purpose = 'line'
        group by 1 order by 1
        """,
    )
    assert lines == [(-50_00, 1), (-10_00, 1), (50_00, 2), (250_00, 1), (500_55, 1)]


def test_the_same_files_again_change_nothing(empty: Workspace) -> None:
    books = in_days(empty)
    materialized(books)
    before, entries = facts(books), asked.entry_count(books)
    assert imported(books, *map(daily, reversed(DAYS))) == (0, 0)
    again = materialized(books)
    assert (again.new_versions, again.new_entries, again.reversed) == (0, 0, 0)
    assert asked.entry_count(books) == entries
    assert_equal(before, facts(books))


def test_a_statement_over_days_that_are_there_already_adds_no_line_and_no_entry(empty: Workspace) -> None:
    books = in_days(empty)
    materialized(books)
    entries = asked.entry_count(books)
    assert imported(books, over_days("2025-05-31", "2025-06-04")) == (1, 0), "the statement itself, none of its entries"
    again = materialized(books)
    assert (again.new_entries, again.reversed) == (0, 0)
    assert asked.entry_count(books) == entries
    assert read.tie_outs(books)["tied"].all()


def test_an_overlapping_statement_adds_the_days_that_were_missing(empty: Workspace) -> None:
    books = in_days(empty, ["2025-05-30", "2025-05-31", "2025-06-04"])
    materialized(books)
    broken = read.tie_outs(books).filter(~pl.col("tied"))
    assert set(broken["name"]) == {"bank_account_equals_statement", "statements_are_continuous"}
    assert set(broken["on_day"]) == {date(2025, 6, 4)}, "before the gap everything is proven"
    versions, held = imported(books, over_days("2025-05-31", "2025-06-04"))
    assert (versions, held) == (2, 0), "the statement and the one entry of the days between"
    added = materialized(books)
    assert (added.new_entries, added.reversed) == (2, 0), "the entry, and that it was the rent"
    assert read.tie_outs(books).filter(pl.col("name") == "bank_account_equals_statement")["tied"].all()


def test_a_file_that_does_not_add_up_is_held_whole_and_its_corrected_version_is_taken(empty: Workspace) -> None:
    wrong = daily("2025-06-04").replace(b"1790.55", b"1790.56")
    books = in_days(empty, list(DAYS)[:4])
    assert imported(books, wrong) == (0, 1)
    [(reason,)] = rows(books, "select reason from landing.dead_letter")
    assert "0.01" in reason, "it says by how much"
    materialized(books)
    assert rows(books, "select max(booked_on) from canonical.bank_transaction_current") == [(date(2025, 6, 2),)]
    assert imported(books, daily("2025-06-04"))[1] == 0
    assert materialized(books).new_entries == 1
    assert read.tie_outs(books)["tied"].all()


def test_statements_of_days_before_the_book_starts_open_it_earlier_and_its_balances_stay(empty: Workspace) -> None:
    books = in_days(empty, ["2025-06-02", "2025-06-03", "2025-06-04"])
    materialized(books)
    before = read.tie_outs(books).filter(pl.col("name") == "bank_account_equals_statement")
    imported(books, daily("2025-05-30"), daily("2025-05-31"))
    materialized(books)
    ties = read.tie_outs(books)
    assert ties["tied"].all()
    same_days = ties.filter(
        pl.col("name") == "bank_account_equals_statement", pl.col("on_day").is_in(before["on_day"].implode())
    )
    assert same_days["left_minor"].to_list() == before["left_minor"].to_list()
    posted = "select effective_on, sum(amount_minor)::int from ledger.posting where role = 'bank' group by 1 order by 1"
    assert rows(books, posted)[:2] == [(date(2025, 5, 30), 1240_00), (date(2025, 5, 31), 100_00)]


def test_an_earlier_month_that_arrives_later_takes_over_the_opening_of_the_account(empty: Workspace) -> None:
    book = "{id: acme, name: Acme, currency: EUR, starts_on: 2025-05-01}"
    (empty.home / SETTINGS_NAME).write_text(f"books: [{book}]", encoding="utf-8")
    told = Workspace(load_settings(empty.home), empty.database)
    imported(told, *(daily(day) for day in list(DAYS)[2:]))
    books = Workspace(bind(told, IBAN, "acme", create=False), told.database)
    materialized(books)
    assert imported(books, *(daily(day) for day in list(DAYS)[:2]))[1] == 0
    materialized(books)
    assert read.tie_outs(books)["tied"].all()
    openings = rows(
        books,
        """
        select effective_on, version, amount_minor from ledger.posting
        where purpose = 'opening' and role = 'bank' order by batch_id, version
        """,
    )
    assert openings == [
        (date(2025, 6, 2), 1, 1340_00),
        (date(2025, 6, 2), -1, -1340_00),
        (date(2025, 5, 30), 2, 1000_00),
    ]


def test_lines_in_a_foreign_currency_wait_for_a_rate_and_are_posted_at_the_one_of_their_day(empty: Workspace) -> None:
    book = "{id: acme, name: Acme, currency: EUR, starts_on: 2025-05-01}"
    (empty.home / SETTINGS_NAME).write_text(f"books: [{book}]", encoding="utf-8")
    told = Workspace(load_settings(empty.home), empty.database)
    imported(told, daily("2025-05-30").replace(b'Ccy="EUR"', b'Ccy="USD"'))
    books = Workspace(bind(told, IBAN, "acme", create=False), told.database)
    without = materialized(books)
    assert (without.new_entries, without.held) == (0, 3), "nothing is guessed"
    rate = {"rate_on": date(2025, 5, 29), "currency": "USD", "per_eur": Decimal("1.25"), "source": "ecb"}
    with books.database.transaction() as conn:
        publish_rates(conn, FX_RATES.frame([{**rate, "content_hash": "0" * 64}]))
    assert materialized(books).new_entries == 3, "the opening and two lines"
    carried = "select functional_minor::int from ledger.posting where role = 'bank' order by 1"
    assert rows(books, carried) == [(-8_00,), (200_00,), (800_00,)]


def test_files_in_the_watched_folder_and_files_that_somebody_names_are_the_same_files(empty: Workspace) -> None:
    from finance_pipeline.services import api

    books = in_days(empty)
    inbox = books.home / "inbox"
    inbox.mkdir()
    for day in DAYS:
        (inbox / f"{day}.xml").write_bytes(daily(day))
    assert api.sync(books, "camt053").figures["new_versions"] == 0
    assert imported(books, daily("2025-05-30")) == (0, 0)
    assert api.sync(books, "camt053").figures["pages"] == 0, "what was read is not read again"
