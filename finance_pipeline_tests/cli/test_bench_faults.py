"""A seeded sample of the fault campaign: whatever fails, and whoever is killed, the same is landed and mapped."""

from __future__ import annotations

from pathlib import Path

from finance_pipeline_tests.cli.test_bench import bench, processes_in

RUNS = 1
SEED = "12"
"""A short run: half of its processes are killed, and several kinds of faults are met before each."""


def test_whatever_a_vendor_does_and_whoever_is_killed_the_books_are_what_they_are_without_a_fault(home: Path) -> None:
    ended = bench(home, "faults", "--runs", str(RUNS), "--seed", SEED)
    found = ended.figures
    assert (ended.code, found["equal"], found["lost"]) == (0, RUNS, [])
    assert found["within_bound"] == RUNS, "each call has a reason: a moment, a fault, a kill, or what did not fit"
    assert 0 < found["nearest_to_bound_percent"] <= 100
    assert found["kills"] > 0, "somebody was killed"
    assert found["pulls"]["failed"] > 0, "some pulls ended before their end"
    met = {what: sum(row[what] for row in found["faults"]) for what in ("injected", "retried", "taken", "too_early")}
    assert met["injected"] * 100 >= 20 * found["calls"], "a fifth of all calls at least"
    assert met["retried"] > 0, "what failed is tried again"
    assert met["taken"] > 0, "what is odd and not wrong is taken"
    assert met["too_early"] == 0, "a time that a server names is waited for"
    assert {"late", "truncated", "twice", "sent again"} >= set(found["files"]) != set(), "files have mishaps too"
    assert not any(name.endswith("waiting") for name in found["dead_letters"]), "nothing that did not fit is left"
    assert processes_in(home) == []
