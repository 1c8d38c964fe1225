"""Mapping, rules, tolerances and rates: a file may say what it likes, what two people approved is in force."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book, LedgerPolicy, Settings
from finance_pipeline.services.approved_settings import NotTheirs, approve, in_force, propose, standing
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.told import MAY, US, Told, day


def opened(database: Database, folder: Path, book: Book) -> Workspace:
    """As Workspace.open does: what the files say, and what is in force of it."""
    declared = Settings(home=folder, books=(book,))
    with database.transaction(role="reader") as conn:
        return Workspace(in_force(conn, declared), database, declared)


def changed(**updates: Any) -> Book:
    return US.model_copy(update=updates)


def test_settings_are_in_force_when_another_person_approved_them_and_files_alone_change_nothing(
    database: Database, tmp_path: Path
) -> None:
    books = opened(database, tmp_path, US)
    assert standing(books, "us").approved_at is None
    propose(books, "us", reason="as we began", actor="Ann")
    with pytest.raises(NotTheirs, match="Ann proposed them: another person approves"):
        approve(books, "us", reason="mine", actor="ann")
    found = approve(books, "us", reason="checked", actor="Bob")
    assert (found.proposed_by, found.approved_by, found.changes, found.waiting) == ("Ann", "Bob", (), None)
    edited = changed(chart={"200": "4100", "400": "5000"}, policy={"short_payment_limit_minor": 90_000})
    books = opened(database, tmp_path, edited)
    assert (books.settings.books[0].chart["200"], dict(books.settings.books[0].policy)) == ("4000", {})
    assert standing(books, "us").changes == (
        'chart.200: "4000" -> "4100"', "policy.short_payment_limit_minor: nothing -> 90000",
    )  # fmt: skip
    told = Told(books)
    told.document("INV-1", "500.00", day(2), "Acme Ltd")
    told.months(MAY)
    assert told.balances(date(2026, 5, 31)) == {"1100": "500.00", "4000": "-500.00"}
    propose(books, "us", reason="services", actor="Bob")
    approve(books, "us", reason="agreed", actor="Ann")
    told = Told(opened(database, tmp_path, edited), told.versions)
    assert told.workspace.settings.books[0].policy == {"short_payment_limit_minor": 90_000}
    told.months(MAY)
    assert told.balances(date(2026, 5, 31)) == {"1100": "500.00", "4100": "-500.00"}


def test_only_the_latest_proposal_is_approved_and_what_is_in_force_is_not_proposed_again(
    database: Database, tmp_path: Path
) -> None:
    books = opened(database, tmp_path, US)
    with pytest.raises(BadInput, match="nothing waits for approval"):
        approve(books, "us", reason="?", actor="Bob")
    propose(books, "us", reason="first", actor="Ann")
    later = opened(database, tmp_path, changed(ledger=LedgerPolicy(rate_greatest_age_days=3)))
    found = propose(later, "us", reason="second", actor="Bob")
    assert found.waiting is not None
    approve(later, "us", reason="the later one", actor="Ann")
    again = opened(database, tmp_path, US)
    assert again.settings.books[0].ledger.rate_greatest_age_days == 3
    with pytest.raises(BadInput, match="nothing waits"):
        approve(again, "us", reason="the first one", actor="Bob")
    with pytest.raises(BadInput, match="what the files say is in force"):
        propose(opened(database, tmp_path, changed(ledger=LedgerPolicy(rate_greatest_age_days=3))), "us",
                reason="again", actor="Ann")  # fmt: skip
