"""Signing and locking the months of a book that was told, as two people do it; and what stands afterwards."""

from __future__ import annotations

from typing import Any

import polars as pl

from finance_pipeline.core.period import BookMonth, Month
from finance_pipeline.core.settings import BankAccount, Book, LedgerPolicy
from finance_pipeline.services import api
from finance_pipeline.services.closed_months.adjusting import Wanted, adjust
from finance_pipeline.services.closed_months.differences import Report, difference_report
from finance_pipeline.services.closed_months.held import causes_of, held_months
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import US, Told

ONE_BANK: Book = US.model_copy(
    update={
        "bank_accounts": (BankAccount(id="main", name="Main", currency="USD", gl_account="1010"),),
        "ledger": LedgerPolicy(late_items_limit_minor=30_000),
    }
)
"""A book whose every figure ties out once its bank says what it holds. Late items post by themselves up to 300.00."""


def close_months(told: Told, *months: Month) -> None:
    """Compute these months, sign each by two people, and lock it."""
    told.months(*months)
    for month in months:
        with told.workspace.database.transaction() as conn:
            said = ("us", str(month), "Ada", "bookkeeper", "complete", "test", "{}")
            review = conn.execute("select close.put_forward(%s, %s, %s, %s, %s, %s, %s)", said).fetchone()
            assert review is not None
            conn.execute(
                "select close.sign(%s, 'Grace', 'controller', 'seen', 'test', '{}', '{}'::jsonb)", (review[0],)
            )
        with told.workspace.database.transaction() as conn:
            lock = ("us", month.first_day, "Grace", "controller", "signed", "test", "{}")
            conn.execute("select ledger.lock_period(%s, %s, %s, %s, %s, %s, %s)", lock)


def signed_balances(told: Told) -> list[tuple[Any, ...]]:
    """What each sign-off of a closed month saw, against what the ledger says of its days now: no row is good."""
    return rows(
        told.workspace,
        "select book, month, moved.* from close.held_month cross join close.moved_since(book, month, seal_position)"
        " as moved",
    )


def report(told: Told, month: Month | None = None) -> Report:
    return difference_report(told.workspace, "us", str(month) if month else None)


def differing(told: Told) -> pl.DataFrame:
    """Each record of a closed month that is not what was signed, and how it stands; what it would post is not asked."""
    with told.workspace.database.transaction(role="reader") as conn:
        found = [causes_of(conn, held) for held in held_months(conn, told.workspace.settings.book("us")).values()]
    return pl.concat(found)


def stands(told: Told) -> dict[str, tuple[str, str]]:
    """Cause and status of each difference, by the name of its record."""
    rows = differing(told).select("record_id", "cause", "status").rows()
    return {record.split("/")[-1]: (cause, status) for record, cause, status in rows}


def run(told: Told, *months: Month) -> None:
    """From records to the journal, closed months among them."""
    keys = [BookMonth("us", month) for month in months]
    api.reconcile(told.workspace, keys)
    api.post(told.workspace, keys, "run")


def adjust_all(told: Told, *people: str) -> None:
    """Each in turn: the first proposes what is above the limit, the second lets it in."""
    for person in people or ("Ada", "Grace"):
        if {status for _, status in stands(told).values()} & {"waiting", "proposed"}:
            adjust(told.workspace, Wanted(), reason="the bank is right", actor=person)
