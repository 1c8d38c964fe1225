"""Evidence becomes canonical records: read what changed, map it, publish new versions in one transaction.

A mark per book, source and month says up to which landed version evidence was mapped, and by which mapper over which
accounts; a new mapper version or a newly bound account maps the month again. Nothing is overwritten: a record whose
canonical content changed gets a version, one that did not gets nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
from psycopg import sql

from finance_pipeline.canonical import registry, schemas
from finance_pipeline.canonical.mapped import Mapped
from finance_pipeline.core.identity import digest, record_id
from finance_pipeline.core.period import BookMonth, Month, by_book, months
from finance_pipeline.core.settings import Book, Settings
from finance_pipeline.landing.manifest import Connection, note_unfit
from finance_pipeline.services.calendar import last_month
from finance_pipeline.services.intake.publishing import STANDING, Place, bury, publish
from finance_pipeline.services.results import Figures, Materialized
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.sql import query

SOURCES_OF = {
    "bank_transaction": ("plaid", "camt053"),
    "invoice": ("xero",),
    "payment": ("stripe", "xero"),
    "balance": ("plaid", "camt053", "stripe"),
    "party": ("xero", "stripe"),
}
ASSET_OF = {
    "bank_transaction": "bank_transactions",
    "invoice": "invoices",
    "payment": "payments",
    "balance": "stated_balances",
    "party": "parties",
}
_LANDED = pl.Schema(
    {
        "kind": pl.String,
        "source_id": pl.String,
        "account": pl.String,
        "accounting_on": pl.Date,
        "removed": pl.Boolean,
        "content_hash": pl.String,
        "file_hash": pl.String,
        "seq": pl.Int64,
    }
)


@dataclass(frozen=True)
class Feed:
    """Where a book's records of one source come from."""

    source: str
    connection_ids: list[str]
    accounts: list[str] | None
    """Accounts within the connection that belong to the book; None: all of them."""
    mapper_version: int

    @property
    def digest(self) -> str:
        return digest(self.mapper_version, *self.connection_ids, *(self.accounts or ["all"]))


@dataclass(frozen=True)
class Step:
    """One mapping of a source's news of some months of a book; a replay does it again."""

    book: Book
    feed: Feed
    months: list[Month]
    up_to_seq: int


def canonicalize(workspace: Workspace, table: str, keys: Sequence[BookMonth]) -> Materialized:
    """Map what landed for these books and publish it. Rows reported are current, of these months, without tombstones.

    Whatever months are asked for, every month of their books is mapped: months that arrive in any order then give the
    same books, and what a processor held on a day, which is its balance now less all that followed, is known at once.
    """
    by_partition: dict[str, Figures] = {}
    new_versions = 0
    for book_id, wanted in by_book(keys).items():
        book = workspace.settings.book(book_id)
        every = months(book.first_month, max(last_month(book), *wanted))
        with workspace.database.transaction() as conn:
            book_lock(conn, book_id)
            for source in SOURCES_OF[table]:
                feed = feed_of(workspace.settings, book, source)
                if feed.connection_ids:
                    new_versions += _map_and_note(workspace, conn, Step(book, feed, every, _last_landed(conn)))
            by_partition |= _row_counts(conn, table, book_id, wanted)
    row_count = sum(int(figures["row_count"]) for figures in by_partition.values())
    return Materialized(ASSET_OF[table], row_count, by_partition, {"new_versions": new_versions})


def feed_of(settings: Settings, book: Book, source: str) -> Feed:
    """Where a book's records of a source come from, as the settings say now."""
    version = registry.mapper_version(source)
    if source == "xero":
        return Feed(source, [book.accounting] if book.accounting else [], None, version)
    if source == "stripe":
        return Feed(source, sorted({account.feed for account in book.processor_accounts}), None, version)
    if source == "camt053":
        connections = sorted(c.id for c in settings.connections if c.kind == "camt053")
        return Feed(source, connections, sorted(s for a in book.bank_accounts for s in a.statement_ids), version)
    fed = [a for a in book.bank_accounts if a.feed and settings.connection(a.feed).kind == source]
    return Feed(source, sorted({a.feed for a in fed if a.feed}), sorted(a.external_id for a in fed), version)


def _map_and_note(workspace: Workspace, conn: Connection, step: Step) -> int:
    """Map a source's news; what did not fit, and that it was mapped at this point, is noted."""
    news = map_news(workspace, conn, step, STANDING)
    if news is None:
        return 0
    feed = step.feed
    note_unfit(conn, feed.connection_ids[0], news.unfit.select("kind", "source_id", "content_hash", "reason").rows())
    conn.execute(
        """
        insert into landing.mapping_step
            (book, source, connections, accounts, mapper_version, last_month, up_to_seq)
        values (%s, %s, %s, %s, %s, %s, %s)
        """,
        (
            step.book.id, feed.source, feed.connection_ids, feed.accounts, feed.mapper_version, str(step.months[-1]),
            step.up_to_seq,
        ),
    )  # fmt: skip
    return news.new_versions


