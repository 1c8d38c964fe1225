"""Closing a month and opening it again, from records to the lock, as two people do it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from finance_pipeline.core.period import BookMonth, Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Settings
from finance_pipeline.services import api, reports
from finance_pipeline.services.approved_settings import approve, propose
from finance_pipeline.services.bookkeeping import books
from finance_pipeline.services.closing import items as closing_items
from finance_pipeline.services.closing import periods as closing_periods
from finance_pipeline.services.closing import signing
from finance_pipeline.services.closing.changes import NotReady
from finance_pipeline.services.closing.items import Wanted
from finance_pipeline.services.closing.people import TakesAnotherPerson
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.address import parts_of
from finance_pipeline_tests.conftest import _fresh
from finance_pipeline_tests.services.companies import Shared
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, US, Told, day, told

ONE_ACCOUNT = US.model_copy(update={"bank_accounts": US.bank_accounts[:1]})
"""The month that is closed here is May 2026, which is over; the fiscal year ends with it."""
BOOK = ONE_ACCOUNT.model_copy(update={"fiscal_year_starts_month": 6})
VERSIONS = """
    select record_id from canonical.bank_transaction union select record_id from canonical.balance
    union select record_id from canonical.invoice
"""


@pytest.fixture(scope="module")
def computed(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The database of a book in which an invoice of May was paid, beside a line that nobody knows. To copy only."""
    home = tmp_path_factory.mktemp("computed")
    with _fresh(shared, "finance_pipeline") as database, told(database, home, BOOK) as found:
        found.document("INV-1", "500.00", day(2), "Acme Ltd")
        found.line("paid", "500.00", day(5), "INV-1", counterparty_name="Acme Ltd")
        found.line("unknown", "20.00", day(6))
        found.balance("main", "0.00", day(1), "opening")
        found.balance("main", "520.00", day(31))
        found.months(MAY)
        database.close()
        yield parts_of(database.url)["dbname"]


@pytest.fixture
def book(shared: Shared, computed: str, tmp_path: Path) -> Iterator[Told]:
    with _fresh(shared, computed) as database, told(database, tmp_path, BOOK) as found:
        found.versions = {row[0]: 1 for row in rows(found.workspace, VERSIONS)}
        yield found


def step(book: Told, name: str, month: Month = MAY) -> tuple[str, str]:
    found = signing.status(book.workspace, "us", str(month)).step(name)
    return found.state, found.words


def sign(book: Told) -> str:
    signing.review(book.workspace, "us", "2026-05", reason="complete", actor="Ann")
    return signing.sign(book.workspace, "us", "2026-05", reason="agreed", actor="Bea")


def explain(book: Told) -> None:
    closing_items.explain(
        book.workspace, "us", "2026-05", Wanted(everything=True), reason="a deposit, refunded in June", actor="Ann"
    )


def lock(book: Told) -> None:
    if step(book, "items_explained")[0] == "open":
        explain(book)
    sign(book)
    signing.lock(book.workspace, "us", "2026-05", reason="closed", actor="Bea")


def test_a_month_is_closed_step_by_step_by_two_people(book: Told) -> None:
    assert step(book, "items_explained")[0] == "open"
    with pytest.raises(NotReady, match=r"open items explained: 1 of 1 not explained, 20\.00 USD"):
        signing.review(book.workspace, "us", "2026-05", reason="complete", actor="Ann")
    explain(book)
    with pytest.raises(NotReady, match="nobody put the figures forward"):
        signing.sign(book.workspace, "us", "2026-05", reason="agreed", actor="Bea")
    with pytest.raises(NotReady, match="nobody has signed it"):
        signing.lock(book.workspace, "us", "2026-05", reason="closed", actor="Bea")
    signing.review(book.workspace, "us", "2026-05", reason="complete", actor="Ann")
    with pytest.raises(TakesAnotherPerson, match="put these figures forward"):
        signing.sign(book.workspace, "us", "2026-05", reason="agreed", actor="ANN")
    signature = signing.sign(book.workspace, "us", "2026-05", reason="agreed", actor="Bea")
    assert rows(book.workspace, "select table_name, record_id from close.signed_record order by 1, 2")[:2] == [
        ("balance", "us/told/balance/closing of main 2026-05-31"),
        ("balance", "us/told/balance/opening of main 2026-05-01"),
    ]
    assert rows(book.workspace, "select line_id, signature_id from close.signed_line") == [
        ("us/told/bank_transaction/unknown", signature)
    ]
    signing.lock(book.workspace, "us", "2026-05", reason="closed", actor="Bea")
    done = signing.status(book.workspace, "us", "2026-05")
    assert [each.name for each in done.steps if each.blocks] == []
    actions = signing.history(book.workspace, "us", "2026-05").select("action", "actor").rows()
    assert actions == [("explained", "Ann"), ("put forward", "Ann"), ("signed", "Bea"), ("locked", "Bea")]


