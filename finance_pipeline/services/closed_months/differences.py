"""What closed months would be today against what was signed: computed in memory, nothing is written.

Each month is computed from its own signed opening, with the records that were signed and with those that are known now,
both by the code of today. What differs between the two follows from records; what differs between the first and the
entries that were signed follows from rules, code, rates or what was learnt since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from finance_pipeline.close import difference_entries
from finance_pipeline.close import differences as close
from finance_pipeline.core.money import format_money
from finance_pipeline.core.period import BookMonth, Month, by_book
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger import chart
from finance_pipeline.ledger.rates import functional
from finance_pipeline.matching.month.candidates import ITEM_SCHEMA
from finance_pipeline.matching.month.fold import Folded, Given
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services import records
from finance_pipeline.services.bookkeeping import posting
from finance_pipeline.services.closed_months import rule_differences
from finance_pipeline.services.closed_months.held import HeldMonth, causes_of, held_months
from finance_pipeline.services.reconciliation import folding, openings
from finance_pipeline.services.reconciliation.policies import policy_of
from finance_pipeline.services.reconciliation.settlements import settlements
from finance_pipeline.services.results import Figures, Materialized
from finance_pipeline.services.tables import DIFFERENCES
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

DOUBTFUL = pl.Schema({"book": pl.String, "month": pl.String, "match_id": pl.String, "words": pl.String})


@dataclass(frozen=True)
class Report:
    """What some closed months would be today."""

    differences: pl.DataFrame
    """tables.DIFFERENCES."""
    changes: pl.DataFrame
    """difference_entries.CHANGES with difference_id, book and month: the entries that differ."""
    effects: pl.DataFrame
    """difference_entries.EFFECTS and the account's name: by how much which account's balance."""
    doubtful: pl.DataFrame
    """DOUBTFUL: matches that stand and that nobody would find any more. An adjustment takes them back."""


@dataclass(frozen=True)
class _Read:
    """A closed month as it was read to be computed."""

    seen: records.AsSigned
    carried_items: pl.DataFrame
    """Items that were open when it began, as they were signed."""
    given: Given

    @property
    def from_nothing(self) -> Given:
        """As if none of its own matches stood."""
        return replace(self.given, standing=replace(self.given.standing, here=self.given.standing.here.clear()))


@dataclass(frozen=True)
class _Computed:
    entries: pl.DataFrame
    links: pl.DataFrame


def differences(workspace: Workspace, keys: Sequence[BookMonth]) -> Materialized:
    """The differences of these book-months, as far as they are closed (asset close_differences)."""
    parts: list[Report] = []
    by_partition: dict[str, Figures] = {}
    for book_id, wanted in by_book(keys).items():
        book = workspace.settings.book(book_id)
        with workspace.database.transaction(role="reader") as conn:
            held = held_months(conn, book)
            for month in wanted:
                report = _report(conn, held[month]) if month in held else _nothing()
                by_partition[str(BookMonth(book_id, month))] = _figures(report, closed=month in held)
                parts.append(report)
    whole = _together(parts)
    totals = _figures(whole, closed=True)
    table = _markdown(whole, {book.id: book.currency for book in workspace.settings.books})
    return Materialized("close_differences", whole.differences.height, by_partition, totals, table)


def difference_report(workspace: Workspace, book_id: str | None = None, month: str | None = None) -> Report:
    """The differences of closed months: of all books or one, of all months or one. Raises BadInput for a month that is
    not closed and signed."""
    parts = []
    for book in workspace.settings.books if book_id is None else [workspace.settings.book(book_id)]:
        with workspace.database.transaction(role="reader") as conn:
            held = held_months(conn, book)
            if month is not None and book_id is not None and Month.parse(month) not in held:
                raise BadInput(
                    f"{month} of book {book.id} is not closed and signed.",
                    kept="Nothing was computed.",
                    todo="What changes in an open month is posted when the month is run.",
                )
            parts += [_report(conn, each) for at, each in held.items() if month is None or str(at) == month]
    return _together(parts)


def _report(conn: Connection, held: HeldMonth) -> Report:
    book, policy = held.book, policy_of(held.book)
    found = causes_of(conn, held)
    then, now = _given(conn, held, policy, change=bool(found.height))
    found_then, hindsight = _without_hindsight(conn, held, policy, then.given)
    now = replace(now, given=folding.declining(now.given, hindsight))
    as_signed = _computed(conn, held, then, found_then)
    today = _computed(conn, held, now, folding.folded(conn, book, policy, now.given)) if found.height else as_signed
    of_records = difference_entries.attributed(
        difference_entries.compared(as_signed.entries, today.entries),
        pl.concat([as_signed.links, today.links]).unique(),
        found.select("difference_id", "record_id"),
    )
    of_rules, rule_causes = rule_differences.of_rules(conn, held, as_signed.entries)
    changes = pl.concat([of_records, of_rules])
    both = pl.concat([found, rule_causes], how="diagonal")
    shaped = _shaped(both, changes, book)
    named = changes.with_columns(book=pl.lit(book.id), month=pl.lit(str(held.month)))
    doubtful = _doubtful(conn, held, policy, (then, now), changes) if found.height else pl.DataFrame(schema=DOUBTFUL)
    names = chart.accounts_of(book).select("code", "name")
    effects = difference_entries.effects(changes).join(names, on="code", how="left", maintain_order="left")
    return Report(shaped, named, effects, doubtful)


def _doubtful(
    conn: Connection, held: HeldMonth, policy: Policy, then_and_now: tuple[_Read, _Read], changes: pl.DataFrame
) -> pl.DataFrame:
    """Matches of a closed month that stand, and would be found of the records that were signed but not of those that
    are known now (DOUBTFUL). Those that the records themselves contradict are among the changes already."""
    then, now = then_and_now
    contradicted = changes.filter(pl.col("source") == "match", pl.col("change") == difference_entries.GONE)
    gone = then.given.standing.here.select("match_id").unique()
    gone = gone.join(contradicted, left_on="match_id", right_on="source_id", how="anti")
    gone = gone.join(_found(conn, held, policy, now.from_nothing), on="match_id", how="anti")
    if gone.height:
        gone = gone.join(_found(conn, held, policy, then.from_nothing), on="match_id", how="semi")
    return copy_out(
        conn,
        "select book, month, match_id, words from recon.standing"
        " where book = %(book)s and month = %(month)s and match_id = any(%(matches)s) order by match_id",
        {"book": held.book.id, "month": str(held.month), "matches": gone["match_id"].to_list()},
        DOUBTFUL,
    )


def _found(conn: Connection, held: HeldMonth, policy: Policy, given: Given) -> pl.DataFrame:
    return folding.folded(conn, held.book, policy, given).new.matches.select("match_id")


def _without_hindsight(conn: Connection, held: HeldMonth, policy: Policy, given: Given) -> tuple[Folded, pl.DataFrame]:
    """A closed month without matches that the engine finds in it in hindsight only, and those
    (frames.ACCEPTED_ALLOCATION): no rule changed, and nobody would have found them when it was signed.

    Later months took what was open then; and what is left beside matches that stand may look like more than it is,
    where the whole month would have had another answer for a part of it.
    """
    hindsight: list[pl.DataFrame] = []
    standing = replace(given.standing, later=given.standing.later.clear())
    while True:
        done = folding.folded(conn, held.book, policy, folding.declining(given, *hindsight))
        new = at_the_time = done.new.allocations
        for then in (standing, replace(standing, here=standing.here.clear())):
            if at_the_time.height:
                found = _found(conn, held, policy, replace(given, standing=then))
                at_the_time = at_the_time.join(found, on="match_id", how="semi")
        new = new.join(at_the_time, on="match_id", how="anti")
        hindsight.append(new)
        if new.is_empty():
            return done, pl.concat(hindsight)


def _given(conn: Connection, held: HeldMonth, policy: Policy, *, change: bool) -> tuple[_Read, _Read]:
    """A closed month to be folded from its own signed opening on the matches that stood at its sign-off: of the records
    that were signed, and of those that are known now (the same where none changed)."""
    book, month = held.book, held.month
    lines, items = _signed_opening(conn, held)
    standing = openings.standing(conn, book.id, month, policy, held.signed_at)
    decisions = openings.decisions(conn, book.id, month, held.signed_at)

    def read(*, newest: bool) -> _Read:
        seen = held.seen(newest=newest)
        opening = openings.opening_of(conn, book, month, lines, items, seen)
        known = replace(standing, past=openings.past_without(standing.past, opening.lines))
        given = openings.given_of(
            conn, book, policy, month, opening, known, decisions=decisions, taught_until=month, seen=seen
        )
        return _Read(seen, items, given)

    then = read(newest=False)
    return then, read(newest=True) if change else then


def _computed(conn: Connection, held: HeldMonth, read: _Read, done: Folded) -> _Computed:
    """The entries of a closed month that was folded from its own signed opening, in memory."""
    book, month = held.book, held.month
    rates = records.rates(conn)
    stood = settlements(conn, book, month, rates, held.signed_at)
    kept = stood.join(done.kept.retractions, on="match_id", how="anti", maintain_order="left")
    new = done.new.allocations.join(done.new.matches.select("match_id", "rule", "matched_on"), on="match_id")
    new = functional(
        new, rates, book, amount="line_amount_minor", currency="line_currency", on="line_on",
        into="line_functional_minor",
    )  # fmt: skip
    settled = pl.concat([kept, new.select(kept.columns)])
    postings = posting.posted(conn, book, month, posting.AsGiven(read.seen, settled, read.carried_items))
    matches = {"matches": settled["match_id"].unique().to_list()}
    allocated = copy_out(conn, query("allocated_records"), matches, difference_entries.LINKS)
    found = [
        done.new.allocations.select(source_id="match_id", record_id=name).drop_nulls()
        for name in ("line_id", "item_id", "other_line_id")
    ]
    return _Computed(postings.entries, pl.concat([allocated, *found]).unique())


def as_rules_have_it(conn: Connection, held: HeldMonth) -> pl.DataFrame:
    """The entries that a closed month would have today of the records that were signed (ledger.schemas.ENTRIES)."""
    policy = policy_of(held.book)
    then, _ = _given(conn, held, policy, change=False)
    return _computed(conn, held, then, _without_hindsight(conn, held, policy, then.given)[0]).entries


def _signed_opening(conn: Connection, held: HeldMonth) -> tuple[list[str], pl.DataFrame]:
    """Lines and items that the sign-off of the month before saw open; nothing before a book's first month."""
    row = conn.execute(
        "select signature_id from close.signature where book = %s and month = %s and recorded_at <= %s"
        " order by sequence desc limit 1",
        (held.book.id, str(held.month.previous), held.signed_at),
    ).fetchone()
    if row is None:
        return [], pl.DataFrame(schema=ITEM_SCHEMA)
    lines = conn.execute("select line_id from close.signed_line where signature_id = %s", row).fetchall()
    items = copy_out(conn, query("signed_items"), {"signature": row[0], "book": held.book.id}, ITEM_SCHEMA)
    return [line[0] for line in lines], items


