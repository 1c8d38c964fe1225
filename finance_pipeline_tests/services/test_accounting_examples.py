"""Worked examples of the accounting rules as a controller meets them, from records to ledger and tie-outs.

One book lives them all: January is computed, signed and locked; then February brings what comes back and what comes
late. Each test reads its own example out of it. Others are beside their subjects: a dispute from the processor's API in
test_processor_end_to_end, the transfer in test_worked_examples, going live and January's FX in test_going_live.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest

from finance_pipeline.core.money import format_money, to_minor
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import ProcessorAccount
from finance_pipeline.services import reports
from finance_pipeline.services.reports import Question
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.conftest import _fresh
from finance_pipeline_tests.services.closed import ONE_BANK, close_months, run, signed_balances, stands
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import Told, told

JANUARY, FEBRUARY = Month(2026, 1), Month(2026, 2)
END_OF_JANUARY, FEBRUARY_3 = date(2026, 1, 31), date(2026, 2, 3)
FIFTEEN = (
    *("100.10", "184.33", "251.75", "330.02", "412.68", "498.11", "577.49", "655.27"),
    *("742.90", "861.36", "973.58", "1088.04", "1201.19", "1377.83", "1540.15"),
)
FIVE_MORE = ("211.17", "333.91", "505.03", "777.97", "1200.11")
SUM = sum(to_minor(amount, "USD") for amount in FIFTEEN)
TERMS = [{"percent": 2, "days": 10, "parties": ["Discount Ltd"]}]
BOOK = ONE_BANK.model_copy(
    update={
        "starts_on": date(2026, 1, 1),
        "processor_accounts": (ProcessorAccount(id="card", currency="USD", feed="stripe"),),
        "policy": {"short_payment_limit_minor": 50, "discount_terms": TERMS},
    }
)


def january(day: int) -> date:
    return date(2026, 1, day)


def with_policy(book: Told, **overrides: object) -> Told:
    """The same book, whose policy says something else."""
    other = BOOK.model_copy(update={"policy": {**BOOK.policy, **overrides}})
    return Told(Workspace(book.workspace.settings.model_copy(update={"books": (other,)}), book.workspace.database))


@pytest.fixture(scope="module")
def book(shared: tuple[Database, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with _fresh(shared, "finance_pipeline") as database, told(database, tmp_path_factory.mktemp("a"), BOOK) as found:
        for tell in (invoices_without_references, customers_pay, cards_pay, suppliers_are_paid, credits_are_applied):
            tell(found)
        money = "select sum(amount_minor)::bigint from canonical.bank_transaction"
        found.balance("main", "0.00", january(1), "opening")
        found.balance("main", format_money(rows(found.workspace, money)[0][0], "USD").replace(",", ""), END_OF_JANUARY)
        found.balance("card", "333.00", END_OF_JANUARY, "processor")
        close_months(found, JANUARY)
        line = {"end_to_end_id": "E2E-1", "counterparty_name": "Northwind Ltd"}
        found.line("back", "2392.50", FEBRUARY_3, "RETURNED PAYMENT E2E-1", **line)
        found.line("late", "25.00", january(30))
        found.line("refund", "-200.00", date(2026, 2, 4), "REFUND OF OVERPAYMENT", counterparty_name="Generous Ltd")
        found.allocation("too late", "100.00", january(28), of="payment/ahead/on-account", to="INV-8102")
        applied_and_not = {"of": "invoice/CN-8103", "to": "INV-8103"}
        found.allocation("by mistake", "70.00", FEBRUARY_3, **applied_and_not)
        run(found, JANUARY, FEBRUARY)
        found.allocation("by mistake", "70.00", FEBRUARY_3, **applied_and_not, removed=True)
        run(found, JANUARY, FEBRUARY)
        yield found


def invoices_without_references(book: Told) -> None:
    """Acme's only fifteen open invoices and a receipt of their sum; the same of Bolt, which owes five more."""
    for party, more in (("Acme", ()), ("Bolt", FIVE_MORE)):
        for number, amount in enumerate((*FIFTEEN, *more)):
            book.document(f"{party.upper()}-{7000 + number}", amount, january(2), party)
        words = f"ACH CREDIT {party.upper()}"
        book.line(f"of {party}", f"{SUM // 100}.{SUM % 100:02}", january(20), words, counterparty_name=party.upper())


