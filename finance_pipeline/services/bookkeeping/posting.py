"""Post: what a book's months should say against what the journal says; only the difference is posted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from finance_pipeline.canonical import schemas
from finance_pipeline.core.identity import digest, new_correlation_id
from finance_pipeline.core.period import BookMonth, Month, by_book, months
from finance_pipeline.core.settings import Book
from finance_pipeline.core.tables import Table
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.ledger import chart, journal, reports
from finance_pipeline.ledger.posting import RULES_VERSION, PostingInputs, Postings, entries_for, together
from finance_pipeline.ledger.posting.manual import MANUAL
from finance_pipeline.ledger.schemas import SETTLED_ITEMS
from finance_pipeline.services import marks, records
from finance_pipeline.services.bookkeeping import accruals, anchoring, approved, opened_books, revaluation, sent
from finance_pipeline.services.closed_months.held import held_months
from finance_pipeline.services.closing import year_end as closing_year_end
from finance_pipeline.services.reconciliation.named_items import named_by, named_items
from finance_pipeline.services.reconciliation.settlements import settlements
from finance_pipeline.services.results import Figures, Materialized
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.sql import query

STAGE = "journal"
HELD = "held journal"
"""What a closed month is noted to be computed from: what was signed and let in, whatever the code is by now."""
_SUBJECT = pl.Schema(dict.fromkeys(journal.SUBJECT, pl.String))
_CARRIED = pl.Schema({"item_id": pl.String, "open_minor": pl.Int64, "open_functional_minor": pl.Int64})


@dataclass(frozen=True)
class AsGiven:
    """What a month is posted from in memory, where that is not what stands."""

    seen: records.AsSigned
    settlements: pl.DataFrame
    """ledger.schemas.SETTLEMENTS."""
    carried_items: pl.DataFrame
    """Items open when the month began, with open_minor and open_functional_minor."""


@dataclass(frozen=True)
class Run:
    """What posts: a run, its correlation id, and the token that tells it from an earlier beginning of the same run."""

    run_id: str
    correlation_id: str
    token: int
    poster: journal.Poster | None = None

    @property
    def given(self) -> dict[str, Any]:
        """What the journal asks of who posts."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def post(
    workspace: Workspace, keys: Sequence[BookMonth], run_id: str, poster: journal.Poster | None = None
) -> dict[str, Materialized]:
    """Post these book-months, and earlier ones whose matches or records changed since they were posted.

    Assets: journal_entries and trial_balance. Posting twice posts nothing the second time. poster: who posts, where a
    person does; soft-closed months that name them take what belongs there.
    """
    entries: dict[str, Figures] = {}
    balances: dict[str, Figures] = {}
    totals = {"new_entries": 0, "reversed": 0, "held": 0}
    correlation_id = new_correlation_id()
    for book_id, wanted in by_book(keys).items():
        book = workspace.settings.book(book_id)
        with workspace.database.transaction() as conn:
            run = Run(run_id, correlation_id, journal.take_token(conn, book_id, run_id), poster)
        for month in months(book.first_month, max(wanted)):
            with workspace.database.transaction() as conn:
                book_lock(conn, book_id)
                figures = _post(conn, book, month, run)
            for name in totals:
                totals[name] += int(figures.get(name, 0))
            if month in wanted:
                entries[str(BookMonth(book_id, month))] = figures
        with workspace.database.transaction() as conn:
            for row in reports.month_totals(conn, book_id, wanted).iter_rows(named=True):
                key = str(BookMonth(book_id, Month.parse(row["month"])))
                entries[key] = {"row_count": row["entries"], **entries[key]}
                balances[key] = {"row_count": row["accounts"]} | {n: row[n] for n in ("debit_minor", "credit_minor")}
    anchoring.note_end(workspace)
    return {
        "journal_entries": Materialized("journal_entries", _rows(entries), entries, dict(totals)),
        "trial_balance": Materialized("trial_balance", _rows(balances), balances),
    }


def _rows(by_partition: dict[str, Figures]) -> int:
    return sum(int(figures["row_count"]) for figures in by_partition.values())


def _post(conn: Connection, book: Book, month: Month, run: Run) -> Figures:
    held = held_months(conn, book)
    if month not in held:
        return _post_if_stale(conn, book, month, run)
    report = post_to_held(conn, book, month, list(held), run)
    return {"new_entries": report.new, "reversed": report.reversed, "held": 0}


