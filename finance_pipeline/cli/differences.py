"""`close diff`, `close adjust`, `close dismiss`: what closed months would be today, and what people decide about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import polars as pl
import typer

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, money, show_frame, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.closed_months.differences import Report

MaybeBook = Annotated[str | None, typer.Option("--book", help="Only this book.")]
MaybeMonth = Annotated[str | None, typer.Option("--month", help="Only this month, YYYY-MM.")]
Cause = Literal["late", "changed", "removed", "rule"]
Ids = Annotated[list[str] | None, typer.Argument(help="Differences, as `close diff` prints them.", metavar="ID...")]
Everything = Annotated[bool, typer.Option("--all", help="All that wait and fit, instead of named ones.")]
MaybeCause = Annotated[Cause | None, typer.Option(help="With --all: only of this cause.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in your own words.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures for machines: minor units, ISO dates.")]


def diff(
    book: MaybeBook = None,
    month: MaybeMonth = None,
    cause: Annotated[Cause | None, typer.Option(help="Only of this cause.")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for a decision.")] = False,
    limit: Annotated[int, typer.Option(help="Differences to print, the first ones.")] = 50,
    as_json: AsJson = False,
) -> None:
    """What closed months would be today against what was signed, line by line, with the cause. Changes nothing."""
    from finance_pipeline.services.closed_months.differences import difference_report

    with opened() as workspace:
        report = difference_report(workspace, book, month)
        currencies = {each.id: each.currency for each in workspace.settings.books}
    wanted = pl.lit(True) if cause is None else pl.col("cause") == cause
    if waiting:
        wanted &= pl.col("status").is_in(["waiting", "proposed"])
    found = report.differences.filter(wanted)
    if as_json:
        kept = found.select("difference_id")
        changes = report.changes.join(kept, on="difference_id", how="semi")
        doubtful = report.doubtful.to_dicts()
        show_json({"differences": found.to_dicts(), "entries": changes.to_dicts(), "doubtful_matches": doubtful})
        return
    show_frame(
        "What closed months would be today", found.head(limit).with_columns(_of_book(currencies)), _COLUMNS,
        as_json=False, empty="as they were signed",
    )  # fmt: skip
    if found.height > limit:
        console.print(f"{found.height - limit:,} more: --limit {found.height}, or --json.")
    _show_totals(report, found, currencies)
    if report.doubtful.height:
        title = "Matches that stand and would not be found any more; an adjustment takes them back"
        columns = [_COLUMNS[1], Shown("Match", lambda row: row["match_id"][:12]), text("It said", "words")]
        show_table(title, report.doubtful.head(limit).iter_rows(named=True), columns)


_COLUMNS = [
    text("ID", "difference_id"),
    Shown("Month", lambda row: f"{row['book']} {row['month']}"),
    text("Cause", "cause"),
    text("Stands", "status"),
    text("What", "what"),
    money("At stake", "amount_minor", "book_currency"),
    Shown("Entries", lambda row: f"+{row['entries_added']} -{row['entries_removed']} ~{row['entries_changed']}"),
    text("Accounts", "accounts"),
    Shown("Decided", lambda row: f"{row['actor']}: {row['reason']}" if row["actor"] else ""),
]


def _of_book(currencies: dict[str, str]) -> pl.Expr:
    return pl.col("book").replace_strict(currencies, return_dtype=pl.String).alias("book_currency")


def _show_totals(report: Report, found: pl.DataFrame, currencies: dict[str, str]) -> None:
    """How many of each cause stand how, and by how much which account would be another."""
    counted = found.group_by("book", "month", "cause", "status").len("count").sort("book", "month", "cause", "status")
    columns = [
        Shown("Month", lambda row: f"{row['book']} {row['month']}"), text("Cause", "cause"), text("Stands", "status"),
        Shown("Differences", lambda row: f"{row['count']:,}", is_figure=True),
    ]  # fmt: skip
    if counted.height:
        show_table("By cause", counted.iter_rows(named=True), columns)
    totals = (
        report.effects.join(found.select("difference_id", "book"), on="difference_id")
        .group_by("book", "code")
        .agg(pl.col("functional_minor").sum())
        .filter(pl.col("functional_minor") != 0)
        .sort("book", "code")
        .with_columns(_of_book(currencies))
    )
    if totals.height:
        amounts = [money("Would be more by", "functional_minor", "book_currency"), text("", "book_currency")]
        show_table(
            "By account", totals.iter_rows(named=True), [text("Book", "book"), text("Account", "code"), *amounts]
        )
    waiting = found.filter(pl.col("status").is_in(["waiting", "proposed"]), pl.col("cause") != "rule").height
    if waiting:
        console.print(
            f"Waiting for a decision: {waiting:,}. finance-pipeline close adjust ID... --reason ..., or close dismiss.",
            soft_wrap=True,
        )


def adjust(
    reason: Reason,
    ids: Ids = None,
    everything: Everything = False,
    book: MaybeBook = None,
    month: MaybeMonth = None,
    cause: MaybeCause = None,
) -> None:
    """Post differences in the open period, each once: the original is reversed, what is known now is posted anew."""
    _decide("adjust", reason, ids, everything, book, month, cause)


def dismiss(
    reason: Reason,
    ids: Ids = None,
    everything: Everything = False,
    book: MaybeBook = None,
    month: MaybeMonth = None,
    cause: MaybeCause = None,
) -> None:
    """Say why differences stay out of the books. What a bank shows cannot be left out."""
    _decide("dismiss", reason, ids, everything, book, month, cause)


def _decide(
    verb: Literal["adjust", "dismiss"],
    reason: str,
    ids: list[str] | None,
    everything: bool,
    book: str | None,
    month: str | None,
    cause: str | None,
) -> None:
    from finance_pipeline.core.problems import BadInput
    from finance_pipeline.services.closed_months import adjusting

    if bool(ids) == everything:
        raise BadInput("name differences, or say --all.", todo="`finance-pipeline close diff` prints them.")
    with opened() as workspace:
        wanted = adjusting.Wanted(tuple(ids or ()), book, month, cause)
        decided = getattr(adjusting, verb)(workspace, wanted, reason=reason)
        actor = workspace.settings.actor
    console.print(f"{decided.done:,} {verb}ed by {actor}.")
    if decided.proposed:
        console.print(f"Above the limit, so that another person has to say the same: {decided.proposed:,}.")
    if decided.posted.new_entries or decided.posted.reversed:
        posted = decided.posted
        console.print(f"Posted in the open period: {posted.new_entries:,} entries, {posted.reversed:,} reversals.")
        console.print("Next: run the open month, so that what is open there is matched again.")


def register(app: typer.Typer) -> None:
    """Add the three commands."""
    for name, command in (("diff", diff), ("adjust", adjust), ("dismiss", dismiss)):
        app.command(name)(command)
