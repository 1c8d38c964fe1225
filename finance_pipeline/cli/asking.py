"""As of a day, by which date, as known when: options that reports share, and the lines that say what one rests on."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape

from finance_pipeline.cli.show import console
from finance_pipeline.core.money import format_money
from finance_pipeline.core.problems import BadInput

if TYPE_CHECKING:
    from finance_pipeline.services.reports import Question, Stamp
    from finance_pipeline.services.workspace import Workspace

Book = Annotated[str, typer.Option("--book", help="Book (legal entity), as the settings name it.")]
MaybeMonth = Annotated[str | None, typer.Option("--month", help="As of the end of this month, YYYY-MM.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Last day that counts, YYYY-MM-DD, in the book's time zone; else today.")
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        help="As known then: 2026-05-31T18:00+02:00; without an offset in the book's time zone; else now.",
    ),
]
ByDate = Annotated[
    Literal["accounting", "effective"],
    typer.Option("--by", help="accounting: the period that it is in. effective: the day it happened."),
]
Since = Annotated[str | None, typer.Option("--from", help="First day that is listed; else the first of the month.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines: minor units, ISO dates.")]


def question_of(
    workspace: Workspace,
    book: str,
    as_of: str | None,
    by: Literal["accounting", "effective"],
    known_at: str | None,
    month: str | None = None,
) -> Question:
    """The options as a question. Raises BadInput for texts that are no day, month or moment, or two days at once."""
    from finance_pipeline.core.period import Month
    from finance_pipeline.services.reports import Question, moment_of

    declared = workspace.settings.book(book)
    if month is not None and as_of is not None:
        raise BadInput("--month and --as-of name a day each.", todo="Give one of them.")
    day = Month.parse(month).last_day if month is not None else day_or_none(as_of)
    return Question(book, day, by, None if known_at is None else moment_of(known_at, declared))


def day_or_none(text: str | None) -> date | None:
    """A day that may have been left out."""
    from finance_pipeline.services.reports import day_of

    return None if text is None else day_of(text)


def say_stamp(title: str, stamp: Stamp) -> None:
    """What a report is, as of when and as known when, and how old the oldest of what it rests on is."""
    console.print(f"[bold]{escape(title)}[/], as of {stamp.as_of} by {stamp.by} date", soft_wrap=True)
    sealed = (
        f"batch {stamp.position} of the ledger's chain, sealed {_utc(stamp.sealed_at)}"
        if stamp.sealed_at
        else "nothing was posted by then"
    )
    console.print(f"Known at {stamp.known_at.isoformat()} ({sealed}).", soft_wrap=True)
    if stamp.is_to_come:
        console.print(f"{stamp.as_of} is still to come: this is what is posted so far.", soft_wrap=True)
    if stamp.oldest_source is None:
        console.print("Its records came from no connection.", soft_wrap=True)
    else:
        read = f"last read to the end {_utc(stamp.oldest_read_at)}" if stamp.oldest_read_at else "never read to the end"
        console.print(f"Oldest source: {escape(stamp.oldest_source)}, {read}.", soft_wrap=True)


def say_difference(what: str, difference_minor: int, currency: str, todo: str) -> None:
    """Zero plainly; anything else in red, with what to do about it."""
    amount = f"{format_money(difference_minor, currency)} {currency}"
    if difference_minor == 0:
        console.print(f"{what}: difference {amount}.", soft_wrap=True)
    else:
        console.print(f"[red]{what}: difference {amount}.[/] {todo}", soft_wrap=True)


def _utc(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def stamped(stamp: Stamp, **figures: Any) -> dict[str, Any]:
    """A report for machines."""
    return {"asked": stamp.as_row, **figures}
