"""Months matched again as if nothing stood: what records alone, and what people decided, would be matched to.

What stands stays, whatever arrives later; so a match may stand that nobody would find any more, since a late invoice
made it one of two. Two such computations, before and after, say which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.matching import engine
from finance_pipeline.matching.month import frames
from finance_pipeline.matching.outcomes import Outcome
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services import records
from finance_pipeline.services.closed_months.held import HeldMonth
from finance_pipeline.services.reconciliation import folding, openings


@dataclass(frozen=True)
class FromNothing:
    """What some months would be matched to."""

    allocations: pl.DataFrame
    """frames.ACCEPTED_ALLOCATION and month."""
    outcomes: Mapping[Month, Outcome]
    """The same matches as the engine told them, by month; no exceptions."""


@dataclass
class _Engine:
    """The engine, and all that it said in the rounds of one fold."""

    said: list[Outcome] = field(default_factory=list)

    def __call__(self, inputs: engine.Inputs, policy: Policy) -> Outcome:
        self.said.append(engine.reconcile(inputs, policy))
        return self.said[-1]

    def told(self, matches: pl.DataFrame) -> Outcome:
        """These of the matches that it found (match_id), each as it was first told."""

        def of(name: str) -> pl.DataFrame:
            told: list[pl.DataFrame] = [getattr(each, name) for each in self.said]
            every = pl.concat([frame.with_columns(nth=pl.lit(nth)) for nth, frame in enumerate(told)])
            mine = every.join(matches, on="match_id", how="semi", maintain_order="left")
            return mine.filter(pl.col("nth") == pl.col("nth").min().over("match_id")).drop("nth")

        last = self.said[-1]
        nothing = {"retractions": last.retractions.clear(), "exceptions": last.exceptions.clear()}
        return Outcome(**nothing, **{name: of(name) for name in ("matches", "allocations", "explanations")})


def matched_from_nothing(
    conn: Connection, book: Book, policy: Policy, months: Sequence[Month], as_signed: Mapping[Month, HeldMonth]
) -> FromNothing:
    """What consecutive months of a book would be matched to, each from the one before. Nothing is written.

    as_signed: months whose records count as they were signed; of the others, and in all of none, as they count now.
    """
    first = months[0]
    lines, items = openings.carried(conn, book.id, first.previous)
    past = openings.standing(conn, book.id, first, policy).past
    found, outcomes = [], dict[Month, Outcome]()
    known, counted = set[str](), records.as_counted(conn, book.id)
    for month in months:
        seen = as_signed[month].seen() if month in as_signed else counted
        carried = {*lines, *items["item_id"]}
        opening = _without(openings.opening_of(conn, book, month, lines, items, seen), known - carried)
        known |= {*opening.lines["line_id"], *opening.items["item_id"]}
        known_past = openings.past_without(past, opening.lines)
        given = openings.given_of(
            conn, book, policy, month, opening, frames.Standing(past.clear(), past.clear(), known_past),
            decisions=openings.decisions(conn, book.id, month), taught_until=month, seen=seen,
        )  # fmt: skip
        heard = _Engine()
        done = folding.folded(conn, book, policy, given, heard)
        outcomes[month] = heard.told(done.new.matches)
        past = pl.concat([past, done.new.standing])
        found.append(done.new.allocations.with_columns(month=pl.lit(str(month))))
        lines, items = done.closing.open_lines["line_id"].to_list(), done.closing.open_items
    return FromNothing(pl.concat(found), outcomes)


def _without(opening: frames.Opening, ids: set[str]) -> frames.Opening:
    """The opening without records that an earlier month had: one that moved counts where it was signed."""
    return replace(
        opening,
        lines=opening.lines.filter(~pl.col("line_id").is_in(list(ids))),
        items=opening.items.filter(~pl.col("item_id").is_in(list(ids))),
    )
