"""Letting records into closed months: what follows from them, and nothing else, is folded and posted at once.

A closed month is computed twice by the code of today, as it counts and with what is let in; only what differs between
the two is published, so that a newer engine, rule or policy changes nothing in it. Entries keep their effective days
and go to the first open day after. Here too: what late items may do by themselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace

import polars as pl

from finance_pipeline.close import differences as close
from finance_pipeline.core.identity import new_correlation_id
from finance_pipeline.core.period import Month, months
from finance_pipeline.core.settings import Book
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger import chart, journal
from finance_pipeline.ledger.schemas import ENTRIES
from finance_pipeline.matching.month import frames
from finance_pipeline.matching.month.fold import Folded
from finance_pipeline.matching.policy import Policy
from finance_pipeline.services import records
from finance_pipeline.services.bookkeeping import posting, second_documents
from finance_pipeline.services.closed_months.as_found import folded_as_found
from finance_pipeline.services.closed_months.from_nothing import FromNothing, matched_from_nothing
from finance_pipeline.services.closed_months.held import HeldMonth, causes_of, held_months
from finance_pipeline.services.reconciliation import folding, openings, staleness
from finance_pipeline.store.copy import copy_in, copy_out
from finance_pipeline.store.sql import query

BY_ITSELF = "finance-pipeline"
"""Who lets in what is late and small: nobody in particular."""


@dataclass(frozen=True)
class LetIn:
    """What letting records in changed."""

    records: int = 0
    new_matches: int = 0
    retracted: int = 0
    new_entries: int = 0
    reversed: int = 0

    def __add__(self, other: LetIn) -> LetIn:
        return LetIn(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def let_in_late(conn: Connection, book: Book, policy: Policy) -> LetIn:
    """Let in what is late, within the book's limit and of the fiscal year of the first open day; and follow what people
    undid in closed months since. Where nothing is due this is a query or two.
    """
    held = held_months(conn, book)
    if not held:
        return LetIn()
    late = _late(conn, book, held)
    undone = conn.execute(query("undone_since"), {"book": book.id, "months": [str(m) for m in held]}).fetchall()
    if late.is_empty() and not undone:
        return LetIn()
    affected = [*late["month"].to_list(), *(row[0] for row in undone)]
    return let_in(conn, book, policy, late, min(map(Month.parse, affected)), "late items")


def _late(conn: Connection, book: Book, held: dict[Month, HeldMonth]) -> pl.DataFrame:
    """Late records that wait for nobody, as decisions."""
    waiting = records.withheld(conn, book.id)
    if waiting.is_empty():
        return decided_frame(waiting, book, "", held)
    first_open = conn.execute("select ledger.first_open_month(%s, %s)", (book.id, max(held).first_day)).fetchone()
    touched = {max(month, str(book.first_month)) for month in waiting["month"]}
    open_year = fiscal_year(book, Month.of(first_open[0])) if first_open and first_open[0] else None
    found = [
        causes_of(conn, each)
        for month, each in held.items()
        if fiscal_year(book, month) == open_year and str(month) in touched
    ]
    small = pl.col("amount_minor").abs() <= book.ledger.late_item_limit_minor
    counts = ~pl.col("record_id").is_in(second_documents.held(conn, book.id))
    is_due = (pl.col("cause") == close.LATE) & (pl.col("status") == close.WAITING) & small & counts
    due = [each.filter(is_due) for each in found]
    reason = "late, within the limits of the book and of the fiscal year of the open month"
    return decided_frame(_within_limit(conn, book, pl.concat(due)) if due else pl.DataFrame(), book, reason, held)


def _within_limit(conn: Connection, book: Book, due: pl.DataFrame) -> pl.DataFrame:
    """Late records by day as far as those of a closed month, with what was let in before, stay within the limit for all
    together. What is beyond waits, and so does what is after it."""
    statement = """
        select month, sum(abs(amount_minor))::bigint as before_minor from close.held_month
        join close.difference_decision using (book, month, signature_id)
        where book = %(book)s and verdict = 'let_in' group by month
    """
    before = copy_out(conn, statement, {"book": book.id}, pl.Schema({"month": pl.String, "before_minor": pl.Int64}))
    together = pl.col("amount_minor").abs().cum_sum().over("month") + pl.col("before_minor").fill_null(0)
    return (
        due.join(before, on="month", how="left", maintain_order="left")
        .sort("month", "on_day", "record_id")
        .filter(together <= book.ledger.late_items_limit_minor)
        .drop("before_minor")
    )


def fiscal_year(book: Book, month: Month) -> int:
    """Fiscal year of a month, named after the calendar year in which it ends."""
    return month.year + (book.fiscal_year_starts_month > 1 and month.number >= book.fiscal_year_starts_month)


def decided_frame(
    causes: pl.DataFrame,
    book: Book,
    reason: str,
    held: dict[Month, HeldMonth],
    *,
    verdict: str = "let_in",
    actor: str = BY_ITSELF,
) -> pl.DataFrame:
    """Decisions on some differences (held.causes_of), as close.difference_decision takes them."""
    if causes.is_empty():
        return pl.DataFrame(schema={"month": pl.String})
    signed = {str(month): each.signature_id for month, each in held.items()}
    seen = ("cause", "on_day", "currency", "stated_minor", "amount_minor", "what", "counted_version")
    shown = [json.dumps(row, default=str, sort_keys=True) for row in causes.select(seen).iter_rows(named=True)]
    return causes.select(
        "difference_id", "book", "month", "table_name", "record_id", "version", "cause", "amount_minor",
        pl.col("month").replace_strict(signed, return_dtype=pl.String).alias("signature_id"),
        pl.Series("seen", shown, dtype=pl.String),
        verdict=pl.lit(verdict),
        limit_minor=pl.lit(book.ledger.late_item_limit_minor),
        together_limit_minor=pl.lit(book.ledger.late_items_limit_minor),
        proposed_by=pl.when(pl.col("status") == "proposed").then("actor"),
        actor=pl.lit(actor),
        reason=pl.lit(reason),
    )  # fmt: skip


def let_in(
    conn: Connection, book: Book, policy: Policy, decided: pl.DataFrame, first: Month, run_id: str, *,
    by_a_person: bool = False,
) -> LetIn:  # fmt: skip
    """Record these decisions (decided_frame) and publish what follows from them in the closed months from one on.

    In the caller's transaction, which holds the book's lock. by_a_person: matches that stand are taken back too where
    they were found of the records as they were signed, or since any were let in, and would not be any more; nothing
    else may do that.
    """
    touched, held = _touched(conn, book, decided), held_months(conn, book)
    earliest = min([str(first), *touched, *(_not_followed(conn, book) if by_a_person else ())])
    chain = [month for month in held if str(month) >= earliest]
    chart.ensure_accounts(conn, [book])
    done, now = LetIn(decided.height), None
    entries = {month: _entries(conn, book, month) for month in chain}
    if by_a_person:
        span = _span(conn, book, chain)
        known = matched_from_nothing(conn, book, policy, span, held).allocations
        unwanted = dict.fromkeys(chain, _never_stood(conn, book, known))
        _record(conn, decided, run_id)
        now = matched_from_nothing(conn, book, policy, span, {})
        done += LetIn(retracted=_take_back(conn, book, span[0], known, now.allocations))
    else:
        unwanted = {month: _found_anyway(conn, book, policy, month) for month in chain}
        _record(conn, decided, run_id)
    correlation_id, carried_changed = new_correlation_id(), True
    for month in chain:
        before, closing, _ = _state(conn, book, month)
        if carried_changed or str(month) in touched or before == "":
            folded = _fold(conn, book, policy, month, unwanted[month], now)
            done += _published(conn, book, month, folded, posting.HELD)
            carried_changed = folded.closing.digest != closing
        report = _post(conn, book, month, entries[month], run_id, correlation_id)
        done += LetIn(new_entries=report.new, reversed=report.reversed)
    if now is not None and unwanted[chain[0]].filter(pl.col("month").is_in([str(month) for month in chain])).is_empty():
        done += _fold_open(conn, book, policy, [month for month in span if month not in held], now)
    return done


def _published(conn: Connection, book: Book, month: Month, folded: Folded, inputs: str) -> LetIn:
    """Make a folded month the one that stands. inputs: digest of what it was folded from."""
    folding.publish(conn, book.id, month, folded, inputs, new_correlation_id())
    return LetIn(new_matches=folded.new.matches.height, retracted=folded.kept.retractions.height)


def _record(conn: Connection, decided: pl.DataFrame, run_id: str) -> None:
    copy_in(conn, "close.difference_decision", decided.with_columns(run_id=pl.lit(run_id)))


def _not_followed(conn: Connection, book: Book) -> list[str]:
    """Months of late items of which nobody drew what follows for matches that stand: since the last adjustment."""
    rows = conn.execute(
        """
        select distinct month from close.difference_decision as late
        where book = %(book)s and verdict = 'let_in' and not exists (
            select from close.difference_decision as later
            where later.book = late.book and later.verdict = 'adjusted' and later.decision_seq > late.decision_seq
        )
        """,
        {"book": book.id},
    ).fetchall()
    return [row[0] for row in rows]


def _span(conn: Connection, book: Book, chain: list[Month]) -> list[Month]:
    """The months from the first of some closed ones to the last that was folded."""
    row = conn.execute("select max(month) from recon.month where book = %s", (book.id,)).fetchone()
    return months(chain[0], max(chain[-1], Month.parse(row[0]) if row else chain[-1]))


def _never_stood(conn: Connection, book: Book, found: pl.DataFrame) -> pl.DataFrame:
    """Of what would be found of the records as they were signed (from_nothing) what never was: newer rules find it, or
    it was looked for beside matches that stood by then."""
    statement = "select distinct match_id from recon.match where book = %(book)s and match_id = any(%(matches)s)"
    parameters = {"book": book.id, "matches": found["match_id"].unique().to_list()}
    stood = copy_out(conn, statement, parameters, pl.Schema({"match_id": pl.String}))
    return found.join(stood, on="match_id", how="anti")


def _take_back(conn: Connection, book: Book, first: Month, known: pl.DataFrame, now: pl.DataFrame) -> int:
    """Retract what stands, from a month on, and would not be found now, but was found of the records as they were
    signed, or since records were let in."""
    ids = {"known": known["match_id"].unique().to_list(), "now": now["match_id"].unique().to_list()}
    parameters = {"book": book.id, "month": str(first), **ids}
    stale = copy_out(conn, query("standing_among"), parameters, frames.RETRACTION_SCHEMA)
    folding.publish_retractions(conn, book.id, "", stale, new_correlation_id())
    return stale.height


def _touched(conn: Connection, book: Book, decided: pl.DataFrame) -> set[str]:
    """Months that the records let in are of, and that they were of as they counted."""
    held_back = records.withheld(conn, book.id)
    if decided.is_empty():
        return set()
    of = held_back.join(decided.select("table_name", "record_id"), on=["table_name", "record_id"], how="semi")
    first = str(book.first_month)
    return {max(month, first) for month in (*of["month"], *of["counted_month"]) if month is not None}


def _found_anyway(conn: Connection, book: Book, policy: Policy, month: Month) -> pl.DataFrame:
    """What the engine would find in a closed month now though no record changed (frames.ACCEPTED_ALLOCATION)."""
    given = openings.given(conn, book, policy, month)
    decided = openings.decisions(conn, book.id, month, _state(conn, book, month)[2])
    return folding.folded(conn, book, policy, replace(given, decisions=decided)).new.allocations


def _state(conn: Connection, book: Book, month: Month) -> tuple[str, str, str]:
    """What a month was folded from, what it closed with and when."""
    return staleness.state_of(conn, book.id, month) or ("", "", records.NOW)


def _entries(conn: Connection, book: Book, month: Month) -> pl.DataFrame:
    """What the month's records and matches call for, without what its end revalues."""
    return posting.posted(conn, book, month).entries


