"""An Item's pages, read and parsed with nothing kept: what the work of a sync is measured against."""

from __future__ import annotations

import sys
from dataclasses import replace

from finance_pipeline.core.identity import parse_json
from finance_pipeline.services.intake.connections import policy_of
from finance_pipeline.services.workspace import Workspace


class _NoLimit:
    """A gate for simulated servers, which count for themselves."""

    def take(self, limits: object) -> float:  # noqa: ARG002
        return 0.0


def load_sources() -> None:
    """Load what a first pull and a first mapping would else load, SDKs and all."""
    import finance_pipeline.canonical.registry
    import finance_pipeline.sources.preloaded  # noqa: F401


def read_and_parse(workspace: Workspace, connection_id: str, most: int = sys.maxsize) -> int:
    """Read an Item's pages through Plaid's SDK, at most so many, and parse them exactly. Returns how many."""
    from finance_pipeline.sources.plaid_client import PlaidClient

    policy = replace(policy_of(workspace), gate=_NoLimit())
    client = PlaidClient(workspace.settings.connection(connection_id), policy)
    cursor, count, more = None, 0, True
    while more and count < most:
        page = parse_json(client.transactions_sync(cursor))
        cursor, more, count = page["next_cursor"], page["has_more"], count + 1
    return count