def customers_pay(book: Told) -> None:
    """In parts, short, too much, less a discount, and in another currency than the invoice's."""
    book.rate(january(14), "1.0900")
    book.document("INV-8001", "5250.00", january(2), "Parts Ltd")
    book.line("part one", "2000.00", january(8), "INV-8001")
    book.line("part two", "3250.00", january(15), "INV-8001")
    book.document("INV-8002", "1000.00", january(2), "Cents Ltd")
    book.line("short", "999.60", january(12), "INV-8002")
    book.document("INV-8003", "1000.00", january(2), "Generous Ltd")
    book.line("over", "1200.00", january(12), "INV-8003", counterparty_name="Generous Ltd")
    book.document("INV-8004", "1200.00", january(13), "Discount Ltd", tax="200.00")
    book.line("in time", "1176.00", january(23), "INV-8004", counterparty_name="Discount Ltd")
    book.document("INV-8005", "600.00", january(13), "Discount Ltd", tax="100.00")
    book.line("too late", "588.00", january(24), "INV-8005", counterparty_name="Discount Ltd")
    book.document("INV-8006", "1000.00", january(3), "Europe Ltd", currency="EUR", functional="1100.00")
    book.line("in dollars", "1085.00", january(14), "INV-8006", counterparty_name="Europe Ltd")


def cards_pay(book: Told) -> None:
    """Two charges, a refund with its credit note, and the payout of what is left."""
    book.document("INV-9001", "1000.00", january(2), "Card One")
    book.document("INV-9002", "250.00", january(2), "Card Two")
    credit = {"kind": "credit_note", "line_accounts": ["200"]}
    book.document("CN-9003", "-50.00", january(6), "Card One", **credit)
    payout = book.movement("po_1", "payout", "-1163.15", january(9), names=("PO-1163",), available_on=january(12))
    carried = {"payout_id": payout}
    book.movement("ch_1", "charge", "1000.00", january(5), fee="29.30", names=("INV-9001",), **carried)
    book.movement("ch_2", "charge", "250.00", january(5), fee="7.55", names=("INV-9002",), **carried)
    book.movement("re_1", "refund", "-50.00", january(7), names=("CN-9003",), **carried)
    book.line("payout", "1163.15", january(12), "PAYOUT PO-1163")
    book.document("INV-9004", "333.00", january(2), "Terminal Ltd")
    typed = {"party_name": "J SMITH", "party_id": book.payer("Terminal Ltd", january(2))}
    book.movement("ch_4", "charge", "333.00", january(20), **typed)


def suppliers_are_paid(book: Told) -> None:
    book.document("BILL-1", "-2400.00", january(5), "Northwind Ltd", due_on=END_OF_JANUARY)
    book.line("sent", "-2400.00", january(30), "BILL-1", end_to_end_id="E2E-1", counterparty_name="Northwind Ltd")


def credits_are_applied(book: Told) -> None:
    """A receipt on account to two invoices, and a credit note to one."""
    book.document("INV-8101", "300.00", january(5), "Early Ltd")
    book.document("INV-8102", "500.00", january(5), "Early Ltd")
    ahead = {"account": "main", "side": "customer", "party_name": "Early Ltd"}
    book.movement("ahead", "recorded_receipt", "600.00", january(8), **ahead)
    book.line("ahead", "600.00", january(9), "EARLY LTD THANKS")
    book.allocation("first", "300.00", january(10), of="payment/ahead/on-account", to="INV-8101")
    book.allocation("second", "200.00", january(12), of="payment/ahead/on-account", to="INV-8102")
    book.document("INV-8103", "400.00", january(6), "Note Ltd")
    book.document("CN-8103", "-120.00", january(7), "Note Ltd", kind="credit_note", line_accounts=["200"])
    book.allocation("note", "50.00", january(9), of="invoice/CN-8103", to="INV-8103")


def test_one_receipt_settles_fifteen_invoices_that_it_does_not_name(book: Told) -> None:
    assert "of Acme" not in book.waiting(JANUARY)
    settled = "select count(*) from recon.allocation where line_id = 'us/told/bank_transaction/of Acme'"
    assert rows(book.workspace, settled) == [(15,)]
    total = format_money(SUM, "USD")
    assert book.moved(END_OF_JANUARY, "bank_transaction/of Acme") == {"1010": total, "1100": f"-{total}"}