@dataclass(frozen=True)
class News:
    """What a step gave. unfit: the source records left out (canonical.mapped.UNFIT)."""

    new_versions: int
    unfit: pl.DataFrame


def map_news(workspace: Workspace, conn: Connection, step: Step, place: Place) -> News | None:
    """Map what landed for a step since the marks of a place, and publish it there; None where nothing did."""
    book, feed = step.book, step.feed
    parameters = _mark_parameters(book, feed, step.months) | {"up_to_seq": step.up_to_seq}
    landed = copy_out(conn, _over_marks("landed_news", place), parameters, _LANDED)
    news = None
    if landed.height:
        living = landed.filter(~pl.col("removed"))
        evidence = _whole_evidence(workspace, conn, step, living, place)
        mapped = registry.map_evidence(feed.source, evidence, book)
        new_versions = sum(publish(conn, schemas.RECORDS[name], frame, place) for name, frame in mapped.tables.items())
        gone = landed.filter("removed").select("kind", "source_id").rows()
        buried = [record_id(book.id, feed.source, kind, source_id) for kind, source_id in gone]
        new_versions += bury(conn, [*buried, *_no_longer_listed(conn, book, mapped, place)], place)
        news = News(new_versions, mapped.unfit)
    set_marks(conn, step, place)
    return news


def waiting_count(conn: Connection, settings: Settings, book: Book, month: Month) -> int:
    """Landed records of a book up to a month that were not mapped yet."""
    waiting = 0
    for source in sorted({source for sources in SOURCES_OF.values() for source in sources}):
        feed = feed_of(settings, book, source)
        if feed.connection_ids:
            up_to = {"up_to_seq": _last_landed(conn)}
            parameters = _mark_parameters(book, feed, months(book.first_month, month)) | up_to
            waiting += copy_out(conn, _over_marks("landed_news", STANDING), parameters, _LANDED).height
    return waiting


def set_marks(conn: Connection, step: Step, place: Place) -> None:
    """Note at a place that a step was made."""
    parameters = _mark_parameters(step.book, step.feed, step.months) | {"up_to_seq": step.up_to_seq}
    conn.execute(_over_marks("set_mapping_marks", place), parameters)


def _over_marks(name: str, place: Place) -> sql.Composed:
    """A query over the marks of a place."""
    return sql.SQL(query(name)).format(marks=sql.Identifier(*place.marks))


def _last_landed(conn: Connection) -> int:
    """Sequence number of the last landed version; taken first, so that what lands meanwhile is left for next time."""
    row = conn.execute("select coalesce(max(seq), 0) from landing.record").fetchone()
    return int(row[0]) if row else 0


def _mark_parameters(book: Book, feed: Feed, wanted: list[Month]) -> dict[str, object]:
    first_days = ["0001-01-01" if m <= book.first_month else m.first_day.isoformat() for m in wanted]
    return {
        "book": book.id,
        "source": feed.source,
        "digest": feed.digest,
        "connections": feed.connection_ids,
        "accounts": feed.accounts,
        "months": [str(m) for m in wanted],
        "first_days": first_days,
        "last_days": [m.last_day.isoformat() for m in wanted],
    }


def _whole_evidence(
    workspace: Workspace, conn: Connection, step: Step, landed: pl.DataFrame, place: Place
) -> pl.DataFrame:
    """The evidence of landed records, and of those that they lend words to or borrow words from.

    A payout says of its movements which payout carries them, an invoice what paid it, a charge whom its refunds go to;
    each may be landed long after the other or before: what is mapped must not depend on what arrived together.
    """
    feed, evidence = step.feed, _evidence(workspace, conn, landed)
    lenders = registry.lenders(feed.source)
    if not lenders or evidence.is_empty():
        return evidence
    identity, news = ["kind", "source_id"], evidence

    def latest(named: pl.DataFrame, kind: str = "", window: tuple[date, date] | None = None) -> pl.DataFrame:
        """What is named, or is of a kind and a window of days, and is not there yet."""
        first_day, last_day = window or (None, None)
        asked: dict[str, object] = {"kind": kind, "first_day": first_day, "last_day": last_day}
        asked |= {"named_kinds": named["kind"].to_list(), "named_ids": named["source_id"].to_list()}
        asked |= {"connections": feed.connection_ids, "up_to_seq": step.up_to_seq}
        return copy_out(conn, query("landed_latest"), asked, _LANDED).join(landed, on=identity, how="anti")

    while news.height:
        along = pl.concat([registry.borrowers(feed.source, news), _standing_under(conn, step, news, place)])
        more = latest(along.unique(maintain_order=True).join(landed, on=identity, how="anti"))
        news = _evidence(workspace, conn, more)
        landed, evidence = pl.concat([landed, more]), pl.concat([evidence, news])
    days = landed.filter(~pl.col("kind").is_in(list(lenders)))["accounting_on"].drop_nulls().to_list()
    for kind, (before, after) in lenders.items() if days else ():
        window = min(days) - timedelta(days=before), max(days) + timedelta(days=after)
        evidence = pl.concat([evidence, _evidence(workspace, conn, latest(landed.clear(), kind, window))])
    return evidence


