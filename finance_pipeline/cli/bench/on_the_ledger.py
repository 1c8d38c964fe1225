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
    "attacks": LedgerBench(_attacks),
    "mutations": LedgerBench(_mutations),
}
