"""Stripe: movements of the balance by kind, payouts and their members, lost disputes, the balance itself."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from finance_pipeline.canonical.registry import map_evidence
from finance_pipeline.canonical.stripe_amounts import stripe_minor_expr
from finance_pipeline.core.money import to_minor
from finance_pipeline_tests.canonical.evidence import BOOK, evidence

LATE_EVENING_UTC = 1_780_263_000  # 2026-05-31 21:30 UTC: already June in Berlin from 22:00 on.


def movement(kind: str = "charge", **changed: Any) -> dict[str, Any]:
    said = {
        "id": "txn_1",
        "object": "balance_transaction",
        "amount": 10000,
        "fee": 320,
        "net": 9680,
        "currency": "eur",
        "created": LATE_EVENING_UTC,
        "available_on": 1_780_531_200,
        "exchange_rate": None,
        "type": kind,
        "reporting_category": kind,
        "status": "pending",
        "source": {"id": "ch_1", "object": "charge"},
    }
    return said | changed


def mapped(*records: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    return map_evidence("stripe", evidence(*records), BOOK).tables["payment"].to_dicts()


def one(**said: Any) -> dict[str, Any]:
    (payment,) = mapped(("balance_transaction", "txn_1", movement(**said)))
    return payment


@pytest.mark.parametrize(
    ("kind", "category", "ours"),
    [
        ("charge", "charge", "charge"),
        ("payment", "charge", "charge"),
        ("refund", "refund", "refund"),
        ("payment_refund", "refund", "refund"),
        ("stripe_fee", "fee", "fee"),
        ("tax_fee", "tax", "fee"),
        ("adjustment", "fee", "fee"),
        ("adjustment", "dispute", "dispute"),
        ("adjustment", "dispute_reversal", "dispute_reversal"),
        ("adjustment", "other_adjustment", "adjustment"),
        ("payout", "payout", "payout"),
        ("payout_failure", "payout_reversal", "payout_failure"),
        ("payout_cancel", "payout_reversal", "payout_failure"),
        ("reserve_transaction", "risk_reserved_funds", "adjustment"),
        ("invented_next_year", None, "adjustment"),
    ],
)
def test_every_type_of_movement_has_a_kind_and_an_unknown_one_is_an_adjustment(
    kind: str, category: str | None, ours: str
) -> None:
    assert one(kind=kind, reporting_category=category)["kind"] == ours


def test_a_charge_is_gross_fee_and_net_on_its_own_day_in_the_books_zone() -> None:
    charge = one()
    assert (charge["amount_minor"], charge["fee_minor"], charge["net_minor"]) == (10000, 320, 9680)
    assert (charge["occurred_on"], charge["month"]) == (date(2026, 5, 31), "2026-05")
    assert one(created=LATE_EVENING_UTC + 1800)["month"] == "2026-06"
    assert (charge["account"], charge["currency"], charge["status"]) == ("card", "EUR", "pending")


def test_a_charge_is_named_by_its_ids_and_the_document_numbers_of_its_metadata_and_invoice() -> None:
    source = {
        "id": "ch_1",
        "object": "charge",
        "payment_intent": "pi_1",
        "invoice": {"id": "in_1", "number": "ABC-0001"},
        "metadata": {"invoice_number": "INV-7", "invoice": "INV-8", "colour": "red"},
        "billing_details": {"name": "Payer GmbH"},
        "customer": "cus_1",
        "source": {"id": "card_1"},
    }
    charge = one(source=source)
    assert charge["references"] == ["ch_1", "INV-7", "INV-8", "ABC-0001", "pi_1", "in_1"]
    assert charge["party_name"] == "Payer GmbH"
    assert one(source="ch_9")["references"] == ["ch_9"]


def test_who_paid_is_the_customer_that_was_charged_and_what_was_typed_at_the_till_is_a_text() -> None:
    typed = {"billing_details": {"name": None, "email": "a@b.example"}, "receipt_email": "c@d.example"}
    known, unknown = one(source={"id": "ch_1", "customer": "cus_1"} | typed), one(source={"id": "ch_1"} | typed)
    assert (known["party_id"], known["party_name"]) == ("de/stripe/customer/cus_1", "a@b.example")
    assert (unknown["party_id"], unknown["party_name"]) == (None, "a@b.example")
    named, nameless = {"id": "cus_1", "name": "Payer GmbH"}, {"id": "cus_2", "name": None, "email": "e@f.example"}
    customers = evidence(("customer", "cus_1", named), ("customer", "cus_2", nameless))
    parties = map_evidence("stripe", customers, BOOK).tables["party"].select("record_id", "name").rows()
    assert parties == [("de/stripe/customer/cus_1", "Payer GmbH"), ("de/stripe/customer/cus_2", "e@f.example")]


INVOICE = {
    "id": "in_1",
    "number": "ABC-0001",
    "payments": {"data": [{"payment": {"type": "payment_intent", "payment_intent": "pi_1"}}]},
}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ({"id": "ch_1", "invoice": "in_1"}, ["ch_1", "ABC-0001", "in_1"]),
        ({"id": "ch_1", "payment_intent": "pi_1"}, ["ch_1", "ABC-0001", "pi_1", "in_1"]),
        ({"id": "ch_1", "payment_intent": "pi_2"}, ["ch_1", "pi_2"]),
        ({"id": "ch_1"}, ["ch_1"]),
    ],
)
def test_an_invoice_that_is_held_lends_its_number_to_the_charge_that_pays_it(
    source: dict[str, Any], names: list[str]
) -> None:
    draft = ("invoice", "in_2", {"id": "in_2", "number": None, "payments": None})
    charge = ("balance_transaction", "txn_1", movement(source=source))
    (payment,) = mapped(charge, ("invoice", "in_1", INVOICE), draft)
    assert payment["references"] == names
    paid = INVOICE | {"payments": {"data": [{"payment": {"type": "charge", "charge": "ch_1"}}]}}
    (payment,) = mapped(charge, ("invoice", "in_1", paid), draft)
    assert "ABC-0001" in payment["references"]


def test_a_refund_is_of_whom_the_charge_was_that_is_held_however_little_it_says_itself() -> None:
    charge = {"id": "ch_1", "metadata": {"invoice_number": "INV-7"}, "payment_intent": "pi_1", "customer": "cus_1"}
    charge |= {"billing_details": {"name": "Payer GmbH"}}
    refund = {"id": "re_1", "object": "refund", "charge": "ch_1"}
    _, back = mapped(
        ("balance_transaction", "txn_1", movement(source=charge)),
        ("balance_transaction", "txn_2", movement("refund", id="txn_2", source=refund)),
        ("invoice", "in_1", INVOICE),
    )
    assert (back["kind"], back["party_name"], back["party_id"]) == ("refund", "Payer GmbH", "de/stripe/customer/cus_1")
    assert back["references"] == ["re_1", "INV-7", "ABC-0001", "ch_1", "pi_1", "in_1"]


def test_a_refund_is_named_by_its_credit_note_and_by_the_charge_that_it_gives_back() -> None:
    charge = {"id": "ch_1", "metadata": {"invoice_number": "INV-7"}, "billing_details": {"name": "Payer GmbH"}}
    source = {"id": "re_1", "object": "refund", "charge": charge, "metadata": {"credit_note_number": "CN-1"}}
    refund = one(kind="refund", amount=-5000, fee=0, net=-5000, source=source)
    assert refund["references"] == ["re_1", "CN-1", "INV-7", "ch_1"]
    assert refund["party_name"] == "Payer GmbH"
    assert refund["net_minor"] == -5000


def payout_records() -> list[tuple[str, str, dict[str, Any]]]:
    source = {
        "id": "po_1",
        "object": "payout",
        "status": "in_transit",
        "arrival_date": 1_780_617_600,
        "statement_descriptor": "STRIPE 7",
        "trace_id": {"status": "pending", "value": None},
    }
    row = movement("payout", id="txn_9", amount=-9680, fee=0, net=-9680, source=source)
    payout = {
        "id": "po_1",
        "status": "paid",
        "balance_transaction": "txn_9",
        "trace_id": {"value": "TRACE1"},
        "members": ["txn_1", "txn_9"],
    }
    return [
        ("balance_transaction", "txn_1", movement()),
        ("balance_transaction", "txn_9", row),
        ("payout", "po_1", payout),
    ]


def test_a_payout_is_one_payment_with_what_its_bank_line_may_say_and_its_day_of_arrival() -> None:
    charge, payout = mapped(*payout_records())
    assert payout["record_id"] == "de/stripe/balance_transaction/txn_9"
    assert (payout["kind"], payout["status"], payout["available_on"]) == ("payout", "paid", date(2026, 6, 5))
    assert payout["references"] == ["po_1", "TRACE1", "STRIPE 7"]
    assert (charge["payout_id"], payout["payout_id"]) == (payout["record_id"], None)


def test_a_payout_may_take_money_from_the_bank_account_instead() -> None:
    taken = one(kind="payout", amount=2500, fee=0, net=2500, source={"id": "po_2", "object": "payout"})
    assert (taken["kind"], taken["net_minor"]) == ("payout", 2500)


def test_a_charge_whose_payout_is_not_known_yet_has_none() -> None:
    charge, payout = mapped(*payout_records()[:2])
    assert (charge["payout_id"], payout["status"]) == (None, "in_transit")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"currency": "sek"}, "no processor account in SEK"),
        ({"net": 1}, "net is not its amount less its fee"),
        ({"amount": Decimal("10.5")}, "not an amount"),
        ({"source": ["x"]}, "types"),
    ],
)
def test_a_movement_that_does_not_fit_is_set_aside_with_the_reason(changed: dict[str, Any], reason: str) -> None:
    found = map_evidence("stripe", evidence(("balance_transaction", "txn_1", movement(**changed))), BOOK)
    assert found.tables["payment"].is_empty()
    assert reason in found.unfit["reason"][0]


def test_a_dispute_counts_once_it_is_lost_in_the_currency_of_the_balance_which_does_not_move() -> None:
    dispute = {
        "id": "dp_1",
        "amount": 13000,
        "currency": "usd",
        "created": LATE_EVENING_UTC,
        "charge": "ch_1",
        "status": "lost",
        "balance_transactions": [{"amount": -12000, "currency": "eur"}],
    }
    assert mapped(("dispute", "dp_1", dispute | {"status": "under_review"})) == []
    (lost,) = mapped(("dispute", "dp_1", dispute))
    assert (lost["kind"], lost["amount_minor"], lost["net_minor"]) == ("dispute_lost", -12000, 0)
    assert (lost["record_id"], lost["references"]) == ("de/stripe/dispute/dp_1", ["dp_1", "ch_1"])


def test_the_balance_is_available_plus_pending_of_the_books_own_currencies() -> None:
    balance = {
        "available": [{"amount": 100, "currency": "eur"}, {"amount": 0, "currency": "usd"}],
        "pending": [{"amount": -30, "currency": "eur", "source_types": {"card": -30}}],
        "retrieved_on": "2026-05-09",
    }
    found = map_evidence("stripe", evidence(("balance", "balance", balance)), BOOK)
    (row,) = found.tables["balance"].to_dicts()
    assert (row["kind"], row["balance_minor"], row["balance_on"]) == ("processor", 70, date(2026, 5, 9))
    assert (row["account"], found.unfit.height) == ("card", 0)


@pytest.mark.parametrize(
    ("currency", "stated", "decimal"),
    [
        ("EUR", "1050", "10.50"),
        ("JPY", "1050", "1050"),
        ("KWD", "1050", "1.05"),
        ("MGA", "1050", "1050.00"),
        ("ISK", "105000", "1050"),
        ("UGX", "105000", "1050"),
        ("HUF", "1050", "10.50"),
    ],
)
def test_stripes_minor_units_are_read_by_its_own_table(currency: str, stated: str, decimal: str) -> None:
    frame = pl.DataFrame({"stated": [stated, f"-{stated}"], "currency": [currency] * 2})
    minor = to_minor(decimal, currency)
    found = frame.select(stripe_minor_expr(pl.col("stated"), pl.col("currency"))).to_series().to_list()
    assert found == [minor, -minor]


def test_hundredths_of_a_currency_without_minor_units_are_no_amount() -> None:
    frame = pl.DataFrame({"stated": ["105050"], "currency": ["ISK"]})
    assert frame.select(stripe_minor_expr(pl.col("stated"), pl.col("currency"))).to_series().to_list() == [None]
