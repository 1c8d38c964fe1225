"""What people decide about differences of closed months: post them in the open period, or say why not.

Here: what may be decided, by whom, and the record of it. Not here: what follows from letting a record in (letting_in).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from finance_pipeline.close import differences as close
from finance_pipeline.core.identity import new_correlation_id
from finance_pipeline.core.money import format_money
from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services.bookkeeping import second_documents
from finance_pipeline.services.closed_months.held import HeldMonth, causes_of, held_months
from finance_pipeline.services.closed_months.letting_in import LetIn, decided_frame, let_in
from finance_pipeline.services.closing.people import acting
from finance_pipeline.services.reconciliation.policies import policy_of
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_in
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.sql import query

_KEPT = "Nothing was recorded and nothing was posted."


@dataclass(frozen=True)
class Wanted:
    """Which differences are meant: named ones, or all of a book, month or cause that wait."""

    ids: tuple[str, ...] = ()
    book: str | None = None
    month: str | None = None
    cause: str | None = None


@dataclass(frozen=True)
class Decided:
    """What came of a decision."""

    done: int
    """Adjusted, or dismissed."""
    proposed: int
    """Above the limit: they wait for a second person now."""
    posted: LetIn


def adjust(workspace: Workspace, wanted: Wanted, *, reason: str, actor: str | None = None) -> Decided:
    """Let these records in and post what follows in the open period, each once.

    What is above the book's limit is proposed by the first person and adjusted by a second. Raises BadInput, with
    nothing done, for a difference that is not there, that was posted before, or that the same person proposed.
    """
    return _decide(workspace, wanted, "adjusted", reason, actor)


def dismiss(workspace: Workspace, wanted: Wanted, *, reason: str, actor: str | None = None) -> Decided:
    """Record why these records stay out. Raises BadInput as adjust does, and where a bank account would be left apart
    from its statement.
    """
    return _decide(workspace, wanted, "dismissed", reason, actor)


def _decide(workspace: Workspace, wanted: Wanted, verdict: str, reason: str, actor: str | None) -> Decided:
    """Named differences are decided in one transaction, all or none; all that wait, book by book."""
    who = acting(workspace.settings, "accountant", actor).name
    if not reason.strip():
        raise BadInput("a decision has a reason.", kept=_KEPT)
    decision = _Decision(wanted, verdict, reason.strip(), who)
    books = [workspace.settings.book(wanted.book)] if wanted.book else list(workspace.settings.books)
    done = []
    for together in [books] if wanted.ids else [[book] for book in books]:
        with workspace.database.transaction() as conn:
            waiting = [_waiting(conn, book, wanted) for book in together]
            _check_known(waiting, wanted)
            done += [_decide_of_book(conn, each, decision) for each in waiting if each.found.height]
    total = Decided(
        sum(each.done for each in done), sum(each.proposed for each in done), sum((d.posted for d in done), LetIn())
    )
    if not total.done + total.proposed:
        raise BadInput(
            "no difference waits that is meant.", kept=_KEPT, todo="`finance-pipeline close diff` lists them."
        )
    return total


@dataclass(frozen=True)
class _Decision:
    wanted: Wanted
    verdict: str
    reason: str
    who: str


@dataclass(frozen=True)
class _Waiting:
    """The closed months of a book, and every difference of those that are meant (held.causes_of)."""

    book: Book
    held: dict[Month, HeldMonth]
    found: pl.DataFrame
    documents: Sequence[str]
    """Second documents of one number that do not count."""


def _waiting(conn: Connection, book: Book, wanted: Wanted) -> _Waiting:
    """What a book has to decide on, with its lock taken."""
    book_lock(conn, book.id)
    held = held_months(conn, book)
    months = [each for month, each in held.items() if wanted.month in (None, str(month))]
    found = pl.concat([causes_of(conn, each) for each in months]) if months else pl.DataFrame()
    return _Waiting(book, held, found, second_documents.held(conn, book.id))


def _check_known(waiting: Sequence[_Waiting], wanted: Wanted) -> None:
    """Raise for the first id that names no difference, before any book is touched."""
    known = {each for of_book in waiting if of_book.found.height for each in of_book.found["difference_id"]}
    missing = sorted(set(wanted.ids) - known)
    if missing:
        raise BadInput(
            f"no record of a closed month differs as {missing[0]!r}.",
            kept=_KEPT,
            todo="`finance-pipeline close diff` lists what does. What other rules or code would post is not adjusted "
            "by default: they apply from the open month on; `close adjust --rules` posts it in two people's hands.",
        )


def _decide_of_book(conn: Connection, waiting: _Waiting, said: _Decision) -> Decided:
    book, held = waiting.book, waiting.held
    meant = _meant(waiting.found, said.wanted, said.verdict, said.who)
    if said.verdict == "adjusted":
        meant = _counting(meant, waiting.documents, by_name=bool(said.wanted.ids))
    second = (pl.col("status") == "proposed") & (pl.col("actor") != said.who)
    large = (pl.col("amount_minor").abs() > book.ledger.late_item_limit_minor).fill_null(True)
    proposed, decided = meant.filter(large & ~second), meant.filter(~large | second)
    if said.verdict == "dismissed":
        _check_statements(conn, book, meant)
    _record(conn, decided_frame(proposed, book, said.reason, held, verdict="proposed", actor=said.who))
    frame = decided_frame(decided, book, said.reason, held, verdict=said.verdict, actor=said.who)
    if said.verdict == "dismissed" or frame.is_empty():
        _record(conn, frame)
        return Decided(decided.height, proposed.height, LetIn())
    first = min(map(Month.parse, decided["month"].to_list()))
    posted = let_in(conn, book, policy_of(book), frame, first, new_correlation_id(), by_a_person=True)
    return Decided(decided.height, proposed.height, posted)


def _record(conn: Connection, decisions: pl.DataFrame) -> None:
    copy_in(conn, "close.difference_decision", decisions.with_columns(run_id=pl.lit(new_correlation_id())))


def _meant(found: pl.DataFrame, wanted: Wanted, verdict: str, who: str) -> pl.DataFrame:
    """The differences that are meant. Raises BadInput for a named one that cannot be decided so.

    A record that moved between two closed months is a difference of both, and is decided once.
    """
    if wanted.ids:
        meant = found.filter(pl.col("difference_id").is_in(list(wanted.ids)))
        _check_open(meant, verdict, who)
    else:
        by_cause = pl.lit(True) if wanted.cause is None else pl.col("cause") == wanted.cause
        mine = (pl.col("status") == "proposed") & (pl.col("actor") == who)
        meant = found.filter(pl.col("status").is_in(list(close.TO_DECIDE)), by_cause, ~mine)
    return meant.unique(["table_name", "record_id", "version"], keep="first", maintain_order=True)


def _counting(meant: pl.DataFrame, documents: Sequence[str], *, by_name: bool) -> pl.DataFrame:
    """Without suppliers' second documents of one number that nobody let count; raises BadInput for a named one."""
    held = meant.filter(pl.col("record_id").is_in(list(documents)))
    if held.height and by_name:
        raise BadInput(
            f"difference {held['difference_id'][0]} ({held['what'][0]}) is a second document of its number.",
            kept=_KEPT,
            todo="Two people decide on it first: `finance-pipeline close documents`.",
        )
    return meant.join(held, on="difference_id", how="anti", maintain_order="left")


