"""A book kept in memory over its months: records go in, each month is folded from the one before.

It does what a service does with a database, without one: what is open is carried, standing matches are remembered,
a match that comes again is its next version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.matching import engine, schemas
from finance_pipeline.matching.month import candidates, frames
from finance_pipeline.matching.month.fold import Folded as FoldedMonth
from finance_pipeline.matching.month.fold import Given, Reconcile, fold_month
from finance_pipeline.matching.month.opening import open_month
from finance_pipeline.matching.outcomes import Outcome
from finance_pipeline.matching.policy import Policy
from finance_pipeline_tests.matching.world import minor

MAY, JUNE, JULY = (Month(2026, number) for number in (5, 6, 7))
_SETTLED = pl.Schema({"item_id": pl.String, "settled_minor": pl.Int64})


@dataclass(frozen=True)
class Folded:
    """What one month came from and to, asked in plain words."""

    month: FoldedMonth
    standing: pl.DataFrame
    """Allocations of the month's matches that stand at its end."""

    @property
    def opening(self) -> frames.Opening:
        return self.month.opening

    @property
    def kept(self) -> frames.Kept:
        return self.month.kept

    @property
    def new(self) -> frames.Accepted:
        return self.month.new

    @property
    def closing(self) -> frames.Closing:
        return self.month.closing

    @property
    def exceptions(self) -> pl.DataFrame:
        return self.month.exceptions

    def settled(self) -> list[tuple[str, str]]:
        """Line and item (or other line) of each new allocation."""
        parts = self.new.allocations.select("line_id", pl.coalesce("item_id", "other_line_id").alias("settles"))
        return sorted(parts.unique().rows())

    def carried_at(self) -> dict[str, tuple[int, int]]:
        """Open items: what is open, and what it is carried at."""
        rows = self.closing.open_items.select("item_id", "open_minor", "open_functional_minor").rows()
        return {item: (open_minor, functional) for item, open_minor, functional in rows}

    def open_lines(self) -> list[str]:
        return sorted(self.closing.open_lines["line_id"])

    def reasons(self) -> list[str]:
        """Why matches were retracted."""
        return sorted(self.kept.retractions["reason"])

    def texts(self) -> list[str]:
        """Everything that is published, as text: equal texts are equal bytes."""
        frames = (self.new.matches, self.new.allocations.drop("evidence_hash"), self.exceptions)
        return [frame.write_csv() for frame in frames] + [self.closing.digest]


