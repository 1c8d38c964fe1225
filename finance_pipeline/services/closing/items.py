"""Explaining what is open at a month's end on accounts that must clear: what a person says of each line and item.

An explanation is of one amount in one month: it says nothing any more once the amount changes, and the next month asks
again (`explain_as_before` says the same again of what is still open).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from finance_pipeline.close.facts import HELD_DOCUMENT
from finance_pipeline.close.steps import unexplained
from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services.closing.changes import book_month
from finance_pipeline.services.closing.facts import to_explain
from finance_pipeline.services.closing.people import Who, acting
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.locks import book_lock

_HANDLE_LENGTH = 12


@dataclass(frozen=True)
class Wanted:
    """Which lines and items an explanation is of: these, or all that are not explained and fit."""

    subjects: tuple[str, ...] = ()
    everything: bool = False
    kind: str | None = None
    account: str | None = None
    younger_than_days: int | None = None


def items(workspace: Workspace, book_id: str, month_text: str) -> pl.DataFrame:
    """One row per line or item open at a month's end on an account that must clear (facts.TO_EXPLAIN, is_explained).

    handle: by what a person may name it, its id where nothing shorter is sure.
    """
    book, month = book_month(workspace, book_id, month_text)
    with workspace.database.transaction(role="reader") as conn:
        found = to_explain(conn, workspace.settings, book, month)
    left = unexplained(found, month)["subject"].implode()
    return found.with_columns(is_explained=~pl.col("subject").is_in(left), handle=_handle())


def _handle() -> pl.Expr:
    """The first letters of the last part of each id, where no other begins so; not of one that looks like a figure."""
    last = pl.col("subject").str.split("/").list.last()
    short = pl.when(last.str.contains(r"^[A-Za-z0-9_]*[A-Za-z]")).then(last.str.head(_HANDLE_LENGTH))
    return pl.when(short.is_not_null() & short.is_unique()).then(short).otherwise("subject")


def explain(
    workspace: Workspace, book_id: str, month_text: str, wanted: Wanted, *, reason: str, actor: str | None = None,
    origin: str | None = None,
) -> int:  # fmt: skip
    """Record what a person says of some lines and items; returns of how many. BadInput for one that is not open."""
    who = acting(workspace.settings, "accountant", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    with workspace.database.transaction() as conn:
        book_lock(conn, book.id)
        chosen = _explainable(_chosen(to_explain(conn, workspace.settings, book, month), month, wanted))
        return _record(conn, book, month, chosen, "explained", who, reason)


def explain_as_before(
    workspace: Workspace, book_id: str, month_text: str, *, actor: str | None = None, origin: str | None = None
) -> int:
    """Say again of what is still open, with the same amount, what was said the month before; returns of how many."""
    who = acting(workspace.settings, "accountant", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    with workspace.database.transaction() as conn:
        book_lock(conn, book.id)
        before = to_explain(conn, workspace.settings, book, month.previous)
        left = unexplained(to_explain(conn, workspace.settings, book, month), month)
        again = (
            left.drop("explained_minor")
            .join(before.select("subject", "explained_minor", said="explanation"), on="subject")
            .filter(pl.col("explained_minor") == pl.col("open_minor"))
        )
        return sum(
            _record(conn, book, month, same, "explained", who, str(reason))
            for (reason,), same in again.group_by("said", maintain_order=True)
        )


def withdraw(
    workspace: Workspace, book_id: str, month_text: str, subjects: Sequence[str], *, reason: str,
    actor: str | None = None, origin: str | None = None,
) -> int:  # fmt: skip
    """Take back what was said of some lines and items; returns of how many."""
    who = acting(workspace.settings, "accountant", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    with workspace.database.transaction() as conn:
        book_lock(conn, book.id)
        found = to_explain(conn, workspace.settings, book, month).filter(pl.col("explained_by").is_not_null())
        chosen = _named(found, subjects, "nothing was said of")
        return _record(conn, book, month, chosen, "withdrawn", who, reason)


def _chosen(found: pl.DataFrame, month: Month, wanted: Wanted) -> pl.DataFrame:
    if wanted.subjects:
        return _named(found, wanted.subjects, "it is not open at the month's end:")
    if not wanted.everything:
        raise BadInput("it takes the lines and items that it is about.", todo="Name them, or give --all.")
    left = unexplained(found, month).filter(pl.col("kind") != HELD_DOCUMENT)
    for column, value in (("kind", wanted.kind), ("account", wanted.account)):
        if value is not None:
            left = left.filter(pl.col(column) == value)
    if wanted.younger_than_days is not None:
        left = left.filter(pl.col("age_days") < wanted.younger_than_days)
    if left.is_empty():
        raise BadInput("nothing that fits waits for an explanation.", todo="`close items` lists what is open.")
    return left


def _explainable(chosen: pl.DataFrame) -> pl.DataFrame:
    held = chosen.filter(pl.col("kind") == HELD_DOCUMENT)
    if held.height:
        raise BadInput(
            f"{held['words'][0]}: it waits for a decision, not for an explanation.",
            kept="Nothing was recorded.",
            todo="finance-pipeline close post-document, or close refuse-document.",
        )
    return chosen


def _named(found: pl.DataFrame, subjects: Sequence[str], wrong: str) -> pl.DataFrame:
    """Rows of these subjects, each given by its id or by the first letters of the last part of it."""
    last_part = pl.col("subject").str.split("/").list.last()
    rows = []
    for given in subjects:
        fits = found.filter((pl.col("subject") == given) | last_part.str.starts_with(given))
        if fits.height != 1:
            raise BadInput(
                f"{wrong} {given!r}." if fits.is_empty() else f"{given!r} fits {fits.height} of them.",
                kept="Nothing was recorded.",
                todo="`close items` lists what is open.",
            )
        rows.append(fits)
    return pl.concat(rows or [found.clear()]).unique("subject", maintain_order=True)


def _record(
    conn: Connection, book: Book, month: Month, chosen: pl.DataFrame, verdict: str, who: Who, reason: str
) -> int:
    if not reason.strip():
        raise BadInput("an explanation is a reason.", kept="Nothing was recorded.")
    seen = chosen.select("subject", "kind", "account", "currency", "open_minor", "since", "words").to_dicts()
    row = conn.execute(
        "select close.explain(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            book.id, str(month), chosen["subject"].to_list(), chosen["currency"].to_list(),
            chosen["open_minor"].to_list(), verdict, who.name, who.role, reason.strip(), who.origin,
            json.dumps(seen, default=str, sort_keys=True),
        ),
    ).fetchone()  # fmt: skip
    return int(row[0]) if row else 0
