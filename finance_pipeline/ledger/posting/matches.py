"""Matches: from where a line waits to what it settles. The bank account itself is never touched.

Not here: what only concerns two lines of ours (related).
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.bank import unidentified
from finance_pipeline.ledger.posting.entries import (
    Postings,
    first_reason,
    no_rate,
    not_before,
    nothing,
    share,
    together,
)
from finance_pipeline.ledger.posting.related import duplicates, transfers
from finance_pipeline.ledger.posting.settling import PART, settled
from finance_pipeline.ledger.rates import functional
from finance_pipeline.ledger.schemas import SETTLEMENTS

_ROLE_OF_ITEM = {
    "invoice": "receivables",
    "credit_note": "receivables",
    "customer_on_account": "receivables",
    "bill": "payables",
    "supplier_credit": "payables",
    "supplier_on_account": "payables",
    "payout": "payouts_in_transit",
    "recorded_receipt": "outstanding_receipts",
    "recorded_payment": "outstanding_payments",
}
_ROLE_OF_PART = {"discount": "discounts", "write_off": "write_offs", "fx": "fx"}
_OF_CUSTOMERS = ("invoice", "credit_note")
_OPENING_OR_SETTLING = ("principal", "residual")
_ORDER = (
    "match_id",
    "line_id",
    "role",
    "item_kind",
    "item_currency",
    "item_amount_minor",
    "item_functional_minor",
    "account_code",
    "amount_minor",
)


def matches(book: Book, settlements: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """Entries of the matches that stand: settlements (SETTLEMENTS; columns that may be null may also be missing)."""
    complete = settlements.with_columns(
        pl.lit(None, column.dtype).alias(column.name)
        for column in SETTLEMENTS.columns
        if column.nullable and column.name not in settlements.columns
    )
    complete = complete.sort(_ORDER)  # the lines of an entry follow from what they say, not from how they were read
    relation = pl.col("relation").fill_null("")
    return together(
        [
            _settlements(book, complete.filter(~relation.is_in(("transfer", "duplicate"))), rates),
            transfers(book, complete.filter(relation == "transfer"), rates),
            duplicates(book, complete.filter(relation == "duplicate")),
        ]
    )


def _settlements(book: Book, rows: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    if rows.is_empty():
        return nothing()
    items = {kind: role_code(book, role) for kind, role in _ROLE_OF_ITEM.items()}
    known = pl.col("item_kind").replace_strict(items, default=None, return_dtype=pl.String)
    whole = pl.col("role").is_in(_OPENING_OR_SETTLING) & pl.col("item_kind").is_not_null()
    parts = _with_tax(book, _with_netted(book, rows, rates)).with_columns(
        key=pl.col("match_id"),
        currency=pl.col("line_currency"),
        line_code=_waiting(book),
        role_code=pl.coalesce("tax_code", _role_code(book), "account_code"),
        item_code=pl.coalesce("netted_code", pl.when(whole).then(known)),
        item_amount_minor=pl.col("item_amount_minor").fill_null(0),
    )
    parts = functional(
        parts, rates, book, amount="item_amount_minor", currency="item_currency", on="line_on",
        into="item_spot_minor",
    )  # fmt: skip
    uncarried = pl.col("item_currency").ne_missing(book.currency) & pl.col("item_functional_minor").is_null()
    heads = _heads(book, parts).with_columns(
        first_reason(
            (pl.col("line_functional_minor").is_null(), "no_rate", no_rate("line_id", book)),
            (
                pl.col("key").is_in(_keys(parts, whole & pl.col("item_code").is_null())),
                "account_unknown",
                pl.lit("no account is known for its item"),
            ),
            (
                pl.col("key").is_in(_keys(parts, pl.col("item_code").is_not_null() & uncarried)),
                "no_rate",
                pl.lit("what its item is carried at is not known"),
            ),
            (
                pl.col("currencies") > 1,
                "does_not_add_up",
                pl.lit("its lines are in several currencies"),
            ),
        )
    )
    return settled(book, heads, parts.select(PART))


def _with_netted(book: Book, rows: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Parts that give back another line as what they settle: that line, where it waits, at the rate of its own day."""
    priced = functional(
        rows, rates, book, amount="other_amount_minor", currency="other_line_currency", on="other_line_on",
        into="other_functional_minor",
    )  # fmt: skip
    netted = pl.col("relation").eq_missing(pl.lit("netted")) & (pl.col("role") == "principal")
    values = {
        "netted_code": unidentified(book, pl.col("other_line_amount_minor")),
        "item_currency": pl.col("other_line_currency"),
        "item_amount_minor": -pl.col("other_amount_minor"),
        "item_functional_minor": -pl.col("other_functional_minor"),
    }
    known = priced.with_columns(netted_code=pl.lit(None, pl.String))
    return known.with_columns(
        pl.when(netted).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items()
    )


