"""Tax as documents state it beside an estimate by a book's dated table of rates. A view; nothing is posted by it. Pure.

Tax amounts come from documents. Where a document states none, or another one, an estimate says what it would be by the
rates that were in force when it was issued (accounting rule 26). Not here: reading documents
(services.bookkeeping.tax).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.posting.entries import share

TAX_ESTIMATES = pl.Schema(
    dict.fromkeys(("record_id", "kind", "number", "party_name"), pl.String)
    | {"issued_on": pl.Date, "currency": pl.String}
    | dict.fromkeys(("net_minor", "stated_minor", "estimated_minor", "difference_minor"), pl.Int64)
    | {"without_rate": pl.List(pl.String)}
)
"""One row per document, in its own currency and sign. estimated_minor, difference_minor (stated less estimated): null
where an account of its lines has no rate on its day; without_rate names those."""
_PARTS_OF_A_WHOLE = 1_000_000
"""A per cent has four decimals."""


def estimated_tax(book: Book, documents: pl.DataFrame) -> pl.DataFrame:
    """What the tax of documents would be by the book's rates on the day they were issued (TAX_ESTIMATES).

    documents: schemas.INVOICES. Each line is rounded by itself, half away from zero, and a document's lines added up.
    """
    lines = (
        documents.select("record_id", "issued_on", account="line_accounts", net_minor="line_nets_minor")
        .explode("account", "net_minor", empty_as_null=False)
        .sort("issued_on")
        .join_asof(_rates(book), left_on="issued_on", right_on="since", by="account", check_sortedness=False)
    )
    by_document = (
        lines.with_columns(tax=share(pl.col("net_minor"), pl.col("parts"), pl.lit(_PARTS_OF_A_WHOLE)))
        .group_by("record_id")
        .agg(
            pl.col("net_minor").sum(),
            estimated_minor=pl.when(pl.col("parts").is_not_null().all()).then(pl.col("tax").sum()),
            without_rate=pl.col("account").filter(pl.col("parts").is_null()).unique().sort(),
        )
    )
    return (
        documents.join(by_document, on="record_id", how="inner")
        .with_columns(
            stated_minor=pl.col("tax_minor"), difference_minor=pl.col("tax_minor") - pl.col("estimated_minor")
        )
        .select(TAX_ESTIMATES.names())
        .sort("issued_on", "record_id")
    )


def _rates(book: Book) -> pl.DataFrame:
    """The table of rates, in millionths of the net amount."""
    parts = [int(rate.percent.scaleb(4)) for rate in book.ledger.tax_rates]
    return pl.DataFrame(
        {
            "account": [rate.account for rate in book.ledger.tax_rates],
            "since": [rate.since for rate in book.ledger.tax_rates],
            "parts": parts,
        },
        schema={"account": pl.String, "since": pl.Date, "parts": pl.Int64},
    ).sort("since")
