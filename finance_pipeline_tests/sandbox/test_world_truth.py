"""The truth of a simulated world: complete, consistent with what the vendors show, and no gift to whoever guesses."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import combinations

import polars as pl
import pytest

from finance_pipeline.core.money import to_minor
from finance_pipeline.sandbox.world import WorldOptions
from finance_pipeline.sandbox.world.model import Document
from finance_pipeline.sandbox.world.profiles import profile_of
from finance_pipeline.sandbox.world.truth import truth_frames
from finance_pipeline.sources.statement_files import read_files
from finance_pipeline_tests.sandbox.worlds import Built, Simulated, simulated

OPTIONS = WorldOptions(bank_lines=2_100, month_count=4, seed=7)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built.of(tmp_path_factory.mktemp("home"), OPTIONS)


@pytest.fixture(scope="module")
def companies() -> list[Simulated]:
    return simulated(OPTIONS)


@pytest.fixture(scope="module")
def shown_lines(world: Built) -> dict[str, int]:
    """Every line that vendors show at the end, by the id that the pipeline gives it: its amount, money in positive."""
    found: dict[str, int] = {}
    for book in OPTIONS.books:
        for account in profile_of(book, OPTIONS).accounts:
            files = (world.home / "sandbox" / "statements").glob(f"*_{account.id}.xml")
            if not account.external_id:
                evidence = pl.concat(each.evidence for each in read_files(sorted(files), datetime.now(UTC)))
                ids = evidence.filter(pl.col("kind") == "entry")["source_id"].to_list()
                stated = [e.amount_minor for each in world.statements[account.statement_id] for e in each.entries]
                found |= zip((f"{book}/camt053/entry/{each}" for each in ids), stated, strict=True)
                continue
            for key, record in world.shown(f"{book}-plaid", "transaction").items():
                if record["account_id"] == account.external_id and not record["pending"]:
                    found[f"{book}/plaid/transaction/{key}"] = -to_minor(record["amount"], account.currency)
        for key, record in world.shown(f"{book}-stripe", "balance_transaction").items():
            found[f"{book}/stripe/balance_transaction/{key}"] = record["amount"]
    return found


def test_every_line_and_movement_is_in_the_truth_once(world: Built, shown_lines: dict[str, int]) -> None:
    """It settles something, or is the other leg of a transfer, or the payout of a bank line, or stands alone."""
    settling = world.truth["line_record_id"].unique().to_list()
    other_legs = world.truth.filter(pl.col("shape") == "transfer")["other_record_id"].to_list()
    payouts = world.truth["also_record_id"].drop_nulls().to_list()
    alone = world.truth_alone["line_record_id"].to_list()
    named = Counter([*settling, *other_legs, *payouts, *alone])
    assert [key for key, times in named.items() if times > 1] == []
    assert named.keys() == shown_lines.keys()


def test_what_stands_alone_has_a_nature_and_its_amount(world: Built, shown_lines: dict[str, int]) -> None:
    for _, key, _, amount_minor, nature in world.truth_alone.rows():
        assert nature
        assert amount_minor == shown_lines[key]
    assert {"payroll", "bank_fee", "unidentified", "duplicate_payment", "dispute", "payout_failed"} <= set(
        world.truth_alone["nature"]
    )


def test_the_allocations_of_a_line_add_to_its_amount(world: Built, shown_lines: dict[str, int]) -> None:
    sums = world.truth.group_by("line_record_id").agg(pl.col("amount_minor").sum())
    assert {key: shown_lines[key] for key, _ in sums.rows()} == dict(sums.rows())
    assert world.truth.filter(pl.col("amount_minor") == 0).is_empty()
    assert world.truth.select("line_record_id", "other_record_id").is_duplicated().sum() == 0


def test_no_document_is_settled_beyond_its_total_or_after_it_was_voided(world: Built) -> None:
    """Directly, through payments that were recorded beforehand, or by credits; of what was converted there is no total
    to compare with."""
    converted = ("foreign", "foreign_charge")
    for book in OPTIONS.books:
        documents = world.shown(f"{book}-xero", "invoice") | world.shown(f"{book}-xero", "credit_note")
        payments = world.shown(f"{book}-xero", "payment")
        settled: dict[str, int] = defaultdict(int)
        trade = world.truth.filter((pl.col("book") == book) & ~pl.col("shape").is_in(["payout", "transfer"]))
        received = world.shown(f"{book}-xero", "overpayment") | world.shown(f"{book}-xero", "prepayment")
        for each in (*received.values(), *world.shown(f"{book}-xero", "credit_note").values()):
            applied = sum(allocation["Amount"] for allocation in each["Allocations"])
            assert applied + each["RemainingCredit"] == each["Total"]
            for allocation in each["Allocations"]:
                settled[allocation["Invoice"]["InvoiceID"]] += to_minor(allocation["Amount"], each["CurrencyCode"])
        assert received
        for other, amount_minor, shape in trade.select("other_record_id", "amount_minor", "shape").rows():
            key = other.rpartition("/")[2]
            if "/payment/" in other:
                assert abs(amount_minor) == to_minor(payments[key]["Amount"], payments[key]["Invoice"]["CurrencyCode"])
                key = payments[key]["Invoice"]["InvoiceID"]
            if "/bank_transaction/" in other:
                assert amount_minor == to_minor(received[key]["Total"], received[key]["CurrencyCode"])
                continue
            assert documents[key]["Status"] in ("AUTHORISED", "PAID")
            assert (amount_minor > 0) == (documents[key]["Type"] == "ACCREC"), "money in settles invoices only"
            settled[key] += abs(amount_minor) if shape not in converted else 0
        for key, amount_minor in settled.items():
            assert amount_minor <= to_minor(documents[key]["Total"], documents[key]["CurrencyCode"]), documents[key]
        assert len(settled) > 500


def test_the_truth_is_that_of_the_simulated_company(world: Built, companies: list[Simulated]) -> None:
    frames = [truth_frames(each.company) for each in companies]
    allocations, alone = (pl.concat(parts) for parts in zip(*frames, strict=True))
    assert allocations.equals(world.truth)
    assert alone.equals(world.truth_alone)


def rank_correlation(pairs: list[tuple[str, str]]) -> float:
    """Of two kinds of text by how they sort: 1 in the same order, -1 in the opposite one, near 0 in none."""
    frame = pl.DataFrame(pairs, schema=["one", "other"], orient="row")
    return float(frame.select(pl.corr(pl.col("one").rank(), pl.col("other").rank())).item())


@pytest.mark.parametrize("what", ["bank lines", "card movements"])
def test_ids_do_not_sort_like_the_documents_that_they_settle(companies: list[Simulated], what: str) -> None:
    """Neither like their ids nor like their numbers: whoever sorts both sides and pairs them off learns nothing."""
    for each in companies:
        by_bank = [(line.feed_id, line.allocations) for line in each.lines if line.feed_id]
        by_card = [(movement.id, movement.allocations) for movement in each.company.world.card]
        settling = by_bank if what == "bank lines" else by_card
        pairs = [(key, of.other) for key, allocations in settling for of in allocations]
        invoices = [(key, other) for key, other in pairs if isinstance(other, Document) and other.kind == "invoice"]
        assert len(invoices) > 150
        assert abs(rank_correlation([(key, invoice.id) for key, invoice in invoices])) < 0.3
        assert abs(rank_correlation([(key, invoice.number) for key, invoice in invoices])) < 0.3


@pytest.mark.parametrize("where", ["statement", "feed"])
def test_lines_of_a_day_do_not_come_in_the_order_of_the_invoices_that_they_settle(
    world: Built, companies: list[Simulated], where: str
) -> None:
    """Of two lines that a statement has on one day, or a feed shows at once, either may settle the earlier invoice."""
    ascending = count = 0
    for each in companies:
        added = world.events(each.company.profile.connection("plaid"), "transaction").filter(pl.col("op") == "added")
        shown_at = dict(added.select("id", "visible_at").rows())
        place = dict(added.select("id", "sort").rows())
        for account in each.company.profile.accounts:
            entries = (entry for found in world.statements[account.statement_id] for entry in found.entries)
            place |= {entry.reference: at for at, entry in enumerate(entries)}
        days: dict[object, list[tuple[int, str]]] = defaultdict(list)
        for line in each.lines:
            invoices = [of.other for of in line.allocations if isinstance(of.other, Document)]
            if len(invoices) == 1 and invoices[0].kind == "invoice" and line.feed_id:
                on_feed, on_statement = shown_at[line.feed_id], (line.account.id, line.booked_on)
                key, day = (line.feed_id, on_feed) if where == "feed" else (line.bank_reference, on_statement)
                days[day].append((place[key], invoices[0].number))
        for shown in days.values():
            for (_, earlier), (_, later) in combinations(sorted(shown), 2):
                ascending += earlier < later
                count += 1
    assert count > 300
    assert 0.35 < ascending / count < 0.65
