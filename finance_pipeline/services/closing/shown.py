"""How far months are on their way to being closed, as plain figures: for whoever shows them."""

from __future__ import annotations

from typing import Any

from finance_pipeline.close.steps import Close
from finance_pipeline.services.closing import signing
from finance_pipeline.services.workspace import Workspace


def month_shown(workspace: Workspace, book: str, month: str) -> dict[str, Any]:
    """One month: what `summary` says, and its steps in order (step, title, state, words, todo)."""
    close = signing.status(workspace, book, month)
    steps = [
        {"step": step.name, "title": step.title, "state": step.state, "words": step.words, "todo": step.todo}
        for step in close.steps
    ]
    return summary(close) | {"steps": steps}


def months_shown(workspace: Workspace, book: str | None, month: str | None) -> list[dict[str, Any]]:
    """One row per month that is not closed, of one book or all, or of one month."""
    found = [summary(each) for each in signing.statuses(workspace, book)]
    return [row for row in found if month in (None, row["month"])]


def summary(close: Close) -> dict[str, Any]:
    """One month in a row: its period, who signed, how many steps are done, what is next."""
    facts, first = close.facts, close.next_step
    needed = [step for step in close.steps if step.state != "not_needed"]
    signed, areas = facts.signature, "/".join(facts.locked_areas)
    state = facts.period_state.replace("_", "-")
    if facts.open_until is not None:
        state = f"reopened until {facts.open_until:%Y-%m-%d %H:%M} UTC"
    return {
        "book": facts.book,
        "month": str(facts.month),
        "period": state + (f", {areas} locked" if areas else ""),
        "signed": "" if signed is None else "lapsed" if signed.has_lapsed else f"by {signed.signed_by}",
        "done": sum(step.state == "done" for step in needed),
        "needed": len(needed),
        "next": first.title if first else "",
        "todo": first.todo if first else "",
    }
