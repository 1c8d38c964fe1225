"""How the figures of `bench matching` look, with what they should be."""

from __future__ import annotations

from typing import Any

from finance_pipeline.cli.show import Shown, console, count, show_table, text

_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_TARGET_SECONDS = {1_000_000: 6.0, 10_000_000: 72.0}
"""By lines, promised for about so many."""
_SMALL_TARGET_MS = 300
_RATIO_TARGET = 30
_FACTOR_TARGET = 12.0
_PEAK_TARGET_MIB = 3_072
_TIER_WORDS = {
    0: "0 identity",
    1: "1 reference",
    2: "2 party and amount",
    3: "3 proven subset",
    4: "4 tolerant",
    5: "5 own transfer",
    6: "6 coding rule",
}


def targets(difficulty: str) -> dict[str, float]:
    """In per cent: precision over all, of each tier, recall of the resolvable."""
    if difficulty == "hard":
        return {"precision": 99.98, "tier": 99.95, "recall": 98.0}
    return {"precision": 99.99, "tier": 99.95, "recall": 99.0}


def percent(part: int, whole: int) -> str:
    """A share with three decimals, cut and not rounded: nothing below a target ever reads like it."""
    if not whole:
        return "-"
    thousandths = part * 100_000 // whole
    return f"{thousandths // 1000}.{thousandths % 1000:03d} %"


def _target(value: float) -> str:
    return f"{value:g} %"


def show_accuracy(found: dict[str, Any]) -> None:
    score, aims = found["score"], targets(found["difficulty"])
    difficulty, seed = found["difficulty"], found["seed"]
    console.print(
        f"[bold]{found['lines']:,} bank lines against {found['items']:,} open items[/], {difficulty}, seed {seed}: "
        f"engine {found['engine_ms'] / 1000:.2f} s, {found['lines_a_second']:,} lines/s, "
        f"peak memory {found['peak_bytes'] // _MIB:,} MiB."
    )
    tiers = [
        {"tier": _TIER_WORDS[r["tier"]], "target": _target(aims["tier"])} | _precision(r) for r in score["by_tier"]
    ]
    whole = {"tier": "all", "target": _target(aims["precision"])} | _precision(score)
    show_table("Precision of accepted allocations, by tier", [*tiers, whole], _BY_TIER)
    shapes = [row | _precision(row) | _recall(row) for row in score["by_shape"]]
    total = score | _precision(score) | _recall(score)
    all_shapes = {name: total[name] for name in (*_SHAPE_FIGURES, "precision", "recall")}
    last = all_shapes | {"shape": "all", "target": _target(aims["recall"])}
    show_table("Recall of what is resolvable, by shape", [*({"target": ""} | row for row in shapes), last], _BY_SHAPE)
    lone = {"why": "all, lines by nature apart", "target": "wrong: 0", "wrong": score["unresolvable_wrong"]}
    rows = [{"target": ""} | row for row in score["unresolvable"]]
    rows.append({name: score[name] for name in ("lines", "left_alone", "lucky")} | lone)
    show_table("What no evidence singles out", [row | _alone(row) for row in rows], _UNRESOLVABLE)


_SHAPE_FIGURES = ("resolvable", "found", "proposed", "right", "amount_right")


def _precision(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("proposed", "right", "amount_right")},
        "precision": percent(row["right"], row["proposed"]),
    }


def _recall(row: dict[str, Any]) -> dict[str, str]:
    return {"recall": percent(row["found"], row["resolvable"])}


def _alone(row: dict[str, Any]) -> dict[str, str]:
    return {"share": percent(row["left_alone"], row["lines"])}


def show_speed(found: dict[str, Any]) -> None:
    run, small = found["run"], found["small"]
    promised = [f"{s:g} s, " for size, s in _TARGET_SECONDS.items() if abs(run["lines"] - size) * 10 <= size]
    rows = [
        _timed("engine", run, f"{''.join(promised)}{_PEAK_TARGET_MIB:,} MiB"),
        _timed("engine, few lines", small, f"{_SMALL_TARGET_MS / 1000:g} s after import"),
        {"what": "one exact Polars join of the first", "seconds": f"{found['join_ms'] / 1000:.3f}"},
        {"what": "engine / join", "seconds": f"{found['ratio']:.1f}", "target": f"{_RATIO_TARGET}"},
    ]
    show_table("Speed", [_EMPTY_ROW | row for row in rows], _SPEED)


