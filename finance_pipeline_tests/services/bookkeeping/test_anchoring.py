"""What runs note outside the database, and what `verify` says when the ledger is not that any more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from finance_pipeline.core.settings import load_settings
from finance_pipeline.ledger.anchors import append_anchor, read_anchors
from finance_pipeline.services.bookkeeping import anchoring, books
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.ledger.world import World, post


@pytest.fixture
def workspace(database: Database, tmp_path: Path) -> Workspace:
    """A data folder with one entry posted and its end noted."""
    with database.transaction() as conn:
        post(conn, World().line("paid", "1.00"))
    workspace = Workspace(load_settings(tmp_path), database)
    anchoring.note_end(workspace)
    return workspace


def verified(workspace: Workspace, **more: Path) -> dict[str, object]:
    return books.verify(workspace, lambda _words: None, **more)


def test_a_ledger_is_compared_with_what_its_runs_noted(workspace: Workspace) -> None:
    report = verified(workspace)
    assert (report["intact"], report["anchors"], report["departs"]) == (True, 1, None)
    own = anchoring.own_file(workspace)
    append_anchor(own, replace(read_anchors(own)[0], position=2))
    report = verified(workspace)
    assert not report["intact"]
    assert report["departs"] == "link 2, which was noted outside, is not in the chain any more"
    assert "It is not what was noted outside the database" in str(report["words"])


def test_an_end_is_added_to_a_file_that_is_kept_elsewhere_only_if_all_holds(
    workspace: Workspace, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "ends.jsonl"
    assert verified(workspace, write_anchor=elsewhere)["intact"]
    assert read_anchors(elsewhere) == read_anchors(anchoring.own_file(workspace))
    assert verified(workspace, anchor=elsewhere)["intact"]
    forged = replace(read_anchors(elsewhere)[0], link="00")
    other = tmp_path / "other.jsonl"
    append_anchor(other, forged)
    assert not verified(workspace, anchor=other, write_anchor=elsewhere)["intact"]
    assert len(read_anchors(elsewhere)) == 1
