"""Cash basis: the same events, of which only what was paid counts. A view; nothing is posted by it. Pure.

What is open of a document at a month's end is taken out of the control account and, line by line, of what it was for
and of its tax, in the document's own proportions (accounting rule 26: tax comes from documents). What trade items are
worth more or less than carried at is nobody's cash either. What is on account, or was paid in advance, was paid: it
stays. Not here: reading balances and documents (services.bookkeeping.basis).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import TRADE_ROLES, role_code, valuation_accounts
from finance_pipeline.ledger.posting.documents import control_code, line_legs

CASH_BASIS = pl.Schema(
    {"code": pl.String, "name": pl.String, "accrual_minor": pl.Int64, "unpaid_minor": pl.Int64, "cash_minor": pl.Int64}
)
"""One row per account with a balance on either basis, in the book's currency, + debit. unpaid_minor: what the accrual
basis has of documents that nobody paid yet."""


def cash_basis(book: Book, balances: pl.DataFrame, documents: pl.DataFrame, accrued: pl.DataFrame) -> pl.DataFrame:
    """A trial balance on both bases (CASH_BASIS).

    balances: code, name, accrual_minor. accrued: code, unpaid_minor, what is accrued of bills that nobody approved.
    documents: one row per document open at the month's end: key, kind, issued_on, total_minor, tax_minor,
    line_accounts, line_nets_minor, and functional_minor: what is open of it, as it is carried.
    """
    own = documents.filter(pl.col("functional_minor").sign() == pl.col("total_minor").sign())
    control = own.select(code=control_code(book, "kind"), unpaid_minor="functional_minor")
    older = pl.col("issued_on") < book.starts_on
    earlier = own.filter(older).select(
        code=pl.lit(role_code(book, "opening_balances")), unpaid_minor=-pl.col("functional_minor")
    )
    lines = line_legs(book, own.filter(~older)).select("code", unpaid_minor="functional_minor")
    unpaid = pl.concat([control, earlier, lines, accrued, _unrealised(book, balances)])
    unpaid = unpaid.group_by("code").agg(pl.col("unpaid_minor").sum())
    both = balances.join(unpaid, on="code", how="left", maintain_order="left").with_columns(
        unpaid_minor=pl.col("unpaid_minor").fill_null(0)
    )
    return (
        both.with_columns(cash_minor=pl.col("accrual_minor") - pl.col("unpaid_minor"))
        .select(CASH_BASIS.names())
        .filter((pl.col("accrual_minor") != 0) | (pl.col("cash_minor") != 0))
        .sort("code")
    )


def _unrealised(book: Book, balances: pl.DataFrame) -> pl.DataFrame:
    """Valuations of trade items, and the gains and losses on exchange that they stand against."""
    valuations = [valuation_accounts(book)[role_code(book, role)] for role in TRADE_ROLES]
    rows = balances.filter(pl.col("code").is_in(valuations)).select("code", unpaid_minor="accrual_minor")
    against = rows.select(code=pl.lit(role_code(book, "fx")), unpaid_minor=-pl.col("unpaid_minor"))
    return pl.concat([rows, against])
