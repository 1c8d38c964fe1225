"""Files of every format from evidence to the ledger: each line once, each balance that is stated."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from finance_pipeline.core.settings import load_settings
from finance_pipeline.services import read
from finance_pipeline.services.calendar import months_with_data
from finance_pipeline.services.intake.bindings import bind, unbound_accounts
from finance_pipeline.services.intake.sync import import_statement_files
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.pipeline import compute, keys_of, rows

CORPUS = Path(__file__).resolve().parents[2] / "sources" / "statements" / "corpus"
FILES = {
    "camt/batch-in-two-groups.xml": "DE02100100109307118603",
    "mt/german-subfields.sta": "NL91ABNA0417164300",
    "bai2/plain.bai": "0123456789",
    "ofx/unclosed-tags.ofx": "12345",
    "coda/iban.cod": "BE68539007547034",
    "qif/opening-balance.qif": "Checking",
    "csv/english.csv": "own-account",
}
"""A file of each format -> the account it is of."""
DECLARED = {"qif/opening-balance.qif": "USD", "csv/english.csv": "USD"}


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> Workspace:
    """A data folder without settings: no book is known yet."""
    return Workspace(load_settings(tmp_path), database)


def imported(books: Workspace, *names: str) -> tuple[int, int]:
    """Import files of the corpus, those that lack it with account and currency; new versions, and files held."""
    versions = held = 0
    for name in names:
        account, currency = (FILES[name], DECLARED[name]) if name in DECLARED else (None, None)
        result = import_statement_files(
            books,
            [CORPUS / name],
            lambda *_: None,
            account=account,
            currency=currency,
            profile=profile_for(books, name),
        )
        assert result.problem is None
        versions, held = versions + result.new_version_count, held + result.dead_letter_count
    return versions, held


def profile_for(books: Workspace, name: str) -> Path | None:
    """What a person declares about the CSV of the corpus."""
    if not name.startswith("csv"):
        return None
    file = books.home / "english.yaml"
    columns = "{booked: Date, amount: Amount, balance: Balance, memo: [Description]}"
    file.write_text(
        "name: english\nheader: [Date, Description, Amount, Balance]\ndelimiter: ','\ndate_format: yyyy-mm-dd\n"
        f"decimal_mark: '.'\ncolumns: {columns}\n",
        encoding="utf-8",
    )
    return file


def all_bound(books: Workspace) -> Workspace:
    """Every account in the book of its currency."""
    for waiting in unbound_accounts(books):
        settings = bind(books, waiting.account, f"book-{waiting.currency.lower()}", create=True)
        books = Workspace(settings, books.database)
    return books


def test_a_file_of_each_format_is_posted_and_ties_to_the_balance_that_it_states(empty: Workspace) -> None:
    assert imported(empty, *FILES)[1] == 0
    books = all_bound(empty)
    for book in books.settings.book_ids:
        months = months_with_data(books, book)
        compute(books, keys_of([book], str(months[0]), str(months[-1])))
    lines = "select bank_account, sum(amount_minor)::int from canonical.bank_transaction_current group by 1 order by 1"
    assert sorted(amount for _, amount in rows(books, lines)) == sorted([6000, 5000, 3950, 3950, 3950, 3950, 3950])
    ties = read.tie_outs(books).filter(pl.col("name") == "bank_account_equals_statement")
    stated = {row["subject"]: row["left_minor"] for row in ties.to_dicts() if row["tied"]}
    assert sorted(stated.values()) == sorted([6000, 15000, 13950, 13950, 13950, 13950])
    assert imported(books, *FILES) == (0, 0), "the same files again are no news"


def test_what_each_format_says_of_a_line_reaches_the_canonical_line(empty: Workspace) -> None:
    imported(empty, "mt/german-subfields.sta", "ofx/unclosed-tags.ofx")
    books = all_bound(empty)
    for book in books.settings.book_ids:
        compute(books, keys_of([book], "2026-05", "2026-05"))
    said = rows(
        books,
        """
        select counterparty_name, counterparty_account, memo, end_to_end_id, bank_reference, booked_on
        from canonical.bank_transaction_current where amount_minor = 5000 order by counterparty_name
        """,
    )
    assert said == [
        (
            "Musterfrau GmbH und Co",
            "DE02100100109307118603",
            "Rechnung 2026-17 vom 4. Mai",
            "INV-2026-17",
            None,
            date(2026, 5, 4),
        ),
        ("Payer", None, None, None, "F1", date(2026, 5, 4)),
    ]


def test_an_interim_report_and_a_notification_bring_no_lines_before_the_statement_does(empty: Workspace) -> None:
    assert imported(empty, "camt/052.001.08.xml", "camt/054.001.08.xml", "mt/942.sta") == (0, 3)
    reasons = [reason for (reason,) in rows(empty, "select reason from landing.dead_letter")]
    assert all("the lines come with the statement" in reason for reason in reasons)


def test_a_file_in_another_format_over_days_that_are_there_is_held_and_does_not_double_them(empty: Workspace) -> None:
    assert imported(empty, "mt/plain.sta") == (3, 0)
    same_days = (
        (CORPUS / "camt" / "053.001.08.xml").read_bytes().replace(b"DE02100100109307118603", b"NL91ABNA0417164300")
    )
    (empty.home / "same.xml").write_bytes(same_days)
    (empty.home / "later.xml").write_bytes(same_days.replace(b"2026-05-04", b"2026-05-05"))
    for name, expected in {"same.xml": (0, 1), "later.xml": (3, 0)}.items():
        result = import_statement_files(empty, [empty.home / name], lambda *_: None)
        assert (result.new_version_count, result.dead_letter_count) == expected, name
    ((reason,),) = rows(empty, "select reason from landing.dead_letter")
    assert "2026-05-04 to 2026-05-04) were imported as MT already" in reason


def test_a_day_in_several_messages_is_one_statement_with_one_closing_balance(empty: Workspace) -> None:
    assert imported(empty, "mt/pages.sta") == (3, 0), "two lines, and one statement"
    books = all_bound(empty)
    compute(books, keys_of(["book-eur"], "2026-05", "2026-05"))
    ties = read.tie_outs(books).filter(pl.col("name") == "bank_account_equals_statement")
    assert ties.select("left_minor", "right_minor", "tied").rows() == [(16_00, 16_00, True)]


def test_two_statements_of_a_day_that_do_not_continue_each_other_are_held(empty: Workspace) -> None:
    pages = (CORPUS / "mt" / "pages.sta").read_text().replace(":60M:C260504EUR15,00", ":60M:C260504EUR14,00")
    (empty.home / "pages.sta").write_text(pages.replace(":62F:C260504EUR16,00", ":62F:C260504EUR15,00"))
    result = import_statement_files(empty, [empty.home / "pages.sta"], lambda *_: None)
    assert (result.new_version_count, result.dead_letter_count) == (0, 1)
    ((reason,),) = rows(empty, "select reason from landing.dead_letter")
    assert "two statements of account ...4300 end on 2026-05-04 and do not continue each other" in reason


def test_of_several_files_of_a_day_the_one_that_none_goes_on_from_states_the_balance_of_the_day(
    empty: Workspace,
) -> None:
    first, second = (CORPUS / "mt" / "pages.sta").read_text().split("-\n")[:2]
    for number, message in enumerate((second, first)):
        (empty.home / f"{number}.sta").write_text(message)
    files = [empty.home / "0.sta", empty.home / "1.sta"]
    assert import_statement_files(empty, files, lambda *_: None).new_version_count == 4
    books = all_bound(empty)
    compute(books, keys_of(["book-eur"], "2026-05", "2026-05"))
    ties = read.tie_outs(books).filter(pl.col("name") == "bank_account_equals_statement")
    assert ties.select("left_minor", "right_minor", "tied").rows() == [(16_00, 16_00, True)]
