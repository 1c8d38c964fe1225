"""The engine on files: the same result whatever the format and the order of rows, whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from finance_pipeline.core.problems import Busy, PermanentProblem
from finance_pipeline.services.matching_files import publishing
from finance_pipeline.services.matching_files.folder import TABLES
from finance_pipeline_tests.cli.conftest import Shell
from finance_pipeline_tests.cli.matching_files import ITEM, LINE, PAID, Content, folder, held, run

MAY = date(2026, 5, 1)


def company() -> dict[str, pl.DataFrame]:
    """Two books of receipts with and without a number, with an amount of zero, a pending one and a very long text."""
    count = 24
    amounts = [100_00 + 37 * number for number in range(count)]
    items = pl.DataFrame(
        {
            "item_id": [f"item-{number:02d}" for number in range(count)],
            "book": ["us", "de"] * (count // 2),
            "kind": ["invoice"] * count,
            "currency": ["USD", "EUR"] * (count // 2),
            "amount_minor": amounts,
            "issued_on": [MAY + timedelta(days=number % 7) for number in range(count)],
            "party_name": [f"Customer {number % 5}" for number in range(count)],
            "number": [f"INV-{4200 + number}" for number in range(count)],
            "references": [[f"PO-{7000 + n}", f"Order {n}"] if n % 3 else None for n in range(count)],
            "discount_percent": [None] * count,
            "status": ["settled" if number == 3 else None for number in range(count)],
        },
        schema_overrides={"discount_percent": pl.Decimal(9, 4)},
    )
    said = ["INV-{}", 'Rechnung "{}"', "bill\nINV-{}", None]
    lines = pl.DataFrame(
        {
            "line_id": [f"line-{number:02d}" for number in range(count)],
            "book": items["book"],
            "account_id": [f"{book}-checking" for book in items["book"]],
            "currency": items["currency"],
            "amount_minor": [0 if number == 5 else amount for number, amount in enumerate(amounts)],
            "booked_on": [MAY + timedelta(days=20)] * count,
            "counterparty_name": [name.upper() for name in items["party_name"]],
            "memo": [None if (text := said[n % 4]) is None else text.format(4200 + n) for n in range(count)],
            "status": ["pending" if number == 8 else "booked" for number in range(count)],
        }
    ).with_columns(memo=pl.when(pl.col("line_id") == "line-09").then(pl.lit("x INV-1 " * 1250)).otherwise("memo"))
    parties = pl.DataFrame({"party_id": ["c1"], "name": ["Customer 1"], "aliases": [["CUSTOMER ONE", "C1"]]})
    decisions = pl.DataFrame({"line_id": ["line-00"], "item_id": ["item-00"], "verdict": ["decline"]}).with_columns(
        decided_by=pl.lit("ann"), decided_at=pl.lit("2026-05-25T10:00:00Z")
    )
    rates = pl.DataFrame({"date": [MAY], "currency": ["USD"], "per_eur": ["1.0842"]})
    advice = pl.DataFrame(
        {
            "remittance_id": ["adv", "adv"],
            "received_on": [MAY, MAY],
            "currency": ["EUR", "EUR"],
            "total_minor": [999, 999],
            "line_reference": ["INV-1", "INV-2"],
            "line_minor": [500, 499],
        }
    )
    return {
        "bank_lines": lines, "open_items": items, "parties": parties,
        "decisions": decisions, "fx_rates": rates, "remittances": advice,
    }  # fmt: skip


def of_kind(tables: dict[str, pl.DataFrame], ending: str) -> dict[str, Content]:
    return {f"{name}.{ending}": frame for name, frame in tables.items()}


def test_csv_and_parquet_and_rows_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    tables = company()
    summary = run(folder(tmp_path / "parquet", of_kind(tables, "parquet")), tmp_path / "a")
    assert summary.lines.matched > 10
    assert {"line-05", "line-00"} <= set(pl.read_parquet(tmp_path / "a" / "exceptions.parquet")["line_id"])
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=7) for name, frame in tables.items()}
    run(folder(tmp_path / "csv", of_kind(shuffled, "csv")), tmp_path / "b")
    assert held(tmp_path / "a") == held(tmp_path / "b")
    assert set(held(tmp_path / "a")) == {f"{name}.parquet" for name in publishing.NAMES}
    written = {table.name: pl.read_parquet(tmp_path / "a" / f"{table.name}.parquet") for table in publishing.RESULT}
    assert [written[table.name].columns for table in publishing.RESULT] == [table.names for table in publishing.RESULT]
    run(tmp_path / "csv", tmp_path / "c", form="csv")
    for table in publishing.RESULT:
        as_text = pl.read_csv(tmp_path / "c" / f"{table.name}.csv", schema_overrides=dict(table.schema))
        assert as_text.equals(written[table.name])


def test_the_summary_adds_up(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", of_kind(company(), "parquet"))
    summary = run(source, tmp_path / "out", as_of=MAY + timedelta(days=20))
    lines, items = summary.lines, summary.items
    assert lines.read == 24 == lines.later + lines.pending + lines.booked
    assert (lines.pending, lines.booked) == (1, 23)
    assert lines.booked == lines.matched + sum(lines.exceptions.values())
    assert lines.matched == sum(lines.by_tier.values())
    still_open = sum(each.items for each in items.open)
    assert items.read == 24 == items.later + items.settled_before + items.settled_now + still_open
    assert items.settled_before == 1
    settled = pl.read_parquet(tmp_path / "out" / "allocations.parquet")["item_amount_minor"].sum()
    total = company()["open_items"].filter(pl.col("status").is_null())["amount_minor"].sum()
    assert sum(each.owed_to_us_minor for each in items.open) == total - settled
    # The decision to decline came four days later.
    assert summary.left_out == {"remittances": 0, "fx_rates": 0, "decisions": 1}
    assert "line-00" in pl.read_parquet(tmp_path / "out" / "allocations.parquet")["line_id"]


def test_what_was_not_known_on_the_day_is_left_out(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", PAID)
    day_before = run(source, tmp_path / "a", as_of=date(2026, 5, 19))
    assert (day_before.lines.later, day_before.lines.booked, day_before.items.later) == (1, 0, 0)
    assert day_before.items.open[0].owed_to_us_minor == 1250_00
    assert run(source, tmp_path / "b", as_of=date(2026, 5, 20)).lines.by_tier == {1: 1}
    assert run(source, tmp_path / "c", as_of=date(2026, 4, 30)).items.later == 1


def test_books_may_have_different_policies(tmp_path: Path) -> None:
    lines = "".join(f"l-{book},{book},bank,EUR,125000,2026-05-20,INV-1041\n" for book in ("us", "de", "fr"))
    items = "".join(f"i-{book},{book},invoice,EUR,125000,2026-05-01,INV-1041\n" for book in ("us", "de", "fr"))
    source = folder(tmp_path / "in", {"bank_lines.csv": LINE + lines, "open_items.csv": ITEM + items})
    policy = tmp_path / "policy.yaml"
    policy.write_text("default: {early_days: 3, tiers: [0]}\nbooks:\n  de: {tiers: [0, 1]}\n  fr:\n")
    summary = run(source, tmp_path / "out", policy=policy, form="csv")
    assert (summary.lines.matched, summary.lines.booked) == (1, 3)
    assert pl.read_csv(tmp_path / "out" / "matches.csv")["book"].to_list() == ["de"]
    assert pl.read_csv(tmp_path / "out" / "exceptions.csv")["line_id"].to_list() == ["l-fr", "l-us"]
    policy.write_text("tiers: [0, 1]")
    assert run(source, tmp_path / "out", policy=policy).lines.matched == 3


def test_required_columns_alone_and_no_rows_at_all_are_enough(tmp_path: Path) -> None:
    bare = {"bank_lines.csv": LINE.replace(",memo", ""), "open_items.csv": ITEM.replace(",number", "")}
    empty = run(folder(tmp_path / "empty", bare), tmp_path / "out", form="csv")
    assert (empty.lines.read, empty.items.read, empty.matches) == (0, 0, 0)
    headers = {path.stem: path.read_text().strip().split(",") for path in sorted((tmp_path / "out").iterdir())}
    assert headers == {table.name: table.names for table in publishing.RESULT}
    one = bare | {"bank_lines.csv": bare["bank_lines.csv"] + "zero,us,bank,EUR,0,2026-05-20\n"}
    assert sum(run(folder(tmp_path / "one", one), tmp_path / "out").lines.exceptions.values()) == 1


def test_an_account_number_as_id_names_the_other_leg_of_a_transfer(tmp_path: Path) -> None:
    here, there = "DE44500105175407324931", "DE75512108001245126199"
    head = LINE.replace("memo", "counterparty_account")
    lines = f"out,us,{here},EUR,-5000,2026-05-20,{there}\nin,us,{there},EUR,5000,2026-05-21,{here}\n"
    source = folder(tmp_path / "in", {"bank_lines.csv": head + lines, "open_items.csv": ITEM})
    assert run(source, tmp_path / "out").lines.by_tier == {5: 2}


def frames(text: str) -> dict[str, pl.DataFrame]:
    return {name: pl.DataFrame({"what": [f"{text} {name}"]}) for name in publishing.NAMES}


def test_other_files_stay_and_a_result_in_another_format_is_replaced(tmp_path: Path) -> None:
    target = folder(tmp_path / "out", {"notes.txt": "mine", "matches.xlsx": "mine too"})
    publishing.publish(frames("old"), target, "csv")
    publishing.publish(frames("new"), target, "parquet")
    assert set(held(target)) == {"notes.txt", "matches.xlsx", *(f"{name}.parquet" for name in publishing.NAMES)}
    assert pl.read_parquet(target / "matches.parquet").item() == "new matches"


class Stopped(BaseException):
    """The process was told to stop, or is gone."""


class Stopping:
    """Lets a number of steps of the file system pass and stops at the next: once, or as one who is dead, for good."""

    STEPS = ((Path, "open"), (Path, "mkdir"), (Path, "hardlink_to"), (Path, "replace"), (Path, "rename"),
             (Path, "unlink"), (os, "fsync"), (shutil, "rmtree"))  # fmt: skip

    def __init__(self, patch: pytest.MonkeyPatch, passing: int, *, for_good: bool) -> None:
        self.passing, self.for_good = passing, for_good
        for owner, name in self.STEPS:
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.passing -= 1
            if self.passing == -1 or (self.for_good and self.passing < 0):
                raise Stopped
            return step(*arguments, **named)

        return counted


def visible(target: Path) -> dict[str, bytes]:
    return {name: content for name, content in held(target).items() if not name.startswith(".")}


@pytest.mark.parametrize(("old_form", "killed"), [("csv", True), ("parquet", False), ("parquet", True), (None, True)])
def test_a_run_that_is_stopped_at_any_step_leaves_the_old_result_or_the_new_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old_form: str | None, killed: bool
) -> None:
    """Where the process is gone, the next run in the same folder begins with putting things right."""
    sets: dict[str, dict[str, bytes]] = {}
    for name, forms in {"old": [old_form], "new": [old_form, "parquet"]}.items():
        source = folder(tmp_path / name, {"notes.txt": "mine"})
        for form, text in zip(filter(None, forms), ("old", "new"), strict=False):
            publishing.publish(frames(text if old_form else "new"), source, form)
        sets[name] = visible(source)
    seen = []
    for step in range(100):
        target = tmp_path / f"{step}"
        shutil.copytree(tmp_path / "old", target)
        with monkeypatch.context() as patch:
            Stopping(patch, step, for_good=killed)
            try:
                publishing.publish(frames("new"), target, "parquet")
                break
            except Stopped:
                pass
        if killed:
            publishing.restore(target)
        (which,) = [name for name, files in sets.items() if files == visible(target)]
        seen.append(which)
    assert visible(target) == sets["new"]
    assert seen == sorted(seen, reverse=True)
    assert seen.count("old") > 15


def test_putting_things_right_may_be_killed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = folder(tmp_path / "before", {})
    publishing.publish(frames("old"), before, "parquet")
    old = visible(before)
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_sync", _stopped)  # new files are in place, the old ones still kept
        patch.setattr(publishing, "restore", _stopped)
        with pytest.raises(Stopped):
            publishing._replace(frames("new"), before, "parquet")
    assert visible(before).keys() == old.keys()
    assert visible(before) != old
    for step in range(100):
        target = tmp_path / f"{step}"
        shutil.copytree(before, target)
        with monkeypatch.context() as patch:
            Stopping(patch, step, for_good=True)
            try:
                publishing.restore(target)
                break
            except Stopped:
                pass
        publishing.restore(target)
        assert visible(target) == old
    assert held(target) == old
    assert step > 8


def _stopped(_folder: Path) -> None:
    raise Stopped


@pytest.mark.parametrize("killed", [False, True], ids=["interrupted", "killed"])
def test_a_new_folder_comes_into_being_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool) -> None:
    for step in range(100):
        target = tmp_path / f"{step}" / "out"
        with monkeypatch.context() as patch:
            Stopping(patch, step, for_good=killed)
            try:
                publishing.publish(frames("new"), target, "parquet")
                break
            except Stopped:
                pass
        assert not target.exists() or len(visible(target)) == 4
    assert step > 8


def test_a_disk_that_is_full_leaves_the_old_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = folder(tmp_path / "out", {})
    publishing.publish(frames("old"), target, "parquet")
    old = held(target)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PermanentProblem, match=r"No space left on device\. What was there before is as it was"):
        publishing.publish(frames("new"), target, "parquet")
    assert held(target) == old


def test_two_runs_do_not_write_to_one_folder_at_a_time(tmp_path: Path) -> None:
    target = folder(tmp_path / "out", {})
    handle = os.open(target, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="another run writes its result there"):
            publishing.publish(frames("new"), target, "parquet")
    finally:
        os.close(handle)
    assert held(target) == {}


def test_the_command_needs_no_data_folder_no_database_and_no_orchestrator(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", PAID)
    home = tmp_path / "home"
    code = (
        "import atexit, sys; from finance_pipeline.cli import main; "
        "heavy = {'dagster', 'psycopg', 'pandera', 'duckdb', 'sqlalchemy'}; "
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules)), file=sys.stderr)); main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "match", "--in", source, "--out", tmp_path / "out", "--json"],
        env=os.environ | {"FINANCE_PIPELINE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (0, "[]")
    figures = json.loads(ended.stdout)
    assert figures["lines"]["by_tier"] == {"1": 1}
    assert figures["files"] == {str(tmp_path / "out" / f"{name}.parquet"): rows for name, rows in
                                zip(publishing.NAMES, (1, 1, 0, 1), strict=True)}  # fmt: skip
    assert not home.exists()


def test_what_is_printed_says_what_was_matched_what_was_not_and_what_is_open(tmp_path: Path, shell: Shell) -> None:
    more = {
        "bank_lines.csv": "fee,us,checking,EUR,-350,2026-05-20,Bank fee\nzero,us,checking,EUR,0,2026-05-20,\n",
        "open_items.csv": "bill,us,bill,EUR,-70000,2026-05-01,B-1\n",
    }
    files = {name: PAID[name] + rows for name, rows in more.items()} | {"readme.md": "x"}
    ended = shell.types("match", "--in", str(folder(tmp_path / "in", files)), "--out", str(tmp_path / "out"))
    assert ended.code == 0
    printed = " ".join(ended.printed.split())
    for words in (
        "2 of 3 booked lines are matched (66.67 %), 1 needs a person (33.33 %).",
        "matched by reference (tier 1) 1 33.33 %",
        "(tier 6) 1 33.33 %",
        "total not matched 1 33.33 %",
        "EUR 1 0.00 700.00",
        "Items: 2 read, 1 settled now, 0 in part.",
        f"{tmp_path / 'out' / 'matches.parquet'} 2 rows",
    ):
        assert words in printed
    assert "Note: readme.md is none of the engine's files: passed over." in ended.said


def test_the_schemas_are_printed_as_pandera_has_them(shell: Shell) -> None:
    printed = json.loads(shell.types("match", "--schema", "--json").printed)
    assert list(printed) == [table.name for table in (*TABLES, *publishing.RESULT)]
    for table in (*TABLES, *publishing.RESULT):
        described = [(c["name"], c["type"], c["nullable"], c["meaning"]) for c in printed[table.name]["columns"]]
        assert described == [(c.name, str(table.schema[c.name]), c.nullable, c.meaning) for c in table.columns]
    assert {name for name, table in printed.items() if table["optional"]} == {
        "parties", "remittances", "fx_rates", "decisions"
    }  # fmt: skip
    for_people = " ".join(shell.types("match", "--schema").printed.split())
    assert "Input bank_lines: One row per line of a bank account" in for_people
    assert "per_eur decimal number Units of the currency for one euro." in for_people
    assert "One of principal, fee, discount, write_off, fx, residual." in for_people


def test_no_text_of_a_csv_is_a_formula_to_a_spreadsheet_and_numbers_and_ids_stay_as_they_are(tmp_path: Path) -> None:
    said = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\tx", "-17", "+4.50", "INV-1", "a=b", None]
    publishing.publish({"matches": pl.DataFrame({"match_id": said})}, tmp_path / "out", "csv")
    found = pl.read_csv(tmp_path / "out" / "matches.csv", infer_schema=False)["match_id"].to_list()
    marked = [f"'{text}" for text in said[:5]]
    assert found == [*marked, *said[5:]]
