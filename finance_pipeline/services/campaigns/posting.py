"""What posting costs: entries with every check and seal, beside a bare COPY of the same posting rows, in one run.

Costs are CPU time of the whole server (all its processes) and of this process together: on a machine that has other
things to do, it says more than the clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import psutil

from finance_pipeline.core.period import Month
from finance_pipeline.core.problems import PermanentProblem
from finance_pipeline.core.settings import BankAccount, Book
from finance_pipeline.ledger import journal, proof, reports
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.ledger.schemas import ENTRIES
from finance_pipeline.services.campaigns.attacks.by_hand import write
from finance_pipeline.services.campaigns.own_database import database_of_its_own, superuser_of
from finance_pipeline.store.address import Connection
from finance_pipeline.store.copy import copy_in
from finance_pipeline.store.database import Database
from finance_pipeline.store.place import place_of
from finance_pipeline.store.postmaster import running_in

MOST_AT_ONCE = 1_000_000
"""Postings of one run with the bare COPY beside it; more are added without it."""
_ENTRIES_PER_MILLION = 400_000
_SINGLE_ENTRIES = 500
_YEAR = 2026
_NEW_YEAR_DAY = (date(_YEAR, 1, 1) - date(1970, 1, 1)).days
_BARE = """
    create schema bare;
    create table bare.posting (
        entry_id uuid, batch_id bigint, book text, fiscal_year integer, number bigint, effective_on date,
        accounting_on date, currency text, account_id integer, amount_minor bigint, functional_minor bigint,
        description text, source text, source_id text, purpose text, version integer, evidence_id text,
        evidence_hash text, match_id text, rule text, run_id text, correlation_id text
    )
