"""The capabilities by name, for those who only call them: Dagster's assets and sensors, and the command line."""

from finance_pipeline.services.bookkeeping.posting import post
from finance_pipeline.services.bookkeeping.proving import cash, tie_out
from finance_pipeline.services.calendar import known_months, months_with_data, touched
from finance_pipeline.services.closed_months.differences import differences
from finance_pipeline.services.closing.checks import close_status
from finance_pipeline.services.intake.canonicalize import canonicalize
from finance_pipeline.services.intake.connections import due_again, stale_books, troubles
from finance_pipeline.services.intake.sync import sync
from finance_pipeline.services.intake.webhooks import due
from finance_pipeline.services.package import materialize as package
from finance_pipeline.services.reconciliation.reconcile import reconcile

__all__ = [
    "canonicalize",
    "cash",
    "close_status",
    "differences",
    "due",
    "due_again",
    "known_months",
    "months_with_data",
    "package",
    "post",
    "reconcile",
    "stale_books",
    "sync",
    "tie_out",
    "touched",
    "troubles",
]
