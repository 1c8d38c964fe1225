"""Two ledgers of one book: ours and the accounting system's, tied per account and month; one of them is statutory.

Here: the other ledger's trial balance from a file, the comparison, and what people say of differences (accounting rule
13). Not here: mapping of accounts (the book's `chart`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from finance_pipeline.core.money import format_money
from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.services.bookkeeping import submitting
from finance_pipeline.services.bookkeeping.submitting import DoesNotHold, minor, refuse_rows
from finance_pipeline.services.closing.people import acting
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_in, copy_out
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.sql import query

_COLUMNS = (("account", "debit", "credit"), ("name",))
COMPARED = pl.Schema(
    {
        "code": pl.String,
        "name": pl.String,
        "ours_minor": pl.Int64,
        "theirs_minor": pl.Int64,
        "difference_minor": pl.Int64,
        "is_unmapped": pl.Boolean,
        "explained_by": pl.String,
        "explanation": pl.String,
    }
)
"""difference_minor: ours less theirs. explained_by, explanation: of just this difference; null where there is none."""


@dataclass(frozen=True)
class Tie:
    """Both ledgers of a book at a month's end."""

    book: str
    month: str
    statutory: str | None
    """ours, or accounting; null where the book names neither."""
    is_known: bool
    """Whether a trial balance of the accounting system is here."""
    accounts: pl.DataFrame
    """COMPARED."""

    @property
    def unexplained(self) -> pl.DataFrame:
        return self.accounts.filter((pl.col("difference_minor") != 0) & pl.col("explained_by").is_null())

    @property
    def is_whole(self) -> bool:
        """Whether our trial balance holds all that the book has, as far as the other ledger can tell."""
        return self.is_known and self.unexplained.is_empty()

    @property
    def words(self) -> str:
        """How our trial balance is labelled."""
        named = {
            "ours": "This ledger is statutory",
            "accounting": "The accounting system's ledger is statutory, not this one",
            None: "The book names no statutory ledger",
        }[self.statutory]
        if not self.is_known:
            return f"{named}. Partial: no trial balance of the accounting system for {self.month} is here to tie it to."
        if self.unexplained.height:
            return (
                f"{named}. Partial: {self.unexplained.height} accounts differ from the accounting system's and nobody "
                f"said why (finance-pipeline statutory show --book {self.book} --month {self.month})."
            )
        return f"{named}. Tied to the accounting system's: every difference is explained."


def bring_trial_balance(
    workspace: Workspace, book_id: str, month_text: str, file: Path, *, actor: str | None = None
) -> Tie:
    """Read the accounting system's trial balance of a month's end from a file, and compare. The latest one counts.

    Raises DoesNotHold naming rows, or the difference of its debits and credits. Nothing is taken then.
    """
    who = acting(workspace.settings, "accountant", actor).name
    return _kept(workspace, book_id, Month.parse(month_text), submitting.given(file, *_COLUMNS), who)


def pull_trial_balance(workspace: Workspace, book_id: str, month_text: str) -> Tie:
    """Ask the book's Xero for its trial balance as at a month's end, land the answer, and compare.

    Raises BadInput for a book that keeps none there, and every Problem of the connection. The cursors stay.
    """
    from finance_pipeline.services.intake.connections import policy_of
    from finance_pipeline.sources import xero_reports

    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    connection = workspace.settings.connection(book.accounting) if book.accounting else None
    if connection is None or connection.kind != "xero":
        raise BadInput(
            "its accounting system is not Xero.",
            where=f"book {book_id}",
            todo="Bring the trial balance as a file: finance-pipeline statutory import FILE.",
        )
    raw = xero_reports.trial_balance(connection, policy_of(workspace), month.last_day)
    said = pl.DataFrame(xero_reports.rows_of(raw), schema=dict.fromkeys(xero_reports.ReportRow._fields, pl.String()))
    texts = said.with_columns(pl.col(pl.String).replace("", None)).with_row_index("row", offset=1)
    read = submitting.Given(f"{connection.id} trial balance {month}", raw, texts)
    return _kept(workspace, book_id, month, read, f"connection {connection.id}")


