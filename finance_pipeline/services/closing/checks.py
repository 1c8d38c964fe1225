"""The steps of a close as figures and checks of book-months: what facts alone decide; people's decisions are beside."""

from __future__ import annotations

from collections.abc import Sequence

from finance_pipeline.close.steps import CHECKED, Close
from finance_pipeline.core.period import BookMonth
from finance_pipeline.services.closing import signing
from finance_pipeline.services.results import CheckResult, Figures, Materialized
from finance_pipeline.services.workspace import Workspace


def close_status(workspace: Workspace, keys: Sequence[BookMonth]) -> tuple[Materialized, list[CheckResult]]:
    """How far these book-months are on their way to being closed (asset close_status), and one check per step and
    partition. A month that is not over has nothing to close yet: its checks pass, and say so.
    """
    found = {str(key): signing.status(workspace, key.book, str(key.month)) for key in sorted(set(keys))}
    by_partition = {key: _figures(close) for key, close in found.items()}
    checks = [_check(name, key, close) for name in CHECKED for key, close in found.items()]
    rows = sum(int(figures["row_count"]) for figures in by_partition.values())
    figures: Figures = {"open_steps": sum(int(each["open_steps"]) for each in by_partition.values())}
    return Materialized("close_status", rows, by_partition, figures, _markdown(found)), checks


def _figures(close: Close) -> Figures:
    first = close.next_step
    return {
        "row_count": len(close.steps),
        "open_steps": len(close.blocking),
        "period": close.facts.period_state,
        "next": first.title if first else "nothing",
    }


def _check(name: str, key: str, close: Close) -> CheckResult:
    step = close.step(name)
    if close.step("month_over").blocks:
        return CheckResult(
            name, "close_status", key, True, f"not due: {close.step('month_over').words}", is_warning=True
        )
    return CheckResult(name, "close_status", key, not step.blocks, step.words, is_warning=True)


def _markdown(found: dict[str, Close]) -> str:
    lines = ["| month | step | | |", "|---|---|---|---|"]
    lines += [
        f"| {key.replace('|', ' ')} | {step.title} | {step.state.replace('_', ' ')} | {step.words} |"
        for key, close in found.items()
        for step in close.steps
        if step.state != "not_needed"
    ]
    return "\n".join(lines)
