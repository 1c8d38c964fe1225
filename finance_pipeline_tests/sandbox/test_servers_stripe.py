"""Stripe as the sandbox serves it, seen by Stripe's own SDK."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
import stripe

from finance_pipeline.sandbox.servers.credentials import secrets_of
from finance_pipeline_tests.sandbox.serving import Event, Running, moment, serving

VERSION = "2026-03-25.dahlia"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("home")) as found:
        yield found


def client_of(running: Running, connection: str, api_key: str | None = None) -> stripe.StripeClient:
    return stripe.StripeClient(
        api_key or secrets_of(connection, "stripe")["api_key"],
        base_addresses={"api": running.url(connection)},
        stripe_version=VERSION,
        max_network_retries=0,
    )


def get(client: stripe.StripeClient, path: str, **params: Any) -> dict[str, Any]:
    return json.loads(client.raw_request("get", path, **params).body)  # type: ignore[no-any-return]


def ids(answer: dict[str, Any]) -> list[str]:
    return [each["id"] for each in answer["data"]]


def seconds(at: str) -> int:
    return int(moment(at).timestamp())


def movement(
    at: str, txn: str, net: int, *, settles: str = "2026-10-01", kind: str = "charge", currency: str = "usd"
) -> Event:
    text = (
        f'{{"id":"txn_{txn}","object":"balance_transaction","amount":{net},"available_on":{seconds(settles)},'
        f'"created":{seconds(at)},"currency":"{currency}","exchange_rate":1.17350,"fee":0,"net":{net},"type":"{kind}",'
        f'"source":{{"id":"ch_{txn}","object":"charge","amount":{net},"metadata":{{"invoice":"INV-{txn}"}}}}}}'
    )
    return moment(at), "added", f"txn_{txn}", text


def payout(
    at: str, op: str, status: str, *, name: str = "po_1", automatic: str = "true", listed: str = "completed"
) -> Event:
    text = (
        f'{{"id":"{name}","object":"payout","amount":300,"arrival_date":{seconds("2026-10-12")},"automatic":{automatic},'
        f'"balance_transaction":"txn_out","created":{seconds("2026-10-10")},"currency":"usd","metadata":{{"by":"world"}},'
        f'"reconciliation_status":"{listed}","status":"{status}"}}'
    )
    return moment(at), op, name, text


def test_lists_go_from_new_to_old_in_pages_that_neither_repeat_nor_skip(running: Running) -> None:
    made = [movement(f"2026-10-{day:02}", f"{day}{twin}", 100) for day in range(1, 13) for twin in "ab"]
    running.world("lists", balance_transaction=made)
    running.at("2026-10-11T00:00")
    client = client_of(running, "lists")
    found = list(client.v1.balance_transactions.list({"limit": 7}).auto_paging_iter())
    expected = [f"txn_{day}{twin}" for day in range(11, 0, -1) for twin in "ba"]
    assert [each.id for each in found] == expected
    back = get(client, "/v1/balance_transactions", limit=3, ending_before="txn_8a")
    assert (ids(back), back["has_more"]) == (["txn_9b", "txn_9a", "txn_8b"], True)
    between = {"gte": seconds("2026-10-03"), "lt": seconds("2026-10-05")}
    window = get(client, "/v1/balance_transactions", created=between, limit=100)
    assert (ids(window), window["has_more"]) == (["txn_4b", "txn_4a", "txn_3b", "txn_3a"], False)
    assert ids(get(client, "/v1/balance_transactions", source="ch_5a")) == ["txn_5a"]


def test_a_source_is_an_id_unless_it_is_expanded_and_rates_keep_every_digit(running: Running) -> None:
    running.world("expand", balance_transaction=[movement("2026-10-01", "1", 100)])
    running.at("2026-10-11")
    client = client_of(running, "expand")
    plain = client.raw_request("get", "/v1/balance_transactions").body
    expanded = client.raw_request("get", "/v1/balance_transactions", expand=["data.source"]).body
    assert json.loads(plain)["data"][0]["source"] == "ch_1"
    assert json.loads(expanded)["data"][0]["source"]["metadata"] == {"invoice": "INV-1"}
    assert all("1.17350" in each for each in (plain, expanded))
    assert client.v1.balance_transactions.retrieve("txn_1").source == "ch_1"


def test_the_movements_of_an_automatic_payout_add_to_zero_and_others_cannot_be_itemised(running: Running) -> None:
    movements = [movement("2026-10-09", "1", 100), movement("2026-10-09", "2", 200), movement("2026-10-09", "3", 50)]
    folder = running.world(
        "payouts",
        balance_transaction=[*movements, movement("2026-10-10", "out", -300, kind="payout")],
        payout=[
            payout("2026-10-10", "added", "paid"),
            payout("2026-10-10", "added", "paid", name="po_manual", automatic="false", listed="not_applicable"),
            payout("2026-10-10", "added", "paid", name="po_new", listed="in_progress"),
        ],
    )
    members = pl.DataFrame({"payout_id": ["po_1", "po_1"], "balance_transaction_id": ["txn_1", "txn_2"]})
    members.write_parquet(folder / "payout_members.parquet")
    running.at("2026-10-11")
    client = client_of(running, "payouts")
    found = get(client, "/v1/balance_transactions", payout="po_1")
    assert (sorted(ids(found)), sum(each["net"] for each in found["data"])) == (["txn_1", "txn_2", "txn_out"], 0)
    assert get(client, "/v1/balance_transactions", payout="po_new")["data"] == []
    with pytest.raises(stripe.InvalidRequestError, match="only be filtered on automatic transfers"):
        get(client, "/v1/balance_transactions", payout="po_manual")


def test_the_balance_parts_what_settled_by_the_clock_from_what_is_pending(running: Running) -> None:
    running.world(
        "balance",
        balance_transaction=[
            movement("2026-10-01", "1", 1000, settles="2026-10-03"),
            movement("2026-10-02", "2", 250, settles="2026-10-20"),
            movement("2026-10-02", "3", 70, settles="2026-10-03", currency="eur"),
            movement("2026-10-12", "later", 9999),
        ],
    )
    running.at("2026-10-11")
    balance = client_of(running, "balance").v1.balance.retrieve()
    assert {each.currency: each.amount for each in balance.available} == {"eur": 70, "usd": 1000}
    assert {each.currency: each.amount for each in balance.pending} == {"eur": 0, "usd": 250}


def test_events_tell_what_became_of_an_object_for_30_days_each_as_it_was_then(running: Running) -> None:
    running.world(
        "events",
        payout=[
            payout("2026-10-10", "added", "pending"),
            payout("2026-10-12", "modified", "paid"),
            payout("2026-10-15", "modified", "failed"),
        ],
        refund=[
            (moment("2026-10-11"), "added", "re_1", '{"id":"re_1","object":"refund","created":1,"status":"succeeded"}')
        ],
    )
    client = client_of(running, "events")
    running.at("2026-10-16")
    told = [
        "payout.failed",
        "payout.updated",
        "payout.paid",
        "payout.updated",
        "refund.created",
        "payout.reconciliation_completed",
        "payout.created",
    ]
    found = list(client.v1.events.list({"limit": 2}).auto_paging_iter())
    assert [each.type for each in found] == told
    assert len({each.id for each in found}) == len(told)
    paid = get(client, "/v1/events", types=["payout.paid", "payout.canceled"])["data"]
    assert [(each["type"], each["data"]["object"]["status"]) for each in paid] == [("payout.paid", "paid")]
    assert paid[0]["created"] == seconds("2026-10-12")
    running.at("2026-11-12")
    assert [each["type"] for each in get(client, "/v1/events")["data"]] == told[:2]


def test_a_post_runs_once_per_idempotency_key_even_when_its_answer_was_lost(running: Running) -> None:
    running.world("once", payout=[payout("2026-10-10", "added", "paid")])
    running.at("2026-10-16")
    client = client_of(running, "once")

    def tag(key: str, value: str) -> stripe.Payout:
        return client.v1.payouts.update("po_1", {"metadata": {"run": value}}, {"idempotency_key": key})

    running.fault("once", "reset_after")
    with pytest.raises(stripe.APIConnectionError):
        tag("key-1", "first")
    assert tag("key-2", "second").metadata.to_dict() == {"by": "world", "run": "second"}
    replayed = tag("key-1", "first")
    assert replayed.metadata["run"] == "first", "the answer of the first call, not a second execution"
    assert replayed.last_response.headers["Idempotent-Replayed"] == "true"
    assert client.v1.payouts.retrieve("po_1").metadata["run"] == "second"
    with pytest.raises(stripe.IdempotencyError):
        tag("key-1", "other")


def test_refusals_are_the_sdks_own_errors(running: Running) -> None:
    running.world("errors", payout=[payout("2026-10-10", "added", "paid")])
    running.at("2026-10-16")
    client = client_of(running, "errors")
    with pytest.raises(stripe.AuthenticationError) as raised:
        get(client_of(running, "errors", "sk_test_wrong"), "/v1/payouts")
    assert "sk_test_wrong" not in str(raised.value)
    with pytest.raises(stripe.InvalidRequestError) as raised_missing:
        client.v1.payouts.retrieve("po_none")
    assert (raised_missing.value.http_status, raised_missing.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: colour"):
        get(client, "/v1/payouts", colour="red")
    for kind, error in (("status_429", stripe.RateLimitError), ("forbidden", stripe.PermissionError)):
        running.fault("errors", kind)
        with pytest.raises(error):
            get(client, "/v1/payouts")
    answer = client.raw_request("get", "/v1/payouts")
    assert answer.headers["Stripe-Version"] == VERSION
    assert answer.headers["Request-Id"].startswith("req_")