def _standing_under(conn: Connection, step: Step, news: pl.DataFrame, place: Place) -> pl.DataFrame:
    """Movements (kind, source_id) whose payments stand at a place and say one of the ids that news say."""
    names = registry.names(step.feed.source, news)
    of_movements = record_id(step.book.id, step.feed.source, "balance_transaction", "")
    statement = sql.SQL(
        """
        select distinct 'balance_transaction' as kind, substr(record_id, length(%(of_movements)s) + 1) as source_id
        from {current} cross join unnest("references") as said (name)
        where book = %(book)s and source = %(source)s and starts_with(record_id, %(of_movements)s)
            and name = any(%(names)s)
        order by source_id
        """
    ).format(current=sql.Identifier(place.schema, "payment_current"))
    asked = {"book": step.book.id, "source": step.feed.source, "of_movements": of_movements, "names": names}
    return copy_out(conn, statement, asked, pl.Schema({"kind": pl.String, "source_id": pl.String}))


def _evidence(workspace: Workspace, conn: Connection, landed: pl.DataFrame) -> pl.DataFrame:
    """The payloads of landed records, read from the landed files by their hash, beside the manifest's own columns."""
    if landed.is_empty():
        return landed.with_columns(payload=pl.lit(None, pl.String)).drop("file_hash", "seq")
    content, listed = "content_hash", landed["file_hash"].unique(maintain_order=True).to_list()
    named = conn.execute("select content_hash, path from landing.file where content_hash = any(%s)", (listed,))
    paths: dict[str, str] = dict(named.fetchall())
    files = workspace.landing.read([paths[each] for each in listed]).select(content, "payload")
    payloads = files.join(landed.lazy().select(content), on=content, how="semi").collect()
    found = landed.join(payloads, on=content, how="left", maintain_order="left")
    if found.height != landed.height:
        # A record that was said twice. Not `unique`, which groups whole rows: the payloads are large.
        payloads = payloads.filter(pl.col(content).is_first_distinct())
        found = landed.join(payloads, on=content, how="left", maintain_order="left")
    if found["payload"].has_nulls():
        missing = found.filter(pl.col("payload").is_null()).row(0, named=True)
        where = paths[missing["file_hash"]]
        raise LookupError(f"{missing['kind']} {missing['source_id']} is listed but not in {where}")
    return found.drop("file_hash", "seq")


def _no_longer_listed(conn: Connection, book: Book, mapped: Mapped, place: Place) -> list[str]:
    """Allocations that stand and that the record which listed them, mapped just now, lists no more."""
    if not mapped.families:
        return []
    statement = sql.SQL(
        """
        select record_id from {current}
        where book = %(book)s and kind = 'allocation' and not removed
            and regexp_replace(record_id, '[^/]*$', '') = any(%(families)s) and record_id <> all(%(listed)s)
        """
    ).format(current=sql.Identifier(place.schema, "payment_current"))
    listed = mapped.tables["payment"].filter(pl.col("kind") == "allocation")["record_id"].to_list()
    found = conn.execute(statement, {"book": book.id, "families": mapped.families, "listed": listed}).fetchall()
    return [row[0] for row in found]


def _row_counts(conn: Connection, table: str, book_id: str, wanted: list[Month]) -> dict[str, Figures]:
    """Current rows of each wanted month; parties have no month of their own and count in every one."""
    statement = sql.SQL(
        "select month, count(*) from canonical.{current} where book = %s and not removed group by month"
    ).format(current=sql.Identifier(f"{table}_current"))
    counts: dict[str, int] = dict(conn.execute(statement, (book_id,)).fetchall())
    everything = sum(counts.values())
    return {
        str(BookMonth(book_id, m)): {"row_count": everything if table == "party" else counts.get(str(m), 0)}
        for m in wanted
    }
