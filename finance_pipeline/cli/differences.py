"""`close diff`, `close adjust`, `close dismiss`: what closed months would be today, and what people decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl
import typer
from rich.markup import escape

from finance_pipeline.cli.environment import opened
from finance_pipeline.cli.show import Shown, console, count, money, show_frame, show_json, show_table, text

if TYPE_CHECKING:
    from finance_pipeline.services.closed_months.adjusting import Decided
    from finance_pipeline.services.closed_months.differences import Report
    from finance_pipeline.services.workspace import Workspace

MaybeBook = Annotated[str | None, typer.Option("--book", help="Only this book.")]
MaybeMonth = Annotated[str | None, typer.Option("--month", help="Only this month, YYYY-MM.")]
Cause = Literal["late", "changed", "removed", "rule"]
Ids = Annotated[list[str] | None, typer.Argument(help="Differences, as `close diff` prints them.", metavar="ID...")]
Everything = Annotated[bool, typer.Option("--all", help="All that wait and fit, instead of named ones.")]
MaybeCause = Annotated[Cause | None, typer.Option(help="With --all: only of this cause.")]
Rules = Annotated[
    bool,
    typer.Option("--rules", help="The IDs are of entries that other rules alone make otherwise: takes two people."),
]
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
        wanted &= pl.col("status").is_in(_WAITING)
    found = report.differences.filter(wanted)
    if as_json:
        kept = found.select("difference_id").unique()
        changes = report.changes.join(kept, on="difference_id", how="semi")
        doubtful = report.doubtful.to_dicts()
        show_json({"differences": found.to_dicts(), "entries": changes.to_dicts(), "doubtful_matches": doubtful})
        return
    first = found.sort(~pl.col("status").is_in(_WAITING), -pl.col("amount_minor").abs(), maintain_order=True)
    show_frame(
        "What closed months would be today against what was signed", first.head(limit).with_columns(_of(currencies)),
        _COLUMNS, as_json=False, empty="as they were signed",
    )  # fmt: skip
    if found.height > limit:
        console.print(f"{found.height - limit:,} more: --limit {found.height}, or --json.")
    _show_totals(report, found, currencies)
    if report.doubtful.height:
        title = "Matches that stand and would not be found any more; an adjustment takes them back"
        columns = [_COLUMNS[1], Shown("Match", lambda row: row["match_id"][:12]), text("It said", "words")]
        show_table(title, report.doubtful.head(limit).iter_rows(named=True), columns)
    _say_what_next(found, book, month)


_WAITING = ["waiting", "proposed"]
_SIDES = {"late item": "posted", "adjusted": "posted", "dismissed": "left_out"}
_HEADINGS = {"to_decide": "To decide", "posted": "Posted in open months", "left_out": "Left out"}


def _stands(row: dict[str, Any]) -> str:
    """How it stands, and who said so why; a late item is let in by nobody in particular."""
    said = row["actor"] and row["status"] != "late item"
    return escape(f"{row['status']} ({row['actor']}: {row['reason']})") if said else str(row["status"])


def _entries(row: dict[str, Any]) -> str:
    """How many entries would be new, gone or others."""
    counts = {"new": "entries_added", "gone": "entries_removed", "changed": "entries_changed"}
    return ", ".join(f"{row[name]} {said}" for said, name in counts.items() if row[name]) or "none"


_COLUMNS = [
    text("ID", "difference_id"),
    Shown("Month", lambda row: f"{row['book']} {row['month']}"),
    text("Cause", "cause"),
    Shown("Stands", _stands),
    text("What", "what"),
    money("At stake", "amount_minor", "book_currency"),
    Shown("Entries", _entries),
    text("Accounts", "accounts"),
]


def _of(currencies: dict[str, str]) -> pl.Expr:
    return pl.col("book").replace_strict(currencies, return_dtype=pl.String).alias("book_currency")


def _show_totals(report: Report, found: pl.DataFrame, currencies: dict[str, str]) -> None:
    """How many of each cause stand how, and by how much which account would be another."""
    counted = (
        found.group_by("book", "month", "cause", "status")
        .agg(count=pl.len(), stake=pl.col("amount_minor").abs().sum())
        .sort("book", "month", "cause", "status")
        .with_columns(_of(currencies))
    )
    columns = [
        Shown("Month", lambda row: f"{row['book']} {row['month']}"), text("Cause", "cause"), text("Stands", "status"),
        count("Differences", "count"), money("At stake", "stake", "book_currency"), text("", "book_currency"),
    ]  # fmt: skip
    if counted.height:
        show_table("By cause", counted.iter_rows(named=True), columns)
    _show_accounts(report, found, currencies)


def _show_accounts(report: Report, found: pl.DataFrame, currencies: dict[str, str]) -> None:
    """By how much which account would be another, by how the differences stand."""
    stands = pl.col("status").replace_strict(_SIDES, default="to_decide")
    shares = [pl.col("functional_minor").filter(stands == side).sum().alias(side) for side in _HEADINGS]
    effects = report.effects.join(found.select("difference_id", "book", "status").unique(), on="difference_id")
    totals = effects.group_by("book", "code", "name").agg(shares).sort("book", "code").with_columns(_of(currencies))
    moved = totals.filter(pl.any_horizontal(pl.col(side) != 0 for side in _HEADINGS))
    if moved.is_empty():
        return
    columns = [text("Book", "book"), text("Account", "code"), text("", "name")]
    for side in _HEADINGS:
        if (moved[side] != 0).any():
            columns.append(money(_HEADINGS[side], side, "book_currency"))
    show_table("By account: more by", moved.iter_rows(named=True), [*columns, text("", "book_currency")])


def _say_what_next(found: pl.DataFrame, book: str | None, month: str | None) -> None:
    """Which decisions are due, by whom, and the commands for them."""
    once = found.unique("difference_id").filter(pl.col("cause") != "rule")
    waiting = once.filter(pl.col("status") == "waiting").height
    proposed = once.filter(pl.col("status") == "proposed")
    said = []
    if waiting:
        where = f"{f' --book {book}' if book else ''}{f' --month {month}' if month else ''}"
        said = [
            f"{waiting:,} wait for a decision:",
            f"  finance-pipeline close adjust --all{where} --reason ...   let all in, posted in the open period",
            "  finance-pipeline close adjust ID... --reason ...   only these; what is above the limit takes two people",
            "  finance-pipeline close dismiss ID... --reason ...   leave these out; what a bank shows cannot be",
        ]
    for (who,), asked in proposed.group_by("actor", maintain_order=True):
        said += [f"{asked.height:,} proposed by {who}: another person says the same, adjust or dismiss."]
    rules = found.filter(pl.col("cause") == "rule", pl.col("status") == "waiting").height
    if rules:
        said += [
            f"{rules:,} follow from other rules or code, not from records; those apply from the open month on. To post "
            "one all the same takes two people:",
            "  finance-pipeline close adjust ID --rules --book ... --month ... --reason ...",
        ]
    for line in said:
        console.print(line, soft_wrap=True)


def adjust(
    reason: Reason,
    ids: Ids = None,
    everything: Everything = False,
    book: MaybeBook = None,
    month: MaybeMonth = None,
    cause: MaybeCause = None,
    rules: Rules = False,
) -> None:
    """Post differences in the open period, each once: the original is reversed, what is known now is posted anew."""
    _decide("adjust", reason, _Meant(ids or [], everything, book, month, cause, rules))


def dismiss(
    reason: Reason,
    ids: Ids = None,
    everything: Everything = False,
    book: MaybeBook = None,
    month: MaybeMonth = None,
    cause: MaybeCause = None,
    rules: Rules = False,
) -> None:
    """Say why differences stay out of the books. What a bank shows cannot be left out."""
    _decide("dismiss", reason, _Meant(ids or [], everything, book, month, cause, rules))


@dataclass(frozen=True)
class _Meant:
    """Which differences somebody names."""

    ids: list[str]
    everything: bool
    book: str | None
    month: str | None
    cause: str | None
    rules: bool


def _decide(verb: Literal["adjust", "dismiss"], reason: str, meant: _Meant) -> None:
    from finance_pipeline.core.problems import BadInput
    from finance_pipeline.services.closed_months import adjusting

    if bool(meant.ids) == meant.everything:
        raise BadInput("name differences, or say --all.", todo="`finance-pipeline close diff` prints them.")
    with opened() as workspace:
        if meant.rules:
            decided = _decide_rules(workspace, verb, reason, meant)
        else:
            wanted = adjusting.Wanted(tuple(meant.ids), meant.book, meant.month, meant.cause)
            decided = getattr(adjusting, verb)(workspace, wanted, reason=reason)
        actor = workspace.settings.actor
    if decided.done:
        console.print(f"{decided.done:,} {verb}ed by {actor}.")
    if decided.proposed:
        why = "Other rules alone make it so" if meant.rules else "Above the limit"
        console.print(f"{why}, so that another person has to say the same: {decided.proposed:,} proposed by {actor}.")
    if decided.posted.new_entries or decided.posted.reversed:
        posted = decided.posted
        console.print(f"Posted in the open period: {posted.new_entries:,} entries, {posted.reversed:,} reversals.")
        console.print("Next: run the open month, so that what is open there is matched again.")


def _decide_rules(workspace: Workspace, verb: Literal["adjust", "dismiss"], reason: str, meant: _Meant) -> Decided:
    from finance_pipeline.core.problems import BadInput
    from finance_pipeline.services.closed_months.rule_adjusting import decide_rules

    if not (meant.ids and meant.book and meant.month):
        raise BadInput(
            "what rules make otherwise is decided by name, in one month of one book.",
            todo="Say --book, --month and the IDs that `finance-pipeline close diff --cause rule` prints.",
        )
    verdict = "adjusted" if verb == "adjust" else "dismissed"
    return decide_rules(workspace, meant.book, meant.month, meant.ids, verdict=verdict, reason=reason)


def register(app: typer.Typer) -> None:
    """Add the three commands."""
    for name, command in (("diff", diff), ("adjust", adjust), ("dismiss", dismiss)):
        app.command(name)(command)
