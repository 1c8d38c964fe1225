"""Sheets of the ledger itself: the trial balance, foreign currency, and the place in the chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finance_pipeline.close.package.document import Column, Live, Money, Places, Row, Sheet, Table
from finance_pipeline.close.package.facts import Facts

EXCHANGE_ROLES = ("fx", "conversion_cost")
BALANCES = "balances"
"""The table with the trial balance."""
_PARTIAL = (
    "Partial: the settings name no statutory ledger of this book; what no source and no journal brought here (payroll, "
    "depreciation) is missing."
)
_FIGURES = ("opening", "debit", "credit", "closing")


def row_of(facts: Facts, code: str) -> int:
    """Row of an account in the trial balance."""
    return facts.trial_balance["code"].to_list().index(code)


def trial_balance(facts: Facts) -> Sheet:
    """One row per account that ever moved; closing follows from the rest."""
    columns = (
        Column("code", "Account", 10),
        Column("name", "Name", 34),
        Column("kind", "Class", 10),
        *(Column(name, name.capitalize(), 16, is_figure=True) for name in _FIGURES),
        Column("other", "In its currency", 16, is_figure=True),
        Column("other_currency", "", 6),
    )
    rows = [_balance(facts, number, row) for number, row in enumerate(facts.trial_balance.iter_rows(named=True))]
    title = f"Accounts in {facts.currency}, + debit, - credit; debits and credits of {facts.month}"
    table = Table(
        BALANCES,
        title,
        columns,
        rows,
        _FIGURES,
        note=_PARTIAL if facts.is_partial else "",
        empty="No account ever moved.",
        currency=facts.currency,
    )
    return Sheet("Trial balance", "Trial balance", (table,))


def _balance(facts: Facts, number: int, row: dict[str, Any]) -> Row:
    def closing(at: Places) -> str:
        opening, debit, credit = (at.cell(BALANCES, number, name) for name in _FIGURES[:3])
        return f"{opening}+{debit}-{credit}"

    money = {name: Money(row[f"{name}_minor"], facts.currency) for name in _FIGURES[:3]}
    other = Money(row["other_minor"], row["other_currency"]) if row["other_currency"] else None
    return {
        **{name: row[name] for name in ("code", "name", "kind", "other_currency")},
        **money,
        "closing": Live(row["closing_minor"], facts.currency, closing),
        "other": other,
    }


def exchange(facts: Facts) -> Sheet:
    """What is held and owed in other currencies, and what exchange brought and cost in the month."""
    held = Table(
        "currencies",
        "Balances in other currencies, and what they are carried at",
        (
            Column("code", "Account", 10),
            Column("name", "Name", 34),
            Column("amount", "Amount", 16, is_figure=True),
            Column("currency", "", 6),
            Column("carried", f"Carried, {facts.currency}", 16, is_figure=True),
        ),
        [
            {
                "code": row["code"],
                "name": row["name"],
                "currency": row["currency"],
                "amount": Money(row["amount_minor"], row["currency"]),
                "carried": Money(row["functional_minor"], facts.currency),
            }
            for row in facts.currencies.iter_rows(named=True)
        ],
        ("carried",),
        note="What a month's end finds them worth beyond that stands in their valuation accounts.",
        empty="Nothing is held or owed in another currency.",
        currency=facts.currency,
    )
    posted = Table(
        "exchange",
        f"Gains and losses on exchange in {facts.month}: + loss, - gain",
        (
            Column("code", "Account", 10),
            Column("number", "Entry", 16),
            Column("on", "Day", 12),
            Column("description", "Text", 60),
            Column("contra", "Contra", 16),
            Column("amount", facts.currency, 16, is_figure=True),
        ),
        list(_exchange_rows(facts)),
        ("amount",),
        empty="None was posted.",
        currency=facts.currency,
    )
    return Sheet("FX", "Foreign currency", (held, posted))


def _exchange_rows(facts: Facts) -> Iterator[Row]:
    for row in facts.exchange.iter_rows(named=True):
        yield {
            **{name: row[name] for name in ("code", "number", "description", "contra")},
            "on": row["accounting_on"],
            "amount": Money(row["functional_minor"], facts.currency),
        }


def chain(facts: Facts) -> Sheet:
    """Where the ledger's chain of batches stood: who recomputes it finds whether anything was changed since."""
    known, counted = facts.known, facts.counted
    numbers = f"{counted.first_number} to {counted.last_number}" if counted.month_entries else "none"
    said: list[tuple[str, str | int]] = [
        ("Position of the last batch of this book", known.position),
        ("Sealed", f"{known.sealed_at:%Y-%m-%d %H:%M:%S.%f} UTC" if known.sealed_at else "nothing was posted by then"),
        ("Link of the chain there (SHA-256)", known.link or ""),
        ("Batches with entries of this book up to the month's end", counted.batches),
        ("Entries of this book up to the month's end", counted.entries),
        (f"Entries of {facts.month}", counted.month_entries),
        ("Their numbers in the fiscal year lie within", numbers),
    ]
    table = Table(
        "chain",
        "Chain head",
        (Column("what", "What", 56), Column("value", "", 70)),
        [{"what": what, "value": value} for what, value in said],
        note="`finance-pipeline verify` recomputes the chain; a ledger that was changed shows another link there.",
    )
    return Sheet("Chain head", "Chain head of the ledger", (table,))
