"""Going live: two people sign a trial balance and its items, and the book begins with exactly those."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import ProcessorAccount
from finance_pipeline.services import reports
from finance_pipeline.services.bookkeeping.going_live import sign_opening, submit_opening
from finance_pipeline.services.bookkeeping.submitting import DoesNotHold, NotApproved
from finance_pipeline.services.reports import Question
from finance_pipeline.store.database import Database
from finance_pipeline_tests.conftest import _fresh
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import US, Told, told

JANUARY, DECEMBER = Month(2026, 1), date(2025, 12, 31)
NEW_YEAR = date(2026, 1, 1)
BOOK = US.model_copy(
    update={
        "starts_on": NEW_YEAR,
        "processor_accounts": (ProcessorAccount(id="card", currency="USD", feed="stripe"),),
    }
)
TRIAL_BALANCE = """account,debit,credit,currency
1010,25000.00,,
1100,12100.00,,
1100V,20.00,,EUR
1200,1163.15,,
2000,,8000.00,
2110,,500.00,
3000,,29783.15,
"""
OPEN_ITEMS = """kind,number,party,issued,due,currency,amount,rate
invoice,INV-1,Acme Ltd,2025-12-04,2026-01-04,USD,11000.00,
invoice,INV-2,Globex Ltd,2025-12-11,2026-01-11,EUR,1000.00,1.1000
bill,BILL-1,Northwind Ltd,2025-12-12,2026-01-12,USD,8000.00,
recorded_payment,CHQ-7,Northwind Ltd,2025-12-30,,USD,500.00,
"""
BALANCES = """account,currency,balance
main,USD,25000.00
card,USD,1163.15
"""


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Told:
    with told(database, tmp_path, BOOK) as found:
        return found


def submitted(book: Told, **changed: str) -> str:
    """The opening's files, some with other texts, submitted by Ann."""
    texts = {"trial_balance": TRIAL_BALANCE, "open_items": OPEN_ITEMS, "balances": BALANCES} | changed
    files = {name: book.workspace.home / f"{name}.csv" for name in texts}
    for name, text in texts.items():
        files[name].write_text(text, encoding="utf-8")
    return submit_opening(book.workspace, "us", **files, reason="we go live", actor="Ann")


def signed(book: Told, **changed: str) -> str:
    opening = submitted(book, **changed)
    for actor in ("Ann", "Bob"):
        sign_opening(book.workspace, opening[:12], "sign", reason="it is the old books' balance", actor=actor)
    return opening


def test_going_live_on_1_january(book: Told) -> None:
    """The worked example: 38,283.15 each side; the valuation goes on 1 January; January's FX is -35.00."""
    for on, rate in ((DECEMBER, "1.1200"), (date(2026, 1, 9), "1.0850")):
        book.rate(on, rate)
    signed(book)
    book.months(JANUARY)
    opened = rows(
        book.workspace,
        "select code, sum(functional_minor)::bigint from ledger.posting where purpose = 'opening' group by 1",
    )
    assert {code: minor for code, minor in opened if minor} == {
        "1010": 2500000, "1100": 1210000, "1100V": 2000, "1200": 116315, "2000": -800000, "2110": -50000,
        "3000": -2978315,
    }  # fmt: skip
    assert sum(minor for _, minor in opened if minor > 0) == 3828315
    assert dict(opened)["3900"] == 0, "the migration account ends at 0.00"
    after_reversal = book.balances(NEW_YEAR)
    assert ("1100V" in after_reversal, after_reversal["6900"]) == (False, "20.00")
    book.line("paid", "1085.00", date(2026, 1, 10), "INV-2", counterparty_name="Globex Ltd")
    book.line("cheque", "-500.00", date(2026, 1, 5), "CHQ-7")
    book.months(JANUARY)
    assert book.balances(date(2026, 1, 31))["6900"] == "35.00"
    assert book.open_items(JANUARY) == {
        "us/opening/bill/Northwind Ltd/BILL-1": "-8,000.00",
        "us/opening/invoice/Acme Ltd/INV-1": "11,000.00",
    }
    named = "select distinct evidence_hash = any(page_hashes) from ledger.entry, ledger.submission"
    assert rows(book.workspace, f"{named} where purpose = 'opening'") == [(True,)], (
        "each entry names the landed file that lists it"
    )
    unproven = {"bank_account_equals_statement", "clearing_equals_processor"}
    assert [row for row in book.untied() if row[0] not in unproven] == []


