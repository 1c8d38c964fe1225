"""Lines that come late and one that is taken back: the books tie out again, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from finance_pipeline.sandbox.world import WorldOptions
from finance_pipeline.services import read
from finance_pipeline.services.bookkeeping import books as asked
from finance_pipeline.services.workspace import Workspace
from finance_pipeline_tests.services.companies import Shared, company
from finance_pipeline_tests.services.pipeline import Computed, compute, rows, sync_all

OPTIONS = WorldOptions(seed=11, books=("us",), first_month="2025-05", month_count=2, bank_lines=80, card_charge_share=0)
CORRECTED = OPTIONS.complete_at + timedelta(hours=1)
"""When the feed is right at last; nothing else happens after the end of a world."""
MISTAKEN = "us/plaid/transaction/shown-by-mistake"


@dataclass
class Feed:
    """A bank's feed that shows some lines too late, and one by mistake."""

    late: list[str] = field(default_factory=list)
    """Record ids."""
    doubled: str = ""
    """Record id of the line that is shown a second time."""

    def disturb(self, home: Path) -> None:
        """Two receipts of May come at the end of June; one of June is shown twice until then."""
        file = home / "sandbox" / "served" / "us-plaid" / "transaction.parquet"
        log = pl.read_parquet(file)
        shown = {id_: text for id_, op, text in log.select("id", "op", "json").rows() if op == "added"}
        steady = log.group_by("id").len().filter(pl.col("len") == 1)["id"].sort()
        receipts = [(id_, line) for id_ in steady if _is_receipt(line := json.loads(shown[id_], parse_float=Decimal))]
        late = [id_ for id_, line in receipts if line["date"] < "2025-05-20"][:2]
        original = next(id_ for id_, line in receipts if line["date"] > "2025-06-10")
        self.late = [f"us/plaid/transaction/{id_}" for id_ in late]
        self.doubled = f"us/plaid/transaction/{original}"
        mistaken = shown[original].replace(original, "shown-by-mistake")
        twice = log.filter(pl.col("id") == original).with_columns(id=pl.lit("shown-by-mistake"), json=pl.lit(mistaken))
        gone = twice.with_columns(op=pl.lit("removed"), visible_at=pl.lit(CORRECTED), json=pl.lit(None, pl.String))
        in_time = pl.when(pl.col("id").is_in(late)).then(pl.lit(CORRECTED)).otherwise("visible_at").alias("visible_at")
        pl.concat([log.with_columns(in_time), twice, gone.cast(dict(log.schema))]).write_parquet(file)


def _is_receipt(line: dict[str, Any]) -> bool:
    return line["amount"] < 0 and not line["pending"] and not line["pending_transaction_id"]


@dataclass
class Story:
    """Books as they were computed before the feed was right, and after."""

    feed: Feed
    books: Workspace
    untied: pl.DataFrame
    before: set[tuple[Any, ...]]
    head: str
    again: Computed


@pytest.fixture(scope="module")
def story(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    feed = Feed()
    folder = tmp_path_factory.mktemp("disturbed")
    with company(OPTIONS, shared, folder, alter=feed.disturb) as found, found.new_books() as books:
        sync_all(books)
        compute(books, found.keys)
        untied, before = read.tie_outs(books).filter(~pl.col("tied")), standing(books)
        head = asked.verify(books, lambda _: None)["head"]
        found.it_is(CORRECTED)
        sync_all(books)
        yield Story(feed, books, untied, before, head, compute(books, found.keys))


def standing(books: Workspace) -> set[tuple[Any, ...]]:
    """Every allocation that stands: match, version, line, item or other line."""
    return set(
        rows(
            books,
            """
            select match_id, version, line_id, coalesce(item_id, other_line_id)
            from recon.standing join recon.allocation using (match_id, version)
            """,
        )
    )


def test_the_bank_statement_shows_that_the_feed_is_wrong_and_the_books_tie_out_once_it_is_right(story: Story) -> None:
    assert set(story.untied["name"]) == {"bank_account_equals_statement"}
    assert set(story.untied["subject"]) == {"us-operating"}
    assert read.tie_outs(story.books).filter(~pl.col("tied")).is_empty()


def test_late_and_removed_lines_reopen_only_what_they_touch(story: Story) -> None:
    after, touched = standing(story.books), {*story.feed.late, story.feed.doubled, MISTAKEN}
    new, gone = after - story.before, story.before - after
    items = {counter for _, _, line, counter in new | gone if line in touched}
    assert all(line in touched or counter in items for _, _, line, counter in gone)
    matched_before = {line for _, _, line, _ in story.before}
    assert all(line in touched or counter in items or line not in matched_before for _, _, line, counter in new)
    assert {line for _, _, line, _ in new} >= set(story.feed.late), "each late receipt finds its invoice"


def test_of_a_receipt_shown_twice_neither_is_matched_until_one_is_taken_back(story: Story) -> None:
    twins = {story.feed.doubled, MISTAKEN}
    assert {line for _, _, line, _ in story.before} & twins == set()
    assert {line for _, _, line, _ in standing(story.books)} & twins == {story.feed.doubled}


def test_a_late_line_posts_on_its_own_day_of_the_open_month(story: Story) -> None:
    posted = rows(
        story.books,
        """
        select line.record_id, entry.effective_on = line.booked_on, entry.accounting_on = line.booked_on
        from ledger.standing as entry
        join canonical.bank_transaction_current as line on line.record_id = entry.source_id
        where entry.source_id = any(%s) order by 1
        """,
        story.feed.late,
    )
    assert posted == [(line, True, True) for line in sorted(story.feed.late)]


def test_a_removed_line_leaves_a_tombstone_and_a_reversal_and_nothing_open(story: Story) -> None:
    versions = "select version, removed from canonical.bank_transaction where record_id = %s order by 1"
    assert rows(story.books, versions, MISTAKEN) == [(1, False), (2, True)]
    entries = rows(
        story.books,
        "select version, amounts, reverses is null from ledger.entry where source_id = %s order by batch_id",
        MISTAKEN,
    )
    [(_, posted, _), (_, taken_back, _)] = entries
    assert [(version, is_first) for version, _, is_first in entries] == [(1, True), (-1, False)]
    assert taken_back == [-amount for amount in posted]
    assert rows(story.books, "select count(*) from recon.open_line where line_id = %s", MISTAKEN) == [(0,)]
    assert MISTAKEN not in {line for _, _, line, _ in standing(story.books)}
    assert story.again.reversed >= 1


def test_nothing_that_was_sealed_before_is_rewritten(story: Story) -> None:
    assert asked.verify(story.books, lambda _: None)["intact"]
    assert (story.head,) in rows(story.books, "select encode(link, 'hex') from ledger.seal")
