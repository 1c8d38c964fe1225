"""The world of the mapper tests: one book, and landed evidence written as the vendors write it."""

from datetime import date
from typing import Any

import polars as pl

from finance_pipeline.core.identity import content_hash, exact_json
from finance_pipeline.core.settings import BankAccount, Book, ProcessorAccount

SCHEMA = {
    "kind": pl.String,
    "source_id": pl.String,
    "account": pl.String,
    "accounting_on": pl.Date,
    "removed": pl.Boolean,
    "payload": pl.String,
    "content_hash": pl.String,
}
BOOK = Book(
    id="de",
    name="German books",
    currency="EUR",
    time_zone="Europe/Berlin",
    starts_on=date(2026, 5, 1),
    bank_accounts=(
        BankAccount(
            id="giro", currency="EUR", gl_account="1010", feed="plaid", external_id="acc-1", statement_ids=("DE1",)
        ),
        BankAccount(id="reserve", currency="EUR", gl_account="1020", statement_ids=("DE2",)),
        BankAccount(id="dollars", currency="USD", gl_account="1030", feed="plaid", external_id="acc-3"),
    ),
    processor_accounts=(ProcessorAccount(id="card", currency="EUR", feed="stripe"),),
    accounting="xero",
    chart={"090": "1010", "091": "1030"},
)


def evidence(*records: tuple[str, str, dict[str, Any]], on: date = date(2026, 5, 4)) -> pl.DataFrame:
    """Evidence of some records (kind, source id, payload); a payload may hold Decimals."""
    rows = []
    for kind, source_id, payload in records:
        text = exact_json(payload)
        rows.append((kind, source_id, None, on, False, text, content_hash(text.encode())))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
