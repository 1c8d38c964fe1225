"""What a result adds up to: by account, currency, evidence and reason. The screen and the workbook show the same."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from finance_pipeline.services.quickstart.result import EXPECTED, MATCHED, PENDING, TIERS, TO_DO, Result


@dataclass(frozen=True)
class LinesOf:
    """Booked lines of one currency: counts, and minor units. booked = matched + to do + expected, in both."""

    currency: str
    booked: int
    matched: int
    to_do: int
    expected: int
    booked_minor: int
    matched_minor: int
    to_do_minor: int
    expected_minor: int


@dataclass(frozen=True)
class ItemsOf:
    """Open items of one currency: amount = settled + left. owed_to_us: of them, those that are not owed by us."""

    currency: str
    items: int
    settled: int
    partly: int
    open: int
    owed_to_us: int
    amount_minor: int
    settled_minor: int
    left_minor: int


@dataclass(frozen=True)
class Figures:
    """All of it."""

    booked: int
    matched: int
    to_do: int
    expected: int
    pending: int
    lines: tuple[LinesOf, ...]
    tiers: tuple[tuple[int, str, int], ...]
    """Tier, its evidence in a word, lines."""
    reasons: tuple[tuple[str, int], ...]
    """Reason code, lines that wait for a person; the most frequent first."""
    beside_the_list: int
    """Of those that wait: lines of a direction of which the list has no item."""
    items: tuple[ItemsOf, ...]


def figures_of(result: Result) -> Figures:
    lines = tuple(_lines_of(result.lines))
    matched = result.in_state(MATCHED)
    tiers = matched.group_by("tier").len().sort("tier")
    reasons = result.in_state(TO_DO).group_by("reason").len().sort("len", "reason", descending=[True, False])
    return Figures(
        booked=sum(each.booked for each in lines),
        matched=matched.height,
        to_do=sum(each.to_do for each in lines),
        expected=sum(each.expected for each in lines),
        pending=result.in_state(PENDING).height,
        lines=lines,
        tiers=tuple((tier, TIERS[tier], count) for tier, count in tiers.iter_rows()),
        reasons=tuple(reasons.iter_rows()),
        beside_the_list=result.to_do.filter(result.is_beside).height,
        items=tuple(_items_of(result.items)),
    )


def _lines_of(lines: pl.DataFrame) -> list[LinesOf]:
    states = {"matched": MATCHED, "to_do": TO_DO, "expected": EXPECTED}
    booked = lines.filter(pl.col("state") != PENDING)
    found = booked.group_by("currency").agg(
        pl.len().alias("booked"),
        pl.col("amount_minor").sum().alias("booked_minor"),
        *((pl.col("state") == state).sum().alias(name) for name, state in states.items()),
        *(
            pl.col("amount_minor").filter(pl.col("state") == state).sum().alias(f"{name}_minor")
            for name, state in states.items()
        ),
    )
    return [LinesOf(**row) for row in found.sort("currency").iter_rows(named=True)]


def _items_of(items: pl.DataFrame) -> list[ItemsOf]:
    found = items.group_by("currency").agg(
        pl.len().alias("items"),
        (pl.col("state") == "settled").sum().alias("settled"),
        (pl.col("state") == "partly settled").sum().alias("partly"),
        (pl.col("state") == "open").sum().alias("open"),
        (pl.col("amount_minor") > 0).sum().alias("owed_to_us"),
        pl.col("amount_minor").sum(),
        pl.col("settled_minor").sum(),
        pl.col("left_minor").sum(),
    )
    return [ItemsOf(**row) for row in found.sort("currency").iter_rows(named=True)]
