"""What the engine reads and writes: one Table per frame, as promised to anyone who runs it on files.

Here: grain, columns, meaning. Not here: how anything is matched. Signs: on a line, positive is money into the account;
on an item, positive is owed to us. Amounts are integer minor units of the currency beside them.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.core.tables import Column, DoesNotFit, Table
from finance_pipeline.matching import places

_BOOK = Column("book", pl.String, "Legal entity; nothing is ever matched across two.")

BANK_LINES = Table(
    "bank_lines",
    "One row per line of a bank account, or movement on a processor's balance.",
    (
        Column("line_id", pl.String, "Id of the line."),
        _BOOK,
        Column("account_id", pl.String, "Account of ours that it moved."),
        Column("currency", pl.String, "Currency of the account (ISO 4217)."),
        Column("amount_minor", pl.Int64, "Minor units; positive is money into the account."),
        Column("booked_on", pl.Date, "Booking date."),
        Column("value_on", pl.Date, "Value date.", nullable=True),
        Column(
            "status",
            pl.String,
            "booked (also when null) or pending; pending lines settle nothing.",
            nullable=True,
            one_of=("booked", "pending"),
        ),
        Column("kind", pl.String, "bank (also when null), charge or refund on a processor's balance.", nullable=True),
        Column("counterparty_name", pl.String, "Other party as printed.", nullable=True),
        Column("counterparty_account", pl.String, "Other party's account number.", nullable=True),
        Column("memo", pl.String, "Remittance text as printed.", nullable=True),
        Column(
            "end_to_end_id", pl.String, "End-to-end id, or the document number stated with a charge.", nullable=True
        ),
        Column("bank_reference", pl.String, "The bank's own or a structured reference.", nullable=True),
        Column("transaction_code", pl.String, "The bank's code or category.", nullable=True),
        Column("original_amount_minor", pl.Int64, "Amount before the bank's conversion.", nullable=True),
        Column("original_currency", pl.String, "Currency before the bank's conversion.", nullable=True),
    ),
    key=("line_id",),
)

OPEN_ITEMS = Table(
    "open_items",
    "One row per thing that money is expected for: a document, a payout under way, a payment recorded elsewhere.",
    (
        Column("item_id", pl.String, "Id of the item."),
        _BOOK,
        Column("kind", pl.String, "invoice, bill, credit_note, payout, recorded_receipt, recorded_payment, ..."),
        Column("currency", pl.String, "Currency of the item (ISO 4217)."),
        Column("amount_minor", pl.Int64, "Open amount before the standing matches given beside; + is owed to us."),
        Column("net_minor", pl.Int64, "What reaches the bank when a processor keeps a fee.", nullable=True),
        Column("issued_on", pl.Date, "Document date, or the day it was recorded."),
        Column("due_on", pl.Date, "Due date.", nullable=True),
        Column("available_on", pl.Date, "For a payout: expected arrival.", nullable=True),
        Column("party_id", pl.String, "Customer or supplier.", nullable=True),
        Column("party_name", pl.String, "Name of the customer or supplier.", nullable=True),
        Column("number", pl.String, "Document number as printed.", nullable=True),
        Column("references", pl.List(pl.String), "Other texts by which a payer or bank names it.", nullable=True),
        Column("group_id", pl.String, "Payout or payment run that carries it.", nullable=True),
        Column("group_kind", pl.String, "payout or payment_run.", nullable=True),
        Column("processor_account", pl.String, "Processor account that it comes from.", nullable=True),
        Column("account", pl.String, "Account of ours on which it was recorded.", nullable=True),
        Column(
            "alike",
            pl.String,
            "Tax, terms and accounts as one text: where the policy says oldest first, items with the same are equal.",
            nullable=True,
        ),
        Column("discount_percent", pl.Decimal(9, 4), "Early-payment discount, in per cent.", nullable=True),
        Column("discount_until", pl.Date, "Last day on which that discount may be taken.", nullable=True),
        Column(
            "status",
            pl.String,
            "open (also when null) or settled; settled items are left out.",
            nullable=True,
            one_of=("open", "settled"),
        ),
    ),
    key=("item_id",),
)

PARTIES = Table(
    "parties",
    "One row per customer or supplier.",
    (
        Column("party_id", pl.String, "Id of the party."),
        Column("name", pl.String, "Name."),
        Column("book", pl.String, "Legal entity that knows it; null: all of them.", nullable=True),
        Column("role", pl.String, "customer, supplier or both.", nullable=True),
        Column("aliases", pl.List(pl.String), "Other names that banks print.", nullable=True),
        Column("account_numbers", pl.List(pl.String), "Accounts it pays from or is paid to.", nullable=True),
        Column("currency", pl.String, "Usual currency.", nullable=True),
        Column("terms_days", pl.Int64, "Days from invoice to due date.", nullable=True),
    ),
    key=("party_id",),
)

REMITTANCES = Table(
    "remittances",
    "One row per line of an advice that came apart from the money: what a payment of total_minor pays.",
    (
        Column("remittance_id", pl.String, "Id of the advice; its rows share it."),
        Column("received_on", pl.Date, "Day the advice came."),
        Column("payer_name", pl.String, "Who pays, as the advice says.", nullable=True),
        Column("currency", pl.String, "Currency of the advice (ISO 4217)."),
        Column("total_minor", pl.Int64, "Minor units of the whole payment; positive is money into our account."),
        Column("line_reference", pl.String, "Document number as the advice prints it."),
        Column("line_minor", pl.Int64, "Minor units that it pays of that document, signed like the total."),
    ),
)

FX_RATES = Table(
    "fx_rates",
    "One row per currency and day with a published reference rate.",
    (
        Column("date", pl.Date, "Day of publication."),
        Column("currency", pl.String, "Currency quoted (ISO 4217)."),
        Column("per_eur", pl.Decimal(18, 10), "Units of the currency for one euro."),
    ),
    key=("date", "currency"),
)

STANDING = Table(
    "standing",
    "One row per allocation of a match that stands.",
    (
        Column("match_id", pl.String, "Id of the match."),
        Column("tier", pl.Int16, "Its evidence; a lower tier's items may be taken by tiers 0 and 1."),
        Column("line_id", pl.String, "Line that it holds."),
        Column("item_id", pl.String, "Item that it holds.", nullable=True),
        Column("other_line_id", pl.String, "Other line that it holds.", nullable=True),
        Column("item_amount_minor", pl.Int64, "Part of the item that it settles, signed like the item.", nullable=True),
    ),
)

DECISIONS = Table(
    "decisions",
    "One row per decision of a person about a line and an item, another line or an account.",
    (
        Column("line_id", pl.String, "Line decided on."),
        Column("item_id", pl.String, "Item, or other line, decided on.", nullable=True),
        Column("account_code", pl.String, "Account decided on, where it is neither.", nullable=True),
        Column("verdict", pl.String, "confirm or decline.", one_of=("confirm", "decline")),
        Column(
            "difference",
            pl.String,
            "What the line is apart from the items is: open (also when null: a part payment, or on account).",
            nullable=True,
            one_of=("open", "discount", "fee", "write_off"),
        ),
        Column("decided_by", pl.String, "Who.", nullable=True),
        Column("decided_at", pl.String, "When.", nullable=True),
    ),
)

MATCHES = Table(
    "matches",
    "One row per match; its allocations say which lines and items.",
    (
        Column("match_id", pl.String, "Digest of what it says."),
        _BOOK,
        Column(
            "tier",
            pl.Int16,
            "Its evidence: 0 identity, 1 reference, 2 party and amount, 3 sum, 4 tolerance, 5 transfer, 6 rule.",
        ),
        Column("rule", pl.String, "Rule that found it."),
        Column("rule_version", pl.String, "Version of the engine's rules."),
        Column("status", pl.String, "accepted.", one_of=("accepted",)),
        Column("confidence", pl.String, "In a word: confirmed, certain, documented, proven, inferred, by rule."),
    ),
    key=("match_id",),
)

ALLOCATIONS = Table(
    "allocations",
    "One row per part of a line that settles part of an item, or meets another line. A line's parts add to it.",
    (
        Column("match_id", pl.String, "Match that it belongs to."),
        Column("line_id", pl.String, "Line."),
        Column("item_id", pl.String, "Item, if it settles one.", nullable=True),
        Column(
            "other_line_id",
            pl.String,
            "Other line: a transfer's other leg, a repeated line, a pending line that was posted, what came back.",
            nullable=True,
        ),
        Column("account_code", pl.String, "Account that a coding rule names.", nullable=True),
        Column("amount_minor", pl.Int64, "Minor units of the line's currency, signed like the line."),
        Column("currency", pl.String, "Currency of the line."),
        Column(
            "item_amount_minor", pl.Int64, "Minor units of the item's currency, signed like the item.", nullable=True
        ),
        Column("item_currency", pl.String, "Currency of the item.", nullable=True),
        Column("role", pl.String, "As what.", one_of=("principal", "fee", "discount", "write_off", "fx", "residual")),
    ),
)

RETRACTIONS = Table(
    "retractions",
    "One row per standing match that stronger evidence took an item from.",
    (Column("match_id", pl.String, "The standing match."), Column("reason", pl.String, "Why it no longer stands.")),
    key=("match_id",),
)

REASONS = (
    "no_document_expected",
    "several_solutions",
    "amount_differs",
    "long_after_due",
    "already_settled",
    "discount_late",
    "could_be_chance",
    "too_many_items",
    "beyond_autonomy",
    "beyond_limits",
    "declined",
    "pending",
    "amount_zero",
    "reference_unknown",
    "party_known_no_item",
    "nothing_found",
)

EXCEPTIONS = Table(
    "exceptions",
    "One row per booked line without a match.",
    (
        Column("line_id", pl.String, "The line."),
        Column("reason", pl.String, "Reason code.", one_of=REASONS),
        Column("words", pl.String, "The reason for a bookkeeper."),
        Column("suggestions", pl.String, "JSON list, best first: {items: [ids], why: text}."),
    ),
    key=("line_id",),
)

EXPLANATIONS = Table(
    "explanations",
    "One row per match.",
    (
        Column("match_id", pl.String, "The match."),
        Column("words", pl.String, "Why, for a bookkeeper."),
        Column("evidence", pl.String, "JSON: what it rests on."),
    ),
    key=("match_id",),
)

_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64)


def conformed(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with this table's columns, missing optional ones as null, others dropped, sorted by key.

    Raises what `shaped` raises, and DoesNotFit for a key that stands twice.
    """
    if frame.is_empty() and frame.schema == table.schema:
        return frame
    return places.with_nothing(_ordered(shaped(table, frame), table), table.schema)


