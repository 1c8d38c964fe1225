"""Months of books: computed in any order, twice, or by two workers at once, they come out the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from finance_pipeline.canonical.schemas import RECORDS
from finance_pipeline.core.period import Month
from finance_pipeline.services import read
from finance_pipeline.services.bookkeeping import books as asked
from finance_pipeline.services.workspace import Workspace
from finance_pipeline_tests.services.companies import Company
from finance_pipeline_tests.services.pipeline import Computed, assert_equal, compute, facts, history, keys_of, sync_all


def test_every_tie_out_of_ended_months_is_equal(settled: Workspace) -> None:
    ties = read.tie_outs(settled)
    assert ties.filter(~ties["tied"]).is_empty()
    assert ties["name"].n_unique() == 11


def test_syncing_again_lands_nothing_and_computing_again_changes_nothing(
    two_books: Company, settled: Workspace
) -> None:
    with two_books.copy_of(settled) as books:
        before, proof = history(books), asked.verify(books, lambda _: None)
        landed = sync_all(books)
        assert set(landed.values()) == {0}
        again = compute(books, two_books.keys)
        assert (again.new_versions, again.new_matches, again.retracted) == (0, 0, 0)
        assert (again.new_entries, again.reversed, again.held) == (0, 0, 0)
        assert_equal(before, history(books))
        assert asked.verify(books, lambda _: None)["head"] == proof["head"]


def test_months_backfilled_in_the_wrong_order_by_a_thread_a_book_give_what_all_at_once_gives(
    two_books: Company, landed: Workspace, settled: Workspace
) -> None:
    """June, for which May is folded too, and May once more: one book beside the other."""

    def backfill(book: str) -> None:
        for month in ("2025-06", "2025-05"):
            compute(books, keys_of([book], month, month))

    with two_books.copy_of(landed) as books, ThreadPoolExecutor(2) as pool:
        for job in [pool.submit(backfill, book) for book in two_books.options.books]:
            job.result()
        assert_equal(facts(settled), facts(books))
        assert asked.verify(books, lambda _: None)["intact"]


def test_what_arrives_in_two_pulls_gives_the_books_that_one_pull_gives(
    grown: tuple[Workspace, Computed], at_once: Workspace
) -> None:
    """A match may say how it came about in other words: what stood in the middle of the month stays as it was found."""
    books, _ = grown
    names = ("open items", "open lines", "trial balance", "cash", *(f"current {name}" for name in RECORDS))
    one, other = facts(at_once), facts(books)
    assert_equal({name: one[name] for name in names}, {name: other[name] for name in names})
    assert pairs(books) == pairs(at_once)


def test_a_month_that_is_mapped_again_alone_gives_the_records_that_are_there(
    two_books: Company, settled: Workspace
) -> None:
    """A charge of May that a payout of June carries says so, though no payout of June is news."""
    with two_books.copy_of(settled) as books:
        before = history(books)
        with books.database.transaction() as conn:
            again = conn.execute("update landing.mapping set seq = 0 where month = '2025-05'").rowcount
        assert again > 0
        assert compute(books, two_books.keys).new_versions == 0
        assert_equal(before, history(books))


def test_a_policy_that_allows_more_matches_what_was_left_and_the_ledger_follows(
    two_books: Company, landed: Workspace, settled: Workspace
) -> None:
    uk = [key for key in two_books.keys if key.book == "uk"]
    with two_books.copy_of(landed) as books:
        careful = [book.model_copy(update={"policy": {"tiers": [0, 1]}}) for book in books.settings.books]
        strict = Workspace(books.settings.model_copy(update={"books": tuple(careful)}), books.database)
        compute(strict, uk)
        tiers = set(asked.standing_pairs(books)["tier"])
        assert tiers == {0, 1}
        widened = compute(books, uk)
        assert widened.new_matches > 0
        assert read.tie_outs(books)["tied"].all()
        assert pairs(books) == {pair for pair in pairs(settled) if str(pair[0]).startswith("uk/")}


def pairs(books: Workspace) -> set[tuple[object, ...]]:
    return set(asked.standing_pairs(books).select("line_id", "counter_id", "amount_minor").rows())


def test_the_same_month_from_two_threads_is_computed_once(two_books: Company, landed: Workspace) -> None:
    may = [key for key in two_books.keys if key.month == Month(2025, 5)]
    with two_books.copy_of(landed) as books, ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(compute, books, may) for _ in range(2)]
        entries = [job.result().new_entries for job in jobs]
        assert sum(entries) == len(history(books)["entries"]) > 0
