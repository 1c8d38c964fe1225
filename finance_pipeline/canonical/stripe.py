"""Stripe's balance as canonical records: every movement of it, lost disputes, and the balance that Stripe states.

Every balance transaction is one payment, whatever its type: an unknown one becomes an adjustment, never a failure.
What a movement was for is told by the object that caused it, which comes expanded as its `source`.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical.decoding import decode
from finance_pipeline.canonical.mapped import UNFIT, Mapped
from finance_pipeline.canonical.payloads import (
    currencies,
    finished,
    first_reason,
    id_expr,
    parted,
    said,
    text,
    texts,
    together,
)
from finance_pipeline.canonical.stripe_amounts import stripe_minor_expr
from finance_pipeline.canonical.stripe_lending import with_what_is_lent
from finance_pipeline.canonical.stripe_objects import (
    BALANCE,
    CUSTOMER,
    DISPUTE,
    EXPANDABLE,
    KIND_OF_CATEGORY,
    KIND_OF_TYPE,
    LINKS,
    NUMBER_KEYS,
    PAID_INVOICE,
    PAYOUT,
    TRANSACTION,
)
from finance_pipeline.core.settings import Book

MAPPER_VERSION = 4
_SOURCE = "stripe"


def map_evidence(evidence: pl.DataFrame, book: Book) -> Mapped:
    """Kinds balance_transaction and dispute (once lost) -> payment, balance -> balance, customer -> party; payouts,
    invoices and charges lend their words."""
    payouts, unfit_payouts = decode(evidence.filter(pl.col("kind") == "payout"), PAYOUT, expandable=EXPANDABLE)
    invoices, unfit_invoices = decode(evidence.filter(pl.col("kind") == "invoice"), PAID_INVOICE, expandable=LINKS)
    decoded, unreadable = decode(
        evidence.filter(pl.col("kind") == "balance_transaction"), TRANSACTION, expandable=EXPANDABLE
    )
    movements, unfit_movements = _movements(with_what_is_lent(decoded, invoices), payouts, book)
    disputes, unfit_disputes = _lost_disputes(evidence.filter(pl.col("kind") == "dispute"), book)
    balances, unfit_balances = _balances(evidence.filter(pl.col("kind") == "balance"), book)
    customers, unfit_customers = decode(evidence.filter(pl.col("kind") == "customer"), CUSTOMER)
    return together(
        {"payment": [movements, disputes], "balance": [balances], "party": [_parties(customers, book)]},
        [unfit_payouts, unfit_invoices, unreadable, unfit_movements, *unfit_disputes, *unfit_balances, unfit_customers],
    )


def _with_account(rows: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Rows with `processor`, the book's account in their `currency`; null where it has none."""
    accounts = {account.currency: account.id for account in book.processor_accounts}
    return rows.with_columns(
        processor=pl.col("currency").replace_strict(accounts, default=None, return_dtype=pl.String)
    )


_NO_ACCOUNT = (pl.col("processor").is_null(), pl.format("the book has no processor account in {}", "currency"))


def _moment(*path: str) -> pl.Expr:
    """A Unix time as a moment."""
    return pl.from_epoch(said(*path).cast(pl.Int64, strict=False), "s").dt.replace_time_zone("UTC")


def _day_in(book: Book, moment: pl.Expr) -> pl.Expr:
    return moment.dt.convert_time_zone(book.time_zone).dt.date()


