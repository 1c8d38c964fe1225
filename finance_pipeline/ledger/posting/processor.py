"""A card processor's balance, by its own movements, each on its own day.

Clearing moves by the net of every movement, so that it equals the processor's available plus pending balance each day.
A charge is never revenue: the invoice is. Without an invoice it waits in unapplied card receipts.
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
    keyed,
    leg,
    no_rate,
    not_before,
    nothing,
    parted,
    together,
)
from finance_pipeline.ledger.rates import functional

_ROLE_OF_KIND = {
    "charge": "unapplied_card_receipts",
    "refund": "refunds_awaiting_credit_note",
    "fee": "processor_fees",
    "dispute": "disputes_receivable",
    "dispute_reversal": "disputes_receivable",
    "dispute_lost": "disputes_receivable",
    "payout": "payouts_in_transit",
    "payout_failure": "payouts_in_transit",
}
KINDS = (*_ROLE_OF_KIND, "adjustment")
_DISPUTES = ("dispute", "dispute_reversal")


def processor_movements(book: Book, payments: pl.DataFrame, rates: pl.DataFrame) -> Postings:
    """Clearing against what the movement is, and the fee kept out of it (worked examples: processor, dispute).

    payments: schemas.PAYMENTS. A lost dispute moves no balance: Dr chargeback loss, Cr disputes receivable.
    """
    codes = {kind: role_code(book, role) for kind, role in _ROLE_OF_KIND.items()}
    dispute_fees, fees = role_code(book, "dispute_fees"), role_code(book, "processor_fees")
    rows = keyed(payments.filter(pl.col("kind").is_in(KINDS)))
    if rows.is_empty():
        return nothing()
    for amount, into in (("amount_minor", "amount_functional"), ("fee_minor", "fee_functional")):
        rows = functional(rows, rates, book, amount=amount, on="occurred_on", into=into)
    rows = rows.with_columns(
        purpose=pl.col("kind"),
        effective_on=pl.col("occurred_on"),
        accounting_on=not_before(book, "occurred_on"),
        rule=pl.format("processor_{}", "kind"),
        description=pl.format(
            "{}{}",
            pl.col("kind").str.replace_all("_", " ", literal=True).str.to_titlecase(),
            pl.when(pl.col("party_name").is_not_null()).then(pl.format(" {}", "party_name")).otherwise(pl.lit("")),
        ),
        code=pl.when(pl.col("kind") == "adjustment")
        .then(unidentified(book, pl.col("amount_minor")))
        .otherwise(pl.col("kind").replace_strict(codes, default=None, return_dtype=pl.String)),
        fee_code=pl.when(pl.col("kind").is_in(_DISPUTES)).then(pl.lit(dispute_fees)).otherwise(pl.lit(fees)),
    )
    missing = pl.col("amount_functional").is_null() | pl.col("fee_functional").is_null()
    heads, held = parted(rows.with_columns(first_reason((missing, "no_rate", no_rate("occurred_on", book)))))
    lost = pl.col("kind") == "dispute_lost"
    posted = together(
        [_moves(book, heads.filter(~lost)), _losses(book, heads.filter(lost))],
    )
    return together([posted, Postings(posted.entries.clear(), held)])


def _moves(book: Book, heads: pl.DataFrame) -> Postings:
    """Clearing takes what is left of the gross after the fee, in both currencies."""
    gross, fee = pl.col("amount_minor"), pl.col("fee_minor")
    carried, carried_fee = pl.col("amount_functional"), pl.col("fee_functional")
    clearing = pl.lit(role_code(book, "processor_clearing"))
    return assembled(
        book,
        heads,
        [
            leg(heads, 0, clearing, pl.col("net_minor"), carried - carried_fee),
            leg(heads, 1, pl.col("fee_code"), fee, carried_fee),
            leg(heads, 2, pl.col("code"), -gross, -carried),
        ],
    )


def _losses(book: Book, heads: pl.DataFrame) -> Postings:
    amount, carried = pl.col("amount_minor").abs(), pl.col("amount_functional").abs()
    loss = pl.lit(role_code(book, "chargeback_loss"))
    return assembled(
        book, heads, [leg(heads, 0, loss, amount, carried), leg(heads, 1, pl.col("code"), -amount, -carried)]
    )