def _kept(workspace: Workspace, book_id: str, month: Month, read: submitting.Given, who: str) -> Tie:
    book = workspace.settings.book(book_id)
    rows = _rows(book, read)
    with workspace.database.transaction() as conn:
        book_lock(conn, book_id)
        ensure_accounts(conn, [book])
        submitting.land_file(workspace, conn, read)
        brought = conn.execute(
            """
            insert into ledger.other_trial_balance (book, month, file, page_hash, brought_by)
            values (%s, %s, %s, %s, %s) returning trial_balance_seq
            """,
            (book_id, month.first_day, read.name, read.page_hash, who),
        ).fetchone()
        assert brought is not None
        copy_in(conn, "ledger.other_balance", rows.with_columns(trial_balance_seq=pl.lit(brought[0], pl.Int64)))
        return tie_of(conn, book, month)


def compare(workspace: Workspace, book_id: str, month_text: str) -> Tie:
    """Both ledgers of a book at a month's end."""
    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    with workspace.database.transaction(role="reader") as conn:
        return tie_of(conn, book, month)


def explain_difference(
    workspace: Workspace, book_id: str, month_text: str, code: str, *, reason: str, actor: str | None = None
) -> Tie:
    """Say why an account differs. It holds while the difference is just this. Raises BadInput where there is none."""
    who = acting(workspace.settings, "accountant", actor).name
    book, month = workspace.settings.book(book_id), Month.parse(month_text)
    if not reason.strip():
        raise BadInput("it takes a reason.", kept="Nothing was recorded.")
    with workspace.database.transaction() as conn:
        book_lock(conn, book_id)
        found = tie_of(conn, book, month)
        differing = dict(
            found.accounts.filter(pl.col("difference_minor") != 0).select("code", "difference_minor").rows()
        )
        if not found.is_known or code not in differing:
            raise BadInput(
                f"account {code} does not differ at the end of {month}.",
                where=f"book {book_id}",
                kept="Nothing was recorded.",
                todo=f"These do: {', '.join(sorted(differing)) if found.is_known else 'none is known'}.",
            )
        conn.execute(
            """
            insert into ledger.explained_difference (book, month, code, difference_minor, actor, reason)
            values (%s, %s, %s, %s, %s, %s)
            """,
            (book_id, month.first_day, code, differing[code], who, reason.strip()),
        )
        return tie_of(conn, book, month)


def tie_of(conn: Connection, book: Book, month: Month) -> Tie:
    """Both ledgers of a book at a month's end, as they are."""
    known = conn.execute(
        "select from ledger.other_ledger where book = %s and month = %s", (book.id, month.first_day)
    ).fetchone()
    parameters = {
        "book": book.id,
        "first_day": month.first_day,
        "other_codes": list(book.chart),
        "codes": list(book.chart.values()),
    }
    accounts = copy_out(conn, query("ledgers_compared"), parameters, COMPARED)
    return Tie(book.id, str(month), book.ledger.statutory, known is not None, accounts)


def _rows(book: Book, file: submitting.Given) -> pl.DataFrame:
    """Rows of ledger.other_balance. Both sides may be filled with nothing: an account without a balance is left out."""
    own = pl.lit(book.currency)
    rows = file.table.with_columns(debit_minor=minor("debit", own), credit_minor=minor("credit", own))
    unread = [pl.col(side).is_not_null() & pl.col(f"{side}_minor").is_null() for side in ("debit", "credit")]
    refuse_rows(
        file.name,
        rows,
        (pl.col("account").is_null(), pl.lit("it names no account")),
        (pl.col("account").is_duplicated() & pl.col("account").is_not_null(), pl.format("account {} twice", "account")),
        (unread[0] | unread[1], pl.lit("its debit or credit is no amount like 1234.50")),
    )
    rows = rows.with_columns(functional_minor=pl.col("debit_minor").fill_null(0) - pl.col("credit_minor").fill_null(0))
    apart = int(rows["functional_minor"].sum())
    if apart:
        raise DoesNotHold(
            f"its debits and credits differ by {format_money(abs(apart), book.currency)} {book.currency}.",
            where=file.name,
            kept="Nothing was taken.",
        )
    kept = rows.filter(pl.col("functional_minor") != 0)
    return kept.select("functional_minor", other_code="account", name=pl.col("name").fill_null(""))