def _movements(decoded: pl.DataFrame, payouts: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, pl.DataFrame]:
    currency = said("currency").str.to_uppercase()
    rows = _with_account(
        decoded.with_columns(
            currency=currency,
            **{f"{name}_minor": stripe_minor_expr(said(name), currency) for name in ("amount", "fee", "net")},
            occurred_on=_day_in(book, _moment("created")),
        ),
        book,
    )
    amounts = [pl.col(f"{name}_minor") for name in ("amount", "fee", "net")]
    rows = rows.with_columns(
        reason=first_reason(
            (~pl.col("currency").is_in(currencies(rows["currency"])), "its currency is not one of ISO 4217"),
            _NO_ACCOUNT,
            (
                pl.any_horizontal(a.is_null() for a in amounts),
                "its amount, fee or net is not an amount of its currency",
            ),
            (amounts[0] - amounts[1] != amounts[2], "its net is not its amount less its fee"),
            (pl.col("occurred_on").is_null(), "it has no time of creation"),
        )
    )
    fit, unfit = parted(rows)
    words = _payout_words(payouts)
    mapped = (
        fit.join(words, on="source_id", how="left", maintain_order="left")
        .join(_membership(payouts, book), on="source_id", how="left", maintain_order="left")
        .with_columns(kind=_kind())
        .with_columns(
            record_id=id_expr(book, _SOURCE, "balance_transaction", pl.col("source_id")),
            account=pl.col("processor"),
            available_on=pl.coalesce(_moment("source", "arrival_date"), _moment("available_on")).dt.date(),
            party_name=_payer(),
            party_id=id_expr(book, _SOURCE, "customer", _customer()),
            references=_references(),
            payout_id=pl.col("payout_id"),
            status=pl.coalesce(
                "payout_status", _is_payout(text("source", "status")), text("status"), pl.lit("unknown")
            ),
        )
    )
    return finished(mapped, "payment", book, _SOURCE, day="occurred_on"), unfit


def _kind() -> pl.Expr:
    by_type = said("type").replace_strict(KIND_OF_TYPE, default=None, return_dtype=pl.String)
    by_category = said("reporting_category").replace_strict(KIND_OF_CATEGORY, default=None, return_dtype=pl.String)
    return pl.coalesce(by_type, by_category, pl.lit("adjustment"))


def _is_payout(value: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("kind").is_in(["payout", "payout_failure"])).then(value)


def _payer() -> pl.Expr:
    """What was typed at the till, as a text: many pay with somebody else's card."""
    charges = (("source",), ("source", "charge"))
    return pl.coalesce(
        *(text(*path, *name) for path in charges for name in (("billing_details", "name"), ("customer", "name"))),
        *(text(*path, *name) for path in charges for name in (("billing_details", "email"), ("receipt_email",))),
    )


def _customer() -> pl.Expr:
    """Stripe's id of the customer that was charged; a charge needs none."""
    return pl.coalesce(text("source", "customer", "id"), text("source", "charge", "customer", "id"))