def shaped(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame's columns of this table, in its order and types; rows as they are.

    Raises DoesNotFit for a missing column, a wrong type (a float is never money), a null where none may be, or a value
    that is not allowed.
    """
    missing = [c.name for c in table.columns if not c.nullable and c.name not in frame.columns]
    if missing:
        raise DoesNotFit(f"column {missing[0]!r} is missing.", where=table.name)
    present = [column for column in table.columns if column.name in frame.columns]
    fitted = frame.select(_fitted(column, frame[column.name].dtype, table) for column in present)
    for column in present:
        if not column.nullable and fitted[column.name].null_count():
            raise DoesNotFit(f"{column.name} is empty in {fitted[column.name].null_count()} rows.", where=table.name)
        if column.one_of and not fitted[column.name].is_in(list(column.one_of)).all():
            raise DoesNotFit(f"{column.name} is none of {', '.join(column.one_of)}.", where=table.name)
    return fitted


def apart(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, `shaped`, rows as they are. Raises DoesNotFit where a key (of one column) stands twice.

    Hashes tell texts apart in a tenth of the time that sorting takes; where two are the same, texts are compared.
    """
    if frame[table.key[0]].hash().n_unique() < frame.height:
        _ordered(frame, table)
    return frame


def _ordered(shaped: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The frame sorted by the table's key, if it has one. Raises DoesNotFit for a key that stands twice."""
    if not table.key:
        return shaped
    ordered = shaped.sort(table.key)
    repeats = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in table.key)
    twice = ordered.filter(repeats.fill_null(False))
    if twice.height:
        raise DoesNotFit(f"{table.key[0]} {twice[table.key[0]][0]!r} stands more than once.", where=table.name)
    return ordered


def _fitted(column: Column, found: pl.DataType, table: Table) -> pl.Expr:
    """The column, widened where that loses nothing."""
    widens = column.dtype in _INTEGERS and found in _INTEGERS
    if found != column.dtype and not widens and found not in (pl.Null, pl.List(pl.Null)):
        raise DoesNotFit(f"{column.name} is {found}, and has to be {column.dtype}.", where=table.name)
    return pl.col(column.name).cast(column.dtype)
