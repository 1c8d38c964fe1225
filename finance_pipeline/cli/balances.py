"""`trial-balance` and `account`: balances of all accounts, and the ledger card of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from finance_pipeline.cli.accounting import show_cash_basis
from finance_pipeline.cli.asking import (
    AsJson,
    AsOf,
    Book,
    ByDate,
    KnownAt,
    MaybeMonth,
    Since,
    day_or_none,
    question_of,
    say_difference,
    say_stamp,
    stamped,
)
from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, money, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.reports import AccountCard, TrialBalance
    from finance_pipeline.services.workspace import Workspace


def trial_balance(
    book: Book,
    month: MaybeMonth = None,
    as_of: AsOf = None,
    since: Since = None,
    by: ByDate = "accounting",
    known_at: KnownAt = None,
    basis: Annotated[
        Literal["accrual", "cash"], typer.Option(help="cash: only what was paid; of a month's end.")
    ] = "accrual",
    as_json: AsJson = False,
) -> None:
    """Opening, debits, credits and closing of every account, as of a day and as known at a moment."""
    from finance_pipeline.services import reports

    with opened() as workspace:
        if basis == "cash":
            show_cash_basis(workspace, book, _month_alone(month, as_of, since, known_at), as_json=as_json)
            return
        question = question_of(workspace, book, as_of, by, known_at, month)
        found = reports.trial_balance(workspace, question, day_or_none(since))
        label = _label(workspace, found) if known_at is None else None  # what was known then stays as it was said
    if as_json:
        show_json(
            stamped(
                found.stamp,
                **({"label": label} if label else {}),
                first_day=found.first_day,
                is_partial=found.is_partial,
                accounts=found.accounts.to_dicts(),
                difference_minor=found.difference_minor,
            )
        )
    else:
        _show_trial_balance(found)
        console.print(label or "", end="\n" if label else "")


def _month_alone(month: str | None, *others: object) -> str:
    """The month of a report on cash basis, which is of a month's end as it is known now. Raises BadInput."""
    from finance_pipeline.core.problems import BadInput

    if month is None or any(each is not None for each in others):
        raise BadInput("a trial balance on cash basis is of a month's end.", todo="Give --month, and no other day.")
    return month


def _label(workspace: Workspace, found: TrialBalance) -> str | None:
    """How a trial balance is labelled whose book names which of its two ledgers is statutory."""
    from finance_pipeline.core.period import Month
    from finance_pipeline.services.bookkeeping.statutory import compare

    book = workspace.settings.book(found.stamp.book)
    if book.ledger.statutory is None:
        return None
    return compare(workspace, book.id, str(Month.of(found.stamp.as_of))).words


def account(
    code: Annotated[str, typer.Argument(help="Account code, as the chart has it.")],
    book: Book,
    month: MaybeMonth = None,
    as_of: AsOf = None,
    since: Since = None,
    by: ByDate = "accounting",
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """The ledger card of an account: opening, every posting with its contra accounts, and what is left."""
    from finance_pipeline.services import reports

    with opened() as workspace:
        question = question_of(workspace, book, as_of, by, known_at, month)
        found = reports.account(workspace, question, code, day_or_none(since))
    if as_json:
        show_json(
            stamped(
                found.stamp,
                code=found.code,
                name=found.name,
                first_day=found.first_day,
                postings=found.postings.to_dicts(),
                closing_minor=found.closing_minor,
            )
        )
    else:
        _show_card(found)


def _show_trial_balance(found: TrialBalance) -> None:
    currency = found.stamp.currency
    say_stamp(f"Trial balance of {found.stamp.book} in {currency}", found.stamp)
    if found.is_partial:
        console.print(
            "Partial: the settings name no statutory ledger of this book; what no source and no journal brought here "
            "(payroll, depreciation) is missing.",
            soft_wrap=True,
        )
    rows = [row | {"currency": currency} for row in found.accounts.iter_rows(named=True)]
    total: dict[str, Any] = dict.fromkeys(found.accounts.columns)
    total |= {name: int(found.accounts[name].sum()) for name in _FIGURES} | {"name": "Total", "currency": currency}
    columns = [
        text("Account", "code"),
        text("Name", "name"),
        *(money(name.split("_")[0].capitalize(), name) for name in _FIGURES),
        money("In its currency", "other_minor", "other_currency"),
        text("", "other_currency"),
    ]
    title = f"Debits and credits since {found.first_day}; + debit, - credit"
    show_table(title, [*rows, total] if rows else [], columns, empty="no account ever moved")
    say_difference(
        "Debits less credits",
        found.difference_minor,
        currency,
        "The ledger was changed: `finance-pipeline verify`.",
    )


def _show_card(found: AccountCard) -> None:
    currency = found.stamp.currency
    say_stamp(f"Account {found.code} {found.name} of {found.stamp.book} in {currency}", found.stamp)
    columns = [
        text("Entry", "number"),
        text("Accounting", "accounting_on"),
        text("Effective", "effective_on"),
        text("Text", "description"),
        text("Contra", "contra"),
        money("Amount", "amount_minor"),
        text("", "currency"),
        money("Debit", "debit_minor", "functional"),
        money("Credit", "credit_minor", "functional"),
        money("Balance", "balance_minor", "functional"),
    ]
    show_table(f"Since {found.first_day}", _card_rows(found), columns, empty="nothing was ever posted to it")
    if found.postings.height:
        closing = {"minor": found.closing_minor, "currency": currency}
        console.print(f"Balance on {found.stamp.as_of}: {_AMOUNT.value(closing)} {currency}.", soft_wrap=True)


def _card_rows(found: AccountCard) -> Iterator[dict[str, Any]]:
    """Postings with debit and credit apart; an opening balance is neither."""
    for row in found.postings.iter_rows(named=True):
        minor, is_posting = row["functional_minor"], row["number"] is not None
        yield row | {
            "functional": found.stamp.currency,
            "debit_minor": minor if is_posting and minor > 0 else None,
            "credit_minor": -minor if is_posting and minor < 0 else None,
        }


_FIGURES = ("opening_minor", "debit_minor", "credit_minor", "closing_minor")
_AMOUNT: Shown = money("", "minor")