def _parties(customers: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Stripe's customers as parties, by the name that the company gave them. Stripe asks for none."""
    mapped = customers.with_columns(
        record_id=id_expr(book, _SOURCE, "customer", pl.col("source_id")),
        name=pl.coalesce(text("name"), text("description"), text("email"), "source_id"),
        account_numbers=pl.lit([], pl.List(pl.String)),
    )
    return finished(mapped, "party", book, _SOURCE, day=None)


def _references() -> pl.Expr:
    """Stripe's own id first, then document numbers, then the other ids; of a payout what its bank line may say."""

    def documents(*path: str) -> list[pl.Expr]:
        keys = [text(*path, "metadata", key) for key in (*NUMBER_KEYS, "credit_note")]
        return [*keys, text(*path, "metadata", "invoice", "id"), text(*path, "invoice", "number")]

    def ids(*path: str) -> list[pl.Expr]:
        return [text(*path, "id"), text(*path, "payment_intent", "id"), text(*path, "invoice", "id")]

    own = ids("source")
    return texts(
        own[0],
        _is_payout(text("source", "trace_id", "value")),
        _is_payout(pl.col("payout_trace")),
        _is_payout(text("source", "statement_descriptor")),
        *documents("source"),
        *documents("source", "charge"),
        *own[1:],
        *ids("source", "charge"),
    )


def _payout_words(payouts: pl.DataFrame) -> pl.DataFrame:
    """What payouts say of their own movement, by its id: their state and the trace that the bank prints."""
    return payouts.select(
        source_id=said("balance_transaction", "id"),
        payout_status=text("status"),
        payout_trace=text("trace_id", "value"),
    ).filter(pl.col("source_id").is_not_null())


def _membership(payouts: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Which payout carries a movement, by the movement's id. A payout does not carry itself."""
    own = said("balance_transaction", "id")
    return (
        payouts.select(source_id=said("members"), own=own, payout_id=id_expr(book, _SOURCE, "balance_transaction", own))
        .explode("source_id")
        .filter(pl.col("source_id").is_not_null() & (pl.col("source_id") != pl.col("own")))
        .select("source_id", "payout_id")
        .unique("source_id", maintain_order=True)
    )


def _lost_disputes(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The day a dispute turned into a loss. The balance moved when it was opened, so nothing moves now."""
    decoded, unreadable = decode(evidence, DISPUTE, expandable=EXPANDABLE)
    # What was withdrawn, in the currency that it was settled in; the charge may have been in another.
    settled = said("balance_transactions").list.first().struct.field("currency")
    currency = pl.coalesce(settled, said("currency")).str.to_uppercase()
    withdrawn = said("balance_transactions").list.eval(pl.element().struct.field("amount").cast(pl.Int64)).list.sum()
    amount = pl.when(settled.is_not_null()).then(withdrawn).otherwise(-said("amount").cast(pl.Int64, strict=False))
    rows = _with_account(
        decoded.filter(said("status") == "lost").with_columns(
            currency=currency,
            amount_minor=stripe_minor_expr(amount.cast(pl.String), currency),
            occurred_on=pl.coalesce(
                _day_in(book, _moment("closed")), pl.col("accounting_on"), _day_in(book, _moment("created"))
            ),
        ),
        book,
    ).with_columns(
        reason=first_reason(
            _NO_ACCOUNT,
            (pl.col("amount_minor").is_null(), "its amount is not an amount of its currency"),
            (pl.col("occurred_on").is_null(), "it has no day"),
        )
    )
    fit, unfit = parted(rows)
    mapped = fit.with_columns(
        record_id=id_expr(book, _SOURCE, "dispute", pl.col("source_id")),
        kind=pl.lit("dispute_lost"),
        account=pl.col("processor"),
        fee_minor=pl.lit(0, pl.Int64),
        net_minor=pl.lit(0, pl.Int64),
        references=texts(text("id"), text("charge", "id"), text("payment_intent", "id")),
        status=text("status"),
    )
    return finished(mapped, "payment", book, _SOURCE, day="occurred_on"), [unreadable, unfit]


def _balances(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Available plus pending, one row per processor account of the book that the answer names."""
    decoded, unreadable = decode(evidence, BALANCE)
    parts = pl.concat(
        decoded.select(*UNFIT.names[:3], on=text("retrieved_on"), part=said(name)).explode("part")
        for name in ("available", "pending")
    ).with_columns(currency=pl.col("part").struct.field("currency").str.to_uppercase())
    parts = parts.with_columns(
        part_minor=stripe_minor_expr(pl.col("part").struct.field("amount"), pl.col("currency"))
    ).filter(pl.col("currency").is_not_null())
    sums = parts.group_by(*UNFIT.names[:3], "on", "currency", maintain_order=True).agg(
        balance_minor=pl.when(pl.col("part_minor").is_not_null().all()).then(pl.col("part_minor").sum()),
    )
    rows = _with_account(sums, book).with_columns(
        balance_on=pl.col("on").str.to_date("%Y-%m-%d", strict=False),
        reason=first_reason(
            (pl.col("balance_minor").is_null(), pl.format("a part is not an amount of {}", "currency")),
            (pl.col("processor").is_null() & (pl.col("balance_minor") != 0), _NO_ACCOUNT[1]),
        ),
    )
    fit, unfit = parted(rows)
    mapped = fit.filter(pl.col("processor").is_not_null()).with_columns(
        record_id=id_expr(
            book, _SOURCE, "balance", pl.format("{}:{}", "source_id", pl.col("currency").str.to_lowercase())
        ),
        account=pl.col("processor"),
        kind=pl.lit("processor"),
        stated_at=pl.lit(None, pl.Datetime("us", "UTC")),
        statement_id=pl.lit(None, pl.String),
    )
    return finished(mapped, "balance", book, _SOURCE, day="balance_on"), [unreadable, unfit]
