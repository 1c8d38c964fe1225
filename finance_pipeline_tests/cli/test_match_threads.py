"""The engine on files with several threads; all other tests have one (finance_pipeline_tests)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from finance_pipeline.sandbox.labelled import Options, generate_to
from finance_pipeline_tests.cli.matching_files import held, run

MATCH = """
import sys; from pathlib import Path; import polars
from finance_pipeline_tests.cli.matching_files import run
run(Path(sys.argv[1]), Path(sys.argv[2]))
print(polars.thread_pool_size())
"""


def test_however_many_threads_compute_it_the_result_is_the_same_to_the_byte(tmp_path: Path) -> None:
    company, one, several = tmp_path / "company", tmp_path / "one", tmp_path / "several"
    generate_to(company, Options(line_count=3_000, difficulty="hard", seed=5, judged=False))
    assert run(company, one).lines.matched > 1_000
    environment = os.environ | {"POLARS_MAX_THREADS": "4"}
    command = [sys.executable, "-c", MATCH, company, several]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert said.stdout == "4\n"
    assert held(one) == held(several)