def _shaped(found: pl.DataFrame, changes: pl.DataFrame, book: Book) -> pl.DataFrame:
    moved = difference_entries.effects(changes).filter(pl.col("functional_minor") != 0)
    amounts = [format_money(minor, book.currency) for minor in moved["functional_minor"]]
    by_account = (
        moved.with_columns(pl.Series("amount", amounts, dtype=pl.String))
        .group_by("difference_id", maintain_order=True)
        .agg(accounts=pl.format("{} {}", "code", "amount").str.join("; "))
    )
    counts = difference_entries.counted(changes)
    joined = found.join(by_account, on="difference_id", how="left").join(counts, on="difference_id", how="left")
    whole = joined.with_columns(
        pl.col("entries_added", "entries_removed", "entries_changed").fill_null(0), pl.col("accounts").fill_null("")
    )
    missing = [name for name in DIFFERENCES.names if name not in whole.columns]
    return (
        whole.with_columns(pl.lit(None).alias(name) for name in missing)
        .select(DIFFERENCES.names)
        .cast(DIFFERENCES.schema)
        .sort("cause", "on_day", "table_name", "record_id")
    )


def _nothing() -> Report:
    named = {"difference_id": pl.String(), "book": pl.String(), "month": pl.String()}
    changes = pl.DataFrame(schema={**difference_entries.CHANGES, **named})
    nothing = pl.DataFrame(schema={**difference_entries.EFFECTS, "name": pl.String()})
    return Report(DIFFERENCES.empty(), changes, nothing, pl.DataFrame(schema=DOUBTFUL))


