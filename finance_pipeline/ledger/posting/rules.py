"""All families together: the entries that the records and matches of some months call for."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from finance_pipeline.core.settings import Book
from finance_pipeline.ledger.posting.bank import bank_lines, bank_openings
from finance_pipeline.ledger.posting.documents import documents
from finance_pipeline.ledger.posting.entries import Postings, together
from finance_pipeline.ledger.posting.manual import manual_journals
from finance_pipeline.ledger.posting.matches import matches
from finance_pipeline.ledger.posting.opening import openings
from finance_pipeline.ledger.posting.processor import processor_movements
from finance_pipeline.ledger.posting.recorded import recorded_payments
from finance_pipeline.ledger.schemas import JOURNAL_LINES, OPENING

RULES_VERSION = 6
"""Raised when the same facts begin to call for other entries."""


@dataclass(frozen=True)
class PostingInputs:
    """Everything that the rules read: current records of one book and some months, and what stands matched there."""

    bank_transactions: pl.DataFrame
    """schemas.BANK_TRANSACTIONS; pending ones are passed over."""
    invoices: pl.DataFrame
    """schemas.INVOICES; only authorised ones post."""
    payments: pl.DataFrame
    """schemas.PAYMENTS."""
    settled_items: pl.DataFrame
    """ledger.schemas.SETTLED_ITEMS: every item that recorded payments and allocations among `payments` settle."""
    balances: pl.DataFrame
    """schemas.BALANCES: the first opening balance of each bank account, in the month that it belongs to."""
    settlements: pl.DataFrame
    """ledger.schemas.SETTLEMENTS; columns that may be null may be missing."""
    rates: pl.DataFrame
    """schemas.FX_RATES."""
    opening: pl.DataFrame = field(default_factory=OPENING.empty)
    """ledger.schemas.OPENING: what two people signed of the book's first day, in its first month."""
    journal_lines: pl.DataFrame = field(default_factory=JOURNAL_LINES.empty)
    """ledger.schemas.JOURNAL_LINES: approved journals that post or take themselves back in these months."""


def entries_for(inputs: PostingInputs, book: Book) -> Postings:
    """What should stand in the journal for these inputs, and what is held with its reason. Pure.

    Every entry adds to zero in its currency and in the book's. Nothing depends on the order of rows.
    """
    return together(
        [
            openings(book, inputs.opening),
            manual_journals(book, inputs.journal_lines),
            bank_openings(book, inputs.balances, inputs.rates),
            bank_lines(book, inputs.bank_transactions, inputs.rates),
            documents(book, inputs.invoices),
            processor_movements(book, inputs.payments, inputs.rates),
            recorded_payments(book, inputs.payments, inputs.settled_items, inputs.rates),
            matches(book, inputs.settlements, inputs.rates),
        ]
    )
