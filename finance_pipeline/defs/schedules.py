"""The day's schedule: pull everything once, then bring every book's open months up to date.

Here: which runs a day asks for. Not here: what they do.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Settings, load_settings
from finance_pipeline.defs.jobs import BOOK_MONTHS, EVIDENCE, close_of_day
from finance_pipeline.defs.partitions import Span, known, open_month

DAY_TAG = "finance_pipeline/day"
"""Runs of one day run one at a time, in the order requested (dagster.yaml): the pull first, then book after book."""


def open_spans(settings: Settings, last: Month) -> Sequence[Span]:
    """Each book's open months: the latest, and the one before, to which late lines still come.

    A book that has not begun by then has none.
    """
    return [
        Span(book.id, max(last.previous, book.first_month), last) for book in settings.books if book.first_month <= last
    ]


def day_requests(
    days: Sequence[Span], day: str, evidence: Sequence[dg.AssetKey], stages: Sequence[dg.AssetKey]
) -> Iterator[dg.RunRequest]:
    """One run that pulls all sources, then one run per book over its open months, so that no book stops another."""
    yield dg.RunRequest(run_key=f"{day} sync", asset_selection=evidence, tags={DAY_TAG: day})
    for span in days:
        yield dg.RunRequest(run_key=f"{day} {span}", asset_selection=stages, tags={DAY_TAG: day, **span.tags()})


@dg.schedule(
    job=close_of_day,
    cron_schedule="0 6 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every day: one run that pulls every connection, then one run per book over its open months.",
)
def every_day(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest] | dg.SkipReason:
    settings = load_settings()
    graph = context.repository_def.asset_graph if context.repository_def else None
    if graph is None or not settings.books:
        return dg.SkipReason("No book is declared.")
    days = [span for span in open_spans(settings, open_month()) if known(span.keys(), settings)]
    day = context.scheduled_execution_time.date().isoformat()
    return day_requests(days, day, sorted(EVIDENCE.resolve(graph)), sorted(BOOK_MONTHS.resolve(graph)))
