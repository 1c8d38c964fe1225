"""A book with a signed opening: what is older than its first day is what the opening lists, and nothing else.

Here: canonical records as such a book sees them. Not here: how an opening comes about (going_live). A book
without one opens with whatever older records its sources bring, against opening balances.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.settings import Book
from finance_pipeline.core.tables import Table
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.schemas import OPENING
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_DAY_OF = {"bank_transaction": "booked_on", "invoice": "issued_on", "payment": "occurred_on"}
_ON_ACCOUNT = ("customer_on_account", "supplier_on_account")
_DOCUMENTS = ("invoice", "bill", "credit_note", "supplier_credit", *_ON_ACCOUNT)
_ITEMS = pl.Schema(
    {
        "record_id": pl.String(),
        "book": pl.String(),
        "month": pl.String(),
        "kind": pl.String(),
        "number": pl.String(),
        "references": pl.List(pl.String),
        "party_id": pl.String(),
        "party_name": pl.String(),
        "account": pl.String(),
        "currency": pl.String(),
        "amount_minor": pl.Int64(),
        "tax_minor": pl.Int64(),
        "functional_minor": pl.Int64(),
        "issued_on": pl.Date(),
        "due_on": pl.Date(),
        "source": pl.String(),
        "evidence_hash": pl.String(),
    }
)
_BALANCES = pl.Schema(
    {
        "code": pl.String,
        "currency": pl.String,
        "amount_minor": pl.Int64,
        "functional_minor": pl.Int64,
        "evidence_hash": pl.String,
    }
)


def signed(conn: Connection, book: str) -> tuple[str, date] | None:
    """The signed opening of a book, and the first day of the book; None where nobody signed one."""
    row = conn.execute(
        """
        select submission_id, starts_on from ledger.approved_submission join ledger.book using (book)
        where kind = 'opening' and book = %s
        """,
        (book,),
    ).fetchone()
    return (row[0], row[1]) if row else None


def seen_by(
    conn: Connection, table: Table, book: str, first: str, last: str, ids: Sequence[str], records: pl.DataFrame
) -> pl.DataFrame:
    """Current records of some months, or named by id, as the book sees them: as they are without a signed opening."""
    if table.name not in _DAY_OF:
        return records
    opening = signed(conn, book)
    if opening is None:
        return records
    younger = records.filter(pl.col(_DAY_OF[table.name]) >= opening[1])
    if table.name == "bank_transaction":
        return younger
    wanted = pl.col("month").is_between(pl.lit(first), pl.lit(last)) | pl.col("record_id").is_in(list(ids))
    listed = _items(conn, book).filter(wanted)
    older = _as_documents(listed) if table.name == "invoice" else _as_payments(listed)
    return pl.concat([younger, table.checked(older.select(table.names))]).sort("record_id")


def with_carrying_amounts(conn: Connection, book: str, priced: pl.DataFrame) -> pl.DataFrame:
    """Payments at what a signed opening carries them at, not at the rate of their day."""
    if signed(conn, book) is None:
        return priced
    carried = _as_payments(_items(conn, book)).select("record_id", "signed_functional_minor")
    joined = priced.join(carried, on="record_id", how="left", maintain_order="left")
    return joined.with_columns(functional_minor=pl.coalesce("signed_functional_minor", "functional_minor")).drop(
        "signed_functional_minor"
    )


def opening_rows(conn: Connection, book: Book) -> pl.DataFrame:
    """One row per balance of a book's signed opening, and per item of it that is no document (OPENING)."""
    opening = signed(conn, book.id)
    if opening is None:
        return OPENING.empty()
    balances = copy_out(
        conn,
        """
        select code, currency, amount_minor, functional_minor, evidence_hash
        from ledger.submitted_balance where submission_id = %(submission_id)s order by code, currency
        """,
        {"submission_id": opening[0]},
        _BALANCES,
    ).with_columns(subject=pl.format("{} {}", "code", "currency"), kind=pl.lit(None, pl.String))
    items = _items(conn, book.id).filter(~pl.col("kind").is_in(_DOCUMENTS))
    items = items.with_columns(subject="record_id", code=pl.lit(None, pl.String))
    return OPENING.checked(pl.concat([frame.select(OPENING.names) for frame in (balances, items)]))


def _items(conn: Connection, book: str) -> pl.DataFrame:
    return copy_out(conn, query("opening_items"), {"book": book}, _ITEMS)


def _as_documents(items: pl.DataFrame) -> pl.DataFrame:
    """Of each document what was open when the book began, as if that were all of it; so with what is on account
    (schemas.INVOICES)."""
    return items.filter(pl.col("kind").is_in(_DOCUMENTS)).select(
        *(
            name
            for name in schemas.INVOICES.names
            if name in _ITEMS and name not in ("total_minor", "line_accounts", "status")
        ),
        total_minor="amount_minor",
        line_accounts=pl.lit([], pl.List(pl.String)),
        line_nets_minor=pl.lit([], pl.List(pl.Int64)),
        status=pl.lit("authorised"),
        removed=pl.lit(value=False),
        content_hash="evidence_hash",
    )


def _as_payments(items: pl.DataFrame) -> pl.DataFrame:
    """Payouts under way and payments that the bank had not shown (schemas.PAYMENTS and signed_functional_minor)."""
    sign = pl.when(pl.col("kind") == "payout").then(-1).otherwise(1)  # a payout leaves the processor
    nothing = pl.lit(None)
    return items.filter(~pl.col("kind").is_in(_DOCUMENTS)).select(
        *("record_id", "book", "month", "kind", "account", "currency", "references", "party_name", "source"),
        amount_minor=pl.col("amount_minor") * sign,
        fee_minor=pl.lit(0, pl.Int64),
        net_minor=pl.col("amount_minor") * sign,
        occurred_on="issued_on",
        available_on="due_on",
        payout_id=nothing.cast(pl.String),
        side=nothing.cast(pl.String),
        settles=nothing.cast(pl.String),
        settled_minor=nothing.cast(pl.Int64),
        credit=nothing.cast(pl.String),
        party_id=nothing.cast(pl.String),
        status=pl.lit("open when the book began"),
        removed=pl.lit(value=False),
        content_hash="evidence_hash",
        signed_functional_minor=pl.col("functional_minor") * sign,
    )
