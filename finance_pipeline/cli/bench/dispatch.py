"""Which bench is run with which options; one that cannot be run is refused before anything is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from finance_pipeline.cli.bench.closing import run_closing
from finance_pipeline.cli.bench.faults import run_faults
from finance_pipeline.cli.bench.matching import MatchingBench, run_matching
from finance_pipeline.cli.bench.on_the_ledger import LEDGER_BENCHES
from finance_pipeline.cli.bench.pipeline import BENCHES, run_pipeline_bench
from finance_pipeline.cli.bench.statements import run_statements_bench
from finance_pipeline.cli.bench.throughput import bench_throughput
from finance_pipeline.core.problems import BadInput

_PIPELINE = BENCHES | {"throughput": bench_throughput}
_MATCHING, _STATEMENTS, _FAULTS, _CLOSING = "matching", "statements", "faults", "closing"


@dataclass(frozen=True)
class Asked:
    """What was typed; None or a default where it was not."""

    lines: int | None = None
    runs: int | None = None
    matching: MatchingBench = field(default_factory=MatchingBench)


def run_bench(what: str, asked: Asked, *, as_json: bool) -> None:
    """Run one bench and print its figures. Raises BadInput for an unknown one, or options that it does not have."""
    known = (*_PIPELINE, _MATCHING, _STATEMENTS, _FAULTS, _CLOSING, *LEDGER_BENCHES)
    if what not in known:
        raise BadInput(f"there is no bench {what!r}.", todo=f"Known: {', '.join(known)}.")
    if asked.lines is not None and asked.lines < 1:
        raise BadInput("a bench needs at least one line to work on.", todo="Give --lines a larger number.")
    if asked.runs is not None and asked.runs < 1:
        raise BadInput("a campaign needs at least one run.", todo="Give --runs a larger number.")
    if what in LEDGER_BENCHES:
        _run_on_the_ledger(what, asked, as_json=as_json)
    elif what == _FAULTS and asked == Asked(runs=asked.runs, matching=MatchingBench(seed=asked.matching.seed)):
        run_faults(asked.runs, asked.matching.seed, as_json=as_json)
    elif what == _CLOSING and asked == Asked(asked.lines, asked.runs, MatchingBench(seed=asked.matching.seed)):
        run_closing(asked.lines, asked.runs, asked.matching.seed, as_json=as_json)
    elif what == _MATCHING and asked.runs is None:
        run_matching(asked.lines, asked.matching, as_json=as_json)
    elif asked != Asked(lines=asked.lines) or what in (_FAULTS, _CLOSING):
        raise BadInput(f"bench {what} has no such option.", todo="`finance-pipeline bench --help` says which has what.")
    elif what == _STATEMENTS:
        run_statements_bench(asked.lines, as_json=as_json)
    else:
        run_pipeline_bench(what, _PIPELINE[what], asked.lines, as_json=as_json)


def _run_on_the_ledger(what: str, asked: Asked, *, as_json: bool) -> None:
    bench = LEDGER_BENCHES[what]
    said = Asked(
        asked.lines if bench.has_lines else None,
        asked.runs if bench.has_runs else None,
        MatchingBench(seed=asked.matching.seed) if bench.has_seed else MatchingBench(),
    )
    if asked != said:
        raise BadInput(f"bench {what} has no such option.", todo="`finance-pipeline bench --help` says which has what.")
    bench.run(asked.lines, asked.runs, asked.matching.seed, as_json)
