"""How a connection does, and whether it may be called: pure decisions over what its last pulls said.

The circuit is closed while pulls end well or fail for a reason that calling less would not mend. It opens when the
server asks to be left alone (until the moment it names), or when several pulls in a row got no answer worth anything
(for longer each time). Once that time is over it is half open: the next pull is the trial, and there is only one, since
one pull of a connection runs at a time. A trial that fails opens it again.

A connection that needs its owner, or that refuses us, is asked once a tick: a refusal costs one call and is not
retried, and that is how we learn that its owner was there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from finance_pipeline.core.problems import BadSettings, Busy, DatabaseDown, NeedsItsOwner, Problem, TransientProblem
from finance_pipeline.core.problems import Unreachable as NoAnswer
from finance_pipeline.sources.gather import MalformedPage
from finance_pipeline.sources.http import TurnedAway

State = Literal["healthy", "throttled", "needs_owner", "refused", "stale"]
What = Literal["read", "throttled", "unanswered", "needs_owner", "refused", "nothing"]
OPENS_AFTER_FAILURES = 3
FIRST_OPEN_S, LONGEST_OPEN_S = 60, 3600
STALE_AFTER = timedelta(hours=36)
"""A daily read that was missed once, with some room."""


@dataclass(frozen=True)
class Health:
    """What is known of a connection. since: when it came into its state. open_until: the circuit is open until then."""

    state: State
    since: datetime
    reason: str = ""
    todo: str = ""
    failures: int = 0
    """Pulls in a row without an answer worth anything."""
    open_until: datetime | None = None


@dataclass(frozen=True)
class Outcome:
    """How a pull ended, as far as the connection's health goes. again_at: when the server wants to be asked again."""

    what: What
    reason: str = ""
    todo: str = ""
    again_at: datetime | None = None


def may_call(health: Health | None, now: datetime) -> bool:
    """Whether a pull may begin: always, but while the circuit is open."""
    return health is None or health.open_until is None or now >= health.open_until


def outcome_of(problem: Problem | None) -> Outcome:
    """What a problem says of the connection: nothing at all if it was ours, such as a database that is down."""
    if problem is None:
        return Outcome("read")
    reason, todo = problem.what, problem.todo
    if isinstance(problem, TurnedAway):
        return Outcome("throttled", reason, todo, problem.again_at)
    if isinstance(problem, Busy | DatabaseDown):
        return Outcome("nothing")
    if isinstance(problem, NoAnswer | MalformedPage):
        return Outcome("unanswered", reason, todo)
    if isinstance(problem, NeedsItsOwner | BadSettings):
        return Outcome("needs_owner", reason, todo)
    return Outcome("nothing" if isinstance(problem, TransientProblem) else "refused", reason, todo)


def after(health: Health | None, outcome: Outcome, now: datetime, time_scale: float = 1.0) -> Health:
    """The health of a connection after a pull. time_scale: of the waits, below 1 only against simulated servers."""
    before = health or Health("healthy", now)
    if outcome.what == "nothing":
        return before
    if outcome.what == "read":
        return Health("healthy", _since(before, "healthy", now))
    if outcome.what == "throttled":
        return Health(
            "throttled", _since(before, "throttled", now), outcome.reason, outcome.todo, 0, outcome.again_at or now
        )
    if outcome.what == "unanswered":
        return _unanswered(before, outcome, now, time_scale)
    state: State = outcome.what
    return Health(state, _since(before, state, now), outcome.reason, outcome.todo)


def shown(health: Health, read_at: datetime | None, now: datetime) -> Health:
    """The health as a person should see it: what claims to be healthy and was not read for long is stale."""
    if health.state != "healthy" or (read_at is not None and now - read_at <= STALE_AFTER):
        return health
    if read_at is None:
        return health if now - health.since <= STALE_AFTER else replace(health, state="stale", reason="never read.")
    return replace(
        health,
        state="stale",
        since=read_at + STALE_AFTER,
        reason=f"not read to its end since {read_at:%Y-%m-%d %H:%M} UTC. {health.reason}".rstrip(),
        todo=health.todo or "Run `finance-pipeline sync`, or see that the schedule runs.",
    )


def _unanswered(before: Health, outcome: Outcome, now: datetime, time_scale: float) -> Health:
    """One failure more: the third in a row opens the circuit, and each further one for twice as long."""
    failures = before.failures + 1
    beyond = failures - OPENS_AFTER_FAILURES
    if beyond < 0:
        return replace(before, reason=outcome.reason, todo=outcome.todo, failures=failures, open_until=None)
    wait_s = min(FIRST_OPEN_S * 2 ** min(beyond, 16), LONGEST_OPEN_S) * time_scale
    state: State = before.state if before.state in ("needs_owner", "refused") else "stale"
    open_until = now + timedelta(seconds=wait_s)
    return Health(state, _since(before, state, now), outcome.reason, outcome.todo, failures, open_until)


def _since(before: Health, state: State, now: datetime) -> datetime:
    return before.since if before.state == state else now
