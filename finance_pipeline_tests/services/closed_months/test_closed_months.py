"""Closed months stay as they were signed; what they would be today is shown to the line, and posted only as decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import polars as pl
import psycopg
import pytest
from psycopg import sql

from finance_pipeline.core.period import BookMonth
from finance_pipeline.core.problems import BadInput
from finance_pipeline.services import api
from finance_pipeline.services.bookkeeping import posting
from finance_pipeline.services.closed_months.adjusting import Wanted, adjust, dismiss
from finance_pipeline.services.closed_months.rule_adjusting import decide_rules
from finance_pipeline.services.reconciliation import staleness
from finance_pipeline.services.reconciliation.decide import decide
from finance_pipeline.store.address import parts_of
from finance_pipeline.store.database import Database
from finance_pipeline_tests.conftest import _fresh
from finance_pipeline_tests.services.closed import (
    ONE_BANK,
    adjust_all,
    close_months,
    differing,
    report,
    run,
    signed_balances,
    stands,
)
from finance_pipeline_tests.services.companies import Shared
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, Told, day, told

END = date(2026, 6, 30)
VERSIONS = (
    "select record_id from canonical.bank_transaction union select record_id from canonical.invoice"
    " union select record_id from canonical.balance"
)


def tell_may(books: Told) -> None:
    """Three invoices, two of them paid; what the bank holds."""
    books.document("INV-1", "100.00", day(3), "Acme")
    books.document("INV-2", "250.00", day(4), "Beta")
    books.document("INV-3", "75.00", day(5), "Gamma")
    books.line("paid-1", "100.00", day(10), "INV-1 Acme")
    books.line("paid-2", "250.00", day(11), "INV-2 Beta")
    books.balance("main", "0.00", day(1), "opening")
    books.balance("main", "350.00", day(31))


@pytest.fixture(scope="module")
def closed(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The database of a book whose May is signed and locked. To copy only."""
    with (
        _fresh(shared, "finance_pipeline") as database,
        told(database, tmp_path_factory.mktemp("b"), ONE_BANK) as found,
    ):
        tell_may(found)
        close_months(found, MAY)
        database.close()
        yield parts_of(database.url)["dbname"]


@pytest.fixture
def books(shared: Shared, closed: str, tmp_path: Path) -> Iterator[Told]:
    with _fresh(shared, closed) as database, told(database, tmp_path, ONE_BANK) as found:
        found.versions = {row[0]: 1 for row in rows(found.workspace, VERSIONS)}
        yield found


def everything(books: Told) -> list[object]:
    """Every row that computing a closed month could touch."""
    return rows(
        books.workspace,
        """
        select (select json_agg(entry order by entry_id) from ledger.entry)::text,
            (select json_agg(match order by match_id, version) from recon.match)::text,
            (select json_agg(gone order by match_id, version) from recon.retraction as gone)::text,
            (select json_agg(month order by month) from recon.month)::text,
            (select json_agg(item order by month, item_id) from recon.open_item as item)::text,
            (select json_agg(line order by month, line_id) from recon.open_line as line)::text
        """,
    )


