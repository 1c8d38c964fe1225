"""Settings in force: mapping, rules, tolerances and rates of a book as one person proposed and another approved them.

A file can be changed by anybody who can write it. Once settings of a book were approved, what its files say otherwise
is a proposal at most: the approved ones stay in force until another person has approved the change (accounting rules 14
and 27). A book of which nothing was ever approved goes by its files. Not guarded: its accounts at banks and processors,
its name and time zone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from finance_pipeline.core.identity import content_hash
from finance_pipeline.core.problems import BadInput, PermanentProblem
from finance_pipeline.core.settings import Book, Settings
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.services.closing.people import acting
from finance_pipeline.services.reconciliation.policies import policy_of
from finance_pipeline.store.locks import book_lock

if TYPE_CHECKING:
    from finance_pipeline.services.workspace import Workspace

GUARDED = ("chart", "policy", "ledger", "intercompany")


class NotTheirs(PermanentProblem):
    """Somebody may not approve these settings; nothing was recorded."""


@dataclass(frozen=True)
class Standing:
    """How the settings of a book stand."""

    book: str
    approved_by: str | None
    proposed_by: str | None
    approved_at: datetime | None
    changes: tuple[str, ...]
    """What the files say otherwise than what is in force, one line each."""
    waiting: tuple[int, str, str] | None
    """The latest proposal that nobody approved yet: number, who, why."""


def guarded(book: Book) -> str:
    """The guarded settings of a book as JSON, the same text for the same settings."""
    said = book.model_dump(mode="json", include=set(GUARDED))
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def in_force(conn: Connection, declared: Settings) -> Settings:
    """Settings as they are in force: of books with approved settings, those; of others, what is declared."""
    approved: dict[str, str] = dict(conn.execute("select book, settings from ledger.settings_in_force").fetchall())
    if not approved:
        return declared
    return declared.model_copy(update={"books": tuple(_as_approved(book, approved) for book in declared.books)})


def propose(workspace: Workspace, book_id: str, *, reason: str, actor: str | None = None) -> Standing:
    """Put what the files say of a book forward for approval. Raises BadInput where that is in force already."""
    who = acting(workspace.settings, "accountant", actor).name
    book = workspace.as_declared.book(book_id)
    policy_of(book)
    text = guarded(book)
    with workspace.database.transaction() as conn:
        book_lock(conn, book_id)
        ensure_accounts(conn, [book])
        known = conn.execute("select digest from ledger.settings_in_force where book = %s", (book_id,)).fetchone()
        if known is not None and known[0] == content_hash(text.encode()):
            raise BadInput("what the files say is in force.", where=f"book {book_id}", kept="Nothing was recorded.")
        conn.execute(
            "insert into ledger.settings_proposal (book, settings, digest, proposed_by, reason)"
            " values (%s, %s, %s, %s, %s)",
            (book_id, text, content_hash(text.encode()), who, _said(reason)),
        )
        return _standing(conn, book)


def approve(workspace: Workspace, book_id: str, *, reason: str, actor: str | None = None) -> Standing:
    """Approve the latest proposal of a book: it is in force from now on. Raises NotTheirs for who proposed it."""
    who = acting(workspace.settings, "controller", actor).name
    book = workspace.as_declared.book(book_id)
    with workspace.database.transaction() as conn:
        book_lock(conn, book_id)
        waiting = _standing(conn, book).waiting
        if waiting is None:
            raise BadInput("nothing waits for approval.", where=f"book {book_id}", kept="Nothing was recorded.")
        try:
            with conn.transaction():
                conn.execute(
                    "insert into ledger.settings_approval (proposal_seq, approved_by, reason) values (%s, %s, %s)",
                    (waiting[0], who, _said(reason)),
                )
        except psycopg.errors.CheckViolation as cause:
            words = (cause.diag.message_primary or "").partition(": ")[2]
            raise NotTheirs(f"{words}.", where=f"settings of book {book_id}", kept="Nothing was recorded.") from cause
        return _standing(conn, book)


def standing(workspace: Workspace, book_id: str) -> Standing:
    """How the settings of a book stand."""
    with workspace.database.transaction(role="reader") as conn:
        return _standing(conn, workspace.as_declared.book(book_id))


def _as_approved(book: Book, approved: dict[str, str]) -> Book:
    if book.id not in approved:
        return book
    whole = book.model_dump(mode="json") | json.loads(approved[book.id])
    return Book.model_validate(whole)


def _standing(conn: Connection, declared: Book) -> Standing:
    known = conn.execute(
        "select settings, approved_by, proposed_by, approved_at from ledger.settings_in_force where book = %s",
        (declared.id,),
    ).fetchone()
    waiting = conn.execute(
        """
        select proposal_seq, proposed_by, reason
        from ledger.settings_proposal
        where book = %s
        order by proposal_seq desc limit 1
        """,
        (declared.id,),
    ).fetchone()
    is_open = (
        waiting is not None
        and not conn.execute("select from ledger.settings_approval where proposal_seq = %s", (waiting[0],)).fetchall()
    )
    settings, by, proposed, at = known or (None, None, None, None)
    changes = _changes(json.loads(settings), json.loads(guarded(declared))) if settings else ()
    return Standing(declared.id, by, proposed, at, changes, waiting if is_open else None)


def _changes(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    """One line per value that differs: chart.200: 4000 -> 4010."""
    before, after = _flat(old), _flat(new)
    return tuple(
        f"{key}: {before.get(key, 'nothing')} -> {after.get(key, 'nothing')}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )


def _flat(value: Any, key: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        parts = (_flat(each, f"{key}.{name}".lstrip(".")) for name, each in value.items())
        return {name: text for part in parts for name, text in part.items()}
    return {key: json.dumps(value, ensure_ascii=False)}


def _said(reason: str) -> str:
    if not reason.strip():
        raise BadInput("it takes a reason.", kept="Nothing was recorded.")
    return reason.strip()
