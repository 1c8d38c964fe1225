"""Runs with fake services: which keys reach them, what is recorded, and how a failure reads."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import dagster as dg
import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import HOME_VARIABLE
from finance_pipeline.defs import runner
from finance_pipeline.defs.runner import RunFailed, RunResult, RunWaits, prepare_instance, run_months, run_sync
from finance_pipeline_tests.defs.conftest import BOOKS, FakeServices, declare_another_book, forget_definitions

SIX = [f"us|2026-{month:02d}" for month in range(5, 11)]


@pytest.fixture(scope="module")
def kept_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One data folder for all runs: definitions are loaded once, which takes longer than a run."""
    forget_definitions()
    yield tmp_path_factory.mktemp("runs")
    forget_definitions()


@pytest.fixture
def home(kept_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With the books declared again, whatever a test before this one declared."""
    (kept_home / "finance_pipeline.yaml").write_text(BOOKS, encoding="utf-8")
    (kept_home / "inbox").mkdir(exist_ok=True)
    monkeypatch.setenv(HOME_VARIABLE, str(kept_home))
    return kept_home


@pytest.fixture
def instance(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster's storage in memory instead of PostgreSQL; the same instance for every run of a test."""
    assert home
    with dg.DagsterInstance.ephemeral() as ephemeral:
        monkeypatch.setattr(runner, "_instance", lambda: nullcontext(ephemeral))
        yield ephemeral


def run(home: Path, book: str = "us", first: str = "2026-05", last: str = "2026-07") -> RunResult:
    """Three months, unless told otherwise."""
    return run_months(home, book, first, last, on_progress=lambda _words, _ended: None)


def test_six_months_of_a_book_are_one_recorded_run_in_which_each_service_is_called_once(
    home: Path, services: FakeServices, instance: dg.DagsterInstance
):
    told: list[str] = []
    result = run_months(home, "us", "2026-05", "2026-10", on_progress=lambda words, _ended: told.append(words))
    result.raise_if_failed()
    assert [recorded.run_id for recorded in instance.get_runs()] == [result.run_id]
    assert all(services.keys_of(what) == [SIX] for what in ("canonicalize payment", "reconcile", "post", "tie_out"))
    assert [what for what, _ in services.calls][-6:] == [
        *("reconcile", "post", "cash", "tie_out", "differences", "close_status"),
    ]
    assert told[0].endswith(" ...")
    assert told[-1].startswith("close_steps done in")


def test_each_book_month_carries_its_own_figures_beside_the_total(
    home: Path, services: FakeServices, instance: dg.DagsterInstance
):
    assert services
    assert instance
    figures = run(home).figures["bank_transactions"]
    assert sorted(figures) == SIX[:3]
    assert figures["us|2026-06"]["dagster/partition_row_count"] == 6
    assert figures["us|2026-07"]["dagster/partition_row_count"] == 7
    assert figures["us|2026-07"]["dagster/row_count"] == 70


def check_of(instance: dg.DagsterInstance, name: str, partition: str | None) -> dg.AssetCheckEvaluation:
    """The latest evaluation of a check of a partition; None is the run's own over all of them."""
    key = dg.AssetCheckKey(dg.AssetKey("tie_outs"), name)
    found = [
        record.evaluation
        for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
        if isinstance(record.evaluation, dg.AssetCheckEvaluation) and record.evaluation.partition == partition
    ]
    return found[0]


def test_a_tie_out_that_fails_marks_its_month_and_stops_nothing(
    home: Path, services: FakeServices, instance: dg.DagsterInstance
):
    services.untied = {"us|2026-06"}
    run(home).raise_if_failed()
    assert not check_of(instance, "debits_equal_credits", "us|2026-06").passed
    assert check_of(instance, "debits_equal_credits", "us|2026-07").passed
    whole = check_of(instance, "debits_equal_credits", None)
    assert not whole.passed
    assert whole.description == "us|2026-06: 10.00 apart"


def test_the_success_of_one_book_does_not_hide_the_difference_of_another(
    home: Path, services: FakeServices, instance: dg.DagsterInstance
):
    services.untied = {"us|2026-06"}
    run(home)
    run(home, "uk")
    whole = check_of(instance, "debits_equal_credits", None)
    assert not whole.passed
    assert "us|2026-06" in (whole.description or "")
    services.untied = set()
    run(home)
    assert check_of(instance, "debits_equal_credits", None).passed


def test_a_check_that_was_not_made_does_not_pass(home: Path, services: FakeServices, instance: dg.DagsterInstance):
    services.unmade = {"clearing_equals_processor"}
    run(home)
    assert not check_of(instance, "clearing_equals_processor", None).passed
    assert check_of(instance, "debits_equal_credits", None).passed


def test_one_kind_of_source_that_is_down_does_not_stop_the_others(
    home: Path, services: FakeServices, instance: dg.DagsterInstance
):
    assert instance
    services.down = {"sync plaid"}
    result = run_sync(home, ["plaid", "stripe", "xero"], on_progress=lambda _words, _ended: None)
    assert {step.name: step.outcome for step in result.steps} == {
        "plaid_evidence": "failed",
        "stripe_evidence": "done",
        "xero_evidence": "done",
    }
    with pytest.raises(RunWaits, match=r"the vendor does not answer\. Its cursor\. Wait\."):
        result.raise_if_failed()


def test_a_stage_that_fails_leaves_out_what_follows_and_keeps_its_exit_code(
    home: Path, services: FakeServices, instance: dg.DagsterInstance
):
    assert instance
    services.down = {"reconcile"}
    result = run(home)
    assert "post" not in [what for what, _ in services.calls]
    assert {step.name for step in result.steps if step.outcome == "left out"} >= {"ledger", "close"}
    with pytest.raises(RunWaits) as raised:
        result.raise_if_failed()
    assert raised.value.exit_code == 75


def test_what_nobody_foresaw_is_named_and_is_no_reason_to_wait(
    home: Path, services: FakeServices, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> None:
        raise KeyError("no such column")

    assert instance
    monkeypatch.setattr(services, "cash", broken)
    with pytest.raises(RunFailed, match="cash: KeyError: 'no such column'"):
        run(home).raise_if_failed()


@pytest.mark.parametrize(
    ("book", "first", "last"),
    [("fr", "2026-05", "2026-06"), ("us", "2026-06", "2026-05"), ("de", "2026-05", "2026-08")],
)
def test_months_that_are_not_there_are_refused_before_a_run_is_recorded(
    home: Path, services: FakeServices, instance: dg.DagsterInstance, book: str, first: str, last: str
):
    with pytest.raises(BadInput):
        run(home, book, first, last)
    assert services.calls == []
    assert list(instance.get_runs()) == []


def test_a_month_that_has_not_begun_fails_clearly_and_reaches_no_service(
    home: Path, services: FakeServices, instance: dg.DagsterInstance
):
    assert instance
    with pytest.raises(RunFailed, match="has not begun"):
        run(home, first="2999-01", last="2999-01").raise_if_failed()
    assert services.calls == []


def test_a_book_declared_after_the_first_run_of_a_process_has_partitions_in_the_next(
    home: Path, services: FakeServices, instance: dg.DagsterInstance
):
    assert instance
    run(home)
    declare_another_book(home)
    run(home, "jp").raise_if_failed()
    assert services.keys_of("reconcile")[-1] == [key.replace("us", "jp") for key in SIX[:3]]


def test_a_run_whose_process_was_killed_is_ended_by_the_next_one(
    home: Path, services: FakeServices, instance: dg.DagsterInstance
):
    assert services
    from dagster._core.test_utils import create_run_for_test

    gone = create_run_for_test(
        instance, "book_months_job", status=dg.DagsterRunStatus.STARTED, tags={runner.PROCESS_TAG: str(2**22 + 1)}
    )
    alive = create_run_for_test(
        instance, "book_months_job", status=dg.DagsterRunStatus.STARTED, tags={runner.PROCESS_TAG: str(os.getpid())}
    )
    run(home)
    after = [instance.get_run_by_id(each.run_id) for each in (gone, alive)]
    assert [each.status.value for each in after if each] == ["FAILURE", "STARTED"]


def test_the_instance_of_a_home_is_written_whole_and_names_its_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("DAGSTER_HOME", runner.URL_VARIABLE, runner.LOGS_VARIABLE, "FINANCE_PIPELINE_HOME"):
        monkeypatch.setenv(name, "")
    for url in ("postgresql://me@/dagster?host=/run", "postgres://me@/dagster?host=/run"):
        folder = prepare_instance(tmp_path, url)
        assert os.environ[runner.URL_VARIABLE] == "postgresql+psycopg2://me@/dagster?host=/run"
    assert [file.name for file in folder.iterdir()] == ["dagster.yaml"]
    from dagster._core.instance.config import dagster_instance_config

    config, _ = dagster_instance_config(str(folder))
    assert config["telemetry"] == {"enabled": False}
