"""The accounting system's event logs: documents from entry to amendment, voiding and payment; payments; master data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from finance_pipeline.sandbox.servers.credentials import tenant_of
from finance_pipeline.sandbox.world import xero_format
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.days import DAY, local_moment
from finance_pipeline.sandbox.world.feed import Event
from finance_pipeline.sandbox.world.model import AppliedCredit, Document, OnAccount
from finance_pipeline.sandbox.world.profiles import random_uuid


def xero_log(company: Company) -> Mapping[str, list[Event]]:
    """The logs of one organisation, by kind."""
    logs: Mapping[str, list[Event]] = defaultdict(list)
    profile, rng = company.profile, company.chance("chart")
    founded = local_moment(company.earliest_issue - DAY * 400, profile.time_zone, 32_400)
    locked = company.earliest_issue - DAY
    tenant = tenant_of(profile.connection("xero"))
    logs["organisation"].append((founded, "added", tenant, xero_format.organisation(profile, tenant, founded, locked)))
    for account_id, text in xero_format.chart(profile, founded, [random_uuid(rng) for _ in range(8)]):
        logs["account"].append((founded, "added", account_id, text))
    for code in dict.fromkeys((profile.currency, profile.foreign)):
        logs["currency"].append((founded, "added", code, xero_format.currency(code)))
    for percent in profile.tax_percents:
        logs["tax_rate"].append((founded, "added", f"OUTPUT{percent}", xero_format.tax_rate(percent)))
    logs["bank_transfer"] += _transfers(company)
    for party in (*company.world.customers, *company.world.suppliers):
        assert party.known_from is not None
        logs["contact"].append((party.known_from, "added", party.id, xero_format.contact(party, profile.country)))
    for document in company.world.documents:
        kind = "invoice" if document.kind in ("invoice", "bill") else "credit_note"
        rate = xero_format.rate_of(document, profile, company.rates)
        logs[kind] += _document(document, company, rate)
        payment = "ACCPAYPAYMENT" if document.kind == "bill" else "ACCRECPAYMENT"
        for each in document.recorded:
            if company.in_time(each.paid_on):
                logs["payment"].append((each.recorded_at, "added", each.id, xero_format.payment(each, rate, payment)))
    for paid in company.world.on_account:
        receipt = xero_format.receipt_on_account(paid)
        logs["bank_transaction"].append((paid.recorded_at, "added", paid.id, receipt))
        logs[paid.what.lower()] += _on_account(paid)
    return logs


def _transfers(company: Company) -> list[Event]:
    """Transfers between own accounts, recorded on the evening of the day on which the money leaves."""
    rng = company.chance("recorded transfers")
    found: list[Event] = []
    for line in company.world.lines:
        if line.twin is None or line.amount_minor > 0:
            continue
        at = local_moment(line.booked_on, company.profile.time_zone, 64_800)
        transfer_id = random_uuid(rng)
        found.append((at, "added", transfer_id, xero_format.bank_transfer(transfer_id, line, line.twin, at)))
    return found


def _on_account(paid: OnAccount) -> list[Event]:
    """Every state that an over- or prepayment was in."""
    moments = [paid.recorded_at, *_moments(paid.applied)]
    return [
        (at, "modified" if number else "added", paid.id, xero_format.on_account(paid, at))
        for number, at in enumerate(moments)
    ]


def _moments(applied: Sequence[AppliedCredit]) -> list[datetime]:
    """When credits were applied, and when that was taken back."""
    return sorted(at for each in applied for at in (each.at, each.undone_at) if at)


def _document(document: Document, company: Company, rate: Decimal) -> list[Event]:
    """Every state that a document was in."""
    recorded = [each for each in document.recorded if company.in_time(each.paid_on)]
    status, lines = "DRAFT" if document.is_draft else "AUTHORISED", document.first_lines or document.lines
    found: list[Event] = []

    def say(at: datetime, op: str, paid_minor: int) -> None:
        text = xero_format.document(document, lines, status, paid_minor, rate, at)
        found.append((at, op, document.id, text))

    say(document.entered_at, "added", 0)
    if document.amended_at and document.amended_at < company.options.complete_at:
        lines = document.lines
        say(document.amended_at, "modified", 0)
    if document.voided_at and document.voided_at < company.options.complete_at:
        status = "VOIDED"
        say(document.voided_at, "modified", 0)
    for each in recorded:
        status = "PAID"
        say(each.recorded_at, "modified", each.amount_minor)
    for at in _moments(document.applied):
        whole = sum(each.amount_minor for each in document.applied if each.stands(at)) == document.total_minor
        status = "PAID" if whole else "AUTHORISED"
        say(at, "modified", 0)
    return found
