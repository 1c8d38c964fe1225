"""The file of anchors: it only grows, and what is no anchor is not taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from finance_pipeline.ledger.anchors import Anchor, BadAnchor, append_anchor, read_anchors

ONE = Anchor(1, "aa", "2026-05-04T10:00:00.000000Z", 2)
TWO = Anchor(2, "bb", "2026-05-05T10:00:00.000000Z", 5)


def test_each_end_of_the_chain_is_noted_once_and_in_order(tmp_path: Path) -> None:
    file = tmp_path / "anchors" / "ledger.jsonl"
    assert [append_anchor(file, each) for each in (ONE, ONE, TWO, TWO)] == [True, False, True, False]
    assert read_anchors(file) == [ONE, TWO]


def test_a_half_line_that_a_crash_left_hides_no_other(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    append_anchor(file, ONE)
    with file.open("a") as opened:
        opened.write('{"position": 2, "li')
    assert read_anchors(file) == [ONE]
    append_anchor(file, TWO)
    assert read_anchors(file) == [ONE, TWO]


@pytest.mark.parametrize("said", ["no JSON\n", '{"position": 1}\n', "[1]\n"])
def test_what_is_no_anchor_is_refused(tmp_path: Path, said: str) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text(said)
    with pytest.raises(BadAnchor, match="line 1 is no anchor"):
        read_anchors(file)
    with pytest.raises(BadAnchor, match="cannot be read"):
        read_anchors(tmp_path / "none")
