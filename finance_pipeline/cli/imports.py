"""Importing statement files, and binding their accounts to books."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finance_pipeline.cli.show import Shown, console, count, progress, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.intake.bindings import UnboundAccount
    from finance_pipeline.services.workspace import Workspace


@dataclass(frozen=True)
class Declared:
    """What somebody says about files whose format does not say it."""

    account: str | None = None
    currency: str | None = None
    profile: Path | None = None


def import_and_show(
    workspace: Workspace, paths: list[Path], book: str | None, said: Declared, *, create: bool, as_json: bool
) -> None:
    """Land the files that paths name, show or bind the accounts that no book names, and say what to do next."""
    from finance_pipeline.services.intake.bindings import bind, unbound_accounts
    from finance_pipeline.services.intake.statement_files import present_files_of
    from finance_pipeline.services.intake.sync import import_statement_files

    files = present_files_of(paths)
    result = import_statement_files(
        workspace, files, progress(), account=said.account, currency=said.currency, profile=said.profile
    )
    waiting = unbound_accounts(workspace)
    bound = []
    if book is not None:
        for account in waiting:
            settings = bind(workspace, account.account, book, create=create)
            workspace = type(workspace)(settings, workspace.database)
            bound.append(account)
        waiting = []
    if as_json:
        show_json(
            {
                "new_versions": result.new_version_count,
                "held_files": result.dead_letter_count,
                "waiting_accounts": [asdict(account) for account in waiting],
                "bound_accounts": [asdict(account) for account in bound],
            }
        )
        return
    console.print(f"{len(files)} files: {result.words}.")
    if result.dead_letter_count:
        console.print(f"[red]{result.dead_letter_count} held[/]: `finance-pipeline status` says why.")
    if bound:
        show_table(f"Bound to {book}", [asdict(account) for account in bound], _ACCOUNT_COLUMNS)
        console.print(f"Next: finance-pipeline backfill --book {book} --from {_months(bound)}")
    if waiting:
        show_table("Accounts that no book names", [asdict(account) for account in waiting], _ACCOUNT_COLUMNS)
        console.print("Next: finance-pipeline bind ACCOUNT --book BOOK (with --create for a new book).")


def bind_and_show(workspace: Workspace, account: str, book: str, *, create: bool) -> None:
    """Bind one account and say which months to materialize."""
    from finance_pipeline.services.intake.bindings import bind, unbound_accounts

    found = [each for each in unbound_accounts(workspace) if each.account == account]
    bind(workspace, account, book, create=create)
    console.print(f"Account {account} belongs to book {book} now.")
    console.print(f"Next: finance-pipeline backfill --book {book} --from {_months(found)}")


def _months(accounts: list[UnboundAccount]) -> str:
    first = min(account.first_on for account in accounts)
    last = max(account.last_on for account in accounts)
    return f"{first:%Y-%m} --to {last:%Y-%m}"


def _figure(decimal: str | None) -> str:
    return "not stated" if decimal is None else f"{Decimal(decimal):,}"


_ACCOUNT_COLUMNS = [
    text("Account", "account"),
    text("", "currency"),
    Shown("First balance", lambda row: _figure(row["first_balance"]), is_figure=True),
    text("From", "first_on"),
    text("To", "last_on"),
    count("Statements", "statement_count"),
]
