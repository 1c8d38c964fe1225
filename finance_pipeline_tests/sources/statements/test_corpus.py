"""Every file of the corpus says what `corpus.csv` beside it declares, and what is odd in it stands there too."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from finance_pipeline.sources.statements.camt.plain import LEAST_BYTES, NotPlain, plain_totals
from finance_pipeline.sources.statements.containers import members
from finance_pipeline.sources.statements.looking import summaries as looked_at
from finance_pipeline.sources.statements.model import MalformedStatement
from finance_pipeline.sources.statements.reading import Declared, read_stream
from finance_pipeline.sources.statements.summary import summaries, summaries_of_totals
from finance_pipeline_tests.sources.statement_files import Line, statement, statement_file

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
        declared = Declared(proposes=True, table=member.table)
        found += summaries(name, read_stream(member.stream, member.size_bytes, declared))
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
    lines = {"MT940", "MT942", "MT950", "BAI2", "OFX", "QFX", "QIF", "CSV", "XLSX", "CODA"}
    assert lines | {"camt.052", "camt.053", "camt.054"} <= formats


PLAIN = [name for name, rows in EXPECTED.items() if name.startswith("camt/") and rows[0]["format"] != "error"]


def plainly(raw: bytes) -> list[dict[str, Any]] | None:
    """What is printed of a camt file that is read the plain way, as large ones are; None where it is not plain."""
    try:
        inside = list(members(io.BytesIO(raw), len(raw)))
        return [row for each in inside for row in summaries_of_totals("x", plain_totals(each.stream))]
    except NotPlain:
        return None


def test_the_plain_way_of_large_camt_files_says_what_the_ordinary_way_says_or_leaves_the_file_to_it() -> None:
    read = {name: plainly((CORPUS / name).read_bytes()) for name in PLAIN}
    for name, found in read.items():
        assert found is None or found == said((CORPUS / name).read_bytes(), "x"), name
    assert {"camt/053.001.02.xml", "camt/053.001.13.xml", "camt/prefixed.xml", "camt/two-accounts.xml"} <= {
        name for name, found in read.items() if found is not None
    }
    assert read["camt/utf-16.xml"] is None
    assert read["camt/comments-and-instructions.xml"] is None


def test_a_large_camt_file_is_read_the_plain_way_across_its_blocks_and_a_broken_end_is_seen() -> None:
    entry = Line("1.00", on="2026-05-04", text="x" * 400)
    large = statement_file(statement("0.00", "9000.00", *[entry] * 9_000, day="2026-05-04"))
    assert len(large) > LEAST_BYTES
    (found,) = looked_at("x", io.BytesIO(large), len(large), Declared())
    assert (found["entry_count"], found["detail_count"], found["foots"]) == (9_000, 9_000, True)
    assert plainly(large) == [found]
    with pytest.raises(MalformedStatement, match="not well-formed XML"):
        looked_at("x", io.BytesIO(large[:-20]), len(large), Declared())
    wrong = b"1.005".join(large.rsplit(b"1.00", 1))
    with pytest.raises(MalformedStatement, match=r"entry 9000: 1\.005 is not an amount of EUR"):
        looked_at("x", io.BytesIO(wrong), len(wrong), Declared())
