"""The accounts that statements name: a book in memory, its lines, and whether the bank's balances add up.

Here: accounts, canonical lines, balances and their continuity. Not here: reading files (gathering), matching.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate
from typing import Any

import polars as pl

from finance_pipeline.canonical.statements import map_evidence, stated_accounts
from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.money import format_money, to_minor
from finance_pipeline.core.settings import BankAccount, Book
from finance_pipeline.matching.schemas import BANK_LINES
from finance_pipeline.matching.transfers import OwnAccount
from finance_pipeline.services.quickstart.gathering import Gathered
from finance_pipeline.sources.statements.figures import masked

BOOK = "quickstart"
_LONGEST_GAPS = 20


@dataclass(frozen=True)
class StatementRead:
    """One statement, as the bank states it."""

    file: str
    account: str
    """Label of the account."""
    currency: str
    format: str
    statement_id: str
    from_on: date
    to_on: date
    opening_minor: int | None
    booked_minor: int
    closing_minor: int | None
    lines: int


@dataclass(frozen=True)
class Account:
    """One account in one currency. opening + booked - closing = difference, which is to be 0."""

    label: str
    """Its last characters and currency: numbers are nobody's business on a printout."""
    currency: str
    formats: tuple[str, ...]
    first_on: date
    last_on: date
    statements: int
    lines: int
    pending: int
    repeated: int
    """Lines that a second file told again."""
    opening_minor: int | None
    """None where no statement says it."""
    booked_minor: int
    closing_minor: int | None
    difference_minor: int | None
    """What opening and lines have more (+) or less (-) than the closing balance; None where one is not stated."""
    gaps: tuple[str, ...]
    """Where a balance is not what opening and lines lead to, in words: lines are missing there, or told twice."""
    overlaps: int
    """Statements that begin before the one before them ends."""


@dataclass(frozen=True)
class Banked:
    """All accounts with their lines."""

    accounts: tuple[Account, ...]
    statements: tuple[StatementRead, ...]
    lines: pl.DataFrame
    """BANK_LINES; account_id is the account's label, line_id L1, L2, ... in the order of account, day, identity."""
    own: tuple[OwnAccount, ...]
    unfit: tuple[str, ...]
    """Lines that could not be taken over, in words."""


def bank(gathered: Gathered) -> Banked:
    """Accounts and lines of what was gathered, one book in memory for each currency."""
    evidence = gathered.evidence
    labels: dict[tuple[str, str], str] = {}
    tables: list[pl.DataFrame] = [BANK_LINES.empty().with_columns(record_id=pl.lit("", pl.String))]
    unfit: list[str] = []
    for currency in evidence["currency"].drop_nulls().unique().sort():
        own = evidence.filter(pl.col("currency") == currency)
        stated = stated_accounts(own.filter(pl.col("kind") == "statement").select("payload"))
        book, by_id = _book(stated, currency, labels)
        mapped = map_evidence(own.drop("currency", "file"), book)
        tables.append(_lines(mapped.tables["bank_transaction"], by_id))
        unfit += [f"a {row['kind']} of a statement: {row['reason']}" for row in mapped.unfit.iter_rows(named=True)]
    lines = _numbered(pl.concat(tables))
    statements = sorted(_statements(evidence, labels), key=lambda s: (s.account, s.from_on, s.to_on, s.file))
    repeated = {label: gathered.repeated.get(account, 0) for account, label in labels.items()}
    accounts = [
        _account(label, [s for s in statements if s.account == label], lines, repeated[label])
        for label in sorted(labels.values())
    ]
    owned = [OwnAccount(label, names=(number,)) for (number, _), label in sorted(labels.items())]
    return Banked(tuple(accounts), tuple(statements), lines, tuple(owned), tuple(unfit))


def _book(stated: pl.DataFrame, currency: str, labels: dict[tuple[str, str], str]) -> tuple[Book, dict[str, str]]:
    """A book of the accounts in one currency, and the label of each account by its id; labels grows by them."""
    accounts: list[BankAccount] = []
    by_id: dict[str, str] = {}
    for row in stated.iter_rows(named=True):
        label = f"{masked(row['account'])} {currency}"
        ordinal = sum(each.partition(" (")[0] == label for each in labels.values())
        label = f"{label} ({ordinal + 1})" if ordinal else label
        labels[row["account"], currency] = label
        identity = f"a{len(by_id) + 1}"
        by_id[identity] = label
        accounts.append(BankAccount(id=identity, currency=currency, gl_account="1010", statement_ids=(row["account"],)))
    starts_on = stated["first_on"].min()
    assert isinstance(starts_on, date)
    book = Book(
        id=BOOK,
        name=BOOK,
        currency=currency,
        starts_on=starts_on,
        bank_accounts=tuple(accounts),
        fiscal_year_starts_month=1,
    )
    return book, by_id


