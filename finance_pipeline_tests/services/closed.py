"""Signing and locking the months of a book that was told, as two people do it; and what stands afterwards."""

from __future__ import annotations

from typing import Any

from finance_pipeline.core.period import BookMonth, Month
from finance_pipeline.core.settings import BankAccount, Book
from finance_pipeline.services import api
from finance_pipeline.services.adjusting import Wanted, adjust
from finance_pipeline.services.differences import Report, difference_report
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import US, Told

ONE_BANK: Book = US.model_copy(
    update={"bank_accounts": (BankAccount(id="main", name="Main", currency="USD", gl_account="1010"),)}
)
"""A book whose every figure ties out once its bank says what it holds."""


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


def stands(told: Told, month: Month | None = None) -> dict[str, tuple[str, str]]:
    """Cause and status of each difference, by the name of its record."""
    found = report(told, month).differences
    return {row["record_id"].split("/")[-1]: (row["cause"], row["status"]) for row in found.iter_rows(named=True)}


def run(told: Told, *months: Month) -> None:
    """Everything from records to tie-outs, closed months among them."""
    keys = [BookMonth("us", month) for month in months]
    api.reconcile(told.workspace, keys)
    api.post(told.workspace, keys, "run")
    api.tie_out(told.workspace, keys)


def adjust_all(told: Told, *people: str) -> None:
    """Each in turn: the first proposes what is above the limit, the second lets it in."""
    for person in people or ("Ada", "Grace"):
        found = report(told).differences
        waiting = [row for row in found.iter_rows(named=True) if row["status"] in ("waiting", "proposed")]
        if waiting:
            adjust(told.workspace, Wanted(), reason="the bank is right", actor=person)
