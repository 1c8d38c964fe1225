"""Xero's trial balance as at a day: one read, outside the cursors, of the ledger that Xero itself keeps.

Here: the call, and the report's rows as texts. Its year-to-date columns are balances: of the year on profit and loss,
of all time elsewhere. Not here: what they are compared with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.core.settings import Connection
from finance_pipeline.sources.http import RetryPolicy
from finance_pipeline.sources.xero_client import XeroClient

_NAMED = re.compile(r"(.*) \(([^()]+)\)")
_WIDTH = 5


class ReportRow(NamedTuple):
    """One account of the report. A bank account without a code is known by its name."""

    account: str
    name: str
    debit: str
    credit: str


class UnreadableReport(PermanentProblem):
    """Xero's answer is no trial balance as we know it; nothing of it was taken."""


def trial_balance(connection: Connection, policy: RetryPolicy, on: date) -> bytes:
    """The report as at a day, byte for byte. Raises every Problem that a pull raises."""
    return XeroClient(connection, policy).get("get_report_trial_balance", date=on)


def rows_of(raw: bytes) -> list[ReportRow]:
    """The accounts of a report, whatever its sections. Raises UnreadableReport."""
    try:
        sections = parse_json(raw)["Reports"][0]["Rows"]
        return [_account(row) for section in sections for row in _rows(section)]
    except (ValueError, KeyError, IndexError, TypeError) as cause:
        raise UnreadableReport(
            "the answer is no trial balance as Xero documents it.",
            where="Reports/TrialBalance",
            kept="Nothing was taken.",
            todo="Bring the trial balance as a file: finance-pipeline statutory import FILE.",
        ) from cause


def _rows(section: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for row in section.get("Rows") or ():
        if row["RowType"] == "Row":
            yield row


def _account(row: dict[str, Any]) -> ReportRow:
    """Raises ValueError for a row without the year-to-date columns."""
    cells = [str(cell.get("Value") or "") for cell in row["Cells"]]
    if len(cells) != _WIDTH:
        raise ValueError(f"{len(cells)} columns")
    named = _NAMED.fullmatch(cells[0])
    return ReportRow(named[2] if named else cells[0], named[1] if named else cells[0], cells[3], cells[4])
