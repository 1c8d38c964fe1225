"""`bench`: what the pipeline and the matching engine do on this machine, measured.

pipeline (sync, one month, a backfill on a simulated company), matching (accuracy and speed on labelled data, beside
other ways to match), processes (one measured piece in a process of its own). Not here: what is measured.
"""

from finance_pipeline.cli.bench.dispatch import run_bench

__all__ = ["run_bench"]
