"""What the ledger says: frames over its tables, computed when asked. Amounts are minor units, + debit.

asked: as of a day, by which date, as known at a moment. balances, card, items, bank: what is asked so. entries: the
journal.
"""

from finance_pipeline.ledger.reports.asked import Asked, By, Known, freshness, known
from finance_pipeline.ledger.reports.balances import (
    AS_OF,
    BALANCES_BY_DAY,
    MONTH_TOTALS,
    TRIAL_BALANCE,
    balances_by_day,
    month_totals,
    trial_balance,
    trial_balance_as_of,
)
from finance_pipeline.ledger.reports.bank import bank_balances, bank_entries
from finance_pipeline.ledger.reports.card import account_card
from finance_pipeline.ledger.reports.entries import JOURNAL, entries_about, journal
from finance_pipeline.ledger.reports.items import BUCKETS, CLEARING, OF_PARTIES, UNIDENTIFIED, items
from finance_pipeline.ledger.reports.month import Counted, counted, currencies, late_items

__all__ = [
    "AS_OF",
    "BALANCES_BY_DAY",
    "BUCKETS",
    "CLEARING",
    "JOURNAL",
    "MONTH_TOTALS",
    "OF_PARTIES",
    "TRIAL_BALANCE",
    "UNIDENTIFIED",
    "Asked",
    "By",
    "Counted",
    "Known",
    "account_card",
    "balances_by_day",
    "bank_balances",
    "bank_entries",
    "counted",
    "currencies",
    "entries_about",
    "freshness",
    "items",
    "journal",
    "known",
    "late_items",
    "month_totals",
    "trial_balance",
    "trial_balance_as_of",
]
