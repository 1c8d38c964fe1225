"""Xero's records as canonical ones: documents (xero_documents), payments recorded against them, contacts.

Money that was spent or received at the bank (a bank transaction) is a recorded payment too. What it was for is a
document of its own where no other stands; an over- or prepayment goes on account, once: Xero names it a second time, as
an overpayment with its allocations (xero_allocations). A transfer is evidence only: the bank states its two legs.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from finance_pipeline.canonical.decoding import decode
from finance_pipeline.canonical.mapped import Mapped
from finance_pipeline.canonical.payloads import (
    currencies,
    finished,
    first_reason,
    id_expr,
    on_account,
    parted,
    said,
    text,
    texts,
    together,
)
from finance_pipeline.canonical.xero_allocations import PARENTS, map_allocations
from finance_pipeline.canonical.xero_documents import SOURCE, day, map_documents
from finance_pipeline.core.money import minor_expr
from finance_pipeline.core.settings import BankAccount, Book

MAPPER_VERSION = 4
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
    "Overpayment": {"OverpaymentID": None, **_DOCUMENT},
    "Prepayment": {"PrepaymentID": None, **_DOCUMENT},
    "BatchPayment": {"BatchPaymentID": None},
}
_BANK_TRANSACTION = {
    "Type": None,
    "Status": None,
    "DateString": None,
    "Date": None,
    "Reference": None,
    "Contact": {"Name": None},
    "BankAccount": {"Code": None},
    "CurrencyCode": None,
    "Total": None,
}
_SIGN_OF_DIRECT = {"RECEIVE": 1, "SPEND": -1}
_SIGN_OF_BANK_TYPE = _SIGN_OF_DIRECT | {
    f"{direction}-{what}": sign for direction, sign in _SIGN_OF_DIRECT.items() for what in ("OVERPAYMENT", "PREPAYMENT")
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
_OF_CUSTOMERS = (
    "ACCRECPAYMENT", "ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT", "ARPREPAYMENTPAYMENT",
    "RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT",
)  # fmt: skip
"""Types of what stands with a customer; all others stand with a supplier."""


def map_evidence(evidence: pl.DataFrame, book: Book) -> Mapped:
    """Kinds invoice and credit_note -> invoice, payment -> payment, contact -> party, bank_transaction -> payment and,
    where it is not against a document, invoice; allocations of a credit_note, overpayment or prepayment -> payment. All
    others -> nothing."""
    direct, bank, unfit_types = _bank_transactions(evidence.filter(pl.col("kind") == "bank_transaction"))
    written = pl.concat([evidence.filter(pl.col("kind").is_in(["invoice", "credit_note"])), direct])
    documents, unfit_documents = map_documents(written, book)
    payments, unfit_payments = _payments(evidence.filter(pl.col("kind") == "payment"), book)
    spent, unfit_spent = _spent_and_received(bank, book)
    allocations, unfit_allocations, families = map_allocations(evidence.filter(pl.col("kind").is_in(PARENTS)), book)
    parties, unfit_parties = _parties(evidence.filter(pl.col("kind") == "contact"), book)
    return together(
        {"invoice": [documents], "payment": [payments, spent, allocations], "party": [parties]},
        [*unfit_types, *unfit_documents, *unfit_payments, *unfit_spent, *unfit_allocations, *unfit_parties],
        families,
    )


def _bank_transactions(evidence: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, list[pl.DataFrame]]:
    """Evidence of those that are documents as well; all but transfers, decoded; what is unfit."""
    decoded, unreadable = decode(evidence, _BANK_TRANSACTION)
    known = [*_SIGN_OF_BANK_TYPE, "RECEIVE-TRANSFER", "SPEND-TRANSFER"]
    odd = ~said("Type").is_in(known).fill_null(value=False)
    rows = decoded.with_columns(
        reason=first_reason((odd, pl.format("its type {} is unknown", said("Type").fill_null("(none)"))))
    )
    fit, unfit = parted(rows)
    moving = fit.filter(said("Type").is_in(list(_SIGN_OF_BANK_TYPE)))
    direct = fit.filter(said("Type").is_in(list(_SIGN_OF_DIRECT))).select("source_id")
    return evidence.join(direct, on="source_id", how="semi", maintain_order="left"), moving, [unreadable, unfit]


def _spent_and_received(decoded: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Bank transactions as recorded payments: one of its own document, or on account."""
    rows = decoded.with_columns(
        bank_account=said("BankAccount", "Code").replace_strict(
            {code: account.id for code, account in _bank_codes(book).items()}, default=None, return_dtype=pl.String
        ),
        currency=text("CurrencyCode"),
        sign=said("Type").replace_strict(_SIGN_OF_BANK_TYPE, return_dtype=pl.Int64),
        is_direct=said("Type").is_in(list(_SIGN_OF_DIRECT)),
        occurred_on=day("Date"),
    ).with_columns(paid=minor_expr(said("Total"), pl.col("currency")))
    rows = rows.with_columns(reason=_reason(rows))
    fit, unfit = parted(rows)
    own = pl.when(pl.col("is_direct")).then(id_expr(book, SOURCE, "bank_transaction", pl.col("source_id")))
    mapped = _recorded(fit, book, "bank_transaction").with_columns(
        party_name=text("Contact", "Name"),
        references=texts(text("Reference")),
        settles=own,
        settled_minor=pl.when(pl.col("is_direct")).then(pl.col("amount_minor")),
        side=_side("Type", own),
    )
    return finished(mapped, "payment", book, SOURCE, day="occurred_on"), [unfit]