def test_who_explained_an_item_does_not_sign_it(book: Told) -> None:
    explain(book)
    signing.review(book.workspace, "us", "2026-05", reason="complete", actor="Cid")
    with pytest.raises(TakesAnotherPerson, match="explained 1 items"):
        signing.sign(book.workspace, "us", "2026-05", reason="agreed", actor="Ann")


def test_a_figure_that_does_not_tie_out_blocks_the_sign_off(book: Told) -> None:
    explain(book)
    book.balance("main", "521.00", day(31))
    book.months(MAY)
    assert step(book, "tie_outs")[0] == "open"
    with pytest.raises(NotReady, match="figures tie out: 1 of"):
        signing.review(book.workspace, "us", "2026-05", reason="complete", actor="Ann")


def test_a_bank_account_is_signed_only_with_a_closing_balance_of_its_last_day(book: Told) -> None:
    book.line("weekend", "5.00", day(31))
    book.balance("main", "520.00", day(29))
    with book.workspace.database.transaction() as conn:
        conn.execute(
            "insert into canonical.balance select record_id, book, month, account, currency, kind, balance_minor,"
            " balance_on, stated_at, statement_id, true, source, content_hash, 2 from canonical.balance_current"
            " where balance_on = '2026-05-31'"
        )
    assert step(book, "statements_complete") == ("open", "main: the last statement ends on 2026-05-29")
    book.balance("main", "520.00", day(2, JUNE), "opening")
    assert step(book, "statements_complete")[0] == "open", "a line lies between"
    book.line("weekend", "5.00", day(2, JUNE))
    assert step(book, "statements_complete")[0] == "done"


def test_a_document_on_an_account_that_is_not_mapped_blocks_the_close(book: Told) -> None:
    other = book.workspace.settings.book("us").model_copy(update={"chart": {"400": "5000"}})
    unmapped = Workspace(Settings(home=book.workspace.home, books=(other,)), book.workspace.database)
    found = signing.status(unmapped, "us", "2026-05").step("accounts_mapped")
    assert (found.state, found.words.split(";")[0]) == ("open", "not mapped: 200")


def test_an_explanation_is_of_an_amount_and_of_a_month(book: Told) -> None:
    with pytest.raises(BadInput, match="it is not open"):
        closing_items.explain(book.workspace, "us", "2026-05", Wanted(("nothing",)), reason="known", actor="Ann")
    explain(book)
    (handle,) = closing_items.items(book.workspace, "us", "2026-05")["handle"]
    assert handle == "unknown", "its first letters will do, and what is listed is enough"
    closing_items.withdraw(book.workspace, "us", "2026-05", ["unkn"], reason="wrong", actor="Cid")
    assert step(book, "items_explained")[0] == "open"
    explain(book)
    book.line("unknown", "21.00", day(6))
    book.months(MAY, JUNE)
    assert step(book, "items_explained")[0] == "open"
    explain(book)
    assert step(book, "items_explained", JUNE)[0] == "open"
    assert closing_items.explain_as_before(book.workspace, "us", "2026-06", actor="Ann") == 1
    assert closing_items.items(book.workspace, "us", "2026-06")["is_explained"].all()


def test_a_month_that_is_reopened_takes_its_own_entries_again_and_is_signed_again(book: Told) -> None:
    lock(book)
    book.line("late", "7.00", day(7))
    request = closing_periods.ask_reopening(
        book.workspace, "us", "2026-05", datetime.now(UTC) + timedelta(hours=1), reason="a line is missing", actor="Ann"
    )
    with pytest.raises(NotReady, match="takes a second person"):
        closing_periods.approve_reopening(book.workspace, request, reason="agreed", actor="Ann")
    closing_periods.approve_reopening(book.workspace, request, reason="agreed", actor="Bea")
    assert "has lapsed: a signed balance moved, or the month was reopened" in step(book, "sign_off")[1]
    book.balance("main", "527.00", day(31))
    book.months(MAY)
    assert book.balances(day(31))["1010"] == "527.00"
    with pytest.raises(NotReady):
        signing.lock(book.workspace, "us", "2026-05", reason="closed", actor="Bea")
    lock(book)
    assert signing.status(book.workspace, "us", "2026-05").facts.period_state == "locked"


