"""Statement files as canonical records: their lines, and the balances that the bank itself states.

Lines of an account that has a feed come from the feed, since the two cannot be told apart line by line; its
statements then bring balances only, which is what makes a tie-out a proof.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical.decoding import decode
from finance_pipeline.canonical.mapped import Mapped
from finance_pipeline.canonical.payloads import finished, first_reason, id_expr, parted, said, text, together
from finance_pipeline.core.money import minor_expr
from finance_pipeline.core.settings import Book

MAPPER_VERSION = 1
_SOURCE = "camt053"
_ENTRY = {
    "account": None,
    "currency": None,
    "amount": None,
    "status": None,
    "booked_on": None,
    "counted_on": None,
    "value_on": None,
    "bank_reference": None,
    "entry_reference": None,
    "transaction_code": None,
    "information": None,
    "original_amount": None,
    "original_currency": None,
    "detail_count": None,
    "details": [
        {
            "end_to_end_id": None,
            "remittance": None,
            "counterparty_name": None,
            "counterparty_account": None,
            "bank_reference": None,
        }
    ],
}
_STATEMENT = {
    "account": None,
    "currency": None,
    "statement_id": None,
    "opening": None,
    "opening_on": None,
    "closing": None,
    "closing_on": None,
}


def map_evidence(evidence: pl.DataFrame, book: Book) -> Mapped:
    """Kinds entry -> bank_transaction (accounts without a feed), statement -> balance, opening and closing."""
    lines, unfit_lines = _lines(evidence.filter(pl.col("kind") == "entry"), book)
    balances, unfit_balances = _balances(evidence.filter(pl.col("kind") == "statement"), book)
    return together({"bank_transaction": [lines], "balance": [balances]}, [*unfit_lines, *unfit_balances])


def stated_accounts(statements: pl.DataFrame) -> pl.DataFrame:
    """One row per account that statements name: account, currency, first_balance (text?), first_on, last_on, count.

    statements: payloads of evidence of kind statement, whatever book they may belong to.
    """
    decoded, _ = decode(
        statements.select("payload", kind=pl.lit("statement"), source_id=pl.lit(""), content_hash=pl.lit("")),
        _STATEMENT,
    )
    said_columns = decoded.select(pl.col("said").struct.unnest())
    return (
        said_columns.with_columns(pl.col("opening_on", "closing_on").str.to_date("%Y-%m-%d"))
        .sort("opening_on", "closing_on", "statement_id")
        .group_by("account", maintain_order=True)
        .agg(
            pl.col("currency").first(),
            first_balance=pl.col("opening").first(),
            first_on=pl.col("opening_on").first(),
            last_on=pl.col("closing_on").max(),
            statement_count=pl.len().cast(pl.Int64),
        )
        .sort("account")
    )


def _of_the_book(decoded: pl.DataFrame, book: Book) -> pl.DataFrame:
    """The rows of the book's accounts, with `bank_account`, `account_currency`, `has_feed` and `currency`."""
    accounts = [(s, a.id, a.currency, a.feed is not None) for a in book.bank_accounts for s in a.statement_ids]
    named = pl.DataFrame(
        accounts,
        schema={"stated": pl.String, "bank_account": pl.String, "account_currency": pl.String, "has_feed": pl.Boolean},
        orient="row",
    )
    return decoded.with_columns(stated=said("account"), currency=said("currency")).join(
        named, on="stated", how="inner", maintain_order="left"
    )


_OTHER_CURRENCY = (
    pl.col("currency") != pl.col("account_currency"),
    pl.format("it is in {}, but account {} is in {}", "currency", "bank_account", "account_currency"),
)


def _lines(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Booked and pending lines; what a statement only mentions for information moves nothing and is left out."""
    decoded, unreadable = decode(evidence, _ENTRY)
    rows = _of_the_book(decoded, book).filter(~pl.col("has_feed") & (said("status") != "information"))
    rows = rows.with_columns(
        amount_minor=minor_expr(said("amount"), pl.col("currency")),
        booked_on=pl.coalesce(said("counted_on"), said("booked_on")).str.to_date("%Y-%m-%d", strict=False),
        status=said("status"),
    )
    rows = rows.with_columns(
        reason=first_reason(
            _OTHER_CURRENCY,
            (pl.col("amount_minor").is_null(), pl.format("{} is not an amount of {}", said("amount"), "currency")),
            (pl.col("booked_on").is_null(), "it has no date"),
        )
    )
    fit, unfit = parted(rows)
    original = minor_expr(said("original_amount"), said("original_currency"))
    mapped = fit.with_columns(
        record_id=id_expr(book, _SOURCE, "entry", pl.col("source_id")),
        value_on=said("value_on").str.to_date("%Y-%m-%d", strict=False),
        counterparty_name=_only("counterparty_name"),
        counterparty_account=_only("counterparty_account"),
        memo=pl.coalesce(_joined("remittance"), text("information")),
        end_to_end_id=_only("end_to_end_id"),
        bank_reference=pl.coalesce(text("bank_reference"), _only("bank_reference"), text("entry_reference")),
        transaction_code=text("transaction_code"),
        original_amount_minor=original * pl.col("amount_minor").sign(),
        original_currency=pl.when(original.is_not_null()).then(said("original_currency")),
        detail_count=said("detail_count").cast(pl.Int32),
    )
    return finished(mapped, "bank_transaction", book, _SOURCE, day="booked_on"), [unreadable, unfit]


def _stated(field: str) -> pl.Expr:
    """What the details of an entry say in a field, each once, in order."""
    values = said("details").list.eval(pl.element().struct.field(field)).list.drop_nulls()
    return values.list.unique(maintain_order=True)


def _only(field: str) -> pl.Expr:
    """What the details agree on; null where a batch says different things."""
    return pl.when(_stated(field).list.len() == 1).then(_stated(field).list.first())


def _joined(field: str) -> pl.Expr:
    return pl.when(_stated(field).list.len() > 0).then(_stated(field).list.join("; "))


def _balances(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Two rows a statement: the balance before its first day's lines, and after its last day's, as it states them."""
    decoded, unreadable = decode(evidence, _STATEMENT)
    rows = _of_the_book(decoded, book)
    both = pl.concat(
        rows.filter(said(kind).is_not_null()).with_columns(
            record_id=id_expr(book, _SOURCE, "statement", pl.format("{}:" + kind, "source_id")),
            balance_kind=pl.lit(kind),
            balance_minor=minor_expr(said(kind), pl.col("currency")),
            balance_on=said(f"{kind}_on").str.to_date("%Y-%m-%d", strict=False),
        )
        for kind in ("opening", "closing")
    ).with_columns(
        reason=first_reason(
            _OTHER_CURRENCY,
            (pl.col("balance_minor").is_null(), "its balance is not an amount of its currency"),
            (pl.col("balance_on").is_null(), "its balance has no date"),
        )
    )
    fit, unfit = parted(both)
    mapped = fit.with_columns(
        account=pl.col("bank_account"),
        kind=pl.col("balance_kind"),
        stated_at=pl.lit(None, pl.Datetime("us", "UTC")),
        statement_id=pl.coalesce(text("statement_id"), pl.col("source_id")),
    )
    return finished(mapped, "balance", book, _SOURCE, day="balance_on"), [unreadable, unfit.unique(maintain_order=True)]