def _fold(
    conn: Connection, book: Book, policy: Policy, month: Month, unwanted: pl.DataFrame, now: FromNothing | None
) -> Folded:
    """A month folded again, but for what is unwanted (frames.ACCEPTED_ALLOCATION). now: where it is given, nothing else
    is new."""
    given, unwanted = openings.given(conn, book, policy, month), unwanted.select(frames.ACCEPTED_ALLOCATION.names())
    if now is not None:
        return folded_as_found(conn, book, policy, month, given, unwanted, now)
    return folding.folded(conn, book, policy, folding.declining(given, unwanted))


def _fold_open(conn: Connection, book: Book, policy: Policy, open_months: list[Month], now: FromNothing) -> LetIn:
    """Fold the open months that are stale by now as they were found from nothing too.

    By itself a run would find there, beside what stands, what was taken back a moment ago.
    """
    done = LetIn()
    for month in open_months:
        inputs = staleness.inputs_of(conn, book, policy, month)
        if _state(conn, book, month)[0] != inputs:
            folded = _fold(conn, book, policy, month, now.allocations.clear(), now)
            done += _published(conn, book, month, folded, inputs)
    return done


def _post(
    conn: Connection, book: Book, month: Month, before: pl.DataFrame, run_id: str, correlation_id: str
) -> journal.PostingReport:
    """Publish the entries of a closed month that are others than before."""
    after = _entries(conn, book, month)
    subject = list(journal.SUBJECT)
    both = pl.concat([before.with_columns(side=pl.lit("before")), after.with_columns(side=pl.lit("after"))])
    compared = [name for name in ENTRIES.names if name not in ("description", "accounting_on", "evidence_hash", "rule")]
    once = both.filter(~pl.struct(compared).is_duplicated())
    report = journal.PostingReport()
    if once.height:
        report = journal.publish(
            conn, book.id, [month], after, run_id=run_id, correlation_id=correlation_id,
            subjects=once.select(subject).unique(),
        )  # fmt: skip
    posting.note_held(conn, book, month, report)
    return report
