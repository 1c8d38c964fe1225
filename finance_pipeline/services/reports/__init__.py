"""Reports as of a day and as known at a moment: asked of one book, answered the same for ever.

questions: days and moments as people write them, and what they mean. answers: one function per report.
"""

from finance_pipeline.ledger.reports import BUCKETS
from finance_pipeline.services.reports.answers import (
    ROLES,
    AccountCard,
    BankReconciliation,
    Cash,
    OpenItems,
    TrialBalance,
    account,
    bank_reconciliation,
    cash,
    open_items,
    trial_balance,
)
from finance_pipeline.services.reports.questions import Question, Stamp, day_of, has_begun, moment_of

__all__ = [
    "BUCKETS",
    "ROLES",
    "AccountCard",
    "BankReconciliation",
    "Cash",
    "OpenItems",
    "Question",
    "Stamp",
    "TrialBalance",
    "account",
    "bank_reconciliation",
    "cash",
    "day_of",
    "has_begun",
    "moment_of",
    "open_items",
    "trial_balance",
]
