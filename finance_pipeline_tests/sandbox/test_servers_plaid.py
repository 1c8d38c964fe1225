"""Plaid as the sandbox serves it, seen by Plaid's own SDK."""

import json
from collections.abc import Iterator
from typing import Any

import plaid
import pytest
import urllib3
from plaid.api.plaid_api import PlaidApi
from plaid.model.accounts_balance_get_request import AccountsBalanceGetRequest
from plaid.model.accounts_get_request import AccountsGetRequest
from plaid.model.item_get_request import ItemGetRequest
from plaid.model.transactions_sync_request import TransactionsSyncRequest
from plaid.model.transactions_sync_request_options import TransactionsSyncRequestOptions

from finance_pipeline.sandbox.servers.credentials import secrets_of
from finance_pipeline_tests.sandbox.serving import Event, Running, moment, serving

_NULLS_OF_LOCATION = json.dumps(
    dict.fromkeys(("address", "city", "region", "postal_code", "country", "lat", "lon", "store_number"))
)
_NULLS_OF_PAYMENT = json.dumps(
    dict.fromkeys(
        ("by_order_of", "payee", "payer", "payment_method", "payment_processor", "ppd_id", "reason", "reference_number")
    )
)
LONG = TransactionsSyncRequestOptions(days_requested=730)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("home")) as found:
        yield found


class Client:
    """The SDK for one connection, as a user of the real service would set it up."""

    def __init__(self, running: Running, connection: str, **wrong: str) -> None:
        secrets = {**secrets_of(connection, "plaid"), **wrong}
        self.token = secrets["access_token"]
        keys = {"clientId": secrets["client_id"], "secret": secrets["secret"], "plaidVersion": "2020-09-14"}
        pool = plaid.ApiClient(plaid.Configuration(host=running.url(connection), api_key=keys))
        self.api = PlaidApi(pool)

    def sync(self, cursor: str | None = None, count: int = 500) -> dict[str, Any]:
        given: dict[str, Any] = {"cursor": cursor} if cursor else {"options": LONG}
        request = TransactionsSyncRequest(access_token=self.token, count=count, **given)
        raw = self.api.transactions_sync(request, _preload_content=False, _request_timeout=10)
        return json.loads(raw.data)  # type: ignore[no-any-return]

    def everything(self, cursor: str | None = None, count: int = 500) -> tuple[dict[str, list[str]], str]:
        """The ids of a whole update by change, and the cursor that it leads to."""
        changes: dict[str, list[str]] = {"added": [], "modified": [], "removed": []}
        while True:
            page = self.sync(cursor, count)
            for change, ids in changes.items():
                ids += [record["transaction_id"] for record in page[change]]
            cursor = page["next_cursor"]
            if not page["has_more"]:
                return changes, page["next_cursor"]


def line(at: str, op: str, transaction_id: str, amount: str = "10.10", date: str = "2026-10-20") -> Event:
    text = (
        f'{{"transaction_id":"{transaction_id}","account_id":"a1","amount":{amount},"iso_currency_code":"USD",'
        f'"date":"{date}","name":"X","pending":false,"authorized_date":null,"authorized_datetime":null,"datetime":null,'
        '"payment_channel":"online","transaction_code":null,"unofficial_currency_code":null,"category":null,'
        '"category_id":null,"pending_transaction_id":null,"account_owner":null,'
        f'"location":{_NULLS_OF_LOCATION},"payment_meta":{_NULLS_OF_PAYMENT}}}'
    )
    return moment(at), op, transaction_id, text


def error_of(raised: pytest.ExceptionInfo[plaid.ApiException]) -> tuple[int, str, str]:
    body = json.loads(raised.value.body)
    return raised.value.status, body["error_type"], body["error_code"]


def test_a_first_sync_pages_through_what_exists_now_and_keeps_every_digit(running: Running) -> None:
    events = [line("2026-10-20", "added", f"t{n}") for n in range(7)]
    events += [line("2026-10-21", "removed", "t3"), line("2026-10-22", "modified", "t5", "90071992547409.930")]
    running.world("first", transaction=events)
    running.at("2026-11-02")
    client = Client(running, "first")
    changes, cursor = client.everything(count=3)
    assert changes == {"added": ["t0", "t1", "t2", "t4", "t6", "t5"], "modified": [], "removed": []}
    request = TransactionsSyncRequest(access_token=client.token, options=LONG)
    assert b'"amount":90071992547409.930,' in client.api.transactions_sync(request, _preload_content=False).data
    assert client.everything(cursor)[0] == {"added": [], "modified": [], "removed": []}


def test_the_next_sync_gives_the_net_change_and_not_what_came_and_went(running: Running) -> None:
    running.world(
        "next",
        transaction=[
            *(line("2026-10-20", "added", n) for n in ("kept", "changed", "pending")),
            line("2026-10-21", "modified", "changed", "9.99"),
            line("2026-10-21", "removed", "pending"),
            line("2026-10-21", "added", "posted"),
            line("2026-10-21", "added", "brief"),
            line("2026-10-21", "removed", "brief"),
        ],
    )
    running.at("2026-10-20T12:00")
    client = Client(running, "next")
    _, cursor = client.everything()
    running.at("2026-10-22")
    for count in (500, 1):
        changes, _ = client.everything(cursor, count)
        assert changes == {"added": ["posted"], "modified": ["changed"], "removed": ["pending"]}
    assert client.sync(cursor)["removed"] == [{"transaction_id": "pending", "account_id": "a1"}]


