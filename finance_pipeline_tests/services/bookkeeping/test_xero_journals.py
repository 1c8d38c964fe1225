"""Manual journals of Xero, where Xero's ledger is the statutory one: they reach the journal, each once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finance_pipeline.core.identity import exact_json
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Connection, LedgerPolicy, Settings
from finance_pipeline.services.bookkeeping.journals import decide_journals, submit_journals
from finance_pipeline.services.bookkeeping.xero_journals import Pulled, pull_journals
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources import xero_journals
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.by_hand import close_month
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, US, Told

BOOK = US.model_copy(
    update={
        "accounting": "xero",
        "ledger": LedgerPolicy(statutory="accounting"),
        "chart": dict(US.chart) | {"477": "6000", "720": "6200", "814": "2210", "610": "1100"},
    }
)
DEPRECIATION = ("dep", "POSTED", "2026-05-31", [("720", "1500.00"), ("814", "-1500.00")])
PAYROLL = ("pay", "POSTED", "2026-05-31", [("477", "8200.00"), ("814", "-8200.00")])
MAY_31, JUNE_30 = date(2026, 5, 31), date(2026, 6, 30)
Journal = tuple[str, str, str, list[tuple[str, str]]]


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Told:
    xero = Connection(id="xero", kind="xero", tenant_id="t", secrets={"client_id": "A", "client_secret": "B"})
    return Told(Workspace(Settings(home=tmp_path, books=(BOOK,), connections=(xero,)), database))


@pytest.fixture
def xero(monkeypatch: pytest.MonkeyPatch) -> list[Journal]:
    """What Xero has: manual journals as it shows them."""
    shown: list[Journal] = [DEPRECIATION, PAYROLL, ("draft", "DRAFT", "2026-05-31", [("477", "1.00")])]
    monkeypatch.setattr(xero_journals, "manual_journals", lambda *_: [answer(shown)])
    return shown


def answer(journals: list[Journal]) -> bytes:
    said = [
        {
            "ManualJournalID": name, "Status": status, "Narration": name, "Date": "/Date(0+0000)/", "DateString": on,
            "JournalLines": [{"AccountCode": code, "LineAmount": Decimal(amount)} for code, amount in lines],
        }
        for name, status, on, lines in journals
    ]  # fmt: skip
    return exact_json({"ManualJournals": said}).encode()


def pull(book: Told) -> Pulled:
    return pull_journals(book.workspace, "us", reason="month end", actor="Ann")


def approved(book: Told, found: Pulled) -> int:
    assert found.submission_id is not None
    done = decide_journals(book.workspace, found.submission_id, "sign", reason="checked", actor="Bob")
    return int(done["new_entries"])


@pytest.mark.usefixtures("xero")
def test_a_manual_journal_reaches_the_journal_once_when_another_person_approves(book: Told) -> None:
    found = pull(book)
    assert (found.new, approved(book, found)) == (2, 2)
    posted = {"2210": "-9,700.00", "6000": "8,200.00", "6200": "1,500.00"}
    assert book.balances(MAY_31) == posted
    assert pull(book) == Pulled(None, 0, 0, 2, ()), "Xero says the same: nothing is submitted"
    book.months(MAY)
    assert book.balances(MAY_31) == posted
    landed = "select count(*) from ledger.entry join landing.page on page_hash = evidence_hash"
    assert rows(book.workspace, landed) == [(2,)], "each entry names the answer that holds it"


def test_what_waits_is_not_brought_again_and_what_is_refused_may_be(book: Told, xero: list[Journal]) -> None:
    first = pull(book).submission_id
    assert first is not None
    xero.append(("new", "POSTED", "2026-05-20", [("477", "5.00"), ("814", "-5.00")]))
    again = pull(book)
    waits = "was brought before and waits for approval"
    assert (again.new, again.left_out) == (1, (f"xero/dep: {waits}", f"xero/pay: {waits}"))
    decide_journals(book.workspace, first, "refuse", reason="not yet", actor="Bob")
    xero.append(("newer", "POSTED", "2026-05-21", [("477", "6.00"), ("814", "-6.00")]))
    assert pull(book).new == 3


def test_a_journal_that_is_changed_or_voided_there_is_taken_back_here_and_posted_anew(
    book: Told, xero: list[Journal], database: Database
) -> None:
    approved(book, pull(book))
    close_month(database, date(2026, 5, 1))
    xero[0] = ("dep", "POSTED", "2026-05-31", [("720", "1600.00"), ("814", "-1600.00")])
    xero[1] = ("pay", "VOIDED", "2026-05-31", PAYROLL[3])
    found = pull(book)
    assert (found.changed, approved(book, found)) == (2, 3)
    assert book.balances(JUNE_30) == {"2210": "-1,600.00", "6200": "1,600.00"}
    assert book.balances(MAY_31)["2210"] == "-9,700.00", "May is closed: the first open day takes it"
    days = rows(
        book.workspace, "select distinct accounting_on, effective_on from ledger.entry where source_id like '%/dep/%'"
    )
    assert sorted(days) == [(MAY_31, MAY_31), (date(2026, 6, 1), MAY_31)]
    assert pull(book).unchanged == 1
    book.months(MAY, JUNE)
    assert book.balances(JUNE_30) == {"2210": "-1,600.00", "6200": "1,600.00"}


@pytest.mark.usefixtures("xero")
def test_a_journal_that_is_here_from_a_file_is_not_taken_from_xero_nor_the_other_way(book: Told) -> None:
    file = book.workspace.home / "own.csv"
    own = "journal,date,account,debit,credit\nDEP-05,2026-05-31,6200,1500.00,\nDEP-05,2026-05-31,2210,,1500.00\n"
    file.write_text(own, encoding="utf-8")
    submit_journals(book.workspace, "us", file, reason="month end", actor="Ann")
    found = pull(book)
    assert (found.new, found.left_out) == (1, ("xero/dep: journal DEP-05 has the same day and lines, and is here",))
    file.write_text(own.replace("DEP-05", "P").replace("6200", "6000").replace("1500", "8200"), encoding="utf-8")
    with pytest.raises(BadInput, match="journal P has the same day and lines as xero/pay, which came from the account"):
        submit_journals(book.workspace, "us", file, reason="month end", actor="Ann")


def test_a_journal_that_the_book_cannot_hold_is_left_out_by_name_and_stops_no_other(
    book: Told, xero: list[Journal]
) -> None:
    xero += [
        ("unmapped", "POSTED", "2026-05-31", [("999", "1.00"), ("814", "-1.00")]),
        ("items", "POSTED", "2026-05-31", [("610", "1.00"), ("814", "-1.00")]),
        ("apart", "POSTED", "2026-05-31", [("477", "1.00"), ("814", "-1.10")]),
        ("older", "POSTED", "2026-04-30", [("477", "1.00"), ("814", "-1.00")]),
    ]
    found = pull(book)
    assert (found.new, found.left_out) == (
        2,
        (
            "xero/apart: its debits and credits differ",
            "xero/items: no journal touches 1100 Accounts receivable: it is the sum of its items",
            "xero/unmapped: the chart of book us does not map account 999",
        ),
    )


@pytest.mark.usefixtures("xero")
def test_a_book_whose_own_ledger_is_statutory_takes_none(book: Told) -> None:
    ours = BOOK.model_copy(update={"ledger": LedgerPolicy(statutory="ours")})
    books = Workspace(book.workspace.settings.model_copy(update={"books": (ours,)}), book.workspace.database)
    with pytest.raises(BadInput, match="manual journals are entered here"):
        pull_journals(books, "us", reason="month end", actor="Ann")
