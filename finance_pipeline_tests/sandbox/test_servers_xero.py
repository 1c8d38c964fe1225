"""Xero as the sandbox serves it, seen by Xero's own SDK; tokens as its SDK asks for them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.exceptions.http_status_exceptions import HTTPStatusException, NotFoundException, RateLimitException

from finance_pipeline.sandbox.servers.credentials import secrets_of, tenant_of
from finance_pipeline_tests.sandbox.serving import Event, Running, moment, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def organisation(running: Running, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> "Organisation":
    return Organisation(running, request.node.name.replace("_", "-"), monkeypatch)


class Organisation:
    """One connection and the SDK for it."""

    def __init__(self, running: Running, connection: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.running, self.id, self.tenant = running, connection, tenant_of(connection)
        self.secrets = secrets_of(connection, "xero")
        monkeypatch.setattr(TokenApi, "client_credentials_token_url", f"{running.url(connection)}/connect/token")
        self._token: dict[str, Any] = {}
        self.client = self._client()
        self.api = AccountingApi(self.client, base_url=f"{running.url(connection)}/api.xro/2.0")
        running.at("2026-11-02")

    def _client(self) -> ApiClient:
        token = OAuth2Token(client_id=self.secrets["client_id"], client_secret=self.secrets["client_secret"])
        configuration = Configuration()
        configuration.oauth2_token = token  # a singleton: its constructor would keep the token of the test before
        client = ApiClient(configuration, pool_threads=1)
        client.oauth2_token_getter(lambda: self._token)
        client.oauth2_token_saver(self._token.update)
        client.rest_client.pool_manager.connection_pool_kw["retries"] = 0
        return client

    def serves(self, **kinds: list[Event]) -> "Organisation":
        """Write its logs and log in."""
        self.running.world(self.id, **{"invoice": [], **kinds})
        self.client.get_client_credentials_token()
        return self

    def get(self, name: str, **params: Any) -> dict[str, Any]:
        call = getattr(self.api, f"get_{name}")
        return json.loads(call(self.tenant, _preload_content=False, **params).data)  # type: ignore[no-any-return]

    def invoices(self, **params: Any) -> list[str]:
        return [each["InvoiceNumber"] for each in self.get("invoices", **params)["Invoices"]]


def invoice(
    at: str, number: int, *, op: str = "added", kind: str = "ACCREC", due: str = "10.00", status: str = "AUTHORISED"
) -> Event:
    at_ms = int(moment(at).timestamp() * 1000)
    text = (
        f'{{"Type":"{kind}","InvoiceID":"00000000-0000-0000-0000-{number:012}","InvoiceNumber":"INV-{number}","Status":"{status}",'
        f'"Contact":{{"ContactID":"c{number % 2}"}},"Date":"/Date({at_ms}+0000)/","DateString":"{at[:10]}T00:00:00",'
        f'"LineItems":[{{"UnitAmount":3.3350,"Quantity":3.0000}}],"Total":10.005,"AmountDue":{due},"CurrencyRate":1.173500,'
        f'"UpdatedDateUTC":"/Date({at_ms}+0000)/"}}'
    )
    return moment(at), op, f"00000000-0000-0000-0000-{number:012}", text


def test_pages_are_counted_and_hold_each_invoice_once_with_every_digit(organisation: Organisation) -> None:
    organisation.serves(invoice=[invoice(f"2026-10-{1 + n % 9:02}", n) for n in range(25)])
    pages = [organisation.get("invoices", page=page, page_size=10) for page in (1, 2, 3, 4)]
    assert [len(page["Invoices"]) for page in pages] == [10, 10, 5, 0]
    assert pages[2]["pagination"] == {"page": 3, "pageSize": 10, "pageCount": 3, "itemCount": 25}
    assert len({each["InvoiceID"] for page in pages for each in page["Invoices"]}) == 25
    raw = organisation.api.get_invoices(organisation.tenant, page=1, unitdp=4, _preload_content=False).data
    assert b'"UnitAmount":3.3350,' in raw
    assert b'"CurrencyRate":1.173500' in raw
    rounded = organisation.api.get_invoices(organisation.tenant, page=1, _preload_content=False).data
    assert b'"UnitAmount":3.34,' in rounded
    typed = organisation.api.get_invoices(organisation.tenant, page=1)
    assert (typed.pagination.item_count, typed.invoices[0].invoice_number) == (25, "INV-0")
    assert organisation.get("invoices")["Invoices"][0]["LineItems"] == [], "no page asked for: no line items"


def test_if_modified_since_sees_changes_after_that_second_up_to_the_clock(organisation: Organisation) -> None:
    changed = invoice("2026-10-05T12:00:01", 1, op="modified", status="PAID", due="0.00")
    organisation.serves(
        invoice=[invoice("2026-10-01", 1), invoice("2026-10-05T12:00:00", 2), changed, invoice("2026-11-20", 3)],
        account=[
            (moment("2026-10-01"), "added", "a1", '{"AccountID":"a1","UpdatedDateUTC":"/Date(1790812800000+0000)/"}')
        ],
    )
    assert organisation.invoices(page=1) == ["INV-2", "INV-1"]
    since = datetime(2026, 10, 5, 12, 0, 0, 900_000, tzinfo=UTC)
    assert organisation.invoices(page=1, if_modified_since=since) == ["INV-1"]
    assert organisation.invoices(page=1, if_modified_since=datetime(2026, 10, 6, tzinfo=UTC)) == []
    assert [each["AccountID"] for each in organisation.get("accounts")["Accounts"]] == ["a1"]
    with pytest.raises(HTTPStatusException) as raised:
        organisation.get("accounts", if_modified_since=datetime(2026, 10, 6, tzinfo=UTC))
    assert raised.value.status == 304


def test_filters_and_orders_select_as_xero_does(organisation: Organisation) -> None:
    organisation.serves(
        invoice=[
            invoice("2026-10-01", 1),
            invoice("2026-10-02", 2, kind="ACCPAY"),
            invoice("2026-10-03", 3, due="0.00", status="PAID"),
            invoice("2026-10-04", 4),
            invoice("2026-10-05", 5, status="ARCHIVED"),
        ]
    )
    for params, expected in (
        ({"where": 'Type=="ACCREC" AND Date>=DateTime(2026,10,03)'}, ["INV-3", "INV-4"]),
        ({"where": 'AmountDue > 0.01 && (Status!="PAID")'}, ["INV-1", "INV-2", "INV-4"]),
        ({"statuses": ["PAID", "VOIDED"]}, ["INV-3"]),
        ({"contact_i_ds": ["c0"]}, ["INV-2", "INV-4"]),
        ({"include_archived": True}, ["INV-1", "INV-2", "INV-3", "INV-4", "INV-5"]),
        ({"order": "InvoiceNumber DESC"}, ["INV-4", "INV-3", "INV-2", "INV-1"]),
    ):
        assert organisation.invoices(page=1, **params) == expected, params
    by_number = organisation.api.get_invoice(organisation.tenant, "INV-3", _preload_content=False).data
    assert json.loads(by_number)["Invoices"][0]["InvoiceNumber"] == "INV-3"
    with pytest.raises(HTTPStatusException) as raised:
        organisation.invoices(where="Type is nice")
    assert raised.value.status == 400
    with pytest.raises(NotFoundException):
        organisation.api.get_invoice(organisation.tenant, "INV-9")


def test_an_expired_token_is_refused_and_a_new_one_is_let_in(organisation: Organisation) -> None:
    organisation.serves(invoice=[invoice("2026-10-01", 1)])
    organisation.running.fault(organisation.id, "expired_token")
    with pytest.raises(HTTPStatusException) as raised:
        organisation.invoices(page=1)
    assert (raised.value.status, "TokenExpired" in str(raised.value.body)) == (401, True)
    organisation.client.get_client_credentials_token()
    assert organisation.invoices(page=1) == ["INV-1"]


def test_wrong_secrets_and_tenants_do_not_get_in(organisation: Organisation) -> None:
    organisation.serves()
    organisation.tenant = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(HTTPStatusException) as raised:
        organisation.invoices(page=1)
    assert raised.value.status == 403
    organisation.secrets["client_secret"] = "wrong"
    with pytest.raises(HTTPStatusException) as raised:
        organisation._client().get_client_credentials_token()
    assert (raised.value.status, b"invalid_client" in raised.value.http_resp.data) == (400, True)


def test_the_tenant_is_the_organisation_where_the_world_names_one(organisation: Organisation) -> None:
    named = "7f1e2d3c-0000-4000-8000-000000000001"
    text = f'{{"OrganisationID":"{named}","Name":"N","BaseCurrency":"USD"}}'
    organisation.serves(organisation=[(moment("2026-05-01"), "added", named, text)])
    organisation.tenant = named
    assert organisation.get("organisations")["Organisations"][0]["OrganisationID"] == named
    assert organisation.get("bank_transactions", page=1)["BankTransactions"] == []


def test_limits_are_off_until_set_and_then_say_when_to_come_again(organisation: Organisation) -> None:
    organisation.serves(invoice=[invoice("2026-10-01", 1)])
    for _ in range(70):
        organisation.invoices(page=1)
    limits = {"connection": organisation.id, "per_minute": 2, "per_day": None}
    organisation.running.raw("POST", "/control/limits", body=json.dumps(limits))
    left = []
    for _ in range(2):
        call = organisation.api.get_invoices(organisation.tenant, page=1, _return_http_data_only=False)
        left.append(call[2]["X-MinLimit-Remaining"])
    assert left == ["1", "0"]
    with pytest.raises(RateLimitException) as raised:
        organisation.invoices(page=1)
    assert raised.value.rate_limit == "minute"
    assert 1 <= int(raised.value.headers["Retry-After"]) <= 61


def test_ten_thousand_invoices_come_in_ten_pages_each_once(organisation: Organisation) -> None:
    organisation.serves(invoice=[invoice(f"2026-10-{1 + n // 500:02}", n) for n in range(10_000)])
    numbers = [number for page in range(1, 11) for number in organisation.invoices(page=page, page_size=1000, unitdp=4)]
    assert (len(numbers), len(set(numbers))) == (10_000, 10_000)
