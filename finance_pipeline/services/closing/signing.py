"""Closing months: how far each is, the two people who sign one, and its lock.

Here: read the facts, let close.steps judge them, record what a person does. Not here: what a step asks (close.steps),
explanations of single items (items), reopening and other changes of periods (periods), rules
(rules); what nobody may do whoever calls (sql/migrations/0020, 0021).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from finance_pipeline.close import steps
from finance_pipeline.core.identity import new_correlation_id
from finance_pipeline.core.period import BookMonth, Month, months
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger import chart
from finance_pipeline.ledger.posting import RULES_VERSION
from finance_pipeline.matching.engine import ENGINE_VERSION
from finance_pipeline.services import marks
from finance_pipeline.services.bookkeeping import posting
from finance_pipeline.services.calendar import last_month
from finance_pipeline.services.closing import year_end as closing_year_end
from finance_pipeline.services.closing.changes import NotReady, book_month, changing, given, seen_of
from finance_pipeline.services.closing.doubtful import doubtful_of
from finance_pipeline.services.closing.facts import facts_of
from finance_pipeline.services.closing.people import TakesAnotherPerson, Who, acting
from finance_pipeline.services.closing.rules import settings_digest
from finance_pipeline.services.reconciliation.policies import policy_of
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

HISTORY = pl.Schema(
    {
        "recorded_at": pl.Datetime("us", "UTC"),
        "month": pl.String(),
        "action": pl.String(),
        "actor": pl.String(),
        "role": pl.String(),
        "origin": pl.String(),
        "reason": pl.String(),
        "words": pl.String(),
    }
)


def status(workspace: Workspace, book_id: str, month_text: str, now: datetime | None = None) -> steps.Close:
    """How far a book-month is on its way to being closed."""
    book, month = book_month(workspace, book_id, month_text)
    with workspace.database.transaction() as conn:
        return steps.close_of(facts_of(conn, workspace.settings, book, month, now))


def statuses(workspace: Workspace, book_id: str | None = None) -> list[steps.Close]:
    """Every month of a book, or of all books, that is not locked or whose sign-off has lapsed, in order."""
    found = []
    for book in workspace.settings.books:
        if book_id in (None, book.id):
            for month in months(book.first_month, max(last_month(book), book.first_month)):
                close = status(workspace, book.id, str(month))
                signed = close.facts.signature
                if close.facts.period_state != "locked" or signed is None or signed.has_lapsed:
                    found.append(close)
    if book_id is not None:
        workspace.settings.book(book_id)
    return found


@dataclass(frozen=True)
class Review:
    """What was put forward. doubtful: matches that stand and would not be found any more (differences.DOUBTFUL)."""

    number: int
    doubtful: pl.DataFrame


def review(
    workspace: Workspace, book_id: str, month_text: str, *, reason: str, actor: str | None = None,
    origin: str | None = None,
) -> Review:  # fmt: skip
    """Put the figures of a month forward for sign-off: the first of two people.

    Matches in doubt are noted with what was seen. Raises NotReady while a step is open.
    """
    who = acting(workspace.settings, "accountant", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    with changing(workspace, book, month) as conn:
        close = _ready(conn, workspace, book, month, steps.CHECKED)
        doubtful = doubtful_of(conn, book, month)
        seen = seen_of(close, doubtful_matches=doubtful["match_id"].to_list())
        row = conn.execute(
            "select close.put_forward(%s, %s, %s, %s, %s, %s, %s)",
            (book.id, str(month), who.name, who.role, given(reason), who.origin, seen),
        ).fetchone()
    return Review(int(row[0]) if row else 0, doubtful)


def sign(
    workspace: Workspace, book_id: str, month_text: str, *, reason: str, actor: str | None = None,
    origin: str | None = None,
) -> str:  # fmt: skip
    """Sign what another person put forward. Returns the signature's id.

    Raises NotReady while a step is open, TakesAnotherPerson for whoever put it forward or explained items of it.
    """
    who = acting(workspace.settings, "controller", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    with changing(workspace, book, month) as conn:
        close = _ready(conn, workspace, book, month, (*steps.CHECKED, "review"))
        put = close.facts.review
        if put is None or (close.facts.signature is not None and not close.facts.signature.has_lapsed):
            raise NotReady("it is signed already.", where=f"{book.id} {month}", kept="Nothing was changed.")
        _refuse_own(conn, book, month, put.actor, who)
        row = conn.execute(
            "select close.sign(%s, %s, %s, %s, %s, %s, %s)",
            (
                put.review_seq, who.name, who.role, given(reason), who.origin, seen_of(close),
                json.dumps(_versions(conn, book, month)),
            ),
        ).fetchone()  # fmt: skip
    return str(row[0]) if row else ""


def lock(
    workspace: Workspace, book_id: str, month_text: str, *, reason: str, actor: str | None = None,
    origin: str | None = None,
) -> int:  # fmt: skip
    """Lock a signed month; after the last of a fiscal year, roll profit and loss into retained earnings.

    Returns how many entries that posted. Raises NotReady without a signature that holds, or before earlier months.
    """
    who = acting(workspace.settings, "controller", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    close = status(workspace, book.id, str(month))
    if close.facts.period_state == "locked" and close.facts.open_until is None:
        raise NotReady("it is locked already.", where=f"{book.id} {month}", kept="Nothing was changed.")
    seen = seen_of(close)
    with changing(workspace, book, month) as conn:
        conn.execute(
            "select ledger.lock_period(%s, %s, %s, %s, %s, %s, %s)",
            (book.id, month.first_day, who.name, who.role, given(reason), who.origin, seen),
        )
    return roll(workspace, book, month.next)


def roll(workspace: Workspace, book: Book, month: Month) -> int:
    """Post the first month of a fiscal year, whose opening entries follow from the year before; returns how many are
    new or taken back.

    In transactions of its own: a lock waits for writers, and must not hold what they need meanwhile.
    """
    if not closing_year_end.ends_fiscal_year(book, month.previous):
        return 0
    done = posting.post(workspace, [BookMonth(book.id, month)], new_correlation_id())["journal_entries"].figures
    return int(done["new_entries"]) + int(done["reversed"])


def history(workspace: Workspace, book_id: str, month_text: str | None = None) -> pl.DataFrame:
    """Everything that people did to close a book's months, or one of them, oldest first (HISTORY)."""
    workspace.settings.book(book_id)
    if month_text is not None:
        Month.parse(month_text)
    with workspace.database.transaction(role="reader") as conn:
        return copy_out(conn, query("close_history"), {"book": book_id, "month": month_text}, HISTORY)


