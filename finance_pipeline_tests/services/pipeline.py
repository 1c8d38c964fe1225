"""The whole pipeline without Dagster: services called one after the other, and what they leave as comparable facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import new_correlation_id
from finance_pipeline.core.period import BookMonth, Month, months
from finance_pipeline.services import api
from finance_pipeline.services.results import CheckResult
from finance_pipeline.services.workspace import Workspace

TABLES = ("party", "invoice", "payment", "balance", "bank_transaction")
Facts = dict[str, list[tuple[Any, ...]]]
"""Rows by name, in an order of their own: what two runs are compared by."""


@dataclass(frozen=True)
class Computed:
    """What one computation of some book-months changed."""

    new_versions: int
    new_matches: int
    retracted: int
    new_entries: int
    reversed: int
    held: int
    checks: list[CheckResult]


def keys_of(books: Iterable[str], first: str, last: str) -> list[BookMonth]:
    return [BookMonth(book, month) for book in books for month in months(Month.parse(first), Month.parse(last))]


def sync_all(workspace: Workspace) -> dict[str, int]:
    """Pull every connection; new versions by kind."""
    kinds = sorted({connection.kind for connection in workspace.settings.connections})
    return {kind: int(api.sync(workspace, kind).figures["new_versions"]) for kind in kinds}


def compute(workspace: Workspace, keys: Sequence[BookMonth]) -> Computed:
    """Everything from evidence to tie-outs for some book-months, in the order in which the assets depend."""
    versions = sum(int(api.canonicalize(workspace, table, keys).figures["new_versions"]) for table in TABLES)
    matches = api.reconcile(workspace, keys)["matches"].figures
    entries = api.post(workspace, keys, new_correlation_id())["journal_entries"].figures
    api.cash(workspace, keys)
    _, checks = api.tie_out(workspace, keys)
    return Computed(
        versions,
        int(matches["new_matches"]),
        int(matches["retracted"]),
        int(entries["new_entries"]),
        int(entries["reversed"]),
        int(entries["held"]),
        checks,
    )


def rows(workspace: Workspace, statement: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
    """What the read-only role sees."""
    with workspace.database.transaction(role="reader") as conn:
        return conn.execute(statement, parameters or None).fetchall()


def facts(workspace: Workspace) -> Facts:
    """The state of the books without times, run ids and numbers: equal facts are equal books."""
    found = {f"current {name}": _current(workspace, name) for name in schemas.RECORDS}
    return found | {name: rows(workspace, statement) for name, statement in _FACTS.items()}


def history(workspace: Workspace) -> Facts:
    """The facts, and how they came about: every version of every record, match and entry."""
    found = {
        f"versions of {table}": rows(workspace, statement)
        for table, statement in {
            name: f"select record_id, version, content_hash, removed from canonical.{name} order by 1, 2"  # noqa: S608
            for name in schemas.RECORDS
        }.items()
    }
    return facts(workspace) | found | {name: rows(workspace, statement) for name, statement in _HISTORY.items()}


def assert_equal(expected: Facts, found: Facts) -> None:
    """Two states are the same, or the first rows that only one of them has are shown."""
    apart = {}
    for name in expected.keys() | found.keys():
        one, other = ({repr(row) for row in state.get(name, [])} for state in (expected, found))
        if one != other or len(expected.get(name, [])) != len(found.get(name, [])):
            apart[name] = {"lacks": sorted(one - other)[:3], "has instead": sorted(other - one)[:3]}
    assert not apart, "\n".join(f"{name}: {words}" for name, words in sorted(apart.items()))


def _current(workspace: Workspace, name: str) -> list[tuple[Any, ...]]:
    return rows(
        workspace,
        f"select to_jsonb(record) - array['version', 'recorded_seq', 'recorded_at', 'content_hash'] "  # noqa: S608
        f"from canonical.{name}_current as record where not removed order by record_id",
    )


_FACTS: dict[str, LiteralString] = {
    "rates": "select rate_on, currency, per_eur from canonical.fx_rate order by 1, 2",
    "standing matches": """
        select match_id, book, month, tier, rule, confidence, matched_on, words from recon.standing order by 1
    """,
    "standing allocations": """
        select match_id, ordinal, line_id, item_id, other_line_id, role, amount_minor, item_amount_minor,
            item_functional_minor, line_on, other_line_on
        from recon.standing join recon.allocation using (match_id, version) order by 1, 2
    """,
    "open items": """
        select book, month, item_id, open_minor, open_functional_minor from recon.open_item order by 1, 2, 3
    """,
    "open lines": "select book, month, line_id, amount_minor from recon.open_line order by 1, 2, 3",
    "exceptions": "select book, month, line_id, reason, words, suggestions from recon.exception order by 1, 2, 3",
    "standing entries": """
        select book, source, source_id, purpose, effective_on, accounting_on, currency,
            (
                select array_agg(account.code order by line.ordinal)
                from unnest(standing.accounts) with ordinality as line (account_id, ordinal)
                join ledger.account using (account_id)
            ),
            amounts, functional_amounts, match_id, rule
        from ledger.standing order by 1, 2, 3, 4
    """,
    "trial balance": """
        select book, code, date_trunc('month', accounting_on)::date, currency, sum(amount_minor), sum(functional_minor)
        from ledger.posting group by 1, 2, 3, 4 having sum(amount_minor) <> 0 or sum(functional_minor) <> 0
        order by 1, 2, 3, 4
    """,
    "cash": """
        select book, month, account, kind, currency, balance_minor, functional_minor, balance_on, stated_minor,
            stated_on, stated_by, oldest_source, tied
        from report.cash_position order by 1, 2, 3, 4
    """,
    "tie-outs": """
        select book, month, name, subject, on_day, currency, left_minor, right_minor, tied
        from report.tie_out order by 1, 2, 3, 4, 5, 6
    """,
}
_HISTORY: dict[str, LiteralString] = {
    "landed records": """
        select connection_id, kind, source_id, version, account, accounting_on, removed, content_hash
        from landing.record order by 1, 2, 3, 4
    """,
    "dead letters": "select connection_id, kind, source_id, reason from landing.dead_letter order by 1, 2, 3, 4",
    "matches": "select match_id, version from recon.match order by 1, 2",
    "retractions": "select match_id, version, reason from recon.retraction order by 1, 2",
    "entries": """
        select book, source, source_id, purpose, version, accounting_on, amounts
        from ledger.entry order by 1, 2, 3, 4, 5
    """,
}
