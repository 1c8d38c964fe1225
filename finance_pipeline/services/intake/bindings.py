"""Binding bank accounts to books: which accounts statement files named, and whose they are.

A binding is a declaration, so it is written where declarations are: in `finance_pipeline.d/bound-accounts.yaml` beside
the settings, with who bound it. The file is rewritten whole, by rename.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from finance_pipeline.core.money import exponent
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Settings, load_settings
from finance_pipeline.services.intake.statement_overlaps import landed_statements
from finance_pipeline.services.workspace import Workspace

BOUND_NAME = "bound-accounts.yaml"
FIRST_BANK_CODE, LAST_BANK_CODE = 1010, 1099


@dataclass(frozen=True)
class UnboundAccount:
    """An account that statement files name and no book does."""

    account: str
    currency: str
    first_balance: str | None
    """Opening balance of its first statement, as a decimal text; None where its format states none."""
    first_on: date
    last_on: date
    statement_count: int


def unbound_accounts(workspace: Workspace, settings: Settings | None = None) -> list[UnboundAccount]:
    """Accounts of landed statements that no book names, with their first balance."""
    declared = settings or workspace.settings
    bound = {s for book in declared.books for account in book.bank_accounts for s in account.statement_ids}
    return [UnboundAccount(**each) for each in _stated_accounts(workspace) if each["account"] not in bound]


def bind(workspace: Workspace, account: str, book_id: str, *, create: bool) -> Settings:
    """Declare that a statement account belongs to a book; returns the settings as they are now.

    With `create`, an unknown book is declared too: its currency is the account's, and it starts on the day of the
    first balance. Raises BadInput for an account that no statement names, or that a book already has.
    """
    found = next((each for each in unbound_accounts(workspace) if each.account == account), None)
    if found is None:
        owner = workspace.settings.book_of_statement_account(account)
        raise BadInput(
            f"account {account} belongs to book {owner[0].id} already." if owner else f"no statement names {account}.",
            todo="`finance-pipeline status` lists accounts that wait for a book.",
        )
    exponent(found.currency)
    file = workspace.home / "finance_pipeline.d" / BOUND_NAME
    declared = _declared(file)
    if book_id not in workspace.settings.book_ids:
        if not create:
            workspace.settings.book(book_id)
        declared.append(_new_book(book_id, found))
    entry = next((each for each in declared if each["id"] == book_id), None)
    if entry is None:
        entry = {"id": book_id}
        declared.append(entry)
    entry.setdefault("bank_accounts", []).append(_new_account(workspace.settings, entry, book_id, found))
    write_declared(file, declared, "finance-pipeline bind", workspace.settings.actor)
    return load_settings(workspace.home)


def _stated_accounts(workspace: Workspace) -> list[dict[str, Any]]:
    """One row per account that landed statements name."""
    payloads = landed_statements(workspace)
    if payloads.is_empty():
        return []
    from finance_pipeline.canonical.statements import stated_accounts

    return stated_accounts(payloads).to_dicts()


def _declared(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    return list((yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("books", []))


def _new_book(book_id: str, found: UnboundAccount) -> dict[str, Any]:
    return {
        "id": book_id,
        "name": book_id,
        "currency": found.currency,
        "time_zone": "UTC",
        "starts_on": found.first_on.isoformat(),
    }


def _new_account(settings: Settings, entry: dict[str, Any], book_id: str, found: UnboundAccount) -> dict[str, Any]:
    """The account under the next free bank code, named after its last characters."""
    known = [a.gl_account for b in settings.books if b.id == book_id for a in b.bank_accounts]
    taken = {*known, *(a["gl_account"] for a in entry.get("bank_accounts", []))}
    code = next(c for c in range(FIRST_BANK_CODE, LAST_BANK_CODE, 10) if str(c) not in taken)
    tail = re.sub(r"[^a-z0-9]", "", found.account.lower())[-6:]
    return {
        "id": f"{book_id}-{tail}",
        "name": f"Account {found.account[-4:]}",
        "currency": found.currency,
        "gl_account": str(code),
        "statement_ids": [found.account],
    }


def write_declared(file: Path, books: list[dict[str, Any]], command: str, actor: str) -> None:
    """Write declarations whole, by rename, with who wrote them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    heading = f"# Written by `{command}`, last by {actor} at {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}.\n"
    unfinished = file.with_suffix(".unfinished")
    text = yaml.safe_dump({"books": books}, sort_keys=False, allow_unicode=True)
    unfinished.write_text(heading + text, encoding="utf-8")
    unfinished.replace(file)
