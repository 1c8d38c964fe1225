"""The ECB's file: every rate as it is printed, whatever it is packed in, and nothing too big."""

import io
import zipfile
from datetime import date

import pytest

from finance_pipeline.core.problems import PermanentProblem, Unreachable
from finance_pipeline.core.settings import ConnectionKind
from finance_pipeline.sources.gather import MalformedPage
from finance_pipeline_tests.sources.pulling import Connected, answering

KIND: ConnectionKind = "ecb"
CSV = (
    "Date,USD,JPY,ISK,\n"
    "2026-10-20,1.17350,176.0,N/A,\n"
    "2026-10-19,1.1701,175.92,143.10,\n"
    "2001-01-02,0.9423,107.67,N/A,\n"
)


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eurofxref-hist.csv", text)
    return packed.getvalue()


def served(connected: Connected) -> None:
    folder = connected.running.home / "sandbox" / "served" / connected.name
    folder.mkdir(parents=True)
    (folder / "eurofxref-hist.csv").write_text(CSV)


@pytest.mark.parametrize("name", ["", "/eurofxref-hist.csv"])
def test_each_day_is_one_record_of_the_rates_as_they_are_printed(connected: Connected, name: str) -> None:
    served(connected)
    connected.ask(connected.connection.base_url + name)
    assert connected.problem is None
    assert connected.ids("rates") == {"2026-10-20", "2026-10-19"}
    assert connected.payload("rates", "2026-10-20") == {
        "date": "2026-10-20",
        "rates": {"USD": "1.17350", "JPY": "176.0"},
    }
    assert connected.day("rates", "2026-10-19") == date(2026, 10, 19)


def test_the_same_file_is_not_fetched_again(connected: Connected) -> None:
    served(connected)
    connected.pull()
    connected.pull()
    assert connected.last == []
    assert connected.problem is None


def test_a_line_that_does_not_fit_is_set_aside(connected: Connected) -> None:
    with answering((CSV + "2026-10-16,1.1.7,175,N/A,\n2026-10-15,1.17\nsoon,1,2,3,\n").encode()) as url:
        connected.ask(url)
    assert connected.problem is None
    assert connected.ids("rates") == {"2026-10-20", "2026-10-19"}
    assert [letter.source_id for letter in connected.dead_letters] == ["2026-10-16", "2026-10-15", "soon"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>Log in to the guest network</html>", "not a file of reference rates"),
        (zipped(CSV)[:-40], "cannot be read"),
        (zipped("Date,USD,\n" + "0" * 3_000_000), "unpacks to more than"),
    ],
)
def test_what_is_no_such_file_is_kept_raw_and_not_used(connected: Connected, body: bytes, reason: str) -> None:
    with answering(body) as url:
        connected.ask(url)
    assert isinstance(connected.problem, MalformedPage)
    assert reason in str(connected.problem)
    assert [page.raw for page in connected.pages] == [body]
    assert connected.ids("rates") == set()
    assert connected.cursor == {}


def test_a_server_that_stays_down_is_unreachable_and_a_wrong_address_is_said(connected: Connected) -> None:
    with answering(b"", 503, {"Retry-After": "4"}) as url:
        connected.ask(url)
    assert isinstance(connected.problem, Unreachable)
    assert all(wait >= 4 for wait in connected.slept), connected.slept
    with answering(b"", 404) as url:
        connected.ask(url)
    assert isinstance(connected.problem, PermanentProblem)
    assert "Check base_url" in str(connected.problem)
