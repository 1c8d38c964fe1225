"""Plaid: an update is whole or not there, whatever happens between its pages."""

import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.problems import NeedsItsOwner, TransientProblem, Unreachable
from finance_pipeline.sources.ahead import Ahead
from finance_pipeline.sources.gather import Gathering, MalformedPage
from finance_pipeline.sources.plaid_client import PlaidClient
from finance_pipeline_tests.sandbox.serving import Event, moment
from finance_pipeline_tests.sources.pulling import Connected

KIND = "plaid"


def line(name: str, amount: str = "10.10", *, at: str = "2026-10-20", op: str = "added", **more: str) -> Event:
    """A line on account a1. more: further members, as JSON."""
    members = {"iso_currency_code": '"USD"', "unofficial_currency_code": "null", "date": '"2026-10-20"', **more}
    rest = "".join(f',"{key}":{value}' for key, value in members.items())
    return moment(at), op, name, f'{{"transaction_id":"{name}","account_id":"a1","amount":{amount}{rest}}}'


def account(current: str = "100.00") -> Event:
    return moment("2026-10-01"), "added", "a1", f'{{"account_id":"a1","balances":{{"current":{current}}}}}'


def serve(connected: Connected, *lines: Event) -> None:
    connected.running.world(connected.name, transaction=lines, account=[account()])


def on_first_page(monkeypatch: pytest.MonkeyPatch, happens: Any) -> list[str | None]:
    """Let something happen once, after a first page was read. Returns the cursors that are asked with, as they come."""
    asked: list[str | None] = []
    read = PlaidClient.transactions_sync

    def reading(client: PlaidClient, cursor: str | None) -> bytes:
        asked.append(cursor)
        answer = read(client, cursor)
        if len(asked) == 1:
            happens()
        return answer

    monkeypatch.setattr(PlaidClient, "transactions_sync", reading)
    return asked


def test_lines_and_balances_come_digit_for_digit_and_again_nothing_is_new(connected: Connected) -> None:
    serve(connected, line("t1", "90071992547409.93"), line("t2", "-0.10"))
    assert connected.pull() == 3
    assert '"amount":90071992547409.93,' in (connected.records["transaction", "t1"] or "")
    assert '"amount":-0.10,' in (connected.records["transaction", "t2"] or "")
    assert connected.day("transaction", "t1") == date(2026, 10, 20)
    assert connected.day("account", "a1") is None
    assert '"retrieved_on":"2026-11-20"' in (connected.records["account", "a1"] or "")
    first = connected.cursor
    assert connected.pull() == 0
    assert (connected.problem, connected.cursor) == (None, first)


def test_the_first_pull_asks_for_two_years_which_plaid_fixes_for_ever_then(connected: Connected) -> None:
    serve(connected, line("old", at="2025-01-10", date='"2025-01-10"'), line("ancient", date='"2023-01-10"'))
    connected.pull()
    assert connected.ids("transaction") == {"old"}, "90 days unless more is asked for, and 730 at most"


def test_a_pull_is_one_update_however_many_pages_it_has(connected: Connected) -> None:
    serve(connected, *(line(f"t{n}") for n in range(1200)))
    connected.pull()
    assert [(len(update.pages), update.evidence.height) for update in connected.last] == [(3, 1201)]


def test_modified_lines_are_upserts_and_removed_ones_tombstones(connected: Connected) -> None:
    serve(
        connected,
        line("pending", "5.00"),
        line("other", "7.00"),
        line("pending", at="2026-10-26", op="removed"),
        line("posted", "5.25", at="2026-10-26"),
        line("other", "7.50", at="2026-10-26", op="modified"),
    )
    connected.pull()
    connected.running.at("2026-10-27")
    assert connected.pull() == 3
    assert connected.ids("transaction") == {"posted", "other"}
    assert '"amount":7.50' in (connected.records["transaction", "other"] or "")
    tombstone = connected.last[0].evidence.filter(source_id="pending").row(0, named=True)
    assert (tombstone["removed"], tombstone["accounting_on"], tombstone["account"]) == (True, None, "a1")


