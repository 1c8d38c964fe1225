"""Xero: tokens that run out, seconds that overlap, pages that shift, limits that are said."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from finance_pipeline.core.problems import NeedsItsOwner, Unreachable
from finance_pipeline.core.settings import ConnectionKind
from finance_pipeline.sandbox.servers.credentials import tenant_of
from finance_pipeline.sources import xero, xero_client
from finance_pipeline.sources.gather import MalformedPage
from finance_pipeline.sources.http import TurnedAway
from finance_pipeline.sources.limits import OwnGate
from finance_pipeline.sources.xero import Xero
from finance_pipeline.sources.xero_client import XeroClient
from finance_pipeline_tests.sandbox.serving import Event, Running, moment
from finance_pipeline_tests.sources.pulling import NOW, Connected

KIND: ConnectionKind = "xero"


def ms(at: str) -> str:
    return f'"/Date({int(moment(at).timestamp() * 1000)}+0000)/"'


def record(id_name: str, name: str, at: str, op: str = "added", **more: str) -> Event:
    members = {id_name: f'"{name}"', "UpdatedDateUTC": ms(at), **more}
    return moment(at), op, name, "{" + ",".join(f'"{key}":{value}' for key, value in members.items()) + "}"


def invoice(name: str, at: str = "2026-10-20", op: str = "added", **more: str) -> Event:
    return record(
        "InvoiceID",
        name,
        at,
        op,
        **{
            "Type": '"ACCREC"',
            "CurrencyCode": '"USD"',
            "Status": '"AUTHORISED"',
            "DateString": '"2026-10-19T00:00:00"',
            "Date": ms("2026-10-19"),
            "Total": "1200.50",
            "LineItems": '[{"UnitAmount":10.1234}]',
        }
        | more,
    )


def organisation(connected: Connected) -> Event:
    return record("OrganisationID", tenant_of(connected.name), "2026-01-01", BaseCurrency='"USD"')


def serve(connected: Connected, *invoices: Event, **kinds: list[Event]) -> None:
    logs = {"organisation": [organisation(connected)], "invoice": list(invoices), **kinds}
    connected.running.world(connected.name, **logs)


def test_documents_come_digit_for_digit_and_again_nothing_is_new(connected: Connected) -> None:
    payment = record("PaymentID", "p1", "2026-10-21", Amount="5.10", Date=ms("2026-10-21"), CurrencyRate="1.173500")
    contact = record("ContactID", "c1", "2026-10-02T02:00", Name='"Acme"')
    note = invoice("n1", CreditNoteID='"n1"')
    serve(connected, invoice("i1"), payment=[payment], contact=[contact], credit_note=[note])
    connected.pull()
    assert connected.problem is None
    said = connected.records["invoice", "i1"] or ""
    assert '"Total":1200.50' in said
    assert '"UnitAmount":10.1234' in said
    assert '"CurrencyRate":1.173500' in (connected.records["payment", "p1"] or "")
    assert connected.day("invoice", "i1") == date(2026, 10, 19)
    assert connected.day("payment", "p1") == date(2026, 10, 21)
    assert connected.day("contact", "c1") == date(2026, 10, 1)
    assert connected.ids("credit_note") == {"n1"}
    assert connected.ids("organisation") == {tenant_of(connected.name)}
    first = connected.cursor
    assert connected.pull(NOW + timedelta(hours=1)) == 0
    assert connected.cursor == first


def test_a_change_within_the_second_of_the_newest_seen_is_not_missed(connected: Connected) -> None:
    serve(connected, invoice("i1", "2026-10-20T10:00:00.100"))
    connected.pull()
    serve(connected, invoice("i1", "2026-10-20T10:00:00.100"), invoice("i2", "2026-10-20T10:00:00.900"))
    connected.pull()
    assert connected.ids("invoice") == {"i1", "i2"}


def test_that_nothing_changed_is_an_answer_without_a_list_and_no_failure(connected: Connected) -> None:
    serve(connected, invoice("i1"))
    connected.pull()
    serve(connected, invoice("i0", "2026-10-01"))
    connected.pull()
    assert connected.problem is None
    assert not [page for page in connected.last[0].pages if page.endpoint.startswith("/Invoices")]


def test_voided_stays_evidence_as_it_is(connected: Connected) -> None:
    serve(connected, invoice("i1"), invoice("i1", "2026-10-26", "modified", Status='"VOIDED"'))
    connected.pull()
    connected.running.at("2026-10-27")
    assert connected.pull() == 1
    assert connected.payload("invoice", "i1")["Status"] == "VOIDED"


def test_what_changed_without_a_new_date_of_change_is_found_by_the_weekly_full_read(connected: Connected) -> None:
    newest = invoice("i2", "2026-10-21")
    serve(connected, invoice("i1", "2026-09-01"), newest)
    connected.pull()
    quietly = (moment("2026-10-22"), "modified", "i1", invoice("i1", "2026-09-01", Total="1.00")[3])
    serve(connected, invoice("i1", "2026-09-01"), newest, quietly)
    assert connected.pull(NOW + timedelta(days=1)) == 0
    assert connected.pull(NOW + timedelta(days=8)) == 1
    assert '"Total":1.00' in (connected.records["invoice", "i1"] or "")


def test_more_than_a_page_is_read_to_its_end(connected: Connected) -> None:
    serve(connected, *(invoice(f"i{n}", f"2026-10-20T{n // 60 % 24:02d}:{n % 60:02d}") for n in range(2050)))
    connected.pull()
    assert len(connected.ids("invoice")) == 2050
    assert connected.problem is None


def test_a_document_that_slipped_between_two_pages_is_read_with_the_next_pull(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [invoice(f"i{n:04d}", f"2026-10-20T{n // 60:02d}:{n % 60:02d}") for n in range(1010)]
    serve(connected, *documents, invoice("i0003", "2026-10-26", "modified"))
    read = XeroClient.get

    def reading(client: XeroClient, method: str, **parameters: object) -> bytes | None:
        answer = read(client, method, **parameters)
        if method == "get_invoices":
            connected.running.at("2026-10-27")
        return answer

    monkeypatch.setattr(XeroClient, "get", reading)
    connected.pull()
    assert len(connected.ids("invoice")) == 1009
    connected.pull()
    assert len(connected.ids("invoice")) == 1010


def answers_of(connected: Connected, monkeypatch: pytest.MonkeyPatch, stops_at: int = 0) -> list[tuple[str, object]]:
    """What is asked for and answered from now on: list and page. stops_at: the call that the server fails at."""
    answered: list[tuple[str, object]] = []
    read = XeroClient.get

    def reading(client: XeroClient, method: str, **parameters: object) -> bytes:
        if len(answered) + 1 == stops_at:
            raise Unreachable("no answer", where=connected.name, kept="", todo="")
        answer = read(client, method, **parameters)
        answered.append((method, parameters.get("page")))
        return answer

    monkeypatch.setattr(XeroClient, "get", reading)
    return answered


def pull_from_nothing(connected: Connected) -> None:
    connected.cursor, connected.records = None, {}
    connected.source = Xero(replace(connected.policy, gate=OwnGate()))  # A minute's calls are not many.
    connected.pull()


def days_apart(count: int) -> list[Event]:
    return [invoice(f"i{n:02d}", f"2026-09-{n + 1:02d}") for n in range(count)]


def test_a_pull_that_failed_at_any_call_goes_on_where_it_stopped_and_knows_as_much_in_the_end(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xero, "_PAGE_SIZE", 10)
    payment = record("PaymentID", "p1", "2026-10-21", Amount="5.10", Date=ms("2026-10-21"))
    serve(connected, *days_apart(25), payment=[payment], bank_transfer=[transfer("t1")])
    with monkeypatch.context() as calm:
        undisturbed = answers_of(connected, calm)
        pull_from_nothing(connected)
    records, cursor = connected.records, connected.cursor
    assert ("get_invoices", 3) in undisturbed
    for turn, (stopped_at, _) in enumerate(undisturbed):
        with monkeypatch.context() as stopped:
            before = answers_of(connected, stopped, turn + 1)
            pull_from_nothing(connected)
            assert isinstance(connected.problem, Unreachable)
        with monkeypatch.context() as going_on:
            after = answers_of(connected, going_on)
            connected.pull()
        assert connected.problem is None
        again = [call for call in before if call[0] != stopped_at and call[1] in (None, 1)]
        assert after == again + undisturbed[turn:], "of lists that were read, what changed since"
        assert (connected.records, connected.cursor) == (records, cursor)


def test_what_changed_while_a_reading_was_stopped_is_not_taken_for_read(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xero, "_PAGE_SIZE", 10)
    serve(connected, *days_apart(25), invoice("i03", "2026-10-26", "modified"))
    with monkeypatch.context() as stopped:
        answers_of(connected, stopped, 4)
        connected.pull()
    assert len(connected.ids("invoice")) == 10
    connected.running.at("2026-10-27")
    answered = answers_of(connected, monkeypatch)
    connected.pull()
    assert connected.ids("invoice") == {f"i{n:02d}" for n in range(25)}
    assert [page for method, page in answered if method == "get_invoices"] == [2, 3, 1, 2, 3], "i10 had moved to page 1"


def test_a_reading_that_was_stopped_a_day_ago_begins_again(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xero, "_PAGE_SIZE", 10)
    serve(connected, *days_apart(15))
    with monkeypatch.context() as stopped:
        answers_of(connected, stopped, 4)
        connected.pull()
    answered = answers_of(connected, monkeypatch)
    connected.pull(NOW + timedelta(days=1))
    assert [page for method, page in answered if method == "get_invoices"] == [1, 2]


def test_each_connection_keeps_its_own_token_whoever_was_last(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.at("2026-10-25")
    one, other = (Connected(running, "xero", f"token-of-{name}", monkeypatch) for name in ("one", "other"))
    for connected in (one, other):
        for secret, value in connected.secrets.items():
            monkeypatch.setenv(f"TEST_{secret.upper()}", value)
        serve(connected, invoice("i1"))
        connected.client = XeroClient(connected.connection, connected.policy)  # type: ignore[attr-defined]
    for _ in range(2):
        for connected in (one, other):
            assert b"i1" in (connected.client.get("get_invoices") or b"")  # type: ignore[attr-defined]


def test_a_token_is_fetched_once_and_again_when_it_has_run_out(connected: Connected) -> None:
    serve(connected, invoice("i1"))
    before = len(xero_client._TOKENS)
    connected.pull()
    (key,) = list(xero_client._TOKENS)[before:]
    first = xero_client._TOKENS[key]
    connected.pull()
    assert xero_client._TOKENS[key] == first
    connected.running.fault(connected.name, "expired_token")
    connected.pull()
    assert connected.problem is None
    assert xero_client._TOKENS[key] != first


@pytest.mark.parametrize(
    "more",
    [{"InvoiceID": "null"}, {"CurrencyCode": "null"}, {"DateString": '"soon"'}, {"UpdatedDateUTC": '"yesterday"'}],
)
def test_one_bad_document_does_not_stop_its_page(connected: Connected, more: dict[str, str]) -> None:
    serve(connected, invoice("i1"), invoice("bad", **more), invoice("i2"))
    connected.pull()
    assert connected.problem is None
    assert connected.ids("invoice") == {"i1", "i2"}
    assert [letter.kind for letter in connected.dead_letters] == ["invoice"]


def test_a_malformed_page_leaves_the_kind_where_it_was(connected: Connected) -> None:
    serve(connected, invoice("i1"), contact=[record("ContactID", "c1", "2026-10-02", Name='"Acme"')])
    connected.running.fault(connected.name, "malformed", count=3, path="Invoices")
    connected.pull()
    assert isinstance(connected.problem, MalformedPage)
    assert "invoice" not in (connected.cursor or {})
    assert len(connected.dead_letters) == 1
    connected.pull()
    assert connected.problem is None
    assert connected.ids("invoice") == {"i1"}


@pytest.mark.parametrize("fault", ["unauthorised", "forbidden"])
@pytest.mark.parametrize("path", ["Organisation", "connect/token"])
def test_a_refusal_is_for_its_owner(connected: Connected, fault: str, path: str) -> None:
    serve(connected, invoice("i1"))
    connected.running.fault(connected.name, fault, count=2, path=path)
    connected.pull()
    connected.running.raw("DELETE", f"/control/fault?connection={connected.name}")
    assert isinstance(connected.problem, NeedsItsOwner)
    assert connected.says_no_secret()
    assert connected.slept == []


def test_a_wrong_secret_is_told_by_its_variable(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(connected, invoice("i1"))
    connected.secrets["client_secret"] = "of-somebody-else"
    monkeypatch.setenv("TEST_CLIENT_SECRET", "of-somebody-else")
    connected.pull()
    assert isinstance(connected.problem, NeedsItsOwner)
    assert "TEST_CLIENT_SECRET" in str(connected.problem)
    assert connected.says_no_secret()


def test_the_limit_a_minute_is_waited_for_and_the_limit_a_day_is_said(connected: Connected) -> None:
    serve(connected, invoice("i1"))
    connected.running.fault(connected.name, "status_429", retry_after_s=30)
    connected.pull()
    assert connected.problem is None
    assert connected.slept[0] >= 30
    connected.running.fault(connected.name, "status_429", retry_after_s=60_000)
    connected.pull()
    assert isinstance(connected.problem, TurnedAway)
    assert connected.problem.again_at > datetime.now(UTC) + timedelta(hours=16)
    assert len(connected.slept) == 1


def test_a_server_that_stays_down_is_unreachable_and_each_call_is_made_as_often_as_the_policy_says(
    connected: Connected,
) -> None:
    serve(connected, invoice("i1"))
    connected.pull()
    connected.running.fault(connected.name, "reset", count=5)
    connected.pull()
    assert isinstance(connected.problem, Unreachable)
    assert len(connected.slept) == 4
    connected.pull()
    assert connected.problem is None


def test_an_answer_that_never_comes_is_given_up(connected: Connected) -> None:
    connected.source = Xero(replace(connected.policy, read_s=1))
    serve(connected, invoice("i1"))
    connected.running.fault(connected.name, "slow", delay_s=3, path="Organisation")
    connected.pull()
    assert connected.problem is None
    assert len(connected.slept) == 1


BOOKED = {"CurrencyCode": '"USD"', "DateString": '"2026-10-19T00:00:00"', "Total": "90071992547409.93"}


def transfer(name: str) -> Event:
    text = f'{{"BankTransferID":"{name}","DateString":"2026-10-18T00:00:00","Amount":7.00,"CurrencyRate":1.100000}}'
    return moment("2026-10-18"), "added", name, text


def test_money_outside_of_documents_and_the_settings_come_too_and_what_a_list_leaves_out_is_gone(
    connected: Connected,
) -> None:
    lists = {
        "account": [record("AccountID", "a1", "2026-01-01", Code='"200"')],
        "tax_rate": [(moment("2026-01-01"), "added", "OUTPUT", '{"TaxType":"OUTPUT","EffectiveRate":20.0000}')],
        "batch_payment": [record("BatchPaymentID", "ba1", "2026-10-18", DateString='"2026-10-18T00:00:00"')],
    }
    currency = [(moment("2026-01-01"), "added", code, f'{{"Code":"{code}"}}') for code in ("USD", "EUR")]
    serve(
        connected,
        bank_transaction=[record("BankTransactionID", "b1", "2026-10-20", **BOOKED)],
        overpayment=[record("OverpaymentID", "o1", "2026-10-20", **BOOKED)],
        prepayment=[record("PrepaymentID", "p1", "2026-10-20", **BOOKED)],
        bank_transfer=[transfer("t1"), transfer("t2")],
        currency=currency,
        **lists,
    )
    connected.pull()
    assert connected.problem is None
    for kind, name in (("bank_transaction", "b1"), ("overpayment", "o1"), ("prepayment", "p1")):
        assert '"Total":90071992547409.93' in (connected.records[kind, name] or "")
        assert connected.day(kind, name) == date(2026, 10, 19)
    assert connected.ids("currency") == {"EUR", "USD"}
    assert [connected.ids(kind) for kind in lists] == [{"a1"}, {"OUTPUT"}, {"ba1"}]
    assert '"EffectiveRate":20.0000' in (connected.records["tax_rate", "OUTPUT"] or "")
    assert connected.day("bank_transfer", "t1") == date(2026, 10, 18)

    gone = (moment("2026-10-21"), "removed", "t2", transfer("t2")[3])
    serve(connected, bank_transfer=[transfer("t1"), transfer("t2"), gone], currency=currency[:1], **lists)
    connected.pull(NOW + timedelta(hours=1))
    assert connected.last[-1].complete_kinds == ("bank_transfer", "batch_payment"), "settings once a day: calls are few"
    listed = connected.last[-1].evidence.filter(kind="bank_transfer")["source_id"].to_list()
    assert listed == ["t1"], "the landing buries what a complete list leaves out"
    connected.pull(NOW + timedelta(days=1))
    assert connected.last[-1].evidence.filter(kind="currency")["source_id"].to_list() == ["USD"]


def test_lock_dates_are_kept_as_they_are_set(connected: Connected) -> None:
    locked = record("OrganisationID", tenant_of(connected.name), "2026-10-01", PeriodLockDate=ms("2026-09-30"))
    connected.running.world(
        connected.name, organisation=[organisation(connected), (*locked[:1], "modified", *locked[2:])]
    )
    connected.pull()
    assert connected.payload("organisation", tenant_of(connected.name))["PeriodLockDate"] == ms("2026-09-30").strip('"')
