"""Bills that nobody approved yet, at a month's end: accrued expenses, taken back on the first day of the next month.

Only authorised documents post (accounting rule 7): until then a supplier's bill is neither owed nor an item that a
payment settles, but the month that it belongs to bears its cost, without the tax, which nobody may reclaim yet.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.documents import at_their_accounts
from finance_pipeline.ledger.posting.entries import Postings, keyed, share
from finance_pipeline.ledger.schemas import ENTRIES

SOURCE = "accrual"


def accruals(book: Book, month: Month, bills: pl.DataFrame) -> Postings:
    """Dr what each bill is for, Cr accrued expenses, on the month's last day.

    bills: schemas.INVOICES, the bills of this and earlier months that nobody approved. One with an account that the
    chart does not map is held, like an approved one.
    """
    net = pl.col("total_minor") - pl.col("tax_minor")
    on = pl.lit(month.last_day)
    rows = keyed(bills.filter((net != 0) & (pl.col("total_minor") != 0))).with_columns(
        source=pl.lit(SOURCE),
        source_id=pl.format(f"{{}} {month}", "record_id"),
        amount_minor=net,
        total_minor=net,
        tax_minor=pl.lit(0, pl.Int64),
        functional_minor=share(pl.col("functional_minor"), net, pl.col("total_minor")),
        control=pl.lit(role_code(book, "accrued_expenses")),
        effective_on=on,
        accounting_on=on,
        rule=pl.lit("unapproved_bill"),
        description=pl.format(
            "Bill {} {}, not approved yet", pl.col("number").fill_null("without number"), "party_name"
        ),
    )
    return at_their_accounts(book, rows, "accrual")


def taken_back(month: Month, standing: pl.DataFrame) -> pl.DataFrame:
    """On the first day of a month, what stands accrued at the end of the one before (both ENTRIES)."""
    day = pl.lit(month.first_day)
    return standing.with_columns(
        purpose=pl.lit("reversal"),
        effective_on=day,
        accounting_on=day,
        description=pl.format("{}, taken back", "description"),
        amounts=pl.col("amounts").list.eval(-pl.element()),
        functional_amounts=pl.col("functional_amounts").list.eval(-pl.element()),
        rule=pl.lit("accrual_reversal"),
    ).select(ENTRIES.names)