def test_what_is_on_account_or_in_transit_opens_the_book_and_clears_in_january(book: Told) -> None:
    """A customer's overpayment, an advance to a supplier that the accounting system knows and allocates a part of, a
    cheque that was not cashed and a deposit not credited."""
    advance = {"account": "main", "side": "supplier", "party_name": "Umbrella Ltd", "names": ("ADV-5",)}
    book.movement("paid ahead", "recorded_payment", "-100.00", date(2025, 12, 18), **advance)
    on_account = TRIAL_BALANCE.replace("1100,12100.00", "1100,11900.00").replace("2000,,8000.00", "2000,,7900.00")
    signed(
        book,
        trial_balance=on_account.replace("3000,,29783.15", "1250,150.00,,\n3000,,29833.15"),
        open_items=OPEN_ITEMS.replace("recorded_payment,CHQ-7", "outstanding_cheque,CHQ-7")
        + "customer_overpayment,RCPT-31,Initech Ltd,2025-12-20,,USD,200.00,\n"
        + "supplier_prepayment,ADV-5,Umbrella Ltd,2025-12-18,,USD,100.00,\n"
        + "deposit_in_transit,DEP-9,Hooli Ltd,2025-12-31,,USD,150.00,\n",
    )
    for on in (DECEMBER, date(2026, 1, 30)):
        book.rate(on, "1.1200")
    book.document("BILL-9", "-100.00", date(2026, 1, 8), "Umbrella Ltd")
    book.allocation("a", "-40.00", date(2026, 1, 9), of="payment/paid ahead/on-account", to="BILL-9")
    book.document("INV-9", "200.00", date(2026, 1, 8), "Initech Ltd")
    for name, amount, memo in (("cheque", "-500.00", "CHQ-7"), ("deposit", "150.00", "DEP-9")):
        book.line(name, amount, date(2026, 1, 5), memo)
    book.line("refund", "-200.00", date(2026, 1, 12), "REFUND RCPT-31", counterparty_name="Initech Ltd")
    book.months(JANUARY)
    opened = {"1100": "11,900.00", "1250": "150.00", "2000": "-7,900.00", "2110": "-500.00"}
    at_new_year = book.balances(NEW_YEAR)
    assert {code: at_new_year.get(code) for code in ("3900", *opened)} == {"3900": None} | opened
    assert book.waiting(JANUARY) == {}
    left = {
        item.removeprefix("us/").removeprefix("opening/"): open_ for item, open_ in book.open_items(JANUARY).items()
    }
    assert left == {
        "bill/Northwind Ltd/BILL-1": "-8,000.00", "invoice/Acme Ltd/INV-1": "11,000.00",
        "invoice/Globex Ltd/INV-2": "1,000.00", "payment/paid ahead/on-account": "60.00",
        "invoice/INV-9": "200.00", "invoice/BILL-9": "-60.00",
    }  # fmt: skip
    after = book.balances(date(2026, 1, 31))
    assert (after["1010"], "1250" in after, "2110" in after) == ("24,450.00", False, False)
    shown = reports.open_items(book.workspace, Question("us", NEW_YEAR), ("payables",)).items
    assert ("supplier_on_account", "ADV-5", "Umbrella Ltd", 10000) in shown.select(
        "kind", "number", "party_name", "open_minor"
    ).rows()
    unproven = {"bank_account_equals_statement", "clearing_equals_processor"}
    assert [row for row in book.untied() if row[0] not in unproven] == []


