"""What Dagster is told: every asset with its group and grain, partitions, ranges, and a home without books."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import BaseWorkspaceRequestContext

from finance_pipeline.close.steps import CHECKED
from finance_pipeline.close.tie_outs import RULES
from finance_pipeline.core.period import BookMonth, Month
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import HOME_VARIABLE, load_settings

PROJECT = Path(__file__).resolve().parents[2]
EVERY_ASSET = {
    "plaid_evidence": ("1_evidence", "One row per observation of a bank transaction or account at Plaid."),
    "stripe_evidence": ("1_evidence", "One row per observation of a balance movement, payout or balance at Stripe."),
    "xero_evidence": ("1_evidence", "One row per observation of an invoice, bill, payment or contact at Xero."),
    "statement_evidence": ("1_evidence", "One row per entry or balance of a bank's own statement files."),
    "exchange_rates": ("1_evidence", "One row per currency and day with a published ECB reference rate."),
    "bank_transactions": ("2_canonical", "One row per version of a bank line."),
    "invoices": ("2_canonical", "One row per version of a customer invoice, supplier bill or credit note."),
    "payments": (
        "2_canonical",
        "One row per version of a movement on a processor's balance, or of a payment recorded in",
    ),
    "stated_balances": (
        "2_canonical",
        "One row per version of a balance that a bank or processor stated for one account at one time.",
    ),
    "parties": ("2_canonical", "One row per version of a customer or supplier."),
    "matches": (
        "3_reconciliation",
        "One row per accepted match of lines with open items, or of a line with another line.",
    ),
    "exceptions": ("3_reconciliation", "One row per line that a person has to look at, with the reason."),
    "open_items": (
        "3_reconciliation",
        "One row per item still open at a month's end;",
    ),
    "journal_entries": ("4_ledger", "One row per journal entry: balanced, immutable, numbered without gaps."),
    "trial_balance": ("4_ledger", "One row per account of a book at a month's end, in the book's currency."),
    "cash_position": (
        "5_cash",
        "One row per bank or processor account at a month's end, or at the latest day of the open month.",
    ),
    "tie_outs": ("6_close", "One row per two figures that must be equal at the end of a day."),
    "close_differences": ("6_close", "One row per record of a closed month that is not what was signed"),
    "close_status": ("6_close", "One row per step of the close of a book-month."),
    "close_package": ("6_close", "One row per file of the package of a closed month."),
}


def loaded() -> dg.RepositoryDefinition:
    from finance_pipeline.definitions import defs

    return defs.get_repository_def()


@pytest.mark.usefixtures("home")
def test_every_asset_has_its_stage_and_opens_its_description_with_its_grain():
    graph = loaded().asset_graph
    keys = {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}
    assert {name: node.group_name for name, node in keys.items()} == {
        name: group for name, (group, _) in EVERY_ASSET.items()
    }
    for name, (_, grain) in EVERY_ASSET.items():
        assert (keys[name].description or "").startswith(grain), name


@pytest.mark.usefixtures("home")
def test_every_asset_has_an_owner_kinds_a_code_version_and_after_the_evidence_its_columns():
    graph = loaded().asset_graph
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.owners == ["team:finance-data"]
        assert node.kinds
        assert node.code_version
        if node.group_name != "1_evidence":
            assert node.metadata["dagster/column_schema"].columns, key
            assert node.backfill_policy == dg.BackfillPolicy.single_run()


@pytest.mark.usefixtures("home")
def test_every_tie_out_and_every_step_that_facts_decide_is_a_check():
    keys = loaded().asset_graph.asset_check_keys
    assert {key.name for key in keys if key.asset_key == dg.AssetKey("tie_outs")} == set(RULES)
    assert {key.name for key in keys if key.asset_key == dg.AssetKey("close_status")} == set(CHECKED)


@pytest.mark.usefixtures("home")
def test_no_asset_depends_on_a_later_stage():
    graph = loaded().asset_graph
    for key in graph.get_all_asset_keys():
        for parent in graph.get(key).parent_keys:
            assert graph.get(parent).group_name <= graph.get(key).group_name


def test_the_definitions_of_an_empty_home_are_valid(tmp_path: Path):
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"]
    environment = {**os.environ, HOME_VARIABLE: str(tmp_path / "nothing"), "DAGSTER_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path).glob("nothing*"))  # looking at definitions creates no data


def test_the_open_month_of_every_book_has_a_partition_and_the_next_has_none(home: Path):
    from finance_pipeline.defs.partitions import book_months, known, open_month

    keys = {str(key) for key in book_months.get_partition_keys()}
    for book in ("us", "uk", "de"):
        assert f"{book}|{open_month()}" in keys
        assert f"{book}|{open_month().next}" not in keys
    next_month = BookMonth("us", open_month().next)
    assert known([next_month], load_settings(home)) == []


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ([], "no book-month"),
        (["us|2026-04"], "no book-month"),
        (["fr|2026-05"], "no book 'fr'"),
        (["us|2999-01"], "has not begun"),
    ],
)
def test_a_run_over_keys_that_do_not_exist_is_refused(home: Path, keys: list[str], words: str):
    from finance_pipeline.defs.partitions import checked_keys

    with pytest.raises(BadInput, match=words):
        checked_keys(keys, load_settings(home))


def test_months_before_a_book_starts_are_left_out_of_a_run_over_several_books(home: Path):
    from finance_pipeline.defs.partitions import checked_keys

    keys = checked_keys(["us|2026-05", "de|2026-05", "de|2026-07"], load_settings(home))
    assert [str(key) for key in keys] == ["de|2026-07", "us|2026-05"]


def test_scattered_book_months_become_the_fewest_spans_and_lose_none(home: Path):
    from finance_pipeline.defs.partitions import spans

    keys = [BookMonth.parse(key) for key in ("us|2026-07", "us|2026-05", "uk|2026-12", "uk|2027-01", "us|2026-06")]
    found = spans([*keys, BookMonth("us", Month(2026, 9))])
    assert [str(span) for span in found] == ["uk|2026-12..2027-01", "us|2026-05..2026-07", "us|2026-09..2026-09"]
    assert home


@pytest.fixture
def planner(home: Path, tmp_path: Path) -> Iterator[BaseWorkspaceRequestContext]:
    """Dagster's own view of the loaded code location, as its backfill daemon has it."""
    from dagster._core.test_utils import create_test_daemon_workspace_context
    from dagster._core.workspace.load_target import ModuleTarget

    assert home
    target = ModuleTarget("finance_pipeline.definitions", None, str(PROJECT), "finance_pipeline")
    with (
        dg.instance_for_test(temp_dir=str(tmp_path)) as instance,
        create_test_daemon_workspace_context(target, instance) as process,
    ):
        yield process.create_request_context()


