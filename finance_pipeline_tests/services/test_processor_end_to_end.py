"""A processor's account from its API to the ledger (accounting rule 18), and balances that a feed states."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from finance_pipeline.core.settings import Connection, ProcessorAccount, Settings
from finance_pipeline.sandbox.servers.credentials import secrets_of
from finance_pipeline.services import api, reports
from finance_pipeline.services.intake.canonicalize import canonicalize
from finance_pipeline.services.reports import Question
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.sandbox.serving import Event, moment, serving
from finance_pipeline_tests.services.pipeline import compute, keys_of
from finance_pipeline_tests.services.told import MAY, US, Told, day, told

NAME = "us-stripe"


def seconds(at: str) -> int:
    return int(moment(at).timestamp())


def said(at: str, kind: str, object_id: str, op: str = "added", **members: Any) -> Event:
    """An object of Stripe's as it is from a moment on."""
    content = {"id": object_id, "object": kind, "currency": "usd", **members}
    return moment(at), op, object_id, json.dumps(content)


def movement(at: str, name: str, amount: int, fee: int, source: dict[str, Any], category: str) -> Event:
    kind = "adjustment" if category.startswith("dispute") else category
    return said(
        at, "balance_transaction", f"txn_{name}", amount=amount, fee=fee, net=amount - fee, created=seconds(at),
        available_on=seconds(at), type=kind, reporting_category=category, source=source, status="available",
    )  # fmt: skip


def dispute(at: str, status: str, op: str = "added", **members: Any) -> Event:
    taken = [{"amount": -12_000, "currency": "usd"}]
    opened = seconds("2026-05-18T10:00")
    return said(
        at, "dispute", "dp_1", op, amount=12_000, charge="ch_1", created=opened, status=status,
        balance_transactions=taken, **members,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "left"),
    [
        ("won", {"1200": "-15.00"}),
        ("lost", {"1200": "-135.00", "6920": "120.00"}),
    ],
)
def test_a_dispute_comes_from_the_api_to_the_ledger_and_is_won_or_lost(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, left: dict[str, str]
) -> None:
    charge = {"id": "ch_1", "object": "charge", "billing_details": {"name": "Payer"}}
    rows_of_balance = [
        movement("2026-05-04T10:00", "charge", 12_000, 0, charge, "charge"),
        movement("2026-05-06T10:00", "payout", -12_000, 0, {"id": "po_1", "object": "payout"}, "payout"),
        movement("2026-05-18T10:00", "opened", -12_000, 1_500, {"id": "dp_1", "object": "dispute"}, "dispute"),
    ]
    disputes = [dispute("2026-05-18T10:00", "needs_response")]
    if status == "won":
        source = {"id": "dp_1", "object": "dispute"}
        rows_of_balance.append(movement("2026-05-28T10:00", "won", 12_000, 0, source, "dispute_reversal"))
    disputes.append(dispute("2026-05-28T10:00", status, "modified"))
    with serving(tmp_path) as server:
        server.world(NAME, balance_transaction=rows_of_balance, dispute=disputes)
        for at in ("2026-05-20", "2026-05-31"):
            server.at(at)
            books = _books(database, tmp_path, server.url(NAME), monkeypatch)
            api.sync(books, "stripe")
            compute(books, keys_of(["us"], "2026-05", "2026-05"))
            found = Told(books).balances(date(2026, 5, 31))
            expected = left if at == "2026-05-31" else {"1200": "-135.00", "1230": "120.00"}
            assert {code: found[code] for code in ("1200", "1230", "6920") if code in found} == expected
    assert found["6810"] == "15.00", "the dispute's fee"
    untied = [row for row in Told(books).untied() if row[0] == "clearing_equals_processor"]
    assert untied == [], "clearing is what the processor says that it holds, day by day"


@pytest.mark.parametrize("paid_at", ["2026-05-03T10:00", "2026-05-20T10:00"])
def test_an_invoice_lends_its_number_and_a_charge_its_payer_in_whatever_order_they_are_known(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paid_at: str
) -> None:
    charge = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "billing_details": {"name": "Payer"}}
    refund = {"id": "re_1", "object": "refund", "charge": "ch_1", "payment_intent": "pi_1"}
    payments = {"object": "list", "data": [{"payment": {"type": "payment_intent", "payment_intent": "pi_1"}}]}
    open_at = "2026-05-01T10:00"
    invoice = {"number": "ABC-0001", "created": seconds(open_at)}
    with serving(tmp_path) as server:
        server.world(
            NAME,
            balance_transaction=[
                movement("2026-05-04T10:00", "charge", 12_000, 0, charge, "charge"),
                movement("2026-05-24T10:00", "refund", -2_000, 0, refund, "refund"),
            ],
            invoice=[
                said(open_at, "invoice", "in_1", status="open", payments={"object": "list", "data": []}, **invoice),
                said(paid_at, "invoice", "in_1", "modified", status="paid", payments=payments, **invoice),
            ],
        )
        books = _books(database, tmp_path, server.url(NAME), monkeypatch)
        for at in ("2026-05-12", "2026-05-22", "2026-05-26"):
            server.at(at)
            api.sync(books, "stripe")
            canonicalize(books, "payment", keys_of(["us"], "2026-05", "2026-05"))
    with database.transaction() as conn:
        known = conn.execute(
            'select kind, party_name, "references" from canonical.payment_current order by kind'
        ).fetchall()
    assert known == [
        ("charge", "Payer", ["ch_1", "ABC-0001", "pi_1", "in_1"]),
        ("refund", "Payer", ["re_1", "ABC-0001", "pi_1", "in_1", "ch_1"]),
    ]


def _books(database: Database, home: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    secrets = secrets_of(NAME, "stripe")
    for name, value in secrets.items():
        monkeypatch.setenv(f"TEST_{name.upper()}", value)
    stripe = Connection(
        id=NAME, kind="stripe", base_url=url, secrets={name: f"TEST_{name.upper()}" for name in secrets}
    )
    card = ProcessorAccount(id="card", currency="USD", feed=NAME)
    book = US.model_copy(update={"processor_accounts": (card,)})
    return Workspace(Settings(home=home, books=(book,), connections=(stripe,)), database)


def test_a_feeds_balance_stands_in_cash_only_where_no_statement_states_one_and_proves_nothing(
    database: Database, tmp_path: Path
) -> None:
    with told(database, tmp_path) as book:
        book.line("in", "100.00", day(4), "received")
        book.balance("main", "100.00", day(20), "feed")
        book.balance("euro", "7.00", day(20), "feed")
        book.balance("euro", "0.00", day(18))
        book.months(MAY)
        found = reports.cash(book.workspace, Question("us", MAY.last_day)).accounts
        stated = {
            row["account"]: (row["stated_by"], row["stated_minor"], row["tied"]) for row in found.iter_rows(named=True)
        }
        assert stated == {"main": ("feed", 10_000, False), "euro": ("closing", 0, True)}
        by_day = reports.cash(book.workspace, Question("us", day(19))).accounts.filter(account="main")
        assert by_day["stated_minor"].to_list() == [None], "what was stated later was not known that day"
        untied = {subject for name, subject, _ in book.untied() if name == "bank_account_equals_statement"}
        assert "main" in untied, "the month cannot be signed by what a feed says"