def _check_open(meant: pl.DataFrame, verdict: str, who: str) -> None:
    for row in meant.iter_rows(named=True):
        what = f"difference {row['difference_id']} ({row['what']})"
        if row["status"] in ("adjusted", "late item"):
            raise BadInput(f"{what} is posted already, by {row['actor']}.", kept=_KEPT)
        if row["status"] == "dismissed" and verdict == "dismissed":
            raise BadInput(f"{what} is dismissed already, by {row['actor']}: {row['reason']}.", kept=_KEPT)
        if row["status"] == "proposed" and row["actor"] == who:
            raise BadInput(
                f"{what} is above the limit and was proposed by {who}.", kept=_KEPT, todo="Another person decides it."
            )


def _check_statements(conn: Connection, book: Book, meant: pl.DataFrame) -> None:
    """Raise BadInput for the first bank line without which the account would be apart from its statement."""
    codes = {account.id: (account.gl_account, account.currency) for account in book.bank_accounts}
    lines = meant.filter(pl.col("table_name") == "bank_transaction", pl.col("amount_minor") != 0)
    for row in lines.iter_rows(named=True):
        account = conn.execute(
            "select bank_account from canonical.bank_transaction where record_id = %s and version = %s",
            (row["record_id"], row["version"]),
        ).fetchone()
        code, currency = codes.get(account[0] if account else "", ("", book.currency))
        parameters = {"book": book.id, "account": account[0] if account else "", "code": code, "day": row["on_day"]}
        stated = conn.execute(query("stated_after"), parameters).fetchone()
        if stated is None or stated[1] != stated[2]:
            raise BadInput(_apart(row, account[0] if account else "", stated, currency), kept=_KEPT,
                todo="Adjust it, or reopen the month; what the bank shows cannot be left out.",
            )  # fmt: skip


def _apart(row: dict[str, Any], account: str, stated: tuple[Any, ...] | None, currency: str) -> str:
    what = f"without {row['what']} account {account} would be apart from its statement"
    if stated is None:
        return f"{what}: no statement after {row['on_day']} says otherwise."
    on_day, said, ours = stated
    return (
        f"{what}: on {on_day} the bank states {format_money(said, currency)}, we have {format_money(ours, currency)}."
    )
