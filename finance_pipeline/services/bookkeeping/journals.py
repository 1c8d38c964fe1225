"""Journals that no source holds (payroll, depreciation, accruals): from files, approved by another person, posted.

Here: what such a file may say (accounting rules 13 and 27). Not here: their entries (ledger.posting.manual).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from finance_pipeline.core.identity import new_correlation_id
from finance_pipeline.core.period import BookMonth, Month, local_date
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.chart import accounts_of, codable_accounts, ensure_accounts, role_code
from finance_pipeline.ledger.journal import Poster
from finance_pipeline.services.bookkeeping import submitting
from finance_pipeline.services.bookkeeping.approved import stored_lines
from finance_pipeline.services.bookkeeping.known_journals import XERO, contents, known_lines
from finance_pipeline.services.bookkeeping.posting import post
from finance_pipeline.services.bookkeeping.submitting import DoesNotHold, Given, day, is_currency, minor, refuse_rows
from finance_pipeline.services.closing.people import acting, here
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.locks import book_lock

_COLUMNS = (("journal", "date", "account", "debit", "credit"), ("currency", "carried", "description", "reverses_on"))
_WHY_REFUSED = {
    "bank": "what a bank account holds comes from its own lines alone",
    "receivables": "it is the sum of its items: enter an invoice or a credit note",
    "payables": "it is the sum of its items: enter a bill or a supplier credit",
    "opening_balances": "it is the migration account, which only an opening moves",
    "exchange": "it is empty between two entries",
}
_CLEARS = "it is the sum of what waits there to be matched"


def submit_journals(workspace: Workspace, book_id: str, file: Path, *, reason: str, actor: str | None = None) -> str:
    """Read a file of journals and submit them for another person's approval; returns the submission's id.

    Raises DoesNotHold naming rows and reasons, or the journal whose debits and credits differ. Nothing is taken then.
    """
    who = acting(workspace.settings, "accountant", actor).name
    book = workspace.settings.book(book_id)
    read = submitting.given(file, *_COLUMNS)
    lines = _lines(book, read)
    with workspace.database.transaction() as conn:
        book_lock(conn, book_id)
        ensure_accounts(conn, [book])
        _refuse_known(conn, book, read, lines)
        tables = {"submitted_line": lines}
        return submitting.submit(workspace, conn, "journals", book_id, [read], tables, actor=who, reason=reason)


def decide_journals(
    workspace: Workspace, prefix: str, verdict: submitting.Verdict, *, reason: str, actor: str | None = None
) -> dict[str, Any]:
    """Approve or refuse submitted journals; approved ones are posted at once. Returns book, state and new entries.

    Raises NotApproved for who submitted them, BadInput where a month of theirs takes no such entries any more.
    """
    who = acting(workspace.settings, "controller", actor).name
    with workspace.database.transaction() as conn:
        found = submitting.submission_of(conn, prefix, "journals")
        book_lock(conn, found["book"])
        if verdict == "sign":
            _check_open(conn, found, who)
        submitting.give_verdict(conn, found["submission_id"], verdict, actor=who, reason=reason)
        last = conn.execute(
            "select max(greatest(effective_on, reverses_on)) from ledger.submitted_line where submission_id = %s",
            (found["submission_id"],),
        ).fetchone()
    if verdict == "refuse" or last is None:
        return found | {"state": "refused", "new_entries": 0}
    book = workspace.settings.book(found["book"])
    until = min(last[0], local_date(datetime.now(UTC), book.time_zone))
    if until < book.starts_on:
        return found | {"state": "approved", "new_entries": 0}
    poster = Poster(who, "approver", reason, here())
    posted = post(workspace, [BookMonth(book.id, Month.of(until))], f"journals {new_correlation_id()[:12]}", poster)
    return found | {"state": "approved", "new_entries": posted["journal_entries"].figures["new_entries"]}


def submitted_lines(workspace: Workspace, prefix: str) -> pl.DataFrame:
    """The lines of submitted journals (JOURNAL_LINES), in the order of their file."""
    with workspace.database.transaction(role="reader") as conn:
        found = submitting.submission_of(conn, prefix, "journals")
        return stored_lines(conn, "submission_id = %(submission_id)s", {"submission_id": found["submission_id"]})


def _lines(book: Book, file: Given) -> pl.DataFrame:
    """Rows of ledger.submitted_line."""
    chart = accounts_of(book).select(account="code", name="name", role="role")
    said = file.table.with_columns(currency=pl.col("currency").fill_null(book.currency))
    rows = said.join(chart, on="account", how="left", maintain_order="left").with_columns(
        debit_minor=minor("debit", pl.col("currency")),
        credit_minor=minor("credit", pl.col("currency")),
        carried_minor=minor("carried", pl.lit(book.currency)),
        effective_on=day("date"),
        back_on=day("reverses_on"),
    )
    own = pl.col("currency") == book.currency
    refuse_rows(
        file.name,
        rows,
        *_account_rules(book),
        (pl.col("journal").is_null(), pl.lit("it has no journal number")),
        (pl.col("journal").str.starts_with(XERO), pl.lit(f"numbers that begin with {XERO} are those from Xero")),
        (~is_currency("currency", rows), pl.format("{} is no currency of ISO 4217", "currency")),
        (
            (pl.col("debit").is_null() == pl.col("credit").is_null())
            | pl.coalesce("debit_minor", "credit_minor").is_null()
            | (pl.coalesce("debit_minor", "credit_minor") <= 0),
            pl.lit("it takes a debit or a credit above zero, like 1234.50, and one of the two"),
        ),
        (~own & pl.col("carried_minor").is_null(), pl.lit(f"it needs `carried`, its amount in {book.currency}")),
        (own & pl.col("carried").is_not_null(), pl.lit(f"`carried` is for other currencies than {book.currency}")),
        (pl.col("effective_on").is_null(), pl.lit("its date is no day like 2026-01-31")),
        (pl.col("effective_on") < book.starts_on, pl.lit(f"it is older than the book ({book.starts_on})")),
        (pl.col("reverses_on").is_not_null() & pl.col("back_on").is_null(), pl.lit("its reverses_on is no day")),
        (pl.col("back_on") <= pl.col("effective_on"), pl.lit("it would take itself back before it is there")),
        (
            pl.struct("effective_on", "back_on").n_unique().over("journal") > 1,
            pl.format("journal {} has several dates", "journal"),
        ),
    )
    side = pl.when(pl.col("credit").is_null()).then(1).otherwise(-1)
    amount = pl.coalesce("debit_minor", "credit_minor")
    lines = rows.select(
        *("journal", "effective_on", "currency"),
        ordinal=pl.col("row").cast(pl.Int32),
        reverses_on="back_on",
        code="account",
        amount_minor=amount * side,
        functional_minor=pl.when(own).then(amount).otherwise("carried_minor") * side,
        description=pl.coalesce("description", "journal"),
        evidence_hash=pl.lit(file.page_hash),
    )
    _check_balance(file, lines)
    return lines


def _account_rules(book: Book) -> list[tuple[pl.Expr, pl.Expr]]:
    """Which accounts no journal touches, and why."""
    may = [code for code in codable_accounts(book) if code != role_code(book, "opening_balances")]
    why = pl.col("role").replace_strict(_WHY_REFUSED, default=_CLEARS, return_dtype=pl.String)
    unknown = pl.col("account").is_not_null() & pl.col("role").is_null()
    return [
        (pl.col("account").is_null(), pl.lit("it names no account")),
        (unknown, pl.format(f"book {book.id} has no account {{}}", "account")),
        (
            pl.col("role").is_not_null() & ~pl.col("account").is_in(may),
            pl.format("no journal touches {} {}: {}", "account", "name", why),
        ),
    ]


def _check_balance(file: Given, lines: pl.DataFrame) -> None:
    """Raise DoesNotHold for the first journal that does not balance in a currency, and in the book's."""
    sums = lines.group_by("journal", "currency", maintain_order=True).agg(
        pl.col("amount_minor", "functional_minor").sum()
    )
    wrong = sums.filter((pl.col("amount_minor") != 0) | (pl.col("functional_minor") != 0))
    if wrong.height:
        first = wrong.row(0, named=True)
        raise DoesNotHold(
            f"debits and credits of journal {first['journal']} in {first['currency']} differ by "
            f"{abs(first['amount_minor'])} minor units, and {abs(first['functional_minor'])} of the book's currency.",
            where=file.name,
            kept="Nothing was taken.",
        )


