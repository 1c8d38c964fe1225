"""Which bench is run with which options; one that cannot be run is refused before anything is made."""

from __future__ import annotations

from finance_pipeline.cli.bench.matching import MatchingBench, run_matching
from finance_pipeline.cli.bench.pipeline import BENCHES, run_pipeline_bench
from finance_pipeline.cli.bench.statements import run_statements_bench
from finance_pipeline.core.problems import BadInput

_MATCHING, _STATEMENTS = "matching", "statements"


def run_bench(what: str, lines: int | None, asked: MatchingBench, *, as_json: bool) -> None:
    """Run one bench and print its figures. Raises BadInput for an unknown one, or options that it does not have."""
    known = (*BENCHES, _MATCHING, _STATEMENTS)
    if what not in known:
        raise BadInput(f"there is no bench {what!r}.", todo=f"Known: {', '.join(known)}.")
    if lines is not None and lines < 1:
        raise BadInput("a bench needs at least one line to work on.", todo="Give --lines a larger number.")
    if what == _MATCHING:
        run_matching(lines, asked, as_json=as_json)
    elif asked != MatchingBench():
        raise BadInput(f"bench {what} has no such option.", todo="Only `bench matching` has more than --lines.")
    elif what == _STATEMENTS:
        run_statements_bench(lines, as_json=as_json)
    else:
        run_pipeline_bench(what, lines, as_json=as_json)