def test_news_between_two_pages_break_the_pagination_and_the_first_cursor_still_works(running: Running) -> None:
    running.world(
        "moving",
        transaction=[line("2026-10-20", "added", f"t{n}") for n in range(4)] + [line("2026-10-22", "removed", "t0")],
    )
    running.at("2026-10-21")
    client = Client(running, "moving")
    second_page = client.sync(count=2)["next_cursor"]
    running.at("2026-10-21T06:00")
    assert len(client.sync(second_page, count=2)["added"]) == 2, "time alone changes nothing"
    running.at("2026-10-22")
    with pytest.raises(plaid.ApiException) as raised:
        client.sync(second_page, count=2)
    assert error_of(raised) == (400, "TRANSACTIONS_ERROR", "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION")
    assert client.everything(count=2)[0]["added"] == ["t1", "t2", "t3"]


def test_a_cursor_is_refused_when_it_is_nonsense_anothers_or_of_a_world_that_is_no_more(running: Running) -> None:
    running.world("mine", transaction=[line("2026-10-20", "added", "t1")])
    running.world("theirs", transaction=[line("2026-10-20", "added", "t1")])
    running.at("2026-11-02")
    _, theirs = Client(running, "theirs").everything()
    _, mine = Client(running, "mine").everything()
    running.world("mine", transaction=[line("2026-10-20", "added", "other"), line("2026-10-20", "added", "t2")])
    for cursor in ("nonsense", theirs, mine):
        with pytest.raises(plaid.ApiException) as raised:
            Client(running, "mine").sync(cursor)
        assert error_of(raised) == (400, "INVALID_REQUEST", "INVALID_FIELD")


def test_history_is_90_days_unless_the_first_call_asks_for_more(running: Running) -> None:
    old, new = line("2026-05-02", "added", "old", date="2026-05-01"), line("2026-10-20", "added", "new")
    running.world("history", transaction=[old, new])
    running.at("2026-11-02")
    client = Client(running, "history")
    typed = client.api.transactions_sync(TransactionsSyncRequest(access_token=client.token))
    assert [record["transaction_id"] for record in typed["added"]] == ["new"]
    assert client.everything()[0]["added"] == ["old", "new"]


def test_before_there_is_anything_a_sync_is_not_ready_and_has_no_cursor(running: Running) -> None:
    running.world("early", transaction=[line("2026-10-20", "added", "t1")])
    running.at("2026-10-19")
    page = Client(running, "early").sync()
    assert (page["transactions_update_status"], page["next_cursor"], page["added"]) == ("NOT_READY", "", [])


def test_balances_are_those_of_the_sandbox_clocks_day_in_the_sdks_own_models(running: Running) -> None:
    def day(at: str, current: str) -> Event:
        balances = (
            f'{{"available":null,"current":{current},"limit":null,"iso_currency_code":"USD",'
            '"unofficial_currency_code":null}'
        )
        text = (
            f'{{"account_id":"a1","balances":{balances},"mask":"4821","name":"Op","official_name":null,'
            '"type":"depository","subtype":"checking"}'
        )
        return moment(at), "modified", "a1", text

    running.world("balances", transaction=[], account=[day("2026-10-01", "10.50"), day("2026-10-02", "99.05")])
    client = Client(running, "balances")
    for now, current in (("2026-10-01T10:00", 10.50), ("2026-10-05", 99.05)):
        running.at(now)
        for answer in (
            client.api.accounts_get(AccountsGetRequest(access_token=client.token)),
            client.api.accounts_balance_get(AccountsBalanceGetRequest(access_token=client.token)),
        ):
            assert [account["balances"]["current"] for account in answer["accounts"]] == [current]
    assert client.api.item_get(ItemGetRequest(access_token=client.token))["item"]["item_id"] == "item-balances"


@pytest.mark.parametrize(
    ("wrong", "code"), [({"secret": "no"}, "INVALID_API_KEYS"), ({"access_token": "access-no"}, "INVALID_ACCESS_TOKEN")]
)
def test_wrong_secrets_are_refused_in_plaids_words(running: Running, wrong: dict[str, str], code: str) -> None:
    running.world("locked", transaction=[])
    running.at("2026-11-02")
    with pytest.raises(plaid.ApiException) as raised:
        Client(running, "locked", **wrong).sync()
    assert error_of(raised) == (400, "INVALID_INPUT", code)


def test_faults_come_as_often_as_ordered_and_then_it_works_again(running: Running) -> None:
    running.world("faulty", transaction=[line("2026-10-20", "added", "t1")])
    running.at("2026-11-02")
    client = Client(running, "faulty")
    running.fault("faulty", "login_required", count=2)
    running.fault("faulty", "status_429", retry_after_s=7)
    seen = []
    for _ in range(3):
        with pytest.raises(plaid.ApiException) as raised:
            client.sync()
        seen.append((*error_of(raised), raised.value.headers.get("Retry-After")))
    assert seen == [
        (400, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED", None),
        (400, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED", None),
        (429, "RATE_LIMIT_EXCEEDED", "RATE_LIMIT", "7"),
    ]
    running.fault("faulty", "malformed")
    with pytest.raises(json.JSONDecodeError):
        client.sync()
    running.fault("faulty", "reset")
    with pytest.raises(urllib3.exceptions.ProtocolError, match="reset"):
        client.api.api_client.rest_client.pool_manager.request(
            "POST", running.url("faulty") + "/transactions/sync", body="{}", retries=False
        )
    assert len(client.sync()["added"]) == 1
