"""Stripe: windows that overlap, old objects that change, payouts with their members."""

from collections.abc import Iterable
from datetime import date

import polars as pl
import pytest

from finance_pipeline.core.problems import NeedsItsOwner, Unreachable
from finance_pipeline.sources import stripe_client
from finance_pipeline.sources.gather import MalformedPage
from finance_pipeline_tests.sandbox.serving import Event, moment
from finance_pipeline_tests.sources.pulling import Connected

KIND = "stripe"


def seconds(at: str) -> int:
    return int(moment(at).timestamp())


def movement(at: str, name: str, net: int = 100, **more: str) -> Event:
    members = {"currency": '"usd"', **more}
    rest = "".join(f',"{key}":{value}' for key, value in members.items())
    text = (
        f'{{"id":"txn_{name}","object":"balance_transaction","amount":{net},"net":{net},"fee":0,"type":"charge",'
        f'"available_on":{seconds(at)},"created":{seconds(at)},"exchange_rate":1.17350,'
        f'"source":{{"id":"ch_{name}","object":"charge","metadata":{{"invoice":"INV-{name}"}}}}{rest}}}'
    )
    return moment(at), "added", f"txn_{name}", text


def payout(
    at: str,
    name: str,
    *,
    created: str,
    status: str = "paid",
    op: str = "added",
    automatic: str = "true",
    done: bool = True,
) -> Event:
    listed = "completed" if done else "in_progress"
    text = (
        f'{{"id":"po_{name}","object":"payout","amount":300,"currency":"usd","automatic":{automatic},'
        f'"created":{seconds(created)},"arrival_date":{seconds(created)},"balance_transaction":"txn_out_{name}",'
        f'"status":"{status}","reconciliation_status":"{listed}","metadata":{{}}}}'
    )
    return moment(at), op, f"po_{name}", text


def dispute(at: str, status: str, op: str = "added") -> Event:
    text = (
        f'{{"id":"dp_1","object":"dispute","amount":100,"currency":"usd","charge":"ch_a","status":"{status}",'
        f'"created":{seconds("2026-10-01")}}}'
    )
    return moment(at), op, "dp_1", text


def serve(
    connected: Connected,
    movements: Iterable[Event],
    payouts: Iterable[Event] = (),
    disputes: Iterable[Event] = (),
    members: Iterable[tuple[str, str]] = (),
    **more: list[Event],
) -> None:
    folder = connected.running.world(
        connected.name, balance_transaction=list(movements), payout=list(payouts), dispute=list(disputes), **more
    )
    schema = {"payout_id": pl.String, "balance_transaction_id": pl.String}
    pl.DataFrame(list(members), schema=schema, orient="row").write_parquet(folder / "payout_members.parquet")


def test_movements_come_expanded_digit_for_digit_and_again_nothing_is_new(connected: Connected) -> None:
    serve(connected, (movement(f"2026-10-{d:02d}", f"{d}_{n}") for d in range(1, 20) for n in range(20)))
    connected.pull()
    assert len(connected.ids("balance_transaction")) == 380
    said = connected.records["balance_transaction", "txn_3_7"] or ""
    assert '"exchange_rate":1.17350,' in said
    assert '"source":{"id":"ch_3_7"' in said
    assert connected.problem is None
    first = connected.cursor
    assert connected.pull() == 0
    assert connected.cursor == first


def test_the_day_is_the_day_in_the_zone_of_the_book(connected: Connected) -> None:
    serve(connected, [movement("2026-10-02T03:30", "evening"), movement("2026-10-02T04:30", "morning")])
    connected.pull()
    assert connected.day("balance_transaction", "txn_evening") == date(2026, 10, 1)
    assert connected.day("balance_transaction", "txn_morning") == date(2026, 10, 2)
    assert connected.day("balance", "balance") is None
    assert '"retrieved_on":"2026-11-20"' in (connected.records["balance", "balance"] or "")


def test_the_next_window_begins_before_the_newest_seen_not_at_the_time_of_the_pull(connected: Connected) -> None:
    early = movement("2026-10-20T10:00", "seen")
    serve(connected, [early])
    connected.pull()
    late = [movement("2026-10-18T09:00", "late"), early, movement("2026-10-27T10:00", "new")]
    serve(connected, late)
    connected.running.at("2026-10-28")
    connected.pull()
    assert connected.ids("balance_transaction") == {"txn_seen", "txn_late", "txn_new"}