def planned_runs(planner: BaseWorkspaceRequestContext, keys: list[str]) -> list[list[str]]:
    """First and last partition of each run that the backfill daemon would start at once for everything but evidence."""
    import logging

    from dagster._core.asset_graph_view.asset_graph_view import AssetGraphView, TemporalContext
    from dagster._core.execution.asset_backfill import AssetBackfillData, execute_asset_backfill_iteration_inner

    graph = planner.asset_graph
    now = TemporalContext(effective_dt=datetime.now(UTC), last_event_id=None)
    view = AssetGraphView(temporal_context=now, instance=planner.instance, asset_graph=graph)
    names = [dg.AssetKey(name) for name, (group, _) in EVERY_ASSET.items() if group != "1_evidence"]
    data = AssetBackfillData.from_asset_partitions(graph, keys, names, planner.instance, time.time(), False)
    result = execute_asset_backfill_iteration_inner("b", data, view, time.time(), logging.getLogger(), None)
    for request in result.run_requests:
        assert set(request.asset_selection or []) == set(names)
    return sorted(
        [request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
        for request in result.run_requests
    )


def test_six_months_of_one_book_backfilled_from_the_ui_are_one_run(planner: BaseWorkspaceRequestContext):
    keys = [f"us|2026-{month:02d}" for month in range(5, 11)]
    assert planned_runs(planner, keys) == [["us|2026-05", "us|2026-10"]]
    three = [f"{book}|2026-{month:02d}" for book in ("us", "uk", "de") for month in range(5, 11)]
    assert len(planned_runs(planner, three)) == 3
