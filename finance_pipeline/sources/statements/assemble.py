"""From what a reader yields to statements that can be landed: complete, dated, in one currency, adding up.

Here: which day stands for a missing one, and what is refused. Not here: any format.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from finance_pipeline.core.money import UnknownCurrency, exponent, format_money
from finance_pipeline.sources.statements.figures import NotADate, iso_day, masked
from finance_pipeline.sources.statements.model import (
    Entry,
    Event,
    Head,
    MalformedStatement,
    Statement,
    StatementDoesNotFoot,
    StatementFile,
    Unread,
)

_LONG_WEEKEND_DAYS = 6


def statements_of(events: Iterable[Event]) -> list[Statement]:
    """The statements of a file; one that the file repeats word for word counts once.

    Raises MalformedStatement for a statement that is not whole: the words say what is missing or wrong.
    """
    found: list[Statement] = []
    entries: list[Entry] = []
    for event in events:
        if isinstance(event, Unread):
            raise MalformedStatement(f"{event.words or 'an entry cannot be read'}.")
        if isinstance(event, Entry):
            entries.append(event)
        else:
            found.append(_statement(event, entries))
            entries = []
    return list(dict.fromkeys(found))


def _statement(head: Head, entries: list[Entry]) -> Statement:
    """One whole statement. Raises MalformedStatement."""
    if head.problems:
        raise MalformedStatement(f"{head.problems[0]}.")
    if head.interim:
        raise MalformedStatement(
            f"this is {head.format}, which tells of a day before its statement does: the lines come with the statement."
        )
    account = _named(head)
    if not head.has_sum:
        raise MalformedStatement(f"the statement of account {masked(account)} gives totals and not its entries.")
    closing_on = _closing_on(head, entries)
    if closing_on is None:
        raise MalformedStatement(f"the statement of account {masked(account)} has no date.")
    opening = head.opening
    dated = tuple(_dated(entry, len(entries), (opening and opening.on) or closing_on, closing_on) for entry in entries)
    opening_minor = opening.amount_minor if opening else None
    if opening_minor is None and head.closing is not None and head.closes_the_list:
        opening_minor = head.closing.amount_minor - sum(e.amount_minor for e in dated if e.status == "booked")
    return Statement(
        format=head.format,
        account=account,
        currency=_currency(head, account),
        statement_id=head.statement_id,
        created_at=head.created_at,
        opening_minor=opening_minor,
        opening_on=_opening_on(head.from_on, opening.on if opening else None, closing_on, dated),
        closing_minor=head.closing.amount_minor if head.closing else None,
        closing_on=closing_on,
        entries=dated,
    )


def _named(head: Head) -> str:
    if head.account is None:
        raise MalformedStatement("a statement names no account.")
    return head.account


def _currency(head: Head, account: str) -> str:
    """The statement's currency. Raises MalformedStatement where none or an unknown one is stated."""
    if head.currency is None:
        raise MalformedStatement(f"the statement of account {masked(account)} names no currency.")
    try:
        exponent(head.currency)
    except UnknownCurrency as cause:
        raise MalformedStatement(cause.what) from cause
    return head.currency


def _closing_on(head: Head, entries: list[Entry]) -> date | None:
    """The last day of a statement: its closing balance's, its period's, its own, or that of its last line."""
    created = _day_of(head.created_at)
    last_line = max((entry.booked_on for entry in entries if entry.booked_on), default=None)
    return (head.closing and head.closing.on) or head.to_on or created or last_line


def _day_of(created_at: str | None) -> date | None:
    """The day of a moment as the bank wrote it; one that is none says nothing."""
    try:
        return iso_day(created_at) if created_at else None
    except NotADate:
        return None


def _dated(entry: Entry, count: int, first_day: date, last_day: date) -> Entry:
    """An entry with a date, and without a reference that only counts lines.

    Real files leave out booking dates: a value date within the statement stands for it, else the statement's own date.
    """
    reference = entry.entry_reference
    if reference is not None and reference.isdecimal() and int(reference) <= count:
        entry = entry._replace(entry_reference=None)
    if entry.booked_on is not None:
        return entry
    valued = entry.value_on
    return entry._replace(booked_on=valued if valued and first_day <= valued <= last_day else last_day)


def _opening_on(from_day: date | None, stated_on: date | None, closing_on: date, entries: tuple[Entry, ...]) -> date:
    """The first day of the statement, before whose lines the opening balance stands.

    Some banks date an opening balance with that day, others with the day before, and some with the closing day. A
    stated period decides; without one, the balance still stood on the day of the first line, whichever of the two was
    meant. A single day is believed unless lines are older than a long weekend: then it is only the closing day.
    """
    if from_day is not None:
        return min(max(from_day, stated_on or from_day), closing_on)
    first_line = min((e.booked_on for e in entries if e.booked_on and e.status == "booked"), default=closing_on)
    if stated_on == closing_on and (closing_on - first_line).days > _LONG_WEEKEND_DAYS:
        return first_line
    return min(max(first_line, stated_on or first_line), closing_on)


def check_footing(file: StatementFile) -> None:
    """Every statement of a file adds up. Raises StatementDoesNotFoot naming the first that does not, and the gap."""
    for statement in file.statements:
        if not statement.difference_minor:
            continue
        opening_minor, closing_minor = statement.opening_minor or 0, statement.closing_minor or 0
        opening, booked, sum_minor, closing, apart = (
            format_money(minor, statement.currency)
            for minor in (
                opening_minor,
                statement.booked_minor,
                opening_minor + statement.booked_minor,
                closing_minor,
                abs(statement.difference_minor),
            )
        )
        raise StatementDoesNotFoot(
            f"opening {opening} + entries {booked} = {sum_minor}, but closing says {closing} "
            f"({apart} {statement.currency} apart).",
            where=f"{file.name}, account {masked(statement.account)}, statement {statement.statement_id}",
            kept="The whole file is kept as it came and nothing of it is used.",
            todo="Ask the bank for a corrected statement, or for the missing pages, and import that.",
        )


def joined(file: StatementFile) -> StatementFile:
    """The same statements with the pages of a day as one: a bank may send a day in several messages with balances each.

    Statements of one account, format and last day that continue each other are one, so that a day has one closing
    balance. Raises MalformedStatement for two of a day that do not: nobody can know which balance is the day's.
    """
    found: list[Statement] = []
    places: dict[tuple[str, str, str, date], int] = {}
    for statement in file.statements:
        key = (statement.account, statement.currency, statement.format, statement.closing_on)
        place = places.setdefault(key, len(found))
        if place == len(found):
            found.append(statement)
            continue
        before = found[place]
        if before.closing_minor is None or before.closing_minor != statement.opening_minor:
            raise MalformedStatement(
                f"two statements of account {masked(statement.account)} end on {statement.closing_on} and do not "
                "continue each other."
            )
        found[place] = replace(
            before,
            opening_on=min(before.opening_on, statement.opening_on),
            closing_minor=statement.closing_minor,
            entries=before.entries + statement.entries,
        )
    return StatementFile(file.name, tuple(found))
