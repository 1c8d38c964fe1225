"""The accounting system's event logs: documents from entry to amendment, voiding and payment; payments; master data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from finance_pipeline.sandbox.servers.credentials import tenant_of
from finance_pipeline.sandbox.world import xero_format
from finance_pipeline.sandbox.world.company import Company
from finance_pipeline.sandbox.world.days import DAY, local_moment
from finance_pipeline.sandbox.world.feed import Event
from finance_pipeline.sandbox.world.model import Document
from finance_pipeline.sandbox.world.profiles import random_uuid


def xero_log(company: Company) -> Mapping[str, list[Event]]:
    """The logs of one organisation, by kind."""
    logs: Mapping[str, list[Event]] = defaultdict(list)
    profile, rng = company.profile, company.chance("chart")
    founded = local_moment(company.earliest_issue - DAY * 400, profile.time_zone, 32_400)
    tenant = tenant_of(profile.connection("xero"))
    logs["organisation"].append((founded, "added", tenant, xero_format.organisation(profile, tenant, founded)))
    for account_id, text in xero_format.chart(profile, founded, [random_uuid(rng) for _ in range(8)]):
        logs["account"].append((founded, "added", account_id, text))
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
    return logs


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
    return found