def _with_tax(book: Book, rows: pl.DataFrame) -> pl.DataFrame:
    """A discount on a document with tax takes its part of the tax along, which goes to the account of that tax."""
    tax_of = share(pl.col("item_tax_minor"), pl.col("amount_minor"), pl.col("item_total_minor"))
    taxed = (pl.col("role") == "discount") & (pl.col("item_tax_minor") != 0) & (pl.col("item_total_minor") != 0)
    marked = rows.with_columns(tax_code=pl.lit(None, pl.String), tax=pl.when(taxed).then(tax_of.abs()).fill_null(0))
    marked = marked.with_columns(tax=pl.col("tax") * pl.col("amount_minor").sign())
    output_tax, input_tax = role_code(book, "output_tax"), role_code(book, "input_tax")
    of_customers = pl.col("item_kind").is_in(_OF_CUSTOMERS)
    tax = marked.filter(pl.col("tax") != 0).with_columns(
        amount_minor="tax",
        tax_code=pl.when(of_customers).then(pl.lit(output_tax)).otherwise(pl.lit(input_tax)),
    )
    net = marked.with_columns(amount_minor=pl.col("amount_minor") - pl.col("tax"))
    return pl.concat([net, tax]).drop("tax").sort("match_id", maintain_order=True)


def _heads(book: Book, rows: pl.DataFrame) -> pl.DataFrame:
    """One head a match; what it settles together, and its first line as evidence."""
    return (
        rows.group_by("match_id", maintain_order=True)
        .agg(
            pl.col("rule", "matched_on", "line_id", "evidence_hash", "line_functional_minor").first(),
            currency=pl.col("line_currency").first(),
            currencies=pl.col("line_currency").n_unique(),
            amount_minor=pl.col("amount_minor").sum(),
        )
        .with_columns(
            key=pl.col("match_id"),
            book=pl.lit(book.id),
            source=pl.lit("match"),
            source_id=pl.col("match_id"),
            purpose=pl.lit("settlement"),
            effective_on=pl.col("matched_on"),
            accounting_on=not_before(book, "matched_on"),
            evidence_id=pl.col("line_id"),
            description=pl.format("Match by {}: settlement", pl.col("rule").str.replace_all("_", " ", literal=True)),
        )
    )


def _waiting(book: Book) -> pl.Expr:
    """Code of the account where the line was posted when it arrived."""
    charges, refunds = role_code(book, "unapplied_card_receipts"), role_code(book, "refunds_awaiting_credit_note")
    kind = pl.col("line_kind")
    waiting = unidentified(book, pl.col("line_amount_minor"))
    return (
        pl.when(kind == "charge").then(pl.lit(charges)).when(kind == "refund").then(pl.lit(refunds)).otherwise(waiting)
    )


def _role_code(book: Book) -> pl.Expr:
    """Code of the account of a part that is not principal; fees of the bank and of the processor apart."""
    codes = {role: role_code(book, account) for role, account in _ROLE_OF_PART.items()}
    bank, processor = role_code(book, "bank_charges"), role_code(book, "processor_fees")
    fee = pl.when(pl.col("line_kind") == "bank").then(pl.lit(bank)).otherwise(pl.lit(processor))
    other = pl.col("role").replace_strict(codes, default=None, return_dtype=pl.String)
    return pl.when(pl.col("role") == "fee").then(fee).otherwise(other)


def _keys(parts: pl.DataFrame, condition: pl.Expr) -> pl.Series:
    return parts.filter(condition)["key"].unique().implode()
