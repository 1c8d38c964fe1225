"""Payments to suppliers that were sent, where a book's policy lets only the bank's own line move payables.

What such a payment would have left on account is no credit either before the bank's line.

Here: which recorded payments count by that policy. Not here: what those that count post (ledger.posting.recorded).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import ON_ACCOUNT_SUFFIX
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services import records

_OF_SUPPLIERS = ("bill", "supplier_credit")


def that_count(conn: Connection, book: Book, payments: pl.DataFrame) -> pl.DataFrame:
    """Payments (schemas.PAYMENTS) without those to suppliers that wait for the bank by the policy of the book.
    To it a bill is paid when the bank's own line settles it; what was sent is never shown as paid.
    """
    if book.ledger.supplier_payments_leave == "when_sent":
        return payments
    is_sent = (pl.col("kind") == "recorded_payment") & (pl.col("occurred_on") >= book.starts_on)
    named = payments.filter(is_sent)["settles"].drop_nulls().unique().sort().to_list()
    documents = records.current(conn, schemas.INVOICES, book.id, "", "", named)
    of_suppliers = documents.filter(pl.col("kind").is_in(_OF_SUPPLIERS))["record_id"]
    names_none = pl.col("settles").is_null() & (pl.col("side").fill_null("supplier") == "supplier")
    waits = is_sent & (names_none | pl.col("settles").is_in(of_suppliers.implode()).fill_null(False))
    counting = payments.filter(~waits)
    drawn = pl.concat([counting["credit"], counting["settles"]]).drop_nulls().unique().sort()
    on_account = drawn.filter(drawn.str.ends_with(ON_ACCOUNT_SUFFIX)).to_list()
    if not on_account:
        return counting
    brought_by = [each.removesuffix(ON_ACCOUNT_SUFFIX) for each in on_account]
    bringing = records.current(conn, schemas.PAYMENTS, book.id, "", "", brought_by)
    sent = bringing.filter((pl.col("kind") == "recorded_payment") & (pl.col("occurred_on") >= book.starts_on))
    waiting = sent.filter(pl.col("side").fill_null("supplier") == "supplier")["record_id"] + ON_ACCOUNT_SUFFIX
    takes = (pl.col(name).is_in(waiting.implode()).fill_null(False) for name in ("credit", "settles"))
    return counting.filter(~pl.any_horizontal(takes))