"""


@dataclass(frozen=True)
class Cost:
    """One measured piece of work."""

    what: str
    milliseconds: int
    cpu_ms: int
    postings: int


@dataclass(frozen=True)
class PostingFigures:
    """bare: COPY without checks. checked: two writers, a book each. published: the journal writer, with its plan."""

    bare: Cost
    checked: Cost
    published: Cost
    single_us: list[int]
    """One entry in a transaction of its own: microseconds from opening its batch to its commit, sorted."""
    verified: Cost
    trial_balance: Cost
    entries: int


def measure_posting(postings: int) -> PostingFigures:
    """Post so many in a database of its own, and read them back. Of all but the first, every check is on."""
    at_once = min(postings, MOST_AT_ONCE)
    with database_of_its_own() as (home, database):
        meter = _Meter(home)
        books = [_opened(database, name) for name in ("one", "two", "published")]
        halves = [_entries(database, book, at_once // 2) for book in books[:2]]
        bare = _bare(home, database, meter, halves)
        with (
            meter.of("entries with every check and seal, two writers", at_once) as checked,
            ThreadPoolExecutor(2) as writers,
        ):
            list(writers.map(lambda half: _copied(database, half), halves))
        published = _published(database, meter, books[2], at_once)
        for chunk in range(2 * MOST_AT_ONCE, postings, MOST_AT_ONCE):
            _copied(database, _entries(database, books[0], min(MOST_AT_ONCE, postings - chunk), first=chunk))
        single = _single(database, books[1])
        with database.transaction(role="reader") as conn:
            total = conn.execute(
                "select count(*)::int, coalesce(sum(cardinality(accounts)), 0)::bigint from ledger.entry"
            ).fetchone()
            entries, lines = total or (0, 0)
            with meter.of("verify: everything recomputed from the entries", lines) as verified:
                report = proof.verify_all(database)
            if not report.holds:
                raise PermanentProblem(f"the ledger that was posted does not hold: {report.first_broken}.")
            with meter.of("trial balance of the book with most", lines) as balance:
                reports.trial_balance(conn, books[0].id, Month(_YEAR, 12))
    return PostingFigures(bare, checked.cost, published, single, verified.cost, balance.cost, entries)


class _Meter:
    """Measures by the clock and by the CPU time of a data folder's server and of this process."""

    def __init__(self, home: Path) -> None:
        found = running_in(place_of(home.resolve()).data)
        self._server = psutil.Process(found.pid if found else os.getpid())

    @contextmanager
    def of(self, what: str, postings: int) -> Iterator[_Running]:
        running = _Running()
        began, cpu = time.perf_counter_ns(), self._cpu_s()
        yield running
        elapsed_ms = (time.perf_counter_ns() - began) // 1_000_000
        running.cost = Cost(what, elapsed_ms, int((self._cpu_s() - cpu) * 1000), postings)

    def _cpu_s(self) -> float:
        spent = sum(os.times()[:2])
        for process in (self._server, *self._server.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue  # it ended: its time is among its parent's by now
            spent += times.user + times.system
            if process == self._server:
                spent += times.children_user + times.children_system
        return spent


class _Running:
    """What is being measured; its cost is there when it ends."""

    cost: Cost


def _opened(database: Database, name: str) -> Book:
    """A book in dollars whose twelve months are open."""
    book = Book(
        id=name,
        name=name,
        currency="USD",
        starts_on=date(_YEAR, 1, 1),
        fiscal_year_starts_month=1,
        bank_accounts=(BankAccount(id="operating", currency="USD", gl_account="1010"),),
        chart={"200": "4000"},
    )
    with database.transaction() as conn:
        ensure_accounts(conn, [book])
        for month in range(1, 13):
            conn.execute("select ledger.open_period(%s, %s)", (name, date(_YEAR, month, 1)))
    return book


def _entries(database: Database, book: Book, postings: int, *, first: int = 0, by_code: bool = False) -> pl.DataFrame:
    """Entries over a year, half of them of two lines and half of three, so that they have so many postings."""
    with database.transaction() as conn:
        known = conn.execute(
            "select code, account_id from ledger.account where book = %s and currency is null order by code", (book.id,)
        ).fetchall()
    names = pl.Series([code if by_code else number for code, number in known])
    count = postings * _ENTRIES_PER_MILLION // 1_000_000
    nth = pl.int_range(first, first + count, eager=True)
    amount = nth * 7_919 % 99_991 + 2
    frame = pl.DataFrame(
        {
            "id": f"{book.id}/bank_transaction/plaid/" + nth.cast(pl.String).str.zfill(12),
            "day": (_NEW_YEAR_DAY + (nth - first) * 365 // count).cast(pl.Int32).cast(pl.Date),
            "digest": nth.cast(pl.String).str.zfill(64),
            "two": nth % 2 == 0,
            "amount": amount,
            **{f"a{place}": names.gather((nth * step + place) % len(names)) for place, step in enumerate((1, 3, 5))},
        }
    )
    lines = pl.when("two").then(pl.concat_list("a0", "a1")).otherwise(pl.concat_list("a0", "a1", "a2"))
    rest = pl.lit(-1, dtype=pl.Int64)
    amounts = pl.when("two").then(pl.concat_list("amount", -pl.col("amount")))
    return frame.select(
        pl.lit(book.id).alias("book"),
        pl.lit("plaid").alias("source"),
        pl.col("id").alias("source_id"),
        pl.lit("line").alias("purpose"),
        pl.col("day").alias("effective_on"),
        pl.col("day").alias("accounting_on"),
        pl.lit("USD").alias("currency"),
        pl.format("Bank line: customer payment {}", "digest").str.slice(0, 40).alias("description"),
        lines.alias("accounts"),
        amounts.otherwise(pl.concat_list("amount", 1 - pl.col("amount"), rest)).alias("amounts"),
        pl.lit(None, dtype=pl.List(pl.Int64)).alias("functional_amounts"),
        pl.col("id").alias("evidence_id"),
        pl.col("digest").alias("evidence_hash"),
        pl.lit(None, dtype=pl.String).alias("match_id"),
        pl.lit("bank_line").alias("rule"),
    )


def _bare(home: Path, database: Database, meter: _Meter, halves: list[pl.DataFrame]) -> Cost:
    """The same postings as rows, each with all columns of its entry, into a table without any constraint or index."""
    rows = _numbered(pl.concat(halves), batch_id=1, first_number=1).explode("accounts", "amounts")
    rows = (
        rows.rename({"accounts": "account_id", "amounts": "amount_minor"})
        .drop("functional_amounts")
        .with_columns(functional_minor=pl.col("amount_minor"), entry_id=pl.col("evidence_hash").str.slice(32))
    )
    with superuser_of(home, database) as conn:
        conn.execute(_BARE)
        with meter.of("bare COPY of the same posting rows, no constraints", rows.height) as running:
            copy_in(conn, "bare.posting", rows)
        conn.execute("drop schema bare cascade")
    return running.cost


def _numbered(entries: pl.DataFrame, batch_id: int, first_number: int) -> pl.DataFrame:
    return entries.with_columns(
        number=pl.int_range(first_number, first_number + pl.len()),
        batch_id=pl.lit(batch_id),
        fiscal_year=pl.lit(_YEAR),
        version=pl.lit(1),
        run_id=pl.lit("run"),
        correlation_id=pl.lit("correlation"),
    )


def _copied(database: Database, entries: pl.DataFrame) -> None:
    """COPY entries straight into the journal, as the application may: one batch, sealed at its commit."""
    with database.transaction() as conn:
        copy_in(conn, "ledger.entry", _numbered(entries, *_begun(conn, entries["book"][0])))


def _begun(conn: Connection, book: str) -> tuple[int, int]:
    """A new batch, and the number of its first entry."""
    opened = conn.execute(
        "select ledger.open_batch('run', 'correlation'),"
        " (select coalesce(max(last_number), 0) + 1 from ledger.numbering where book = %s)",
        (book,),
    ).fetchone()
    return opened or (0, 0)


def _published(database: Database, meter: _Meter, book: Book, postings: int) -> Cost:
    """The same number through the journal writer: staged, compared with what stands, posted."""
    entries = _entries(database, book, postings, by_code=True).select(ENTRIES.names)
    months = [Month(_YEAR, month) for month in range(1, 13)]
    with meter.of("the journal writer: staged, planned, posted", postings) as running, database.transaction() as conn:
        journal.publish(conn, book.id, months, entries, run_id="run", correlation_id="correlation")
    return running.cost


def _single(database: Database, book: Book) -> list[int]:
    """Entries one by one, each sealed and committed; sorted microseconds. Who posts knows its accounts by then."""
    taken: list[int] = []
    with database.transaction() as conn:
        row = conn.execute(
            "select array_agg(account_id order by code) from ledger.account where book = %s and currency is null",
            (book.id,),
        ).fetchone()
    accounts = row[0][:2] if row else []
    for ordinal in range(_SINGLE_ENTRIES):
        began = time.perf_counter_ns()
        with database.transaction() as conn:
            batch_id, number = _begun(conn, book.id)
            write(
                conn, book=book.id, accounts=accounts, source_id=f"single {ordinal}", batch_id=batch_id, number=number
            )
        taken.append((time.perf_counter_ns() - began) // 1_000)
    return sorted(taken)
