"""The canonical tables: what a bank line, an invoice, a payment is, whatever system said it.

Every table is versioned in PostgreSQL (canonical.<name>): a changed source record adds a version. Signs: positive is
money into the account, or owed to us; negative is money out, or owed by us. Amounts are integer minor units.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.tables import Column, Table

_RECORD = (
    Column("record_id", pl.String, "Id for ever: book/source/kind/source id."),
    Column("book", pl.String, "Legal entity that the record belongs to."),
    Column("month", pl.String, "Accounting month (YYYY-MM) of the record's own date."),
)
_EVIDENCE = (
    Column("removed", pl.Boolean, "True once the source says that the record no longer exists (a tombstone)."),
    Column("source", pl.String, "System that said it: plaid, stripe, xero, camt053, ecb."),
    Column("content_hash", pl.String, "SHA-256 of the landed source record that this version was mapped from."),
)

BANK_TRANSACTIONS = Table(
    "bank_transaction",
    "One row per version of a bank line.",
    (
        *_RECORD,
        Column("bank_account", pl.String, "Bank account of the book (settings id)."),
        Column("currency", pl.String, "Currency of the account (ISO 4217)."),
        Column("amount_minor", pl.Int64, "Minor units; positive is money into the account."),
        Column("booked_on", pl.Date, "Booking date as the bank states it: the effective date."),
        Column("value_on", pl.Date, "Value date.", nullable=True),
        Column("status", pl.String, "booked or pending; pending lines never post.", one_of=("booked", "pending")),
        Column("counterparty_name", pl.String, "Other party as printed.", nullable=True),
        Column("counterparty_account", pl.String, "Other party's IBAN or account number.", nullable=True),
        Column("memo", pl.String, "Remittance text as printed.", nullable=True),
        Column("end_to_end_id", pl.String, "End-to-end id of the payment instruction.", nullable=True),
        Column("bank_reference", pl.String, "The bank's own reference of the line.", nullable=True),
        Column("transaction_code", pl.String, "The bank's transaction code or category.", nullable=True),
        Column("original_amount_minor", pl.Int64, "Amount before the bank's conversion.", nullable=True),
        Column("original_currency", pl.String, "Currency before the bank's conversion.", nullable=True),
        Column("detail_count", pl.Int32, "Transactions inside a batch entry; 1 for an ordinary line."),
        *_EVIDENCE,
    ),
    key=("record_id",),
)

INVOICES = Table(
    "invoice",
    "One row per version of a customer invoice, supplier bill or credit note.",
    (
        *_RECORD,
        Column(
            "kind",
            pl.String,
            "invoice and supplier_credit are owed to us, bill and credit_note by us. Of a signed opening alone: "
            "supplier_on_account is owed to us, customer_on_account by us.",
            one_of=(
                "invoice",
                "bill",
                "credit_note",
                "supplier_credit",
                "customer_on_account",
                "supplier_on_account",
            ),
        ),
        Column("number", pl.String, "Document number as printed.", nullable=True),
        Column("references", pl.List(pl.String), "Other texts by which payers name it."),
        Column("party_id", pl.String, "record_id of the customer or supplier."),
        Column("party_name", pl.String, "Name of the customer or supplier."),
        Column("currency", pl.String, "Document currency (ISO 4217)."),
        Column("total_minor", pl.Int64, "Document total with tax, in the document currency, signed: + owed to us."),
        Column("tax_minor", pl.Int64, "Tax inside the total, same sign."),
        Column("functional_minor", pl.Int64, "Total in the book's currency at the document's own rate, same sign."),
        Column("line_accounts", pl.List(pl.String), "Account codes of the accounting system, one per group of lines."),
        Column("line_nets_minor", pl.List(pl.Int64), "Net of each group; they add to the total less tax."),
        Column("issued_on", pl.Date, "Document date: the effective date."),
        Column("due_on", pl.Date, "Due date.", nullable=True),
        Column("status", pl.String, "Only authorised documents post.", one_of=("authorised", "draft", "void")),
        *_EVIDENCE,
    ),
    key=("record_id",),
)

PAYMENTS = Table(
    "payment",
    "One row per version of a movement on a processor's balance, or of a payment recorded in the accounting system.",
    (
        *_RECORD,
        Column(
            "kind",
            pl.String,
            "charge, refund, fee, dispute, dispute_reversal, dispute_lost, payout, payout_failure, adjustment: on a "
            "processor's balance. recorded_receipt, recorded_payment: recorded in the accounting system. allocation: "
            "of a credit to a document.",
            one_of=(
                "charge",
                "refund",
                "fee",
                "dispute",
                "dispute_reversal",
                "dispute_lost",
                "payout",
                "payout_failure",
                "adjustment",
                "recorded_receipt",
                "recorded_payment",
                "allocation",
            ),
        ),
        Column("account", pl.String, "Processor account, or the bank account it is recorded on.", nullable=True),
        Column("currency", pl.String, "Settlement currency (ISO 4217)."),
        Column(
            "amount_minor",
            pl.Int64,
            "Gross; + raises the balance or is received, - lowers it or is paid. Of an allocation what it settles of "
            "the document.",
        ),
        Column("fee_minor", pl.Int64, "Fee kept by the processor; positive lowers the balance."),
        Column("net_minor", pl.Int64, "amount less fee: the movement of the balance."),
        Column("occurred_on", pl.Date, "Day it happened in the book's time zone: the effective date."),
        Column("available_on", pl.Date, "Day it is available, for a payout the expected arrival.", nullable=True),
        Column(
            "party_name",
            pl.String,
            "Payer or payee as the source states it; the name of party_id counts before it.",
            nullable=True,
        ),
        Column("references", pl.List(pl.String), "Ids and document numbers stated for it, in structured fields."),
        Column("payout_id", pl.String, "record_id of the payout that carries it to the bank.", nullable=True),
        Column("settles", pl.String, "record_id of the invoice it settles, where the source says so.", nullable=True),
        Column("settled_minor", pl.Int64, "Part of that invoice settled, in its currency, signed.", nullable=True),
        Column("status", pl.String, "State in the source's own words."),
        Column(
            "side",
            pl.String,
            "Whose account it stands on, where it names no document: customer or supplier.",
            nullable=True,
            one_of=("customer", "supplier"),
        ),
        Column(
            "credit",
            pl.String,
            "Of an allocation: the item that it takes from, a credit note or what a payment left on account.",
            nullable=True,
        ),
        Column("party_id", pl.String, "record_id of the party, where the processor names its customer.", nullable=True),
        *_EVIDENCE,
    ),
    key=("record_id",),
)

BALANCES = Table(
    "balance",
    "One row per version of a balance that a bank or processor stated for one account at one time.",
    (
        *_RECORD,
        Column("account", pl.String, "Bank or processor account (settings id)."),
        Column("currency", pl.String, "Currency of the account (ISO 4217)."),
        Column(
            "kind",
            pl.String,
            "opening and closing: of a bank statement. processor: available plus pending. feed: current, of a feed.",
            one_of=("opening", "closing", "processor", "feed"),
        ),
        Column("balance_minor", pl.Int64, "Minor units; positive is ours."),
        Column("balance_on", pl.Date, "Day of the balance in the book's time zone; opening: before its lines."),
        Column("stated_at", pl.Datetime("us", "UTC"), "Moment it was stated for.", nullable=True),
        Column("statement_id", pl.String, "Statement that states it.", nullable=True),
        *_EVIDENCE,
    ),
    key=("record_id",),
)

PARTIES = Table(
    "party",
    "One row per version of a customer or supplier.",
    (
        *_RECORD,
        Column("name", pl.String, "Name in the accounting system, or at the processor whose customer it is."),
        Column("account_numbers", pl.List(pl.String), "Bank accounts it pays from or is paid to."),
        *_EVIDENCE,
    ),
    key=("record_id",),
)

FX_RATES = Table(
    "fx_rate",
    "One row per currency and day with a published reference rate.",
    (
        Column("rate_on", pl.Date, "Day of publication."),
        Column("currency", pl.String, "Currency quoted (ISO 4217)."),
        Column("per_eur", pl.Decimal(18, 10), "Units of the currency for one euro."),
        Column("source", pl.String, "Who published it."),
        Column("content_hash", pl.String, "SHA-256 of the landed file."),
    ),
    key=("rate_on", "currency"),
)

RECORDS = {table.name: table for table in (BANK_TRANSACTIONS, INVOICES, PAYMENTS, BALANCES, PARTIES)}
