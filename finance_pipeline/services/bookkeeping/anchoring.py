"""The data folder's own file of anchors: every run that posts notes there where the ledger's chain ended.

It is outside the database, but on the same machine: copy it elsewhere, or name a file elsewhere to `verify`.
"""

from __future__ import annotations

from pathlib import Path

from finance_pipeline.ledger.anchors import anchor_of, append_anchor
from finance_pipeline.services.workspace import Workspace


def own_file(workspace: Workspace) -> Path:
    """Where the anchors of a data folder are kept."""
    return workspace.home / "anchors" / "ledger.jsonl"


def note_end(workspace: Workspace) -> None:
    """Note where the chain ends, unless that is the last thing noted. Raises BadAnchor."""
    with workspace.database.transaction(role="reader") as conn:
        end = anchor_of(conn)
    if end:
        append_anchor(own_file(workspace), end)
