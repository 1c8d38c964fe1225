"""The sandbox's clock: it only goes forward, and what the servers have shown once they do not take back."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.sandbox.clock import DEMO_CLOCKS, advance_clock, read_clock, start_clock
from finance_pipeline.sandbox.servers.log import EventLog
from finance_pipeline.sandbox.world import WorldOptions, deliver_statements
from finance_pipeline_tests.sandbox.worlds import SMALL, Built


def test_nobody_set_it_so_it_is_the_first_moment_of_the_demo(tmp_path: Path) -> None:
    assert read_clock(tmp_path) == DEMO_CLOCKS[0]
    assert not (tmp_path / "sandbox").exists(), "looking at the clock writes nothing"


def test_it_goes_forward_and_never_back(tmp_path: Path) -> None:
    later = DEMO_CLOCKS[0] + timedelta(hours=1)
    assert advance_clock(tmp_path, later) == later
    assert advance_clock(tmp_path, later) == later, "the same moment again is fine"
    with pytest.raises(BadInput, match="only goes forward"):
        advance_clock(tmp_path, later - timedelta(microseconds=1))
    assert read_clock(tmp_path) == later


def test_a_moment_is_the_same_in_every_zone_and_must_have_one(tmp_path: Path) -> None:
    noon = datetime(2026, 10, 21, 12, tzinfo=timezone(timedelta(hours=2)))
    advance_clock(tmp_path, noon)
    assert read_clock(tmp_path) == datetime(2026, 10, 21, 10, tzinfo=UTC)
    assert read_clock(tmp_path).utcoffset() == timedelta(0)
    with pytest.raises(BadInput, match="time zone"):
        advance_clock(tmp_path, noon.replace(tzinfo=None))


def test_a_sandbox_of_other_months_starts_at_its_own_moment_and_is_not_set_back_by_starting_again(
    tmp_path: Path,
) -> None:
    early = datetime(2025, 1, 1, tzinfo=UTC)
    assert start_clock(tmp_path, early) == read_clock(tmp_path) == early
    later = advance_clock(tmp_path, early + timedelta(days=9))
    assert start_clock(tmp_path, early) == read_clock(tmp_path) == later


def test_the_demo_looks_once_within_the_last_month_and_once_when_all_is_shown() -> None:
    options = WorldOptions()
    during, after = DEMO_CLOCKS
    assert options.months[-1].first_day < during.date() < options.last_day
    assert after >= options.complete_at


def test_a_later_moment_shows_more_and_takes_back_nothing_that_was_said(tmp_path: Path) -> None:
    """What is said at a moment is the beginning of what is said at any later one, whatever kind of record it is."""
    world = Built.of(tmp_path, SMALL)
    moments = [datetime(2026, 4, 1, tzinfo=UTC) + timedelta(days=days, hours=7) for days in range(0, 100, 9)]
    logs = [EventLog.read(file) for file in world.served.glob("*/*.parquet") if file.stem != "payout_members"]
    assert len(logs) > 20
    for log in logs:
        positions = [log.position(moment) for moment in moments]
        assert positions == sorted(positions)
        assert log.events["visible_at"].is_sorted()
        for moment, position in zip(moments, positions, strict=True):
            assert (log.events[:position]["visible_at"] <= moment).all()
            assert (log.events[position:]["visible_at"] > moment).all()
    transactions = EventLog.read(world.served / "us-plaid" / "transaction.parquet")
    booked = transactions.events.filter(pl.col("json").str.contains('"pending":false'))
    assert (
        0 < transactions.position(moments[5]) < transactions.position(SMALL.complete_at) == transactions.events.height
    )
    assert set(transactions.current(SMALL.complete_at)["id"]) - set(booked["id"]), "pending lines may stay"


def test_statements_follow_the_clock_and_stay(tmp_path: Path) -> None:
    world = Built.of(tmp_path, SMALL)
    seen: set[str] = set()
    for days in (0, 5, 33, 70):
        deliver_statements(world.home, datetime(2026, 5, 1, 6, tzinfo=UTC) + timedelta(days=days))
        inbox = {file.name for file in (world.home / "inbox").iterdir()}
        assert seen <= inbox
        assert len(inbox) > len(seen) or days == 0
        seen = inbox
