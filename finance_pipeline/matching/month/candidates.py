"""Canonical records as the engine's lines and items.

A card processor's balance is an account of ours, so its charges and refunds are lines like those of a bank; documents,
payouts under way and payments recorded in the accounting system are items that lines settle.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.identity import ON_ACCOUNT_SUFFIX

LINE_SCHEMA = pl.Schema(
    {
        "line_id": pl.String(),
        "book": pl.String(),
        "kind": pl.String(),
        "account_id": pl.String(),
        "currency": pl.String(),
        "amount_minor": pl.Int64(),
        "booked_on": pl.Date(),
        "value_on": pl.Date(),
        "status": pl.String(),
        "counterparty_name": pl.String(),
        "counterparty_account": pl.String(),
        "memo": pl.String(),
        "end_to_end_id": pl.String(),
        "bank_reference": pl.String(),
        "transaction_code": pl.String(),
        "original_amount_minor": pl.Int64(),
        "original_currency": pl.String(),
        "functional_minor": pl.Int64(),
        "evidence_hash": pl.String(),
    }
)

ITEM_SCHEMA = pl.Schema(
    {
        "item_id": pl.String(),
        "book": pl.String(),
        "kind": pl.String(),
        "number": pl.String(),
        "references": pl.List(pl.String),
        "party_id": pl.String(),
        "party_name": pl.String(),
        "account": pl.String(),
        "currency": pl.String(),
        "total_minor": pl.Int64(),
        "tax_minor": pl.Int64(),
        "open_minor": pl.Int64(),
        "open_functional_minor": pl.Int64(),
        "issued_on": pl.Date(),
        "due_on": pl.Date(),
        "available_on": pl.Date(),
        "evidence_hash": pl.String(),
    }
)
ALIKE_SCHEMA = pl.Schema({"item_id": pl.String(), "alike": pl.String()})
RECORDED_KINDS = ("recorded_receipt", "recorded_payment")
LINE_KINDS = ("charge", "refund")
ALLOCATION = "allocation"


def lines(bank_transactions: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """One row per booked bank line, charge and refund (LINE_SCHEMA). Pending and removed lines are left out.

    Both frames carry functional_minor, the amount in the book's currency, null where no rate is known.
    """
    from_bank = (
        bank_transactions.filter(~pl.col("removed") & (pl.col("status") == "booked") & (pl.col("amount_minor") != 0))
        .rename({"record_id": "line_id", "bank_account": "account_id", "content_hash": "evidence_hash"})
        .with_columns(kind=pl.lit("bank"))
    )
    from_processor = (
        payments.filter(~pl.col("removed") & pl.col("kind").is_in(LINE_KINDS) & (pl.col("amount_minor") != 0))
        .rename(
            {
                "record_id": "line_id",
                "account": "account_id",
                "occurred_on": "booked_on",
                "party_name": "counterparty_name",
                "content_hash": "evidence_hash",
            }
        )
        .with_columns(
            status=pl.lit("booked"),
            end_to_end_id=pl.col("references").list.first(),
            memo=pl.col("references").list.join(" "),
        )
    )
    return pl.concat([_shaped(from_bank, LINE_SCHEMA), _shaped(from_processor, LINE_SCHEMA)])


def items(invoices: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """One row per authorised document, payout under way and payment recorded elsewhere (ITEM_SCHEMA), wholly open; and
    one per recorded payment that settles no document, of what its party has on account by it.

    payments carries functional_minor, the amount in the book's currency. A payout leaves the processor (negative
    there) and is expected at the bank (positive here); a failed one comes back as an item of the other sign.
    """
    documents = (
        invoices.filter(~pl.col("removed") & (pl.col("status") == "authorised") & (pl.col("total_minor") != 0))
        .rename({"record_id": "item_id", "content_hash": "evidence_hash"})
        .with_columns(open_minor=pl.col("total_minor"), open_functional_minor=pl.col("functional_minor"))
    )
    is_payout = pl.col("kind").is_in(("payout", "payout_failure"))
    sign = pl.when(is_payout).then(-1).otherwise(1)
    expected = (
        payments.filter(
            ~pl.col("removed") & (is_payout | pl.col("kind").is_in(RECORDED_KINDS)) & (pl.col("amount_minor") != 0)
        )
        .rename({"record_id": "item_id", "occurred_on": "issued_on", "content_hash": "evidence_hash"})
        .with_columns(
            kind=pl.when(is_payout).then(pl.lit("payout")).otherwise("kind"),
            number=pl.col("references").list.first(),
            total_minor=pl.col("amount_minor") * sign,
            open_minor=pl.col("amount_minor") * sign,
            open_functional_minor=pl.col("functional_minor") * sign,
        )
    )
    return pl.concat(_shaped(each, ITEM_SCHEMA) for each in (documents, expected, _on_account(expected)))


def alike(invoices: pl.DataFrame) -> pl.DataFrame:
    """One row per document of which all this is known (ALIKE_SCHEMA): tax, days until it is due and accounts, as one
    text. No source says of documents whether they are disputed."""
    days = (pl.col("due_on") - pl.col("issued_on")).dt.total_days()
    accounts = pl.col("line_accounts").list.sort().list.join(",", ignore_nulls=False)
    text = pl.format("tax {}, {} days, {}", "tax_minor", days, pl.when(accounts != "").then(accounts))
    return invoices.select(text.alias("alike"), item_id="record_id").select(ALIKE_SCHEMA.names()).drop_nulls()


def _on_account(expected: pl.DataFrame) -> pl.DataFrame:
    """What a customer paid stands with them with the other sign; so does what is given back of it."""
    negated = {name: -pl.col(name) for name in ("total_minor", "open_minor", "open_functional_minor")}
    return expected.filter(pl.col("settles").is_null() & pl.col("side").is_not_null()).with_columns(
        item_id=pl.format(f"{{}}{ON_ACCOUNT_SUFFIX}", "item_id"),
        kind=pl.format("{}_on_account", "side"),
        account=pl.lit(None, pl.String),
        **negated,
    )


def that_settle(payments: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Payments that count: those with a carrying amount (functional_minor), and the allocations of which both sides
    are known. No money moves with an allocation, so that it needs no rate: what it settles is carried at what it is.

    named: the items that they settle (ITEM_SCHEMA).
    """
    is_allocation = pl.col("kind") == ALLOCATION
    items = named.select("item_id", "currency")
    allocations = (
        payments.filter(is_allocation)
        .join(items, left_on=["settles", "currency"], right_on=["item_id", "currency"], how="semi")
        .join(items, left_on=["credit", "currency"], right_on=["item_id", "currency"], how="semi")
    )
    return pl.concat([payments.filter(~is_allocation, pl.col("functional_minor").is_not_null()), allocations])


def recorded_settlements(payments: pl.DataFrame) -> pl.DataFrame:
    """One row per item that payments recorded in the accounting system settle: item_id, settled_minor (its sign).

    An allocation settles two: the document, and with the other sign the credit that it takes from.
    """
    recorded = payments.filter(
        ~pl.col("removed") & pl.col("kind").is_in((*RECORDED_KINDS, ALLOCATION)) & pl.col("settles").is_not_null()
    )
    taken = recorded.filter(pl.col("credit").is_not_null()).select(
        item_id="credit", settled_minor=-pl.col("settled_minor")
    )
    return (
        pl.concat([recorded.select("settled_minor", item_id="settles").select(taken.columns), taken])
        .group_by("item_id")
        .agg(pl.col("settled_minor").sum())
        .sort("item_id")
    )


def _shaped(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """The frame with exactly these columns; what it lacks is null."""
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )
