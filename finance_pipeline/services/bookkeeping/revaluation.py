"""Revalue: a book's open items and balances in other currencies at a month's end, for the journal and for people.

Here: what the rule reads. Not here: the rule (finance_pipeline.ledger.revaluation), or posting (posting).
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from finance_pipeline.core.identity import digest
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger import revaluation
from finance_pipeline.ledger.posting import Postings
from finance_pipeline.ledger.rates import closing_rates
from finance_pipeline.services import records
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_ITEMS = pl.Schema(
    {
        "item_id": pl.String,
        "number": pl.String,
        "party_name": pl.String,
        "kind": pl.String,
        "currency": pl.String,
        "total_minor": pl.Int64,
        "open_minor": pl.Int64,
        "open_functional_minor": pl.Int64,
    }
)


def revaluations(conn: Connection, book: Book, month: Month, wanted: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """Revaluations and their reversals that should stand for a month beside its other entries (ENTRIES)."""
    balances = _after(_standing(conn, book, month), wanted)
    return revaluation.revaluations(
        book, month, balances, _open_items(conn, book, month), rates, is_over=_is_over(book, month)
    )


def inputs_digest(conn: Connection, book: Book, month: Month) -> str:
    """Digest of what a month's revaluation rests on beside the month's own entries and rates."""
    standing = _standing(conn, book, month).select("code", "currency", "amount_minor", "functional_minor")
    return digest(standing.write_csv(), _open_items(conn, book, month).write_csv(), _is_over(book, month))


def revalued(workspace: Workspace, book_id: str, month_text: str) -> pl.DataFrame:
    """One row per item and balance that a month's end revalues: code, name, subject, currency, amount_minor,
    carried_minor, value_minor and difference_minor (null without a rate), rate_words. As the ledger stands.
    """
    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    with workspace.database.transaction(role="reader") as conn:
        everything = copy_out(
            conn,
            query("ledger_foreign_balances"),
            {"book": book.id, "first_day": month.next.first_day, "last_day": month.last_day},
            revaluation.BALANCES.schema,
        )
        items, rates = _open_items(conn, book, month), records.rates(conn)
    found = revaluation.valued(book, month, everything, items, rates)
    quoted = closing_rates(found["currency"].unique().sort().to_list(), rates, book, month.last_day)
    named = items.select("item_id", subject=pl.format("{} {}", pl.coalesce("number", "item_id"), "party_name"))
    return (
        found.join(named, on="item_id", how="left", maintain_order="left")
        .join(quoted.select("currency", "rate_words"), on="currency", how="left", maintain_order="left")
        .with_columns(name=revaluation.named(book), difference_minor=pl.col("value_minor") - pl.col("carried_minor"))
    )


def _is_over(book: Book, month: Month) -> bool:
    return revaluation.is_over(book, month, datetime.now(UTC))


def _standing(conn: Connection, book: Book, month: Month) -> pl.DataFrame:
    """Balances in other currencies at a month's end without what stands for the month itself (BALANCES)."""
    days = {"first_day": month.first_day, "last_day": month.last_day}
    return copy_out(conn, query("ledger_foreign_balances"), {"book": book.id} | days, revaluation.BALANCES.schema)


def _after(balances: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """The balances with what a month's entries move; the last of those is the evidence of what it values."""
    moved = (
        wanted.filter(pl.col("functional_amounts").is_not_null())
        .select(
            "currency",
            "evidence_hash",
            code="accounts",
            amount_minor="amounts",
            functional_minor="functional_amounts",
            evidence_id="source_id",
        )
        .explode("code", "amount_minor", "functional_minor", empty_as_null=False)
    )
    return (
        pl.concat([balances, moved.select(balances.columns)])
        .group_by("code", "currency", maintain_order=True)
        .agg(
            pl.col("amount_minor", "functional_minor").sum(), pl.col("evidence_id", "evidence_hash").drop_nulls().last()
        )
        .sort("code", "currency")
    )


def _open_items(conn: Connection, book: Book, month: Month) -> pl.DataFrame:
    """Items in other currencies that a month closed with."""
    return copy_out(
        conn,
        """
        select item_id, number, party_name, kind, currency, total_minor, open_minor, open_functional_minor
        from recon.open_item
        where book = %(book)s and month = %(month)s and currency <> %(own)s
        order by item_id
        """,
        {"book": book.id, "month": str(month), "own": book.currency},
        _ITEMS,
    )