def _together(parts: Sequence[Report]) -> Report:
    whole = [_nothing(), *parts]
    return Report(
        pl.concat([part.differences for part in whole]),
        pl.concat([part.changes for part in whole]),
        pl.concat([part.effects for part in whole]),
        pl.concat([part.doubtful for part in whole]),
    )


def _figures(report: Report, *, closed: bool) -> Figures:
    found = report.differences.unique("difference_id")
    by_cause = dict(found.group_by("cause").len().rows())
    by_status = dict(found.group_by("status").len().rows())
    kinds = (close.LATE, close.CHANGED, close.REMOVED, close.RULE)
    causes: Figures = {name: int(by_cause.get(name, 0)) for name in kinds}
    waiting = sum(int(by_status.get(name, 0)) for name in close.TO_DECIDE)
    figures: Figures = {"row_count": found.height, "closed": int(closed), "to_decide": waiting, **causes}
    return figures | {"doubtful_matches": report.doubtful.height}


def _markdown(report: Report, currencies: dict[str, str], most: int = 100) -> str:
    """One line per difference, those to decide first; then by how much which account would be another."""
    lines = [
        "| month | difference | cause | stands | what | entries | accounts |",
        "|---|---|---|---|---|---|---|",
    ]
    decided = ~pl.col("status").is_in(close.TO_DECIDE)
    shown = report.differences.sort(decided, maintain_order=True)
    for row in shown.head(most).iter_rows(named=True):
        entries = f"+{row['entries_added']} -{row['entries_removed']} ~{row['entries_changed']}"
        what = row["what"].replace("|", "/")
        lines.append(
            f"| {row['book']} {row['month']} | {row['difference_id']} | {row['cause']} | {row['status']} | {what} "
            f"| {entries} | {row['accounts']} |"
        )
    if shown.height > most:
        lines.append(f"\n{shown.height - most:,} more: `finance-pipeline close diff`.")
    totals = (
        report.differences.select("difference_id", "book")
        .unique()
        .join(report.effects, on="difference_id")
        .group_by("book", "code")
        .agg(pl.col("functional_minor").sum())
        .sort("book", "code")
    )
    lines += ["", "| book | account | would be more by |", "|---|---|--:|"]
    lines += [
        f"| {book} | {code} | {format_money(minor, currencies[book])} {currencies[book]} |"
        for book, code, minor in totals.rows()
        if minor
    ]
    lines += [""] + [
        f"- {book} {month}, match {match[:12]} stands and would not be found any more: {words}"
        for book, month, match, words in report.doubtful.head(most).rows()
    ]
    return "\n".join(lines)
