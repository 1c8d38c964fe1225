"""Webhooks: a verified message makes its connection due, once; the sensor then asks for a sync.

Here: which secret belongs to which connection, and what was received before. Not here: HTTP, or what a signature is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import structlog

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.problems import DatabaseDown, NeedsItsOwner, PermanentProblem, Problem
from finance_pipeline.core.settings import Connection, ConnectionKind
from finance_pipeline.services.intake.connections import SharedGate
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.sources.http import RetryPolicy
from finance_pipeline.sources.webhooks import plaid, stripe, xero
from finance_pipeline.sources.webhooks.base import Notice, NotNow, NotVerified

log = structlog.get_logger(__name__)
KEPT_FOR = timedelta(days=31)
"""How long an event is remembered; by then a message that is sent once more is refused by its age."""
_Verify = Callable[[Mapping[str, str], bytes, float], Notice]
Outcome = Literal["due", "known", "replayed", "not_verified", "not_now", "no_such_connection"]


@dataclass(frozen=True)
class Received:
    """What became of one message. words: why, fit to be told to whoever sent it."""

    outcome: Outcome
    words: str


@dataclass(frozen=True)
class Due:
    """A kind of connection that vendors said something about since it was read."""

    kind: ConnectionKind
    event_count: int
    last_seq: int


class Webhooks:
    """The connections of a workspace that take webhooks: Plaid's all, the others where their secret is declared.

    Safe to share between threads. Raises BadSettings where a declared secret is not in the environment.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._verify = {c.id: verify for c in workspace.settings.connections if (verify := self._verifier(c))}

    @property
    def connection_ids(self) -> list[str]:
        return list(self._verify)

    def receive(self, connection_id: str, headers: Mapping[str, str], body: bytes, now_s: float) -> Received:
        """Verify one message and remember it. headers: lower-case names; now_s: Unix time. Raises no Problem."""
        verify = self._verify.get(connection_id)
        if verify is None:
            return Received("no_such_connection", "no connection of this name takes webhooks.")
        try:
            received = self._remember(connection_id, verify(headers, body, now_s))
        except NotVerified as refused:
            received = Received("not_verified", str(refused))
        except NotNow as later:
            received = Received("not_now", str(later))
        except DatabaseDown:
            received = Received("not_now", "the database does not answer.")
        tell = log.info if received.outcome in ("due", "known") else log.warning
        tell("webhook", connection=connection_id, outcome=received.outcome, words=received.words)
        return received

    def _remember(self, connection_id: str, notice: Notice) -> Received:
        """A new event makes the connection due. A known one does nothing, and is refused if it was sent once more as
        it was: a vendor that tries again signs again, unless it is known not to."""
        with self._workspace.database.transaction() as conn:
            new = conn.execute(
                """
                insert into ops.webhook_event (connection_id, event_id, delivery) values (%s, %s, %s)
                on conflict (connection_id, event_id) do nothing
                """,
                (connection_id, notice.event_id, notice.delivery),
            ).rowcount
            if new:
                conn.execute(
                    "delete from ops.webhook_event where connection_id = %s and received_at < clock_timestamp() - %s",
                    (connection_id, KEPT_FOR),
                )
                return Received("due", "the connection will be read soon.")
            first = conn.execute(
                "select delivery from ops.webhook_event where connection_id = %s and event_id = %s",
                (connection_id, notice.event_id),
            ).fetchone()
        if first == (notice.delivery,) and not notice.repeats_verbatim:
            return Received("replayed", "this very message was received before.")
        return Received("known", "the event was received before.")

    def _verifier(self, connection: Connection) -> _Verify | None:
        if connection.kind == "plaid":
            keys = plaid.Keys(lambda key_id: self._key(connection, key_id))
            return lambda headers, body, now_s: plaid.verify(headers, body, keys, now_s)
        if connection.kind == "stripe" and stripe.SECRET in connection.secrets:
            secret = connection.secret(stripe.SECRET)
            return lambda headers, body, now_s: stripe.verify(headers, body, secret, now_s)
        if connection.kind == "xero" and xero.SECRET in connection.secrets:
            key = connection.secret(xero.SECRET)
            return lambda headers, body, now_s: xero.verify(headers, body, key, now_s)
        return None

    def _key(self, connection: Connection, key_id: str) -> dict[str, Any] | None:
        """A key from Plaid. Whoever waits for our answer waits seconds: one more attempt, and no more."""
        from finance_pipeline.sources.plaid_client import PlaidClient

        gate = SharedGate(self._workspace.database, self._workspace.settings.calls.time_scale)
        policy = RetryPolicy(attempts=2, budget_s=4, connect_s=2, read_s=3, answer_s=4, gate=gate)
        try:
            answer = parse_json(PlaidClient(connection, policy).webhook_verification_key(key_id))
        except NeedsItsOwner:
            raise NotNow("Plaid does not tell us its key.") from None
        except PermanentProblem:
            return None
        except (Problem, ValueError):
            raise NotNow("Plaid does not tell its key at the moment.") from None
        found = answer.get("key") if isinstance(answer, dict) else None
        return found if isinstance(found, dict) else None


def due(workspace: Workspace) -> list[Due]:
    """The kinds of connections that are due, in order of kind."""
    kinds = {connection.id: connection.kind for connection in workspace.settings.connections}
    with workspace.database.transaction(role="reader") as conn:
        rows = conn.execute("select connection_id, event_count, last_seq from ops.connection_due").fetchall()
    by_kind: dict[ConnectionKind, list[tuple[int, int]]] = {}
    for connection_id, event_count, last_seq in rows:
        if connection_id in kinds:
            by_kind.setdefault(kinds[connection_id], []).append((event_count, last_seq))
    return [
        Due(kind, sum(count for count, _ in found), max(seq for _, seq in found))
        for kind, found in sorted(by_kind.items())
    ]