def _refuse_known(conn: Connection, book: Book, file: Given, lines: pl.DataFrame) -> None:
    """Raise DoesNotHold for a journal that another submission of the book holds and that was not refused: by its
    number, or, of one from Xero, by its day and lines."""
    mine = submitting.id_of("journals", book.id, [file])
    known = known_lines(conn, book.id).filter(pl.col("submission_id") != mine)
    same_number = lines.join(known.select("journal", "submission_id"), on="journal").sort("journal")
    if same_number.height:
        journal, submission = same_number.select("journal", "submission_id").row(0)
        raise DoesNotHold(
            f"journal {journal} is in submission {submission[:12]} already.",
            where=file.name,
            kept="Nothing was taken.",
            todo="Refuse that one, or give this journal another number.",
        )
    from_xero = contents(known.filter(pl.col("origin").is_not_null()).with_columns(journal="origin"))
    twins = contents(lines).join(from_xero, on="content").select("journal", "journal_right").sort("journal")
    if twins.height:
        journal, other = twins.row(0)
        raise DoesNotHold(
            f"journal {journal} has the same day and lines as {other}, which came from the accounting system.",
            where=file.name,
            kept="Nothing was taken.",
            todo="Leave it out: it would count twice.",
        )


def _check_open(conn: Connection, found: dict[str, Any], who: str) -> None:
    """Raise BadInput where a journal's own month takes no entries of the general ledger any more, of this person.

    One from Xero has its day there: it posts on the first open day, and is a late item.
    """
    closed = conn.execute(
        """
        select journal, effective_on from ledger.submitted_line
        where submission_id = %(submission_id)s and not starts_with(journal, %(xero)s)
            and ledger.first_open_month(%(book)s, effective_on, array['GL']) <> date_trunc('month', effective_on)::date
            and not ledger.may_post_softly(%(book)s, date_trunc('month', effective_on)::date, %(who)s)
        order by effective_on, journal limit 1
        """,
        {"submission_id": found["submission_id"], "book": found["book"], "who": who, "xero": XERO},
    ).fetchone()
    if closed is not None:
        raise BadInput(
            f"journal {closed[0]} is of {closed[1]}, and that month is closed.",
            where=f"submission {found['submission_id'][:12]}",
            kept="Nothing was recorded.",
            todo="Refuse it, and submit it with a date in an open month; or reopen the month.",
        )