def test_a_payout_names_its_members_once_stripe_has_itemised_it(connected: Connected) -> None:
    rows = [movement("2026-10-09", "a"), movement("2026-10-09", "b"), movement("2026-10-10", "out_1", -200)]
    payouts = [
        payout("2026-10-10", "1", created="2026-10-10", status="in_transit", done=False),
        payout("2026-10-10", "manual", created="2026-10-10", automatic="false"),
        payout("2026-10-26", "1", created="2026-10-10", op="modified"),
    ]
    serve(connected, rows, payouts, members=[("po_1", "txn_b"), ("po_1", "txn_a")])
    connected.pull()
    assert "members" not in connected.payload("payout", "po_1")
    connected.running.at("2026-10-27")
    connected.pull()
    assert connected.payload("payout", "po_1")["members"] == ["txn_a", "txn_b", "txn_out_1"]
    assert "members" not in connected.payload("payout", "po_manual")


def test_every_call_names_the_version_of_the_api_that_its_answers_are_read_by(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_client, "API_VERSION", "2025-12-15.clover")
    serve(connected, [movement("2026-10-09", "a")], [payout("2026-10-10", "1", created="2026-10-10")])
    connected.pull()
    assert [page.endpoint for page in connected.pages if b"2025-12-15.clover" in page.raw] == ["/v1/events"]


def test_an_old_payout_that_fails_and_an_old_dispute_that_is_won_are_read_again(connected: Connected) -> None:
    payouts = [payout("2026-10-05", "old", created="2026-10-05"), payout("2026-10-20", "new", created="2026-10-20")]
    failed = payout("2026-10-26", "old", created="2026-10-05", status="failed", op="modified")
    disputes = [dispute("2026-10-01", "needs_response"), dispute("2026-10-26", "won", "modified")]
    serve(connected, [movement("2026-10-04", "a")], [*payouts, failed], disputes)
    connected.pull()
    assert connected.payload("payout", "po_old")["status"] == "paid"
    connected.running.at("2026-10-27")
    connected.pull()
    assert connected.payload("payout", "po_old")["status"] == "failed"
    assert connected.payload("dispute", "dp_1")["status"] == "won"


def test_what_changed_while_nobody_looked_for_longer_than_events_last_is_read_again(connected: Connected) -> None:
    payouts = [payout("2026-07-01", "old", created="2026-07-01"), payout("2026-07-20", "new", created="2026-07-20")]
    failed = payout("2026-08-01", "old", created="2026-07-01", status="failed", op="modified")
    serve(connected, [movement("2026-07-01", "a")], [*payouts, failed])
    connected.running.at("2026-07-25")
    connected.pull()
    assert connected.payload("payout", "po_old")["status"] == "paid"
    connected.running.at("2026-10-25")
    connected.pull()
    assert connected.payload("payout", "po_old")["status"] == "failed"


@pytest.mark.parametrize(("more", "reason"), [({"currency": "null"}, "no currency"), ({"id": "null"}, "no id")])
def test_one_bad_movement_does_not_stop_its_page(connected: Connected, more: dict[str, str], reason: str) -> None:
    serve(connected, [movement("2026-10-09", "a"), movement("2026-10-10", "bad", **more), movement("2026-10-11", "b")])
    connected.pull()
    assert connected.problem is None
    assert {"txn_a", "txn_b"} == connected.ids("balance_transaction")
    assert [(letter.kind, reason in letter.reason) for letter in connected.dead_letters] == [
        ("balance_transaction", True)
    ]


def test_a_malformed_page_leaves_the_window_where_it_was(connected: Connected) -> None:
    serve(connected, [movement(f"2026-10-{d:02d}", f"{d}_{n}") for d in range(1, 20) for n in range(20)])
    connected.running.fault(connected.name, "malformed", skip=2, count=3, path="balance_transactions")
    connected.pull()
    assert isinstance(connected.problem, MalformedPage)
    assert connected.cursor == {}
    assert len(connected.ids("balance_transaction")) == 200
    (letter,) = connected.dead_letters
    cut = next(page for page in connected.pages if page.hash == letter.page_hash)
    assert cut.raw.startswith(b'{"object":"list"')
    connected.pull()
    assert connected.problem is None
    assert len(connected.ids("balance_transaction")) == 380


def test_a_failure_after_the_movements_keeps_them_and_their_cursor(connected: Connected) -> None:
    serve(connected, [movement("2026-10-09", "a")], [payout("2026-10-10", "1", created="2026-10-10", done=False)])
    connected.running.fault(connected.name, "status_500", count=5, path="payouts")
    connected.pull()
    assert isinstance(connected.problem, Unreachable)
    assert connected.cursor == {"balance_transaction": seconds("2026-10-09")}
    connected.pull()
    assert connected.ids("payout") == {"po_1"}


