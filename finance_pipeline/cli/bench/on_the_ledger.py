"""The benches of the ledger: which options each has, and how what came of it is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from finance_pipeline.cli.show import Shown, console, count, progress, show_json, show_table, text
from finance_pipeline.core.problems import PermanentProblem


class LedgerBreached(PermanentProblem):
    """An attack succeeded, nothing noticed that a rule was gone, or something was lost, partial, late or stuck."""


@dataclass(frozen=True)
class LedgerBench:
    """run: lines, runs, seed, and whether figures are for machines."""

    run: Callable[[int | None, int | None, int, bool], None]
    has_lines: bool = False
    has_runs: bool = False
    has_seed: bool = False


def _attacks(_lines: int | None, _runs: int | None, _seed: int, as_json: bool) -> None:
    """Attacks by group; those that succeeded are named."""
    from finance_pipeline.services.campaigns.attacks.campaign import try_attacks

    outcomes = try_attacks()
    succeeded = [{"group": e.attack.group, "name": e.attack.name, "words": e.words} for e in outcomes if e.succeeded]
    breached = Counter(each["group"] for each in succeeded)
    rows = [
        {"group": group, "attacks": number, "refused": number - breached[group], "succeeded": breached[group]}
        for group, number in Counter(each.attack.group for each in outcomes).items()
    ]
    columns = [text("Attacks", "group"), *(count(name, name) for name in ("attacks", "refused", "succeeded"))]
    found = {"attacks": len(outcomes), "succeeded": succeeded, "groups": rows}
    show(found, "Attacks on the ledger", rows, columns, f"{len(succeeded)} of {len(outcomes):,} succeeded.", as_json)
    if succeeded:
        raise LedgerBreached(f"{len(succeeded)} attacks succeeded; the first: {succeeded[0]['name']}.")


def _mutations(_lines: int | None, _runs: int | None, _seed: int, as_json: bool) -> None:
    """Every rule that was taken away, and what noticed."""
    from finance_pipeline.services.campaigns.attacks.campaign import take_rules_away

    rows: list[dict[str, Any]] = [
        {"kind": mutation.kind, "name": " ".join(mutation.name.split()), "noticed": noticed or "nobody"}
        for mutation, noticed in take_rules_away(progress())
    ]
    unnoticed = [row["name"] for row in rows if row["noticed"] == "nobody"]
    columns = [text("Taken away", "kind"), text("Rule", "name"), text("Noticed by", "noticed")]
    found = {"mutations": len(rows), "unnoticed": unnoticed, "rules": rows}
    show(found, "Rules taken away in turn", rows, columns, f"{len(unnoticed)} of {len(rows)} unnoticed.", as_json)
    if unnoticed:
        raise LedgerBreached(f"nothing noticed {len(unnoticed)} of {len(rows)}; the first: {unnoticed[0]}.")


def _posting(lines: int | None, _runs: int | None, _seed: int, as_json: bool) -> None:
    """What posting costs beside a bare COPY, how long one entry takes, and what reading it all back takes."""
    from dataclasses import asdict

    from finance_pipeline.services.campaigns.posting import MOST_AT_ONCE, measure_posting

    found = measure_posting(lines or MOST_AT_ONCE)
    p50_us, p99_us = (found.single_us[len(found.single_us) * share // 100] for share in (50, 99))
    costs = [found.bare, found.checked, found.published, found.verified, found.trial_balance]
    rows = [
        asdict(cost)
        | {
            "postings_per_s": cost.postings * 1000 // max(cost.milliseconds, 1),
            "times_bare": cost.cpu_ms * found.bare.postings / max(found.bare.cpu_ms * cost.postings, 1),
        }
        for cost in costs
    ]
    columns = [
        text("What", "what"),
        count("Postings", "postings"),
        Shown("Seconds", lambda row: f"{row['milliseconds'] / 1000:.2f}", is_figure=True),
        Shown("CPU s", lambda row: f"{row['cpu_ms'] / 1000:.2f}", is_figure=True),
        count("Postings/s", "postings_per_s"),
        Shown("CPU, times bare", lambda row: f"{row['times_bare']:.2f}", is_figure=True),
    ]
    words = (
        f"{found.entries:,} entries at the end. Targets: 3 times the CPU of the bare COPY, 150,000 postings/s.\n"
        f"One entry in a transaction of its own: p50 {p50_us / 1000:.1f} ms, p99 {p99_us / 1000:.1f} ms (target 10)."
    )
    machine = {"rows": rows, "entries": found.entries, "single_p50_us": p50_us, "single_p99_us": p99_us}
    show(machine, "bench posting", rows, columns, words, as_json)


def _closes(_lines: int | None, runs: int | None, seed: int, as_json: bool) -> None:
    """Closes against writers: what got in before, what was refused after, and what should not have been."""
    from dataclasses import asdict

    from finance_pipeline.services.campaigns.closes import WRITERS, try_closes

    met = try_closes(runs or 100, seed, progress())
    names = ("closes", "posted", "refused", "late", "deadlocks", "longest_close_ms")
    columns = [count(name.replace("_", " "), name) for name in names]
    others = "".join(f"\n{number} times: {what}" for what, number in met.others.items())
    show(
        asdict(met),
        "Closes against writers",
        [asdict(met)],
        columns,
        f"Each against {WRITERS} writers.{others}",
        as_json,
    )
    if met.late or met.deadlocks or met.others:
        raise LedgerBreached(
            f"{met.late} late entries, {met.deadlocks} deadlocks, {met.others.total()} other problems."
        )


def _crashes(_lines: int | None, runs: int | None, seed: int, as_json: bool) -> None:
    """Crashes of writers and of the server, by what was killed: what was lost or partial, and where the crash came."""
    from dataclasses import asdict

    from finance_pipeline.services.campaigns.crashes import try_crashes

    crashes = try_crashes(runs or 200, seed, progress())
    rows = [
        {
            "killed": killed,
            "crashes": len(of_it),
            "commits": sum(each.acknowledged for each in of_it),
            "unacknowledged": sum(each.outcome == "kept, not acknowledged" for each in of_it),
            "lost": sum(each.outcome == "lost" for each in of_it),
            "partial": sum(each.outcome == "partial" for each in of_it),
            "unproven": sum(each.broken is not None for each in of_it),
        }
        for killed in dict.fromkeys(each.killed for each in crashes)
        for of_it in [[each for each in crashes if each.killed == killed]]
    ]
    columns = [text("Killed", "killed"), *(count(name, name) for name in list(rows[0])[1:])]
    bad = [each for each in crashes if each.outcome in ("lost", "partial") or each.broken]
    found = {"rows": rows, "crashes": [asdict(each) for each in crashes]}
    words = "Unacknowledged: committed, and killed before it could say so."
    show(found, "Crashes", rows, columns, words, as_json)
    if bad:
        raise LedgerBreached(f"{len(bad)} crashes left something wrong; the first: {bad[0]}.")


def show(
    found: dict[str, Any], title: str, rows: list[dict[str, Any]], columns: Sequence[Shown], words: str, as_json: bool
) -> None:
    """A table and its sum in words, or all of it for machines."""
    if as_json:
        show_json(found)
    else:
        show_table(title, rows, columns)
        console.print(words)


LEDGER_BENCHES = {
    "posting": LedgerBench(_posting, has_lines=True),
    "attacks": LedgerBench(_attacks),
    "mutations": LedgerBench(_mutations),
    "crashes": LedgerBench(_crashes, has_runs=True, has_seed=True),
    "closes": LedgerBench(_closes, has_runs=True, has_seed=True),
}
