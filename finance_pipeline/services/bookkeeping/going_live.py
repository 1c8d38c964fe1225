"""Going live: a book's trial balance, open items and stated balances, read, held against each other, signed by two.

Here: the files of an opening and what must agree in them (accounting rule 12). Nothing is half done: either all three
files hold together and are submitted, or the first rows that do not are named. Not here: what a signed opening posts
(ledger.posting.opening), or what it hides of older records (services.bookkeeping.opened_books).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from finance_pipeline.core.money import format_money
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.chart import accounts_of, ensure_accounts, role_code, valuation_accounts
from finance_pipeline.services.bookkeeping import submitting
from finance_pipeline.services.bookkeeping.submitting import DoesNotHold, Given, day, is_currency, minor, refuse_rows
from finance_pipeline.services.closing.people import acting
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.locks import book_lock

_TRIAL_BALANCE = (("account", "debit", "credit"), ("name", "currency"))
_ITEMS = (("kind", "number", "party", "issued", "currency", "amount"), ("due", "carried", "rate", "account"))
_BALANCES = (("account", "currency", "balance"), ("carried",))
_KIND_OF_WORD = {
    "outstanding_cheque": "recorded_payment",
    "deposit_in_transit": "recorded_receipt",
    **dict.fromkeys(("customer_overpayment", "customer_prepayment", "unapplied_receipt"), "customer_on_account"),
    **dict.fromkeys(("supplier_overpayment", "supplier_prepayment", "unapplied_payment"), "supplier_on_account"),
}
"""Other words for kinds, as subledgers print them."""
_ROLE_OF_KIND = {
    "invoice": "receivables",
    "credit_note": "receivables",
    "customer_on_account": "receivables",
    "bill": "payables",
    "supplier_credit": "payables",
    "supplier_on_account": "payables",
    "payout": "payouts_in_transit",
    "recorded_receipt": "outstanding_receipts",
    "recorded_payment": "outstanding_payments",
}
_OWED_BY_US = ("credit_note", "customer_on_account", "bill", "recorded_payment")
_ON_ACCOUNT = ("customer_on_account", "supplier_on_account")
_REFUSED_ROLES = {
    "opening_balances": "it is the migration account, which ends at 0.00",
    "exchange": "it is empty between two entries",
    "unidentified_receipts": "identify them first, or list them as customer_on_account among the open items",
    "unidentified_payments": "identify them first, or list them as supplier_on_account among the open items",
    "unapplied_card_receipts": "apply them first, or list them as customer_on_account among the open items",
    "refunds_awaiting_credit_note": "issue the credit notes first",
    "transfers_in_transit": "list each as a deposit_in_transit among the open items, of the account that it reaches",
}


def submit_opening(
    workspace: Workspace,
    book_id: str,
    trial_balance: Path,
    open_items: Path,
    balances: Path,
    *,
    reason: str,
    actor: str | None = None,
) -> str:
    """Read the three files of an opening and submit them for two signatures; returns the submission's id.

    Raises DoesNotHold naming rows and reasons, or the two figures that are not equal. Nothing is taken then.
    """
    who = acting(workspace.settings, "accountant", actor).name
    book = workspace.settings.book(book_id)
    files = [
        submitting.given(file, *columns)
        for file, columns in ((trial_balance, _TRIAL_BALANCE), (open_items, _ITEMS), (balances, _BALANCES))
    ]
    accounts, items, stated = _accounts(book, files[0]), _open_items(book, files[1]), _stated(book, files[2])
    _check_controls(book, accounts, items)
    rows = _balances(book, accounts, stated)
    with workspace.database.transaction() as conn:
        book_lock(conn, book_id)
        ensure_accounts(conn, [book])
        _check_banks(conn, book, stated)
        tables = {"submitted_balance": rows, "submitted_item": items}
        return submitting.submit(workspace, conn, "opening", book_id, files, tables, actor=who, reason=reason)


def sign_opening(
    workspace: Workspace, prefix: str, verdict: submitting.Verdict, *, reason: str, actor: str | None = None
) -> dict[str, Any]:
    """Sign or refuse an opening; returns its book, state and signers. The second signature makes it stand.

    Raises NotApproved for who may not, BadInput where the book's first month takes no entries any more.
    """
    who = acting(workspace.settings, "controller", actor).name
    with workspace.database.transaction() as conn:
        found = submitting.submission_of(conn, prefix, "opening")
        book = workspace.settings.book(found["book"])
        book_lock(conn, book.id)
        first = conn.execute("select ledger.first_open_month(%s, %s)", (book.id, book.starts_on)).fetchone()
        if verdict == "sign" and first and first[0] != book.first_month.first_day:
            raise BadInput(
                f"its first month {book.first_month} is closed.",
                where=f"book {book.id}",
                kept="Nothing was recorded.",
                todo="Reopen it, and sign then.",
            )
        submitting.give_verdict(conn, found["submission_id"], verdict, actor=who, reason=reason)
    states = submitting.submissions(workspace, "opening", book.id)
    return states.filter(pl.col("submission_id") == found["submission_id"]).row(0, named=True)


def _accounts(book: Book, file: Given) -> pl.DataFrame:
    """The trial balance: row, code, name, role, currency (of a valuation) and functional_minor, + debit."""
    chart = accounts_of(book).select(account="code", known="name", role="role")
    rows = file.table.join(chart, on="account", how="left", maintain_order="left").with_columns(
        debit_minor=minor("debit", pl.lit(book.currency)), credit_minor=minor("credit", pl.lit(book.currency))
    )
    said = [pl.col(side).is_not_null() & pl.col(f"{side}_minor").is_null() for side in ("debit", "credit")]
    both = pl.col("debit").is_null() == pl.col("credit").is_null()
    refuse_rows(
        file.name,
        rows,
        (pl.col("account").is_null(), pl.lit("it names no account")),
        (
            pl.col("account").is_not_null() & pl.col("known").is_null(),
            pl.format(
                f"book {book.id} has no account {{}}: declare it as a bank's, or map to it in `chart`", "account"
            ),
        ),
        (pl.col("account").is_duplicated() & pl.col("account").is_not_null(), pl.format("account {} twice", "account")),
        (said[0] | said[1], pl.format("{} is no amount like 1234.50", pl.coalesce("debit", "credit"))),
        (both, pl.lit("it takes a debit or a credit, one of the two")),
        *(
            (pl.col("role") == role, pl.format(f"account {{}} {{}}: {words}", "account", "known"))
            for role, words in _REFUSED_ROLES.items()
        ),
        (
            pl.col("role").str.ends_with("_valuation") & ~is_currency("currency", rows).fill_null(value=False),
            pl.format("account {} {}: say in `currency` what it values", "account", "known"),
        ),
    )
    rows = rows.with_columns(functional_minor=pl.col("debit_minor").fill_null(0) - pl.col("credit_minor").fill_null(0))
    debits, credits_ = int(rows["debit_minor"].sum()), int(rows["credit_minor"].sum())
    if debits != credits_:
        raise _apart(book, file.name, "debits", debits, "credits", credits_)
    kept = rows.select("row", "role", "currency", "functional_minor", code="account", name="known")
    return kept.with_columns(evidence_hash=pl.lit(file.page_hash))


def _open_items(book: Book, file: Given) -> pl.DataFrame:
    """The open items as ledger.submitted_item has them, signed by their kinds."""
    own = pl.col("currency") == book.currency
    rows = file.table.with_columns(
        kind=pl.col("kind").replace(_KIND_OF_WORD),
        amount_minor=minor("amount", pl.col("currency")),
        said_minor=minor("carried", pl.lit(book.currency)),
        issued_on=day("issued"),
        due_on=day("due"),
    )
    rows = rows.with_columns(
        functional_minor=pl.when(own).then("amount_minor").otherwise(pl.coalesce("said_minor", _at_rate(book)))
    )
    accounts = [account.id for account in book.accounts]
    refuse_rows(
        file.name,
        rows,
        (
            ~pl.col("kind").is_in(list(_ROLE_OF_KIND)) | pl.col("kind").is_null(),
            pl.format(
                f"its kind {{}} is none of {', '.join([*_ROLE_OF_KIND, *_KIND_OF_WORD])}",
                pl.col("kind").fill_null("(none)"),
            ),
        ),
        (pl.col("number").is_null(), pl.lit("it has no number")),
        (
            pl.col("kind").is_in(_ON_ACCOUNT) & pl.col("party").is_null(),
            pl.lit("it names no party: on whose account is it?"),
        ),
        (~is_currency("currency", rows).fill_null(value=False), pl.lit("its currency is none of ISO 4217")),
        (pl.col("amount_minor").is_null(), pl.format("{} is no amount like 1234.50", pl.col("amount").fill_null("-"))),
        (pl.col("amount_minor") <= 0, pl.lit("its amount is not above zero: the kind says whose it is")),
        (pl.col("functional_minor").is_null(), pl.format(f"it needs `carried` or `rate` in {book.currency}")),
        (pl.col("issued_on").is_null(), pl.lit("its issued is no day like 2025-12-31")),
        (
            pl.col("issued_on") >= book.starts_on,
            pl.lit(f"it is not older than the book, which starts {book.starts_on}"),
        ),
        (pl.col("due").is_not_null() & pl.col("due_on").is_null(), pl.lit("its due is no day like 2026-01-31")),
        (
            pl.col("account").is_not_null() & ~pl.col("account").is_in(accounts),
            pl.format(f"book {book.id} has no account {{}}", "account"),
        ),
        (pl.struct("kind", "number", "party").is_duplicated(), pl.format("{} {} is listed twice", "kind", "number")),
    )
    sign = pl.when(pl.col("kind").is_in(_OWED_BY_US)).then(-1).otherwise(1)
    return rows.select(
        *("kind", "number", "account", "currency", "issued_on", "due_on"),
        ordinal=pl.col("row").cast(pl.Int32),
        party_name=pl.col("party").fill_null(""),
        amount_minor=pl.col("amount_minor") * sign,
        functional_minor=pl.col("functional_minor") * sign,
        evidence_hash=pl.lit(file.page_hash),
    )


def _at_rate(book: Book) -> pl.Expr:
    """What an amount is carried at by `rate`, units of the book's currency for one of its own; half away from zero."""
    from finance_pipeline.core.money import exponent, odd_exponents

    digits = 10
    rate = pl.col("rate").cast(pl.Decimal(38, digits), strict=False)
    scaled = (rate * pl.lit(10**digits).cast(pl.Decimal(38, 0))).cast(pl.Int128, strict=False)
    shift = exponent(book.currency) - pl.col("currency").replace_strict(
        odd_exponents(), default=2, return_dtype=pl.Int64
    )
    up, down = (
        pl.lit(10, pl.Int64).pow(pl.max_horizontal(each, pl.lit(0))).cast(pl.Int128) for each in (shift, -shift)
    )
    divisor = down * pl.lit(10**digits, pl.Int128)
    return ((2 * pl.col("amount_minor").cast(pl.Int128) * scaled * up + divisor) // (2 * divisor)).cast(pl.Int64)


def _stated(book: Book, file: Given) -> pl.DataFrame:
    """What banks and processors stated: row, account, code, currency, amount_minor, carried_minor (null: derived)."""
    known = pl.DataFrame(
        [(a.id, a.gl_account, a.currency) for a in book.bank_accounts]
        + [(a.id, role_code(book, "processor_clearing"), a.currency) for a in book.processor_accounts],
        schema={"account": pl.String, "code": pl.String, "known": pl.String},
        orient="row",
    )
    rows = file.table.join(known, on="account", how="left", maintain_order="left").with_columns(
        amount_minor=minor("balance", pl.col("currency")), carried_minor=minor("carried", pl.lit(book.currency))
    )
    foreign_processor = (pl.col("known") != book.currency) & (pl.col("code") == role_code(book, "processor_clearing"))
    refuse_rows(
        file.name,
        rows,
        (
            pl.col("known").is_null(),
            pl.format(f"book {book.id} has no bank or processor account {{}}", pl.col("account").fill_null("(none)")),
        ),
        (pl.col("known") != pl.col("currency").fill_null(""), pl.format("{} is in {}", "account", "known")),
        (pl.col("amount_minor").is_null(), pl.format("{} is no amount like 1234.50", pl.col("balance").fill_null("-"))),
        (pl.col("account").is_duplicated(), pl.format("account {} twice", "account")),
        (foreign_processor & pl.col("carried_minor").is_null(), pl.lit(f"it needs `carried` in {book.currency}")),
    )
    return rows.select("row", "account", "code", "currency", "amount_minor", "carried_minor").with_columns(
        evidence_hash=pl.lit(file.page_hash)
    )


def _check_controls(book: Book, accounts: pl.DataFrame, items: pl.DataFrame) -> None:
    """Raise DoesNotHold where an account of items is not the sum of what they are carried at."""
    for role in sorted(set(_ROLE_OF_KIND.values())):
        kinds = [kind for kind, each in _ROLE_OF_KIND.items() if each == role]
        listed = int(items.filter(pl.col("kind").is_in(kinds))["functional_minor"].sum())
        stands = int(accounts.filter(pl.col("role") == role)["functional_minor"].sum())
        if listed != stands:
            name = f"{role_code(book, role)} {role.replace('_', ' ')}"
            raise _apart(book, f"open items of {name}", "the list", listed, "the trial balance", stands)


def _balances(book: Book, accounts: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """Rows of ledger.submitted_balance: accounts without items; what a bank or processor states, in its currency."""
    stating = stated.join(accounts.select("code", stands="functional_minor"), on="code", how="left").with_columns(
        stands=pl.col("stands").fill_null(0),
        functional_minor=pl.when(pl.col("currency") == book.currency)
        .then("amount_minor")
        .otherwise(pl.coalesce("carried_minor", "stands")),
    )
    _check_stated(book, accounts, stating)
    roles = set(_ROLE_OF_KIND.values())
    banks = [account.gl_account for account in book.bank_accounts]
    clearing = role_code(book, "processor_clearing")
    plain = accounts.filter(~pl.col("role").is_in(list(roles)), ~pl.col("code").is_in([*banks, clearing]))
    valuation = pl.col("code").is_in(list(valuation_accounts(book).values()))
    rows = pl.concat(
        [
            plain.select(
                "code",
                currency=pl.when(valuation).then("currency").otherwise(pl.lit(book.currency)),
                amount_minor=pl.when(valuation).then(0).otherwise("functional_minor"),
                functional_minor="functional_minor",
                evidence_hash="evidence_hash",
            ),
            stating.group_by("code", "currency", maintain_order=True).agg(
                pl.col("amount_minor", "functional_minor").sum(), pl.col("evidence_hash").first()
            ),
        ]
    )
    rows = rows.filter((pl.col("amount_minor") != 0) | (pl.col("functional_minor") != 0)).sort("code", "currency")
    return rows.with_row_index("ordinal", offset=1).with_columns(pl.col("ordinal").cast(pl.Int32))


def _check_stated(book: Book, accounts: pl.DataFrame, stating: pl.DataFrame) -> None:
    """Raise DoesNotHold where banks and processors state something else than the trial balance."""
    held = accounts.filter((pl.col("role") == "bank") | (pl.col("role") == "processor_clearing"))
    by_code = stating.group_by("code").agg(pl.col("functional_minor").sum())
    both = held.select("code", "name", stands="functional_minor").join(by_code, on="code", how="full", coalesce=True)
    for row in both.sort("code").iter_rows(named=True):
        stands, said = row["stands"] or 0, row["functional_minor"] or 0
        if stands != said:
            name = f"balances of {row['code']} {row['name'] or ''}".rstrip()
            raise _apart(book, name, "what was stated", said, "the trial balance", stands)


def _check_banks(conn: Connection, book: Book, stated: pl.DataFrame) -> None:
    """Raise DoesNotHold where a bank's own statement says another balance at the book's first day."""
    said = conn.execute(
        """
        select account, balance_minor, currency from canonical.balance_current
        where book = %(book)s and not removed and (
            kind = 'closing' and balance_on = %(starts_on)s::date - 1 or kind = 'opening' and balance_on = %(starts_on)s
        )
        order by account
        """,
        {"book": book.id, "starts_on": book.starts_on},
    ).fetchall()
    listed = dict(stated.select("account", "amount_minor").rows())
    for account, balance, currency in said:
        if listed.get(account, 0) != balance:
            words = [f"{format_money(minor_, currency)} {currency}" for minor_ in (listed.get(account, 0), balance)]
            raise DoesNotHold(
                f"the opening says {words[0]}, and the bank's own statement {words[1]}.",
                where=f"bank account {account}",
                kept="Nothing was taken.",
            )


def _apart(book: Book, where: str, one: str, one_minor: int, other: str, other_minor: int) -> DoesNotHold:
    first, second, apart = (
        f"{format_money(each, book.currency)} {book.currency}"
        for each in (one_minor, other_minor, abs(one_minor - other_minor))
    )
    return DoesNotHold(
        f"{one} {'say' if one.endswith('s') else 'says'} {first}, {other} {second}: {apart} apart.",
        where=where,
        kept="Nothing was taken.",
    )