def _post_if_stale(conn: Connection, book: Book, month: Month, run: Run) -> Figures:
    """Post one month unless what it rests on is what it was when it was posted."""
    first, last = records.first_and_last(book, month)
    rolled = closing_year_end.opening_roll(conn, book, month)
    inputs = digest(
        marks.canonical_digest(conn, book.id, first, last),
        marks.standing_digest(conn, book.id, month, records.first_day(book, month)),
        marks.rates_digest(conn, month),
        marks.closing_digest(conn, book.id, month.previous),
        revaluation.inputs_digest(conn, book, month),
        accruals.inputs_digest(conn, book, month),
        opened_books.signed(conn, book.id),
        str(rolled.entries.rows()),
        approved.approved_digest(conn, book.id, month),
        RULES_VERSION,
        chart.digest_of(book),
    )
    if marks.mark_of(conn, book.id, month, STAGE) == inputs:
        return {"new_entries": 0, "reversed": 0, "held": 0}
    chart.ensure_accounts(conn, [book])
    wanted = postings_of(conn, book, month, rolled)
    report = journal.publish(conn, book.id, [month], wanted.entries, **run.given)
    marks.set_mark(conn, book.id, month, STAGE, inputs)
    return {"new_entries": report.new, "reversed": report.reversed, "held": wanted.held.height}


def postings_of(conn: Connection, book: Book, month: Month, rolled: Postings | None = None) -> Postings:
    """Every entry that should stand for a month of a book, and what is held: of its records and matches, what its end
    revalues and accrues, and what a fiscal year that it opens takes over. Nothing is written.

    rolled: what the year takes over, where that is known already.
    """
    mine = posted(conn, book, month)
    revalued = revaluation.revaluations(conn, book, month, mine.entries, records.rates(conn))
    accrued = accruals.accrued(conn, book, month)
    opened = rolled or closing_year_end.opening_roll(conn, book, month)
    return together([mine, revalued, accrued, opened])


def held_digest(conn: Connection, book: Book, month: Month) -> str:
    """Digest of what a closed month's journal rests on: what was let in, matches that post to it, what was approved."""
    row = conn.execute(
        "select coalesce(max(decision_seq), 0) from close.difference_decision"
        " where book = %s and verdict in ('let_in', 'adjusted')",
        (book.id,),
    ).fetchone()
    return digest(
        HELD,
        row,
        marks.standing_digest(conn, book.id, month, records.first_day(book, month)),
        approved.approved_digest(conn, book.id, month),
        str(closing_year_end.opening_roll(conn, book, month).entries.rows()),
    )


def post_to_held(conn: Connection, book: Book, month: Month, held: Sequence[Month], run: Run) -> journal.PostingReport:
    """Post to a closed month what people approved for it since, what the fiscal year before left, and what matches of
    open months say of its days: the leg of a transfer that arrived since.

    The month's own entries stay as they are, whatever the rules say by now.
    """
    inputs = held_digest(conn, book, month)
    if marks.mark_of(conn, book.id, month, HELD) == inputs:
        return journal.PostingReport()
    chart.ensure_accounts(conn, [book])
    parameters = {
        "book": book.id, "month": str(month), "first_day": month.first_day, "last_day": month.last_day,
        "held": [str(each) for each in held],
    }  # fmt: skip
    subjects = copy_out(conn, query("later_subjects"), parameters, _SUBJECT)
    wanted = copy_out(conn, query("later_matches"), parameters, pl.Schema({"source_id": pl.String}))
    found = posted(conn, book, month).entries
    rolled = closing_year_end.opening_roll(conn, book, month).entries
    approved_since = found.filter(pl.col("source") == MANUAL)
    entries = pl.concat([found.join(wanted, on="source_id", how="semi"), approved_since, rolled])
    touched = pl.concat([subjects, entries.select(journal.SUBJECT)]).unique()
    report = journal.PostingReport()
    if touched.height:
        report = journal.publish(conn, book.id, [month], entries, subjects=touched, **run.given)
    note_held(conn, book, month, report)
    return report


