"""Two books of one group: what moves between them is owed by one to the other, and is nobody's profit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from finance_pipeline.core.problems import BadSettings
from finance_pipeline.core.settings import SETTINGS_NAME, BankAccount, Intercompany, Settings, load_settings
from finance_pipeline.services import package
from finance_pipeline.services.bookkeeping.intercompany import owed
from finance_pipeline.services.closing import signing
from finance_pipeline.services.closing.items import Wanted, explain
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.told import JUNE, MAY, US, Told, day
from finance_pipeline_tests.services.workbooks import Workbook

PARENT = US.model_copy(
    update={"intercompany": (Intercompany(book="sub", gl_account="1280", names=("Example Sub Ltd",)),)}
)
SUB = US.model_copy(
    update={
        "id": "sub",
        "bank_accounts": (BankAccount(id="sub-main", currency="USD", gl_account="1010"),),
        "intercompany": (Intercompany(book="us", gl_account="1281", names=("Example Inc",)),),
    }
)


def test_money_between_two_books_is_owed_and_cancels_out_when_both_have_it(database: Database, tmp_path: Path) -> None:
    books = Workspace(Settings(home=tmp_path, books=(PARENT, SUB)), database)
    us, sub = Told(books), Told(books, book="sub")
    us.line("lent", "-5000.00", day(30), counterparty_name="EXAMPLE SUB LTD")
    for each in (us, sub):
        each.months(MAY)
    end = date(2026, 5, 31)
    assert us.balances(end) == {"1010": "-5,000.00", "1280": "5,000.00"}
    assert owed(books, "2026-05").rows() == [("sub", "us", "USD", 0, 500000, 0, 500000, day(30))]
    assert step(books, "us") == ("open", "5,000.00 USD apart (us says 5,000.00, sub says 0.00, under way 0.00)")
    assert step(books, "sub") == ("open", "5,000.00 USD apart (sub says 0.00, us says 5,000.00, under way 0.00)")
    made = package.make(books, "us", "2026-05", tmp_path / "before")
    (tie,) = [tie for tie in made.apart if tie.what == "Book sub says the same in USD"]
    assert tie.difference_minor == 500_000
    explain(books, "us", "2026-05", Wanted(("sub-USD",)), reason="on its way", actor="Ann")
    assert (step(books, "us"), step(books, "sub")[0]) == (
        ("done", "1 difference to other books of the group explained"), "open",
    )  # fmt: skip
    made = package.make(books, "us", "2026-05", tmp_path / "after")
    workbook = Workbook(tmp_path / "after" / "close-us-2026-05.xlsx")
    assert made.apart == []
    assert "on its way (Ann)" in workbook.sheets["Intercompany"].values()
    for sheet, formulas in workbook.formulas.items():
        assert {at: workbook.sheets[sheet][at] for at in formulas} == workbook.evaluated(sheet), sheet
    sub.line("got", "5000.00", day(1, JUNE), counterparty_name="Example Inc.", bank_account="sub-main")
    for each in (us, sub):
        each.months(JUNE)
    assert sub.balances(date(2026, 6, 30)) == {"1010": "5,000.00", "1281": "-5,000.00"}
    assert owed(books, "2026-06").rows() == [("sub", "us", "USD", -500000, 500000, 0, 0, None)]
    assert owed(books, "2026-05").rows() == [("sub", "us", "USD", 0, 500000, 500000, 0, None)], "it was under way"
    assert {step(books, book)[0] for book in ("us", "sub")} == {"done"}
    sub.line("other", "10.00", day(20), counterparty_name="Example Inc.", bank_account="sub-main")
    sub.months(MAY, JUNE)
    assert step(books, "us")[1] == "-10.00 USD apart (us says 5,000.00, sub says -10.00, under way 5,000.00)"


def step(books: Workspace, book: str) -> tuple[str, str]:
    """What a close of May says of the group."""
    found = signing.status(books, book, "2026-05").step("intercompany")
    return found.state, found.words


def test_both_books_of_a_pair_name_each_other(tmp_path: Path) -> None:
    text = """
    books:
      - {id: us, name: Us, currency: USD, starts_on: 2026-01-01,
         intercompany: [{book: uk, gl_account: "1280", names: [Uk Ltd]}]}
      - {id: uk, name: Uk, currency: GBP, starts_on: 2026-01-01}
    """
    (tmp_path / SETTINGS_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings, match="book uk does not name us in turn"):
        load_settings(tmp_path)
