"""Going live: the balances that two people signed, as entries of a book's first day. Pure.

Each balance stands against the migration account (opening balances), and so does each open item: documents by their
own rule (finance_pipeline.ledger.posting.documents), payouts under way and payments that the bank had not shown here.
The trial balance foots and its control accounts are the sums of their items, so that the migration account ends at
0.00. Not here: reading and signing an opening (services.bookkeeping.going_live).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.entries import Postings, assembled, leg

ROLE_OF_ITEM = {
    "payout": "payouts_in_transit",
    "recorded_receipt": "outstanding_receipts",
    "recorded_payment": "outstanding_payments",
}


def openings(book: Book, rows: pl.DataFrame) -> Postings:
    """Dr the account, Cr opening balances, on the book's first day. rows: schemas.OPENING."""
    of_item = {kind: role_code(book, role) for kind, role in ROLE_OF_ITEM.items()}
    heads = rows.with_columns(
        key="subject",
        book=pl.lit(book.id),
        source=pl.lit("opening"),
        source_id=pl.format(f"{book.id}/{{}}", "subject"),
        purpose=pl.lit("opening"),
        effective_on=pl.lit(book.starts_on),
        accounting_on=pl.lit(book.starts_on),
        description=pl.format("Opening balance of {}", "subject"),
        evidence_id=pl.format(f"{book.id}/opening/{{}}", "subject"),
        match_id=pl.lit(None, pl.String),
        rule=pl.lit("signed_opening"),
        code=pl.coalesce("code", pl.col("kind").replace_strict(of_item, default=None, return_dtype=pl.String)),
    )
    amount, carried = pl.col("amount_minor"), pl.col("functional_minor")
    migration = pl.lit(role_code(book, "opening_balances"))
    return assembled(
        book, heads, [leg(heads, 0, pl.col("code"), amount, carried), leg(heads, 1, migration, -amount, -carried)]
    )
