"""The tables that the later stages publish: their columns as frames, as Dagster shows them, and as SQL comments."""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.tables import Column, Table

_BOOK_MONTH = (
    Column("book", pl.String, "Legal entity."),
    Column("month", pl.String, "Accounting month (YYYY-MM)."),
)

_TIERS = (
    "Kind of evidence: 0 identity, 1 reference, 2 party and amount, 3 proven sum, 4 within tolerance, 5 transfer, "
    "6 coding rule."
)

MATCHES = Table(
    "match",
    "One row per accepted match of lines with open items, or of a line with another line.",
    (
        *_BOOK_MONTH,
        Column("match_id", pl.String, "Hash of what it says."),
        Column("tier", pl.Int16, _TIERS),
        Column("rule", pl.String, "Rule that accepted it."),
        Column("rule_version", pl.String, "Version of the engine that applied the rule."),
        Column("confidence", pl.String, "Strength of the evidence, in words."),
        Column("matched_on", pl.Date, "Day on which both sides were known: accounting date of its entry."),
        Column("words", pl.String, "The explanation, as a bookkeeper would write it."),
    ),
)

EXCEPTIONS = Table(
    "exception",
    "One row per line that a person has to look at, with the reason.",
    (
        *_BOOK_MONTH,
        Column("line_id", pl.String, "Record id of the bank line or processor movement."),
        Column("booked_on", pl.Date, "Day it happened."),
        Column("account", pl.String, "Bank or processor account."),
        Column("currency", pl.String, "Currency of the account."),
        Column("amount_minor", pl.Int64, "Minor units; positive is money in."),
        Column("reason", pl.String, "Reason code."),
        Column("words", pl.String, "The reason in words."),
        Column("suggestions", pl.String, "Candidates, best first, as JSON."),
    ),
    key=("book", "month", "line_id"),
)

OPEN_ITEMS = Table(
    "open_item",
    "One row per item still open at a month's end; the next month starts from these.",
    (
        *_BOOK_MONTH,
        Column("item_id", pl.String, "Record id of the document, payout or recorded payment."),
        Column("kind", pl.String, "invoice, bill, credit_note, supplier_credit, payout, recorded_receipt, ..."),
        Column("number", pl.String, "Document number.", nullable=True),
        Column("references", pl.List(pl.String), "Other texts by which payers name it."),
        Column("party_id", pl.String, "Record id of the customer or supplier.", nullable=True),
        Column("party_name", pl.String, "Name of the customer or supplier.", nullable=True),
        Column("account", pl.String, "Processor or bank account it is expected on or from.", nullable=True),
        Column("currency", pl.String, "Currency of the item."),
        Column("total_minor", pl.Int64, "Original amount, + owed to us."),
        Column("tax_minor", pl.Int64, "Tax inside the total, same sign.", nullable=True),
        Column("open_minor", pl.Int64, "Amount still open, same sign."),
        Column("open_functional_minor", pl.Int64, "Carrying amount still open, in the book's currency."),
        Column("issued_on", pl.Date, "Day it came into being."),
        Column("due_on", pl.Date, "Due date.", nullable=True),
        Column("available_on", pl.Date, "Expected arrival.", nullable=True),
        Column("evidence_hash", pl.String, "SHA-256 of the landed source record."),
    ),
    key=("book", "month", "item_id"),
)

OPEN_LINES = Table(
    "open_line",
    "One row per line without a counterpart at a month's end; the next month starts from these.",
    (
        *_BOOK_MONTH,
        Column("line_id", pl.String, "Record id of the line."),
        Column("kind", pl.String, "bank, charge or refund."),
        Column("account", pl.String, "Bank or processor account."),
        Column("currency", pl.String, "Currency of the account."),
        Column("amount_minor", pl.Int64, "Minor units; positive is money in."),
        Column("booked_on", pl.Date, "Day it happened."),
    ),
    key=("book", "month", "line_id"),
)

JOURNAL_ENTRIES = Table(
    "entry",
    "One row per journal entry: balanced, immutable, numbered without gaps.",
    (
        Column("book", pl.String, "Legal entity."),
        Column("accounting_on", pl.Date, "Day that decides the period; the effective day while that period is open."),
        Column("effective_on", pl.Date, "Day it happened."),
        Column("currency", pl.String, "Currency of the amounts (ISO 4217)."),
        Column("source_id", pl.String, "Record or match that it posts."),
        Column("purpose", pl.String, "What it posts of it."),
        Column(
            "version",
            pl.Int32,
            "Counts changes of the same subject; a reversal has the negative version of what it reverses.",
        ),
        Column("accounts", pl.List(pl.String), "Account codes."),
        Column("amounts", pl.List(pl.Int64), "Minor units, + debit; they add to zero."),
        Column("functional_amounts", pl.List(pl.Int64), "The same in the book's currency.", nullable=True),
    ),
)

TRIAL_BALANCE = Table(
    "trial_balance",
    "One row per account of a book at a month's end, in the book's currency.",
    (
        *_BOOK_MONTH,
        Column("code", pl.String, "Account code."),
        Column("name", pl.String, "Account name."),
        Column("opening_minor", pl.Int64, "Balance before the month, + debit."),
        Column("debit_minor", pl.Int64, "Debits of the month."),
        Column("credit_minor", pl.Int64, "Credits of the month, positive."),
        Column("closing_minor", pl.Int64, "Balance at the month's end, + debit."),
    ),
)

