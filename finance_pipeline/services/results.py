"""What services report: figures by asset and partition, and checks in words. No business rule lives here."""

from __future__ import annotations

from dataclasses import dataclass, field

from finance_pipeline.canonical import schemas
from finance_pipeline.core.tables import Table
from finance_pipeline.services import tables

Figures = dict[str, int | str]


@dataclass(frozen=True)
class Materialized:
    """The result of one service for one asset."""

    asset: str
    row_count: int
    by_partition: dict[str, Figures] = field(default_factory=dict)
    """Partition key us|2026-05 -> figures, row_count among them."""
    figures: Figures = field(default_factory=dict)
    """Totals over all partitions."""
    table_markdown: str | None = None
    """A table for people, shown in Dagster."""


@dataclass(frozen=True)
class CheckResult:
    """One check of one partition."""

    name: str
    asset: str
    partition: str
    passed: bool
    words: str
    figures: Figures = field(default_factory=dict)
    is_warning: bool = False
    """Work that is not done yet, rather than something wrong."""


TABLES: dict[str, Table] = {
    "bank_transactions": schemas.BANK_TRANSACTIONS,
    "invoices": schemas.INVOICES,
    "payments": schemas.PAYMENTS,
    "stated_balances": schemas.BALANCES,
    "parties": schemas.PARTIES,
    "exchange_rates": schemas.FX_RATES,
    "matches": tables.MATCHES,
    "exceptions": tables.EXCEPTIONS,
    "open_items": tables.OPEN_ITEMS,
    "journal_entries": tables.JOURNAL_ENTRIES,
    "trial_balance": tables.TRIAL_BALANCE,
    "cash_position": tables.CASH_POSITION,
    "tie_outs": tables.TIE_OUTS,
    "close_differences": tables.DIFFERENCES,
    "close_status": tables.CLOSE_STEPS,
    "close_package": tables.CLOSE_PACKAGE,
}
"""Columns of each asset, for its page in Dagster."""
