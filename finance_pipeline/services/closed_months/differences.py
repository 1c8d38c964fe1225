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
from finance_pipeline.ledger.rates import functional
from finance_pipeline.ledger.schemas import ENTRIES
from finance_pipeline.matching.month.candidates import ITEM_SCHEMA
from finance_pipeline.matching.month.fold import Folded
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services import records
from finance_pipeline.services.bookkeeping import posting
from finance_pipeline.services.closed_months.held import HeldMonth, causes_of, held_months
from finance_pipeline.services.intake.canonicalize import SOURCES_OF
from finance_pipeline.services.reconciliation import folding, openings
from finance_pipeline.services.reconciliation.policies import policy_of
from finance_pipeline.services.reconciliation.settlements import settlements
from finance_pipeline.services.results import Figures, Materialized
from finance_pipeline.services.tables import DIFFERENCES
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_OPENING = "opening_balance"
"""Rule of the one entry of a bank account's first balance."""
_SOURCES = sorted({"match", *(source for sources in SOURCES_OF.values() for source in sources)})

DOUBTFUL = pl.Schema({"book": pl.String, "month": pl.String, "match_id": pl.String, "words": pl.String})


@dataclass(frozen=True)
class Report:
    """What some closed months would be today."""

    differences: pl.DataFrame
    """tables.DIFFERENCES."""
    changes: pl.DataFrame
    """difference_entries.CHANGES with difference_id, book and month: the entries that differ."""
    effects: pl.DataFrame
    """difference_entries.EFFECTS: by how much which account's balance."""
    doubtful: pl.DataFrame
    """DOUBTFUL: matches that stand and that nobody would find any more. An adjustment takes them back."""


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
    as_signed = computed(conn, held, policy, newest=False)
    today = computed(conn, held, policy, newest=True) if found.height else as_signed
    of_records = difference_entries.attributed(
        difference_entries.compared(as_signed.entries, today.entries),
        pl.concat([as_signed.links, today.links]).unique(),
        found.select("difference_id", "record_id"),
    )
    mine = pl.col("source").is_in(_SOURCES) | (pl.col("rule") == _OPENING)
    of_rules = _of_rules(difference_entries.compared(_signed(conn, held), as_signed.entries.filter(mine)), held)
    changes = pl.concat([of_records, of_rules])
    both = pl.concat([found, _rule_causes(of_rules, held)], how="diagonal")
    shaped = _shaped(both, changes, book)
    named = changes.with_columns(book=pl.lit(book.id), month=pl.lit(str(held.month)))
    doubtful = _doubtful(conn, held, policy, changes) if found.height else pl.DataFrame(schema=DOUBTFUL)
    return Report(shaped, named, difference_entries.effects(changes), doubtful)


def _doubtful(conn: Connection, held: HeldMonth, policy: Policy, changes: pl.DataFrame) -> pl.DataFrame:
    """Matches of a closed month that stand, and would be found of the records that were signed but not of those that
    are known now (DOUBTFUL). Those that the records themselves contradict are among the changes already."""
    then, now = (
        _folded(conn, held, policy, newest=newest, from_nothing=True).new.matches.select("match_id")
        for newest in (False, True)
    )
    contradicted = changes.filter(pl.col("source") == "match", pl.col("change") == difference_entries.GONE)
    gone = then.join(now, on="match_id", how="anti").join(
        contradicted, left_on="match_id", right_on="source_id", how="anti"
    )
    return copy_out(
        conn,
        "select book, month, match_id, words from recon.standing"
        " where book = %(book)s and month = %(month)s and match_id = any(%(matches)s) order by match_id",
        {"book": held.book.id, "month": str(held.month), "matches": gone["match_id"].to_list()},
        DOUBTFUL,
    )


def _folded(conn: Connection, held: HeldMonth, policy: Policy, *, newest: bool, from_nothing: bool = False) -> Folded:
    """A closed month folded from its own signed opening, on the matches that stood at its sign-off or on none."""
    book, month, seen = held.book, held.month, held.seen(newest=newest)
    lines, items = _signed_opening(conn, held)
    opening = openings.opening_of(conn, book, month, lines, items, seen)
    standing = openings.standing(conn, book.id, month, policy, held.signed_at)
    past = openings.past_without(standing.past, opening.lines)
    standing = replace(standing, past=past, here=standing.here.clear() if from_nothing else standing.here)
    given = openings.given_of(
        conn, book, policy, month, opening, standing,
        decisions=openings.decisions(conn, book.id, month, held.signed_at), taught_until=month, seen=seen,
    )  # fmt: skip
    return folding.folded(conn, book, policy, given)


def computed(conn: Connection, held: HeldMonth, policy: Policy, *, newest: bool) -> _Computed:
    """A closed month from its own signed opening, in memory."""
    book, month, seen = held.book, held.month, held.seen(newest=newest)
    _, items = _signed_opening(conn, held)
    done = _folded(conn, held, policy, newest=newest)
    rates = records.rates(conn)
    stood = settlements(conn, book, month, rates, held.signed_at)
    kept = stood.join(done.kept.retractions, on="match_id", how="anti", maintain_order="left")
    new = done.new.allocations.join(done.new.matches.select("match_id", "rule", "matched_on"), on="match_id")
    new = functional(
        new, rates, book, amount="line_amount_minor", currency="line_currency", on="line_on",
        into="line_functional_minor",
    )  # fmt: skip
    settled = pl.concat([kept, new.select(kept.columns)])
    postings = posting.posted(conn, book, month, posting.AsGiven(seen, settled, items))
    matches = {"matches": settled["match_id"].unique().to_list()}
    allocated = copy_out(conn, query("allocated_records"), matches, difference_entries.LINKS)
    found = [
        done.new.allocations.select(source_id="match_id", record_id=name).drop_nulls()
        for name in ("line_id", "item_id", "other_line_id")
    ]
    return _Computed(postings.entries, pl.concat([allocated, *found]).unique())


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


def _signed(conn: Connection, held: HeldMonth) -> pl.DataFrame:
    """The entries that stood for a month when it was signed (ledger.schemas.ENTRIES)."""
    first = held.month.first_day
    parameters = {
        "book": held.book.id, "first_day": first, "last_day": held.month.last_day, "position": held.seal_position,
        "sources": _SOURCES, "opening": _OPENING,
    }  # fmt: skip
    return copy_out(conn, query("signed_entries"), parameters, ENTRIES.schema)


def _of_rules(changes: pl.DataFrame, held: HeldMonth) -> pl.DataFrame:
    """Changes that no record explains, each a difference of its own."""
    book, month = held.book.id, str(held.month)
    ids = [
        close.difference_id(book, month, close.RULE, "/".join(subject), 0)
        for subject in changes.select(difference_entries.SUBJECT).iter_rows()
    ]
    return changes.with_columns(pl.Series("difference_id", ids, dtype=pl.String))


def _rule_causes(changes: pl.DataFrame, held: HeldMonth) -> pl.DataFrame:
    what = pl.format("{}: no record of it changed, but rules, code, rates or what was learnt since", "description")
    return changes.select(
        "difference_id", "record_id", "currency", what=what, cause=pl.lit(close.RULE), status=pl.lit(close.WAITING),
        table_name=pl.lit("entry"), on_day="effective_on", version=pl.lit(0, pl.Int32),
        book=pl.lit(held.book.id), month=pl.lit(str(held.month)),
    )  # fmt: skip


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
    nothing = pl.DataFrame(schema=difference_entries.EFFECTS)
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
    found = report.differences
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
