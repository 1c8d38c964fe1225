"""Canonical records as lines and items: what may be matched at all, and with which sign."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.tables import Table
from finance_pipeline.matching.month import candidates
from finance_pipeline_tests.matching.world import minor

DAY = date(2026, 5, 4)


def records(table: Table, *rows: dict[str, Any], **usual: Any) -> pl.DataFrame:
    common = {"book": "us", "month": "2026-05", "currency": "USD", "removed": False, "content_hash": "h", **usual}
    return pl.DataFrame([{**common, **row} for row in rows], schema=table.schema, orient="row")


def bank_lines(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"bank_account": "us-operating", "booked_on": DAY, "status": "booked", "amount_minor": 100}
    return records(schemas.BANK_TRANSACTIONS, *rows, **usual)


def payments(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"account": "us-card", "occurred_on": DAY, "references": [], "status": "available"}
    found = records(schemas.PAYMENTS, *rows, **usual)
    return found.with_columns(functional_minor=pl.col("amount_minor") * 2)


def documents(*rows: dict[str, Any]) -> pl.DataFrame:
    return records(schemas.INVOICES, *rows, issued_on=DAY, references=[], party_id="acme", party_name="Acme Ltd")


def test_pending_and_removed_lines_are_not_matched_and_a_line_of_nothing_neither() -> None:
    bank = bank_lines(
        {"record_id": "booked"},
        {"record_id": "pending", "status": "pending"},
        {"record_id": "removed", "removed": True},
        {"record_id": "nothing", "amount_minor": 0},
    )
    assert candidates.lines(bank, payments())["line_id"].to_list() == ["booked"]


def test_charges_and_refunds_of_a_processor_are_lines_with_what_the_processor_knows_of_them_as_text() -> None:
    found = candidates.lines(
        bank_lines(),
        payments(
            {"record_id": "ch_1", "kind": "charge", "amount_minor": 5000, "references": ["INV-2041", "order 7"]},
            {"record_id": "re_1", "kind": "refund", "amount_minor": -1000},
            {"record_id": "fee_1", "kind": "fee", "amount_minor": -30},
            {"record_id": "po_1", "kind": "payout", "amount_minor": -3970},
            {"record_id": "gone", "kind": "charge", "amount_minor": 10, "removed": True},
        ),
    )
    assert found.select("line_id", "kind", "account_id", "amount_minor").rows() == [
        ("ch_1", "charge", "us-card", 5000),
        ("re_1", "refund", "us-card", -1000),
    ]
    assert found.row(0, named=True)["memo"] == "INV-2041 order 7"
    assert found.row(0, named=True)["end_to_end_id"] == "INV-2041"


def test_only_authorised_documents_are_open_items_wholly_open_and_carried_at_their_own_rate() -> None:
    found = candidates.items(
        documents(
            {
                "record_id": "inv",
                "kind": "invoice",
                "status": "authorised",
                "total_minor": 100,
                "functional_minor": 110,
            },
            {"record_id": "bill", "kind": "bill", "status": "authorised", "total_minor": -70, "functional_minor": -77},
            {"record_id": "draft", "kind": "invoice", "status": "draft", "total_minor": 1, "functional_minor": 1},
            {"record_id": "void", "kind": "invoice", "status": "void", "total_minor": 1, "functional_minor": 1},
            {"record_id": "free", "kind": "invoice", "status": "authorised", "total_minor": 0, "functional_minor": 0},
        ),
        payments(),
    )
    columns = ("item_id", "total_minor", "open_minor", "open_functional_minor")
    assert found.select(columns).rows() == [("inv", 100, 100, 110), ("bill", -70, -70, -77)]


def test_a_payout_leaves_the_processor_and_is_expected_at_the_bank_and_a_failed_one_is_expected_back() -> None:
    found = candidates.items(
        documents(),
        payments(
            {"record_id": "po_1", "kind": "payout", "amount_minor": -3970, "references": ["po_1", "trace 9"]},
            {"record_id": "po_1 failed", "kind": "payout_failure", "amount_minor": 3970},
            {"record_id": "paid", "kind": "recorded_payment", "amount_minor": -500, "account": "us-operating"},
            {"record_id": "ch_1", "kind": "charge", "amount_minor": 5000},
        ),
    )
    columns = ("item_id", "kind", "number", "open_minor", "open_functional_minor")
    assert found.select(columns).rows() == [
        ("po_1", "payout", "po_1", 3970, 7940),
        ("po_1 failed", "payout", None, -3970, -7940),
        ("paid", "recorded_payment", None, -500, -1000),
    ]


def test_payments_recorded_elsewhere_settle_their_document_together_and_removed_ones_do_not() -> None:
    recorded = {"kind": "recorded_receipt", "settles": "inv", "amount_minor": 1}
    found = candidates.recorded_settlements(
        payments(
            {"record_id": "one", **recorded, "settled_minor": minor("30.00")},
            {"record_id": "two", **recorded, "settled_minor": minor("20.00")},
            {"record_id": "gone", **recorded, "settled_minor": minor("5.00"), "removed": True},
            {"record_id": "on account", **recorded, "settles": None, "settled_minor": None},
        )
    )
    assert found.rows() == [("inv", minor("50.00"))]
