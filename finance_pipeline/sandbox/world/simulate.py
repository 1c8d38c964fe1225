"""One company, simulated from its parties to the texts on its bank lines."""

from __future__ import annotations

from finance_pipeline.sandbox.world.cards import CardProcessor
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.credits import Credits
from finance_pipeline.sandbox.world.options import WorldOptions
from finance_pipeline.sandbox.world.profiles import profile_of
from finance_pipeline.sandbox.world.rates import Rates
from finance_pipeline.sandbox.world.receipts import Receipts, amend_some, spare_documents
from finance_pipeline.sandbox.world.statements import give_bank_references
from finance_pipeline.sandbox.world.suppliers import SupplierPayments
from finance_pipeline.sandbox.world.texts import Texts
from finance_pipeline.sandbox.world.treasury import Treasury

_RECEIPT_SHARE, _SUPPLIER_SHARE = 0.62, 0.26
"""Of the lines that cards and treasury leave; the rest are small expenses."""


def simulate(book: str, options: WorldOptions, rates: Rates) -> tuple[Company, CardProcessor]:
    """Everything that happens at one company in the months of a world."""
    company = Company(options, profile_of(book, options), rates)
    processor = CardProcessor(company)
    processor.plan(round(options.lines_per_book * options.card_charge_share))
    treasury = Treasury(company)
    treasury.plan()
    left = max(10, options.lines_per_book - sum(company.in_time(line.booked_on) for line in company.world.lines))
    receipts, payments = round(left * _RECEIPT_SHARE), round(left * _SUPPLIER_SHARE)
    Receipts(company).plan(receipts)
    SupplierPayments(company).plan(payments)
    treasury.plan_expenses(left - receipts - payments)
    spare_documents(company)
    amend_some(company)
    company.finish_documents()
    company.world.lines = [line for line in company.world.lines if company.in_time(line.booked_on)]
    Texts(company).write()
    give_bank_references(company)
    Credits(company).give()
    return company, processor
