"""Payments recorded in the accounting system: one event with the bank line that follows.

Dr outstanding receipts, Cr receivables now; the bank line then clears outstanding receipts. Mirrored for payments, so
that what is sent is never shown as paid.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.documents import control_code
from finance_pipeline.ledger.posting.entries import Postings, first_reason, keyed, no_rate, not_before, share
from finance_pipeline.ledger.posting.settling import PART, settled
from finance_pipeline.ledger.rates import functional

KINDS = ("recorded_receipt", "recorded_payment")
_TITLES = {"recorded_receipt": "Receipt recorded", "recorded_payment": "Payment recorded"}


def recorded_payments(
    book: Book, payments: pl.DataFrame, settled_documents: pl.DataFrame, rates: pl.DataFrame
) -> Postings:
    """Outstanding receipts or payments against the document that each settles, at its carrying amount.

    payments: schemas.PAYMENTS. settled_documents: schemas.INVOICES, every document that they settle, of any month, and
    what was open of it when the month began (open_minor, open_functional_minor): the whole where null or missing.
    A payment that names no document goes to the control account of its side as it is: on account. Without a side it is
    a receipt of a customer or a payment to a supplier.
    """
    recorded = keyed(payments.filter(pl.col("kind").is_in(KINDS) & (pl.col("amount_minor") != 0))).sort(
        "occurred_on", "key"
    )
    priced = functional(recorded, rates, book, on="occurred_on", into="line_functional_minor")
    rows = priced.join(_documents(book, settled_documents), on="settles", how="left", maintain_order="left")
    receipts, sent = role_code(book, "outstanding_receipts"), role_code(book, "outstanding_payments")
    receivables, payables = role_code(book, "receivables"), role_code(book, "payables")
    is_receipt = pl.col("kind") == "recorded_receipt"
    on_account = pl.col("settles").is_null()
    is_customers = pl.coalesce(pl.col("side") == "customer", is_receipt)
    rows = rows.with_columns(
        line_id=pl.col("key"),
        line_code=pl.when(is_receipt).then(pl.lit(receipts)).otherwise(pl.lit(sent)),
        line_amount_minor=pl.col("amount_minor"),
        role_code=pl.lit(None, pl.String),
        item_code=pl.when(on_account)
        .then(pl.when(is_customers).then(pl.lit(receivables)).otherwise(pl.lit(payables)))
        .otherwise("document_code"),
        item_currency=pl.when(on_account).then("currency").otherwise("document_currency"),
        item_amount_minor=pl.when(on_account).then("amount_minor").otherwise("settled_minor"),
        item_functional_minor=pl.when(on_account).then("line_functional_minor").otherwise(_carried()),
        purpose=pl.lit("recorded"),
        effective_on=pl.col("occurred_on"),
        accounting_on=not_before(book, "occurred_on"),
        rule=pl.col("kind"),
        description=pl.format(
            "{} {}",
            pl.col("kind").replace_strict(_TITLES, return_dtype=pl.String),
            pl.coalesce("document_number", "party_name", pl.lit("on account")),
        ),
    )
    rows = functional(
        rows, rates, book, amount="item_amount_minor", currency="item_currency", on="occurred_on",
        into="item_spot_minor",
    )  # fmt: skip
    unknown = ~on_account & (pl.col("item_code").is_null() | pl.col("item_amount_minor").is_null())
    heads = rows.with_columns(
        first_reason(
            (
                unknown,
                "document_unknown",
                pl.format("the document {} that it settles is not here, or not authorised", "settles"),
            ),
            (pl.col("line_functional_minor").is_null(), "no_rate", no_rate("occurred_on", book)),
        )
    )
    return settled(book, heads, rows.select(PART))


def _carried() -> pl.Expr:
    """What each of a document's payments takes of its carrying amount, in their order.

    Parts are differences of rounded running shares, so that together they are the share of their sum: what is open of
    the document is reckoned by that, and the control account keeps no cent of a document paid in instalments.
    """
    settles = pl.when(pl.col("line_functional_minor").is_not_null()).then("settled_minor").otherwise(0)
    running = settles.cum_sum().over("settles")

    def taken(until: pl.Expr) -> pl.Expr:
        return share(pl.col("document_functional"), until, pl.col("document_open"))

    return taken(running) - taken(running - settles)


def _documents(book: Book, invoices: pl.DataFrame) -> pl.DataFrame:
    """What a payment has to know of the document that it settles."""
    known = [pl.lit(None, pl.Int64).alias(name) for name in ("open_minor", "open_functional_minor")]
    missing = [each for each in known if each.meta.output_name() not in invoices.columns]
    return (
        invoices.with_columns(missing)
        .filter(~pl.col("removed") & (pl.col("status") == "authorised") & (pl.col("total_minor") != 0))
        .select(
            settles="record_id",
            document_code=control_code(book, "kind"),
            document_currency="currency",
            document_open=pl.coalesce("open_minor", "total_minor"),
            document_functional=pl.coalesce("open_functional_minor", "functional_minor"),
            document_number="number",
        )
    )
