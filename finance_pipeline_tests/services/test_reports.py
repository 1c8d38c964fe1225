"""Reports as of a day and as known at a moment: they tie, and the same question has the same answer for ever."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, LiteralString

import polars as pl
import psycopg
import pytest

from finance_pipeline.core.money import format_money
from finance_pipeline.core.period import BookMonth, Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.services import api, reports
from finance_pipeline.services.reports import ROLES, Question
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.database import Database
from finance_pipeline.store.locks import book_lock
from finance_pipeline_tests.ledger.by_hand import close_month
from finance_pipeline_tests.services.bookkeeping import test_going_live
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, US, Told, day, told

CARRIED = ("receivables", "payables", "payouts_in_transit", "outstanding_receipts", "outstanding_payments")


def now(workspace: Workspace) -> datetime:
    """The database's clock."""
    moment: datetime = rows(workspace, "select clock_timestamp()")[0][0]
    return moment.astimezone(UTC)


def test_the_items_of_the_ledger_are_those_that_reconciliation_carries_forward(settled: Workspace) -> None:
    for book, text in rows(settled, "select book, month from recon.month order by 1, 2"):
        found = reports.open_items(settled, Question(book, Month.parse(text).last_day), ROLES["all"])
        assert found.accounts["difference_minor"].to_list() == [0] * found.accounts.height
        assert found.items.filter(~pl.col("assigned")).is_empty()
        mine = found.items.filter(pl.col("role").is_in(CARRIED)).sort("item_id")
        carried = rows(
            settled,
            "select item_id, open_minor, open_functional_minor, party_name, issued_on from recon.open_item"
            " where book = %s and month = %s order by item_id",
            book,
            text,
        )
        assert (
            mine.select("item_id", "open_minor", "open_functional_minor", "party_name", "issued_on").rows() == carried
        )
        waiting = found.items.filter(pl.col("role").is_in(ROLES["unidentified"]))
        lines = rows(
            settled,
            "select line_id, -amount_minor from recon.open_line where book = %s and month = %s and kind = 'bank'",
            book,
            text,
        )
        # What a later month showed to be a transfer was posted as one on its own day.
        assert set(waiting.select("item_id", "open_minor").rows()) <= set(lines)