def test_with_five_more_open_invoices_the_same_receipt_is_an_exception_and_settles_none(book: Told) -> None:
    assert book.waiting(JANUARY)["of Bolt"] in ("several_solutions", "could_be_chance")
    assert len([item for item in book.open_items(JANUARY) if "BOLT-" in item]) == 20
    total = format_money(SUM, "USD")
    assert book.moved(END_OF_JANUARY, "bank_transaction/of Bolt") == {"1010": total, "2100": f"-{total}"}


def test_two_partial_payments_settle_an_invoice_one_after_the_other(book: Told) -> None:
    parts = ("bank_transaction/part one", "bank_transaction/part two")
    assert book.moved(january(14), "invoice/INV-8001", *parts)["1100"] == "3,250.00"
    assert book.moved(END_OF_JANUARY, "invoice/INV-8001", *parts) == {"1010": "5,250.00", "4000": "-5,250.00"}


def test_a_short_payment_is_written_off_within_its_limit_and_says_by_which_rule(book: Told) -> None:
    paid = book.moved(END_OF_JANUARY, "bank_transaction/short")
    assert paid == {"1010": "999.60", "1100": "-1,000.00", "6850": "0.40"}
    named = "select distinct rule from ledger.standing where evidence_id like '%/short' and match_id is not null"
    assert rows(book.workspace, named) == [("short_payment",)]


