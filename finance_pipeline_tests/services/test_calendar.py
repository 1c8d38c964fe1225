"""Which months of which books there are, and which of them new evidence makes due."""

from __future__ import annotations

import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.services import api
from finance_pipeline.services.calendar import known_months, last_month, months_with_data, touched
from finance_pipeline.services.workspace import Workspace
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import sync_all
from finance_pipeline_tests.sources.statement_files import Line, statement, statement_file


def keys(found: list[object]) -> list[str]:
    return [str(key) for key in found]


def test_a_range_of_months_is_checked_before_anything_is_done(settled: Workspace) -> None:
    settings = settled.settings
    assert keys(known_months(settings, "uk", "2025-05", "2025-06")) == ["uk|2025-05", "uk|2025-06"]
    for book, first, last, words in (
        ("fr", "2025-05", "2025-06", "there is no book 'fr'.*Known books: uk, de"),
        ("uk", "2025-06", "2025-05", "2025-06 comes after 2025-05"),
        ("uk", "2025-04", "2025-05", "book uk has no month 2025-04.*begins in 2025-05"),
        ("uk", "2025-05", "2999-01", "book uk has no month 2999-01.*current month is"),
        ("uk", "May", "2025-06", "'May' is not a month"),
    ):
        with pytest.raises(BadInput, match=words):
            known_months(settings, book, first, last)
    today = str(last_month(settings.book("uk")))
    assert keys(known_months(settings, "uk", today, today)) == [f"uk|{today}"], "the open month is one of them"


def test_a_book_has_data_from_its_first_month_to_the_last_that_evidence_reached(
    two_books: Company, settled: Workspace
) -> None:
    assert keys(months_with_data(settled, "uk")) == ["2025-05", "2025-06"]
    with two_books.new_books() as nothing_landed:
        assert months_with_data(nothing_landed, "uk") == []


def test_new_evidence_makes_its_month_and_all_later_ones_of_its_book_due_and_no_other_book(
    two_books: Company, settled: Workspace
) -> None:
    with two_books.copy_of(settled) as books:
        everything, high = touched(books, 0)
        assert everything == sorted(two_books.keys)
        assert touched(books, high) == ([], high)
        sync_all(books)
        assert touched(books, high) == ([], high), "a sync that brings nothing makes nothing due"

        account = next(a for b in books.settings.books for a in b.bank_accounts if not a.feed).statement_ids[0]
        line = Line("10.00", "LATE", "2025-05-11")
        late = statement_file(statement("0.00", "10.00", line, day="2025-05-11", account=account, number="LATE"))
        (books.home / "inbox" / "late.xml").write_bytes(late)
        api.sync(books, "camt053")
        due, higher = touched(books, high)
        assert keys(due) == ["de|2025-05", "de|2025-06"]
        assert higher > high
        assert touched(books, higher) == ([], higher)


def test_a_line_that_moves_to_another_month_makes_both_months_due(settled: Workspace, two_books: Company) -> None:
    with two_books.copy_of(settled) as books:
        _, high = touched(books, 0)
        with books.database.transaction() as conn:
            conn.execute(
                """
                insert into landing.record (connection_id, source, kind, source_id, version, account, accounting_on,
                    previous_on, removed, content_hash, file_hash, page_hash, sync_id)
                select connection_id, source, kind, source_id, version + 1, account, '2025-06-01', accounting_on,
                    removed, content_hash, file_hash, page_hash, 'moved'
                from landing.record
                where connection_id = 'uk-plaid' and kind = 'transaction' and accounting_on between '2025-05-25'
                    and '2025-05-31' and version = 1
                order by seq limit 1
                """
            )
        assert keys(touched(books, high)[0]) == ["uk|2025-05", "uk|2025-06"]