def note_held(conn: Connection, book: Book, month: Month, report: journal.PostingReport) -> None:
    """Note what a closed month's journal rests on; what was computed on the journal is stale where it changed."""
    inputs = held_digest(conn, book, month)
    marks.set_mark(conn, book.id, month, HELD, inputs)
    if report.new or report.reversed:
        marks.set_mark(conn, book.id, month, STAGE, inputs)


def posted(conn: Connection, book: Book, month: Month, given: AsGiven | None = None) -> Postings:
    """The entries that the records and matches of a month call for, and what is held. Nothing is written."""
    return of_month(entries_for(inputs_of(conn, book, month, given), book), book, month)


def of_month(postings: Postings, book: Book, month: Month) -> Postings:
    """Entries of one month: those that happened in it. The legs of a transfer may be of two; the first month of a book
    takes in what is older.
    """
    day = pl.max_horizontal("effective_on", pl.lit(book.starts_on))
    is_mine = day.is_between(pl.lit(month.first_day), pl.lit(month.last_day))
    return Postings(postings.entries.filter(is_mine), postings.held.filter(is_mine))


def inputs_of(conn: Connection, book: Book, month: Month, given: AsGiven | None = None) -> PostingInputs:
    """Records of the month as they count, or as they are given, and its settlements; tombstones left out."""
    first, last = records.first_and_last(book, month)
    rates = records.rates(conn)
    seen = given.seen if given else records.as_counted(conn, book.id)

    def living(table: Table) -> pl.DataFrame:
        return records.current(conn, table, book.id, first, last, seen=seen).filter(~pl.col("removed"))

    opening = opened_books.opening_rows(conn, book)
    payments = sent.that_count(conn, book, living(schemas.PAYMENTS))
    payments = payments.filter(~pl.col("record_id").is_in(opening["subject"].implode()))
    return PostingInputs(
        bank_transactions=living(schemas.BANK_TRANSACTIONS),
        invoices=living(schemas.INVOICES),
        payments=payments,
        settled_items=_settled_items(conn, book, month, named_by(payments), given, seen),
        balances=_first_balances(conn, book, month, opening),
        settlements=given.settlements if given else settlements(conn, book, month, rates),
        rates=rates,
        journal_lines=approved.approved_lines(conn, book.id, month),
        opening=opening if month == book.first_month else opening.clear(),
    )


def _settled_items(
    conn: Connection, book: Book, month: Month, ids: list[str], given: AsGiven | None, seen: records.Seen
) -> pl.DataFrame:
    """Items that payments of a month settle, with what is open of them when they do (SETTLED_ITEMS).

    Of an item of an earlier month that is what the month before left, of one of this or a later month all but what was
    settled in advance; of one that nothing is open of any more it is the whole.
    """
    if given:
        carried = given.carried_items.select(_CARRIED.names())
    else:
        carried = copy_out(
            conn,
            "select item_id, open_minor, open_functional_minor from recon.open_item"
            " where book = %(book)s and month = %(month)s and item_id = any(%(ids)s)",
            {"book": book.id, "month": str(month.previous), "ids": ids},
            _CARRIED,
        )
    items = named_items(conn, book, ids, seen).join(
        carried, on="item_id", how="left", suffix="_carried", maintain_order="left"
    )
    is_later = pl.col("issued_on") >= month.first_day
    opened = {
        name: pl.coalesce(pl.col(f"{name}_carried") + pl.when(is_later).then(name).otherwise(0), name)
        for name in ("open_minor", "open_functional_minor")
    }
    return items.with_columns(**opened).select(SETTLED_ITEMS.names)


def _first_balances(conn: Connection, book: Book, month: Month, opening: pl.DataFrame) -> pl.DataFrame:
    """The first opening balance ever stated of each bank account that no signed opening opens, if it belongs to this
    month."""
    stated = records.current(conn, schemas.BALANCES, book.id, records.BEFORE_ANY, records.AFTER_ALL).filter(
        ~pl.col("removed") & (pl.col("kind") == "opening")
    )
    opened = [account.id for account in book.bank_accounts if account.gl_account in opening["code"].to_list()]
    stated = stated.filter(~pl.col("account").is_in(opened))
    earliest = stated.sort("balance_on", "record_id").unique("account", keep="first", maintain_order=True)
    first, last = records.first_and_last(book, month)
    return earliest.filter(pl.col("month").is_between(pl.lit(first), pl.lit(last)))
