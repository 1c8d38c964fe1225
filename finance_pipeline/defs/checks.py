"""Checks of an asset by book and month: how they are declared, and how a run of several months reports them.

Not here: what is checked.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from finance_pipeline.defs.partitions import book_months
from finance_pipeline.defs.reporting import result_of

if TYPE_CHECKING:
    from finance_pipeline.services.results import CheckResult, Materialized


def month_checks(asset: str, words: Mapping[str, str]) -> list[dg.AssetCheckSpec]:
    """Checks (name -> what it says) by book and month, so that each month keeps its own result. Dagster calls that a
    preview, each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(name, asset=asset, description=described, partitions_def=book_months)
            for name, described in words.items()
        ]


def checked(
    context: dg.AssetExecutionContext, done: Materialized, checks: Sequence[CheckResult], names: Sequence[str]
) -> dg.MaterializeResult[None]:
    """What a service did for one asset, and its checks: each by book and month, and all of a name together.

    names: every declared check, made or not.
    """
    _log_each(context, checks)
    return result_of(context, done, _over_all_months(checks, _failed_elsewhere(context, done.asset, names)))


def _log_each(context: dg.AssetExecutionContext, checks: Sequence[CheckResult]) -> None:
    """One evaluation per check and partition, so that a controller sees which month of which book does not tie out."""
    for check in checks:
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(check.asset),
                check_name=check.name,
                passed=check.passed,
                description=check.words,
                metadata=dict(check.figures),
                severity=dg.AssetCheckSeverity.WARN if check.is_warning else dg.AssetCheckSeverity.ERROR,
                blocking=False,
                partition=check.partition,
            )
        )


def _failed_elsewhere(context: dg.AssetExecutionContext, asset: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Per check, the partitions outside this run in which its latest evaluation failed.

    Dagster's page shows the latest result of a check, whichever book it was of. So that one book's success does not
    hide another's difference, the result of a run counts those too.
    """
    asked = {str(key) for key in context.partition_keys}
    keys = [dg.AssetCheckKey(dg.AssetKey(asset), name) for name in names]
    found: dict[str, list[str]] = {name: [] for name in names}
    for info in context.instance.event_log_storage.get_asset_check_partition_info(keys):
        if info.latest_execution_status.value == "FAILED" and info.partition_key not in (None, *asked):
            found[info.check_key.name].append(str(info.partition_key))
    return {name: sorted(partitions) for name, partitions in found.items()}


def _over_all_months(
    checks: Sequence[CheckResult], elsewhere: Mapping[str, Sequence[str]]
) -> list[dg.AssetCheckResult]:
    """One result per check over all book-months: passed if it was made, held in the run, and failed nowhere else.

    elsewhere: every declared check -> partitions outside the run in which it failed when last made.
    """
    return [
        _over_all(name, [check for check in checks if check.name == name], others) for name, others in elsewhere.items()
    ]


def _over_all(name: str, checks: Sequence[CheckResult], elsewhere: Sequence[str]) -> dg.AssetCheckResult:
    failed = [check for check in checks if not check.passed]
    holds = f"Holds in all {len(checks)} book-months of this run." if checks else "Was not made in this run."
    words = [f"{check.partition}: {check.words}" for check in failed[:5]] or [holds]
    if elsewhere:
        words.append(f"Still failed, from earlier runs: {', '.join(elsewhere)}.")
    return dg.AssetCheckResult(
        check_name=name,
        passed=bool(checks) and not failed and not elsewhere,
        severity=dg.AssetCheckSeverity.WARN
        if any(check.is_warning for check in checks)
        else dg.AssetCheckSeverity.ERROR,
        description=" ".join(words),
        metadata={"book_months": len(checks), "failed": [check.partition for check in failed] + list(elsewhere)},
    )