def _side(type_name: str, settles: pl.Expr) -> pl.Expr:
    """Whose account a payment stands on; null where it settles a document, which says so itself."""
    is_customers = said(type_name).is_in(_OF_CUSTOMERS)
    side = pl.when(is_customers).then(pl.lit("customer")).otherwise(pl.lit("supplier"))
    return pl.when(settles.is_null()).then(side)


def _reason(rows: pl.DataFrame) -> pl.Expr:
    """Why what was paid (sign, currency, paid, occurred_on) does not fit, if so."""
    return first_reason(
        (pl.col("sign").is_null(), "its type is unknown"),
        (pl.col("currency").is_null(), "it does not say in which currency it was paid"),
        (~pl.col("currency").is_in(currencies(rows["currency"])), "its currency is not one of ISO 4217"),
        (pl.col("paid").is_null(), "its amount is not an amount of its currency"),
        (pl.col("occurred_on").is_null(), "it has no date"),
    )


def _recorded(fit: pl.DataFrame, book: Book, kind: str) -> pl.DataFrame:
    """Rows with what all recorded payments have, from sign, paid, bank_account and what is said."""
    amount = pl.col("paid") * pl.col("sign")
    return fit.with_columns(
        record_id=id_expr(book, SOURCE, kind, pl.col("source_id")),
        kind=pl.when(pl.col("sign") > 0).then(pl.lit("recorded_receipt")).otherwise(pl.lit("recorded_payment")),
        account=pl.col("bank_account"),
        amount_minor=amount,
        fee_minor=pl.lit(0, pl.Int64),
        net_minor=amount,
        status=text("Status").fill_null("AUTHORISED"),
        removed=(said("Status") == "DELETED").fill_null(value=False),
    )


def _payments(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Payments that a bookkeeper recorded. Deletion is a status in Xero: such a payment is a tombstone here."""
    decoded, unreadable = decode(evidence, _PAYMENT)
    rows = _settlement(decoded, book)
    odd_type = pl.format("its type {} is unknown", said("PaymentType").fill_null("(none)"))
    rows = rows.with_columns(reason=pl.coalesce(first_reason((pl.col("sign").is_null(), odd_type)), _reason(rows)))
    fit, unfit = parted(rows)
    overpaid = pl.coalesce(text("Overpayment", "OverpaymentID"), text("Prepayment", "PrepaymentID"))
    settles = pl.coalesce(
        id_expr(book, SOURCE, "invoice", text("Invoice", "InvoiceID")),
        id_expr(book, SOURCE, "credit_note", text("CreditNote", "CreditNoteID")),
        on_account(id_expr(book, SOURCE, "bank_transaction", overpaid)),
    )
    mapped = _recorded(fit, book, "payment").with_columns(
        party_name=_of_document(lambda name: text(name, "Contact", "Name")),
        references=texts(
            text("Invoice", "InvoiceNumber"),
            text("CreditNote", "CreditNoteNumber"),
            text("Reference"),
            text("BatchPayment", "BatchPaymentID"),
        ),
        settles=settles,
        settled_minor=pl.when(settles.is_not_null()).then(pl.col("settled") * pl.col("sign")),
        side=_side("PaymentType", settles),
    )
    return finished(mapped, "payment", book, SOURCE, day="occurred_on"), [unreadable, unfit]


def _bank_codes(book: Book) -> dict[str, BankAccount]:
    """The book's bank accounts by their codes in Xero's chart."""
    by_ledger_code = {account.gl_account: account for account in book.bank_accounts}
    return {code: by_ledger_code[gl] for code, gl in book.chart.items() if gl in by_ledger_code}


def _of_document(field: Callable[[str], pl.Expr]) -> pl.Expr:
    """A field of the invoice, or of the credit note, overpayment or prepayment that is paid out."""
    return pl.coalesce(field(name) for name in ("Invoice", "CreditNote", "Overpayment", "Prepayment"))


def _settlement(decoded: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Unsigned amounts: `paid` in the `currency` of the bank account, `settled` in the document's.

    Amount is in the document's currency and BankAmount in the account's. Which account it is, is known by its code in
    the chart; of one that is not ours or has no code, only the document's side is known.
    """
    codes = _bank_codes(book)
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
