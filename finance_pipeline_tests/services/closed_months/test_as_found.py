"""What is found beside matches that stand, though nobody would find it in the whole month, is news of nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from finance_pipeline.core.settings import Book
from finance_pipeline.matching import preparing
from finance_pipeline.matching.engine import Inputs
from finance_pipeline.services.closed_months.as_found import folded_as_found
from finance_pipeline.services.closed_months.from_nothing import matched_from_nothing
from finance_pipeline.services.reconciliation import folding, openings
from finance_pipeline.services.reconciliation.policies import policy_of
from finance_pipeline.store.database import Database
from finance_pipeline_tests.services.closed import ONE_BANK, close_months, report
from finance_pipeline_tests.services.told import MAY, Told, day, told

WELL_KNOWN = preparing.items


def forgetful(given: Inputs) -> pl.DataFrame:
    """Items of which the engine forgets whose they were, once they stand settled."""
    return WELL_KNOWN(given).with_columns(way=pl.col("amount").sign().cast(pl.Int8))


def owed_to_two_of_one_name(book: Told) -> None:
    """A payment of all that is owed to one of two parties of one name; the other is paid by its number."""
    for name, amount, party in (("G-1", "-146.68", "Co."), ("G-2", "-936.81", "Co."), ("C-10077", "-40.00", "Corp.")):
        book.document(name, amount, day(3), f"Granite {party}")
    book.line("c", "-40.00", day(9), "C-10077")
    book.line("whole", "-1083.49", day(10), "ACH DEBIT PAYMENT", counterparty_name="GRANITE")
    book.balance("main", "5000.00", day(1), "opening")
    book.balance("main", "3876.51", day(31))


def test_what_only_the_rest_beside_standing_matches_looks_like_is_no_difference_of_a_closed_month(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "items", forgetful)
    with told(database, tmp_path, ONE_BANK) as book:
        owed_to_two_of_one_name(book)
        close_months(book, MAY)
        assert book.waiting(MAY) == {"whole": "nothing_found"}
        assert report(book, MAY).differences.is_empty(), "no rule changed, and no record"
        again = folded_again(book, book.workspace.settings.book("us"))
    assert again == {"plain": ["whole"], "as found": [], "as found, of nothing": ["c"]}


def folded_again(told_book: Told, book: Book) -> dict[str, list[str]]:
    """Lines of new matches of May: as the engine finds them beside what stands, and as they are found from nothing."""
    policy = policy_of(book)
    with told_book.workspace.database.transaction(role="reader") as conn:
        now = matched_from_nothing(conn, book, policy, [MAY], {})
        given = openings.given(conn, book, policy, MAY)
        cleared = replace(given, standing=replace(given.standing, here=given.standing.here.clear()))
        as_found = partial(folded_as_found, conn, book, policy, MAY, unwanted=now.allocations.clear(), now=now)
        done = {
            "plain": folding.folded(conn, book, policy, given),
            "as found": as_found(given),
            "as found, of nothing": as_found(cleared),
        }
    lines = {name: each.new.allocations["line_id"].unique().sort().to_list() for name, each in done.items()}
    return {name: [each.split("/")[-1] for each in found] for name, found in lines.items()}
