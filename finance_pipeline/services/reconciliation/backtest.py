"""Backtests: a book's past months reconciled again from evidence under another policy, in memory. Nothing is written.

People's decisions are left out of both runs, so that they can be what the runs are measured by; what they taught about
names and accounts counts from the month after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from finance_pipeline.core.period import Month, months
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.matching import autonomy
from finance_pipeline.matching.month import candidates, comparing, frames
from finance_pipeline.matching.month.fold import Given, fold_month
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services.reconciliation import openings
from finance_pipeline.services.reconciliation.policies import checked, policy_of, policy_with
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_BOOKED = pl.Schema({"line_id": pl.String, "booked_on": pl.Date})


@dataclass(frozen=True)
class Backtest:
    """What a policy would have done on a book's history, against the one that it has."""

    book: str
    first: Month
    last: Month
    lines: pl.DataFrame
    """comparing.COMPARED, of lines booked in these months."""
    contradictions: pl.DataFrame
    """comparing.CONTRADICTIONS of the new policy, with `new`: the old one does not contradict that."""
    by_rule: pl.DataFrame
    """One row per tier and rule: tier, rule, same, newly_accepted, no_longer_accepted, changed, contradictions."""
    widenings: tuple[autonomy.Widening, ...]
    """Where the new policy accepts more without a person."""
    lacking: tuple[str, ...]
    """What those widenings lack."""

    @property
    def figures(self) -> dict[str, Any]:
        """What is kept of it with a policy that is saved."""
        return {
            "first": str(self.first),
            "last": str(self.last),
            "by_rule": self.by_rule.to_dicts(),
            "contradictions": self.contradictions.height,
            "new_contradictions": self.new_contradictions.height,
        }

    @property
    def new_contradictions(self) -> pl.DataFrame:
        return self.contradictions.filter("new")


def backtest(
    workspace: Workspace, book_id: str, overrides: Mapping[str, Any], first: str | None = None, last: str | None = None
) -> Backtest:
    """Compare the policy that these overrides make with the book's own, on its months from first to last.

    Each run begins with the book's first month, since a month starts from what the one before left open. Raises
    BadSettings for overrides that make no policy and BadInput for a book without computed months.
    """
    book = workspace.settings.book(book_id)
    old, new = policy_of(book), checked(policy_with(overrides), book)
    with workspace.database.transaction(role="reader") as conn:
        computed = conn.execute("select max(month) from recon.month where book = %s", (book_id,)).fetchone()
        if computed is None or computed[0] is None:
            raise BadInput(f"book {book_id} has no computed month.", todo="Run its months first.")
        end = Month.parse(computed[0])
        begin = Month.parse(first) if first else book.first_month
        until = min(end, Month.parse(last)) if last else end
        before, after = (replayed(conn, book, policy, until) for policy in (old, new))
        booked = _booked(conn, book_id, begin.first_day, until.last_day)
        decided = openings.decisions(conn, book_id, until)
    before, after = (frame.join(booked, on="line_id", how="semi") for frame in (before, after))
    against = comparing.contradictions(after, decided)
    known = comparing.contradictions(before, decided).select("line_id", "words", known=pl.lit(True))
    against = against.join(known, on=["line_id", "words"], how="left").with_columns(new=pl.col("known").is_null())
    lines = comparing.compared(before, after)
    wider, lacking = widening(workspace, book, new)
    return Backtest(
        book_id,
        begin,
        until,
        lines,
        against.drop("known").sort("line_id", "words"),
        _by_rule(lines, against),
        wider,
        lacking,
    )


def widening(workspace: Workspace, book: Book, new: Policy) -> tuple[tuple[autonomy.Widening, ...], tuple[str, ...]]:
    """Where a policy accepts more than the book's own without a person, and what that lacks of people's decisions."""
    wider = tuple(autonomy.widened(policy_of(book), new))
    with workspace.database.transaction(role="reader") as conn:
        decided = copy_out(conn, query("decided_evidence"), {"book": book.id}, autonomy.DECIDED)
    return wider, tuple(autonomy.lacking(wider, decided))


def replayed(conn: Connection, book: Book, policy: Policy, last: Month) -> pl.DataFrame:
    """What a policy accepts of a book's history up to a month, from evidence alone (comparing.ACCEPTED)."""
    standing, words = pl.DataFrame(schema=frames.ALLOCATION_SCHEMA), []
    lines: list[str] = []
    items = pl.DataFrame(schema=candidates.ITEM_SCHEMA)
    for month in months(book.first_month, last):
        folded = fold_month(_given(conn, book, policy, month, standing, lines, items), policy)
        standing = pl.concat([standing, folded.new.standing])
        words.append(folded.new.matches.select("match_id", "words"))
        lines = folded.closing.open_lines["line_id"].to_list()
        items = folded.closing.open_items
    return comparing.accepted(standing, pl.concat(words).unique("match_id"))


def _given(
    conn: Connection,
    book: Book,
    policy: Policy,
    month: Month,
    standing: pl.DataFrame,
    lines: list[str],
    items: pl.DataFrame,
) -> Given:
    since = Month.of(month.first_day - timedelta(days=policy.return_days))
    past = standing.filter(pl.col("month") >= str(since))
    return openings.given_of(
        conn,
        book,
        policy,
        month,
        openings.opening_of(conn, book, month, lines, items),
        frames.Standing(standing.clear(), standing.clear(), past),
        decisions=openings.no_decisions(),
        taught_until=month.previous,
    )


def _booked(conn: Connection, book: str, first: date, last: date) -> pl.DataFrame:
    return copy_out(conn, query("lines_booked"), {"book": book, "first_day": first, "last_day": last}, _BOOKED)


def _by_rule(lines: pl.DataFrame, against: pl.DataFrame) -> pl.DataFrame:
    changes = ("same", "newly accepted", "no longer accepted", "changed")
    counted = lines.group_by("tier", "rule").agg(
        (pl.col("change") == change).sum().alias(change.replace(" ", "_")) for change in changes
    )
    wrong = against.group_by("tier", "rule").agg(contradictions=pl.len())
    joined = counted.join(wrong, on=["tier", "rule"], how="left").with_columns(pl.col("contradictions").fill_null(0))
    return joined.sort("tier", "rule")