class BookOfMonths:
    """One book. Every method adds or changes something and returns the book; a second one of an id replaces it."""

    def __init__(self) -> None:
        self.lines: dict[str, dict[str, Any]] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.recorded_settlements: list[tuple[str, str, date]] = []
        self.standing = pl.DataFrame(schema=frames.ALLOCATION_SCHEMA)
        self.decisions: dict[tuple[str, str], dict[str, Any]] = {}
        self.closed: dict[Month, frames.Closing] = {}
        self._versions: dict[str, int] = {}

    def line(
        self, line_id: str, amount: str, memo: str | None = None, on: date = MAY.first_day, **more: Any
    ) -> BookOfMonths:
        given = {"book": "us", "kind": "bank", "account_id": "us-operating", "currency": "USD", "status": "booked"}
        self.lines[line_id] = {
            **given, "line_id": line_id, "amount_minor": minor(amount), "memo": memo, "booked_on": on,
            "functional_minor": minor(amount), "evidence_hash": f"bytes of {line_id} of {amount}", **more,
        }  # fmt: skip
        return self

    def item(
        self, item_id: str, total: str, carried_at: str | None = None, on: date = MAY.first_day, **more: Any
    ) -> BookOfMonths:
        given = {"book": "us", "kind": "invoice", "number": item_id, "references": [], "currency": "USD", **more}
        self.items[item_id] = {
            **given, "item_id": item_id, "total_minor": minor(total), "open_minor": minor(total), "issued_on": on,
            "open_functional_minor": minor(carried_at or total), "evidence_hash": f"bytes of {item_id} of {total}",
        }  # fmt: skip
        return self

    def recorded(self, item_id: str, amount: str, on: date = MAY.first_day) -> BookOfMonths:
        """The accounting system itself says that so much of an item is settled."""
        self.recorded_settlements.append((item_id, amount, on))
        return self

    def fold(
        self,
        month: Month,
        shuffled_by: int | None = None,
        found: list[tuple[str, str, int]] | None = None,
        engine_is: Reconcile = engine.reconcile,
    ) -> Folded:
        """Fold a month from the one before, and remember what it closes with.

        found: lines, items and amounts that are matched, where the engine is not asked. engine_is: what is asked
        instead of the engine.
        """
        given = self._given(month, shuffled_by)
        folded = fold_month(given, Policy(), engine_is if found is None else lambda *_: _settling(found))
        added = self._remember(folded.kept, folded.new, month)
        self.closed[month] = folded.closing
        return Folded(folded, pl.concat([folded.kept.here, added]))

    def fold_all(self) -> list[Folded]:
        return [self.fold(month) for month in (MAY, JUNE, JULY)]

    def _given(self, month: Month, shuffled_by: int | None) -> Given:
        text = str(month)
        past = self._past(text)
        split = frames.Standing(
            self.standing.filter(pl.col("month") == text), self.standing.filter(pl.col("month") > text), past
        )
        held = pl.DataFrame(
            [row for line_id, row in self.lines.items() if line_id in past["line_id"]],
            schema=candidates.LINE_SCHEMA, orient="row",
        )  # fmt: skip
        opening = replace(self._opening(month, shuffled_by), past=held)
        decisions = schemas.DECISIONS.frame(list(self.decisions.values()))
        return Given(month, opening, split, decisions, items_of=self._items_of)

    def _items_of(self, ids: Sequence[str]) -> pl.DataFrame:
        nothing = {"open_minor": 0, "open_functional_minor": 0}
        rows = [row | nothing for item_id, row in self.items.items() if item_id in ids]
        return pl.DataFrame(rows, schema=candidates.ITEM_SCHEMA, orient="row")

    def _past(self, month: str) -> pl.DataFrame:
        """Allocations of earlier months, and of those that give back what they hold."""
        return self.standing.filter(pl.col("month") < month)

    def _opening(self, month: Month, shuffled_by: int | None) -> frames.Opening:
        before = self.closed.get(month.previous)
        carried_lines = before.open_lines["line_id"].to_list() if before else []
        carried_items = before.open_items if before else pl.DataFrame(schema=candidates.ITEM_SCHEMA)
        lines = [each for each in self.lines.values() if self._is_of(each["booked_on"], month)]
        lines += [self.lines[line_id] for line_id in carried_lines if line_id in self.lines]
        items = [each for each in self.items.values() if self._is_of(each["issued_on"], month)]
        settled = [(item, minor(amount)) for item, amount, on in self.recorded_settlements if self._is_of(on, month)]
        later = [
            each for item, each in self.items.items() if item in dict(settled) and each["issued_on"] > month.last_day
        ]
        parts = (
            pl.DataFrame(lines, schema=candidates.LINE_SCHEMA, orient="row"),
            carried_items,
            pl.DataFrame(items, schema=candidates.ITEM_SCHEMA, orient="row"),
            pl.DataFrame(settled, schema=_SETTLED, orient="row").group_by("item_id").sum(),
            pl.DataFrame(later, schema=candidates.ITEM_SCHEMA, orient="row"),
        )
        if shuffled_by is not None:
            parts = tuple(frame.sample(fraction=1, shuffle=True, seed=shuffled_by) for frame in parts)
        return open_month(*parts)

    @staticmethod
    def _is_of(day: date, month: Month) -> bool:
        return Month.of(day) == month

    def _remember(self, kept: frames.Kept, new: frames.Accepted, month: Month) -> pl.DataFrame:
        """Keep what stands now; returns the allocations that are new."""
        gone = self.standing.join(kept.retractions, on=["match_id", "version"], how="anti")
        ids = new.matches["match_id"].to_list()
        self._versions |= {match_id: self._versions.get(match_id, 0) + 1 for match_id in ids}
        versions = pl.Series([self._versions[match_id] for match_id in ids], dtype=pl.Int32)
        numbered = new.matches.select("match_id", "tier", "rule", month=pl.lit(str(month)), version=versions)
        added = new.allocations.join(numbered, on="match_id").select(frames.ALLOCATION_SCHEMA.names())
        self.standing = pl.concat([gone, added])
        return added


def _settling(found: list[tuple[str, str, int]]) -> Outcome:
    """What the engine would say, had it found these lines to settle so much of these items."""
    return outcome_of(
        [
            {"line_id": line, "item_id": item, "amount_minor": amount, "item_amount_minor": amount}
            for line, item, amount in found
        ]
    )


def outcome_of(parts: list[dict[str, Any]]) -> Outcome:
    """What the engine would say, had it found these parts of lines; those of a line make one match."""
    rows = [
        {"currency": "USD", "item_currency": "USD", "role": "principal", "match_id": f"match of {part['line_id']}"}
        | part
        for part in parts
    ]
    ids = sorted({row["match_id"] for row in rows})
    given = {"book": "us", "tier": 1, "rule": "reference", "rule_version": "1", "status": "accepted"}
    return Outcome(
        schemas.MATCHES.frame([{"match_id": each, "confidence": "documented", **given} for each in ids]),
        schemas.ALLOCATIONS.frame(rows),
        schemas.RETRACTIONS.empty(),
        schemas.EXCEPTIONS.empty(),
        schemas.EXPLANATIONS.frame([{"match_id": each, "words": "", "evidence": "{}"} for each in ids]),
    )
