"""The engine's loops are compiled once for each version of them, and whoever starts it can tell."""

from pathlib import Path

import pytest

from finance_pipeline.sandbox.labelled import Options, generate
from finance_pipeline.services.reconciliation import engine_loops

FRAMES = ("bank_lines", "open_items", "parties", "remittances", "fx_rates")


def test_a_machine_that_never_ran_the_engine_says_so_until_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "loops"))
    assert not engine_loops.are_compiled()
    data = generate(Options(300, "default", 1, judged=False))
    engine_loops.compiled_by(**{name: getattr(data, name) for name in FRAMES})
    assert engine_loops.are_compiled()
