"""Xero's invoices, bills and credit notes as canonical documents: totals, tax, and net by account.

Money spent or received at the bank without a document (a bank transaction of type SPEND or RECEIVE) is a document and
its payment in one: it says what it was for, by account and tax, as a document does.

A document that does not add up to its own total within a minor unit a line is set aside: nothing is guessed.
"""

from __future__ import annotations

import polars as pl

from finance_pipeline.canonical.decoding import decode
from finance_pipeline.canonical.payloads import (
    currencies,
    finished,
    first_reason,
    id_expr,
    parted,
    said,
    text,
    texts,
)
from finance_pipeline.core.money import exponent, minor_expr
from finance_pipeline.core.settings import Book

SOURCE = "xero"
_DOCUMENT = {
    "Type": None,
    "InvoiceID": None,
    "InvoiceNumber": None,
    "CreditNoteID": None,
    "CreditNoteNumber": None,
    "Reference": None,
    "Contact": {"ContactID": None, "Name": None},
    "DateString": None,
    "Date": None,
    "DueDateString": None,
    "DueDate": None,
    "Status": None,
    "LineAmountTypes": None,
    "LineItems": [{"LineAmount": None, "TaxAmount": None, "AccountCode": None}],
    "TotalTax": None,
    "Total": None,
    "CurrencyCode": None,
    "CurrencyRate": None,
}
_KIND_OF_TYPE = {
    "ACCREC": "invoice",
    "ACCPAY": "bill",
    "ACCRECCREDIT": "credit_note",
    "ACCPAYCREDIT": "supplier_credit",
    "RECEIVE": "invoice",
    "SPEND": "bill",
}
_SIGN_OF_KIND = {"invoice": 1, "bill": -1, "credit_note": -1, "supplier_credit": 1}
_STATUS = {
    "AUTHORISED": "authorised",
    "PAID": "authorised",
    "DRAFT": "draft",
    "SUBMITTED": "draft",
    "VOIDED": "void",
    "DELETED": "void",
}
_RATE_DIGITS = 10
_TAX_INSIDE = "Inclusive"


def map_documents(evidence: pl.DataFrame, book: Book) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The invoice table of evidence of kinds invoice, credit_note, bank_transaction (SPEND, RECEIVE); what is unfit."""
    decoded, unreadable = decode(evidence, _DOCUMENT)
    rows = _amounts(decoded.with_row_index("row"), book)
    rows = rows.join(_groups(rows), on="row", how="left", maintain_order="left")
    rows = rows.with_columns(reason=_reason(rows))
    fit, unfit = parted(rows)
    sign = pl.col("document_kind").replace_strict(_SIGN_OF_KIND, return_dtype=pl.Int64)
    mapped = fit.with_columns(
        record_id=_document_id(book),
        kind=pl.col("document_kind"),
        number=_number(),
        references=texts(text("Reference"), pl.col("source_id")),
        party_id=id_expr(book, SOURCE, "contact", text("Contact", "ContactID")),
        party_name=text("Contact", "Name").fill_null(""),
        total_minor=pl.col("total") * sign,
        tax_minor=pl.col("tax") * sign,
        functional_minor=pl.col("functional") * sign,
        line_accounts=pl.col("codes").fill_null([]),
        line_nets_minor=(pl.col("nets") * sign).fill_null([]),
    )
    return finished(mapped, "invoice", book, SOURCE, day="issued_on"), [unreadable, unfit]


def day(name: str) -> pl.Expr:
    """A calendar date as Xero gives it: DateString as it is, else /Date(ms+offset)/ at its own offset."""
    stated = said(f"{name}String").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    return pl.coalesce(stated, day_of_moment(name))


def day_of_moment(name: str) -> pl.Expr:
    """The calendar date of /Date(ms+offset)/ at the offset that it states; null where there is none."""
    moment = said(name).str.extract_groups(r"^/Date\((?<ms>-?\d+)(?<sign>[+-])?(?<hours>\d\d)?(?<minutes>\d\d)?\)/$")
    hours = moment.struct.field("hours").cast(pl.Int64).fill_null(0)
    minutes = moment.struct.field("minutes").cast(pl.Int64).fill_null(0) + hours * 60
    offset_ms = pl.when(moment.struct.field("sign") == "-").then(-minutes).otherwise(minutes) * 60_000
    return pl.from_epoch(moment.struct.field("ms").cast(pl.Int64) + offset_ms, "ms").dt.date()


def _number() -> pl.Expr:
    return pl.coalesce(text("InvoiceNumber"), text("CreditNoteNumber"))


def _document_id(book: Book) -> pl.Expr:
    """The record's id by the kind of evidence that it came as."""
    return pl.coalesce(
        pl.when(pl.col("kind") == kind).then(id_expr(book, SOURCE, kind, pl.col("source_id")))
        for kind in ("invoice", "credit_note", "bank_transaction")
    )


