"""The sensors and the schedule: exactly what was touched, asked for once, and nothing lost when reading fails."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from finance_pipeline.core.period import BookMonth
from finance_pipeline.core.problems import DatabaseDown
from finance_pipeline.core.settings import load_settings
from finance_pipeline.services.intake.connections import Again
from finance_pipeline.services.intake.webhooks import Due
from finance_pipeline_tests.defs.conftest import FakeServices, declare_another_book

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def tick(instance: dg.DagsterInstance, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    from finance_pipeline.defs.resources import Books
    from finance_pipeline.defs.sensors import touched_months

    with dg.build_sensor_context(instance=instance, cursor=cursor, resources={"books": Books()}) as context:
        result = touched_months(context)
    assert isinstance(result, (dg.SensorResult, dg.SkipReason))
    return result


def ranges(result: dg.SensorResult | dg.SkipReason) -> list[tuple[str, str]]:
    assert isinstance(result, dg.SensorResult)
    return [(request.tags[RANGE[0]], request.tags[RANGE[1]]) for request in result.run_requests or []]


def touch(services: FakeServices, high_water: int, *keys: str) -> None:
    services.touched_keys = [BookMonth.parse(key) for key in keys]
    services.high_water = high_water


def test_the_sensor_requests_exactly_the_touched_months_as_one_run_a_stretch(services: FakeServices):
    with dg.DagsterInstance.ephemeral() as instance:
        touch(services, 120, "us|2026-08", "us|2026-09", "us|2026-10", "uk|2026-06", "uk|2026-10")
        result = tick(instance, "100")
        assert ranges(result) == [
            ("uk|2026-06", "uk|2026-06"),
            ("uk|2026-10", "uk|2026-10"),
            ("us|2026-08", "us|2026-10"),
        ]
        assert isinstance(result, dg.SensorResult)
        assert result.cursor == "120"
        assert ranges(tick(instance, result.cursor)) == []


def test_a_tick_that_was_cut_off_asks_again_under_the_same_run_keys(services: FakeServices):
    with dg.DagsterInstance.ephemeral() as instance:
        touch(services, 120, "us|2026-08")
        first, again = tick(instance, "100"), tick(instance, "100")
        assert isinstance(first, dg.SensorResult)
        assert isinstance(again, dg.SensorResult)
        assert [r.run_key for r in first.run_requests or []] == [r.run_key for r in again.run_requests or []]


def test_a_database_that_is_down_leaves_the_cursor_where_it_was(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
):
    def down(*_: object) -> None:
        raise DatabaseDown("PostgreSQL does not answer.")

    monkeypatch.setattr(services, "touched", down)
    with dg.DagsterInstance.ephemeral() as instance:
        result = tick(instance, "100")
    assert isinstance(result, dg.SkipReason)
    assert result.skip_message == "PostgreSQL does not answer."


def test_a_book_declared_after_loading_waits_without_losing_its_months_or_stopping_others(
    home: Path, services: FakeServices
):
    with dg.DagsterInstance.ephemeral() as instance:
        tick(instance, "0")
        declare_another_book(home)
        touch(services, 7, "jp|2026-05", "us|2026-05")
        result = tick(instance, "5")
        assert ranges(result) == [("us|2026-05", "us|2026-05")]
        assert isinstance(result, dg.SensorResult)
        assert result.cursor == "5"


def test_the_first_tick_asks_only_for_what_the_last_landing_left_behind(home: Path, services: FakeServices):
    touch(services, 9, "us|2026-05", "us|2026-06")
    assert home
    with dg.DagsterInstance.ephemeral() as instance:
        assert ranges(tick(instance, None)) == [("us|2026-05", "us|2026-06")]
        instance.report_runless_asset_event(dg.AssetMaterialization("plaid_evidence"))
        instance.report_runless_asset_event(dg.AssetMaterialization("tie_outs", partition="us|2026-05"))
        assert ranges(tick(instance, None)) == [("us|2026-06", "us|2026-06")]
        instance.report_runless_asset_event(dg.AssetMaterialization("stripe_evidence"))
        assert ranges(tick(instance, None)) == [("us|2026-05", "us|2026-06")]


def test_a_day_pulls_once_and_then_runs_each_book_over_its_open_months(home: Path):
    from finance_pipeline.definitions import defs
    from finance_pipeline.defs.partitions import open_month

    at = datetime(2026, 11, 3, 6, tzinfo=UTC)
    schedule = defs.resolve_schedule_def("every_day")
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=defs.get_repository_def())
    requests = schedule.evaluate_tick(context).run_requests or []
    last = open_month()
    assert [request.tags.get(RANGE[0]) for request in requests] == [
        None,
        *(f"{book}|{max(last.previous, load_settings(home).book(book).first_month)}" for book in ("us", "uk", "de")),
    ]
    assert {request.tags["finance_pipeline/day"] for request in requests} == {"2026-11-03"}
    assert [len(request.asset_selection or []) for request in requests] == [5, 14, 14, 14]


def folder_tick(cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    from finance_pipeline.defs.sensors import statement_folder

    result = statement_folder(dg.build_sensor_context(cursor=cursor))
    assert isinstance(result, (dg.SensorResult, dg.SkipReason))
    return result


def test_a_settled_statement_file_is_read_once_and_again_when_it_changes(home: Path):
    assert isinstance(folder_tick(None), dg.SkipReason)
    file = home / "inbox" / "march.xml"
    file.write_text("<Document/>", encoding="utf-8")
    assert isinstance(folder_tick(None), dg.SkipReason)  # it may still be written
    long_ago = (datetime.now(UTC) - timedelta(minutes=1)).timestamp()
    os.utime(file, (long_ago, long_ago))
    found = folder_tick(None)
    assert isinstance(found, dg.SensorResult)
    assert [request.asset_selection for request in found.run_requests or []] == [[dg.AssetKey("statement_evidence")]]
    assert isinstance(folder_tick(found.cursor), dg.SkipReason)
    os.utime(file, (long_ago - 5, long_ago - 5))
    assert isinstance(folder_tick(found.cursor), dg.SensorResult)


def test_what_vendors_announced_is_pulled_once_by_kind(services: FakeServices) -> None:
    from finance_pipeline.defs.resources import Books
    from finance_pipeline.defs.sensors import announced

    def asked() -> list[tuple[str | None, list[str]]]:
        with dg.build_sensor_context(resources={"books": Books()}) as context:
            result = announced(context)
        requests = (result.run_requests or []) if isinstance(result, dg.SensorResult) else []
        return [(r.run_key, [key.to_user_string() for key in r.asset_selection or []]) for r in requests]

    assert asked() == []
    services.announced = [Due("plaid", 2, 7), Due("xero", 1, 5)]
    first = asked()
    assert [assets for _, assets in first] == [["plaid_evidence"], ["xero_evidence"]]
    assert asked() == first  # the same run keys: Dagster starts nothing twice
    services.announced = [Due("plaid", 3, 7)]
    assert asked()[0][0] not in {key for key, _ in first}


def test_whom_a_day_limit_turned_away_is_pulled_again_once_it_is_reset(services: FakeServices) -> None:
    from finance_pipeline.defs.resources import Books
    from finance_pipeline.defs.sensors import left_alone

    def asked() -> list[tuple[str | None, list[str]]]:
        with dg.build_sensor_context(resources={"books": Books()}) as context:
            result = left_alone(context)
        requests = (result.run_requests or []) if isinstance(result, dg.SensorResult) else []
        return [(r.run_key, [key.to_user_string() for key in r.asset_selection or []]) for r in requests]

    assert asked() == []
    services.again = [Again("xero", datetime(2026, 5, 4, tzinfo=UTC))]
    first = asked()
    assert [assets for _, assets in first] == [["xero_evidence"]]
    assert asked() == first  # one run for one end of a wait
    services.again = [Again("xero", datetime(2026, 5, 5, tzinfo=UTC))]
    assert asked()[0][0] != first[0][0]


@pytest.mark.parametrize(("troubles", "passed"), [(["us-plaid: needs owner: log in"], False), ([], True)])
def test_a_connection_that_needs_somebody_is_a_check_that_fails_and_says_what_to_do(
    troubles: list[str], passed: bool
) -> None:
    from finance_pipeline.defs.evidence import wellness

    result = wellness("plaid_evidence", troubles)
    assert result.passed is passed
    assert all(each in str(result.metadata["connections"].value) for each in troubles)
