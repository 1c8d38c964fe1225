"""The steps of a close, judged from facts: each is open for its own reason, and whoever needs it waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from finance_pipeline.close.facts import CONNECTIONS, STATEMENTS, TIES, TO_EXPLAIN, Facts
from finance_pipeline.close.steps import CHECKED, close_of, unexplained
from finance_pipeline.core.period import Month

MAY = Month(2026, 5)
IN_JUNE = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
"""Midnight in New York: the moment at which May is over there."""


def connections(read_at: datetime | None = IN_JUNE) -> pl.DataFrame:
    return pl.DataFrame([("bank", read_at, "")], schema=CONNECTIONS, orient="row")


READY = Facts(
    book="us",
    month=MAY,
    time_zone="America/New_York",
    now=IN_JUNE,
    connections=connections(),
    statements=pl.DataFrame([("main", "USD", date(2026, 5, 31), 100, True)], schema=STATEMENTS, orient="row"),
    to_explain=TO_EXPLAIN.to_frame(),
    ties=pl.DataFrame([("debits_equal_credits", "all", True, "equal")], schema=TIES, orient="row"),
)


def item(**more: Any) -> pl.DataFrame:
    row = {"subject": "x", "kind": "payout", "currency": "USD", "open_minor": 500, "since": date(2026, 5, 30),
           "has_cleared": False}  # fmt: skip
    return pl.DataFrame([row | more], schema=TO_EXPLAIN)


def untied(name: str) -> pl.DataFrame:
    return pl.DataFrame([(name, "main", False, "they differ")], schema=TIES, orient="row")


def test_a_month_of_which_everything_is_done_waits_for_people_alone() -> None:
    close = close_of(READY)
    assert [step.name for step in close.steps if step.blocks] == ["review", "sign_off", "lock"]
    assert close.next_step is not None
    assert close.next_step.name == "review"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("month_over", {"now": datetime(2026, 6, 1, 3, 59, tzinfo=UTC)}),
        ("earlier_months", {"earlier_open": Month(2026, 4)}),
        ("sources_fresh", {"connections": connections(datetime(2026, 6, 1, 3, 59, tzinfo=UTC))}),
        ("sources_fresh", {"connections": connections(None)}),
        ("statements_complete", {"statements": READY.statements.with_columns(is_at_month_end=False)}),
        ("statements_complete", {"ties": untied("statements_are_continuous")}),
        ("evidence_complete", {"dead_letters": 1}),
        ("evidence_complete", {"unmapped_records": 1}),
        ("figures_current", {"is_computed": False}),
        ("accounts_mapped", {"unmapped_accounts": ("999",)}),
        ("tie_outs", {"ties": untied("receivables_equal_open_items")}),
        ("tie_outs", {"ties": READY.ties.clear()}),
        ("items_explained", {"to_explain": item()}),
        ("intercompany", {"to_explain": item(kind="intercompany"), "has_group": True}),
        ("revaluation", {"ties": untied("valuation_equals_closing_rate")}),
        ("ledgers_agree", {"statutory": "ours"}),
        ("differences", {"undecided_differences": 1}),
    ],
)
def test_each_step_that_is_not_done_is_open_and_keeps_the_figures_from_being_put_forward(
    name: str, change: dict[str, Any]
) -> None:
    close = close_of(replace(READY, **change))
    assert close.step(name).state == "open"
    assert close.step(name).todo
    assert close.step("review").state == "waits"
    assert close.step(name).title in close.step("review").words


def test_a_step_waits_for_those_that_it_needs() -> None:
    close = close_of(replace(READY, connections=connections(None), dead_letters=1, is_computed=False))
    states = {name: close.step(name).state for name in CHECKED}
    assert (states["sources_fresh"], states["evidence_complete"], states["figures_current"]) == (
        "open",
        "waits",
        "waits",
    )
    assert close.step("tie_outs").state == "done"


@pytest.mark.parametrize(
    ("explained", "change"),
    [
        (False, {}),
        (True, {"expected_on": date(2026, 6, 1)}),
        (False, {"expected_on": date(2026, 5, 31)}),
        (False, {"kind": "recorded payment", "expected_on": date(2026, 6, 1)}),
        (True, {"has_cleared": True}),
        (True, {"explained_by": "Ann", "explained_minor": 500}),
        (False, {"explained_by": "Ann", "explained_minor": 400}),
    ],
)
def test_what_is_open_is_explained_by_its_due_day_by_having_cleared_or_by_words_about_that_amount(
    explained: bool, change: dict[str, Any]
) -> None:
    assert unexplained(item(**change), MAY).is_empty() is explained
