"""`bench faults`: a campaign of runs under faults, and the table of what was met and what came of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import yaml

from finance_pipeline.cli.bench.pipeline import world_of_its_own
from finance_pipeline.cli.show import console, count, progress, progress_console, show_json, show_table, text
from finance_pipeline.core.problems import BadInput, PermanentProblem
from finance_pipeline.core.settings import home_folder

if TYPE_CHECKING:
    from finance_pipeline.cli.bench.campaign import Campaign, Facts, Lived

DEFAULT_RUNS = 300
_LINES = 80
_AT_ONCE = 2 * (os.cpu_count() or 1)
"""Runs at once, each with folder, database and servers of its own: a run waits for most of its time."""
_LINES_OF_PROGRESS = 20
_OUTCOMES = ("retried", "waited", "resumed", "taken", "too_early")


class CampaignLost(PermanentProblem):
    """A run under faults ended in another state than the run without, or made too many calls."""


def run_faults(runs: int | None, seed: int, *, as_json: bool) -> None:
    """Live through the runs, print what was met, and raise CampaignLost if one of them came out otherwise."""
    wanted = DEFAULT_RUNS if runs is None else runs
    if wanted < 1:
        raise BadInput("a campaign needs at least one run.", todo="Give --runs a larger number.")
    tell = progress()
    below = home_folder() / "bench"
    lived: list[Lived] = []
    with ExitStack() as until_the_end:
        campaigns = [until_the_end.enter_context(_campaign(below)) for _ in range(min(wanted, _AT_ONCE))]
        calm, expected = campaigns[0].undisturbed()
        for each in campaigns[1:]:
            each.calls_of_a_pull = campaigns[0].calls_of_a_pull
        with suppress(KeyboardInterrupt):  # what was lived until then is told
            for turn, run in enumerate(_under_faults(campaigns, range(seed, seed + wanted), expected), start=1):
                lived.append(run)
                tell(f"{turn} of {wanted} runs", turn == wanted or _is_worth_a_line(turn, wanted))
    if not lived:
        raise BadInput("no run was lived to its end.")
    lived.sort(key=lambda each: each.seed)
    lost = [each for each in lived if each.apart or each.calls > each.bound]
    found = summary(calm, lived) | {
        "lost": [{"seed": e.seed, "apart": e.apart, "calls": e.calls, "bound": e.bound} for e in lost]
    }
    if as_json:
        show_json(found)
    else:
        _show(found)
    if lost:
        raise CampaignLost(
            f"{len(lost)} of {len(lived)} runs came out otherwise or made too many calls; the first has seed "
            f"{lost[0].seed}: {'; '.join(lost[0].apart) or f'{lost[0].calls} calls, bound {lost[0].bound}'}.",
            todo=f"Run `finance-pipeline bench faults --runs 1 --seed {lost[0].seed}` to see it alone.",
        )


def _under_faults(campaigns: Sequence[Campaign], seeds: Sequence[int], expected: Facts) -> Iterator[Lived]:
    """The runs as they end, as many at once as there are campaigns."""
    free: SimpleQueue[Campaign] = SimpleQueue()
    for campaign in campaigns:
        free.put(campaign)

    def live(seed: int) -> Lived:
        campaign = free.get()
        try:
            return campaign.under_faults(seed, expected)
        finally:
            free.put(campaign)

    with ThreadPoolExecutor(len(campaigns)) as lanes:
        try:
            for run in as_completed([lanes.submit(live, seed) for seed in seeds]):
                yield run.result()
        finally:
            lanes.shutdown(wait=True, cancel_futures=True)


def _is_worth_a_line(turn: int, wanted: int) -> bool:
    """Every twentieth part of a campaign whose progress goes to a file; a terminal shows each run for a while."""
    ends_a_part = turn * _LINES_OF_PROGRESS // wanted > (turn - 1) * _LINES_OF_PROGRESS // wanted
    return ends_a_part and not progress_console.is_terminal


def summary(calm: Lived, lived: list[Lived]) -> dict[str, Any]:
    """The figures of a campaign: by fault, how often it was met and what the caller did next; and of all runs."""
    injected: Counter[str] = sum((each.injected for each in lived), Counter())
    aftermath: Counter[tuple[str, str]] = sum((each.aftermath for each in lived), Counter())
    files: Counter[str] = sum((each.files for each in lived), Counter())
    letters: Counter[tuple[str, str]] = sum((each.letters for each in lived), Counter())
    pulls: Counter[str] = sum((each.pulls for each in lived), Counter())
    faults = [
        {"fault": kind, "injected": times} | {what: aftermath[kind, what] for what in _OUTCOMES}
        for kind, times in sorted(injected.items())
    ]
    return {
        "runs": len(lived),
        "equal": sum(not each.apart for each in lived),
        "faults": faults,
        "files": dict(sorted(files.items())),
        "calls": sum(each.calls for each in lived),
        "calls_without_faults": calm.calls,
        "most_calls": max(each.calls for each in lived),
        "within_bound": sum(each.calls <= each.bound for each in lived),
        "nearest_to_bound_percent": max(each.calls * 100 // max(each.bound, 1) for each in lived),
        "processes": sum(each.processes for each in lived),
        "kills": sum(each.kills for each in lived),
        "pulls": dict(pulls),
        "dead_letters": {f"{kind} {standing}": number for (kind, standing), number in sorted(letters.items())},
    }


def _show(found: dict[str, Any]) -> None:
    columns = [text("Fault", "fault"), *(count(name.replace("_", " "), name) for name in ("injected", *_OUTCOMES))]
    show_table("Faults, and what the caller did next", found["faults"], columns)
    letters = ", ".join(f"{number:,} {words}" for words, number in found["dead_letters"].items()) or "none"
    files = ", ".join(f"{number:,} {words}" for words, number in found["files"].items()) or "as they should"
    met = sum(row["injected"] for row in found["faults"])
    console.print(
        f"{found['equal']:,} of {found['runs']:,} runs equal the one without faults.\n"
        f"{met:,} of {found['calls']:,} calls met a fault; at most {found['most_calls']:,} calls in a run, "
        f"{found['calls_without_faults']:,} without faults.\n"
        f"{found['within_bound']:,} runs made no more calls than they had reason for (pulls that failed, kills, dead "
        f"letters, faults); the one that came nearest made {found['nearest_to_bound_percent']} % of those.\n"
        f"{found['processes']:,} processes, {found['kills']:,} of them killed; "
        f"{found['pulls'].get('read', 0):,} pulls were read to their end, {found['pulls'].get('failed', 0):,} not.\n"
        f"Statement files, read in any order: {files}.\n"
        f"Dead letters: {letters}."
    )


@contextmanager
def _campaign(below: Path) -> Iterator[Campaign]:
    """A small world of its own below a folder, whose waits are short."""
    from finance_pipeline.cli.bench.campaign import READ_TIMEOUT_S, TIME_SCALE, Campaign
    from finance_pipeline.sandbox.process import ensure_sandbox
    from finance_pipeline.sandbox.world.options import WorldOptions

    options = WorldOptions(books=("uk",), first_month="2026-05", month_count=2, bank_lines=_LINES)
    with world_of_its_own(options, below=below) as workspace:
        hasty = {"calls": {"time_scale": TIME_SCALE, "read_s": READ_TIMEOUT_S}}
        file = workspace.home / "finance_pipeline.d" / "calls.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump(hasty), encoding="utf-8")
        yield Campaign(workspace, options, ensure_sandbox(workspace.home))