def _lines(transactions: pl.DataFrame, by_id: dict[str, str]) -> pl.DataFrame:
    """Canonical lines as the engine takes them, without their ids yet (BANK_LINES and record_id)."""
    said = transactions.with_columns(
        line_id=pl.lit(""), account_id=pl.col("bank_account").replace_strict(by_id, return_dtype=pl.String),
        kind=pl.lit("bank"),
    )  # fmt: skip
    return said.select(*BANK_LINES.names, "record_id")


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with short ids that a person can find again; full ones hold account numbers."""
    ordered = lines.sort("account_id", "booked_on", "record_id")
    return ordered.with_columns(line_id=pl.format("L{}", pl.int_range(1, pl.len() + 1))).select(BANK_LINES.names)


def _statements(evidence: pl.DataFrame, labels: dict[tuple[str, str], str]) -> Iterator[StatementRead]:
    for file, payload in evidence.filter(pl.col("kind") == "statement").select("file", "payload").iter_rows():
        said: dict[str, Any] = parse_json(payload)
        currency = said["currency"]
        minor = {k: None if said[k] is None else to_minor(said[k], currency) for k in ("opening", "closing", "booked")}
        yield StatementRead(
            file=file,
            account=labels[said["account"], currency],
            currency=currency,
            format=said["format"],
            statement_id=said["statement_id"],
            from_on=date.fromisoformat(said["opening_on"]),
            to_on=date.fromisoformat(said["closing_on"]),
            opening_minor=minor["opening"],
            booked_minor=minor["booked"] or 0,
            closing_minor=minor["closing"],
            lines=said["entry_count"],
        )


def _account(label: str, statements: list[StatementRead], lines: pl.DataFrame, repeated: int) -> Account:
    own = lines.filter(pl.col("account_id") == label)
    booked = own.filter(pl.col("status") == "booked")
    booked_minor = int(booked["amount_minor"].sum())
    runs = _runs(statements)
    opening_minor = runs[0].opening_minor
    closing_minor = max(runs, key=lambda run: run.to_on).closing_minor
    whole = opening_minor is not None and closing_minor is not None
    ends = accumulate((run.to_on for run in runs), max)
    gaps = list(_gaps(runs, booked))
    more = [f"and {len(gaps) - _LONGEST_GAPS} more"] if len(gaps) > _LONGEST_GAPS else []
    return Account(
        label=label,
        currency=statements[0].currency,
        formats=tuple(sorted({s.format for s in statements})),
        first_on=statements[0].from_on,
        last_on=max(s.to_on for s in statements),
        statements=len(statements),
        lines=booked.height,
        pending=own.height - booked.height,
        repeated=repeated,
        opening_minor=opening_minor,
        booked_minor=booked_minor,
        closing_minor=closing_minor,
        difference_minor=(opening_minor or 0) + booked_minor - (closing_minor or 0) if whole else None,
        gaps=(*gaps[:_LONGEST_GAPS], *more),
        overlaps=sum(run.from_on <= last for run, last in zip(runs[1:], ends, strict=False)),
    )


def _runs(statements: list[StatementRead]) -> list[StatementRead]:
    """Statements, those that continue each other by their balances as one: several a day are in no other order."""
    left, runs = list(statements), []
    while left:
        run = left.pop(0)
        while (follows := _next(run, left)) is not None:
            left.remove(follows)
            run = replace(run, to_on=max(run.to_on, follows.to_on), closing_minor=follows.closing_minor)
        runs.append(run)
    return runs


def _next(run: StatementRead, left: list[StatementRead]) -> StatementRead | None:
    """The statement that begins with the balance that a run ends with, before any that begins later."""
    if run.closing_minor is None or not left:
        return None
    soonest = next((s.from_on for s in left if s.from_on >= run.to_on), None)
    candidates = (s for s in left if s.from_on == soonest and s.opening_minor == run.closing_minor)
    return next(candidates, None)


def _gaps(runs: list[StatementRead], booked: pl.DataFrame) -> Iterator[str]:
    """Where the bank's balance moves by other than the lines told, from one stated balance to the next."""
    by_day = booked.group_by("booked_on").agg(pl.col("amount_minor").sum()).sort("booked_on")
    days, sums = by_day["booked_on"].to_list(), by_day["amount_minor"].cum_sum().to_list()
    points = sorted(
        [(run.from_on, 0, run.opening_minor) for run in runs if run.opening_minor is not None]
        + [(run.to_on, 1, run.closing_minor) for run in runs if run.closing_minor is not None]
    )
    before: tuple[date, int] | None = None
    for day, after, stated_minor in points:
        place = bisect_right(days, day) if after else bisect_left(days, day)
        apart = stated_minor - (sums[place - 1] if place else 0)
        if before is not None and apart != before[1]:
            amount = format_money(abs(apart - before[1]), runs[0].currency)
            more = "more" if apart > before[1] else "less"
            yield f"{before[0]} to {day}: the bank's balance moved by {amount} {more} than the lines say"
        before = (day, apart)