def test_a_limit_is_waited_for_and_a_broken_connection_tried_again(connected: Connected) -> None:
    serve(connected, [movement("2026-10-09", "a")])
    connected.running.fault(connected.name, "status_429", retry_after_s=2)
    connected.running.fault(connected.name, "reset")
    connected.pull()
    assert connected.problem is None
    assert len(connected.slept) == 2
    assert connected.slept[0] >= 2


@pytest.mark.parametrize(("fault", "what"), [("unauthorised", "not accepted"), ("forbidden", "lacks a permission")])
def test_a_refused_key_is_for_its_owner_and_is_not_tried_again(connected: Connected, fault: str, what: str) -> None:
    serve(connected, [movement("2026-10-09", "a")])
    connected.running.fault(connected.name, fault)
    connected.pull()
    assert isinstance(connected.problem, NeedsItsOwner)
    assert what in str(connected.problem)
    assert "TEST_API_KEY" in str(connected.problem)
    assert connected.says_no_secret()
    assert connected.slept == []


def test_a_wrong_key_is_never_repeated(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(connected, [movement("2026-10-09", "a")])
    connected.secrets["api_key"] = "sk_test_of_somebody_else"
    monkeypatch.setenv("TEST_API_KEY", connected.secrets["api_key"])
    connected.pull()
    assert isinstance(connected.problem, NeedsItsOwner)
    assert connected.says_no_secret()


def customer(at: str, name: str, op: str = "added") -> Event:
    said = f'{{"id":"cus_1","object":"customer","created":{seconds("2026-09-01")},"name":"{name}","currency":null}}'
    return moment(at), op, "cus_1", said


def stripe_invoice(at: str, status: str, op: str = "added") -> Event:
    said = (
        f'{{"id":"in_1","object":"invoice","created":{seconds("2026-10-01")},"currency":"usd","status":"{status}",'
        '"number":"INV-7","total":120050}'
    )
    return moment(at), op, "in_1", said


def charge(at: str, refunded: int, op: str = "added") -> Event:
    said = (
        f'{{"id":"ch_old","object":"charge","created":{seconds("2026-10-01")},"currency":"usd","status":"succeeded",'
        f'"amount":100,"amount_refunded":{refunded},"balance_transaction":"txn_old"}}'
    )
    return moment(at), op, "ch_old", said


def test_customers_and_invoices_come_with_their_changes_and_a_deleted_customer_is_a_tombstone(
    connected: Connected,
) -> None:
    customers = [customer("2026-09-01", "Acme"), customer("2026-10-10", "Acme Ltd", "modified")]
    invoices = [stripe_invoice("2026-10-01", "open"), stripe_invoice("2026-10-26", "paid", "modified")]
    gone = (moment("2026-10-27"), "removed", "cus_1", customers[0][3])
    serve(connected, [movement("2026-10-04", "a")], customer=[*customers, gone], invoice=invoices)
    connected.pull()
    assert connected.payload("customer", "cus_1")["name"] == "Acme Ltd"
    assert connected.payload("invoice", "in_1")["status"] == "open"
    connected.running.at("2026-10-28")
    connected.pull()
    assert connected.problem is None
    assert connected.ids("customer") == set(), "the tombstone says that it was there"
    assert connected.payload("invoice", "in_1")["status"] == "paid"


def test_what_a_charge_says_of_itself_later_reaches_the_movement_that_it_caused(connected: Connected) -> None:
    def told(at: str, number: str, op: str = "added") -> Event:
        source = f'{{"id":"ch_old","object":"charge","metadata":{{"invoice_number":"{number}"}}}}'
        _, _, name, text = movement("2026-10-01", "old", source=source)
        return moment(at), op, name, text

    recent = movement("2026-10-20", "new")
    changed = [told("2026-10-01", ""), told("2026-10-26", "INV-7", "modified")]
    charges = [charge("2026-10-01", 0), charge("2026-10-26", 0, "modified")]
    serve(connected, [changed[0], recent, changed[1]], charge=charges)
    connected.pull()
    connected.running.at("2026-10-27")
    connected.pull()
    source = connected.payload("balance_transaction", "txn_old")["source"]
    assert source["metadata"]["invoice_number"] == "INV-7", "known from charge.updated, long after its window"
