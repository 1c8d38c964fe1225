"""A seeded sample of the fault campaign: whatever fails, and whoever is killed, the same is landed and mapped."""

from __future__ import annotations

from pathlib import Path

from finance_pipeline_tests.cli.test_bench import bench, processes_in

RUNS = 1
"""Of seed 8: its first process is killed early, and its first calls to Stripe meet a 429 and a 500."""


def test_whatever_a_vendor_does_and_whoever_is_killed_the_books_are_what_they_are_without_a_fault(home: Path) -> None:
    ended = bench(home, "faults", "--runs", str(RUNS), "--seed", "8")
    found = ended.figures
    assert (ended.code, found["equal"], found["lost"]) == (0, RUNS, [])
    assert found["most_calls"] <= found["bound"]
    assert found["kills"] > 0, "somebody was killed"
    assert found["pulls"]["failed"] > 0, "some pulls ended before their end"
    met = {row["fault"]: row for row in found["faults"]}
    assert sum(row["injected"] for row in met.values()) * 100 >= 20 * found["calls"], "a fifth of all calls at least"
    assert met["status_500"]["retried"] > 0
    assert met["status_429"]["waited"] > 0, "a time that a server names is waited for"
    assert {"late", "truncated", "twice", "sent again"} >= set(found["files"]) != set(), "files have mishaps too"
    assert not any(name.endswith("waiting") for name in found["dead_letters"]), "nothing that did not fit is left"
    assert processes_in(home) == []
