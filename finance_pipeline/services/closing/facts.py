"""What is known of a book-month that is to be closed, read in one transaction for finance_pipeline.close.steps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
from psycopg.rows import dict_row

from finance_pipeline.close.facts import CONNECTIONS, STATEMENTS, TIES, TO_EXPLAIN, Facts, Review, Signature
from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import Book, Settings
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services import marks, records
from finance_pipeline.services.bookkeeping import intercompany, posting, statutory
from finance_pipeline.services.closing import year_end as closing_year_end
from finance_pipeline.services.closing.rules import rules_of
from finance_pipeline.services.intake.canonicalize import waiting_count
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.sql import query

_SAID = ("explained_by", "explained_minor", "explanation")


def facts_of(conn: Connection, settings: Settings, book: Book, month: Month, now: datetime | None = None) -> Facts:
    """The facts of one book-month as they are."""
    parameters = _parameters(book, month)
    standing = _standing(conn, parameters)
    connections, dead_letters = _connections(conn, settings, book)
    ledgers = statutory.tie_of(conn, book, month) if book.ledger.statutory else None
    return Facts(
        book=book.id,
        month=month,
        time_zone=book.time_zone,
        now=now or datetime.now(UTC),
        connections=connections,
        statements=copy_out(conn, query("close_statements"), parameters, STATEMENTS),
        to_explain=to_explain(conn, settings, book, month),
        has_group=bool(book.intercompany),
        ties=copy_out(
            conn,
            "select name, subject, tied, words from report.tie_out where book = %(book)s and month = %(month)s"
            " order by tied, name, subject, on_day",
            parameters,
            TIES,
        ),
        unmapped_records=waiting_count(conn, settings, book, month),
        dead_letters=dead_letters,
        is_computed=_is_computed(conn, book, month),
        rules=rules_of(conn, book, month),
        unmapped_accounts=tuple(row[0] for row in conn.execute(query("close_unmapped_accounts"), parameters)),
        undecided_differences=_undecided(conn, parameters),
        earlier_open=Month.parse(standing["earlier_open"]) if standing["earlier_open"] else None,
        period_state=standing["period_state"],
        locked_areas=tuple(standing["locked_areas"]),
        open_until=standing["open_until"],
        review=_review(standing),
        signature=_signature(standing),
        statutory=book.ledger.statutory,
        other_is_known=ledgers is not None and ledgers.is_known,
        other_unexplained=tuple(ledgers.unexplained["code"]) if ledgers else (),
        ends_fiscal_year=closing_year_end.ends_fiscal_year(book, month),
        is_rolled=closing_year_end.is_rolled(conn, book, month),
    )


def to_explain(conn: Connection, settings: Settings, book: Book, month: Month) -> pl.DataFrame:
    """One row per line or item open at a month's end on an account that must clear, and per other book of the group
    whose word differs (TO_EXPLAIN)."""
    own = copy_out(conn, query("close_to_explain"), _parameters(book, month), TO_EXPLAIN)
    group = intercompany.to_explain(conn, settings.books, book, month)
    if group.is_empty():
        return own
    said = copy_out(
        conn,
        """
        select subject, actor as explained_by, open_minor as explained_minor, reason as explanation
        from close.explained where book = %(book)s and month = %(month)s
        """,
        {"book": book.id, "month": str(month)},
        pl.Schema({name: TO_EXPLAIN[name] for name in ("subject", *_SAID)}),
    )
    return pl.concat([own, group.drop(_SAID).join(said, on="subject", how="left").select(TO_EXPLAIN.names())])


def _parameters(book: Book, month: Month) -> dict[str, Any]:
    first, last = records.first_and_last(book, month)
    return {
        "book": book.id,
        "month": str(month),
        "next_month": str(month.next),
        "first": first,
        "last": last,
        "first_month": book.first_month.first_day,
        "first_day": month.first_day,
        "last_day": month.last_day,
        "bank_accounts": [account.id for account in book.bank_accounts],
        "bank_currencies": [account.currency for account in book.bank_accounts],
        "mapped": list(book.chart),
    }


def connections_of(settings: Settings, book: Book) -> list[str]:
    """Ids of the connections that a book's figures rest on: its feeds, its accounting system, its banks' statements,
    the reference rates where it holds another currency.
    """
    named = {account.feed for account in book.accounts if account.feed} | {book.accounting or ""}
    kinds = set()
    if any(account.statement_ids for account in book.bank_accounts):
        kinds.add("camt053")
    if any(account.currency != book.currency for account in book.accounts):
        kinds.add("ecb")
    return [each.id for each in settings.connections if each.id in named or each.kind in kinds]


def _connections(conn: Connection, settings: Settings, book: Book) -> tuple[pl.DataFrame, int]:
    """The book's connections with their last whole read, and how many of their dead letters wait."""
    known = {row[0]: row[1:] for row in conn.execute(query("connection_states")).fetchall()}
    rows, letters = [], 0
    for connection_id in connections_of(settings, book):
        *_, todo, _failures, _open_until, read_at, waiting = known.get(connection_id, (None,) * 8)
        rows.append((connection_id, read_at, todo or ""))
        letters += waiting or 0
    return pl.DataFrame(rows, schema=CONNECTIONS, orient="row"), letters


def _is_computed(conn: Connection, book: Book, month: Month) -> bool:
    """Whether the month was folded and its tie-outs made, and the journal is as it was then."""
    noted = marks.mark_of(conn, book.id, month, "tie_out")
    folded = marks.closing_digest(conn, book.id, month)
    return bool(folded) and noted == marks.marks_up_to(conn, book.id, month, posting.STAGE)


def _undecided(conn: Connection, parameters: dict[str, Any]) -> int:
    row = conn.execute(query("close_undecided"), parameters).fetchone()
    return int(row[0]) if row else 0


def _standing(conn: Connection, parameters: dict[str, Any]) -> dict[str, Any]:
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query("close_standing"), parameters).fetchone()
    assert row is not None, "the query is over one row"
    return row


def _review(standing: dict[str, Any]) -> Review | None:
    if standing["review_seq"] is None:
        return None
    return Review(standing["review_seq"], standing["actor"], standing["put_at"], standing["has_moved"])


def _signature(standing: dict[str, Any]) -> Signature | None:
    if standing["signature_id"] is None:
        return None
    names = ("signature_id", "prepared_by", "signed_by", "signed_at", "has_lapsed")
    return Signature(*(standing[name] for name in names))
