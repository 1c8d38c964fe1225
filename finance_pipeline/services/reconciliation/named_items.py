"""Items that records name, of whatever month: what recorded payments and allocations settle, what may be open again."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import ON_ACCOUNT_SUFFIX
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.rates import functional
from finance_pipeline.matching.month import candidates
from finance_pipeline.services import records
from finance_pipeline.services.bookkeeping import opened_books, sent

_PRICED = pl.Schema({**schemas.PAYMENTS.schema, "functional_minor": pl.Int64()})


def named_by(payments: pl.DataFrame) -> list[str]:
    """Ids of the items that recorded payments and allocations (schemas.PAYMENTS) settle."""
    return pl.concat([payments["settles"], payments["credit"]]).drop_nulls().unique().sort().to_list()


def named_items(conn: Connection, book: Book, ids: Sequence[str], seen: records.Seen | None = None) -> pl.DataFrame:
    """Items by id as they came into being (candidates.ITEM_SCHEMA); those that are not known are left out."""
    invoices = records.current(conn, schemas.INVOICES, book.id, "", "", ids, seen)
    others = sorted({each.removesuffix(ON_ACCOUNT_SUFFIX) for each in ids} - set(invoices["record_id"]))
    payments = pl.DataFrame(schema=_PRICED)
    if others:
        payments = priced(conn, book, records.current(conn, schemas.PAYMENTS, book.id, "", "", others, seen))
    known = payments.filter(pl.col("functional_minor").is_not_null())
    return candidates.items(invoices, known).filter(pl.col("item_id").is_in(ids))


def with_names(conn: Connection, book: Book, payments: pl.DataFrame) -> pl.DataFrame:
    """Payments (schemas.PAYMENTS) by the names that their parties have now; the others as their source has them."""
    ids = payments["party_id"].drop_nulls().unique().sort().to_list()
    if not ids:
        return payments
    parties = records.current(conn, schemas.PARTIES, book.id, "", "", ids).select("name", party_id="record_id")
    named = payments.join(parties, on="party_id", how="left", maintain_order="left")
    return named.with_columns(party_name=pl.coalesce("name", "party_name")).drop("name")


def priced(conn: Connection, book: Book, payments: pl.DataFrame) -> pl.DataFrame:
    """Payments that count (schemas.PAYMENTS), with what they are carried at, functional_minor: null without a rate."""
    found = functional(sent.that_count(conn, book, payments), records.rates(conn), book, on="occurred_on")
    return opened_books.with_carrying_amounts(conn, book.id, found)
