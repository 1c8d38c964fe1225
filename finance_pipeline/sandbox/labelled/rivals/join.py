"""The yardstick of speed: one exact Polars join of the same frames, on book, currency and amount.

python -m finance_pipeline.sandbox.labelled.rivals.join --in DIR prints the median of three, in milliseconds, as JSON.
It is a semi join (which lines have an item of their amount): prices that stand a thousand times would multiply any
other one, and it is the cheapest exact join of two such frames, so that the ratio to it is the strictest.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median

import polars as pl

_KEY = ["book", "currency", "amount_minor"]
_TIMES = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="finance_pipeline.sandbox.labelled.rivals.join")
    parser.add_argument("--in", dest="source", type=Path, required=True)
    source = parser.parse_args().source
    lines, items = (pl.read_parquet(source / f"{name}.parquet") for name in ("bank_lines", "open_items"))
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter_ns()
        lines.join(items, on=_KEY, how="semi")
        taken.append((time.perf_counter_ns() - began) // 1_000_000)
    sys.stdout.write(json.dumps({"milliseconds": int(median(taken)), "all": taken}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
