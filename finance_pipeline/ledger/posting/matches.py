"""Matches: from where a line waits to what it settles. The bank account itself is never touched.

Transfers between two accounts of a book pass through transfers in transit, in two entries.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.ledger.posting.bank import unidentified
from finance_pipeline.ledger.posting.entries import (
    Postings,
    assembled,
    first_reason,
    leg,
    no_rate,
    not_before,
    parted,
    together,
)
from finance_pipeline.ledger.posting.settling import PART, settled
from finance_pipeline.ledger.rates import functional
from finance_pipeline.ledger.schemas import SETTLEMENTS

_ROLE_OF_ITEM = {
    "invoice": "receivables",
    "credit_note": "receivables",
    "bill": "payables",
    "supplier_credit": "payables",
    "payout": "payouts_in_transit",
    "recorded_receipt": "outstanding_receipts",
    "recorded_payment": "outstanding_payments",
}
_ROLE_OF_PART = {"discount": "discounts", "write_off": "write_offs", "fx": "fx"}
_TRANSFER = "transfer"
_ORDER = (
    "match_id",
    "line_id",
    "role",
    "item_kind",
    "item_currency",
    "item_amount_minor",
    "item_functional_minor",
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
    is_transfer = pl.col("item_kind").eq_missing(pl.lit(_TRANSFER))
    return together(
        [
            _settlements(book, complete.filter(~is_transfer & (pl.col("role") != "residual"))),
            _transfers(book, complete.filter(is_transfer), rates),
        ]
    )


def _settlements(book: Book, rows: pl.DataFrame) -> Postings:
    items = {kind: role_code(book, role) for kind, role in _ROLE_OF_ITEM.items()}
    parts = rows.with_columns(
        key=pl.col("match_id"),
        currency=pl.col("line_currency"),
        line_code=_waiting(book),
        role_code=_role_code(book),
        item_code=pl.col("item_kind").replace_strict(items, default=None, return_dtype=pl.String),
        item_amount_minor=pl.col("item_amount_minor").fill_null(0),
    )
    unknown = pl.col("item_kind").is_not_null() & pl.col("item_code").is_null()
    uncarried = pl.col("item_currency").ne_missing(book.currency) & pl.col("item_functional_minor").is_null()
    heads = _heads(book, parts, "settlement").with_columns(
        first_reason(
            (pl.col("line_functional_minor").is_null(), "no_rate", no_rate("line_id", book)),
            (pl.col("key").is_in(_keys(parts, unknown)), "account_unknown", pl.lit("no account is known for its item")),
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


def _transfers(book: Book, rows: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """Two entries a transfer: money out, Dr transit; money in, Cr transit. Said once or by each of its legs.

    Each leg is carried at the rate of its own day; what differs is a gain or loss on exchange.
    """
    mirrored = rows.with_columns(
        amount_minor=-pl.col("amount_minor"),
        line_id="other_line_id",
        other_line_id="line_id",
        line_on=pl.col("other_line_on"),
        line_functional_minor=-pl.col("line_functional_minor"),
    )
    told = rows.with_columns(line_on=pl.lit(None, pl.Date))
    legs = pl.concat([told, mirrored.select(told.columns)]).unique(
        ["match_id", "line_id"], keep="first", maintain_order=True
    )
    priced = functional(legs, rates, book.currency, currency="line_currency", on="line_on", into="priced_minor")
    both = priced.with_columns(carried=pl.coalesce("priced_minor", "line_functional_minor"))
    sides = [
        _heads(book, both.filter(pl.col("amount_minor") < 0), "transfer out"),
        _heads(book, both.filter(pl.col("amount_minor") > 0), "transfer in"),
    ]
    missing = pl.col("carried").is_null()
    out, into = (side.with_columns(first_reason((missing, "no_rate", no_rate("line_id", book)))) for side in sides)
    sent = out.select("match_id", sent="carried")
    return together([_leg_out(book, out), _leg_in(book, into.join(sent, on="match_id", how="left"))])


def _leg_out(book: Book, rows: pl.DataFrame) -> Postings:
    heads, held = parted(rows)
    amount, carried = pl.col("amount_minor"), pl.col("carried")
    transit = pl.lit(role_code(book, "transfers_in_transit"))
    waiting = unidentified(book, amount)
    posted = assembled(
        book, heads, [leg(heads, 0, transit, -amount, -carried), leg(heads, 1, waiting, amount, carried)]
    )
    return together([posted, Postings(posted.entries.clear(), held)])


def _leg_in(book: Book, rows: pl.DataFrame) -> Postings:
    heads, held = parted(rows)
    amount, carried, sent = pl.col("amount_minor"), pl.col("carried"), pl.col("sent")
    gained = -(carried + sent)
    own = pl.col("currency") == book.currency  # an entry in the book's currency says everything in its amounts
    transit, fx = pl.lit(role_code(book, "transfers_in_transit")), pl.lit(role_code(book, "fx"))
    waiting = unidentified(book, amount)
    posted = assembled(
        book,
        heads,
        [
            leg(heads, 0, waiting, amount, carried),
            leg(heads, 1, transit, pl.when(own).then(sent).otherwise(-amount), sent),
            leg(heads, 2, fx, pl.when(own).then(gained).otherwise(0), gained),
        ],
    )
    return together([posted, Postings(posted.entries.clear(), held)])


def _heads(book: Book, rows: pl.DataFrame, purpose: str) -> pl.DataFrame:
    """One head a match; what it settles together, and its first line as evidence."""
    carried = [pl.col("carried").sum()] if "carried" in rows.columns else []
    return (
        rows.group_by("match_id", maintain_order=True)
        .agg(
            pl.col("rule", "matched_on", "line_id", "evidence_hash", "line_functional_minor").first(),
            *carried,
            currency=pl.col("line_currency").first(),
            currencies=pl.col("line_currency").n_unique(),
            amount_minor=pl.col("amount_minor").sum(),
        )
        .with_columns(
            key=pl.col("match_id"),
            book=pl.lit(book.id),
            source=pl.lit("match"),
            source_id=pl.col("match_id"),
            purpose=pl.lit(purpose),
            effective_on=pl.col("matched_on"),
            accounting_on=not_before(book, "matched_on"),
            evidence_id=pl.col("line_id"),
            description=pl.format(f"Match by {{}}: {purpose}", pl.col("rule").str.replace_all("_", " ", literal=True)),
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