def show_growth(found: dict[str, Any]) -> None:
    rows: list[dict[str, Any]] = []
    for number, run in enumerate(found["runs"]):
        before = found["runs"][number - 1] if number else None
        factor = f"{run['engine_ms'] / max(before['engine_ms'], 1):.1f}" if before else ""
        rows.append(_timed("engine", run, "") | {"factor": factor, "target": f"{_FACTOR_TARGET:g}" if before else ""})
    show_table("Growth: ten times the lines, and the factor in time", rows, _GROWTH)
    if (beyond := found["beyond"]) is not None:
        needed, free = (beyond[name] / _GIB for name in ("needed_bytes", "free_bytes"))
        console.print(
            f"{beyond['lines']:,} lines were not run: by the runs before they take about {needed:.0f} GiB, "
            f"and {free:.0f} GiB are free here.",
            soft_wrap=True,
        )


_EMPTY_ROW: dict[str, Any] = dict.fromkeys(("what", "lines", "items", "rate", "peak", "target"))


def _timed(what: str, run: dict[str, Any], target: str) -> dict[str, Any]:
    return {
        "what": what,
        "lines": run["lines"],
        "items": run["items"],
        "seconds": f"{run['engine_ms'] / 1000:.2f}",
        "rate": run["lines"] * 1000 // max(run["engine_ms"], 1),
        "peak": run["peak_bytes"] // _MIB,
        "target": target,
    }


def show_against(found: dict[str, Any]) -> None:
    rows = []
    for row in found["rows"]:
        if "proposed" not in row:
            rows.append(row | dict.fromkeys(("proposed", "precision", "recall", "single", "seconds", "peak")))
            continue
        shares = {"precision": percent(row["right"], row["proposed"])} | _recall(row)
        shares |= {"single": percent(row["single_found"], row["single_resolvable"])}
        spent = {"seconds": f"{row['milliseconds'] / 1000:.2f}", "peak": row["peak_bytes"] // _MIB}
        rows.append(row | shares | spent)
    title = f"{found['lines']:,} lines, {found['items']:,} items, {found['difficulty']}, seed {found['seed']}"
    show_table(title, rows, _AGAINST)


def _figure(heading: str, name: str) -> Shown:
    return Shown(heading, lambda row: "" if row[name] is None else str(row[name]), is_figure=True)


_BY_TIER = [
    text("Tier", "tier"),
    count("Accepted", "proposed"),
    count("Right", "right"),
    count("Amount right", "amount_right"),
    _figure("Precision", "precision"),
    _figure("Target", "target"),
]
_BY_SHAPE = [
    text("Shape", "shape"),
    count("Resolvable", "resolvable"),
    count("Found", "found"),
    _figure("Recall", "recall"),
    _figure("Target", "target"),
    count("Accepted", "proposed"),
    count("Right", "right"),
    count("Amount right", "amount_right"),
    _figure("Precision", "precision"),
]
_UNRESOLVABLE = [
    text("Why", "why"),
    count("Lines", "lines"),
    count("Left alone", "left_alone"),
    _figure("Share", "share"),
    count("Right all the same", "lucky"),
    count("Wrong", "wrong"),
    _figure("Target", "target"),
]
_SPEED = [
    text("What", "what"),
    count("Lines", "lines"),
    count("Items", "items"),
    _figure("Seconds", "seconds"),
    count("Lines/s", "rate"),
    count("Peak MiB", "peak"),
    _figure("Target", "target"),
]
_GROWTH = [*_SPEED[:-1], _figure("Factor", "factor"), _figure("Target", "target")]
_AGAINST = [
    text("Matcher", "matcher"),
    text("Version", "version"),
    count("Accepted", "proposed"),
    _figure("Precision", "precision"),
    _figure("Recall", "recall"),
    _figure("of one to one", "single"),
    _figure("Seconds", "seconds"),
    count("Peak MiB", "peak"),
]
