"""One statement file read in this process: python -m finance_pipeline.cli.bench.reading FILE.

Prints the time of reading in milliseconds, and whether the file adds up, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main() -> int:
    from finance_pipeline.services.intake.statement_files import read_here

    file = Path(sys.argv[1])
    began = time.perf_counter_ns()
    found = read_here(file)
    elapsed = (time.perf_counter_ns() - began) // 1_000_000
    foots = bool(found) and all(each["foots"] for each in found)
    sys.stdout.write(json.dumps({"milliseconds": elapsed, "foots": foots}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