def test_a_closed_month_says_what_it_would_be_today_and_only_people_change_what_it_is(books: Told) -> None:
    books.line("late", "5075.00", day(28), "INV-3 Gamma and a deposit")
    books.line("paid-2", "240.00", day(11), "INV-2 Beta")
    books.line("paid-1", "100.00", day(10), "INV-1 Acme", removed=True)
    books.document("INV-1", "100.00", day(3), "Acme & Sons")
    before = everything(books)
    run(books, MAY)
    first, second = report(books, MAY), report(books, MAY)
    said = {row["record_id"].split("/")[-1]: row for row in first.differences.iter_rows(named=True)}
    assert {name: (row["cause"], row["status"]) for name, row in said.items()} == {
        "late": ("late", "waiting"),
        "paid-2": ("changed", "waiting"),
        "paid-1": ("removed", "waiting"),
        "INV-1": ("changed", "waiting"),
    }
    assert said["paid-2"]["what"] == "bank line of 2026-05-11, 240.00 USD, INV-2 Beta: amount 250.00 to 240.00"
    assert (said["paid-1"]["entries_removed"], said["paid-1"]["accounts"]) == (2, "1010 -100.00; 1100 100.00")
    assert said["INV-1"]["accounts"] == "", "words alone move no balance"
    assert first.differences.equals(second.differences)
    assert first.changes.equals(second.changes)
    assert everything(books) == before
    run(books, MAY, JUNE)
    assert stands(books)["late"] == ("late", "waiting"), "it is above the limit"
    adjust_all(books, "Ada")
    assert {status for _, status in stands(books).values()} == {"adjusted", "proposed"}
    with pytest.raises(BadInput, match="proposed by Ada"):
        adjust_named(books, "late", "Ada")
    adjust_named(books, "late", "Grace")
    with pytest.raises(BadInput, match="posted already"):
        adjust_named(books, "paid-2", "Grace")
    versions = rows(
        books.workspace,
        "select version, effective_on, accounting_on, reverses is not null from ledger.entry"
        " where source_id like '%%/paid-2' order by batch_id, version",
    )
    may, june = day(11), day(1, JUNE)
    assert versions == [(1, may, may, False), (-1, may, june, True), (2, may, june, False)]
    assert signed_balances(books) == []
    assert books.balances(END)["1010"] == "5,315.00"
    posted = everything(books)[0][:1]  # type: ignore[index]
    run(books, MAY, JUNE)
    assert everything(books)[0][:1] == posted, "nothing is posted twice"  # type: ignore[index]


