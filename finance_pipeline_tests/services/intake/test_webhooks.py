"""A webhook counts only if its vendor signed these bytes, now, for the first time; its connection is then due."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from finance_pipeline.cli import webhooks as endpoint_module
from finance_pipeline.cli.webhooks import LARGEST_BYTES, endpoint
from finance_pipeline.core import p256
from finance_pipeline.core.problems import DatabaseDown
from finance_pipeline.sandbox.process import listen
from finance_pipeline.sandbox.servers.credentials import secrets_of
from finance_pipeline.sandbox.servers.webhooks import (
    plaid_key,
    plaid_key_id,
    sign_plaid,
    sign_stripe,
    sign_xero,
    signed_event,
)
from finance_pipeline.services import api
from finance_pipeline.services.intake.webhooks import Webhooks, due
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import rows

Headers = dict[str, str]
JSON = {"Content-Type": "application/json"}
SIGN: dict[str, Callable[[str, bytes, int], Headers]] = {
    "plaid": sign_plaid,
    "stripe": sign_stripe,
    "xero": sign_xero,
}
VENDORS = sorted(SIGN)


@dataclass(frozen=True)
class Endpoint:
    """The endpoint on a port of its own, over books whose connections the sandbox serves."""

    books: Workspace
    port: int

    def post(self, connection: str, headers: Headers, body: bytes) -> int:
        """Send a message; the status of the answer."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as client:
            client.request("POST", f"/webhooks/{connection}", body, headers)
            return client.getresponse().status

    def events(self) -> int:
        [(count,)] = rows(self.books, "select count(*) from ops.webhook_event")
        return int(count)


