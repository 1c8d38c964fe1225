"""The one retry policy: how long it waits, when it gives up, what it says; and the limits that it keeps to."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from finance_pipeline.core.problems import Unreachable
from finance_pipeline.sources.http import RetryPolicy, Transient, TurnedAway, retry_after_s, transient_of
from finance_pipeline.sources.limits import Limit, OwnGate


class Failing:
    """Fails a number of times, then answers."""

    def __init__(self, times: int, retry_after: float | None = None) -> None:
        self.left, self.retry_after, self.calls = times, retry_after, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.left:
            raise Transient("the connection failed", self.retry_after)
        return "answer"


def test_waits_double_and_half_of_each_is_left_to_chance() -> None:
    slept: list[float] = []
    policy = RetryPolicy(first_wait_s=1, sleep=slept.append, jitter=iter([0.0, 1.0, 0.5]).__next__)
    assert policy.call("here", Failing(3)) == "answer"
    assert slept == [0.5, 2.0, 3.0]


def test_a_server_that_names_a_time_is_not_asked_before_it() -> None:
    slept: list[float] = []
    assert RetryPolicy(sleep=slept.append).call("here", Failing(1, retry_after=7)) == "answer"
    assert 7 <= slept[0] < 8


def test_a_spent_budget_is_unreachable_and_says_where_and_why() -> None:
    slept: list[float] = []
    failing = Failing(99)
    with pytest.raises(Unreachable, match=r"^here: no answer after 3 attempts; the last one: the connection failed\."):
        RetryPolicy(attempts=3, sleep=slept.append).call("here", failing)
    assert (failing.calls, len(slept)) == (3, 2)


def test_time_spent_inside_the_calls_counts_against_the_budget() -> None:
    failing = Failing(99)
    clock = iter(range(0, 1000, 40)).__next__
    with pytest.raises(Unreachable):
        RetryPolicy(attempts=10, budget_s=90, clock=clock, sleep=lambda _: None).call("here", failing)
    assert failing.calls == 3


def test_a_wait_of_most_of_a_day_is_not_slept_but_said() -> None:
    slept: list[float] = []
    failing = Failing(99, retry_after=50_000)
    with pytest.raises(TurnedAway, match="Try again after") as raised:
        RetryPolicy(sleep=slept.append).call("here", failing)
    assert slept == []
    assert failing.calls == 1
    assert timedelta(hours=13) < raised.value.again_at - datetime.now(UTC) < timedelta(hours=14)


def test_what_is_not_transient_is_not_tried_again() -> None:
    calls: list[int] = []

    def broken() -> None:
        calls.append(1)
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        RetryPolicy(sleep=lambda _: None).call("here", broken)
    assert len(calls) == 1


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after_s({"Retry-After": "12"}) == 12
    assert 55 < (retry_after_s({"retry-after": in_a_minute}) or 0) <= 60
    assert retry_after_s({"Retry-After": "soon"}) is None
    assert retry_after_s({}) is None


def test_only_time_outs_limits_and_server_faults_are_transient() -> None:
    assert [
        status for status in (200, 304, 400, 401, 403, 404, 408, 409, 429, 500, 503) if transient_of(status, {}, "")
    ] == [
        408,
        429,
        500,
        503,
    ]


def test_a_rate_budget_lets_no_more_calls_through_than_a_window_holds() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    policy = RetryPolicy(sleep=sleep, budget_s=70, gate=OwnGate(lambda: now[0]))
    minute, day = Limit("a minute", 2, per_s=60), Limit("a day", 5, per_s=86_400)
    at = []
    for _ in range(5):
        policy.admit("here", (minute, day))
        at.append(now[0])
    assert at == [0, 0, 63, 63, 126], "a slot of three seconds longer than the window"
    with pytest.raises(TurnedAway, match="used up by our own calls"):
        policy.admit("here", (minute, day))
    assert now[0] == 126, "nobody sleeps for most of a day"


def test_waits_against_a_simulated_server_are_shortened_in_sleeping_only() -> None:
    slept: list[float] = []
    failing = Failing(99, retry_after=40)
    with pytest.raises(TurnedAway):
        RetryPolicy(sleep=slept.append, time_scale=0.01).call("here", failing)
    assert failing.calls == 3, "two waits of 40 seconds fit into 90"
    assert all(0.4 <= seconds < 0.42 for seconds in slept)


def test_an_answer_that_trickles_for_ever_is_given_up() -> None:
    class Trickling:
        closed = False

        def read1(self, _count: int, *, decode_content: bool) -> bytes:
            assert decode_content
            now[0] += 20
            return b"."

        def close(self) -> None:
            self.closed = True

    now, answer = [0.0], Trickling()
    with pytest.raises(Transient, match="longer than 120 seconds"):
        RetryPolicy(clock=lambda: now[0]).body(answer)
    assert (answer.closed, now[0]) == (True, 140)