def test_a_short_payment_beyond_its_limit_is_asked_about(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with told(database, tmp_path_factory.mktemp("b"), BOOK) as found:
        found.document("INV-8002", "1000.00", january(2), "Cents Ltd")
        found.line("short", "999.60", january(12), "INV-8002")
        with_policy(found, short_payment_limit_minor=30).months(JANUARY)
        assert list(found.waiting(JANUARY)) == ["short"]
        assert found.moved(END_OF_JANUARY, "bank_transaction/short") == {"1010": "999.60", "2100": "-999.60"}


def test_an_overpayment_is_on_account_until_it_is_refunded_and_profit_and_loss_never_sees_it(book: Told) -> None:
    told_of = ("invoice/INV-8003", "bank_transaction/over", "bank_transaction/refund")
    assert book.moved(END_OF_JANUARY, *told_of) == {"1010": "1,200.00", "1100": "-200.00", "4000": "-1,000.00"}
    on_account = reports.open_items(book.workspace, Question("us", END_OF_JANUARY), ("receivables",)).items
    found = on_account.filter(party_name="Generous Ltd").select("kind", "open_minor").rows()
    assert found == [("customer_on_account", -20_000)]
    assert book.moved(FEBRUARY.last_day, *told_of) == {"1010": "1,000.00", "4000": "-1,000.00"}


def test_what_was_received_on_account_is_allocated_to_two_invoices_and_the_rest_stays_open(book: Told) -> None:
    told_of = ("invoice/INV-8101", "invoice/INV-8102", "payment/ahead", "bank_transaction/ahead")
    parts = ("payment/first", "payment/second")
    assert book.moved(END_OF_JANUARY, *told_of) == {"1010": "600.00", "1100": "200.00", "4000": "-800.00"}
    assert book.moved(END_OF_JANUARY, *parts) == {}, "no money and no profit: from one item of the customer to another"
    legs = "select code, amount_minor from ledger.posting where evidence_id like '%/second' order by ordinal"
    assert rows(book.workspace, legs) == [("1100", 20_000), ("1100", -20_000)]
    listed = reports.open_items(book.workspace, Question("us", END_OF_JANUARY), ("receivables",)).items
    found = listed.filter(pl.col("party_name") == "Early Ltd").select("item_id", "kind", "open_minor").rows()
    assert sorted(found) == [
        ("us/told/invoice/INV-8102", "invoice", 30_000),
        ("us/told/payment/ahead/on-account", "customer_on_account", -10_000),
    ]


def test_an_allocation_of_locked_january_posts_in_february_and_one_that_was_deleted_leaves_nothing(book: Told) -> None:
    posted = "select accounting_on, effective_on from ledger.entry where source_id like '%/payment/too late'"
    assert rows(book.workspace, posted) == [(date(2026, 2, 1), january(28))]
    assert "payment/ahead/on-account" not in book.open_items(FEBRUARY)
    versions = "select version from ledger.entry where source_id like '%/payment/by mistake'"
    assert {version for (version,) in rows(book.workspace, versions)} == {1, -1}
    left = {"invoice/INV-8102": "200.00", "invoice/CN-8103": "-70.00", "invoice/INV-8103": "350.00"}
    assert {item: amount for item, amount in book.open_items(FEBRUARY).items() if item in left} == left


def test_a_discount_in_time_takes_its_part_of_the_tax_along_and_one_taken_late_is_asked_about(book: Told) -> None:
    paid = book.moved(END_OF_JANUARY, "bank_transaction/in time")
    assert paid == {"1010": "1,176.00", "1100": "-1,200.00", "2200": "4.00", "6870": "20.00"}
    assert book.waiting(JANUARY)["too late"] == "discount_late"


def test_a_loss_on_exchange_and_what_the_conversion_cost_are_told_apart_by_the_rate_of_the_day(book: Told) -> None:
    paid = book.moved(END_OF_JANUARY, "bank_transaction/in dollars")
    assert paid == {"1010": "1,085.00", "1100": "-1,100.00", "6900": "10.00", "6910": "5.00"}


def test_card_charges_fees_a_refund_and_the_payout_leave_clearing_at_zero(book: Told) -> None:
    documents = ("invoice/INV-9001", "invoice/INV-9002", "invoice/CN-9003")
    moved = tuple(f"payment/{name}" for name in ("ch_1", "ch_2", "re_1", "po_1"))
    before = book.moved(january(8), *documents, *moved)
    assert before == {"1200": "1,163.15", "4000": "-1,200.00", "6800": "36.85"}
    created = book.moved(january(11), *documents, *moved)
    assert created == {"1210": "1,163.15", "4000": "-1,200.00", "6800": "36.85"}
    arrived = book.moved(END_OF_JANUARY, *documents, *moved, "bank_transaction/payout")
    assert arrived == {"1010": "1,163.15", "4000": "-1,200.00", "6800": "36.85"}


def test_a_charge_is_its_customers_whoever_typed_a_name_at_the_till(book: Told) -> None:
    assert book.moved(END_OF_JANUARY, "invoice/INV-9004", "payment/ch_4") == {"1200": "333.00", "4000": "-333.00"}


def test_a_supplier_payment_returned_in_february_leaves_locked_january_as_it_was_signed(book: Told) -> None:
    told_of = ("invoice/BILL-1", "bank_transaction/sent", "bank_transaction/back")
    assert book.moved(END_OF_JANUARY, *told_of) == {"1010": "-2,400.00", "5000": "2,400.00"}
    later = {"1010": "-7.50", "2000": "-2,400.00", "5000": "2,400.00", "6820": "7.50"}
    assert book.moved(FEBRUARY_3, *told_of) == later
    found = reports.open_items(book.workspace, Question("us", FEBRUARY_3), ("payables",)).items.row(0, named=True)
    due = (found["item_id"], found["open_minor"], (FEBRUARY_3 - found["due_on"]).days)
    assert due == ("us/told/invoice/BILL-1", -240_000, 3)
    assert signed_balances(book) == []


def test_a_line_of_january_that_arrives_when_january_is_locked_posts_in_february_and_is_listed(book: Told) -> None:
    posted = "select accounting_on, effective_on from ledger.entry where source_id like '%/late' and purpose = 'line'"
    assert rows(book.workspace, posted) == [(date(2026, 2, 1), january(30))]
    assert stands(book) == {"late": ("late", "late item"), "too late": ("late", "late item")}
    bank = reports.bank_reconciliation(book.workspace, Question("us", END_OF_JANUARY), "main")
    listed = bank.entries.select("is_late", "effective_on", "accounting_on", "amount_minor").rows()
    assert listed == [(True, january(30), date(2026, 2, 1), 2500)]
    assert bank.accounts["difference_minor"].to_list() == [2500], "the bank does not know of it: known later"


def test_what_stands_open_on_every_account_of_the_examples_is_what_its_items_say(book: Told) -> None:
    """The control accounts tie, clearing is the processor's zero, and the books balance, in the locked month."""
    assert [row for row in book.untied() if row[0] != "valuation_equals_closing_rate"] == []
