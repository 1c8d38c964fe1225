"""Connections: what runs share about them, so that one run's trouble is the next one's knowledge and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finance_pipeline.core.problems import Busy, NeedsItsOwner, PermanentProblem, Unreachable
from finance_pipeline.core.settings import Calls
from finance_pipeline.services.intake import sync
from finance_pipeline.services.intake.connections import LeftAlone, SharedGate, connection_states, stale_books
from finance_pipeline.services.intake.sync import sync_connection
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources.gather import MalformedPage
from finance_pipeline.sources.health import Health, Outcome, after, may_call, outcome_of, shown
from finance_pipeline.sources.http import TurnedAway
from finance_pipeline.sources.limits import Limit, Spent, taken
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import rows

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OUTCOMES = st.sampled_from(
    [
        Outcome("read"),
        Outcome("throttled", "too many.", again_at=NOW),
        Outcome("unanswered", "no answer."),
        Outcome("needs_owner", "log in."),
        Outcome("refused", "no."),
        Outcome("nothing"),
    ]
)


@given(st.integers(1, 7), st.lists(st.floats(0, 400), max_size=60))
def test_in_no_window_of_its_length_does_a_limit_let_more_calls_through_than_it_allows(
    calls: int, arrivals: list[float]
) -> None:
    limit, spent, made = Limit("a minute", calls, per_s=60), Spent(), []
    for now_s in sorted(arrivals):
        spent, wait_s = taken(spent, limit, now_s)
        if wait_s:
            _, again = taken(spent, limit, now_s + wait_s)
            assert again == 0, "who waits as long as told is let through"
        else:
            made.append(now_s)
    assert all(sum(begin <= each < begin + 60 for each in made) <= calls for begin in made)
    if made:
        assert len(made) >= min(calls, sum(each < made[0] + 57 for each in arrivals if each >= made[0]))


@given(st.lists(st.tuples(OUTCOMES, st.integers(0, 7200)), min_size=1, max_size=12))
def test_a_connection_is_never_left_alone_for_ever_and_never_for_a_reason_that_calling_less_would_not_mend(
    history: list[tuple[Outcome, int]],
) -> None:
    health, now = None, NOW
    for outcome, seconds in history:
        now += timedelta(seconds=seconds)
        before, health = health, after(health, outcome, now)
        if health.open_until is not None and outcome.what != "throttled":
            assert health.open_until - now <= timedelta(hours=1) or outcome.what == "nothing"
        assert may_call(health, health.open_until or now), "once its time is over, one trial"
        if outcome.what in ("read", "needs_owner", "refused"):
            assert may_call(health, now)
            assert health.failures == 0
        if before is not None and before.state == health.state:
            assert health.since == before.since, "it is so since it became so"
        if outcome.what == "read":
            assert (health.state, health.reason) == ("healthy", "")


def test_the_third_pull_in_a_row_without_an_answer_opens_the_circuit_and_each_failed_trial_for_twice_as_long() -> None:
    health, opened = None, []
    for turn in range(1, 7):
        health = after(health, Outcome("unanswered", "no answer."), NOW + turn * MINUTE)
        opened.append(None if health.open_until is None else (health.open_until - NOW) / MINUTE - turn)
    assert opened == [None, None, 1, 2, 4, 8]
    assert (health.state, health.since) == ("stale", NOW + 3 * MINUTE) if health else False
    assert after(health, Outcome("read"), NOW).state == "healthy"


@pytest.mark.parametrize(
    ("problem", "state"),
    [
        (TurnedAway("the day limit.", NOW + 60 * MINUTE, where="here", kept=""), "throttled"),
        (NeedsItsOwner("log in."), "needs_owner"),
        (PermanentProblem("no."), "refused"),
        (Busy("somebody is at it."), "healthy"),
        (MalformedPage("cut."), "healthy"),
        (Unreachable("no answer."), "healthy"),
    ],
)
def test_each_trouble_has_its_state_and_one_failure_is_not_yet_one(problem: Any, state: str) -> None:
    assert after(None, outcome_of(problem), NOW).state == state


def test_what_was_not_read_for_a_day_and_a_half_is_stale_whatever_it_says() -> None:
    healthy = Health("healthy", NOW - 30 * 24 * 60 * MINUTE)
    assert shown(healthy, NOW - 36 * 60 * MINUTE, NOW).state == "healthy"
    stale = shown(healthy, NOW - 37 * 60 * MINUTE, NOW)
    assert (stale.state, stale.since) == ("stale", NOW - 60 * MINUTE)
    assert "not read to its end since 2026-11-18 23:00 UTC" in stale.reason


def test_runs_at_the_same_time_share_one_limit(database: Database) -> None:
    limits = (Limit("xero/t/minute", 20, per_s=3600), Limit("xero/app/minute", 500, per_s=3600))
    with ThreadPoolExecutor(4) as runs:
        waits = list(runs.map(lambda _: SharedGate(database).take(limits), range(40)))
    assert sum(wait == 0 for wait in waits) == 20
    other = (Limit("xero/other/minute", 20, per_s=3600), limits[1])
    assert SharedGate(database).take(other) == 0, "another tenant has its own"
    with database.transaction(role="reader") as conn:
        used = dict(
            conn.execute("select name, (select sum(c) from unnest(counts) as c) from ops.rate_budget").fetchall()
        )
    assert used == {"xero/t/minute": 20, "xero/other/minute": 1, "xero/app/minute": 21}, "who waits counts nowhere"


@pytest.fixture
def books(two_books: Company) -> Iterator[Workspace]:
    with two_books.new_books() as found:
        yield Workspace(found.settings.model_copy(update={"calls": Calls(time_scale=0.0001)}), found.database)
        two_books.clear_faults()


def state_of(books: Workspace, connection: str) -> dict[str, Any]:
    return next(row for row in connection_states(books).to_dicts() if row["connection_id"] == connection)


def test_a_day_limit_is_not_waited_for_but_kept_to_by_the_next_run_and_by_no_other_connection(
    two_books: Company, books: Workspace
) -> None:
    real_time = Workspace(books.settings.model_copy(update={"calls": Calls()}), books.database)
    two_books.server.fault("uk-xero", "status_429", retry_after_s=50_000)
    ended = sync_connection(real_time, books.settings.connection("uk-xero"))
    assert isinstance(ended.problem, TurnedAway)
    again = sync_connection(real_time, books.settings.connection("uk-xero"))
    assert isinstance(again.problem, LeftAlone)
    assert "left alone until" in again.words
    assert sync_connection(real_time, books.settings.connection("de-xero")).problem is None
    state = state_of(books, "uk-xero")
    assert state["state"] == "throttled"
    assert timedelta(hours=13) < state["open_until"] - datetime.now(UTC) < timedelta(hours=14)
    assert rows(books, "select count(*) from landing.sync where connection_id = 'uk-xero'") == [(1,)]


def test_what_a_pull_learned_of_a_connection_is_known_before_another_run_may_pull_it(
    books: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = books.settings.connection("uk-plaid")
    others: list[Any] = []
    noted = sync.note_health

    def noted_while_another_run_comes(*arguments: Any) -> None:
        noted(*arguments)
        if not others:
            others.append(None)
            others[0] = sync_connection(books, connection).problem

    monkeypatch.setattr(sync, "note_health", noted_while_another_run_comes)
    sync_connection(books, connection)
    assert isinstance(others[0], Busy), "it would call a server that has just asked to be left alone"


def test_a_bank_that_is_down_is_left_alone_after_three_pulls_tried_once_after_a_while_and_healthy_when_it_answers(
    two_books: Company, books: Workspace
) -> None:
    connection = books.settings.connection("uk-plaid")
    slow = Workspace(books.settings.model_copy(update={"calls": Calls(attempts=1, time_scale=0.01)}), books.database)
    two_books.server.fault("uk-plaid", "status_500", count=3)
    for _ in range(3):
        assert isinstance(sync_connection(slow, connection).problem, Unreachable)
    assert isinstance(sync_connection(slow, connection).problem, LeftAlone)
    assert state_of(books, "uk-plaid")["state"] == "stale"
    with books.database.transaction(role="owner") as conn:  # an hour later
        conn.execute("update ops.connection_state set open_until = open_until - interval '1 hour'")
    assert sync_connection(slow, connection).problem is None
    state = state_of(books, "uk-plaid")
    assert (state["state"], state["reason"], state["dead_letters"]) == ("healthy", "", 0)
    assert "uk-plaid" not in " ".join(stale_books(books))
    (old,) = [each for each in stale_books(books, datetime.now(UTC) + timedelta(days=2)) if each.startswith("uk:")]
    assert "uk-plaid (last read" in old
    assert "uk-xero (never read)" in old


def test_five_runs_may_call_one_organisation_at_once_and_no_sixth(books: Workspace) -> None:
    connection = books.settings.connection("uk-xero")
    with books.database.transaction() as others:
        for place in range(5):
            others.execute(
                "select pg_advisory_xact_lock(7203003, hashtext(%s))", (f"xero/{connection.tenant_id}/{place}",)
            )
        assert "as many as it allows" in sync_connection(books, connection).words
    assert sync_connection(books, connection).problem is None
