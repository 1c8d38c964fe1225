"""Every fault that the sandbox's servers can make, and what a pull makes of it: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from finance_pipeline.core.problems import NeedsItsOwner
from finance_pipeline.core.settings import ConnectionKind
from finance_pipeline.sandbox.servers.faults import OF_VENDOR
from finance_pipeline.sources.http import TurnedAway
from finance_pipeline_tests.sandbox.serving import Event, Running, moment
from finance_pipeline_tests.sources.pulling import Connected, _source

RECORDS = 30
CASES = [(vendor, kind) for vendor in ("plaid", "stripe", "xero") for kind in OF_VENDOR[vendor]]
ENDS = {
    ("plaid", "login_required"): NeedsItsOwner,
    ("stripe", "login_required"): NeedsItsOwner,
    ("xero", "forbidden"): NeedsItsOwner,
    ("xero", "day_limit"): TurnedAway,
}
"""Faults that end a pull. Every other one is survived by the pull that meets it; Xero's login by another token."""
LOG = {"plaid": "transaction", "stripe": "balance_transaction", "xero": "invoice"}


def record(vendor: str, number: int) -> str:
    at = int(moment("2026-10-01").timestamp()) + number
    plaid = {
        "transaction_id": f"r{number}", "account_id": "a", "amount": 1.25, "date": "2026-10-01", "name": "x",
        "iso_currency_code": "USD", "payment_channel": "online", "pending": False,
    }  # fmt: skip
    stripe = {
        "id": f"r{number}", "object": "balance_transaction", "created": at, "currency": "usd", "amount": 5, "net": 5,
        "fee": 0, "type": "charge", "status": "available", "available_on": at, "source": None, "fee_details": [],
    }  # fmt: skip
    xero = {
        "InvoiceID": f"r{number}", "CurrencyCode": "USD", "UpdatedDateUTC": f"/Date({at * 1000}+0000)/",
        "DateString": "2026-10-01T00:00:00", "Status": "AUTHORISED",
    }  # fmt: skip
    return json.dumps({"plaid": plaid, "stripe": stripe, "xero": xero}[vendor])


@pytest.mark.parametrize(("vendor", "fault"), CASES)
def test_a_fault_is_survived_or_told_and_the_next_pull_has_all_of_it_once(
    running: Running, monkeypatch: pytest.MonkeyPatch, vendor: ConnectionKind, fault: str
) -> None:
    running.at("2026-10-25")
    name = f"fault-{vendor}-{fault.replace('_', '-')}"
    events: list[Event] = [(moment("2026-10-01"), "added", f"r{n}", record(vendor, n)) for n in range(RECORDS)]
    organisation = [(moment("2026-10-01"), "added", "o", '{"OrganisationID":"o"}')]
    running.world(name, **{LOG[vendor]: events}, **({"organisation": organisation} if vendor == "xero" else {}))
    connected = Connected(running, vendor, name, monkeypatch)
    connected.source = _source(vendor, replace(connected.policy, read_s=1))
    running.raw("POST", "/control/pages", body='{"largest": 10}')
    path = {"plaid": "transactions/sync", "stripe": "balance_transactions", "xero": "Invoices"}[vendor]
    running.fault(name, fault, path=path, skip=1, retry_after_s=90 if fault == "day_limit" else 1, delay_s=0.05)
    connected.pull()
    assert type(connected.problem) is ENDS.get((vendor, fault), type(None))
    kept = {letter.page_hash for letter in connected.dead_letters} <= {page.hash for page in connected.pages}
    assert kept, "the bytes of what did not fit are landed"
    letters = [letter.kind for letter in connected.dead_letters]
    if fault == "changed_types":
        assert letters == [LOG[vendor]], "one record is set aside, the rest of its page goes through"
        assert len(connected.ids(LOG[vendor])) == RECORDS - 1
        connected.cursor = None
    else:
        assert letters == (["page"] if fault in ("malformed", "html") else [])
    connected.pull()
    assert connected.problem is None
    assert connected.ids(LOG[vendor]) == {f"r{n}" for n in range(RECORDS)}
    running.raw("POST", "/control/pages", body='{"largest": null}')


def test_chance_is_a_function_of_the_seed_and_says_what_was_met(running: Running) -> None:
    running.world("chance", balance_transaction=[(moment("2026-10-01"), "added", "r1", record("stripe", 1))])

    def met(seed: int) -> tuple[list[int], dict[str, int]]:
        running.raw("POST", "/control/chaos", body=json.dumps({"seed": seed, "percent": 30, "kinds": CALM}))
        statuses = [running.raw("GET", "/chance/v1/balance", {"Authorization": "Bearer sk_test_chance"})[0].status]
        for _ in range(89):
            statuses.append(
                running.raw("GET", "/chance/v1/balance", {"Authorization": "Bearer sk_test_chance"})[0].status
            )
        injected = json.loads(running.raw("DELETE", "/control/chaos")[1])["injected"]
        return statuses, {kind: count for _, kind, count in injected}

    first, again, other = met(1), met(1), met(2)
    assert first == again
    assert first != other
    assert set(first[1]) == set(CALM)
    assert 15 <= sum(first[1].values()) <= 40, "of 90 calls, 30 per cent"
    assert first[0].count(200) == 90 - first[1]["status_429"] - first[1]["status_500"] - first[1]["login_required"]


CALM = ["status_429", "status_500", "login_required", "html"]
