"""What the commands print of one demo, for people and for machines."""

from __future__ import annotations

import re

import pytest

from finance_pipeline.cli.show import text
from finance_pipeline_tests.cli.conftest import DemoShell

MONTH = ("--book", "us", "--month", "2026-09")


def cash_of(demo: DemoShell) -> list[dict[str, object]]:
    """Cash as printed for machines, but for its freshness."""
    return [{name: value for name, value in row.items() if name != "read_at"} for row in
            demo.types("cash", "--json").figures]  # fmt: skip


def test_a_month_computed_again_posts_nothing_and_moves_no_figure(demo: DemoShell) -> None:
    before = cash_of(demo)
    again = demo.types("backfill", "--book", "us", "--from", "2026-09", "--to", "2026-09", "--json")
    assert again.code == 0
    entries = demo.types("journal", *MONTH, "--limit", "10000", "--json").figures
    assert demo.types("run", *MONTH).code == 0
    assert demo.types("journal", *MONTH, "--limit", "10000", "--json").figures == entries
    assert cash_of(demo) == before


def test_figures_for_machines_are_minor_units_and_agree_with_each_other(demo: DemoShell) -> None:
    postings = [line for entry in demo.types("journal", *MONTH, "--limit", "10000", "--json").figures
                for line in entry["postings"]]  # fmt: skip
    balance = demo.types("trial-balance", *MONTH, "--json").figures["accounts"]
    assert postings
    assert all(isinstance(row["closing_minor"], int) for row in balance)
    assert sum(row["closing_minor"] for row in balance) == 0
    movement = {row["code"]: row["debit_minor"] - row["credit_minor"] for row in balance}
    summed: dict[str, int] = {}
    for line in postings:
        summed[line["code"]] = summed.get(line["code"], 0) + line["functional_minor"]
    assert {code: minor for code, minor in movement.items() if minor} == {c: m for c, m in summed.items() if m}
    closing = {row["code"]: row["closing_minor"] for row in balance}
    cash = {
        row["account"]: row for row in demo.types("cash", "--book", "us", "--json").figures if row["kind"] == "bank"
    }
    assert cash["us-operating"]["functional_minor"] == closing["1010"]
    assert cash["us-operating"]["tied"] is True


def test_every_tie_out_of_the_ended_month_is_equal_and_status_shows_each_connection(demo: DemoShell) -> None:
    pairs = demo.types("tie-outs", "--month", "2026-09", "--json").figures
    assert {row["book"] for row in pairs} == {"us", "de"}
    assert [row for row in pairs if not row["tied"]] == []
    status = demo.types("status", "--json").figures
    assert {row["outcome"] for row in status["connections"]} == {"read"}
    ended = [row for row in status["tie_outs"] if row["month"] == "2026-09"]
    assert {row["name"] for row in ended} == {row["name"] for row in pairs}
    assert all(row["equal"] == row["compared"] for row in ended)


def test_each_line_without_a_counterpart_is_an_exception_with_a_reason_in_words(demo: DemoShell) -> None:
    rows = demo.types("exceptions", "--json").figures
    months = demo.types("status", "--json").figures["months"]
    assert len(rows) == sum(row["unmatched"] for row in months)
    assert all(row["reason"] and row["words"].endswith(".") for row in rows)
    shown = demo.types("exceptions", "--book", "us").printed
    assert "uk" not in {line.split("/")[0] for line in shown.split()}


@pytest.mark.parametrize("subject", ["line", "invoice", "match", "entry", "entry number", "account"])
def test_explain_goes_down_to_the_source_record_and_its_content_hash(demo: DemoShell, subject: str) -> None:
    entries = demo.types("journal", *MONTH, "--limit", "10000", "--json").figures
    settled = next(entry for entry in entries if entry["match_id"] and entry["purpose"] == "settlement")
    words = demo.types("explain", settled["match_id"]).printed
    names = {
        "line": settled["evidence_id"],
        "invoice": re.search(r"us/xero/invoice/[0-9a-f-]+", words)[0],  # type: ignore[index]
        "match": settled["match_id"],
        "entry": settled["entry_id"],
        "entry number": settled["number"],
        "account": "us-operating",
    }
    told = demo.types("explain", names[subject])
    assert told.code == 0
    hashes = re.findall(r"sha256: ([0-9a-f]{64}) \(recomputed, equal\)", told.printed)
    assert hashes
    assert "landed in: landing/evidence/" in told.printed
    if subject in ("match", "entry", "line"):
        assert settled["evidence_hash"] in hashes


def test_verify_recomputes_the_chain_and_names_a_landed_file_that_was_touched(demo: DemoShell) -> None:
    intact = demo.types("verify", "--json")
    assert (intact.code, intact.figures["intact"]) == (0, True)
    file = next((demo.home / "landing" / "evidence").rglob("*.parquet"))
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        broken = demo.types("verify")
    finally:
        file.write_bytes(content)
    assert broken.code == 1
    assert file.name in broken.printed.replace("\n", "")


def test_the_landing_is_whole_and_what_was_mapped_follows_from_it(demo: DemoShell) -> None:
    whole = demo.types("landing", "verify", "--json")
    assert (whole.code, whole.figures["defects"]) == (0, [])
    again = demo.types("landing", "replay", "--check", "--json")
    assert (again.code, again.figures["same"], again.figures["mappings"] > 0) == (0, True, True)
    foreign = demo.home / "landing" / "notes.txt"
    foreign.write_text("of somebody", encoding="utf-8")
    try:
        broken = demo.types("landing", "verify")
    finally:
        foreign.unlink()
    assert broken.code == 1
    assert "notes.txt" in broken.printed


def test_what_a_payer_wrote_does_not_steer_the_terminal() -> None:
    shown = text("Memo", "memo").value({"memo": "\x1b[2Jpaid\u202e[bold]"})
    assert shown == "\ufffd[2Jpaid\ufffd\\[bold]"
