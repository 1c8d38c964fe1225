"""All cases with their shares of the lines; unclear ones weigh more or less by difficulty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from finance_pipeline.sandbox.labelled.cases import banking, batches, outgoing, processors, single
from finance_pipeline.sandbox.labelled.cases.making import CUSTOMERS, SUPPLIERS, Making
from finance_pipeline.sandbox.labelled.draft import stream

Maker = Callable[[Making, np.random.Generator, int], None]

_DRAWN_FOR_ONE = 1.015
"""Some lines are missing in the end, some come twice: so many are drawn for each that is wanted."""


@dataclass(frozen=True)
class Case:
    """weight: of its lines among all; lines_each: that one unit of its count makes; unclear: cannot be told apart."""

    name: str
    weight: float
    make: Maker
    lines_each: int = 1
    unclear: bool = False


CASES = (
    Case("receipts", 34, lambda m, r, n: single.in_full(m, r, n, CUSTOMERS)),
    Case("payments", 9, lambda m, r, n: single.in_full(m, r, n, SUPPLIERS)),
    Case("receipt batches", 5.5, lambda m, r, n: batches.batch(m, r, n, CUSTOMERS)),
    Case("payment batches", 2, lambda m, r, n: batches.batch(m, r, n, SUPPLIERS)),
    Case("credit notes netted", 1.5, lambda m, r, n: batches.netting(m, r, n, CUSTOMERS)),
    Case("supplier credits netted", 0.5, lambda m, r, n: batches.netting(m, r, n, SUPPLIERS)),
    Case("instalments", 2.5, lambda m, r, n: batches.instalments(m, r, n, CUSTOMERS)),
    Case("across", 0.4, batches.across),
    Case("deposits", 0.7, lambda m, r, n: batches.deposit(m, r, n, named=True)),
    Case("recurring", 2.5, batches.recurring),
    Case("partial", 2, lambda m, r, n: single.in_part(m, r, n, CUSTOMERS)),
    Case("partial, suppliers", 0.4, lambda m, r, n: single.in_part(m, r, n, SUPPLIERS)),
    Case("overpaid", 1, lambda m, r, n: single.too_much(m, r, n, CUSTOMERS)),
    Case("short", 1.2, lambda m, r, n: single.too_little(m, r, n, CUSTOMERS)),
    Case("fee kept", 1, lambda m, r, n: single.less_fee(m, r, n, CUSTOMERS)),
    Case("discount", 1.8, lambda m, r, n: single.less_discount(m, r, n, CUSTOMERS)),
    Case("discount, suppliers", 0.7, lambda m, r, n: single.less_discount(m, r, n, SUPPLIERS)),
    Case("other currency", 1.5, lambda m, r, n: single.in_other_currency(m, r, n, CUSTOMERS)),
    Case("other currency, suppliers", 0.5, lambda m, r, n: single.in_other_currency(m, r, n, SUPPLIERS)),
    Case("instructed", 3, outgoing.instructed),
    Case("cheques", 0.8, lambda m, r, n: outgoing.instructed(m, r, n, cheque=True)),
    Case("payment runs", 0.9, outgoing.payment_run),
    Case("direct debits", 1.8, outgoing.direct_debit),
    Case("refunds", 0.9, lambda m, r, n: outgoing.refund(m, r, n, CUSTOMERS)),
    Case("supplier refunds", 0.4, lambda m, r, n: outgoing.refund(m, r, n, SUPPLIERS)),
    Case("returns", 0.9, outgoing.returned, lines_each=2),
    Case("payouts", 1.6, processors.payout),
    Case("acquirers", 0.8, processors.acquirer_batch),
    Case("expected payouts", 0.7, processors.expected_payout),
    Case("chargebacks", 0.4, processors.chargeback),
    Case("recorded receipts", 1.5, processors.recorded_receipt),
    Case("daily totals", 0.4, processors.daily_total),
    Case("transfers", 2, banking.transfer),
    Case("transfers with a fee", 0.4, lambda m, r, n: banking.transfer(m, r, n, "transfer_fee")),
    Case("transfers into a currency", 0.6, lambda m, r, n: banking.transfer(m, r, n, "transfer_fx")),
    Case("by nature", 5, banking.by_nature),
    Case("equal items", 1.5, batches.equal_items, unclear=True),
    Case("interchangeable", 0.6, batches.interchangeable, unclear=True),
    Case("two subsets", 0.4, batches.two_subsets, unclear=True),
    Case("amount only", 1.2, single.amount_only, unclear=True),
    Case("partial, unnamed", 1, lambda m, r, n: single.in_part_unnamed(m, r, n, CUSTOMERS), unclear=True),
    Case("short beyond the limit", 0.7, lambda m, r, n: single.too_little_beyond(m, r, n, CUSTOMERS), unclear=True),
    Case("discount late", 0.5, lambda m, r, n: single.less_discount(m, r, n, CUSTOMERS, late=True), unclear=True),
    Case("wrong reference", 0.8, single.wrong_reference, unclear=True),
    Case("paid twice", 0.5, single.paid_twice, lines_each=2, unclear=True),
    Case("deposits, unnamed", 0.3, lambda m, r, n: batches.deposit(m, r, n, named=False), unclear=True),
    Case("refund without document", 0.3, outgoing.refund_without_document, unclear=True),
    Case("strangers", 1.2, banking.stranger, unclear=True),
    Case("never billed", 0.8, lambda m, r, n: banking.known_without_item(m, r, n, numbered=False), unclear=True),
    Case("unknown number", 0.8, lambda m, r, n: banking.known_without_item(m, r, n, numbered=True), unclear=True),
)


def make_all(make: Making) -> None:
    """All cases by their weights, each with its own source of chance, and the documents that nobody pays."""
    level = make.options.level
    weights = [case.weight * (level.unclear_factor if case.unclear else 1) for case in CASES]
    for case, weight in zip(CASES, weights, strict=True):
        lines = make.options.line_count * _DRAWN_FOR_ONE * weight / sum(weights)
        case.make(make, stream(make.options.seed, "case", case.name), max(round(lines / case.lines_each), 1))
    banking.unpaid(make, stream(make.options.seed, "case", "unpaid"), make.options.line_count)
