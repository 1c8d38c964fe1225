"""Suppliers' second documents of one number: what people decide about them (accounting rule 27).

One is held: no entry, no open item. The first person who wants it posted proposes that, another posts it; one person
may refuse it. A document of a closed month is decided only where it came late: what was signed stays.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services import records
from finance_pipeline.services.closed_months.held import held_months
from finance_pipeline.services.closing.people import TakesAnotherPerson, Who, acting
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.locks import book_lock

SECOND_DOCUMENTS = pl.Schema(
    {
        "record_id": pl.String(),
        "month": pl.String(),
        "kind": pl.String(),
        "number": pl.String(),
        "party_id": pl.String(),
        "party_name": pl.String(),
        "currency": pl.String(),
        "total_minor": pl.Int64(),
        "issued_on": pl.Date(),
        "first_on": pl.Date(),
        "state": pl.String(),
        "is_held": pl.Boolean(),
        "proposed_by": pl.String(),
        "actor": pl.String(),
        "reason": pl.String(),
    }
)
"""One row per document of a supplier's number that another has, but for the first. state: waits, proposed, posted,
refused, or posted before anybody asked. total_minor: in its currency, + owed to us."""
_KEPT = "Nothing was recorded."


def second_documents(workspace: Workspace, book_id: str) -> pl.DataFrame:
    """A book's second documents of one number (SECOND_DOCUMENTS), those that wait first."""
    book = workspace.settings.book(book_id)
    with workspace.database.transaction(role="reader") as conn:
        return _known(conn, book)


def decide_document(
    workspace: Workspace, book_id: str, named: str, verdict: Literal["post", "refuse"], *, reason: str,
    actor: str | None = None, origin: str | None = None,
) -> str:  # fmt: skip
    """Say that a second document is posted, or refused; returns proposed, posted or refused.

    named: its id, or the first letters of the last part of it. Raises TakesAnotherPerson for whoever proposed it, and
    BadInput, with nothing recorded, for one that is not there, was decided so, or is of a closed month.
    """
    who = acting(workspace.settings, "accountant", actor, origin)
    book = workspace.settings.book(book_id)
    if not reason.strip():
        raise BadInput("a decision has a reason.", kept=_KEPT)
    with workspace.database.transaction() as conn:
        book_lock(conn, book.id)
        document = _named(_known(conn, book), named)
        what = f"{document['kind'].replace('_', ' ')} {document['number']} of {document['party_name']}"
        _check(conn, book, document, verdict, what)
        said = _verdict(document, verdict, who, what)
        _record(conn, book, document, said, who, reason.strip())
    return said


def _known(conn: Connection, book: Book) -> pl.DataFrame:
    statement = "select * from close.second_documents(%(book)s) order by not is_held, issued_on, record_id"
    return copy_out(conn, statement, {"book": book.id}, SECOND_DOCUMENTS)


def _named(found: pl.DataFrame, named: str) -> dict[str, Any]:
    last_part = pl.col("record_id").str.split("/").list.last()
    fits = found.filter((pl.col("record_id") == named) | last_part.str.starts_with(named))
    if fits.height != 1 or not named:
        raise BadInput(
            f"{fits.height or 'no'} second documents of one number begin with {named!r}.",
            kept=_KEPT,
            todo="`finance-pipeline close documents` lists them.",
        )
    return fits.row(0, named=True)


def _check(conn: Connection, book: Book, document: dict[str, Any], verdict: str, what: str) -> None:
    state = document["state"]
    if (verdict == "post" and not document["is_held"]) or (verdict == "refuse" and state == "refused"):
        said = f" by {document['actor']}" if document["actor"] else ""
        raise BadInput(f"{what} is {state} already{said}.", kept=_KEPT)
    if max(Month.parse(document["month"]), book.first_month) not in held_months(conn, book):
        return
    late = records.withheld(conn, book.id).filter(pl.col("counted_version").is_null())
    if document["record_id"] not in late["record_id"].to_list():
        raise BadInput(
            f"{what} is of {document['month']}, which is closed and signed with it as it is.",
            kept=_KEPT,
            todo="Reopen the month, or correct it by a journal in the open one.",
        )


def _verdict(document: dict[str, Any], verdict: str, who: Who, what: str) -> str:
    if verdict == "refuse":
        return "refused"
    if document["state"] != "proposed":
        return "proposed"
    if document["proposed_by"].strip().casefold() == who.name.casefold():
        raise TakesAnotherPerson(f"{who.name} proposed to post {what}; another person posts it.", kept=_KEPT)
    return "posted"


def _record(conn: Connection, book: Book, document: dict[str, Any], said: str, who: Who, reason: str) -> None:
    conn.execute(
        """
        insert into close.document_decision
            (book, record_id, party_id, number, verdict, proposed_by, actor, reason, origin, seen)
        values (%s, %s, %s, lower(btrim(%s)), %s, %s, %s, %s, %s, %s)
        """,
        (
            book.id, document["record_id"], document["party_id"], document["number"], said,
            document["proposed_by"] if said == "posted" else None, who.name, reason, who.origin,
            json.dumps(document, default=str, sort_keys=True),
        ),
    )  # fmt: skip
