"""The truth of a world: what every line truly is and settles. Written apart from all that the vendors show."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from finance_pipeline.core.identity import record_id
from finance_pipeline.core.money import to_decimal
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.model import (
    Allocation,
    CardTransaction,
    Counterpart,
    Document,
    Line,
    OnAccount,
    Payout,
)

ALLOCATIONS = pl.Schema(
    {
        "book": pl.String,
        "line_record_id": pl.String,
        "other_record_id": pl.String,
        "also_record_id": pl.String,
        "twin_record_id": pl.String,
        "amount_minor": pl.Int64,
        "shape": pl.String,
        "clue": pl.String,
    }
)
"""One row per true allocation. also_record_id: another record of the same thing (a payout's balance transaction).
twin_record_id: a second, equal payment that the payer made by mistake; which of the two settles, nobody can say."""
LINES = pl.Schema(
    {
        "book": pl.String,
        "line_record_id": pl.String,
        "account": pl.String,
        "amount_minor": pl.Int64,
        "nature": pl.String,
    }
)
"""One row per booked line and processor movement that has no counterpart, with what it is."""


def line_id(line: Line, book: str) -> str:
    """The record id of a bank line: of its feed, or of its statement where the account has no feed."""
    if line.account.external_id:
        return record_id(book, "plaid", "transaction", line.feed_id)
    amount = to_decimal(line.amount_minor, line.account.currency)
    known_by = (line.account.statement_id, line.bank_reference, line.booked_on, amount)
    return record_id(book, "camt053", "entry", "/".join(map(str, known_by)))


def truth_frames(company: Company) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The true allocations of a company (ALLOCATIONS), and its lines without a counterpart (LINES)."""
    alone = [*_lines_alone(company), *_movements_alone(company)]
    return (
        pl.DataFrame(list(_allocations(company)), schema=ALLOCATIONS, orient="row"),
        pl.DataFrame(alone, schema=LINES, orient="row"),
    )


def _allocations(company: Company) -> Iterator[tuple[object, ...]]:
    book = company.profile.book
    again = {id(line.twin): line for line in company.world.lines if line.nature == "duplicate_payment"}
    for line in company.world.lines:
        twin = again.get(id(line))
        for each in line.allocations:
            yield _row(book, line_id(line, book), each, line_id(twin, book) if twin else None)
    for movement in company.world.card:
        for each in movement.allocations:
            yield _row(book, _movement_id(movement, book), each)


def _row(book: str, line: str, of: Allocation, twin: str | None = None) -> tuple[object, ...]:
    also = (
        record_id(book, "stripe", "balance_transaction", of.other.transaction_id)
        if isinstance(of.other, Payout)
        else None
    )
    return book, line, _other_id(of.other, book), also, twin, of.amount_minor, of.shape, of.clue


def _other_id(other: Counterpart, book: str) -> str:
    if isinstance(other, Line):
        return line_id(other, book)
    if isinstance(other, Payout):
        return record_id(book, "stripe", "payout", other.id)
    if isinstance(other, Document):
        kind = "invoice" if other.kind in ("invoice", "bill") else "credit_note"
        return record_id(book, "xero", kind, other.id)
    if isinstance(other, OnAccount):
        return record_id(book, "xero", "bank_transaction", other.id)
    return record_id(book, "xero", "payment", other.id)


def _movement_id(movement: CardTransaction, book: str) -> str:
    return record_id(book, "stripe", "balance_transaction", movement.id)


def _lines_alone(company: Company) -> Iterator[tuple[object, ...]]:
    book = company.profile.book
    arrived = {
        id(each.other) for line in company.world.lines for each in line.allocations if isinstance(each.other, Line)
    }
    for line in company.world.lines:
        if not line.allocations and id(line) not in arrived:
            yield book, line_id(line, book), line.account.id, line.amount_minor, line.nature


def _movements_alone(company: Company) -> Iterator[tuple[object, ...]]:
    """Movements that settle nothing; of payouts, those that no bank line brought."""
    book, account = company.profile.book, company.profile.card_account
    settled = (each.other for line in company.world.lines for each in line.allocations)
    arrived = {other.transaction_id for other in settled if isinstance(other, Payout)}
    failed = {payout.transaction_id for payout in company.world.payouts if payout.fails}
    for movement in company.world.card:
        if movement.allocations or movement.id in arrived:
            continue
        nature = movement.nature
        if movement.kind == "payout":
            nature = "payout_failed" if movement.id in failed else "payout_in_transit"
        yield book, _movement_id(movement, book), account, movement.amount_minor, nature
