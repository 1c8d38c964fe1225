"""Sheets of what came late and of what people did: late items, adjustments, sign-offs and what was signed."""

from __future__ import annotations

from typing import Any

from finance_pipeline.close.package.document import Column, Live, Money, Places, Row, Sheet, Table
from finance_pipeline.close.package.facts import Facts
from finance_pipeline.close.package.sheets_ledger import BALANCES, row_of

SIGNED = "signed"
"""The table with the balances that were signed."""
_LATE_COLUMNS = (
    Column("number", "Entry", 18),
    Column("effective", "Effective", 12),
    Column("accounting", "Accounting", 12),
    Column("recorded", "Recorded", 24),
    Column("text", "Text", 60),
    Column("evidence", "Evidence", 60),
    Column("amount", "Amount", 16, is_figure=True),
)


def late_items(facts: Facts) -> Sheet:
    """What happened in the month and is in a later period, and what is in it and happened before."""
    later = _late(facts, "late", f"Happened by the end of {facts.month}, in a later period", is_later=True)
    earlier = _late(facts, "late earlier", f"In {facts.month}, happened before", is_later=False)
    return Sheet("Late items", "Late items", (later, earlier))


def _late(facts: Facts, key: str, title: str, *, is_later: bool) -> Table:
    rows = [
        {
            "number": row["number"],
            "effective": row["effective_on"],
            "accounting": row["accounting_on"],
            "recorded": row["recorded_at"],
            "text": row["description"],
            "evidence": row["evidence_id"],
            "amount": Money(row["amount_minor"], facts.currency),
        }
        for row in facts.late.filter(is_later=is_later).iter_rows(named=True)
    ]
    title = f"{title}; debits in {facts.currency}"
    return Table(key, title, _LATE_COLUMNS, rows, ("amount",), empty="None is known.", currency=facts.currency)


def adjustments(facts: Facts) -> Sheet:
    """What was decided about records that differ from what was signed."""
    columns = (
        Column("recorded", "When", 24),
        Column("cause", "Cause", 12),
        Column("verdict", "Decision", 14),
        Column("record", "Record", 60),
        Column("version", "Version", 9, is_figure=True),
        Column("amount", "Amount", 16, is_figure=True),
        Column("proposed_by", "Proposed by", 18),
        Column("actor", "Decided by", 18),
        Column("reason", "Why", 60),
    )
    rows = [_decision(facts, row) for row in facts.adjustments.iter_rows(named=True)]
    note = "What was let in or adjusted is posted in the open period, and is among the late items."
    title = f"Records that differ from what was signed, and what was decided; in {facts.currency}"
    table = Table("adjustments", title, columns, rows, note=note, empty="Nothing was decided.")
    return Sheet("Adjustments", "Adjustments", (table,))


def _decision(facts: Facts, row: dict[str, Any]) -> Row:
    amount = row["amount_minor"]
    return {
        "recorded": row["recorded_at"],
        "record": row["record_id"],
        "amount": "no rate" if amount is None else Money(amount, facts.currency),
        "verdict": row["verdict"].replace("_", " "),
        **{name: row[name] for name in ("cause", "version", "proposed_by", "actor", "reason")},
    }


def sign_offs(facts: Facts) -> Sheet:
    """Who explained, put forward, signed, locked and reopened; and whether the signed balances still stand."""
    history = Table(
        "history",
        "What people did",
        (
            Column("recorded", "When", 24),
            Column("action", "What", 18),
            Column("actor", "Who", 18),
            Column("role", "Role", 16),
            Column("reason", "Why", 60),
            Column("words", "Note", 44),
        ),
        [
            {"recorded": row["recorded_at"]} | {n: row[n] for n in ("action", "actor", "role", "reason", "words")}
            for row in facts.sign_offs.iter_rows(named=True)
        ],
        empty="Nobody has explained, put forward or signed anything of this month.",
    )
    return Sheet("Sign-offs", "Sign-offs", (history, _signed(facts)))


def _signed(facts: Facts) -> Table:
    """One row per account: what was signed, what it is, and that they are equal: otherwise the sign-off has lapsed."""
    columns = (
        Column("code", "Account", 24),
        Column("name", "Name", 18),
        Column("signed", "Signed", 18, is_figure=True),
        Column("now", "Balance", 16, is_figure=True),
        Column("difference", "Difference", 60, is_figure=True),
    )
    rows = [_balance(facts, number, *row) for number, row in enumerate(facts.signed.rows())]
    empty = "Nobody has signed this month."
    title = f"Balances that were signed, in {facts.currency}"
    totals = ("signed", "now")
    return Table(SIGNED, title, columns, rows, totals, empty=empty, currency=facts.currency)


def _balance(facts: Facts, number: int, code: str, name: str, signed: int, moved: int) -> Row:
    def now(at: Places) -> str:
        return at.cell(BALANCES, row_of(facts, code), "closing")

    def difference(at: Places) -> str:
        return f"{at.cell(SIGNED, number, 'now')}-{at.cell(SIGNED, number, 'signed')}"

    return {
        "code": code,
        "name": name,
        "signed": Money(signed, facts.currency),
        "now": Live(signed + moved, facts.currency, now),
        "difference": Live(moved, facts.currency, difference, is_check=True),
    }
