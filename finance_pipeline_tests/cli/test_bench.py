"""The benches measure what they say, on a data folder of their own, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from finance_pipeline_tests.cli.conftest import Ended, Shell

SOMEBODYS_BOOKS = "postgresql://somebody@127.0.0.1:1/books"


def bench(home: Path, *arguments: str) -> Ended:
    """A bench, typed by somebody whose own books are on another server, which must not even be asked."""
    return Shell(home).types("bench", *arguments, "--json", DATABASE_URL=SOMEBODYS_BOOKS)


def processes_in(folder: Path) -> list[str]:
    """Processes that were told of a folder: servers above all."""
    return [" ".join(p.info["cmdline"]) for p in psutil.process_iter(["cmdline"]) if str(folder) in str(p.info)]


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        (
            ("pipeline", "--lines", "300"),
            {"step bank_transactions", "step reconciliation", "step ledger", "step close"},
        ),
        (("throughput", "--lines", "250"), {"API to landed evidence", "evidence to canonical rows"}),
    ],
)
def test_a_bench_does_as_much_as_was_asked_for_says_how_long_each_part_took_and_removes_what_it_made(
    home: Path, arguments: tuple[str, ...], steps: set[str]
) -> None:
    (home / "kept").write_text("mine", encoding="utf-8")
    ended = bench(home, *arguments)
    assert ended.code == 0
    figure = ended.figures
    assert int(figure["work"].partition(" ")[0]) >= int(arguments[-1])
    parts = {part["what"]: part["milliseconds"] for part in figure["parts"]}
    assert steps <= parts.keys()
    assert all(milliseconds >= 0 for milliseconds in parts.values())
    beside = sum(parts[name] for name in parts if name.startswith(("before", "after", "besides")))
    whole = sum(parts.values()) - (0 if arguments[0] == "pipeline" else beside)
    assert figure["milliseconds"] == whole
    assert figure["met"] == (figure["milliseconds"] < figure["target_ms"])
    assert [file.name for file in home.iterdir()] == ["kept"]
    assert processes_in(home) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ledger",), "there is no bench 'ledger'. Known: sync, pipeline, backfill, throughput, matching"),
        (("faults", "--runs", "0"), "a campaign needs at least one run."),
        (("faults", "--lines", "9"), "bench faults has no such option."),
        (("sync", "--runs", "9"), "bench sync has no such option."),
        (("sync", "--lines", "0"), "a bench needs at least one line to work on."),
        (("backfill", "--lines", "100"), "102 bank lines are too few"),
    ],
)
def test_a_bench_that_cannot_be_run_is_refused_before_anything_is_made(
    home: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = bench(home, *arguments)
    assert ended.code == 2
    assert words in ended.said
    assert list(home.iterdir()) == []
