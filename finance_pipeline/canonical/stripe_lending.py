"""What Stripe's objects lend each other: which are mapped along, and movements as though all of it came expanded.

A payout lends its movements its state, its trace and its id; an invoice its number to what pays it; a charge what it
says of itself to its refunds. Whoever comes first, the movement is mapped with all of it once both are there.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical.decoding import decode
from finance_pipeline.canonical.payloads import said, text
from finance_pipeline.canonical.stripe_objects import (
    CHARGE,
    EXPANDABLE,
    KIND_OF_TYPE,
    LINKS,
    PAID_INVOICE,
    PAYOUT,
    TRANSACTION,
)

LENDERS = {"payout": (0, 120), "invoice": (180, 1)}
"""Kinds that lend words to movements, from so many days before until so many days after them."""


def borrowers(evidence: pl.DataFrame) -> pl.DataFrame:
    """Records (kind, source_id) to which the payouts among these lend words: mapped again when a payout changes."""
    payouts, _ = decode(evidence.filter(pl.col("kind") == "payout"), PAYOUT, expandable=EXPANDABLE)
    own = payouts.select(source_id=said("balance_transaction", "id"))
    members = payouts.select(source_id=said("members")).explode("source_id")
    named = pl.concat([own, members]).drop_nulls().unique().sort("source_id")
    return named.select(pl.lit("balance_transaction").alias("kind"), "source_id")


def names(evidence: pl.DataFrame) -> list[str]:
    """Stripe's ids by which these records and payments that stand know of each other: of charges, of their refunds'
    charges, and of what paid an invoice. Whatever stands under one of them is mapped along."""
    movements, _ = decode(evidence.filter(pl.col("kind") == "balance_transaction"), TRANSACTION, expandable=EXPANDABLE)
    invoices, _ = decode(evidence.filter(pl.col("kind") == "invoice"), PAID_INVOICE, expandable=LINKS)
    charges = [movements.select(name=said("source", *path)) for path in (("id",), ("charge", "id"))]
    found = pl.concat([*charges, _names_of_invoices(invoices).select("name")])["name"]
    return found.drop_nulls().unique().sort().to_list()


def _names_of_invoices(invoices: pl.DataFrame) -> pl.DataFrame:
    """Ids that a charge may say, each with the invoice that it pays: the invoice's own, and those of its payments.

    Since 2025 a charge names no invoice: an invoice says what paid it.
    """
    payment = pl.element().struct.field("payment")
    paid_by = [
        said("payments", "data").list.eval(payment.struct.field(name).struct.field("id"))
        for name in ("payment_intent", "charge")
    ]
    whole = pl.concat_list(pl.col("source_id"), *(each.fill_null([]) for each in paid_by))
    return (
        invoices.select(whole.alias("name"), pl.col("source_id").alias("invoice"), number=text("number"))
        .explode("name")
        .filter(pl.col("name").is_not_null() & pl.col("number").is_not_null())
        .sort("name", "invoice")
        .unique("name", keep="first", maintain_order=True)
    )


def with_what_is_lent(movements: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Movements as though the invoice that each pays, and the charge that a refund gives back, had come expanded."""
    named = _names_of_invoices(invoices)

    def lent(column: str, name: pl.Expr) -> pl.Expr:
        return name.replace_strict(named["name"], named[column], default=None, return_dtype=pl.String)

    own = said("source", "invoice", "id")
    keys = (own, said("source", "payment_intent", "id"), said("source", "id"))
    invoice = pl.struct(
        pl.coalesce(own, *(lent("invoice", key) for key in keys)).alias("id"),
        pl.coalesce(text("source", "invoice", "number"), *(lent("number", key) for key in keys)).alias("number"),
    )
    told = movements.with_columns(_with_source(invoice=invoice))
    held = (
        told.filter(_is_of("charge") & said("source", "id").is_not_null())
        .select(charge=said("source", "id"), held=pl.struct(said("source", name) for name in CHARGE))
        .unique("charge", keep="first", maintain_order=True)
    )
    given_back = pl.when(_is_of("refund")).then(said("source", "charge", "id"))
    joined = told.with_columns(charge=given_back).join(held, on="charge", how="left", maintain_order="left")
    known = pl.when(pl.col("held").is_not_null()).then(pl.col("held")).otherwise(said("source", "charge"))
    return joined.with_columns(_with_source(charge=known)).drop("charge", "held")


def _is_of(kind: str) -> pl.Expr:
    return said("type").is_in([name for name, ours in KIND_OF_TYPE.items() if ours == kind])


def _with_source(**members: pl.Expr) -> pl.Expr:
    """What was said, with other members of its source."""
    source = said("source").struct.with_fields(**members)
    return pl.col("said").struct.with_fields(source.alias("source"))
