"""Explain: from any figure down to the source record and its content hash.

A subject is a record (bank line, invoice, payment, balance), a match, an entry, or an account of the cash position.
The answer is a tree: what it is, why it is so, what it rests on, and at the bottom the bytes that the source sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import content_hash
from finance_pipeline.core.money import format_money
from finance_pipeline.core.problems import BadInput
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger.chart import role_code
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.sql import query

_HASH = re.compile(r"[0-9a-f]{64}")
Row = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """One step of an explanation: a sentence, facts by name, and what it rests on."""

    title: str
    facts: dict[str, str] = field(default_factory=dict)
    rests_on: list[Node] = field(default_factory=list)


def explain(workspace: Workspace, subject: str) -> Node:
    """Why a figure is what it is. Raises BadInput when nothing is known by that id."""
    with workspace.database.transaction(role="reader") as conn:
        for look in (_record, _match, _entry, _account):
            found = look(workspace, conn, subject)
            if found is not None:
                return found
    raise BadInput(
        f"nothing is known by the id {subject!r}.",
        todo="Ids are printed by `exceptions`, `journal`, `cash` and `status` (with --json for all of them).",
    )


def _rows(conn: Connection, name: str, **parameters: object) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), parameters).fetchall()


def _record(workspace: Workspace, conn: Connection, subject: str) -> Node | None:
    """A canonical record: its versions, the matches and entries that it caused, and the evidence of each version."""
    if "/" not in subject:
        return None
    for table in schemas.RECORDS.values():
        with conn.cursor(row_factory=dict_row) as cursor:
            versions = cursor.execute(
                sql.SQL("select * from canonical.{} where record_id = %s order by version desc").format(
                    sql.Identifier(table.name)
                ),
                (subject,),
            ).fetchall()
        if versions:
            node = Node(_record_title(table.name, versions[0]), _facts(versions[0]))
            node.rests_on.extend(_evidence(workspace, conn, version) for version in versions)
            node.rests_on.extend(_match_node(conn, row) for row in _rows(conn, "matches_of_record", id=subject))
            node.rests_on.extend(_decision_node(row) for row in _rows(conn, "decisions_of_record", id=subject))
            node.rests_on.extend(_exception_node(row) for row in _rows(conn, "exception_of_line", id=subject))
            node.rests_on.extend(_entry_node(conn, row) for row in _rows(conn, "entries_of_record", id=subject))
            return node
    return None


def _match(workspace: Workspace, conn: Connection, subject: str) -> Node | None:
    """A match: the words of the engine, its allocations, the entries, and both sides' records."""
    found = _rows(conn, "match_by_id", id=subject) if _HASH.fullmatch(subject) else []
    if not found:
        return None
    node = _match_node(conn, found[0])
    node.rests_on.extend(_entry_node(conn, row) for row in _rows(conn, "entries_of_match", id=subject))
    for row in _rows(conn, "allocations_of_match", id=subject):
        for record in (row["line_id"], row["item_id"], row["other_line_id"]):
            side = _record(workspace, conn, record) if record else None
            if side is not None:
                node.rests_on.append(Node(side.title, side.facts, [n for n in side.rests_on if "sha256" in n.facts]))
    return node


def _entry(workspace: Workspace, conn: Connection, subject: str) -> Node | None:
    """An entry, by number (us-2026-000123) or by id: postings, and the record or match that it posts."""
    found = _rows(conn, "entry_by_id", id=subject)
    if not found:
        return None
    node = _entry_node(conn, found[0])
    cause = found[0]["match_id"] or found[0]["evidence_id"]
    below = (_match if found[0]["match_id"] else _record)(workspace, conn, cause) if cause else None
    if below is not None:
        node.rests_on.append(below)
    return node


def _account(workspace: Workspace, conn: Connection, subject: str) -> Node | None:
    """A figure of the cash position: the ledger's balance, what it is the sum of, and the statement that agrees."""
    rows = _rows(conn, "cash_figure", account=subject)
    if not rows:
        return None
    row = rows[0]
    node = Node(
        f"{row['account']} holds {format_money(row['balance_minor'], row['currency'])} {row['currency']} on "
        f"{row['balance_on']}, by the ledger",
        {
            "computed for": f"{row['book']} {row['month']}",
            "stated": "nothing yet"
            if row["stated_minor"] is None
            else f"{format_money(row['stated_minor'], row['currency'])} on {row['stated_on']} ({row['stated_by']})",
            "rests on": f"{row['oldest_source'] or 'no connection'}, last read {row['read_at'] or 'never'}",
        },
    )
    code = _code_of(workspace, row["book"], subject)
    parts = {"book": row["book"], "code": code, "currency": row["currency"], "on_day": row["balance_on"]}
    for part in _rows(conn, "cash_parts", **parts):
        node.rests_on.append(
            Node(
                f"{part['entries']} entries ({part['purpose']}) add "
                f"{format_money(part['amount_minor'], row['currency'])}",
                {"first": part["first_source_id"], "last": part["last_source_id"]},
            )
        )
    for balance in _rows(conn, "latest_statement", account=subject, on_day=row["balance_on"]):
        below = _record(workspace, conn, balance["record_id"])
        if below is not None:
            node.rests_on.append(below)
    return node


