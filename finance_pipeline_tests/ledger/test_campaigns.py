"""Small samples of `bench crashes` and `bench closes`, on the shared server: there only writers are killed."""

from __future__ import annotations

from pathlib import Path

from finance_pipeline.services.campaigns.closes import close_against_writers
from finance_pipeline.services.campaigns.crashes import KILLED, crash_again_and_again
from finance_pipeline.store.database import Database


def untold(_words: str, _ended: bool) -> None:
    """Nobody watches."""


def test_a_writer_that_is_killed_anywhere_loses_nothing_and_leaves_nothing_partial(
    database: Database, tmp_path: Path
) -> None:
    crashes = crash_again_and_again(tmp_path, database, 3, 7, KILLED[:1], untold)
    assert {each.outcome for each in crashes} <= {"as acknowledged", "kept, not acknowledged"}
    assert [each.broken for each in crashes] == [None] * 3
    assert sum(each.acknowledged for each in crashes) > 0
    assert (tmp_path / "anchors" / "ledger.jsonl").exists()


def test_nothing_gets_in_behind_a_close_and_nobody_waits_in_a_circle(database: Database) -> None:
    met = close_against_writers(database, 2, 7, untold, writers=3)
    assert (met.closes, met.late, met.deadlocks, dict(met.others)) == (2, 0, 0, {})
    assert met.posted > 0
    assert met.refused > 0