def _ready(conn: Connection, workspace: Workspace, book: Book, month: Month, needed: Iterable[str]) -> steps.Close:
    """The close of a month, of which these steps are done. Raises NotReady with the first that is not."""
    close = steps.close_of(facts_of(conn, workspace.settings, book, month))
    names = set(needed)
    left = [step for step in close.steps if step.name in names and step.blocks]
    if left:
        first = next((step for step in left if step.state == "open"), left[0])
        others = f" {len(left) - 1} more steps are not done." if len(left) > 1 else ""
        raise NotReady(
            f"{first.title}: {first.words}.{others}", where=f"{book.id} {month}", kept="Nothing was changed.",
            todo=first.todo,
        )  # fmt: skip
    return close


def _refuse_own(conn: Connection, book: Book, month: Month, put_forward_by: str, who: Who) -> None:
    """Raises TakesAnotherPerson for whoever put a month forward or explained what is open in it (accounting.md 27)."""
    explained = conn.execute(
        "select count(*) from close.explained where book = %s and month = %s and ledger.is_same_person(actor, %s)",
        (book.id, str(month), who.name),
    ).fetchone()
    mine = put_forward_by.strip().casefold() == who.name.casefold()
    if mine or (explained and explained[0]):
        what = "put these figures forward" if mine else f"explained {explained[0] if explained else 0} items of it"
        raise TakesAnotherPerson(
            f"{who.name} {what}; another person signs.", where=f"{book.id} {month}", kept="Nothing was signed.",
            todo="Let another controller run this, with their name as the actor.",
        )  # fmt: skip


def _versions(conn: Connection, book: Book, month: Month) -> dict[str, Any]:
    """What computed a month, so that a later difference can be told from a change of rules."""
    return {
        "posting_rules": RULES_VERSION,
        "engine": ENGINE_VERSION,
        "policy": policy_of(book).digest,
        "chart": chart.digest_of(book),
        "settings": settings_digest(book),
        "rates": marks.rates_digest(conn, month),
    }
