"""The worked examples of the accounting rules that take two lines, from records to tie-outs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from finance_pipeline.core.settings import BankAccount
from finance_pipeline.services.reconciliation.decide import decide
from finance_pipeline.services.reconciliation.explain import explain
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, US, Told, day, told


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Told:
    with told(database, tmp_path) as found:
        return found


def test_a_supplier_payment_that_comes_back_in_the_next_month_opens_its_bill_again(book: Told) -> None:
    book.document("BILL-7001", "-2400.00", day(2), "Northwind Ltd")
    book.line("sent", "-2400.00", day(30), "BILL-7001", end_to_end_id="E2E-7001-A", counterparty_name="Northwind Ltd")
    book.balance("main", "0.00", day(1), "opening")
    book.balance("main", "-2400.00", day(31))
    book.months(MAY)
    assert (book.open_items(MAY), book.waiting(MAY)) == ({}, {})
    book.line(
        "back", "2392.50", day(3, JUNE), "RETURNED PAYMENT E2E-7001-A", end_to_end_id="E2E-7001-A",
        counterparty_name="Northwind Ltd",
    )  # fmt: skip
    book.balance("main", "-7.50", day(30, JUNE))
    book.months(MAY, JUNE)
    assert book.waiting(JUNE) == {}
    assert (book.open_items(MAY), book.open_items(JUNE)) == ({}, {"invoice/BILL-7001": "-2,400.00"})
    assert book.balances(date(2026, 5, 31)) == {"1010": "-2,400.00", "5000": "2,400.00"}
    later = {"1010": "-7.50", "2000": "-2,400.00", "5000": "2,400.00", "6820": "7.50"}
    assert book.balances(date(2026, 6, 30)) == later
    tied = [row for row in book.untied() if row[1] != "euro"]
    assert tied == []
    book.line("again", "-2400.00", day(20, JUNE), "BILL-7001", end_to_end_id="E2E-7001-B")
    book.balance("main", "-2407.50", day(30, JUNE))
    book.months(JUNE)
    assert (book.open_items(JUNE), book.waiting(JUNE)) == ({}, {})
    assert "2000" not in book.balances(date(2026, 6, 30))
    again = "select version, reason from recon.retraction join recon.match using (match_id, version)"
    assert rows(book.workspace, again) == []


def test_a_transfer_that_arrives_in_the_next_month_was_in_transit_at_the_months_end(book: Told) -> None:
    for on in (day(29), day(2, JUNE), day(30, JUNE)):
        book.rate(on, "1.0880")
    book.balance("main", "20000.00", day(1), "opening")
    book.balance("main", "9080.00", day(31))
    book.line("out", "-10920.00", day(30), "TRANSFER TO EURO ACCOUNT")
    book.months(MAY)
    assert book.balances(date(2026, 5, 31))["1240"] == "10,920.00", "not known as a transfer yet"
    book.line("in", "10000.00", day(2, JUNE), "TRANSFER FROM MAIN", account="euro")
    book.months(JUNE)
    assert book.waiting(JUNE) == {}
    in_may, in_june = (book.balances(last) for last in (date(2026, 5, 31), date(2026, 6, 30)))
    assert ("1240" in in_may, "1220" in in_june) == (False, False)
    assert in_may["1220"] in ("10,900.00", "10,920.00"), "what the text says of a fee is the engine's"
    assert [row for row in book.untied() if row[0] != "bank_account_equals_statement"] == []


def test_what_a_bank_kept_of_a_transfer_is_a_charge_and_nothing_of_it_stays_in_transit(
    database: Database, tmp_path: Path
) -> None:
    reserve = BankAccount(id="reserve", name="Reserve", currency="USD", gl_account="1011")
    with told(database, tmp_path, US.model_copy(update={"bank_accounts": (US.bank_accounts[0], reserve)})) as book:
        book.line("out", "-1000.00", day(10), "TRANSFER TO RESERVE")
        book.line("in", "985.00", day(11), "TRANSFER FROM MAIN", bank_account="reserve")
        book.months(MAY)
        assert book.waiting(MAY) == {}
        assert book.balances(day(31)) == {"1010": "-1,000.00", "1011": "985.00", "6820": "15.00"}


def test_a_line_told_twice_is_taken_back_unless_the_banks_balance_counts_both(book: Told) -> None:
    same = {"bank_reference": "REF-778812345", "counterparty_name": "Acme Ltd"}
    book.document("INV-4001", "500.00", day(2), "Acme Ltd")
    book.line("paid", "500.00", day(10), "INV-4001", **same)
    book.line("paid-again", "500.00", day(10), "INV-4001", **same)
    book.balance("main", "0.00", day(1), "opening")
    book.months(MAY)
    assert (book.open_items(MAY), book.waiting(MAY)) == ({}, {})
    assert book.balances(date(2026, 5, 31)) == {"1010": "500.00", "4000": "-500.00"}
    book.balance("main", "500.00", day(31))
    book.months(MAY)
    assert [row for row in book.untied() if row[1] != "euro"] == []
    book.balance("main", "1000.00", day(31))
    book.months(MAY)
    reason = "select reason from recon.retraction"
    assert rows(book.workspace, reason) == [("the bank's own balance counts the line and the one it repeats",)]
    assert set(book.waiting(MAY)) == {"paid-again"}
    assert [row for row in book.untied() if row[1] != "euro"] == []


def test_what_is_beyond_autonomy_waits_with_what_was_found_and_a_persons_word_settles_it_so(book: Told) -> None:
    careful = book.workspace.settings.books[0].model_copy(
        update={"policy": {"autonomy": [{"tier": 1, "up_to_minor": 0}]}}
    )
    books = Workspace(book.workspace.settings.model_copy(update={"books": (careful,)}), book.workspace.database)
    book = Told(books)
    item = book.document("INV-4001", "500.00", day(2), "Acme Ltd")
    line = book.line("paid", "499.80", day(10), "INV-4001", counterparty_name="ACME")
    book.months(MAY)
    assert book.waiting(MAY) == {"paid": "beyond_autonomy"}
    decide(books, line, [item], "confirm", reason="the rest are cents")
    book.months(MAY)
    assert (book.waiting(MAY), book.open_items(MAY)) == ({}, {})
    assert book.balances(date(2026, 5, 31)) == {"1010": "499.80", "4000": "-500.00", "6850": "0.20"}
    kept = "select tier, difference, seen::json -> 'exception' ->> 'reason' from recon.decision"
    assert rows(books, kept) == [(1, "write_off", "beyond_autonomy")]
    explained = [node.title for node in explain(books, line).rests_on]
    assert f"operator confirmed {line} with {item}, the rest as write off" in explained


def test_a_month_of_small_write_offs_is_stopped_at_its_limit_and_a_person_goes_on(book: Told) -> None:
    limited = book.workspace.settings.books[0].model_copy(
        update={"policy": {"monthly_limits": [{"kind": "write_off", "up_to_minor": 100, "currency": "USD"}]}}
    )
    books = Workspace(book.workspace.settings.model_copy(update={"books": (limited,)}), book.workspace.database)
    book = Told(books)
    items = [book.document(f"INV-410{n}", "1000.00", day(2), f"Customer {n} Ltd") for n in range(4)]
    lines = [book.line(f"paid-{n}", "999.60", day(10 + n), f"INV-410{n}") for n in range(4)]
    book.months(MAY)
    assert book.waiting(MAY) == {"paid-2": "beyond_limits", "paid-3": "beyond_limits"}
    assert book.balances(date(2026, 5, 31))["6850"] == "0.80"
    words = rows(books, "select words from recon.exception where line_id = %s", lines[2])[0][0]
    assert words.endswith("write-offs of the month would come to USD 1.20, more than the USD 1.00 that are accepted "
                          "without a person.")  # fmt: skip
    decide(books, lines[3], [items[3]], "confirm", reason="the last of them")
    book.months(MAY)
    assert (book.waiting(MAY), book.balances(date(2026, 5, 31))["6850"]) == ({"paid-2": "beyond_limits"}, "1.20")
