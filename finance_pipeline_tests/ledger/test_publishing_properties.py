"""However a journal came to where it is, it says what a journal says that was posted at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance_pipeline.core.period import Month
from finance_pipeline.ledger import journal, proof, reports
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.by_hand import close_month
from finance_pipeline_tests.ledger.drawn import BOOK, worlds
from finance_pipeline_tests.ledger.world import MAY, Connection, World

JUNE, JULY = Month(2026, 6), Month(2026, 7)
KINDS = ("bank", "document", "payment", "balance", "match")
AMOUNTS = ("amount_minor", "fee_minor", "net_minor", "total_minor", "tax_minor", "functional_minor", "settled_minor")
DAYS = ("booked_on", "issued_on", "occurred_on", "matched_on", "balance_on")
STANDING = """
    select source, source_id, purpose, effective_on, currency, amounts, functional_amounts, match_id
    from ledger.standing where book = %s order by source, source_id, purpose
"""
_numbers = count(1)


@dataclass(frozen=True)
class State:
    """What is known at one time, and in which order its months are posted."""

    world: World
    months: list[Month]


@st.composite
def histories(draw: st.DrawFn) -> list[State]:
    """A world to which things happen: facts go and come back, change their amount or move to June, and back."""
    world = draw(worlds())
    names = [(kind, name) for kind in KINDS for name in world.facts[kind]]
    happened: dict[tuple[str, str], set[str]] = {name: set() for name in names}
    states = [State(world, [MAY, JUNE])]
    for _ in range(draw(st.integers(1, 3))):
        for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=4)):
            happened[name] ^= {draw(st.sampled_from(("gone", "doubled", "moved")))}
        facts = {
            kind: {name: _told(kind, row, happened.get((kind, name), set())) for name, row in rows.items()}
            for kind, rows in world.facts.items()
        }
        living = {kind: {name: row for name, row in rows.items() if row} for kind, rows in facts.items()}
        states.append(State(replace(world, facts=living), draw(st.permutations([MAY, JUNE]))))
    return states


def _told(kind: str, row: dict[str, Any], happened: set[str]) -> dict[str, Any]:
    """A fact as it is told after what happened to it; nothing where it is gone."""
    if "gone" in happened:
        return {}
    told = dict(row)
    if "doubled" in happened and kind != "match":
        told |= {name: 2 * row[name] for name in AMOUNTS if row.get(name)}
        if kind == "document":
            told["line_nets_minor"] = [2 * net for net in row["line_nets_minor"]]
    if "moved" in happened:
        told |= {name: row[name] + timedelta(31) for name in DAYS if name in row}
    return told


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.booleans())
def test_a_journal_posted_step_by_step_says_what_one_posted_at_once_says(
    kept_database: Database, history: list[State], may_is_locked: bool
) -> None:
    stepwise, at_once = f"stepwise-{next(_numbers)}", f"at-once-{next(_numbers)}"
    for ordinal, state in enumerate(history):
        for month in state.months:
            _publish(kept_database, stepwise, state.world, [month])
        if may_is_locked and ordinal == 0:
            close_month(kept_database, MAY.first_day, book=stepwise)
    assert _publish(kept_database, stepwise, history[-1].world, [MAY, JUNE]) == (0, 0)
    _publish(kept_database, at_once, history[-1].world, [MAY, JUNE])
    with kept_database.transaction(role="reader") as conn:
        assert conn.execute(STANDING, (stepwise,)).fetchall() == conn.execute(STANDING, (at_once,)).fetchall()
        for month in (JULY,) if may_is_locked else (MAY, JUNE, JULY):
            assert _closing(conn, stepwise, month) == _closing(conn, at_once, month)
        assert proof.verify(conn).first_broken is None


def _publish(database: Database, name: str, world: World, months: list[Month]) -> tuple[int, int]:
    """Post what belongs to these months; returns how many entries were new and reversed."""
    book = BOOK.model_copy(update={"id": name})
    entries = world.postings.entries.with_columns(book=pl.lit(name))
    wanted = entries.filter(pl.col("accounting_on").dt.truncate("1mo").is_in([month.first_day for month in months]))
    with database.transaction() as conn:
        ensure_accounts(conn, [book])
        report = journal.publish(conn, name, months, wanted, run_id="run", correlation_id="correlation")
    return report.new, report.reversed


def _closing(conn: Connection, book: str, month: Month) -> dict[str, int]:
    balance = reports.trial_balance(conn, book, month)
    return {code: minor for code, minor in balance.select("code", "closing_minor").rows() if minor}
