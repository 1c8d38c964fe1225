"""Every file of the corpus says what `corpus.csv` beside it declares, and what is odd in it stands there too."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from finance_pipeline.sources.statements.containers import members
from finance_pipeline.sources.statements.model import MalformedStatement
from finance_pipeline.sources.statements.reading import Declared, read_stream
from finance_pipeline.sources.statements.summary import summaries

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
FOOTS = {"yes": True, "no": False, "": None}


def declared() -> dict[str, list[dict[str, str]]]:
    """File -> what each of its statements must say."""
    found: dict[str, list[dict[str, str]]] = {}
    with (HERE / "corpus.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            found.setdefault(row["file"], []).append(row)
    return found


def said(raw: bytes, name: str) -> list[dict[str, Any]]:
    """What `statements parse` prints of a file's bytes, read in this process."""
    found: list[dict[str, Any]] = []
    for member in members(io.BytesIO(raw), len(raw)):
        found += summaries(name, read_stream(member.stream, member.size_bytes, Declared(proposes=True)))
    return found


EXPECTED = declared()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_of_the_corpus_says_what_is_declared_of_it(name: str) -> None:
    raw, expected = (CORPUS / name).read_bytes(), EXPECTED[name]
    if expected[0]["format"] == "error":
        with pytest.raises(MalformedStatement, match=expected[0]["problem"]):
            said(raw, name)
        return
    found = said(raw, name)
    assert [facts(each) for each in found] == [row_facts(row) for row in expected]
    for each, row in zip(found, expected, strict=True):
        assert row["problem"] in "; ".join(each["problems"]), row["odd"]


def facts(statement: dict[str, Any]) -> tuple[Any, ...]:
    names = ("format", "account", "currency", "opening", "closing", "sum", "entry_count", "detail_count")
    days = (statement["first_date"], statement["last_date"])
    return (*(statement[name] for name in names), *days, statement["foots"], statement["difference"])


def row_facts(row: dict[str, str]) -> tuple[Any, ...]:
    texts = [row[name] or None for name in ("format", "account", "currency", "opening", "closing", "sum")]
    days = (row["first"] or None, row["last"] or None)
    return (*texts, int(row["entries"]), int(row["details"]), *days, FOOTS[row["foots"]], row["difference"] or None)


def test_the_corpus_covers_every_format_and_each_file_says_what_is_odd_in_it() -> None:
    files = {path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file()}
    assert files == set(EXPECTED)
    assert len(files) >= 120
    assert all(rows[0]["odd"] for rows in EXPECTED.values())
    formats = {row["format"][:8] for rows in EXPECTED.values() for row in rows}
    lines = {"MT940", "MT942", "MT950", "BAI2", "OFX", "QFX", "QIF", "CSV", "CODA"}
    assert lines | {"camt.052", "camt.053", "camt.054"} <= formats