def _code_of(workspace: Workspace, book_id: str, account_id: str) -> str:
    """Ledger account code of a bank or processor account."""
    book = workspace.settings.book(book_id)
    codes = {account.id: account.gl_account for account in book.bank_accounts}
    return codes.get(account_id) or role_code(book, "processor_clearing")


def _evidence(workspace: Workspace, conn: Connection, version: Row) -> Node:
    """The landed source record of one canonical version, its hash recomputed from the bytes on disk."""
    landed = _rows(conn, "landed_by_hash", content_hash=version["content_hash"])
    heading = f"version {version['version']}{' (removed)' if version['removed'] else ''}, recorded"
    if not landed:
        return Node(f"{heading} {version['recorded_at']:%Y-%m-%d %H:%M}", {"sha256": version["content_hash"]})
    row = landed[0]
    import polars as pl

    payloads = (
        workspace.landing.read([row["path"]])
        .filter(pl.col("content_hash") == version["content_hash"])
        .select("payload")
        .collect()
    )
    payload = payloads.item(0, 0) if payloads.height else ""
    intact = content_hash(payload.encode()) == version["content_hash"]
    return Node(
        f"{heading} {version['recorded_at']:%Y-%m-%d %H:%M}, from {row['connection_id']}",
        {
            "sha256": f"{version['content_hash']} ({'recomputed, equal' if intact else 'BYTES DIFFER'})",
            "source record": payload,
            "landed in": f"landing/{row['path']}",
            "came in page": f"{row['page_hash']} of {row['endpoint'] or 'an unknown page'}",
        },
    )


def _match_node(conn: Connection, row: Row) -> Node:
    state = "stands" if row["retracted"] is None else f"was retracted: {row['retracted']}"
    node = Node(
        f"match {row['match_id'][:12]} ({row['rule']}, tier {row['tier']}) {state}",
        {"match": row["match_id"], "in words": row["words"], "since": f"{row['matched_on']}, run {row['run_id'][:12]}"},
    )
    for part in _rows(conn, "allocations_of_match", id=row["match_id"]):
        node.rests_on.append(
            Node(
                f"{format_money(part['amount_minor'], part['line_currency'])} {part['line_currency']} "
                f"{part['role'].replace('_', '-')}: {part['line_id']} {_counterpart(part)}"
            )
        )
    return node


def _counterpart(part: Row) -> str:
    """What a part of a line belongs to, in words."""
    if part["account_code"]:
        return f"to account {part['account_code']}"
    if part["relation"] is None:
        return f"with {part['item_id']}"
    of_item = f" ({part['item_id']} is open again)" if part["item_id"] else ""
    return {
        "transfer": f"with {part['other_line_id']}",
        "netted": f"cancels {part['other_line_id']}",
        "returned": f"gives back {part['other_line_id']}{of_item}",
        "duplicate": f"repeats {part['other_line_id']}",
        "on_account": f"on account: opens {part['item_id']}",
    }[part["relation"]]


def _decision_node(row: Row) -> Node:
    said = {"confirm": "confirmed", "decline": "declined", "withdraw": "withdrew what was decided on"}[row["verdict"]]
    rest = f", the rest as {row['difference'].replace('_', ' ')}" if row["difference"] else ""
    return Node(
        f"{row['actor']} {said} {row['line_id']} with {row['counterpart']}{rest}",
        {"why": row["reason"], "when": f"{row['recorded_at']:%Y-%m-%d %H:%M}"},
    )


def _exception_node(row: Row) -> Node:
    return Node(f"exception in {row['month']}: {row['reason'].replace('_', ' ')}", {"in words": row["words"]})


def _entry_node(conn: Connection, row: Row) -> Node:
    node = Node(
        f"entry {row['number']} of {row['accounting_on']}: {row['description']}",
        {"entry": str(row["entry_id"]), "purpose": f"{row['purpose']}, version {row['version']}"},
    )
    for posting in _rows(conn, "postings_of_entry", id=row["entry_id"]):
        side = "Dr" if posting["amount_minor"] >= 0 else "Cr"
        amount = format_money(abs(posting["amount_minor"]), posting["currency"])
        node.rests_on.append(Node(f"{side} {posting['code']} {posting['name']} {amount} {posting['currency']}"))
    return node


def _record_title(kind: str, row: Row) -> str:
    words = kind.replace("_", " ")
    amount = row.get("amount_minor", row.get("total_minor", row.get("balance_minor")))
    if amount is None:
        return f"{words} {row['record_id']}"
    return f"{words} {row['record_id']}: {format_money(amount, row['currency'])} {row['currency']}"


def _facts(row: Row) -> dict[str, str]:
    """What a person wants to see of a record; ids and hashes come with the evidence."""
    names = (
        "kind", "number", "booked_on", "issued_on", "occurred_on", "balance_on", "status", "party_name",
        "counterparty_name", "memo", "bank_reference", "end_to_end_id", "references",
    )  # fmt: skip
    return {name.replace("_", " "): str(row[name]) for name in names if row.get(name) not in (None, "", [])}
