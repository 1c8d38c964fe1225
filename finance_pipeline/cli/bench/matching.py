"""`bench matching`: how accurate and how fast the engine is on labelled data, and how others do on the same.

Here: what is run with what size, and the figures. Not here: the data (sandbox.labelled), scoring, how tables look
(`tables`).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finance_pipeline.cli.bench.processes import Measured, measured
from finance_pipeline.cli.preparing import prepare_engine
from finance_pipeline.cli.show import say, show_json
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import home_folder

_ACCURACY_LINES = 100_000
_SPEED_LINES = 1_000_000
_AGAINST_LINES = 20_000
_SMALL_LINES = 500
_SMALL_ITEMS = 100_000
_GROWTH = {"usual": (10_000, 100_000, 1_000_000), "full": (10_000, 100_000, 1_000_000, 10_000_000)}
_GENERATOR = "finance_pipeline.sandbox.labelled"
_PLAIN = "plain"
"""No difficulty of labelled data: lines that pay one document each, which say nothing of accuracy."""
_RIVALS = "finance_pipeline.sandbox.labelled.rivals"


@dataclass(frozen=True)
class MatchingBench:
    """What was asked of it; the defaults are what is asked without options. growth: usual, full, or none.

    difficulty: one of labelled data or, where only time is measured, plain.
    """

    difficulty: str = "default"
    seed: int = 1
    speed: bool = False
    growth: str = ""
    against: bool = False


@dataclass(frozen=True)
class Run:
    """One run of the engine. engine_ms: without reading, writing and what is loaded before."""

    lines: int
    items: int
    engine_ms: int
    peak_bytes: int

    @property
    def lines_a_second(self) -> int:
        return self.lines * 1000 // max(self.engine_ms, 1)


def run_matching(lines: int | None, asked: MatchingBench, *, as_json: bool) -> None:
    """Run what was asked for and print it. Raises BadInput for a size, difficulty or growth that there is not."""
    from finance_pipeline.cli.bench import tables
    from finance_pipeline.sandbox.labelled import Options

    if asked.growth and asked.growth not in _GROWTH:
        raise BadInput(f"there is no growth {asked.growth!r}.", todo=f"Known: {', '.join(_GROWTH)}.")
    size = lines or (_AGAINST_LINES if asked.against else _SPEED_LINES if asked.speed else _ACCURACY_LINES)
    if asked.difficulty == _PLAIN and not (asked.speed or asked.growth):
        raise BadInput(
            "plain data says nothing of accuracy.", todo="Give --speed or --growth with it, or another --difficulty."
        )
    # Refuses what cannot be generated before anything is made.
    Options(size, "default" if asked.difficulty == _PLAIN else asked.difficulty, asked.seed)
    prepare_engine()
    with _folder() as folder:
        if asked.growth:
            found: dict[str, Any]
            found, show = _growth(folder, asked), tables.show_growth
        elif asked.speed:
            found, show = _speed(folder, size, asked), tables.show_speed
        elif asked.against:
            found, show = _against(folder, size, asked), tables.show_against
        else:
            found, show = _accuracy(folder, size, asked), tables.show_accuracy
    if as_json:
        show_json(found)
    else:
        show(found)


def _generated(folder: Path, lines: int, asked: MatchingBench, *, judged: bool) -> Path:
    """A folder with labelled data, made in a process of its own."""
    target = folder / f"data-{lines}"
    say(f"Generating {lines:,} lines ({asked.difficulty}, seed {asked.seed}) ...")
    options = ["--lines", str(lines), "--seed", str(asked.seed), "--out", str(target)]
    if asked.difficulty == _PLAIN:
        measured(f"{_GENERATOR}.{_PLAIN}", *options)
    else:
        measured(_GENERATOR, *options, "--difficulty", asked.difficulty, *([] if judged else ["--unjudged"]))
    return target


def _matched(data: Path, times: int = 1) -> tuple[Run, Path]:
    """The engine on a folder: its run (of several, the last), and the folder with what it wrote."""
    import polars as pl

    say("Matching ...")
    target = data / "matched"
    ended = measured(
        "finance_pipeline.cli.bench.engine", "--in", str(data), "--out", str(target), "--times", str(times)
    )
    counts = [pl.scan_parquet(data / f"{name}.parquet").select(pl.len()) for name in ("bank_lines", "open_items")]
    lines, items = (int(count.collect().item()) for count in counts)
    return Run(lines, items, ended.said["engine_ms"][-1], ended.peak_bytes), target


def _accuracy(folder: Path, size: int, asked: MatchingBench) -> dict[str, Any]:
    """Score, targets and the run."""
    import polars as pl

    from finance_pipeline.sandbox.labelled import read_labelled
    from finance_pipeline.sandbox.labelled.scoring import scored

    data = _generated(folder, size, asked, judged=True)
    run, target = _matched(data)
    tiers = pl.read_parquet(target / "matches.parquet", columns=["match_id", "tier"])
    allocations = pl.read_parquet(target / "allocations.parquet").join(tiers, on="match_id", how="left")
    score = scored(read_labelled(data), allocations)
    facts = {"difficulty": asked.difficulty, "seed": asked.seed, "lines_a_second": run.lines_a_second}
    return asdict(run) | facts | {"score": score.as_json()}


def _speed(folder: Path, size: int, asked: MatchingBench) -> dict[str, Any]:
    """The engine and one exact join of the same frames; few lines against many items, after a first run."""
    data = _generated(folder, size, asked, judged=False)
    run, _ = _matched(data)
    joined = measured(f"{_RIVALS}.join", "--in", str(data)).said["milliseconds"]
    say(f"{_SMALL_LINES:,} lines against {_SMALL_ITEMS:,} items ...")
    small, _ = _matched(_excerpt(folder, asked), times=2)
    return {
        "run": asdict(run) | {"lines_a_second": run.lines_a_second},
        "join_ms": joined,
        "ratio": round(run.engine_ms / max(joined, 1), 1),
        "small": asdict(small),
    }


def _excerpt(folder: Path, asked: MatchingBench) -> Path:
    """Few lines out of data that has many items."""
    import polars as pl

    data = _generated(folder, _SMALL_ITEMS, asked, judged=False)
    lines = pl.read_parquet(data / "bank_lines.parquet")
    lines.sample(_SMALL_LINES, seed=asked.seed).write_parquet(data / "bank_lines.parquet")
    items = pl.read_parquet(data / "open_items.parquet")
    items.sample(min(_SMALL_ITEMS, items.height), seed=asked.seed).write_parquet(data / "open_items.parquet")
    return data


def _growth(folder: Path, asked: MatchingBench) -> dict[str, Any]:
    """The engine on data ten times as large, again and again, as far as memory reaches; each is removed before the
    next. beyond: the size that was not run, what it would take by the runs before it, and what was free (bytes)."""
    import psutil

    runs: list[Run] = []
    for size in _GROWTH[asked.growth]:
        needed = _needed_bytes(runs, size)
        free = psutil.virtual_memory().available
        if needed > free:
            beyond = {"lines": size, "needed_bytes": needed, "free_bytes": free}
            return {"runs": [asdict(run) for run in runs], "beyond": beyond}
        runs.append(_grown(folder, size, asked))
    return {"runs": [asdict(run) for run in runs], "beyond": None}


def _needed_bytes(runs: list[Run], size: int) -> int:
    """What a size takes at its peak, by what more lines took in the last two runs."""
    if len(runs) < 2:
        return size * runs[-1].peak_bytes // runs[-1].lines if runs else 0
    before, last = runs[-2:]
    more = (last.peak_bytes - before.peak_bytes) * (size - last.lines) // (last.lines - before.lines)
    return last.peak_bytes + max(more, 0)


def _grown(folder: Path, size: int, asked: MatchingBench) -> Run:
    """The engine on so many generated lines, which are removed again."""
    data = _generated(folder, size, asked, judged=False)
    # Small data is matched twice: what is loaded on first use would hide how time grows.
    run, _ = _matched(data, times=1 if size >= _SPEED_LINES else 2)
    shutil.rmtree(data)
    return run


def _against(folder: Path, size: int, asked: MatchingBench) -> dict[str, Any]:
    """The engine and everything else that is installed, on the same data."""
    import polars as pl

    from finance_pipeline.sandbox.labelled import read_labelled
    from finance_pipeline.sandbox.labelled.rivals import RIVALS
    from finance_pipeline.sandbox.labelled.scoring import scored

    data = _generated(folder, size, asked, judged=True)
    labelled = read_labelled(data)
    run, target = _matched(data)
    score = scored(labelled, pl.read_parquet(target / "allocations.parquet").with_columns(tier=pl.lit(None, pl.Int16)))
    rows = [_row("this engine", "", run.engine_ms, run.peak_bytes, score.as_json())]
    for rival in RIVALS:
        if not rival.installed:
            rows.append({"matcher": rival.words, "version": f"{rival.needs}: not installed"})
            continue
        say(f"{rival.words} ...")
        file = data / f"{rival.name}.parquet"
        ended: Measured = measured(_RIVALS, rival.name, "--in", str(data), "--out", str(file))
        nothing = {"other_line_id": pl.String, "item_amount_minor": pl.Int64, "tier": pl.Int16}
        pairs = pl.read_parquet(file).with_columns(pl.lit(None, dtype).alias(name) for name, dtype in nothing.items())
        said = ended.said
        result = scored(labelled, pairs).as_json()
        rows.append(_row(rival.words, said["version"], said["milliseconds"], ended.peak_bytes, result))
    return {"lines": run.lines, "items": run.items, "difficulty": asked.difficulty, "seed": asked.seed, "rows": rows}


def _row(matcher: str, version: str, milliseconds: int, peak_bytes: int, score: dict[str, Any]) -> dict[str, Any]:
    counts = {name: score[name] for name in ("proposed", "right", "resolvable", "found")}
    # Most matchers know pairs only: beside the recall of everything stands that of single payments of single documents.
    single = next(shape for shape in score["by_shape"] if shape["shape"] == "one_to_one")
    counts |= {"single_resolvable": single["resolvable"], "single_found": single["found"]}
    return {"matcher": matcher, "version": version, "milliseconds": milliseconds, "peak_bytes": peak_bytes} | counts


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of its own below the data folder, removed at the end."""
    benches = home_folder() / "bench"
    benches.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=benches))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        if not any(benches.iterdir()):
            benches.rmdir()
