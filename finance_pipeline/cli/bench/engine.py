"""The engine on a folder of files: python -m finance_pipeline.cli.bench.engine --in DIR --out DIR [--times N].

Prints the engine's time of each run in milliseconds as JSON; the first includes what is loaded on first use.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main() -> int:
    from finance_pipeline.services.matching_files.match import match_files

    parser = argparse.ArgumentParser(prog="finance_pipeline.cli.bench.engine")
    parser.add_argument("--in", dest="source", type=Path, required=True)
    parser.add_argument("--out", dest="target", type=Path, required=True)
    parser.add_argument("--times", type=int, default=1)
    given = parser.parse_args()
    times = []
    for _ in range(given.times):
        summary = match_files(
            given.source, given.target, policy=None, as_of=None, form="parquet", tell=lambda _words, _ended: None
        )
        times.append(summary.engine_ms)
    sys.stdout.write(json.dumps({"engine_ms": times}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
