"""One rival in a process of its own: python -m finance_pipeline.sandbox.labelled.rivals NAME --in DIR --out FILE.

Prints its time without imports and reading, in milliseconds, and the version of its library, as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import polars as pl

from finance_pipeline.sandbox.labelled.rivals import RIVALS


def main() -> int:
    parser = argparse.ArgumentParser(prog="finance_pipeline.sandbox.labelled.rivals")
    parser.add_argument("name", choices=[rival.name for rival in RIVALS])
    parser.add_argument("--in", dest="source", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    rival = next(each for each in RIVALS if each.name == given.name)
    lines, items, parties = (
        pl.read_parquet(given.source / f"{name}.parquet") for name in ("bank_lines", "open_items", "parties")
    )
    matcher = rival.matcher()
    began = time.perf_counter_ns()
    pairs = matcher(lines.filter(pl.col("status") == "booked"), items, parties)
    elapsed = (time.perf_counter_ns() - began) // 1_000_000
    pairs.select("line_id", "item_id").unique().sort("line_id", "item_id").write_parquet(given.out)
    sys.stdout.write(json.dumps({"milliseconds": elapsed, "version": rival.version}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
