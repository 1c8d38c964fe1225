"""Which sheets a close package has, in their order."""

from __future__ import annotations

from finance_pipeline.close.package import sheets_bank, sheets_items, sheets_ledger, sheets_people
from finance_pipeline.close.package.document import Document
from finance_pipeline.close.package.facts import Facts
from finance_pipeline.close.package.summary import summary


def close_package(facts: Facts) -> Document:
    """The close package of a book-month as a document. The same facts are the same document."""
    return Document(
        f"Close package of {facts.name}, {facts.month}",
        f"As of {facts.month.last_day} by accounting date, known at {facts.known.at.isoformat()}, "
        f"batch {facts.known.position} of the ledger's chain",
        (
            summary(facts),
            sheets_ledger.trial_balance(facts),
            sheets_bank.bank_reconciliation(facts),
            sheets_items.receivables(facts),
            sheets_items.payables(facts),
            sheets_items.clearing(facts),
            sheets_items.unidentified(facts),
            *sheets_items.intercompany(facts),
            sheets_people.late_items(facts),
            sheets_ledger.exchange(facts),
            sheets_people.adjustments(facts),
            sheets_people.sign_offs(facts),
            sheets_ledger.chain(facts),
        ),
    )
