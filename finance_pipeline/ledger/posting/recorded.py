"""Payments recorded in the accounting system, each one event with the bank line that follows; and allocations.

Dr outstanding receipts, Cr receivables now; the bank line then clears outstanding receipts. Mirrored for payments, so
that what is sent is never shown as paid. An allocation of a credit to a document moves no money: Dr the credit, Cr the
document, both in the control account and each at what it is carried at; the rest is gain or loss on exchange.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.documents import control_code
from finance_pipeline.ledger.posting.entries import (
    Postings,
    first_reason,
    keyed,
    no_rate,
    not_before,
    nothing,
    share,
    together,
)
from finance_pipeline.ledger.posting.settling import PART, settled
from finance_pipeline.ledger.rates import functional

KINDS = ("recorded_receipt", "recorded_payment")
ALLOCATION = "allocation"
_TITLES = {"recorded_receipt": "Receipt recorded", "recorded_payment": "Payment recorded"}


def recorded_payments(book: Book, payments: pl.DataFrame, settled_items: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """What was recorded against the items that each settles, at their carrying amounts.

    payments: schemas.PAYMENTS. settled_items: ledger.schemas.SETTLED_ITEMS, all that they settle, of any month.
    """
    recorded = keyed(payments.filter(pl.col("kind").is_in((*KINDS, ALLOCATION)) & (pl.col("amount_minor") != 0)))
    if recorded.is_empty():
        return nothing()
    priced = functional(
        recorded.sort("occurred_on", "key"), rates, book, on="occurred_on", into="line_functional_minor"
    )
    is_allocation, of_items = pl.col("kind") == ALLOCATION, settled_items.select("item_id", item_currency="currency")
    known = priced.filter(is_allocation)
    for side in ("settles", "credit"):
        known = known.join(of_items, left_on=[side, "currency"], right_on=["item_id", "item_currency"], how="semi")
    counts = pl.col("key").is_in(known["key"].implode())
    priced = priced.with_columns(
        counts=pl.when(is_allocation).then(counts).otherwise(pl.col("line_functional_minor").is_not_null())
    )
    taken = _taken(priced, settled_items.with_columns(code=control_code(book, "kind")))
    return together(
        [
            _payments(book, priced.filter(~is_allocation), taken, rates),
            _allocations(book, priced.filter(is_allocation), taken),
        ]
    )


def _payments(book: Book, recorded: pl.DataFrame, taken: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """Outstanding receipts or payments against the item that each settles.

    A payment that names no document goes to the control account of its side as it is: on account. Without a side it is
    a receipt of a customer or a payment to a supplier.
    """
    if recorded.is_empty():
        return nothing()
    receipts, sent = role_code(book, "outstanding_receipts"), role_code(book, "outstanding_payments")
    receivables, payables = role_code(book, "receivables"), role_code(book, "payables")
    is_receipt = pl.col("kind") == "recorded_receipt"
    on_account = pl.col("settles").is_null()
    is_customers = pl.coalesce(pl.col("side") == "customer", is_receipt)
    control = pl.when(is_customers).then(pl.lit(receivables)).otherwise(pl.lit(payables))
    rows = recorded.join(
        taken, left_on=["key", "settles"], right_on=["key", "item_id"], how="left", maintain_order="left"
    ).with_columns(
        line_id=pl.col("key"),
        line_code=pl.when(is_receipt).then(pl.lit(receipts)).otherwise(pl.lit(sent)),
        line_amount_minor=pl.col("amount_minor"),
        role_code=pl.lit(None, pl.String),
        item_code=pl.when(on_account).then(control).otherwise("item_code"),
        item_currency=pl.when(on_account).then("currency").otherwise("item_currency"),
        item_amount_minor=pl.when(on_account).then("amount_minor").otherwise("settled_minor"),
        item_functional_minor=pl.when(on_account).then("line_functional_minor").otherwise("item_functional_minor"),
        purpose=pl.lit("recorded"),
        effective_on=pl.col("occurred_on"),
        accounting_on=not_before(book, "occurred_on"),
        rule=pl.col("kind"),
        description=pl.format(
            "{} {}",
            pl.col("kind").replace_strict(_TITLES, return_dtype=pl.String),
            pl.coalesce("item_number", "party_name", pl.lit("on account")),
        ),
    )
    rows = functional(
        rows, rates, book, amount="item_amount_minor", currency="item_currency", on="occurred_on",
        into="item_spot_minor",
    )  # fmt: skip
    unknown = ~on_account & (pl.col("item_code").is_null() | pl.col("item_amount_minor").is_null())
    heads = rows.with_columns(
        first_reason(
            (unknown, "document_unknown", _unknown("settles", "settles")),
            (pl.col("line_functional_minor").is_null(), "no_rate", no_rate("occurred_on", book)),
        )
    )
    return settled(book, heads, rows.select(PART))


def _allocations(book: Book, allocations: pl.DataFrame, taken: pl.DataFrame) -> Postings:
    """Dr the credit, Cr the document that it is allocated to; no rate is needed, since no money moves."""
    if allocations.is_empty():
        return nothing()
    of_credit = taken.select("key", *(pl.col(name).name.prefix("credit_") for name in taken.columns if name != "key"))
    rows = allocations.join(
        taken, left_on=["key", "settles"], right_on=["key", "item_id"], how="left", maintain_order="left"
    )
    rows = rows.join(
        of_credit, left_on=["key", "credit"], right_on=["key", "credit_item_id"], how="left", maintain_order="left"
    ).with_columns(
        line_id=pl.col("credit"),
        line_code=pl.col("credit_item_code"),
        line_amount_minor=pl.col("settled_minor"),
        line_functional_minor=-pl.col("credit_item_functional_minor"),
        role_code=pl.lit(None, pl.String),
        item_amount_minor=pl.col("settled_minor"),
        item_spot_minor=pl.lit(None, pl.Int64),
        purpose=pl.lit(ALLOCATION),
        effective_on=pl.col("occurred_on"),
        accounting_on=not_before(book, "occurred_on"),
        rule=pl.col("kind"),
        description=pl.format(
            "Credit {} allocated to {}",
            pl.coalesce("credit_item_number", pl.lit("on account")),
            pl.coalesce("item_number", "party_name", pl.lit("a document without number")),
        ),
    )
    elsewhere = (pl.col("item_currency") != pl.col("currency")) | (pl.col("credit_item_currency") != pl.col("currency"))
    heads = rows.with_columns(
        first_reason(
            (pl.col("item_code").is_null(), "document_unknown", _unknown("settles", "settles")),
            (pl.col("credit_item_code").is_null(), "document_unknown", _unknown("credit", "takes from")),
            (elsewhere, "does_not_add_up", pl.lit("the credit and its document are in different currencies")),
        )
    )
    return settled(book, heads, rows.select(PART))


def _unknown(column: str, what: str) -> pl.Expr:
    """Words for an item that is not here."""
    return pl.format(f"the document {{}} that it {what} is not here, or not authorised", column)


def _taken(recorded: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """What each payment and allocation takes of each item that it settles: key, and of the item its id, code, currency,
    number and functional_minor (item_...). An allocation settles two: its document, and with the other sign its credit.

    Parts are differences of rounded running shares, so that together they are the share of their sum: what is open of
    the item is reckoned by that, and the control account keeps no cent of an item settled in instalments.
    """
    own = recorded.select("key", "counts", "settled_minor", item_id="settles")
    drawn = recorded.select("key", "counts", -pl.col("settled_minor"), item_id="credit")
    parts = pl.concat([own, drawn]).join(items, on="item_id", maintain_order="left")
    settles = pl.when("counts").then("settled_minor").otherwise(0)
    running = settles.cum_sum().over("item_id")

    def until(count: pl.Expr) -> pl.Expr:
        return share(pl.col("open_functional_minor"), count, pl.col("open_minor"))

    return parts.select(
        "key", "item_id", item_code="code", item_currency="currency", item_number="number",
        item_functional_minor=until(running) - until(running - settles),
    )  # fmt: skip
