"""Files that attack: each is refused or held with a reason, in bounded time and memory, and nothing of it is landed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from finance_pipeline.sources.base import Page
from finance_pipeline.sources.statement_files import update_of
from finance_pipeline.sources.statements.child import Reader
from finance_pipeline.sources.statements.model import MalformedStatement
from finance_pipeline_tests.sources.statements import hostile

_LONGEST_S = 10.0
NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    started = Reader()
    yield started
    started.stop()


def test_there_are_a_hundred_of_them_and_the_good_ones_that_they_are_made_of_are_good(reader: Reader) -> None:
    assert len(hostile.FILES) >= 100
    assert {row[0] for row in reader.rows(hostile.GOOD, "good")} == {"statement", "entry"}
    assert {row[0] for row in reader.rows(hostile.MT, "good")} == {"statement", "entry"}
    assert {row[0] for row in reader.rows(hostile.BAI, "good")} == {"statement", "entry"}


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_file_is_kept_with_a_reason_and_nothing_of_it_is_landed(name: str) -> None:
    raw = hostile.FILES[name]()
    began = time.monotonic()
    update = update_of(Page("hostile", raw, NOW), {})
    assert time.monotonic() - began < _LONGEST_S
    assert update.evidence.is_empty()
    (letter,) = update.dead_letters
    assert letter.reason.startswith("hostile")
    assert "reading it took" not in letter.reason
    assert "was ended by it" not in letter.reason
    assert len(letter.reason) < 1_000


def test_a_file_that_takes_too_long_is_given_up_and_the_next_one_is_read(tmp_path: Path) -> None:
    reader = Reader(least_s=0.3)
    reader.rows(hostile.MT, "good")
    endless = tmp_path / "endless.sta"
    os.mkfifo(endless)
    with pytest.raises(MalformedStatement, match="took longer than"):
        reader.summaries(endless, "endless")
    assert reader.rows(hostile.MT, "good")
    reader.stop()


def test_a_file_that_ends_the_reading_process_stops_no_other(reader: Reader) -> None:
    reader.rows(hostile.MT, "good")
    reader.stop()
    assert reader.rows(hostile.MT, "good")


def test_reading_takes_no_more_memory_than_it_may() -> None:
    lines = (
        "import json",
        "from finance_pipeline.sources.statements import worker",
        "lines = b':61:260504C1,00NTRFX\\n' * 2_000_000",
        "worker._limit_memory(40_000_000)",
        "large = worker.answer_to({'want': 'summaries', 'name': 'large'}, lines)",
        "small = worker.answer_to({'want': 'summaries', 'name': 'small'}, b':61:260504C1,00NTRFX\\n')",
        "print(json.dumps([large, small['found'][0]['entry_count']]))",
    )
    ended = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == [{"refused": "reading it takes more memory than a statement needs."}, 1]
