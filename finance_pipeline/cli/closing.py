"""Closing months: how far each is, what people say and sign, locks, and reopening."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, money, show_frame, show_json, show_table, text

app = typer.Typer(no_args_is_help=True)
Book = Annotated[str, typer.Option("--book", help="Book (legal entity), as the settings name it.")]
MaybeBook = Annotated[str | None, typer.Option("--book", help="Only this book.")]
Month = Annotated[str, typer.Option("--month", help="Accounting month, YYYY-MM.")]
MaybeMonth = Annotated[str | None, typer.Option("--month", help="Only this month, YYYY-MM.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in your own words.")]
Subjects = Annotated[list[str] | None, typer.Argument(help="Lines and items, as `items` prints them.", metavar="ID...")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines: minor units, ISO dates.")]
_SIGNS = {"done": "[green]done[/]", "open": "[red]open[/]", "waits": "[yellow]waits[/]", "not_needed": "not needed"}


@app.command()
def status(book: MaybeBook = None, month: MaybeMonth = None, as_json: AsJson = False) -> None:
    """The steps of a month that is to be closed: what is done, what blocks, what to do next."""
    from finance_pipeline.services.closing import shown as closing_shown

    with opened() as workspace:
        if book is not None and month is not None:
            _show_steps(closing_shown.month_shown(workspace, book, month), as_json=as_json)
            return
        found = closing_shown.months_shown(workspace, book, month)
    if as_json:
        show_json(found)
        return
    columns = [
        text("Book", "book"), text("Month", "month"), text("Period", "period"), text("Signed", "signed"),
        Shown("Steps done", lambda row: f"{row['done']} of {row['needed']}", is_figure=True),
        text("Next", "next"), text("What to do", "todo"),
    ]  # fmt: skip
    show_table("Months that are not closed", found, columns, empty="every month is locked")


@app.command()
def items(book: Book, month: Month, as_json: AsJson = False) -> None:
    """What is open at a month's end on accounts that must clear, by age, with what was said of it."""
    from finance_pipeline.services.closing import items as closing_items

    with opened() as workspace:
        found = closing_items.items(workspace, book, month)
    columns = [
        text("Since", "since"), Shown("Days", lambda row: str(row["age_days"]), is_figure=True), text("What", "kind"),
        text("Account", "account"), money("Open", "open_minor"), text("", "currency"), text("ID", "handle"),
        text("Why it is open", "words"), Shown("Explanation", _explanation),
    ]  # fmt: skip
    show_frame(f"Open on accounts that must clear, {book} {month}", found, columns, as_json=as_json, empty="nothing")


@app.command()
def doubtful(book: Book, month: Month, as_json: AsJson = False) -> None:
    """Matches of a month that stand and would not be found any more: what came since made them one of two."""
    from finance_pipeline.services.closing import doubtful as closing_doubtful

    with opened() as workspace:
        found = closing_doubtful.doubtful(workspace, book, month)
    columns = [Shown("Match", lambda row: row["match_id"][:12]), text("It said", "words")]
    title = f"Matches of {book} {month} that stand and would not be found any more"
    show_frame(title, found, columns, as_json=as_json, empty="none: each would be found again")
    if found.height and not as_json:
        console.print("They stay until a person undoes them: `finance-pipeline explain MATCH`, then `decide`.")


@app.command()
def explain(
    book: Book,
    month: Month,
    reason: Annotated[str, typer.Option("--reason", help="Why it is open and how it will clear.")] = "",
    subjects: Subjects = None,
    everything: Annotated[bool, typer.Option("--all", help="All that nobody explained yet and that fits.")] = False,
    kind: Annotated[str | None, typer.Option(help="With --all: only of this kind, as `items` prints it.")] = None,
    account: Annotated[str | None, typer.Option(help="With --all: only on this account.")] = None,
    younger_than: Annotated[int | None, typer.Option(help="With --all: only of fewer days than these.")] = None,
    as_before: Annotated[bool, typer.Option("--as-before", help="Say again what was said the month before.")] = False,
) -> None:
    """Say of open lines and items why they are open."""
    from finance_pipeline.services.closing import items as closing_items

    with opened() as workspace:
        if as_before:
            explained = closing_items.explain_as_before(workspace, book, month)
        else:
            wanted = closing_items.Wanted(tuple(subjects or ()), everything, kind, account, younger_than)
            explained = closing_items.explain(workspace, book, month, wanted, reason=reason)
    console.print(f"{explained} explained.")
    _next(book, month)


@app.command()
def withdraw(book: Book, month: Month, reason: Reason, subjects: Subjects = None) -> None:
    """Take back what was said of lines and items."""
    from finance_pipeline.services.closing import items as closing_items

    with opened() as workspace:
        withdrawn = closing_items.withdraw(workspace, book, month, subjects or [], reason=reason)
    console.print(f"{withdrawn} explanations withdrawn.")


@app.command()
def review(book: Book, month: Month, reason: Reason) -> None:
    """Put a month's figures forward for sign-off: the first of two people."""
    from finance_pipeline.services.closing import signing

    with opened() as workspace:
        found = signing.review(workspace, book, month, reason=reason).doubtful
        actor = workspace.settings.actor
    console.print(f"{book} {month} is put forward for sign-off by {actor}. Another person signs.")
    if found.height:
        console.print(f"{found.height} matches stand that would not be found any more: close doubtful tells which.")
    _next(book, month)


