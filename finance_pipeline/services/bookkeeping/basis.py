"""Cash basis: a trial balance of a month's end on both bases, from the journal and what was open then."""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.period import Month
from finance_pipeline.ledger.basis import cash_basis
from finance_pipeline.ledger.chart import accounts_of
from finance_pipeline.services import records
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out

_BALANCES = pl.Schema({"code": pl.String, "accrual_minor": pl.Int64})
_ACCRUED = pl.Schema({"code": pl.String, "unpaid_minor": pl.Int64})
_OPEN = pl.Schema({"key": pl.String, "functional_minor": pl.Int64})


def on_cash_basis(workspace: Workspace, book_id: str, month_text: str) -> pl.DataFrame:
    """One row per account of a book at a month's end, on accrual and on cash basis (ledger.basis.CASH_BASIS)."""
    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    with workspace.database.transaction(role="reader") as conn:
        moved = copy_out(
            conn,
            """
            select account.code, sum(functional_debit_minor - functional_credit_minor)::bigint as accrual_minor
            from ledger.movement join ledger.account using (account_id)
            where movement.book = %(book)s and accounting_month <= %(first_day)s
            group by account.code
            """,
            {"book": book_id, "first_day": month.first_day},
            _BALANCES,
        )
        open_items = copy_out(
            conn,
            """
            select item_id as key, open_functional_minor as functional_minor from recon.open_item
            where book = %(book)s and month = %(month)s
                and kind in ('invoice', 'bill', 'credit_note', 'supplier_credit') and exists (
                    select from ledger.standing
                    where standing.book = open_item.book and standing.evidence_id = open_item.item_id
                        and standing.purpose in ('document', 'opening')
                )
            """,
            {"book": book_id, "month": str(month)},
            _OPEN,
        )
        accrued = copy_out(
            conn,
            """
            select code, sum(functional_minor)::bigint as unpaid_minor from ledger.posting
            where book = %(book)s and source = 'accrual' and accounting_on <= %(last_day)s
            group by code
            """,
            {"book": book_id, "last_day": month.last_day},
            _ACCRUED,
        )
        known = records.current(conn, schemas.INVOICES, book_id, "", "", open_items["key"].to_list())
    documents = known.drop("functional_minor").rename({"record_id": "key"}).join(open_items, on="key")
    names = accounts_of(book).select("code", "name")
    balances = names.join(moved, on="code", how="left", maintain_order="left").with_columns(
        accrual_minor=pl.col("accrual_minor").fill_null(0)
    )
    return cash_basis(book, balances, documents, accrued)
