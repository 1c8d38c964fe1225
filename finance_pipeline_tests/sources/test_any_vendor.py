"""What holds for every vendor: whatever a server or something on the way says, it ends in a Problem, and is kept."""

import socket
from collections.abc import Sequence

import pytest

from finance_pipeline.core.problems import BadSettings, Unreachable
from finance_pipeline.core.settings import Connection, ConnectionKind
from finance_pipeline.sources import plaid_client, xero_client
from finance_pipeline.sources.gather import MalformedPage
from finance_pipeline.sources.limits import Limit
from finance_pipeline.sources.registry import at_once, source_of
from finance_pipeline_tests.sandbox.serving import Running, moment
from finance_pipeline_tests.sources.pulling import Connected, answering

LATIN_1_PAGE = "<html>Le serveur est fermé</html>".encode("latin-1")


@pytest.fixture(params=["plaid", "stripe", "xero"])
def connected(running: Running, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Connected:
    running.at("2026-10-25")
    kind: ConnectionKind = request.param
    name = f"any-{kind}"
    log = {"plaid": "transaction", "stripe": "balance_transaction", "xero": "organisation"}[kind]
    running.world(name, **{log: [(moment("2026-10-01"), "added", "x", "{}")]})
    return Connected(running, kind, name, monkeypatch)


def test_a_proxys_page_with_an_error_status_is_unreachable(connected: Connected) -> None:
    with answering(LATIN_1_PAGE, 502) as url:
        connected.ask(url)
    assert isinstance(connected.problem, Unreachable)
    assert len(connected.slept) == 4
    assert connected.says_no_secret()


@pytest.mark.parametrize("body", [LATIN_1_PAGE, b"", b"[]", b"{}", b"[" * 100_000])
def test_what_is_no_answer_is_kept_byte_for_byte(connected: Connected, body: bytes) -> None:
    with answering(body) as url:
        connected.ask(url)
    assert isinstance(connected.problem, MalformedPage)
    assert [page.raw for page in connected.pages] == [body]
    assert [letter.kind for letter in connected.dead_letters] == ["page"]
    assert connected.cursor == {}


def test_a_page_that_is_cut_in_half_is_asked_for_again(connected: Connected) -> None:
    connected.running.fault(connected.name, "malformed", count=2, path="" if connected.name != "any-xero" else "Org")
    connected.pull()
    assert connected.problem is None
    assert len(connected.slept) == 2
    assert {letter.kind for letter in connected.dead_letters} >= {"page"}
    assert {letter.page_hash for letter in connected.dead_letters} <= {page.hash for page in connected.pages}


def test_a_closed_port_is_unreachable_and_says_which_connection(connected: Connected) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        connected.ask(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert isinstance(connected.problem, Unreachable)
    assert connected.name in str(connected.problem)


def test_a_server_without_tls_is_unreachable(connected: Connected) -> None:
    with answering(b"") as url:
        connected.ask(url.replace("http:", "https:"))
    assert isinstance(connected.problem, Unreachable)


def test_a_secret_that_is_not_set_is_named_by_its_variable(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = next(iter(connected.connection.secrets.values()))
    monkeypatch.delenv(variable)
    connected.pull()
    assert isinstance(connected.problem, BadSettings)
    assert variable in str(connected.problem)


@pytest.mark.parametrize("kind", ["plaid", "stripe", "xero", "ecb", "camt053"])
def test_every_kind_of_connection_has_a_source(kind: ConnectionKind) -> None:
    assert callable(source_of(kind).pull)


def test_the_limits_are_those_that_the_vendors_state() -> None:
    def stated(limits: Sequence[Limit]) -> list[tuple[int, float]]:
        return [(limit.calls, limit.per_s) for limit in limits]

    tenant = Connection(id="x", kind="xero", tenant_id="t")
    assert stated(xero_client.limits_of(tenant, "app")) == [(60, 60), (5_000, 86_400), (10_000, 60)]
    starter = tenant.model_copy(update={"calls_a_day": 1_000})
    assert stated(xero_client.limits_of(starter, "app"))[1] == (1_000, 86_400)
    assert at_once(tenant) == ("xero/t", 5)
    assert stated(plaid_client.limits_of("p", "/transactions/sync")) == [(50, 60)]
    assert stated(plaid_client.limits_of("p", "/accounts/balance/get")) == [(5, 60)]
