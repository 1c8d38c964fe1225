"""What a close package is made of: frames as the ledger's reports give them, of one book and one month's end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from finance_pipeline.close.facts import OF_GROUP
from finance_pipeline.core.period import Month
from finance_pipeline.ledger.reports import Counted, Known

SIGNED = pl.Schema({"code": pl.String, "name": pl.String, "signed_minor": pl.Int64, "moved_minor": pl.Int64})
"""One row per account of the last sign-off: what was signed, and what was posted up to the month's end since."""
SIGN_OFFS = pl.Schema(
    {"recorded_at": pl.Datetime("us", "UTC")}
    | dict.fromkeys(("action", "actor", "role", "reason", "words"), pl.String())
)
"""One row per thing that a person did to close the month or to open it again."""
EXPLANATIONS = pl.Schema({"subject": pl.String, "open_minor": pl.Int64, "explanation": pl.String})
"""One row per line or item that a person explained, and what was open of it then."""
GROUP = pl.Schema(OF_GROUP | {"explanation": pl.String})
"""One row per other book of the group and currency: what each says that it is owed, and what a person said of the
difference (null where nobody did, or of another one)."""
ADJUSTMENTS = pl.Schema(
    {
        "recorded_at": pl.Datetime("us", "UTC"),
        "cause": pl.String(),
        "verdict": pl.String(),
        "table_name": pl.String(),
        "record_id": pl.String(),
        "version": pl.Int32(),
        "amount_minor": pl.Int64(),
        "proposed_by": pl.String(),
        "actor": pl.String(),
        "reason": pl.String(),
    }
)
"""One row per decision about a record that differs from what was signed."""


@dataclass(frozen=True)
class Facts:
    """As of the last day of the month by accounting date, as known at a moment. Amounts are minor units, + debit."""

    book: str
    name: str
    currency: str
    time_zone: str
    month: Month
    is_partial: bool
    """Nobody says which ledger of the book is statutory: what no source and no journal brings may be missing."""
    known: Known
    oldest_source: str | None
    oldest_read_at: datetime | None
    trial_balance: pl.DataFrame
    """reports.balances.AS_OF, movements of the month."""
    banks: pl.DataFrame
    """services.reports.BankReconciliation.accounts."""
    bank_entries: pl.DataFrame
    """reports.bank.BANK_ENTRIES."""
    bank_items: pl.DataFrame
    """services.reports.BankReconciliation.items."""
    items: pl.DataFrame
    """reports.items.ITEMS with ages, of every account that is explained item by item, and what a person said of each
    (explanation, null where nobody did or it is open with another amount)."""
    group: pl.DataFrame
    """GROUP: of a book that owes no other nothing."""
    late: pl.DataFrame
    """reports.month.LATE_ITEMS."""
    currencies: pl.DataFrame
    """reports.month.CURRENCIES."""
    exchange: pl.DataFrame
    """reports.card.CARD and code: postings of the month to accounts of gains, losses and costs of exchange."""
    signed: pl.DataFrame
    sign_offs: pl.DataFrame
    adjustments: pl.DataFrame
    counted: Counted