def _amounts(decoded: pl.DataFrame, book: Book) -> pl.DataFrame:
    """Unsigned totals in minor units, dates, kind and status, each null where the document does not say it."""
    rows = decoded.with_columns(
        currency=text("CurrencyCode"),
        document_kind=said("Type").replace_strict(_KIND_OF_TYPE, default=None, return_dtype=pl.String),
        status=said("Status").replace_strict(_STATUS, default=None, return_dtype=pl.String),
        issued_on=day("Date"),
        due_on=day("DueDate"),
    )
    rows = rows.with_columns(
        total=minor_expr(said("Total"), pl.col("currency")), tax=minor_expr(said("TotalTax"), pl.col("currency"))
    )
    exponents = {code: exponent(code) for code in currencies(rows["currency"])}
    return rows.with_columns(functional=_functional(book.currency, exponents))


def _functional(into: str, exponents: dict[str, int]) -> pl.Expr:
    """`total` in the book's currency, half away from zero; a rate is units of `currency` for one of the book's.

    In whole numbers of 128 bits: a total of a thousand million million minor units times the rate's ten digits fits.
    """
    rate = said("CurrencyRate").cast(pl.Decimal(38, _RATE_DIGITS), strict=False)
    scaled = (rate * pl.lit(10**_RATE_DIGITS).cast(pl.Decimal(38, 0))).cast(pl.Int128, strict=False)
    shifts = {code: exponent(into) - digits for code, digits in exponents.items()}
    up = {code: 10 ** max(shift, 0) for code, shift in shifts.items()}
    down = {code: 10 ** max(-shift, 0) for code, shift in shifts.items()}
    factor, divisor = (
        pl.col("currency").replace_strict(each, default=None, return_dtype=pl.Int64).cast(pl.Int128)
        for each in (up, down)
    )
    divisor = pl.when(scaled > 0).then(scaled * divisor)
    dividend = pl.col("total").abs().cast(pl.Int128) * factor * pl.lit(10**_RATE_DIGITS, pl.Int128)
    rounded = ((2 * dividend + divisor) // (2 * divisor)).cast(pl.Int64, strict=False) * pl.col("total").sign()
    return pl.when(pl.col("currency") == into).then(pl.col("total")).otherwise(rounded)


def _groups(rows: pl.DataFrame) -> pl.DataFrame:
    """Per document (row): codes and nets by account code, and whether its lines can be read; a remainder of at most a
    minor unit a line goes to the largest group, so that nets and tax add to the total.
    """
    amount, tax = (
        minor_expr(pl.col("line").struct.field(name).fill_null("0"), pl.col("currency"))
        for name in ("LineAmount", "TaxAmount")
    )
    lines = (
        rows.select(
            "row", "currency", "total", "tax", inclusive=said("LineAmountTypes") == _TAX_INSIDE, line=said("LineItems")
        )
        .explode("line")
        .filter(pl.col("line").is_not_null())
        .with_columns(
            code=pl.col("line").struct.field("AccountCode").fill_null(""),
            net=pl.when(pl.col("inclusive")).then(amount - tax).otherwise(amount),
        )
        # A line without account and amount is a text on the document.
        .filter((pl.col("code") != "") | (pl.col("net") != 0) | pl.col("net").is_null())
    )
    groups = lines.group_by("row", "code", maintain_order=True).agg(
        pl.col("net").sum(),
        pl.col("total", "tax").first(),
        line_count=pl.len(),
        unreadable=pl.col("net").is_null().any(),
    )
    remainder = (pl.col("total") - pl.col("tax") - pl.col("net").sum()).over("row")
    is_largest = pl.int_range(pl.len()).over("row") == pl.col("net").abs().arg_max().over("row")
    return (
        groups.with_columns(remainder=remainder)
        .with_columns(net=pl.col("net") + pl.when(is_largest).then("remainder").otherwise(0))
        .group_by("row", maintain_order=True)
        .agg(
            pl.col("remainder").first(),
            pl.col("line_count").sum(),
            pl.col("unreadable").any(),
            codes=pl.col("code"),
            nets=pl.col("net"),
        )
    )


def _reason(rows: pl.DataFrame) -> pl.Expr:
    """Why a document does not fit, if so. One that will never post may lack lines and accounts."""
    posts = pl.col("status") == "authorised"
    lineless = pl.col("codes").is_null() & (pl.col("total") != 0)
    return first_reason(
        (pl.col("document_kind").is_null(), pl.format("its type {} is unknown", said("Type").fill_null("(none)"))),
        (pl.col("status").is_null(), pl.format("its status {} is unknown", said("Status").fill_null("(none)"))),
        (~pl.col("currency").is_in(currencies(rows["currency"])), "its currency is not one of ISO 4217"),
        (pl.col("currency").is_null(), "it states no currency"),
        (pl.col("total").is_null() | pl.col("tax").is_null(), "its total or tax is not an amount of its currency"),
        (text("Contact", "ContactID").is_null(), "it names no contact"),
        (pl.col("issued_on").is_null(), "it has no date"),
        (pl.col("functional").is_null(), "it is in a foreign currency and states no rate"),
        (~said("LineAmountTypes").is_in(["Exclusive", "Inclusive", "NoTax"]), "its LineAmountTypes is unknown"),
        (pl.col("unreadable"), "a line's amount or tax is not an amount of its currency"),
        (posts & lineless, "it has no lines"),
        (posts & pl.col("codes").list.contains(""), "a line has no account"),
        (
            posts & (pl.col("remainder").abs() > pl.col("line_count")),
            pl.format("its lines and tax are {} minor units short of its total", "remainder"),
        ),
    )
