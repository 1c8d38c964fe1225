"""Invoices, bills and credit notes: receivables or payables against what was sold or bought, and the tax on it.

Only authorised documents post. What was issued before the book starts opens it, against opening balances. There is no
default account: a document with an account that the book's chart does not map is held, and named.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.entries import (
    Postings,
    assembled,
    first_reason,
    keyed,
    leg,
    not_before,
    nothing,
    parted,
    together,
)

_OURS = ("invoice", "credit_note", "customer_on_account")
_TITLES = {
    "invoice": "Invoice",
    "bill": "Bill",
    "credit_note": "Credit note",
    "supplier_credit": "Supplier credit",
    "customer_on_account": "Customer on account",
    "supplier_on_account": "Supplier on account",
}


def documents(book: Book, invoices: pl.DataFrame) -> Postings:
    """Dr receivables, Cr revenue and output tax for an invoice; mirrored for the others by their signs.

    invoices: schemas.INVOICES. Lines carry the functional total by largest remainder, so that they add to it.
    """
    rows = keyed(invoices.filter((pl.col("status") == "authorised") & (pl.col("total_minor") != 0))).with_columns(
        amount_minor=pl.col("total_minor"),
        control=control_code(book, "kind"),
        effective_on=pl.col("issued_on"),
        accounting_on=not_before(book, "issued_on"),
        rule=pl.col("kind"),
        description=pl.format(
            "{} {} {}",
            pl.col("kind").replace_strict(_TITLES, return_dtype=pl.String),
            pl.col("number").fill_null("without number"),
            "party_name",
        ),
    )
    older = pl.col("issued_on") < book.starts_on
    return together([_opening(book, rows.filter(older)), at_their_accounts(book, rows.filter(~older), "document")])


def control_code(book: Book, kind: str) -> pl.Expr:
    """Code of the control account of a document kind: receivables for customers, payables for suppliers."""
    receivables, payables = role_code(book, "receivables"), role_code(book, "payables")
    return pl.when(pl.col(kind).is_in(_OURS)).then(pl.lit(receivables)).otherwise(pl.lit(payables))


def _opening(book: Book, rows: pl.DataFrame) -> Postings:
    """Older documents: the whole total against opening balances; what they were for belongs to earlier books."""
    heads = rows.with_columns(purpose=pl.lit("opening"))
    amount, carried = pl.col("total_minor"), pl.col("functional_minor")
    equity = pl.lit(role_code(book, "opening_balances"))
    return assembled(
        book, heads, [leg(heads, 0, pl.col("control"), amount, carried), leg(heads, 1, equity, -amount, -carried)]
    )


def at_their_accounts(book: Book, rows: pl.DataFrame, purpose: str) -> Postings:
    """Dr `control`, Cr what each document's lines are for, by its sign; held where an account is not mapped."""
    if rows.is_empty():
        return nothing()
    named = rows.with_columns(purpose=pl.lit(purpose)).join(
        _unmapped(book, rows), on="key", how="left", maintain_order="left"
    )
    heads, held = parted(
        named.with_columns(
            first_reason(
                (
                    pl.col("unmapped").is_not_null(),
                    "account_not_mapped",
                    pl.format(
                        f"the chart of book {book.id} does not map account {{}}, which {{}} names: add it to `chart`",
                        "unmapped",
                        "description",
                    ),
                ),
                (
                    pl.col("line_nets_minor").list.sum() + pl.col("tax_minor") != pl.col("total_minor"),
                    "does_not_add_up",
                    pl.format("the lines and tax of {} do not add to its total", "description"),
                ),
            )
        )
    )
    control = leg(heads, 0, pl.col("control"), pl.col("total_minor"), pl.col("functional_minor"))
    posted = assembled(book, heads, [control, line_legs(book, heads)])
    return together([posted, Postings(posted.entries.clear(), held)])


def _unmapped(book: Book, rows: pl.DataFrame) -> pl.DataFrame:
    """One row per document with an account that the chart does not map: key, unmapped (the first one)."""
    known = pl.Series(list(book.chart), dtype=pl.String)
    return (
        rows.select("key", unmapped="line_accounts")
        .explode("unmapped", empty_as_null=False)
        .filter(~pl.col("unmapped").is_in(known.implode()))
        .unique("key", keep="first", maintain_order=True)
    )


def line_legs(book: Book, heads: pl.DataFrame) -> pl.DataFrame:
    """Legs of revenue, cost and tax: the document's lines on the other side, with their part of the carrying amount."""
    output_tax, input_tax = role_code(book, "output_tax"), role_code(book, "input_tax")
    basis = ("key", "total_minor", "functional_minor")
    nets = heads.select(
        *basis,
        code=pl.col("line_accounts").list.eval(
            pl.element().replace_strict(dict(book.chart), default=None, return_dtype=pl.String)
        ),
        part_minor=pl.col("line_nets_minor"),
    ).explode("code", "part_minor", empty_as_null=False)
    tax = heads.select(
        *basis,
        code=pl.when(pl.col("kind").is_in(_OURS)).then(pl.lit(output_tax)).otherwise(pl.lit(input_tax)),
        part_minor=pl.col("tax_minor"),
    )
    lines = pl.concat([nets, tax]).filter(pl.col("part_minor") != 0)
    return lines.with_columns(carried=_largest_remainder()).select(
        "key",
        order=pl.lit(1, pl.Int32),
        code="code",
        amount_minor=-pl.col("part_minor"),
        functional_minor=-pl.col("carried"),
    )


def _largest_remainder() -> pl.Expr:
    """Each line's part of the document's functional total; parts add to it exactly, whatever the signs of the lines."""
    total = pl.col("total_minor").cast(pl.Int128)
    scaled = pl.col("functional_minor").cast(pl.Int128) * pl.col("part_minor").cast(pl.Int128) * total.sign()
    floor, remainder = scaled // total.abs(), scaled % total.abs()
    missing = pl.col("functional_minor") - floor.sum().over("key")
    rank = remainder.rank("ordinal", descending=True).over("key")
    return (floor + (rank <= missing).cast(pl.Int128)).cast(pl.Int64)
