"""`bench matching` measures on labelled data, says what it measured, and refuses what it cannot measure."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from finance_pipeline.cli.bench import matching, tables
from finance_pipeline.cli.bench.processes import PieceFailed, measured
from finance_pipeline.sandbox.labelled import Options, generate_to, read_labelled
from finance_pipeline.sandbox.labelled.scoring import scored
from finance_pipeline.services.matching_files.match import match_files
from finance_pipeline_tests.cli.conftest import Shell


def test_the_engine_reads_what_is_generated_and_its_result_can_be_scored(tmp_path: Path) -> None:
    data, result = tmp_path / "data", tmp_path / "result"
    generate_to(data, Options(400, "easy", 5))
    summary = match_files(data, result, policy=None, as_of=None, form="parquet", tell=lambda _words, _ended: None)
    tiers = pl.read_parquet(result / "matches.parquet").select("match_id", "tier")
    allocations = pl.read_parquet(result / "allocations.parquet").join(tiers, on="match_id")
    score = scored(read_labelled(data), allocations)
    assert score.total("proposed") > summary.matches // 2
    assert score.total("right") > score.total("proposed") * 9 // 10
    assert score.total("found") > score.total("resolvable") // 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("matching", "--difficulty", "impossible"), "there is no difficulty 'impossible'."),
        (("matching", "--growth", "endless"), "there is no growth 'endless'."),
        (("matching", "--difficulty", "plain"), "plain data says nothing of accuracy."),
        (("matching", "--lines", "10"), "between 200 and 20,000,000 lines"),
        (("sync", "--against"), "bench sync has no such option."),
    ],
)
def test_a_bench_of_matching_that_cannot_be_run_is_refused_before_anything_is_made(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = Shell(tmp_path).types("bench", *arguments)
    assert ended.code == 2
    assert words in ended.said
    assert list(tmp_path.iterdir()) == []


def test_growth_goes_as_far_as_memory_reaches_and_says_what_was_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def grown(_folder: Path, size: int, _asked: matching.MatchingBench) -> matching.Run:
        return matching.Run(size, size, size // 100, 1 << (30 if size < 1_000_000 else 60))

    monkeypatch.setattr(matching, "_grown", grown)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=1 << 40))
    found = matching._growth(tmp_path, matching.MatchingBench(growth="full"))
    tables.show_growth(found)
    assert [run["lines"] for run in found["runs"]] == [10_000, 100_000, 1_000_000]
    said = " ".join(capsys.readouterr().out.split())
    assert "10,000,000 lines were not run" in said
    assert "1024 GiB are free here" in said


def test_a_share_below_a_target_never_reads_like_the_target() -> None:
    assert tables.percent(999_899, 1_000_000) == "99.989 %"
    assert tables.percent(99_998, 99_999) == "99.998 %"
    assert tables.percent(0, 0) == "-"


def test_hard_data_has_other_targets() -> None:
    assert tables.targets("default") == {"precision": 99.99, "tier": 99.95, "recall": 99.0}
    assert tables.targets("hard") == {"precision": 99.98, "tier": 99.95, "recall": 98.0}


def test_a_piece_that_fails_says_so_with_its_last_words() -> None:
    with pytest.raises(PieceFailed, match=r"No module named finance_pipeline\.nowhere"):
        measured("finance_pipeline.nowhere")


def test_a_piece_has_a_memory_and_a_time_of_its_own(tmp_path: Path) -> None:
    generate_to(tmp_path, Options(200, "easy", 5, judged=False))
    ended = measured("finance_pipeline.sandbox.labelled.rivals.join", "--in", str(tmp_path))
    assert 0 <= ended.said["milliseconds"] < ended.milliseconds
    assert 10_000_000 < ended.peak_bytes < 1_000_000_000
