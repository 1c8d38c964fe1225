"""Xero's records as canonical ones: documents (xero_documents), payments recorded against them, contacts."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from finance_pipeline.canonical.mapped import Mapped
from finance_pipeline.canonical.payloads import (
    currencies,
    decode,
    finished,
    first_reason,
    id_expr,
    parted,
    said,
    text,
    texts,
    together,
)
from finance_pipeline.canonical.xero_documents import SOURCE, day, map_documents
from finance_pipeline.core.money import minor_expr
from finance_pipeline.core.settings import Book

MAPPER_VERSION = 1
_DOCUMENT = {"InvoiceNumber": None, "CreditNoteNumber": None, "CurrencyCode": None, "Contact": {"Name": None}}
_PAYMENT = {
    "DateString": None,
    "Date": None,
    "Amount": None,
    "BankAmount": None,
    "CurrencyRate": None,
    "PaymentType": None,
    "Status": None,
    "Reference": None,
    "Account": {"Code": None},
    "Invoice": {"InvoiceID": None, **_DOCUMENT},
    "CreditNote": {"CreditNoteID": None, **_DOCUMENT},
    "BatchPayment": {"BatchPaymentID": None},
}
_CONTACT = {"Name": None, "BankAccountDetails": None, "BatchPayments": {"BankAccountNumber": None}}
_SIGN_OF_TYPE = {
    "ACCRECPAYMENT": 1,
    "APCREDITPAYMENT": 1,
    "APOVERPAYMENTPAYMENT": 1,
    "APPREPAYMENTPAYMENT": 1,
    "ACCPAYPAYMENT": -1,
    "ARCREDITPAYMENT": -1,
    "AROVERPAYMENTPAYMENT": -1,
    "ARPREPAYMENTPAYMENT": -1,
}
"""Money received is positive; a refund of a customer's credit, overpayment or prepayment is money paid."""


def map_evidence(evidence: pl.DataFrame, book: Book) -> Mapped:
    """Kinds invoice and credit_note -> invoice, payment -> payment, contact -> party; organisation -> nothing."""
    documents, unfit_documents = map_documents(evidence.filter(pl.col("kind").is_in(["invoice", "credit_note"])), book)
    payments, unfit_payments = _payments(evidence.filter(pl.col("kind") == "payment"), book)
    parties, unfit_parties = _parties(evidence.filter(pl.col("kind") == "contact"), book)
    return together(
        {"invoice": [documents], "payment": [payments], "party": [parties]},
        [*unfit_documents, *unfit_payments, *unfit_parties],
    )


def _payments(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Payments that a bookkeeper recorded. Deletion is a status in Xero: such a payment is a tombstone here."""
    decoded, unreadable = decode(evidence, _PAYMENT)
    rows = _settlement(decoded, book)
    rows = rows.with_columns(
        reason=first_reason(
            (pl.col("sign").is_null(), pl.format("its type {} is unknown", said("PaymentType").fill_null("(none)"))),
            (pl.col("currency").is_null(), "it does not say in which currency it was paid"),
            (~pl.col("currency").is_in(currencies(rows["currency"])), "its currency is not one of ISO 4217"),
            (pl.col("paid").is_null(), "its amount is not an amount of its currency"),
            (pl.col("occurred_on").is_null(), "it has no date"),
        )
    )
    fit, unfit = parted(rows)
    amount = pl.col("paid") * pl.col("sign")
    mapped = fit.with_columns(
        record_id=id_expr(book, SOURCE, "payment", pl.col("source_id")),
        kind=pl.when(pl.col("sign") > 0).then(pl.lit("recorded_receipt")).otherwise(pl.lit("recorded_payment")),
        account=pl.col("bank_account"),
        amount_minor=amount,
        fee_minor=pl.lit(0, pl.Int64),
        net_minor=amount,
        available_on=pl.lit(None, pl.Date),
        party_name=_of_document(lambda name: text(name, "Contact", "Name")),
        references=texts(
            text("Invoice", "InvoiceNumber"),
            text("CreditNote", "CreditNoteNumber"),
            text("Reference"),
            text("BatchPayment", "BatchPaymentID"),
        ),
        payout_id=pl.lit(None, pl.String),
        settles=pl.coalesce(
            id_expr(book, SOURCE, "invoice", text("Invoice", "InvoiceID")),
            id_expr(book, SOURCE, "credit_note", text("CreditNote", "CreditNoteID")),
        ),
        settled_minor=pl.col("settled") * pl.col("sign"),
        status=text("Status").fill_null("AUTHORISED"),
        removed=(said("Status") == "DELETED").fill_null(value=False),
    )
    return finished(mapped, "payment", book, SOURCE, day="occurred_on"), [unreadable, unfit]


def _of_document(field: Callable[[str], pl.Expr]) -> pl.Expr:
    """A field of the invoice or, where a credit note is paid out, of the credit note."""
    return pl.coalesce(field("Invoice"), field("CreditNote"))


def _settlement(decoded: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Unsigned amounts: `paid` in the `currency` of the bank account, `settled` in the document's.

    Amount is in the document's currency and BankAmount in the account's. Which account it is, is known by its code in
    the chart; of one that is not ours or has no code, only the document's side is known.
    """
    ledger_codes = {account.gl_account: account for account in book.bank_accounts}
    codes = {code: ledger_codes[gl] for code, gl in book.chart.items() if gl in ledger_codes}
    code = said("Account", "Code")
    document_currency = pl.coalesce(
        _of_document(lambda name: text(name, "CurrencyCode")),
        # Without a currency of its own, a payment at par is in the currency of the books.
        pl.when(said("CurrencyRate").fill_null("1").cast(pl.Decimal(38, 10), strict=False) == 1).then(
            pl.lit(book.currency)
        ),
    )
    rows = decoded.with_columns(
        bank_account=code.replace_strict({c: a.id for c, a in codes.items()}, default=None, return_dtype=pl.String),
        own=code.replace_strict({c: a.currency for c, a in codes.items()}, default=None, return_dtype=pl.String),
        document_currency=document_currency,
        sign=said("PaymentType").replace_strict(_SIGN_OF_TYPE, default=None, return_dtype=pl.Int64),
        occurred_on=day("Date"),
    ).with_columns(currency=pl.coalesce("own", "document_currency"))
    settled = minor_expr(said("Amount"), pl.col("document_currency"))
    same = pl.col("currency") == pl.col("document_currency")
    return rows.with_columns(
        settled=settled,
        paid=pl.coalesce(
            pl.when(pl.col("own").is_not_null()).then(minor_expr(said("BankAmount"), pl.col("currency"))),
            pl.when(same).then(settled),
        ),
    )


def _parties(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Customers and suppliers. Archived ones stay: their documents do too."""
    decoded, unreadable = decode(evidence, _CONTACT)
    fit, unfit = parted(decoded.with_columns(reason=first_reason((text("Name").is_null(), "it has no name"))))
    mapped = fit.with_columns(
        record_id=id_expr(book, SOURCE, "contact", pl.col("source_id")),
        name=text("Name"),
        account_numbers=texts(text("BankAccountDetails"), text("BatchPayments", "BankAccountNumber")),
    )
    return finished(mapped, "party", book, SOURCE, day=None), [unreadable, unfit]
