"""The ledger that is attacked: small, and with something of everything that a rule is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, LiteralString

import polars as pl

from finance_pipeline.core.period import Month
from finance_pipeline.core.settings import BankAccount, Book
from finance_pipeline.ledger import journal
from finance_pipeline.ledger.chart import ensure_accounts
from finance_pipeline.ledger.schemas import ENTRIES
from finance_pipeline.services.campaigns.attacks.by_hand import Connection
from finance_pipeline.services.campaigns.attacks.decided import DECIDED
from finance_pipeline.store.database import Database

MAY = Month(2026, 5)
_US = Book(
    id="us",
    name="A book in dollars",
    currency="USD",
    starts_on=date(2026, 5, 1),
    fiscal_year_starts_month=1,
    bank_accounts=(
        BankAccount(id="operating", currency="USD", gl_account="1010"),
        BankAccount(id="reserve", currency="USD", gl_account="1020"),
        BankAccount(id="euro", currency="EUR", gl_account="1030"),
    ),
    chart={"200": "4000", "400": "5000"},
)
_DE = _US.model_copy(update={"id": "de", "currency": "EUR", "starts_on": date(2026, 5, 15)})
_PERIODS: tuple[tuple[str, int, str, list[str]], ...] = (
    ("us", 6, "locked", []),
    ("us", 7, "soft_closed", []),
    ("us", 10, "open", ["bank"]),
    ("us", 13, "open", []),
    ("us", 14, "locked", []),
    ("de", 5, "open", []),
    ("de", 8, "open", []),
)
"""Book, month counted from January 2026, state, locked areas."""
_SIGNED_BY_HAND: LiteralString = """
    with put as (
        insert into close.review (book, month, actor, role, reason, origin, seen, seal_position, seal_link)
        select %(book)s, %(month)s, 'Ann', 'accountant', 'by hand', 'here', '{}', position, link from ledger.head
        returning *
    ),
    signed as (
        insert into close.signature (
            signature_id, book, month, sequence, seal_position, seal_link, review_seq, prepared_by, signed_by, role,
            reason, origin, seen, seen_digest, versions
        )
        select book || month, book, month, 1, seal_position, seal_link, review_seq, 'Ann', 'Ben', 'controller',
            'by hand', 'here', '{}', '', '{}'
        from put
        returning *
    )
    insert into ledger.period_event
        (book, month, action, actor, role, reason, origin, seen, signature_id, head_position, head_link)
    select book, %(day)s, 'locked', 'Ben', role, reason, origin, seen, signature_id, seal_position, seal_link
    from signed
"""
_SOFTLY: LiteralString = """
    insert into ledger.period_event
        (book, month, action, actor, role, reason, origin, seen, posters, head_position, head_link)
    select %(book)s, %(day)s, 'soft_closed', 'Ben', 'controller', 'by hand', 'here', '{}', '{}', position, link
    from ledger.head
"""
_AREA: LiteralString = """
    insert into ledger.period_event
        (book, month, action, areas, actor, role, reason, origin, seen, head_position, head_link)
    select %(book)s, %(day)s, 'area_locked', array[%(area)s], 'Ben', 'controller', 'by hand', 'here', '{}', position,
        link
    from ledger.head
"""


def make_ledger(database: Database) -> None:
    """A book in dollars with five entries in May; June is locked, July soft-closed, October locked for the bank; a book
    in euro from mid-May on. An account of the first is not used any more.
    """
    with database.transaction() as conn:
        ensure_accounts(conn, [_US, _DE])
        for gone in (True, False):
            journal.publish(conn, "us", [MAY], standing(gone=gone), run_id="run", correlation_id="correlation")
    with database.transaction(role="owner") as conn:
        for book, month, state, areas in _PERIODS:
            first_day = date(2026 + month // 13, (month - 1) % 12 + 1, 1)
            close_by_hand(conn, book, first_day, state, areas)
        conn.execute(DECIDED)
        conn.execute("update ledger.account set is_active = false where book = 'us' and code = '6300'")


def close_by_hand(conn: Connection, book: str, first_day: date, state: str, areas: Sequence[str] = ()) -> None:
    """Close a month as the schema's owner can, whatever is signed: with the sign-off and the events that it takes."""
    conn.execute("select ledger.open_period(%s, %s)", (book, first_day))
    names = {"book": book, "day": first_day, "month": f"{first_day:%Y-%m}", "state": state, "areas": list(areas)}
    if state == "locked":
        conn.execute(_SIGNED_BY_HAND, names)
    if state == "soft_closed":
        conn.execute(_SOFTLY, names)
    for area in areas:
        conn.execute(_AREA, names | {"area": area})
    conn.execute(
        "update ledger.period set state = %(state)s, locked_areas = %(areas)s"
        " where book = %(book)s and month = %(day)s",
        names,
    )


def standing(*, gone: bool = False) -> pl.DataFrame:
    """The entries that stand in May (schemas.ENTRIES); gone: and the one that was taken back."""
    paid = _entry("plaid", "us/bank/paid", "line", 4, ["1010", "2100"], 100)
    invoice = _entry("xero", "us/document/inv", "document", 2, ["1100", "4000"], 500)
    invoice |= {"effective_on": date(2026, 5, 1)}
    abroad = _entry("xero", "us/document/abroad", "document", 4, ["1100", "4000"], 100)
    abroad |= {"currency": "EUR", "functional_amounts": [110, -110]}
    taken_back = [_entry("plaid", "us/bank/gone", "line", 4, ["1010", "2100"], 100)] if gone else []
    return ENTRIES.frame([paid, *taken_back, invoice, abroad])


def _entry(source: str, source_id: str, purpose: str, day: int, accounts: list[str], minor: int) -> dict[str, Any]:
    on = date(2026, 5, day)
    return {
        "book": "us",
        "source": source,
        "source_id": source_id,
        "purpose": purpose,
        "effective_on": on,
        "accounting_on": on,
        "currency": "USD",
        "description": source_id,
        "accounts": accounts,
        "amounts": [minor, -minor],
        "functional_amounts": None,
        "evidence_id": source_id,
        "evidence_hash": "hash",
        "match_id": None,
        "rule": "line",
    }
