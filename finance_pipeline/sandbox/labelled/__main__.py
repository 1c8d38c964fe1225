"""python -m finance_pipeline.sandbox.labelled --lines 100000 --difficulty default --seed 1 --out DIR"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from finance_pipeline.core.problems import BadInput
from finance_pipeline.sandbox.labelled import Options, generate_to
from finance_pipeline.sandbox.labelled.options import DIFFICULTIES


def main() -> int:
    """Generate and write; 2 for options that cannot be met."""
    parser = argparse.ArgumentParser(prog="finance_pipeline.sandbox.labelled", description="Labelled matching data.")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--difficulty", choices=sorted(DIFFICULTIES), default="default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="Folder of the Parquet files; the truth is in truth/.")
    parser.add_argument("--unjudged", action="store_true", help="Don't compute what is resolvable: for time only.")
    given = parser.parse_args()
    try:
        generate_to(given.out, Options(given.lines, given.difficulty, given.seed, judged=not given.unjudged))
    except BadInput as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
