"""What goes wrong is said in one sentence with a next step; nothing is lost, and the other books go on."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from finance_pipeline.core.settings import load_settings
from finance_pipeline.store.server import stop_server
from finance_pipeline_tests.cli.conftest import DemoShell, Shell


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--book", "fr", "--month", "2026-09"), "there is no book 'fr'. Known books: us, de."),
        (("journal", "--book", "fr", "--month", "2026-09"), "there is no book 'fr'"),
        (("exceptions", "--book", "fr"), "there is no book 'fr'"),
        (("cash", "--book", "fr"), "there is no book 'fr'"),
        (("run", "--book", "us", "--month", "2026-13"), "2026-13"),
        (("run", "--book", "us", "--month", "2020-01"), "It begins in 2026-09"),
        (("run", "--book", "us", "--month", "2099-01"), "book us has no month 2099-01"),
        (("backfill", "--book", "us", "--from", "2026-10", "--to", "2026-09"), "2026-10"),
        (("cash", "--month", "September"), "September"),
        (("sync", "swift"), "'swift' is no kind of connection. Known kinds: "),
        (("import", "/nowhere/a.xml"), "/nowhere/a.xml: there is no such file. Nothing was read."),
        (("bind", "DE00", "--book", "us"), "DE00"),
        (("explain", "us/plaid/transaction/none"), "nothing is known by the id 'us/plaid/transaction/none'"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(demo: DemoShell, arguments: tuple[str, ...], words: str) -> None:
    ended = demo.types(*arguments)
    assert ended.code == 2
    assert words in ended.said
    assert ended.said.startswith("Not done: ")


def test_a_vendor_that_refuses_the_login_is_its_owners_business_and_the_others_are_read(demo: DemoShell) -> None:
    demo.order(connection="us-plaid", kind="login_required", count=-1)
    try:
        ended = demo.types("sync", "--json")
    finally:
        demo.clear()
    outcomes = {row["connection_id"]: row["outcome"] for row in ended.figures}
    assert outcomes.pop("us-plaid") == "failed"
    assert set(outcomes.values()) == {"read"}
    assert "us-plaid" in ended.said or "us-plaid" in ended.printed
    states = {row["connection_id"]: row for row in demo.types("connections", "--json").figures}
    assert {name: row["state"] for name, row in states.items() if row["state"] != "healthy"} == {
        "us-plaid": "needs_owner"
    }
    assert "Log in to the bank again" in states["us-plaid"]["todo"]
    assert "needs its owner" in demo.types("connections").printed
    assert demo.types("run", "--book", "de", "--month", "2026-09").code == 0
    healed = demo.types("sync", "--json")
    assert healed.code == 0
    assert {row["outcome"] for row in healed.figures} == {"read"}


def test_a_wrong_secret_is_refused_without_ever_being_shown(demo: DemoShell) -> None:
    connection = load_settings(demo.home).connection("us-stripe")
    variable = connection.secrets["api_key"]
    ended = demo.types("sync", "stripe", **{variable: "sk_test_wrong_and_secret"})
    assert "us-stripe" in ended.said + ended.printed
    assert "sk_test_wrong_and_secret" not in ended.said + ended.printed
    (us,) = (
        row for row in demo.types("status", "--json").figures["connections"] if row["connection_id"] == "us-stripe"
    )
    assert us["outcome"] == "failed"
    assert demo.types("sync", "stripe").code == 0


def test_an_unset_secret_is_named_by_its_variable(demo: DemoShell) -> None:
    variable = load_settings(demo.home).connection("de-xero").secrets["client_secret"]
    ended = demo.types("sync", "xero", **{variable: ""})
    assert variable in ended.said + ended.printed
    assert demo.types("sync", "xero").code == 0


def test_half_an_answer_is_kept_and_the_next_sync_reads_it_whole(demo: DemoShell) -> None:
    demo.order(connection="de-stripe", kind="malformed", count=-1)
    try:
        ended = demo.types("sync", "stripe", "--json")
    finally:
        demo.clear()
    (de,) = (row for row in ended.figures if row["connection_id"] == "de-stripe")
    assert de["outcome"] == "failed"
    (letter,) = demo.types("deadletters", "list", "--json").figures
    shown = demo.types("deadletters", "show", str(letter["dead_letter_id"])).printed
    assert letter["page_hash"] in shown
    assert str(demo.home / "landing" / letter["path"]) in shown
    assert "asked for again at the next sync" in shown
    retried = demo.types("deadletters", "retry")
    assert retried.code == 0
    assert "de-stripe: 1 of 1 fit now" in retried.printed
    assert demo.types("deadletters", "dismiss", str(letter["dead_letter_id"]), "--reason", "seen").code == 2
    assert demo.types("sync", "stripe").code == 0


def test_an_occupied_port_is_named_before_anything_starts(demo: DemoShell) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = demo.types("ui", "--port", str(port))
    assert ended.code != 0
    assert f"port {port} is occupied" in ended.said


def test_a_second_demo_on_the_same_data_folder_waits_for_nobody_and_says_who_is_at_work(demo: DemoShell) -> None:
    holds = (
        "import sys, time; from pathlib import Path; from finance_pipeline.store.locks import home_lock\n"
        "with home_lock(Path(sys.argv[1]), 'demo'):\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", holds, str(demo.home)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        first.stdout.readline()
        ended = demo.types("demo")
        first.kill()
    assert ended.code == 75
    assert str(first.pid) in ended.said


def test_a_database_that_does_not_answer_is_told_apart_from_a_wrong_password(
    shell: Shell, external_server: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    down = shell.types("cash", DATABASE_URL=f"postgresql://someone:secret@127.0.0.1:{free}/books")
    assert down.code == 75
    assert "secret" not in down.said
    wrong = shell.types("cash", DATABASE_URL=external_server.replace("se%2Fcr%40t%25", "guess"))
    assert "authentication failed" in wrong.said
    assert "guess" not in wrong.said


def test_an_embedded_server_that_died_is_started_again_with_all_it_held(demo: DemoShell) -> None:
    before = demo.types("tie-outs", "--json").figures
    stop_server(demo.home)
    assert demo.types("tie-outs", "--json").figures == before


def test_a_demo_never_touches_a_folder_with_settings_of_its_own(shell: Shell) -> None:
    settings = shell.home / "finance_pipeline.yaml"
    settings.write_text("books: []\n")
    ended = shell.types("demo")
    assert ended.code == 2
    assert "another FINANCE_PIPELINE_HOME" in ended.said
    assert settings.read_text() == "books: []\n"


def test_settings_that_make_no_sense_name_the_file_and_the_key(shell: Shell) -> None:
    (shell.home / "finance_pipeline.yaml").write_text("books:\n  - {id: us, name: US, currency: USD}\n")
    ended = shell.types("status")
    assert ended.code == 2
    assert "finance_pipeline.yaml" in ended.said
    assert "starts_on" in ended.said
