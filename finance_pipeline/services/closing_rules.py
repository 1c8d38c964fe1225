"""What a book is computed with: its matching policy, its accounts and mapping. What changed of them since a month was
signed is approved by another person before the next one is (accounting.md 14).
"""

from __future__ import annotations

import json

from finance_pipeline.close.facts import Rules
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger import chart
from finance_pipeline.services.closing_changes import book_month, changing, given
from finance_pipeline.services.closing_people import acting
from finance_pipeline.services.policies import policy_of
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.sql import query


def rules_of(conn: Connection, book: Book, month: Month) -> Rules:
    """What changed since the last sign-off of an earlier month, and who approved it."""
    policy, accounts = policy_of(book).digest, chart.digest_of(book)
    row = conn.execute(
        query("close_rules"), {"book": book.id, "month": str(month), "policy": policy, "chart": accounts}
    ).fetchone()
    since, signed_policy, signed_chart, approved_by = row or (None,) * 4
    changed = []
    if signed_policy not in (None, policy):
        changed.append("the matching policy")
    if signed_chart not in (None, accounts):
        changed.append("the accounts or their mapping")
    return Rules(Month.parse(since) if since else None, tuple(changed), approved_by)


def approve_rules(
    workspace: Workspace, book_id: str, month_text: str, *, reason: str, actor: str | None = None,
    origin: str | None = None,
) -> Rules:  # fmt: skip
    """Approve the policy, accounts and mapping that a book is computed with now. Returns what had changed.

    Raises NotReady for whoever saved the policy.
    """
    who = acting(workspace.settings, "controller", actor, origin)
    book, month = book_month(workspace, book_id, month_text)
    with changing(workspace, book, month) as conn:
        rules = rules_of(conn, book, month)
        seen = {"changed": rules.changed, "policy": dict(book.policy), "chart": dict(book.chart)}
        conn.execute(
            "select close.approve_rules(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                book.id, str(month), policy_of(book).digest, chart.digest_of(book), who.name, who.role, given(reason),
                who.origin, json.dumps(seen, sort_keys=True, default=str),
            ),
        )  # fmt: skip
    return rules
