"""Two ledgers of one book: ours and the accounting system's, tied account by account at a month's end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from finance_pipeline.close.steps import close_of
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import LedgerPolicy, Settings
from finance_pipeline.services.bookkeeping.statutory import (
    bring_trial_balance,
    compare,
    explain_difference,
    pull_trial_balance,
)
from finance_pipeline.services.closing.facts import facts_of
from finance_pipeline.services.intake.connections import policy_of
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources import xero_journals
from finance_pipeline.sources.xero_reports import UnreadableReport, rows_of
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import MAY, US, Told, day, told

THEIRS = "account,name,debit,credit\n610,Accounts Receivable,500.00,\n200,Sales,,500.00\n"


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Iterator[Told]:
    mapped = dict(US.chart) | {"610": "1100", "090": "1010"}
    named = US.model_copy(update={"chart": mapped, "ledger": LedgerPolicy(statutory="accounting")})
    with told(database, tmp_path, named) as found:
        yield found


def brought(book: Told, text: str) -> Path:
    file = book.workspace.home / "theirs.csv"
    file.write_text(text, encoding="utf-8")
    return file


def step(book: Told) -> tuple[str, str]:
    with book.workspace.database.transaction() as conn:
        facts = facts_of(conn, book.workspace.settings, book.workspace.settings.books[0], MAY)
    found = close_of(facts).step("ledgers_agree")
    return found.state, found.words


def test_two_ledgers_are_tied_account_by_account_before_a_month_is_signed(book: Told) -> None:
    book.document("INV-1", "500.00", day(2), "Acme Ltd")
    book.line("fee", "-12.00", day(9), "unknown")
    book.balance("main", "0.00", day(1), "opening")
    book.months(MAY)
    assert not compare(book.workspace, "us", "2026-05").is_whole
    assert "no trial balance of the accounting system" in step(book)[1]
    found = bring_trial_balance(book.workspace, "us", "2026-05", brought(book, THEIRS), actor="Ann")
    unexplained = found.unexplained.select("code", "ours_minor", "theirs_minor").rows()
    assert unexplained == [("1010", -1200, 0), ("1240", 1200, 0)], "equal: receivables by 610, sales by 200"
    assert step(book) == ("open", "differ, and nobody said why: 1010, 1240")
    for code in ("1010", "1240"):
        found = explain_difference(book.workspace, "us", "2026-05", code, reason="not booked there yet", actor="Ann")
    assert (found.is_whole, found.words.endswith("every difference is explained.")) == (True, True)
    assert step(book)[1] == "equal to the accounting system's, account by account, or explained"
    book.line("fee", "-13.00", day(9), "unknown")
    book.months(MAY)
    moved = compare(book.workspace, "us", "2026-05")
    assert list(moved.unexplained["code"]) == ["1010", "1240"], "an explanation is of the amount that differed then"
    later = THEIRS + "090,Bank,,13.00\n999,Suspense,13.00,\n"
    found = bring_trial_balance(book.workspace, "us", "2026-05", brought(book, later), actor="Ann")
    differing = found.unexplained.select("code", "difference_minor", "is_unmapped").rows()
    assert differing == [("1240", 1300, False), ("999", -1300, True)], "the latest counts"


def test_an_adjunct_is_part_of_the_account_that_it_values(book: Told) -> None:
    book.rate(date(2026, 5, 29), "1.1200")
    book.document("INV-1", "1000.00", day(2), "Acme Ltd", currency="EUR", functional="1100.00")
    book.months(MAY)
    accounts = compare(book.workspace, "us", "2026-05").accounts
    assert dict(accounts.select("code", "ours_minor").rows()) == {"1100": 112000, "4000": -110000, "6900": -2000}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("500.00,\n200", "500.10,\n200", "its debits and credits differ by 0.10 USD"),
        ("610", "", "row 2: it names no account"),
        ("610", "200", "row 2: account 200 twice"),
        ("500.00,\n", "1 500.00,\n", "row 2: its debit or credit is no amount like 1234.50"),
    ],
)
def test_a_trial_balance_that_cannot_be_is_named_by_its_rows(book: Told, old: str, new: str, words: str) -> None:
    text = THEIRS.replace(old, new, 1)
    with pytest.raises(BadInput) as refused:
        bring_trial_balance(book.workspace, "us", "2026-05", brought(book, text), actor="Ann")
    assert words in str(refused.value)
    with pytest.raises(BadInput, match="does not differ"):
        explain_difference(book.workspace, "us", "2026-05", "1010", reason="why not", actor="Ann")


def test_xeros_own_trial_balance_is_asked_for_landed_and_compared(two_books: Company, settled: Workspace) -> None:
    with two_books.copy_of(settled) as books:
        found = pull_trial_balance(books, "uk", "2025-06")
        assert (found.is_known, found.accounts["theirs_minor"].sum(), found.accounts["ours_minor"].sum()) == (
            True,
            0,
            0,
        )
        theirs = dict(found.accounts.filter(pl.col("theirs_minor") != 0).select("code", "theirs_minor").rows())
        assert theirs["4000"] < 0 < theirs["610"]
        gained = (
            "select sum(functional_minor)::bigint from ledger.posting join ledger.standing using (entry_id)"
            " where standing.book = 'uk' and standing.purpose = 'allocation' and code = '6900'"
        )
        assert rows(books, gained) == [(theirs["497"],)], "what credits in euros gained against their invoices"
        again = pull_trial_balance(books, "uk", "2025-06")
        assert again.accounts.equals(found.accounts)
        kept = "select count(*), count(distinct page_hash) from ledger.other_trial_balance"
        assert rows(books, f"{kept} join landing.page using (page_hash)") == [(2, 1)], "the same answer is landed once"
        (page,) = xero_journals.manual_journals(books.settings.connection("uk-xero"), policy_of(books))
        assert xero_journals.lines_of(page) == [], "a company that posts nothing by hand"
        with pytest.raises(BadInput, match="its accounting system is not Xero"):
            pull_trial_balance(Workspace(Settings(home=books.home, books=(US,)), books.database), "us", "2025-06")


def test_a_report_of_xero_is_read_by_its_year_to_date_columns_whatever_its_sections() -> None:
    def row(*values: str, kind: str = "Row") -> dict[str, object]:
        return {"RowType": kind, "Cells": [{"Value": value} for value in values]}

    sections = [
        row("Account", "Debit", "Credit", "YTD Debit", "YTD Credit", kind="Header"),
        {"RowType": "Section", "Title": "Revenue", "Rows": [row("Sales (UK) (200)", "", "10.00", "", "1234.50")]},
        {"RowType": "Section", "Title": "", "Rows": [row("Old bank", "5.00", "", "1234.50", "")]},
        {"RowType": "Section", "Title": "", "Rows": [row("Total", "5", "10", "1234.50", "1234.50", kind="SummaryRow")]},
    ]
    raw = json.dumps({"Reports": [{"Rows": sections}]}).encode()
    assert rows_of(raw) == [("200", "Sales (UK)", "", "1234.50"), ("Old bank", "Old bank", "1234.50", "")]
    for broken in (b"<html>", b"{}", json.dumps({"Reports": [{"Rows": [{"Rows": [row("Sales", "1")]}]}]}).encode()):
        with pytest.raises(UnreadableReport, match="no trial balance"):
            rows_of(broken)