@pytest.fixture(scope="module")
def there(two_books: Company) -> Iterator[Endpoint]:
    with two_books.new_books() as books, listen(0) as listening:
        config = uvicorn.Config(endpoint(Webhooks(books)), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Endpoint(books, listening.getsockname()[1])
        server.should_exit = True
        thread.join()


_seconds: set[int] = set()


def second_of_its_own() -> int:
    """The last second that no event is of yet: what is signed alike twice is a message repeated."""
    second = int(time.time())
    while second in _seconds:
        second -= 1
    _seconds.add(second)
    return second


def event(vendor: str, at_s: float | None = None) -> tuple[Headers, bytes]:
    """A signed event; without a time, of a second of its own."""
    return signed_event(f"uk-{vendor}", vendor, at_s or second_of_its_own())


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_signed_event_makes_its_connection_due_until_it_is_read(there: Endpoint, vendor: str) -> None:
    headers, body = event(vendor)
    assert there.post(f"uk-{vendor}", headers, body) == 200
    assert vendor in {each.kind for each in due(there.books)}
    api.sync(there.books, vendor)  # type: ignore[arg-type]
    assert vendor not in {each.kind for each in due(there.books)}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_message_sent_once_more_counts_once(there: Endpoint, vendor: str) -> None:
    headers, body = event(vendor)
    assert there.post(f"uk-{vendor}", headers, body) == 200
    counted = there.events()
    again = there.post(f"uk-{vendor}", headers, body)
    assert again == (200 if vendor == "xero" else 409)  # Xero itself repeats the same bytes until it is told 200
    assert there.events() == counted


def test_an_event_that_its_vendor_signed_anew_is_taken_and_changes_nothing(there: Endpoint) -> None:
    headers, body = event("stripe")
    assert there.post("uk-stripe", headers, body) == 200
    counted = there.events()
    assert there.post("uk-stripe", {**JSON, **sign_stripe("uk-stripe", body, int(time.time()) + 1)}, body) == 200
    assert there.events() == counted


@pytest.mark.parametrize("vendor", VENDORS)
def test_bytes_that_are_not_those_that_were_signed_are_refused(there: Endpoint, vendor: str) -> None:
    headers, body = event(vendor)
    counted = there.events()
    altered = body.replace(b'": ', b'" :', 1)  # the same JSON
    assert json.loads(altered) == json.loads(body)
    assert there.post(f"uk-{vendor}", headers, altered) == 401
    assert there.post(f"uk-{vendor}", JSON, body) == 401
    of_the_other = SIGN[vendor](f"de-{vendor}", body, int(time.time()))
    assert there.post(f"uk-{vendor}", {**JSON, **of_the_other}, body) == 401
    assert there.events() == counted


@pytest.mark.parametrize("vendor", ["plaid", "stripe"])
@pytest.mark.parametrize("seconds", [-320, +30, +3600])
def test_a_signature_of_long_ago_or_of_the_future_is_refused(there: Endpoint, vendor: str, seconds: int) -> None:
    assert there.post(f"uk-{vendor}", *event(vendor, time.time() + seconds)) == 401


def test_one_right_signature_among_several_is_enough_while_a_secret_is_rolled(there: Endpoint) -> None:
    headers, body = event("stripe")
    when, right = headers["Stripe-Signature"].split(",")
    rolled = {**JSON, "Stripe-Signature": f"{when},v1={'0' * 64},{right},v0=unused"}
    assert there.post("uk-stripe", rolled, body) == 200
    _, other = event("stripe")
    for wrong in (f"{when},{when},{right}", f"{when},v0={right[3:]}", "t=soon,v1=x", f"{when}," + "v1=0," * 40):
        assert there.post("uk-stripe", {**JSON, "Stripe-Signature": wrong}, other) == 401


def forged(head: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> Headers:
    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    signed = ".".join(part(json.dumps(each).encode()) for each in (head, claims))
    return {**JSON, "Plaid-Verification": f"{signed}.{part(sign(signed.encode()))}"}


def test_a_jwt_that_chooses_its_own_algorithm_or_key_is_refused(there: Endpoint) -> None:
    _, body = event("plaid")
    key_id, counted = plaid_key_id("uk-plaid"), there.events()
    claims = {"iat": int(time.time()), "request_body_sha256": hashlib.sha256(body).hexdigest()}
    public = json.dumps(plaid_key("uk-plaid")).encode()

    def by_a_stranger(signed: bytes) -> bytes:
        return p256.sign(7, signed)

    for headers in (
        forged({"alg": "none", "kid": key_id}, claims, lambda _signed: b"0"),
        forged({"alg": "HS256", "kid": key_id}, claims, lambda signed: hmac.digest(public, signed, "sha256")),
        forged({"alg": "ES256", "kid": key_id}, claims, by_a_stranger),
        forged({"alg": "ES256", "kid": key_id}, claims, lambda _signed: bytes(64)),
        forged({"alg": "ES256", "kid": "nobodys-key"}, claims, by_a_stranger),
        forged({"alg": "ES256", "kid": key_id, "crit": ["b64"]}, claims, by_a_stranger),
        forged({"alg": "ES256", "kid": key_id}, {**claims, "iat": str(claims["iat"])}, by_a_stranger),
        forged({"alg": "ES256", "kid": key_id}, {"iat": claims["iat"]}, by_a_stranger),
        {**JSON, "Plaid-Verification": "a.b"},
        {**JSON, "Plaid-Verification": "e30.e30.e30"},
        {**JSON, "Plaid-Verification": "A" * 5000},
    ):
        assert there.post("uk-plaid", headers, body) == 401
    assert there.events() == counted


def test_whoever_invents_keys_makes_us_ask_for_no_more_than_some_a_minute(two_books: Company) -> None:
    with two_books.new_books() as books:
        receiver = Webhooks(books)
        claims = {"iat": 1_800_000_000, "request_body_sha256": hashlib.sha256(b"{}").hexdigest()}
        outcomes = []
        for number in range(12):
            headers = forged({"alg": "ES256", "kid": f"invented-{number}"}, claims, lambda signed: p256.sign(7, signed))
            lower = {name.lower(): value for name, value in headers.items()}
            outcomes.append(receiver.receive("uk-plaid", lower, b"{}", 1_800_000_000.0).outcome)
        assert outcomes == ["not_verified"] * 10 + ["not_now"] * 2


def test_xero_is_told_that_we_verify(there: Endpoint) -> None:
    """Intent to receive: the same message, signed rightly and wrongly."""
    body = b'{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"ABCDEF"}'
    assert there.post("uk-xero", {**JSON, **sign_xero("de-xero", body, 0)}, body) == 401
    assert there.post("uk-xero", {**JSON, **sign_xero("uk-xero", body, 0)}, body) == 200


def test_what_is_too_large_no_json_or_for_nobody_is_turned_away(there: Endpoint) -> None:
    headers, body = event("stripe")
    huge = b" " * (LARGEST_BYTES + 1)
    counted = there.events()
    assert there.post("uk-stripe", {**JSON, **sign_stripe("uk-stripe", huge, int(time.time()))}, huge) == 413
    assert there.post("uk-stripe", {**headers, "Content-Type": "text/plain"}, body) == 415
    assert there.post("ecb", headers, body) == 404
    assert there.post("uk-stripe", {**JSON, **sign_stripe("uk-stripe", b"[1]", int(time.time()))}, b"[1]") == 401
    assert there.events() == counted


def test_no_secret_is_ever_told(
    there: Endpoint, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    headers, body = event("stripe")
    assert there.post("uk-stripe", headers, body + b" ") == 401
    said = "".join(capfd.readouterr()) + caplog.text
    assert "not_verified" in said
    assert secrets_of("uk-stripe", "stripe")["webhook_secret"] not in said
    assert headers["Stripe-Signature"] not in said


def test_the_sandbox_signs_events_of_its_connections(two_books: Company, there: Endpoint) -> None:
    for vendor in VENDORS:
        asked = json.dumps({"connection": f"de-{vendor}"})
        signed = json.loads(two_books.server.raw("POST", "/control/event", body=asked)[1])
        assert there.post(f"de-{vendor}", signed["headers"], signed["body"].encode()) == 200


def test_a_body_that_never_ends_and_a_database_that_does_not_answer_are_said_so_that_it_is_sent_again(
    there: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, body = event("stripe")

    async def later(_request: object) -> bytes:
        await asyncio.sleep(60)
        return body

    with monkeypatch.context() as patch:
        patch.setattr(endpoint_module, "BODY_WITHIN_S", 0.05)
        patch.setattr(endpoint_module, "_bounded_body", later)
        assert there.post("uk-stripe", headers, body) == 408

    def down(*_: object, **__: object) -> None:
        raise DatabaseDown("it does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "transaction", down)
        assert there.post("uk-stripe", headers, body) == 503
    assert there.post("uk-stripe", headers, body) == 200, "nothing was lost: the vendor sends it again"


def test_events_are_remembered_for_a_month(two_books: Company) -> None:
    with two_books.new_books() as books:
        receiver = Webhooks(books)

        def receive(name: str) -> str:
            body = json.dumps({"id": name, "object": "event"}).encode()
            headers = {name.lower(): value for name, value in sign_stripe("uk-stripe", body, 1_800_000_000).items()}
            return receiver.receive("uk-stripe", headers, body, 1_800_000_000.0).outcome

        assert receive("evt_old") == "due"
        with books.database.transaction(role="owner") as conn:
            conn.execute("update ops.webhook_event set received_at = received_at - interval '32 days'")
        assert receive("evt_new") == "due"
        assert rows(books, "select event_id from ops.webhook_event") == [("evt_new",)]
