"""Differences: records of a closed month that are not what was signed, and what each is about. Pure.

A difference is one record version: late (no version of it was signed), changed or removed. What nobody would post
before or after, such as a pending line, is none. Not here: what the entries would be (difference_entries).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from finance_pipeline.core.identity import digest
from finance_pipeline.core.money import exponent
from finance_pipeline.core.settings import Book
from finance_pipeline.core.tables import Table
from finance_pipeline.ledger.rates import functional

LATE, CHANGED, REMOVED, RULE = "late", "changed", "removed", "rule"
WAITING = "waiting"
STATUS_OF = {"let_in": "late item", "proposed": "proposed", "adjusted": "adjusted", "dismissed": "dismissed"}
"""Verdict of the last decision -> how the difference stands. Without one it is waiting."""
TO_DECIDE = (WAITING, "proposed")

CAUSES = pl.Schema(
    {
        "table_name": pl.String,
        "record_id": pl.String,
        "version": pl.Int32,
        "counted_version": pl.Int32,
        "signed_in": pl.String,
        "cause": pl.String,
        "on_day": pl.Date,
        "currency": pl.String,
        "stated_minor": pl.Int64,
        "amount_minor": pl.Int64,
        "what": pl.String,
    }
)
"""One row per difference. counted_version: what it is compared with, signed or let in since. signed_in: the closed
month that signed the record; null where none did. stated_minor: the record's amount now, or what it was where it is
gone, in its currency. amount_minor: what is at stake in the book's currency, for the limit; null where no rate says
so."""

_DAY = {"bank_transaction": "booked_on", "invoice": "issued_on", "payment": "occurred_on"}
_AMOUNT = {"bank_transaction": "amount_minor", "invoice": "total_minor", "payment": "amount_minor"}
_TITLE = {
    "bank_transaction": pl.lit("bank line"),
    "invoice": pl.col("kind").str.replace_all("_", " "),
    "payment": pl.col("kind").str.replace_all("_", " "),
}
_WHO = {
    "bank_transaction": pl.coalesce("counterparty_name", "memo"),
    "invoice": pl.format("{} {}", pl.col("number").fill_null("without number"), "party_name"),
    "payment": pl.coalesce("party_name", pl.col("references").list.first()),
}
_COUNTS = {
    "bank_transaction": pl.col("status") == "booked",
    "invoice": pl.col("status") == "authorised",
    "payment": pl.lit(True),
}
_WORDS_ONLY = {
    *("counterparty_name", "counterparty_account", "memo", "end_to_end_id", "bank_reference", "transaction_code"),
    *("original_amount_minor", "original_currency", "detail_count", "value_on", "due_on", "available_on", "number"),
    *("references", "party_name"),
}
"""Columns that decide what a record matches and how it reads, not what it posts."""
_NOT_CONTENT = {"record_id", "book", "month", "source", "content_hash", "removed"}
_ONLY_NAMES = {"payment": {"party_id"}}
"""Columns that only say by which name a record goes: not a difference where nothing else is another."""


def difference_id(book: str, month: str, table_name: str, record_id: str, version: int) -> str:
    """The id of a difference, for ever; short enough to type."""
    return digest(book, month, table_name, record_id, version)[:16]


def causes(
    table: Table, signed: pl.DataFrame, newest: pl.DataFrame, versions: pl.DataFrame, rates: pl.DataFrame, book: Book
) -> pl.DataFrame:
    """What differs of one kind of record (CAUSES), in the order of ids.

    signed, newest: the record versions that differ, as the table has them; a late record is in newest alone.
    versions: record_id, counted_version (null where late), version, signed_in.
    """
    now, then = (_facts(table, frame, rates, book) for frame in (newest, signed))
    both = (
        versions.join(now, on="record_id")
        .join(then, on="record_id", how="left", suffix="_signed")
        .with_columns(pl.col("counts_signed").fill_null(False))
        .filter(pl.col("counts") | pl.col("counts_signed"))
        .join(_changes(table, signed, newest), on="record_id", how="left")
    )
    cause = (
        pl.when(~pl.col("counts"))
        .then(pl.lit(REMOVED))
        .when(~pl.col("counts_signed"))
        .then(pl.lit(LATE))
        .otherwise(pl.lit(CHANGED))
    )
    gone = pl.col("cause") == REMOVED
    differing = both.with_columns(cause=cause, table_name=pl.lit(table.name)).filter(
        (pl.col("cause") != CHANGED) | (pl.col("changed") != "")
    )
    named = differing.with_columns(
        *(
            pl.when(gone).then(f"{name}_signed").otherwise(name).alias(name)
            for name in ("on_day", "currency", "stated_minor", "label")
        ),
        amount_minor=_at_stake(gone),
    )
    what = pl.when(pl.col("cause") == CHANGED).then(pl.format("{}: {}", "label", "changed")).otherwise("label")
    return named.with_columns(what=what).select(CAUSES.names()).cast(CAUSES).sort("record_id")


def _at_stake(gone: pl.Expr) -> pl.Expr:
    """For the limit: the whole of what is late, gone or placed otherwise; the difference where only the amount is
    another; nothing where only words are."""
    now, then = pl.col("functional_minor"), pl.col("functional_minor_signed")
    return (
        pl.when(gone)
        .then(then)
        .when((pl.col("cause") == LATE) | pl.col("placed_otherwise"))
        .then(now)
        .when(pl.col("amount_changed"))
        .then(now - then)
        .otherwise(0)
    )


def _facts(table: Table, frame: pl.DataFrame, rates: pl.DataFrame, book: Book) -> pl.DataFrame:
    """record_id, on_day, currency, stated_minor, functional_minor, counts, label."""
    name = table.name
    priced = frame.with_columns(stated_minor=pl.col(_AMOUNT[name]), on_day=pl.col(_DAY[name]))
    if name != "invoice":  # a document states its own rate
        priced = functional(priced, rates, book, amount="stated_minor", on="on_day")
    stated = money_words("stated_minor", priced)
    return priced.select(
        "record_id", "on_day", "currency", "stated_minor", "functional_minor",
        counts=_COUNTS[name] & ~pl.col("removed"),
        label=pl.format("{} of {}, {} {}, {}", _TITLE[name], "on_day", stated, "currency", _WHO[name].fill_null("-")),
    )  # fmt: skip


def money_words(amount: str, frame: pl.DataFrame, currency: str = "currency") -> pl.Expr:
    """Amounts of a frame as they read, without thousands: -120.50. Exact, by whole and rest."""
    factors = {code: 10 ** exponent(code) for code in frame[currency].unique().drop_nulls()}
    digits = {code: exponent(code) for code in factors}
    factor = pl.col(currency).replace_strict(factors, default=1, return_dtype=pl.Int64)
    size = pl.col(amount).abs()
    sign = pl.when(pl.col(amount) < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, rest = (size // factor).cast(pl.String), (size % factor).cast(pl.String)
    places = pl.col(currency).replace_strict(digits, default=0, return_dtype=pl.Int64)
    padded = (
        pl.when(places == 3)
        .then(rest.str.zfill(3))
        .when(places == 4)
        .then(rest.str.zfill(4))
        .otherwise(rest.str.zfill(2))
    )
    return sign + pl.when(places == 0).then(whole).otherwise(whole + pl.lit(".") + padded)


def _changes(table: Table, signed: pl.DataFrame, newest: pl.DataFrame) -> pl.DataFrame:
    """record_id, changed (in words), amount_changed, placed_otherwise: of records with a signed version."""
    amount = _AMOUNT[table.name]
    compared = [name for name in table.names if name not in _NOT_CONTENT | _ONLY_NAMES.get(table.name, set())]
    placing = [name for name in compared if name not in _WORDS_ONLY and name not in (amount, *_with_amount(table))]
    both = newest.join(signed, on="record_id", suffix="_signed")
    if both.is_empty():
        nothing = {"record_id": pl.String, "changed": pl.String, "amount_changed": pl.Boolean}
        return pl.DataFrame(schema=nothing | {"placed_otherwise": pl.Boolean})

    def differs(name: str) -> pl.Expr:
        return pl.col(name).ne_missing(pl.col(f"{name}_signed"))

    was, now = money_words(f"{amount}_signed", both, "currency_signed"), money_words(amount, both)
    words = [pl.when(differs(amount)).then(pl.format("amount {} to {}", was, now))]
    words += [pl.when(differs(name)).then(_words_of(name, table)) for name in compared if name != amount]
    return both.select(
        "record_id",
        changed=pl.concat_list(words).list.drop_nulls().list.join(", "),
        amount_changed=pl.any_horizontal(map(differs, (amount, *_with_amount(table)))),
        placed_otherwise=pl.any_horizontal(map(differs, placing)),
    )


def _words_of(name: str, table: Table) -> pl.Expr:
    """What of a record changed: of a day both days, of all else what it is."""
    said = name.removesuffix("_minor").removesuffix("_on").replace("_", " ")
    if table.schema[name] != pl.Date:
        return pl.lit(said)
    was, now = (pl.col(each).cast(pl.String).fill_null("none") for each in (f"{name}_signed", name))
    return pl.format(f"{said} {{}} to {{}}", was, now)


def _with_amount(table: Table) -> tuple[str, ...]:
    """Columns that follow the amount of a record, and are no reason of their own."""
    follows: Mapping[str, tuple[str, ...]] = {
        "bank_transaction": (),
        "invoice": ("tax_minor", "functional_minor", "line_nets_minor"),
        "payment": ("fee_minor", "net_minor", "settled_minor"),
    }
    return follows[table.name]


def of_every_kind(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """CAUSES of all kinds together."""
    return pl.concat([pl.DataFrame(schema=CAUSES), *parts]).sort("table_name", "record_id")
