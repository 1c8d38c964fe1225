"""Closed months stay as they were signed; what they would be today is shown to the line, and posted only as decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from finance_pipeline.core.problems import BadInput
from finance_pipeline.services import posting, reconcile
from finance_pipeline.services.adjusting import Wanted, adjust, dismiss
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.closed import (
    ONE_BANK,
    adjust_all,
    close_months,
    report,
    run,
    signed_balances,
    stands,
)
from finance_pipeline_tests.services.pipeline import rows
from finance_pipeline_tests.services.told import JUNE, MAY, Told, day, told

END = date(2026, 6, 30)


@pytest.fixture
def books(database: Database, tmp_path: Path) -> Iterator[Told]:
    """May: three invoices of which two are paid, as the bank states. Closed."""
    with told(database, tmp_path, ONE_BANK) as found:
        found.document("INV-1", "100.00", day(3), "Acme")
        found.document("INV-2", "250.00", day(4), "Beta")
        found.document("INV-3", "75.00", day(5), "Gamma")
        found.line("paid-1", "100.00", day(10), "INV-1 Acme")
        found.line("paid-2", "250.00", day(11), "INV-2 Beta")
        found.balance("main", "0.00", day(1), "opening")
        found.balance("main", "350.00", day(31))
        close_months(found, MAY)
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


def test_a_closed_month_says_what_it_would_be_today_and_is_not_touched(books: Told) -> None:
    books.line("late", "75.00", day(28), "INV-3 Gamma")
    books.line("paid-2", "240.00", day(11), "INV-2 Beta")
    books.line("paid-1", "100.00", day(10), "INV-1 Acme", removed=True)
    books.document("INV-1", "100.00", day(3), "Acme & Sons")
    before = everything(books)
    run(books, MAY)
    first, second = report(books, MAY), report(books, MAY)
    assert stands(books, MAY) == {
        "late": ("late", "waiting"),
        "paid-2": ("changed", "waiting"),
        "paid-1": ("removed", "waiting"),
        "INV-1": ("changed", "waiting"),
    }
    said = {row["record_id"].split("/")[-1]: row for row in first.differences.iter_rows(named=True)}
    assert said["late"]["accounts"] == "1010 75.00; 1100 -75.00"
    assert said["paid-2"]["what"] == "bank line of 2026-05-11, 240.00 USD, INV-2 Beta: amount 250.00 to 240.00"
    assert (said["paid-1"]["entries_removed"], said["paid-1"]["accounts"]) == (2, "1010 -100.00; 1100 100.00")
    assert said["INV-1"]["entries_changed"] == 0, "words alone change no entry"
    assert first.differences.equals(second.differences)
    assert first.changes.equals(second.changes)
    assert everything(books) == before
    assert signed_balances(books) == []


def test_what_is_late_and_small_posts_by_itself_on_the_first_open_day_and_is_listed(books: Told) -> None:
    books.line("late", "75.00", day(28), "INV-3 Gamma")
    run(books, MAY, JUNE)
    assert stands(books) == {"late": ("late", "late item")}
    posted = rows(
        books.workspace,
        "select distinct accounting_on, effective_on from ledger.posting where source_id like '%late'"
        " or match_id in (select match_id from recon.allocation where line_id like '%late')",
    )
    assert posted == [(day(1, JUNE), day(28))]
    assert books.balances(END) == {"1010": "425.00", "4000": "-425.00"}
    assert signed_balances(books) == []
    with pytest.raises(BadInput, match="posted already"):
        adjust_named(books, "late")


def test_what_is_late_and_large_waits_for_two_people(books: Told) -> None:
    books.line("late", "5000.00", day(28), "Delta")
    run(books, MAY, JUNE)
    assert stands(books) == {"late": ("late", "waiting")}
    adjust_named(books, "late", "Ada")
    assert stands(books) == {"late": ("late", "proposed")}
    with pytest.raises(BadInput, match="proposed by Ada"):
        adjust_named(books, "late", "Ada")
    assert books.balances(END)["1010"] == "350.00"
    adjust_named(books, "late", "Grace")
    assert stands(books) == {"late": ("late", "adjusted")}
    assert books.balances(END)["1010"] == "5,350.00"


def test_what_is_late_across_a_year_end_waits_however_small(database: Database, tmp_path: Path) -> None:
    book = ONE_BANK.model_copy(update={"fiscal_year_starts_month": 6})
    with told(database, tmp_path, book) as found:
        found.balance("main", "0.00", day(1), "opening")
        found.balance("main", "0.00", day(31))
        close_months(found, MAY)
        found.line("late", "1.00", day(28), "Delta")
        run(found, MAY, JUNE)
        assert stands(found) == {"late": ("late", "waiting")}


def test_an_adjustment_reverses_the_original_and_posts_anew_in_the_open_month_once(books: Told) -> None:
    books.line("paid-2", "240.00", day(11), "INV-2 Beta")
    books.line("paid-1", "100.00", day(10), "INV-1 Acme", removed=True)
    run(books, MAY, JUNE)
    adjust_all(books)
    versions = rows(
        books.workspace,
        "select version, effective_on, accounting_on, reverses is not null from ledger.entry"
        " where source_id like '%%/paid-2' order by batch_id, version",
    )
    may, june = day(11), day(1, JUNE)
    assert versions == [(1, may, may, False), (-1, may, june, True), (2, may, june, False)]
    assert signed_balances(books) == []
    assert stands(books) == {"paid-1": ("removed", "adjusted"), "paid-2": ("changed", "adjusted")}
    after = everything(books)
    run(books, MAY, JUNE)
    assert everything(books)[0][:1] == after[0][:1], "nothing is posted twice"  # type: ignore[index]
    with pytest.raises(BadInput, match="posted already"):
        adjust_named(books, "paid-2")


def test_what_the_bank_shows_is_not_dismissed_and_what_it_does_not_show_is(books: Told) -> None:
    books.line("told-twice", "100.00", day(10), "INV-1 Acme", bank_reference="again")
    books.line("paid-2", "240.00", day(11), "INV-2 Beta")
    books.document("INV-3", "80.00", day(5), "Gamma")
    dismiss_named(books, "INV-3")
    dismiss_named(books, "told-twice")
    books.balance("main", "340.00", day(31))
    with pytest.raises(BadInput, match=r"the bank states 340.00, we have 350.00"):
        dismiss_named(books, "paid-2")
    run(books, MAY, JUNE)
    assert stands(books) == {
        "told-twice": ("late", "dismissed"),
        "paid-2": ("changed", "waiting"),
        "INV-3": ("changed", "dismissed"),
    }
    assert books.balances(END) == {"1010": "350.00", "1100": "75.00", "4000": "-425.00"}


def test_a_change_of_rules_or_engine_alone_posts_nothing_in_a_closed_month_and_is_no_adjustment(
    books: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(books.workspace.settings.book("us").chart, "200", "4010")  # type: ignore[misc]
    monkeypatch.setattr(posting, "RULES_VERSION", 99)
    monkeypatch.setattr(reconcile.engine, "ENGINE_VERSION", "99")
    with books.workspace.database.transaction() as conn:
        conn.execute(
            "insert into ledger.account (book, code, name, kind, normal_side, role, is_control)"
            " values ('us', '4010', 'Other revenue', 'income', 'credit', 'revenue', false)"
        )
    before = rows(books.workspace, "select count(*) from ledger.entry")
    books.line("late", "75.00", day(28), "INV-3 Gamma")
    run(books, MAY, JUNE)
    assert rows(books.workspace, "select count(*) from ledger.entry") == [(before[0][0] + 2,)]
    assert books.balances(END)["4000"] == "-425.00"
    causes = [cause for cause, _ in report(books).differences.select("cause", "status").rows()]
    assert sorted(causes) == ["late", "rule", "rule", "rule"]
    rule = report(books).differences.filter(cause="rule")["difference_id"][0]
    with pytest.raises(BadInput, match="is not adjusted"):
        adjust(books.workspace, Wanted(ids=(rule,)), reason="new chart", actor="Ada")


def test_a_record_that_moves_out_of_a_closed_month_leaves_it_only_when_it_is_adjusted(books: Told) -> None:
    books.line("paid-2", "250.00", day(2, JUNE), "INV-2 Beta")
    run(books, MAY, JUNE)
    assert books.balances(END)["1010"] == "350.00"
    assert rows(books.workspace, "select count(*) from ledger.entry where source_id like '%/paid-2'") == [(1,)]
    adjust_all(books)
    run(books, MAY, JUNE)
    assert books.balances(END)["1010"] == "350.00"
    assert books.balances(day(31), by="effective_on")["1010"] == "100.00"
    assert books.open_items(MAY) == {"invoice/INV-2": "250.00", "invoice/INV-3": "75.00"}
    assert books.open_items(JUNE) == {"invoice/INV-3": "75.00"}


def adjust_named(books: Told, name: str, actor: str = "Ada") -> None:
    adjust(books.workspace, Wanted(ids=(named(books, name),)), reason="the bank is right", actor=actor)


def dismiss_named(books: Told, name: str) -> None:
    dismiss(books.workspace, Wanted(ids=(named(books, name),)), reason="seen and left out", actor="Ada")


def named(books: Told, name: str) -> str:
    found = report(books).differences
    return next(i for i, record in found.select("difference_id", "record_id").rows() if record.endswith(f"/{name}"))
