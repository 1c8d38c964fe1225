"""Statement lines and balances of the book's accounts, and reference rates."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from finance_pipeline.canonical.registry import map_evidence, map_rates
from finance_pipeline.canonical.statements import stated_accounts
from finance_pipeline_tests.canonical.evidence import BOOK, evidence

DETAIL = {
    "amount": None,
    "end_to_end_id": "E1",
    "remittance": "INV-1",
    "counterparty_name": "Payer AG",
    "counterparty_account": "DE75512108001245126199",
    "bank_reference": None,
    "original_amount": None,
    "original_currency": None,
}


def entry(**changed: Any) -> dict[str, Any]:
    said = {
        "account": "DE2",
        "currency": "EUR",
        "amount": "-90071992547409.93",
        "status": "booked",
        "booked_on": "2026-05-04",
        "value_on": "2026-05-05",
        "bank_reference": None,
        "entry_reference": None,
        "reversal": False,
        "transaction_code": "PMNT-RCDT-ESCT",
        "information": None,
        "original_amount": None,
        "original_currency": None,
        "detail_count": 1,
        "details": [DETAIL],
    }
    return said | changed


def one(**changed: Any) -> dict[str, Any]:
    found = map_evidence("camt053", evidence(("entry", "DE2/x", entry(**changed))), BOOK)
    (row,) = found.tables["bank_transaction"].to_dicts()
    return row


def statement(account: str = "DE2", **changed: Any) -> dict[str, Any]:
    said = {
        "account": account,
        "currency": "EUR",
        "statement_id": "S1",
        "created_at": None,
        "opening": "10.00",
        "opening_on": "2026-04-30",
        "closing": "-5.50",
        "closing_on": "2026-05-04",
        "booked": "-15.50",
        "entry_count": 2,
    }
    return said | changed


def test_a_statement_line_keeps_its_sign_its_dates_and_every_cent() -> None:
    row = one()
    assert (row["amount_minor"], row["booked_on"], row["value_on"]) == (
        -90071992547409_93,
        date(2026, 5, 4),
        date(2026, 5, 5),
    )
    assert (row["record_id"], row["bank_account"], row["status"]) == ("de/camt053/entry/DE2/x", "reserve", "booked")
    assert (row["counterparty_name"], row["memo"], row["end_to_end_id"]) == ("Payer AG", "INV-1", "E1")


def test_a_batch_says_what_all_its_details_say_and_names_nobody_whom_they_do_not_share() -> None:
    other = DETAIL | {"remittance": "INV-2", "counterparty_name": "Other AG", "end_to_end_id": "E2"}
    row = one(details=[DETAIL, other, DETAIL], detail_count=3)
    assert (row["memo"], row["detail_count"]) == ("INV-1; INV-2", 3)
    assert (row["counterparty_name"], row["end_to_end_id"]) == (None, None)
    assert row["counterparty_account"] == "DE75512108001245126199"


def test_without_remittance_the_banks_own_words_are_the_memo() -> None:
    row = one(details=[], information="FEES MAY", entry_reference="R1")
    assert (row["memo"], row["bank_reference"], row["counterparty_name"]) == ("FEES MAY", "R1", None)


def test_the_amount_before_conversion_has_the_sign_of_the_line() -> None:
    row = one(amount="-10.00", original_amount="1100", original_currency="JPY")
    assert (row["original_amount_minor"], row["original_currency"]) == (-1100, "JPY")


def test_lines_come_from_statements_only_where_no_feed_brings_them_but_balances_always_do() -> None:
    records = [
        ("entry", "DE1/x", entry(account="DE1")),
        ("entry", "DE2/x", entry()),
        ("entry", "DE9/x", entry(account="DE9")),
        ("statement", "DE1/s", statement("DE1")),
        ("statement", "DE9/s", statement("DE9")),
    ]
    found = map_evidence("camt053", evidence(*records), BOOK)
    assert found.tables["bank_transaction"]["bank_account"].to_list() == ["reserve"]
    assert found.tables["balance"]["account"].to_list() == ["giro", "giro"]
    assert found.unfit.is_empty()


def test_what_a_statement_only_mentions_is_no_line_and_a_pending_line_is_pending() -> None:
    records = [("entry", status, entry(status=status)) for status in ("information", "pending")]
    found = map_evidence("camt053", evidence(*records), BOOK)
    assert found.tables["bank_transaction"]["status"].to_list() == ["pending"]
    assert found.unfit.is_empty()


def test_a_line_in_another_currency_than_its_account_is_set_aside() -> None:
    found = map_evidence("camt053", evidence(("entry", "DE2/x", entry(currency="USD"))), BOOK)
    assert found.unfit["reason"].to_list() == ["it is in USD, but account reserve is in EUR"]


def test_a_statement_states_two_balances_each_in_the_month_of_its_own_day() -> None:
    balances = map_evidence("camt053", evidence(("statement", "DE2/s", statement())), BOOK).tables["balance"]
    assert balances.select("record_id", "kind", "balance_minor", "month").rows() == [
        ("de/camt053/statement/DE2/s:opening", "opening", 1000, "2026-04"),
        ("de/camt053/statement/DE2/s:closing", "closing", -550, "2026-05"),
    ]


def test_accounts_are_listed_with_the_balance_of_their_first_statement() -> None:
    first = statement("DE9", opening="7.00", opening_on="2026-03-01", closing_on="2026-03-31")
    landed = evidence(("statement", "b", statement("DE9")), ("statement", "a", first), ("statement", "c", statement()))
    assert stated_accounts(landed.select("account", "payload")).rows() == [
        ("DE2", "EUR", "10.00", date(2026, 4, 30), date(2026, 5, 4), 1),
        ("DE9", "EUR", "7.00", date(2026, 3, 1), date(2026, 5, 4), 2),
    ]


def test_rates_are_the_banks_own_digits() -> None:
    days = [("rates", "2026-05-04", {"date": "2026-05-04", "rates": {"USD": "1.1234", "JPY": "160.10"}})]
    frame = map_rates(evidence(*days))
    assert frame.select("currency", "per_eur", "rate_on").rows() == [
        ("JPY", Decimal("160.1000000000"), date(2026, 5, 4)),
        ("USD", Decimal("1.1234000000"), date(2026, 5, 4)),
    ]


@pytest.mark.parametrize("source", ["plaid", "stripe", "xero", "camt053"])
def test_no_evidence_gives_empty_tables_that_fit_their_schemas(source: str) -> None:
    found = map_evidence(source, evidence(), BOOK)
    assert all(isinstance(frame, pl.DataFrame) and frame.is_empty() for frame in found.tables.values())
    assert found.unfit.is_empty()
