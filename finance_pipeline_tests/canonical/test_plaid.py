"""Plaid: the sign, the status, the words, and what does not fit."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finance_pipeline.canonical.registry import map_evidence
from finance_pipeline_tests.canonical.evidence import BOOK, evidence

META = {"by_order_of": None, "payee": None, "payer": None, "reference_number": None, "ppd_id": None}


def transaction(**changed: Any) -> dict[str, Any]:
    said = {
        "account_id": "acc-1",
        "amount": Decimal("-250.10"),
        "iso_currency_code": "EUR",
        "unofficial_currency_code": None,
        "date": "2026-05-04",
        "authorized_date": "2026-05-03",
        "pending": False,
        "name": "SEPA CREDIT",
        "original_description": None,
        "merchant_name": None,
        "check_number": None,
        "transaction_code": None,
        "counterparties": [],
        "payment_meta": META,
        "personal_finance_category": None,
    }
    return said | changed


def line(**changed: Any) -> dict[str, Any]:
    mapped = map_evidence("plaid", evidence(("transaction", "t1", transaction(**changed))), BOOK)
    return mapped.tables["bank_transaction"].row(0, named=True)


def test_plaid_calls_money_out_positive_and_we_turn_it_once() -> None:
    assert line(amount=Decimal("-250.10"))["amount_minor"] == 25010
    assert line(amount=Decimal("99.9"))["amount_minor"] == -9990


def test_a_line_says_when_it_was_booked_and_in_which_month_and_whether_it_is_pending() -> None:
    mapped = line(date="2026-06-30")
    assert (mapped["booked_on"], mapped["month"], mapped["status"]) == (date(2026, 6, 30), "2026-06", "booked")
    assert line(pending=True)["status"] == "pending"
    assert mapped["record_id"] == "de/plaid/transaction/t1"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"payment_meta": META | {"payer": "Payer"}, "merchant_name": "Shop"}, "Payer"),
        ({"payment_meta": META | {"payee": "Payee"}, "amount": Decimal(5), "merchant_name": "Shop"}, "Payee"),
        ({"payment_meta": META | {"payee": "Ourselves"}, "merchant_name": "Shop"}, "Shop"),
        ({"counterparties": [{"name": "Other"}], "merchant_name": "Shop"}, "Other"),
    ],
)
def test_the_other_party_is_the_payer_of_money_in_and_the_payee_of_money_out(
    changed: dict[str, Any], name: str
) -> None:
    assert line(**changed)["counterparty_name"] == name


def test_the_banks_own_words_come_before_the_cleaned_ones() -> None:
    said = line(original_description="ACME INV 7", payment_meta=META | {"reference_number": "R7"}, transaction_code="x")
    assert (said["memo"], said["bank_reference"], said["transaction_code"]) == ("ACME INV 7", "R7", "x")
    assert line()["memo"] == "SEPA CREDIT"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iso_currency_code": None, "unofficial_currency_code": "BTC"}, "unofficial BTC"),
        ({"iso_currency_code": None}, "states no currency"),
        ({"iso_currency_code": "USD"}, "it is in USD, but account giro is in EUR"),
        ({"amount": Decimal("1.005")}, "1.005 is not an amount of EUR"),
        ({"amount": None}, "not an amount"),
        ({"date": None}, "no date"),
    ],
)
def test_a_line_that_does_not_fit_is_set_aside_with_the_reason(changed: dict[str, Any], reason: str) -> None:
    records = [("transaction", "bad", transaction(**changed)), ("transaction", "good", transaction())]
    mapped = map_evidence("plaid", evidence(*records), BOOK)
    assert mapped.tables["bank_transaction"]["record_id"].to_list() == ["de/plaid/transaction/good"]
    assert mapped.unfit["source_id"].to_list() == ["bad"]
    assert reason in mapped.unfit["reason"][0]


def test_lines_of_accounts_that_the_book_does_not_name_are_not_ours() -> None:
    mapped = map_evidence("plaid", evidence(("transaction", "t", transaction(account_id="stranger"))), BOOK)
    assert mapped.tables["bank_transaction"].is_empty()
    assert mapped.unfit.is_empty()


@pytest.mark.parametrize(("kind", "minor"), [("depository", 90071992547409_93), ("credit", -90071992547409_93)])
def test_a_current_balance_is_ours_and_that_of_a_credit_account_is_owed(kind: str, minor: int) -> None:
    balances = {"current": Decimal("90071992547409.93"), "available": None, "iso_currency_code": "EUR"}
    account = {"account_id": "acc-1", "type": kind, "balances": balances, "retrieved_on": "2026-05-04"}
    mapped = map_evidence("plaid", evidence(("account", "acc-1", account)), BOOK).tables["balance"].row(0, named=True)
    assert (mapped["kind"], mapped["account"], mapped["balance_minor"]) == ("feed", "giro", minor)
    assert mapped["balance_on"] == date(2026, 5, 4)