def test_a_mutation_between_pages_begins_again_from_the_first_cursor(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = line("t3", "99.00", at="2026-10-26", op="modified")
    serve(connected, *(line(f"t{n}") for n in range(700)), late)
    asked = on_first_page(monkeypatch, lambda: connected.running.at("2026-10-27"))
    connected.pull()
    assert connected.problem is None
    assert asked[0] is None and asked[1] is not None and asked[2] is None  # noqa: PT018 - one story
    assert len(connected.ids("transaction")) == 700
    assert '"amount":99.00' in (connected.records["transaction", "t3"] or "")


def stop_the_wait() -> None:
    """Ctrl-C as soon as the main thread waits for the call ahead: not while Polars works, which hears it at its end."""
    main = threading.main_thread().ident or 0
    while not any(
        frame.f_code is Ahead.result.__code__ for frame, _ in traceback.walk_stack(sys._current_frames()[main])
    ):
        time.sleep(0.01)
    time.sleep(0.1)
    signal.pthread_kill(main, signal.SIGINT)


@contextmanager
def heard_as_polars_has_it() -> Iterator[None]:
    """Ctrl-C as in a process that has loaded Polars (interrupted calls go on), also where a shell has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.siginterrupt(signal.SIGINT, False)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_whoever_stops_a_pull_need_not_wait_for_the_call_under_way_and_loses_nothing(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(connected, *(line(f"t{n}") for n in range(700)))
    answered, read = threading.Event(), PlaidClient.transactions_sync

    def hanging(client: PlaidClient, cursor: str | None) -> bytes:
        if cursor is not None:
            stop_the_wait()
            answered.wait(20)
        return read(client, cursor)

    with monkeypatch.context() as hung, heard_as_polars_has_it():
        hung.setattr(PlaidClient, "transactions_sync", hanging)
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            connected.pull()
        assert time.monotonic() - began < 5
    answered.set()
    assert (connected.cursor, connected.records) == (None, {})
    connected.pull()
    assert len(connected.ids("transaction")) == 700


def test_a_page_is_asked_for_once_though_the_next_one_is_asked_for_before_it_is_read(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(connected, *(line(f"t{n}") for n in range(1200)))
    asked = on_first_page(monkeypatch, lambda: None)
    connected.pull()
    assert len(asked) == 3
    assert len(set(asked)) == 3


def test_a_lost_cursor_starts_from_nothing_and_says_that_it_lists_everything(connected: Connected) -> None:
    serve(connected, line("t1"), line("t2"))
    connected.pull()
    assert connected.last[0].complete_kinds == ()
    connected.cursor = {"cursor": "bm90IGEgY3Vyc29y"}
    connected.pull()
    (update,) = connected.last
    assert connected.problem is None
    assert (update.complete_kinds, update.complete_from) == (("transaction",), date(2026, 10, 20))
    assert set(update.evidence.filter(kind="transaction")["source_id"]) == {"t1", "t2"}


def test_an_item_that_is_not_ready_is_not_synced(connected: Connected) -> None:
    connected.running.world(connected.name, transaction=[line("t1", at="2026-10-26")], account=[account()])
    connected.pull()
    assert isinstance(connected.problem, TransientProblem)
    assert connected.cursor == {}
    assert connected.ids("account") == {"a1"}
    connected.running.at("2026-10-27")
    connected.pull()
    assert connected.problem is None
    assert connected.ids("transaction") == {"t1"}


def test_a_malformed_page_is_kept_raw_and_the_rest_comes_with_the_next_pull(connected: Connected) -> None:
    serve(connected, *(line(f"t{n}") for n in range(700)))
    connected.running.fault(connected.name, "malformed", skip=1, count=3)
    assert connected.pull() == 0
    assert isinstance(connected.problem, MalformedPage)
    assert connected.cursor == {}
    (_, page), (letter,) = connected.pages, connected.dead_letters
    assert page.raw.startswith(b'{"accounts"')
    assert (letter.kind, letter.page_hash) == ("page", page.hash)
    connected.pull()
    assert connected.problem is None
    assert len(connected.ids("transaction")) == 700


@pytest.mark.parametrize(
    ("name", "more", "reason"),
    [
        ("no currency", {"iso_currency_code": "null"}, "it has no currency"),
        ("unofficial", {"iso_currency_code": "null", "unofficial_currency_code": '"BTC"'}, "not an ISO one (BTC)"),
        ("no date", {"date": '"soon"'}, "its date is not a date"),
        ("no account", {"account_id": "null"}, "it has no account_id"),
    ],
)
def test_one_bad_line_does_not_stop_its_page(
    connected: Connected, name: str, more: dict[str, str], reason: str
) -> None:
    serve(connected, line("good"), line("bad", **more), line("better"))
    connected.pull()
    assert connected.problem is None, name
    assert connected.ids("transaction") == {"good", "better"}
    (letter,) = connected.dead_letters
    assert (letter.kind, letter.source_id) == ("transaction", "bad")
    assert reason in letter.reason


def test_half_a_character_that_no_text_can_hold_is_set_aside_and_spelled_out(connected: Connected) -> None:
    gathering = Gathering(connected.connection)
    page = gathering.page("/transactions/sync", b"{}")
    for name, memo in (("bad", r'"caf\ud83d"'), ("good", '"caf\u00e9"')):
        gathering.add("transaction", name, parse_json(f'{{"memo": {memo}, "amount": 1.10}}'), page, on=None)
    update = gathering.update(None)
    assert update.evidence["payload"].to_list() == ['{"amount":1.10,"memo":"caf\u00e9"}']
    (letter,) = update.dead_letters
    assert (letter.source_id, "half a character" in letter.reason, r"caf\ud83d" in letter.payload) == (
        "bad",
        True,
        True,
    )


def test_a_limit_is_waited_for_as_long_as_plaid_says(connected: Connected) -> None:
    serve(connected, line("t1"))
    connected.running.fault(connected.name, "status_429", retry_after_s=3)
    connected.pull()
    assert connected.problem is None
    assert len(connected.slept) == 1
    assert connected.slept[0] >= 3


@pytest.mark.parametrize("fault", ["status_500", "reset"])
def test_a_server_that_stays_down_is_unreachable_and_the_cursor_stays(connected: Connected, fault: str) -> None:
    serve(connected, line("t1"))
    connected.pull()
    before = connected.cursor
    connected.running.fault(connected.name, fault, count=5)
    connected.pull()
    assert isinstance(connected.problem, Unreachable)
    assert connected.name in str(connected.problem)
    assert connected.cursor == before
    connected.pull()
    assert connected.problem is None


@pytest.mark.parametrize(
    ("fault", "code"), [("login_required", "ITEM_LOGIN_REQUIRED"), ("unauthorised", "INVALID_API_KEYS")]
)
def test_a_refused_login_is_for_its_owner_and_is_not_tried_again(connected: Connected, fault: str, code: str) -> None:
    serve(connected, line("t1"))
    connected.running.fault(connected.name, fault)
    connected.pull()
    assert isinstance(connected.problem, NeedsItsOwner)
    assert code in str(connected.problem)
    assert connected.says_no_secret()
    assert connected.slept == []


def test_a_wrong_secret_is_told_by_its_variable_never_by_its_value(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(connected, line("t1"))
    connected.secrets["access_token"] = "access-sandbox-of-somebody-else"
    monkeypatch.setenv("TEST_ACCESS_TOKEN", connected.secrets["access_token"])
    connected.pull()
    assert isinstance(connected.problem, NeedsItsOwner)
    assert "TEST_ACCESS_TOKEN" in str(connected.problem)
    assert connected.says_no_secret()


def test_five_hundred_lines_are_evidence_in_a_third_of_a_second(connected: Connected) -> None:
    serve(connected, line("t0"), *(line(f"t{n}", at="2026-10-26") for n in range(1, 501)))
    connected.pull()
    connected.running.at("2026-10-27")
    connected.running.raw("GET", "/control/health")
    source, settings = connected.source, connected._settings()
    began = time.process_time()
    (update,) = source.pull(connected.connection, settings, connected.cursor, moment("2026-11-20"))
    assert update.evidence.filter(kind="transaction").height == 500
    assert time.process_time() - began < 0.3