def test_no_posting_is_compared_with_each_other_to_see_what_is_open(
    settled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is materialized in a query has no statistics: planned by them, 20,000 postings took longer than a minute."""
    plans: list[str] = []

    def explained(
        conn: psycopg.Connection[Any], text: LiteralString, params: dict[str, Any], schema: pl.Schema
    ) -> pl.DataFrame:
        asked = psycopg.ClientCursor(conn).mogrify(text, params)
        plans.extend(line for (line,) in conn.execute(f"explain (analyze) {asked}".encode()))
        return copy_out(conn, text, params, schema)

    monkeypatch.setattr(sys.modules["finance_pipeline.ledger.reports.items"], "copy_out", explained)
    reports.open_items(settled, Question("de", date(2026, 12, 31)), ROLES["all"])
    posted = rows(settled, "select sum(cardinality(accounts)) from ledger.entry where book = 'de'")[0][0]
    passed = [int(found[1]) for line in plans if (found := re.search(r"Removed by Join Filter: (\d+)", line))]
    assert plans
    assert max(passed, default=0) <= posted


def test_what_a_signed_opening_lists_is_open_under_its_own_number_and_day(database: Database, tmp_path: Path) -> None:
    with told(database, tmp_path, test_going_live.BOOK) as books:
        books.rate(test_going_live.DECEMBER, "1.1200")
        test_going_live.signed(books)
        books.months(test_going_live.JANUARY)
        first = reports.open_items(books.workspace, Question("us", test_going_live.NEW_YEAR), ROLES["all"])
        listed = first.items.drop_nulls("number").sort("number")
        assert listed.select("number", "party_name", "kind", "open_minor", "currency", "due_on").rows() == [
            ("BILL-1", "Northwind Ltd", "bill", -800000, "USD", date(2026, 1, 12)),
            ("CHQ-7", "Northwind Ltd", "recorded_payment", -50000, "USD", None),
            ("INV-1", "Acme Ltd", "invoice", 1100000, "USD", date(2026, 1, 4)),
            ("INV-2", "Globex Ltd", "invoice", 100000, "EUR", date(2026, 1, 11)),
        ]
        books.line("cheque", "-500.00", date(2026, 1, 5), "CHQ-7")
        books.months(test_going_live.JANUARY)
        then = reports.open_items(books.workspace, Question("us", date(2026, 1, 31)), ROLES["all"])
        assert set(then.items["number"].drop_nulls()) == {"BILL-1", "INV-1", "INV-2"}
        assert then.accounts["difference_minor"].to_list() == [0] * then.accounts.height


def test_the_bank_reconciliation_comes_to_zero_and_names_what_the_bank_does_not_know(settled: Workspace) -> None:
    for book in settled.settings.book_ids:
        found = reports.bank_reconciliation(settled, Question(book, date(2025, 6, 30)))
        stated = found.accounts.filter(pl.col("stated_on").is_not_null())
        assert stated.height > 0
        assert stated["difference_minor"].to_list() == [0] * stated.height
        assert set(found.items["account"]) <= set(found.accounts["account"])
        for role in found.items["role"].unique():
            of_role = found.items.filter(role=role)
            assert of_role["bank_minor"].sum() == found.accounts[f"{role}_minor"].sum()
            assert (of_role["bank_minor"] > 0).all() is role.endswith("receipts")


def test_a_line_that_arrives_for_a_locked_month_is_known_later_and_moves_no_signed_balance(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path) as books:
        books.balance("main", "0.00", day(1), "opening")
        books.line("early", "100.00", day(4))
        books.months(MAY)
        signed_at = now(books.workspace)
        close_month(database, MAY.first_day)
        books.line("late", "25.00", day(30))
        books.balance("main", "125.00", day(31))
        books.months(MAY, JUNE)
        may = Question("us", MAY.last_day)
        then = reports.bank_reconciliation(books.workspace, Question("us", MAY.last_day, known_at=signed_at), "main")
        late = reports.bank_reconciliation(books.workspace, may, "main")
        row = late.accounts.row(0, named=True)
        assert then.accounts["by_effective_minor"].item() == row["by_accounting_minor"] == 10000
        assert (then.accounts["stated_on"].item(), row["stated_minor"], row["difference_minor"]) == (None, 12500, 0)
        assert late.entries.select("is_late", "effective_on", "accounting_on", "amount_minor").rows() == [
            (True, day(30), day(1, JUNE), 2500)
        ]
        by_effective = reports.trial_balance(books.workspace, Question("us", MAY.last_day, "effective"))
        balances = [dict(each.accounts.select("code", "closing_minor").rows())["1010"] for each in
                    (reports.trial_balance(books.workspace, may), by_effective)]  # fmt: skip
        assert balances == [10000, 12500]


def test_a_card_runs_from_its_opening_to_the_balance_that_the_trial_balance_has(settled: Workspace) -> None:
    question = Question("uk", date(2025, 7, 20))
    balance = reports.trial_balance(settled, question, date(2025, 6, 10)).accounts
    whole = reports.trial_balance(settled, question).accounts
    for row in balance.iter_rows(named=True):
        card = reports.account(settled, question, row["code"], date(2025, 6, 10))
        assert card.closing_minor == row["closing_minor"] == whole.filter(code=row["code"])["closing_minor"].item()
        assert (card.postings["balance_minor"].last() or 0) == row["closing_minor"]
        posted = card.postings.filter(pl.col("number").is_not_null())["functional_minor"]
        assert posted.filter(posted > 0).sum() == row["debit_minor"]
        assert -posted.filter(posted < 0).sum() == row["credit_minor"]
    assert int(balance["closing_minor"].sum()) == 0


def test_items_add_to_their_accounts_whenever_and_as_of_whatever_day_is_asked(
    database: Database, tmp_path: Path
) -> None:
    """And what was answered once is answered again, whatever was posted, taken back and locked since."""
    dice = Random(1)
    days = [day(1) + timedelta(days=number) for number in (0, 12, 30, 31, 45, 60)]
    with told(database, tmp_path) as books:
        answered: dict[Question, list[pl.DataFrame]] = {}
        for step in range(3):
            for _ in range(8):
                something_happens(books, dice)
            if step == 2:
                close_month(database, MAY.first_day)
            keys = [BookMonth("us", month) for month in (MAY, JUNE)]
            api.reconcile(books.workspace, keys)
            api.post(books.workspace, keys, "run")
            for as_of, by in ((dice.choice(days), "accounting"), (dice.choice(days), "effective")):
                question = Question("us", as_of, by, now(books.workspace))  # type: ignore[arg-type]
                answered[question] = everything(books.workspace, question)
        for question, answer in answered.items():
            again = everything(books.workspace, question)
            assert all(one.equals(other) for one, other in zip(answer, again, strict=True)), question
            found = reports.open_items(books.workspace, question, ROLES["all"])
            assert found.accounts.filter(pl.col("difference_minor") != 0).is_empty()
            assert found.items.filter(~pl.col("assigned")).is_empty()
            assert reports.trial_balance(books.workspace, question).difference_minor == 0
        assert rows(books.workspace, "select count(*) from ledger.entry where version < 0")[0][0] > 0
        assert rows(books.workspace, "select count(*) from ledger.entry where accounting_on > effective_on")[0][0] > 0


def something_happens(books: Told, dice: Random) -> None:
    """A document or line, new or changed, of May or June; or a line that is withdrawn."""
    number, month = dice.randint(1, 6), dice.choice((MAY, JUNE))
    amount = format_money(dice.randint(1, 4) * 10000 + number * 111, "USD").replace(",", "")
    on = day(dice.randint(1, 28), month)
    match dice.choice(("document", "bill", "line", "line", "nobody", "withdrawn")):
        case "document":
            books.document(f"INV-{number}00", amount, on, "Acme", tax="10.00")
        case "bill":
            books.document(f"BILL-{number}00", f"-{amount}", on, "Supplier")
        case "line":
            books.line(f"l{number}", amount, on, f"INVOICE INV-{number}00 ACME")
        case "nobody":
            books.line(f"n{number}", f"-{amount}", on, "CARD PAYMENT")
        case "withdrawn":
            books.line(f"l{number}", amount, on, "gone", removed=True)


def everything(workspace: Workspace, question: Question) -> list[pl.DataFrame]:
    bank = reports.bank_reconciliation(workspace, question)
    return [
        reports.trial_balance(workspace, question).accounts,
        reports.account(workspace, question, "1100").postings,
        reports.open_items(workspace, question, ROLES["all"]).items,
        reports.cash(workspace, question).accounts,
        *(bank.accounts, bank.entries, bank.items),
    ]


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-05-31T18:00:00+02:00", "America/New_York", "2026-05-31T16:00:00+00:00"),
        ("2026-05-31T18:00", "America/New_York", "2026-05-31T22:00:00+00:00"),
        ("2026-05-31 18:00:00.5", "UTC", "2026-05-31T18:00:00.500000+00:00"),
        ("2026-05-31", "UTC", None),
        ("2026-11-01T01:30", "America/New_York", None),
        ("2026-03-08T02:30", "America/New_York", None),
        ("yesterday", "UTC", None),
    ],
)
def test_a_moment_is_one_of_the_books_clocks_unless_it_says_otherwise(text: str, zone: str, expected: str) -> None:
    book = US.model_copy(update={"time_zone": zone})
    if expected is None:
        with pytest.raises(BadInput):
            reports.moment_of(text, book)
    else:
        assert reports.moment_of(text, book).isoformat() == expected


def test_while_a_run_is_at_work_what_is_known_is_what_was_sealed_last(database: Database, tmp_path: Path) -> None:
    with told(database, tmp_path) as books:
        books.document("INV-1", "100.00", day(2), "Acme")
        books.months(MAY)
        sealed_at = rows(books.workspace, "select recorded_at from ledger.head")[0][0]
        with database.transaction() as at_work:
            book_lock(at_work, "us")
            found = reports.open_items(books.workspace, Question("us"))
        assert found.stamp.known_at == sealed_at
        assert found.items["open_minor"].to_list() == [10000]
        assert reports.open_items(books.workspace, Question("us")).stamp.known_at > sealed_at


def test_a_day_before_the_book_begins_is_refused_and_one_to_come_is_marked(database: Database, tmp_path: Path) -> None:
    with told(database, tmp_path) as books:
        asked = (reports.trial_balance, reports.open_items, reports.cash, reports.bank_reconciliation)
        for report in (*asked, lambda *question: reports.account(*question, "1100")):
            with pytest.raises(BadInput, match="begins on 2026-05-01: it has no balances of 2026-04-30"):
                report(books.workspace, Question("us", date(2026, 4, 30)))
        assert reports.trial_balance(books.workspace, Question("us", date(2999, 1, 1))).stamp.is_to_come
        assert not reports.trial_balance(books.workspace, Question("us", day(1))).stamp.is_to_come


def test_a_moment_to_come_is_refused(database: Database, tmp_path: Path) -> None:
    with told(database, tmp_path) as books, pytest.raises(BadInput, match="still to come"):
        reports.trial_balance(books.workspace, Question("us", known_at=datetime.now(UTC) + timedelta(hours=1)))
