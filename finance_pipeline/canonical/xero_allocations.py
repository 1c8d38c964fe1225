"""Xero's allocations as canonical payments: what of a credit was applied to which document.

A credit note, overpayment or prepayment lists its allocations itself. One that it does not list any more was deleted,
so each parent's list is complete: its family. The credit of an over- or prepayment is what its bank transaction left on
account; Xero gives both the same id. No money is involved, and the day is the allocation's own.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical.decoding import decode
from finance_pipeline.canonical.mapped import UNFIT
from finance_pipeline.canonical.payloads import (
    currencies,
    finished,
    first_reason,
    id_expr,
    on_account,
    said,
    text,
    texts,
)
from finance_pipeline.canonical.xero_documents import SOURCE, day
from finance_pipeline.core.money import minor_expr
from finance_pipeline.core.settings import Book

PARENTS = ("credit_note", "overpayment", "prepayment")
_PARENT = {
    "Type": None,
    "Status": None,
    "CreditNoteNumber": None,
    "Contact": {"Name": None},
    "CurrencyCode": None,
    "Allocations": [
        {
            "AllocationID": None,
            "Amount": None,
            "Date": None,
            "DateString": None,
            "IsDeleted": None,
            "Invoice": {"InvoiceID": None, "InvoiceNumber": None},
        }
    ],
}
_OF_CUSTOMERS = ("ACCRECCREDIT", "RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT", "AROVERPAYMENT", "ARPREPAYMENT")
_OF_SUPPLIERS = ("ACCPAYCREDIT", "SPEND-OVERPAYMENT", "SPEND-PREPAYMENT", "APOVERPAYMENT", "APPREPAYMENT")
_SIGN = dict.fromkeys(_OF_CUSTOMERS, 1) | dict.fromkeys(_OF_SUPPLIERS, -1)
"""A customer's invoice is owed to us, a supplier's bill by us."""


def map_allocations(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame], list[str]]:
    """The payment table of evidence of kinds credit_note, overpayment, prepayment; what is unfit; complete families.

    A parent of which one allocation does not fit is set aside with all of them: what was known of it stands.
    """
    decoded, unreadable = decode(evidence, _PARENT)
    parents = decoded.with_columns(family=_family(book))
    rows = _listed(parents, book).with_columns(occurred_on=day("Date"))
    rows = rows.with_columns(reason=_reason(rows))
    odd = rows.filter(pl.col("reason").is_not_null()).unique("family", keep="first", maintain_order=True)
    fit = rows.join(odd.select("family"), on="family", how="anti", maintain_order="left")
    mapped = fit.with_columns(
        record_id=pl.col("family") + pl.col("name"),
        kind=pl.lit("allocation"),
        fee_minor=pl.lit(0, pl.Int64),
        net_minor=pl.lit(0, pl.Int64),
        references=texts(text("Invoice", "InvoiceNumber"), pl.col("credit_number")),
        settles=id_expr(book, SOURCE, "invoice", text("Invoice", "InvoiceID")),
        settled_minor=pl.col("amount_minor"),
    )
    families = parents.join(odd.select("family"), on="family", how="anti", maintain_order="left")["family"].to_list()
    return finished(mapped, "payment", book, SOURCE, day="occurred_on"), [unreadable, odd.select(UNFIT.names)], families


def _family(book: Book) -> pl.Expr:
    """What the ids of a parent's allocations begin with."""
    own = pl.coalesce(
        pl.when(pl.col("kind") == kind).then(id_expr(book, SOURCE, kind, pl.col("source_id"))) for kind in PARENTS
    )
    return own + "/allocation/"


def _credit(book: Book) -> pl.Expr:
    """The item that a parent's allocations take from."""
    note = id_expr(book, SOURCE, "credit_note", pl.col("source_id"))
    paid = on_account(id_expr(book, SOURCE, "bank_transaction", pl.col("source_id")))
    return pl.when(pl.col("kind") == "credit_note").then(note).otherwise(paid)


def _listed(parents: pl.DataFrame, book: Book) -> pl.DataFrame:
    """One row per allocation that stands, `said` being the allocation; none of a parent that was voided.

    name: Xero's id of it; where it states none (it did not before 2023), the invoice and the turn among those to it.
    """
    sign = said("Type").replace_strict(_SIGN, default=None, return_dtype=pl.Int64)
    void = said("Status").is_in(["VOIDED", "DELETED"]).fill_null(value=False)
    each = (
        parents.with_columns(
            currency=text("CurrencyCode"),
            party_name=text("Contact", "Name"),
            credit_number=text("CreditNoteNumber"),
            status=text("Status").fill_null("AUTHORISED"),
            credit=_credit(book),
            sign=sign,
            parent_type=said("Type").fill_null("(none)"),
        )
        .filter(~void)
        .with_columns(said=said("Allocations"))
        .explode("said")
        .filter(pl.col("said").is_not_null())
        .filter(said("IsDeleted").ne_missing(pl.lit("true")))
    )
    to = text("Invoice", "InvoiceID")
    turn = pl.int_range(pl.len()).over("family", to)
    return each.with_columns(
        amount_minor=minor_expr(said("Amount"), pl.col("currency")) * pl.col("sign"),
        name=pl.coalesce(text("AllocationID"), pl.format("{}:{}", to, turn)),
    )


def _reason(rows: pl.DataFrame) -> pl.Expr:
    """Why an allocation does not fit, if so."""
    return first_reason(
        (pl.col("sign").is_null(), pl.format("it is allocated and its type {} is unknown", "parent_type")),
        (~pl.col("currency").is_in(currencies(rows["currency"])), "its currency is not one of ISO 4217"),
        (pl.col("amount_minor").is_null(), "the amount of an allocation is not an amount of its currency"),
        (text("Invoice", "InvoiceID").is_null(), "an allocation names no invoice"),
        (pl.col("occurred_on").is_null(), "an allocation has no date"),
    )
