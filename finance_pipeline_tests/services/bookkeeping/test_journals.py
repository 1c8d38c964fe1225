"""Journals from files: payroll, depreciation, accruals. One person brings them, another approves, then they post."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.services.bookkeeping.journals import decide_journals, submit_journals
from finance_pipeline.services.bookkeeping.submitting import NotApproved
from finance_pipeline.store.database import Database
from finance_pipeline_tests.conftest import _fresh
from finance_pipeline_tests.ledger.by_hand import close_month
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import MAY, Told, told

JOURNALS = """journal,date,account,debit,credit,description,reverses_on
PAY-05,2026-05-31,6000,8200.00,,Wages of May,
PAY-05,2026-05-31,2210,,8200.00,Wages of May,
ACC-05,2026-05-31,6200,1500.00,,Audit not billed yet,2026-06-01
ACC-05,2026-05-31,4900,,1500.00,Audit not billed yet,2026-06-01
"""


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Iterator[Told]:
    with told(database, tmp_path) as found:
        yield found


def brought(book: Told, text: str = JOURNALS, name: str = "journals.csv") -> str:
    file = book.workspace.home / name
    file.write_text(text, encoding="utf-8")
    return submit_journals(book.workspace, "us", file, reason="month end", actor="Ann")


def test_journals_post_when_another_person_approves_and_an_accrual_takes_itself_back(book: Told) -> None:
    submission = brought(book)
    with pytest.raises(NotApproved, match="Ann submitted it: another person approves"):
        decide_journals(book.workspace, submission, "sign", reason="mine", actor="ANN ")
    book.months(MAY)
    assert book.balances(date(2026, 5, 31)) == {}, "nothing posts before it is approved"
    done = decide_journals(book.workspace, submission, "sign", reason="checked", actor="Bob")
    assert done["new_entries"] == 3
    wages = {"2210": "-8,200.00", "6000": "8,200.00"}
    assert book.balances(date(2026, 5, 31)) == wages | {"4900": "-1,500.00", "6200": "1,500.00"}
    assert book.balances(date(2026, 6, 1)) == wages
    said = rows(
        book.workspace,
        "select distinct rule, evidence_hash = page_hashes[1] from ledger.entry, ledger.submission order by 1",
    )
    assert said == [("accrual_reversal", True), ("manual_journal", True)]
    book.months(MAY)
    assert rows(book.workspace, "select count(*) from ledger.entry") == [(3,)], "the month again posts nothing"
    with pytest.raises(NotApproved, match="stands approved"):
        decide_journals(book.workspace, submission, "refuse", reason="no", actor="Eve")


def test_a_workbook_says_the_same_as_a_csv_and_a_number_posts_once(book: Told) -> None:
    text = book.workspace.home / "j.csv"
    text.write_text(JOURNALS, encoding="utf-8")
    file = book.workspace.home / "journals.xlsx"
    pl.read_csv(text, try_parse_dates=True).write_excel(file)
    submission = submit_journals(book.workspace, "us", file, reason="month end", actor="Ann")
    assert decide_journals(book.workspace, submission, "sign", reason="checked", actor="Bob")["new_entries"] == 3
    with pytest.raises(BadInput, match=f"journal ACC-05 is in submission {submission[:12]} already"):
        brought(book)


def test_a_journal_of_a_closed_month_is_not_approved_and_what_is_refused_may_come_again(
    book: Told, database: Database
) -> None:
    submission = brought(book)
    close_month(database, date(2026, 5, 1))
    with pytest.raises(BadInput, match="is of 2026-05-31, and that month is closed"):
        decide_journals(book.workspace, submission, "sign", reason="checked", actor="Bob")
    decide_journals(book.workspace, submission, "refuse", reason="wrong month", actor="Bob")
    later = JOURNALS.replace("2026-06-01", "2026-07-01").replace("2026-05-31", "2026-06-30")
    again = brought(book, later, "again.csv")
    assert decide_journals(book.workspace, again, "sign", reason="checked", actor="Bob")["new_entries"] == 3


@pytest.fixture(scope="module")
def kept_book(shared: tuple[Database, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with _fresh(shared, "finance_pipeline") as database, told(database, tmp_path_factory.mktemp("j")) as found:
        yield found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2210,,8200.00", "2210,,8200.10", "debits and credits of journal PAY-05 in USD differ by 10 minor units"),
        ("2210", "1010", "row 3: no journal touches 1010 Main: what a bank account holds comes from its own lines"),
        ("2210", "1100", "no journal touches 1100 Accounts receivable: it is the sum of its items: enter an invoice"),
        ("2210", "1200", "no journal touches 1200 Processor clearing: it is the sum of what waits there"),
        ("2210", "1100V", "no journal touches 1100V"),
        ("2210", "3900", "no journal touches 3900 Opening balances: it is the migration account"),
        ("2210", "9999", "row 3: book us has no account 9999"),
        ("8200.00,,Wages", '"8,200.00",,Wages', "row 2: it takes a debit or a credit above zero, like 1234.50"),
        ("8200.00,,Wages", "8200.001,,Wages", "row 2: it takes a debit or a credit above zero"),
        ("2026-05-31,2210", "2026-05-30,2210", "row 2: journal PAY-05 has several dates"),
        ("2026-05-31,6000", "31/05/2026,6000", "row 2: its date is no day like 2026-01-31"),
        ("2026-06-01", "2026-05-31", "row 4: it would take itself back before it is there"),
    ],
)
def test_a_row_that_cannot_be_is_named_with_its_reason_and_nothing_is_taken(
    kept_book: Told, old: str, new: str, words: str
) -> None:
    assert old in JOURNALS
    with pytest.raises(BadInput) as refused:
        brought(kept_book, JOURNALS.replace(old, new, 1))
    assert words in str(refused.value)
    assert rows(kept_book.workspace, "select from ledger.submission") == []


def test_a_journal_in_another_currency_balances_in_both(kept_book: Told, book: Told) -> None:
    head = "journal,date,account,debit,credit,currency,carried\n"
    row = "EUR-1,2026-05-31,{},{},{},EUR,{}\n"
    lines = row.format("6200", "100.00", "", "110.00") + row.format("4900", "", "100.00", "110.10")
    with pytest.raises(BadInput, match="differ by 0 minor units, and 10 of the book's currency"):
        brought(kept_book, head + lines)
    submission = brought(book, head + lines.replace("110.10", "110.00"))
    decide_journals(book.workspace, submission, "sign", reason="checked", actor="Bob")
    assert book.balances(date(2026, 5, 31)) == {"4900": "-110.00", "6200": "110.00"}
