"""What the ledger says: frames over its tables, computed when asked. Amounts are minor units, + debit."""

from finance_pipeline.ledger.reports.balances import (
    BALANCES_BY_DAY,
    MONTH_TOTALS,
    TRIAL_BALANCE,
    balances_by_day,
    month_totals,
    trial_balance,
)
from finance_pipeline.ledger.reports.entries import JOURNAL, entries_about, journal

__all__ = [
    "BALANCES_BY_DAY",
    "JOURNAL",
    "MONTH_TOTALS",
    "TRIAL_BALANCE",
    "balances_by_day",
    "entries_about",
    "journal",
    "month_totals",
    "trial_balance",
]