def test_profit_and_loss_of_a_year_is_in_retained_earnings_on_the_first_day_of_the_next(book: Told) -> None:
    lock(book)
    assert step(book, "year_end")[0] == "done"
    assert book.balances(day(31))["4000"] == "-500.00"
    opened = book.balances(day(1, JUNE))
    assert ("4000" in opened, opened["3000"]) == (False, "-500.00")
    book.months(JUNE)
    assert book.balances(day(1, JUNE)) == opened
    june = {row["code"]: row for row in books.trial_balance(book.workspace, "us", "2026-06").to_dicts()}
    asked = reports.trial_balance(book.workspace, reports.Question("us", as_of=day(30, JUNE))).accounts
    figures = ["code", "opening_minor", "debit_minor", "credit_minor", "closing_minor"]
    assert asked.select(figures).rows() == [tuple(row[name] for name in figures) for row in june.values()]
    assert [june["4000"][name] for name in ("opening_minor", "debit_minor", "credit_minor")] == [0, 0, 0]
    assert [june["3000"][name] for name in ("opening_minor", "credit_minor")] == [-50000, 0]
    assert books.trial_balance(book.workspace, "us", "2026-05").filter(code="4000")["closing_minor"].item() == -50000
    closing_periods.approve_reopening(
        book.workspace,
        closing_periods.ask_reopening(
            book.workspace, "us", "2026-05", datetime.now(UTC) + timedelta(hours=1), reason="a sale", actor="Ann"
        ),
        reason="agreed",
        actor="Bea",
    )
    book.document("INV-2", "30.00", day(9), "Acme Ltd")
    book.months(MAY)
    assert step(book, "year_end")[0] != "done"
    lock(book)
    assert step(book, "year_end")[0] == "done"
    assert book.balances(day(1, JUNE))["3000"] == "-530.00"


def test_closing_takes_named_people_in_their_roles(book: Told) -> None:
    with pytest.raises(BadInput, match="the settings name nobody"):
        signing.review(book.workspace, "us", "2026-05", reason="complete")
    declared = book.workspace.settings.model_copy(update={"people": {"Ann": ("accountant",), "Bea": ("controller",)}})
    workspace = Workspace(declared, book.workspace.database)
    with pytest.raises(BadInput, match="Ann is no controller"):
        signing.lock(workspace, "us", "2026-05", reason="closed", actor="Ann")
    with pytest.raises(BadInput, match="Cid is no accountant"):
        signing.review(workspace, "us", "2026-05", reason="complete", actor="Cid")


def test_each_step_that_facts_decide_is_a_check_of_its_month_and_due_only_once_the_month_is_over(book: Told) -> None:
    this_month = Month.of(datetime.now(UTC).date())
    done, checks = api.close_status(book.workspace, [BookMonth("us", MAY), BookMonth("us", this_month)])
    assert done.by_partition["us|2026-05"]["next"] == "open items explained"
    assert {(check.name, check.words.split(",")[0]) for check in checks if not check.passed} == {
        ("items_explained", "1 of 1 not explained")
    }


def test_what_is_known_otherwise_of_a_closed_month_is_decided_before_the_next_is_signed(book: Told) -> None:
    lock(book)
    book.document("INV-1", "600.00", day(2), "Acme Ltd")
    book.months(MAY, JUNE)
    assert step(book, "differences", JUNE) == (
        "open",
        "1 record of closed months known otherwise now, and not decided on",
    )


def test_a_soft_closed_month_takes_what_a_named_person_posts_and_the_rest_goes_to_the_next(book: Told) -> None:
    closing_periods.soft_close(book.workspace, "us", "2026-05", ["Cid"], reason="nearly done", actor="Bea")
    book.document("accrual", "-40.00", day(30), "Landlord Ltd")
    with pytest.raises(NotReady, match="does not name Ann"):
        closing_periods.post_softly(book.workspace, "us", "2026-05", reason="rent of May", actor="Ann")
    assert closing_periods.post_softly(book.workspace, "us", "2026-05", reason="rent of May", actor="cid") == 1
    assert book.balances(day(31))["5000"] == "40.00"
    book.document("late", "-2.00", day(31), "Landlord Ltd")
    book.months(MAY)
    assert (book.balances(day(31))["5000"], book.balances(day(1, JUNE))["5000"]) == ("40.00", "42.00")
    done = signing.history(book.workspace, "us").filter(action="posting allowed").select("actor", "reason").rows()
    assert done == [("cid", "rent of May")]


def test_changed_rules_are_approved_by_another_person_before_the_next_month_is_signed(book: Told) -> None:
    lock(book)
    assert step(book, "rules_approved", JUNE)[0] == "done"
    changed = BOOK.model_copy(update={"chart": BOOK.chart | {"999": "5000"}})
    workspace = Workspace(Settings(home=book.workspace.home, books=(changed,)), book.workspace.database)
    found = signing.status(workspace, "us", "2026-06").step("rules_approved")
    assert found.state == "open"
    assert found.words.endswith("changed since 2026-05 was signed; nobody approved that")
    propose(workspace, "us", reason="a new account", actor="Ann")
    assert signing.status(workspace, "us", "2026-06").step("rules_approved").state == "open"
    approve(workspace, "us", reason="agreed", actor="Bea")
    assert signing.status(workspace, "us", "2026-06").step("rules_approved").words.endswith("approved by Bea")