def test_older_records_of_the_sources_are_not_counted_beside_a_signed_opening(book: Told) -> None:
    book.rate(DECEMBER, "1.1200")
    known = book.document("INV-1", "15000.00", date(2025, 12, 4), "Acme Ltd")
    book.document("PAID", "700.00", date(2025, 11, 2), "Acme Ltd")
    book.line("old", "700.00", date(2025, 12, 2), "PAID")
    book.balance("main", "25000.00", DECEMBER)
    book.months(JANUARY)
    assert book.balances(NEW_YEAR)["3900"] == "-15,700.00", "without a signed opening they open the book"
    signed(book)
    book.months(JANUARY)
    balances = book.balances(NEW_YEAR)
    assert ("3900" in balances, balances["1010"], balances["1100"]) == (False, "25,000.00", "12,100.00")
    items = rows(book.workspace, "select item_id, open_minor from recon.open_item where number = 'INV-1'")
    assert items == [(known, 1100000)], "under the record that the source has of it, with what is left of it"
    assert book.waiting(JANUARY) == {}
    book.months(JANUARY)
    assert book.balances(NEW_YEAR) == balances


def test_an_opening_stands_when_two_people_signed_it_and_no_second_one_does(book: Told) -> None:
    opening = submitted(book)
    assert submitted(book) == opening, "the same files are one submission"
    once = sign_opening(book.workspace, opening, "sign", reason="mine", actor="Ann")
    assert (once["state"], once["signers"]) == ("waits", ["Ann"])
    with pytest.raises(NotApproved, match="another person"):
        sign_opening(book.workspace, opening, "sign", reason="again", actor=" ann")
    assert sign_opening(book.workspace, opening, "sign", reason="checked", actor="Bob")["state"] == "approved"
    with pytest.raises(NotApproved, match="stands approved"):
        sign_opening(book.workspace, opening, "refuse", reason="too late", actor="Eve")
    other = submitted(book, balances=BALANCES + "euro,EUR,0.00\n")
    with pytest.raises(NotApproved, match="has a signed opening"):
        sign_opening(book.workspace, other, "sign", reason="again", actor="Bob")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("trial_balance", "3000,,29783.15", "3000,,29783.05", "38,283.15 USD, credits 38,283.05 USD: 0.10 USD apart"),
        ("trial_balance", "1010,25000.00", "1999,25000.00", "row 2: book us has no account 1999"),
        ("trial_balance", "3000,,29783.15", "3900,,29783.15", "row 8: account 3900 Opening balances: it is"),
        ("trial_balance", "1010,25000.00", "1010,25 000.00", "row 2: 25 000.00 is no amount like 1234.50"),
        ("open_items", "USD,11000.00", "USD,10000.00", "the list says 11,100.00 USD, the trial balance 12,100.00 USD"),
        ("open_items", "1000.00,1.1000", "1000.00,", "row 3: it needs `carried` or `rate` in USD"),
        ("open_items", "2025-12-04", "2026-01-04", "row 2: it is not older than the book"),
        ("open_items", "bill,BILL-1,Northwind Ltd", "customer_prepayment,BILL-1,", "row 4: it names no party"),
        ("open_items", "bill,BILL-1", "invoice,INV-1", "the list says 0.00 USD, the trial balance -8,000.00 USD"),
        ("balances", "main,USD,25000.00", "main,USD,24999.00", "what was stated says 24,999.00 USD, the trial balance"),
        ("balances", "card", "till", "row 3: book us has no bank or processor account till"),
        ("balances", "balance\n", "saldo\n", "it lacks the column 'balance'; the column 'saldo' is unknown"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_named_by_row_and_reason_and_nothing_is_taken(
    kept_book: Told, file: str, old: str, new: str, words: str
) -> None:
    text = {"trial_balance": TRIAL_BALANCE, "open_items": OPEN_ITEMS, "balances": BALANCES}[file]
    assert old in text
    with pytest.raises(BadInput) as refused:
        submitted(kept_book, **{file: text.replace(old, new, 1)})
    assert words in str(refused.value)
    assert rows(kept_book.workspace, "select from ledger.submission") == []


@pytest.fixture(scope="module")
def kept_book(shared: tuple[Database, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with _fresh(shared, "finance_pipeline") as database, told(database, tmp_path_factory.mktemp("o"), BOOK) as found:
        yield found


def test_the_banks_own_statement_overrules_an_opening_that_says_otherwise(book: Told) -> None:
    book.balance("main", "25000.10", DECEMBER)
    with pytest.raises(DoesNotHold, match=r"says 25,000.00 USD, and the bank's own statement 25,000.10"):
        submitted(book)