def test_late_and_small_posts_by_itself_on_the_first_open_day_though_rules_and_engine_changed_meanwhile(
    books: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to a limit for all together; and what the rules make otherwise is posted by two people on purpose only."""
    monkeypatch.setitem(books.workspace.settings.book("us").chart, "200", "4010")  # type: ignore[misc]
    monkeypatch.setattr(posting, "RULES_VERSION", 99)
    monkeypatch.setattr(staleness.engine, "ENGINE_VERSION", "99")
    with books.workspace.database.transaction() as conn:
        conn.execute(
            "insert into ledger.account (book, code, name, kind, normal_side, role, is_control)"
            " values ('us', '4010', 'Other revenue', 'income', 'credit', 'revenue', false)"
        )
    books.line("late", "75.00", day(28), "INV-3 Gamma")
    books.line("beyond", "280.00", day(29), "Delta")
    run(books, MAY, JUNE)
    shown = api.differences(books.workspace, [BookMonth("us", MAY), BookMonth("us", JUNE)])
    assert shown.by_partition["us|2026-05"] | {"closed": 1, "late": 2, "rule": 3} == shown.by_partition["us|2026-05"]
    assert (shown.by_partition["us|2026-06"]["closed"], shown.row_count) == (0, 5)
    assert "| late | late item | bank line of 2026-05-28, 75.00 USD, INV-3 Gamma |" in (shown.table_markdown or "")
    found = report(books).differences.sort("cause", "on_day")
    expected = [("late", "late item"), ("late", "waiting"), *[("rule", "waiting")] * 3]
    assert found.select("cause", "status").rows() == expected
    posted = "select accounting_on, effective_on, count(*) from ledger.entry where accounting_on > %s group by 1, 2"
    assert rows(books.workspace, posted, day(31)) == [(day(1, JUNE), day(28), 2)]
    assert books.balances(END) == {"1010": "425.00", "4000": "-425.00"}
    by_rules = found.filter(pl.col("cause") == "rule")["difference_id"][:1].to_list()
    with pytest.raises(BadInput, match="is not adjusted by default"):
        adjust(books.workspace, Wanted(ids=tuple(by_rules)), reason="new chart", actor="Ada")
    for person in ("Ada", "Grace"):
        decide_rules(books.workspace, "us", "2026-05", by_rules, verdict="adjusted", reason="new chart", actor=person)
    assert books.balances(END) == {"1010": "425.00", "4000": "-325.00", "4010": "-100.00"}, "one of three, in June"
    with pytest.raises(BadInput, match="is adjusted already, by Grace"):
        decide_rules(books.workspace, "us", "2026-05", by_rules, verdict="adjusted", reason="again", actor="Ada")
    run(books, MAY, JUNE)
    assert books.balances(END)["4010"] == "-100.00", "running the months takes nothing of it back"
    assert "beyond their limit" in refused(
        books, "close.difference_decision", "let_in", record_id="x", amount_minor=22_501
    )
    again = {"table": "close.rule_decision", "verdict": "adjusted", "difference_id": "x"}
    assert "adjusting_takes_two_people" in refused(books, **again, proposed_by="grace")
    assert "was not proposed by Ada" in refused(books, **again)
    assert signed_balances(books) == []


def refused(books: Told, table: str, verdict: str, **otherwise: str | int) -> str:
    """What the database says to one more decision like the one of a verdict, but for some columns."""
    named = sql.Identifier(*table.split("."))
    with books.workspace.database.transaction() as conn:
        known = sql.SQL("select to_jsonb(said) - '{{decision_seq,recorded_at,login,client}}'::text[] from {} as said")
        rows = [row[0] for row in conn.execute(known.format(named)) if row[0]["verdict"] == verdict]
    row = rows[0] | otherwise
    columns, values = (
        sql.SQL(", ").join(map(kind, given)) for kind, given in ((sql.Identifier, row), (sql.Literal, row.values()))
    )
    statement = sql.SQL("insert into {} ({}) values ({})").format(named, columns, values)
    database = books.workspace.database
    with pytest.raises(psycopg.errors.CheckViolation) as broken, database.transaction() as conn:
        conn.execute(statement)
    return str(broken.value)


def test_what_is_late_across_a_year_end_waits_however_small(database: Database, tmp_path: Path) -> None:
    with told(database, tmp_path, ONE_BANK.model_copy(update={"fiscal_year_starts_month": 6})) as found:
        found.balance("main", "0.00", day(1), "opening")
        found.balance("main", "0.00", day(31))
        close_months(found, MAY)
        found.line("late", "1.00", day(28), "Delta")
        found.line("pending", "1.00", day(28), "Delta", status="pending")
        run(found, MAY, JUNE)
        assert stands(found) == {"late": ("late", "waiting")}


def test_what_a_closed_month_would_match_only_in_hindsight_is_no_difference(database: Database, tmp_path: Path) -> None:
    with told(database, tmp_path, ONE_BANK) as found:
        found.balance("main", "0.00", day(1), "opening")
        for name, amount in {"INV-6": "60.00", "INV-4": "40.00", "INV-7": "70.00", "INV-3": "30.00"}.items():
            found.document(name, amount, day(3), "Delta")
        found.line("deposit", "100.00", day(20), "Delta")
        found.balance("main", "100.00", day(31))
        close_months(found, MAY)
        assert found.waiting(MAY) == {"deposit": "several_solutions"}
        found.line("seven", "70.00", day(5, JUNE), "INV-7 Delta")
        found.line("three", "30.00", day(6, JUNE), "INV-3 Delta")
        line, items = "us/told/bank_transaction/deposit", [f"us/told/invoice/{name}" for name in ("INV-6", "INV-4")]
        decide(found.workspace, line, items, "decline", reason="Delta says it is rent in advance")
        run(found, MAY, JUNE)
        assert set(found.waiting(JUNE)) == {"deposit"}
        assert report(found, MAY).differences.is_empty(), "only since June is what was left in May all that Delta owed"


def test_a_line_that_moved_from_one_closed_month_to_another_is_one_difference_in_both(books: Told) -> None:
    books.balance("main", "350.00", END)
    close_months(books, JUNE)
    books.line("paid-2", "250.00", day(2, JUNE), "INV-2 Beta")
    found = differing(books)
    assert found.select("month", "cause").rows() == [("2026-05", "changed"), ("2026-06", "changed")]
    assert found["difference_id"].n_unique() == 1
    assert found["what"][1].endswith("INV-2 Beta: booked 2026-05-11 to 2026-06-02")


def test_what_the_bank_shows_is_not_dismissed_and_what_it_does_not_show_is(books: Told) -> None:
    books.line("told-twice", "2000.00", day(10), "INV-1 Acme")
    books.line("paid-2", "240.00", day(11), "INV-2 Beta")
    dismiss_named(books, "told-twice", "Ada")
    dismiss_named(books, "told-twice", "Grace")
    books.balance("main", "340.00", day(31))
    with pytest.raises(BadInput, match=r"the bank states 340.00, we have 350.00"):
        dismiss_named(books, "paid-2", "Ada")
    run(books, MAY, JUNE)
    api.tie_out(books.workspace, [BookMonth("us", MAY)])
    assert [name for name, _, _ in books.untied()] == ["bank_account_equals_statement"], "what waits is not missing"
    assert stands(books) == {"told-twice": ("late", "dismissed"), "paid-2": ("changed", "waiting")}
    assert books.balances(END) == {"1010": "350.00", "1100": "75.00", "4000": "-425.00"}


def test_a_match_that_would_not_be_found_any_more_stays_until_a_person_adjusts(books: Told) -> None:
    """And a record that moves out of the closed month leaves it then."""
    books.document("INV-4", "250.00", day(4), "Beta")
    books.line("paid-2", "250.00", day(11), "Beta")
    books.line("paid-1", "100.00", day(2, JUNE), "INV-1 Acme")
    run(books, MAY, JUNE)
    assert books.open_items(MAY) == {"invoice/INV-3": "75.00", "invoice/INV-4": "250.00"}
    doubtful = report(books).doubtful["words"].to_list()
    assert [words[:30] for words in doubtful] == ["The memo names INV-2: its open"]
    adjust_all(books)
    assert report(books).doubtful.is_empty()
    run(books, MAY, JUNE)
    assert books.open_items(MAY) == {
        "invoice/INV-1": "100.00", "invoice/INV-2": "250.00", "invoice/INV-3": "75.00", "invoice/INV-4": "250.00",
    }  # fmt: skip
    assert set(books.waiting(JUNE)) == {"paid-2"}, "it may be of either of two invoices now"
    assert books.balances(day(31), by="effective_on")["1010"] == "250.00"
    assert signed_balances(books) == []


@pytest.mark.parametrize("seed", [1])
def test_with_all_that_came_later_let_in_the_books_are_those_of_all_the_data(
    shared: Shared, books: Told, tmp_path: Path, seed: int
) -> None:
    """A sample of `bench closing`."""
    rng = Random(seed)
    later = [
        lambda told: told.line("paid-1", f"{rng.choice([60, 100, 140])}.00", day(rng.randint(5, 20)), "INV-1 Acme"),
        lambda told: told.line("late", rng.choice(["75.00", "40.00", "2500.00"]), day(28), "INV-3 Gamma"),
        lambda told: told.document("INV-2", rng.choice(["250.00", "260.00"]), day(4), "Beta"),
        lambda told: told.document("INV-9", "100.00", day(8), "Acme"),
        lambda told: told.line("paid-2", "250.00", day(11), "INV-2 Beta", removed=True),
    ]
    chosen, state = rng.sample(later, 4), rng.getstate()
    for change in chosen:
        change(books)
    run(books, MAY, JUNE)
    adjust_all(books)
    run(books, MAY, JUNE)
    rng.setstate(state)
    with _fresh(shared, "finance_pipeline") as database, told(database, tmp_path / "all", ONE_BANK) as other:
        tell_may(other)
        for change in chosen:
            change(other)
        run(other, MAY, JUNE)
        assert books.balances(END) == other.balances(END)
    assert signed_balances(books) == []


def adjust_named(books: Told, name: str, actor: str) -> None:
    adjust(books.workspace, Wanted(ids=(named(books, name),)), reason="the bank is right", actor=actor)


def dismiss_named(books: Told, name: str, actor: str) -> None:
    dismiss(books.workspace, Wanted(ids=(named(books, name),)), reason="the bank does not show it", actor=actor)


def named(books: Told, name: str) -> str:
    found = differing(books)
    return next(i for i, record in found.select("difference_id", "record_id").rows() if record.endswith(f"/{name}"))