CASH_POSITION = Table(
    "cash_position",
    "One row per bank or processor account at a month's end, or at the latest day of the open month.",
    (
        *_BOOK_MONTH,
        Column("account", pl.String, "Bank or processor account."),
        Column("kind", pl.String, "bank, processor or in_transit."),
        Column("currency", pl.String, "Currency of the account."),
        Column("balance_minor", pl.Int64, "Ledger balance by effective date, minor units of the account."),
        Column("functional_minor", pl.Int64, "Its carrying amount in the book's currency."),
        Column("balance_on", pl.Date, "Day of the balance."),
        Column("stated_minor", pl.Int64, "Latest balance that the bank or processor stated by then.", nullable=True),
        Column("stated_on", pl.Date, "Day of that balance.", nullable=True),
        Column("stated_by", pl.String, "Kind of that statement.", nullable=True),
        Column("oldest_source", pl.String, "Connection read least recently among those it rests on.", nullable=True),
        Column("read_at", pl.Datetime("us", "UTC"), "When that was: the freshness of the figure.", nullable=True),
        Column(
            "tied",
            pl.Boolean,
            "Whether the ledger agreed on the day of the stated balance; null where nobody states one.",
            nullable=True,
        ),
    ),
    key=("book", "month", "account", "kind"),
)

CLOSE_PACKAGE = Table(
    "close_package",
    "One row per file of the package of a closed month.",
    (
        *_BOOK_MONTH,
        Column("file", pl.String, "Name: a workbook, the same as a page, and in the folder beside them a manifest."),
        Column("sha256", pl.String, "SHA-256 of its bytes, as in the manifest."),
    ),
    key=("book", "month", "file"),
)

TIE_OUTS = Table(
    "tie_out",
    "One row per two figures that must be equal at the end of a day.",
    (
        *_BOOK_MONTH,
        Column("name", pl.String, "Which rule: bank_account_equals_statement, ..."),
        Column("subject", pl.String, "Account or control it is about."),
        Column("on_day", pl.Date, "End of which day."),
        Column("currency", pl.String, "Currency of both figures."),
        Column("left_words", pl.String, "What the first figure is."),
        Column("left_minor", pl.Int64, "First figure; null where it is not known.", nullable=True),
        Column("right_words", pl.String, "What the second figure is."),
        Column("right_minor", pl.Int64, "Second figure; null where it is not known.", nullable=True),
        Column("tied", pl.Boolean, "True where both are known and equal."),
        Column("words", pl.String, "What a difference means, or that there is none."),
    ),
    key=("book", "month", "name", "subject", "currency", "on_day"),
)

CLOSE_STEPS = Table(
    "close_step",
    "One row per step of the close of a book-month.",
    (
        *_BOOK_MONTH,
        Column("step", pl.String, "Which step."),
        Column("title", pl.String, "What is done then."),
        Column("state", pl.String, "done, open, waits (for other steps) or not_needed."),
        Column("words", pl.String, "What is, or what is missing."),
        Column("todo", pl.String, "What to do, preferably a command.", nullable=True),
    ),
)

DIFFERENCES = Table(
    "difference",
    "One row per record of a closed month that is not what was signed, or entry that rules would post otherwise; one"
    " that moved between two closed months is one difference, in the reports of both.",
    (
        *_BOOK_MONTH,
        Column("difference_id", pl.String, "By which a decision names it."),
        Column(
            "cause",
            pl.String,
            "late, changed or removed record; rule: no record, but rules, code, rates or what was learnt.",
            one_of=("late", "changed", "removed", "rule"),
        ),
        Column(
            "status",
            pl.String,
            "How it stands.",
            one_of=("waiting", "proposed", "late item", "adjusted", "dismissed"),
        ),
        Column("table_name", pl.String, "What kind of record."),
        Column("record_id", pl.String, "Record id."),
        Column("version", pl.Int32, "Version of the record that is known now."),
        Column("counted_version", pl.Int32, "Version that it is compared with; null of a late one.", nullable=True),
        Column("on_day", pl.Date, "Day it happened."),
        Column("currency", pl.String, "Currency of the record."),
        Column("stated_minor", pl.Int64, "Amount of the record, minor units.", nullable=True),
        Column("amount_minor", pl.Int64, "What is at stake, in the book's currency.", nullable=True),
        Column("what", pl.String, "The record, and what of it changed, in words."),
        Column("entries_added", pl.Int64, "Entries that the month would have more."),
        Column("entries_removed", pl.Int64, "Entries that it would not have."),
        Column("entries_changed", pl.Int64, "Entries that it would have otherwise."),
        Column("accounts", pl.String, "By how much which account's balance would be another, in the book's currency."),
        Column("actor", pl.String, "Who decided last.", nullable=True),
        Column("reason", pl.String, "Why.", nullable=True),
        Column("decided_at", pl.Datetime("us", "UTC"), "When.", nullable=True),
    ),
    key=("difference_id", "month"),
)
