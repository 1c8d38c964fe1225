"""The frames of the ledger: what the posting rules read of matches, and what they give."""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.tables import Column, Table

SETTLEMENTS = Table(
    "settlement",
    "One row per allocation of a standing match, with what both sides are carried at in the book's currency.",
    (
        Column("match_id", pl.String, "Match."),
        Column("rule", pl.String, "Rule that accepted it."),
        Column("matched_on", pl.Date, "Day both sides were known: effective and accounting date."),
        Column("line_id", pl.String, "Line that settles."),
        Column("line_kind", pl.String, "What the line is.", one_of=("bank", "charge", "refund")),
        Column("line_account", pl.String, "Account of ours that it moved.", nullable=True),
        Column("line_on", pl.Date, "Day of the line."),
        Column("line_currency", pl.String, "Currency of the line (ISO 4217)."),
        Column("line_amount_minor", pl.Int64, "The whole line; + is money in."),
        Column("line_functional_minor", pl.Int64, "What the line is carried at; null without a rate.", nullable=True),
        Column("amount_minor", pl.Int64, "Part of the line allocated here, in its currency."),
        Column(
            "role",
            pl.String,
            "As what; a residual is on account.",
            one_of=("principal", "fee", "discount", "write_off", "fx", "residual"),
        ),
        Column(
            "relation",
            pl.String,
            "What the part has to do with another line, or that it opens its item; null where it settles.",
            nullable=True,
            one_of=("transfer", "netted", "returned", "duplicate", "on_account"),
        ),
        Column("item_kind", pl.String, "What it settles or opens.", nullable=True),
        Column("item_currency", pl.String, "Currency of the item.", nullable=True),
        Column("item_total_minor", pl.Int64, "The whole item, signed.", nullable=True),
        Column("item_tax_minor", pl.Int64, "Tax inside that, same sign; null where it is not known.", nullable=True),
        Column("item_amount_minor", pl.Int64, "Part of the item settled, signed like the item.", nullable=True),
        Column("item_functional_minor", pl.Int64, "Carrying amount settled, signed like the item.", nullable=True),
        Column("other_line_id", pl.String, "Other line that it is about.", nullable=True),
        Column("other_line_on", pl.Date, "Day of that line, whose rate it is carried at.", nullable=True),
        Column("other_line_currency", pl.String, "Currency of that line.", nullable=True),
        Column("other_line_amount_minor", pl.Int64, "The whole of that line.", nullable=True),
        Column("other_amount_minor", pl.Int64, "Part of that line met here, signed like it.", nullable=True),
        Column("other_evidence_hash", pl.String, "SHA-256 of the landed record of that line.", nullable=True),
        Column("account_code", pl.String, "Account that the part is coded to.", nullable=True),
        Column("evidence_hash", pl.String, "SHA-256 of the landed record of the line."),
    ),
)

SETTLED_ITEMS = Table(
    "settled_item",
    "One row per item that recorded payments and allocations settle: a document, or what a payment left on account.",
    (
        Column("item_id", pl.String, "Item."),
        Column("kind", pl.String, "What it is: invoice, bill, credit_note, customer_on_account, ..."),
        Column("number", pl.String, "Number as printed.", nullable=True),
        Column("currency", pl.String, "Currency of the item (ISO 4217)."),
        Column("open_minor", pl.Int64, "What is open of it before they settle it, signed like the item."),
        Column("open_functional_minor", pl.Int64, "What that is carried at in the book's currency."),
    ),
    key=("item_id",),
)

ENTRIES = Table(
    "entry",
    "One row per entry that should stand.",
    (
        Column("book", pl.String, "Legal entity."),
        Column("source", pl.String, "System whose record it posts; match for a match, opening for a bank's opening."),
        Column("source_id", pl.String, "Record or match that it posts."),
        Column("purpose", pl.String, "What it posts of it."),
        Column("effective_on", pl.Date, "Day it happened."),
        Column("accounting_on", pl.Date, "Its own accounting date: the effective day, not before the book starts."),
        Column("currency", pl.String, "Currency of the amounts (ISO 4217)."),
        Column("description", pl.String, "In words."),
        Column("accounts", pl.List(pl.String), "Account codes, one a line."),
        Column("amounts", pl.List(pl.Int64), "Minor units, + debit; they add to zero."),
        Column(
            "functional_amounts",
            pl.List(pl.Int64),
            "The same in the book's currency; null where it is the currency.",
            nullable=True,
        ),
        Column("evidence_id", pl.String, "Record that proves it."),
        Column("evidence_hash", pl.String, "SHA-256 of the landed source record."),
        Column("match_id", pl.String, "Match that caused it.", nullable=True),
        Column("rule", pl.String, "Posting or matching rule."),
    ),
    key=("book", "source", "source_id", "purpose"),
)

HELD = Table(
    "held",
    "One row per entry that cannot be posted, with the reason. Nothing is guessed for it; the others go on.",
    (
        Column("book", pl.String, "Legal entity."),
        Column("source", pl.String, "System whose record it is."),
        Column("source_id", pl.String, "Record or match."),
        Column("purpose", pl.String, "What would have been posted of it."),
        Column("effective_on", pl.Date, "Day it happened."),
        Column("currency", pl.String, "Currency of the amount."),
        Column("amount_minor", pl.Int64, "Amount that waits, in minor units, signed as the source has it."),
        Column(
            "reason",
            pl.String,
            "Code of the reason.",
            one_of=("account_not_mapped", "account_unknown", "no_rate", "document_unknown", "does_not_add_up"),
        ),
        Column("words", pl.String, "The reason in words, naming what to change."),
    ),
    key=("book", "source", "source_id", "purpose"),
)

OPENING = Table(
    "opening",
    "One row per balance of a signed opening, and per item of it that is no document.",
    (
        Column("subject", pl.String, "Account and currency, or record id of the item."),
        Column("code", pl.String, "Account of a balance; null for an item.", nullable=True),
        Column("kind", pl.String, "payout, recorded_receipt, recorded_payment; null for a balance.", nullable=True),
        Column("currency", pl.String, "Currency of the amount (ISO 4217)."),
        Column("amount_minor", pl.Int64, "+ debit."),
        Column("functional_minor", pl.Int64, "What it is carried at in the book's currency, + debit."),
        Column("evidence_hash", pl.String, "SHA-256 of the landed file that lists it."),
    ),
    key=("subject",),
)

JOURNAL_LINES = Table(
    "journal_line",
    "One row per line of an approved journal.",
    (
        Column("submission_id", pl.String, "Submission that brought it."),
        Column("ordinal", pl.Int32, "Row of the file."),
        Column("journal", pl.String, "Number of the journal."),
        Column("effective_on", pl.Date, "Day of the journal."),
        Column("reverses_on", pl.Date, "Day on which it takes itself back; null where it stands.", nullable=True),
        Column("code", pl.String, "Account."),
        Column("currency", pl.String, "Currency of the amount (ISO 4217)."),
        Column("amount_minor", pl.Int64, "+ debit."),
        Column("functional_minor", pl.Int64, "In the book's currency, + debit."),
        Column("description", pl.String, "In words."),
        Column("evidence_hash", pl.String, "SHA-256 of the landed file."),
    ),
    key=("submission_id", "ordinal"),
)