@app.command()
def sign(book: Book, month: Month, reason: Reason, as_json: AsJson = False) -> None:
    """Sign what another person put forward: the second of two people."""
    from finance_pipeline.services.closing import signing

    with opened() as workspace:
        signature = signing.sign(workspace, book, month, reason=reason)
        actor = workspace.settings.actor
    if as_json:
        show_json({"book": book, "month": month, "signed_by": actor, "signature_id": signature})
        return
    console.print(f"{book} {month} is signed by {actor} ({signature[:12]}).")
    _next(book, month)


@app.command()
def lock(
    book: Book,
    month: Month,
    reason: Reason,
    area: Annotated[str | None, typer.Option(help="Only AR, AP, bank or GL, ahead of the rest.")] = None,
) -> None:
    """Lock a signed month, or one area of a month: it takes no entries any more."""
    from finance_pipeline.services.closing import periods as closing_periods
    from finance_pipeline.services.closing import signing

    with opened() as workspace:
        if area is not None:
            locked = closing_periods.lock_area(workspace, book, month, area, reason=reason)
            console.print(f"{book} {month} is locked for {locked}.")
            return
        posted = signing.lock(workspace, book, month, reason=reason)
    console.print(f"{book} {month} is locked." + (f" {posted} entries posted at the year end." if posted else ""))


@app.command()
def soft(
    book: Book,
    month: Month,
    reason: Reason,
    poster: Annotated[list[str] | None, typer.Option(help="Who may still post, each time with a reason.")] = None,
) -> None:
    """Soft-close a month: it takes only what named people post."""
    from finance_pipeline.services.closing import periods as closing_periods

    with opened() as workspace:
        closing_periods.soft_close(workspace, book, month, poster or [], reason=reason)
    console.print(f"{book} {month} is soft-closed. May still post: {', '.join(poster or ['nobody'])}.")


@app.command()
def post(book: Book, month: Month, reason: Reason) -> None:
    """Post what belongs to a soft-closed month, as one of those whom it names."""
    from finance_pipeline.services.closing import periods as closing_periods

    with opened() as workspace:
        posted = closing_periods.post_softly(workspace, book, month, reason=reason)
    console.print(f"{posted} entries are new or taken back in {book} {month}.")


@app.command()
def reopen(
    book: Book,
    month: Month,
    reason: Reason,
    until: Annotated[str, typer.Option(help="Last day (YYYY-MM-DD) or moment of the reopening, 31 days at most.")],
    area: Annotated[list[str] | None, typer.Option(help="Only AR, AP, bank or GL; all without one.")] = None,
) -> None:
    """Ask that a closed month takes entries again for a time. Another person approves."""
    from finance_pipeline.services.closing import periods as closing_periods

    with opened() as workspace:
        moment = closing_periods.end_of_day(until, workspace.settings.book(book))
        request = closing_periods.ask_reopening(workspace, book, month, moment, reason=reason, areas=area or [])
        actor = workspace.settings.actor
    console.print(f"Request {request}: {actor} asks to reopen {book} {month} until {moment:%Y-%m-%d %H:%M %Z}.")
    console.print(f"Next, by another person: finance-pipeline close approve-reopening {request} --reason ...")


@app.command("approve-reopening")
def approve_reopening(
    request: Annotated[int, typer.Argument(help="Number of the request, as `reopen` and `history` print it.")],
    reason: Reason,
) -> None:
    """Approve a request to reopen a month, as another person than who asked."""
    from finance_pipeline.services.closing import periods as closing_periods

    with opened() as workspace:
        key = closing_periods.approve_reopening(workspace, request, reason=reason)
    console.print(f"{key.book} {key.month} takes entries again; its sign-off has lapsed.")
    _next(key.book, str(key.month))


@app.command()
def history(book: Book, month: MaybeMonth = None, as_json: AsJson = False) -> None:
    """Everything that people did to close a month or to open it again."""
    from finance_pipeline.services.closing import signing

    with opened() as workspace:
        found = signing.history(workspace, book, month)
    columns = [
        Shown("When", lambda row: f"{row['recorded_at']:%Y-%m-%d %H:%M}"), text("Month", "month"),
        text("What", "action"), text("Who", "actor"), text("As", "role"), text("From", "origin"),
        text("Why", "reason"), text("", "words"),
    ]  # fmt: skip
    show_frame(f"Closing of {book}", found, columns, as_json=as_json, empty="nobody closed anything yet")


def _show_steps(shown: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(shown)
        return
    columns = [text("Step", "title"), Shown("", lambda row: _SIGNS[row["state"]]), text("", "words")]
    show_table(f"Close of {shown['book']} {shown['month']}", shown["steps"], columns)
    if not shown["next"]:
        console.print("Nothing is left to do.")
    elif shown["todo"]:
        console.print(f"Next: {shown['todo']}", markup=False, soft_wrap=True)


def _explanation(row: dict[str, Any]) -> str:
    from rich.markup import escape

    if row["explained_minor"] is not None and row["explained_minor"] == row["open_minor"]:
        return escape(f"{row['explanation']} ({row['explained_by']})")
    if row["has_cleared"]:
        return "cleared in the next month"
    return f"due on {row['expected_on']}" if row["is_explained"] else ""


def _next(book: str, month: str) -> None:
    console.print(f"Next: finance-pipeline close status --book {book} --month {month}", soft_wrap=True)
