"""What banks and the processor say of a world adds up, each for itself and against the others."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.money import to_minor
from finance_pipeline.sandbox.servers.credentials import secrets_of
from finance_pipeline.sandbox.world import WorldOptions, deliver_statements
from finance_pipeline.sandbox.world.model import Document, Payout
from finance_pipeline.sandbox.world.profiles import Account, profile_of
from finance_pipeline.sandbox.world.statements import statement_periods
from finance_pipeline_tests.sandbox.serving import serving
from finance_pipeline_tests.sandbox.worlds import Built, Simulated, simulated

OPTIONS = WorldOptions(bank_lines=2_400, month_count=4, card_charge_share=0.4)
AT_THE_END = OPTIONS.complete_at
BOOKS = pytest.mark.parametrize("book", OPTIONS.books)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built.of(tmp_path_factory.mktemp("home"), OPTIONS)


@pytest.fixture(scope="module")
def companies() -> dict[str, Simulated]:
    return {each.company.profile.book: each for each in simulated(OPTIONS)}


ALL = [(book, account) for book in OPTIONS.books for account in profile_of(book, OPTIONS).accounts]
FEEDS = [(book, account) for book, account in ALL if account.external_id]
ACCOUNTS = pytest.mark.parametrize("account", [a for _, a in ALL], ids=lambda account: account.id)
FED = pytest.mark.parametrize(("book", "account"), FEEDS, ids=lambda each: each if isinstance(each, str) else each.id)


@ACCOUNTS
def test_opening_and_entries_are_closing_and_the_next_opening(world: Built, account: Account) -> None:
    found = world.statements[account.statement_id]
    assert [(each.first, each.last) for each in found] == statement_periods(OPTIONS)
    assert {each.currency for each in found} == {account.currency}
    assert found[0].opening_minor > 0
    for before, after in pairwise(found):
        assert after.opening_minor == before.closing_minor
        assert after.first == before.last + timedelta(days=1)
    for each in found:
        assert each.opening_minor + sum(entry.amount_minor for entry in each.entries) == each.closing_minor
        assert all(each.first <= entry.day <= each.last for entry in each.entries)
    references = [entry.reference for each in found for entry in each.entries]
    assert len(set(references)) == len(references)


@ACCOUNTS
def test_no_account_is_ever_overdrawn(world: Built, account: Account) -> None:
    statements = world.statements[account.statement_id]
    by_day: dict[date, int] = defaultdict(int)
    for each in statements:
        for entry in each.entries:
            by_day[entry.day] += entry.amount_minor
    balance = statements[0].opening_minor
    for day in sorted(by_day):
        balance += by_day[day]
        assert balance > 0, day


def booked(world: Built, book: str, account: Account, at: datetime | None = None) -> Counter[tuple[date, int]]:
    """Day and amount (positive is money in) of each booked line that a feed shows at a moment."""
    records = world.shown(f"{book}-plaid", "transaction", at).values()
    return Counter(
        (date.fromisoformat(each["date"]), -to_minor(each["amount"], account.currency))
        for each in records
        if each["account_id"] == account.external_id and not each["pending"]
    )


def stated(world: Built, account: Account, upto: date) -> Counter[tuple[date, int]]:
    return Counter(
        (entry.day, entry.amount_minor)
        for each in world.statements[account.statement_id]
        for entry in each.entries
        if each.last <= upto
    )


@FED
def test_in_the_end_the_feed_has_shown_what_the_statements_say(world: Built, book: str, account: Account) -> None:
    assert booked(world, book, account) == stated(world, account, OPTIONS.last_day)


def test_what_a_feed_lacks_of_the_statements_it_shows_some_days_later(world: Built) -> None:
    """Late lines and lines that are not right yet: on the second of a month some are, and none for long."""
    lacking = 0
    for book, account in FEEDS:
        for month in OPTIONS.months:
            at = datetime.combine(month.last_day + timedelta(days=2), time(6), UTC)
            missing = stated(world, account, month.last_day) - booked(world, book, account, at)
            assert not missing - booked(world, book, account, at + timedelta(days=20))
            lacking += missing.total()
    assert lacking


@FED
def test_the_feeds_balance_is_the_statements(world: Built, book: str, account: Account) -> None:
    for each in world.statements[account.statement_id]:
        morning = datetime.combine(each.last + timedelta(days=1), time(5), UTC)
        shown = world.shown(f"{book}-plaid", "account", morning)[account.external_id]["balances"]
        assert to_minor(shown["current"], account.currency) == each.closing_minor
        assert shown["iso_currency_code"] == account.currency


@BOOKS
def test_a_payout_carries_the_net_of_its_movements_and_each_movement_once(
    world: Built, companies: dict[str, Simulated], book: str
) -> None:
    movements = world.shown(f"{book}-stripe", "balance_transaction")
    payouts = world.shown(f"{book}-stripe", "payout", AT_THE_END + timedelta(days=30))
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for payout, movement in pl.read_parquet(world.served / f"{book}-stripe" / "payout_members.parquet").rows():
        members[payout].append(movements[movement])
    assert set(members) == set(payouts)
    for key, payout in payouts.items():
        assert sum(each["net"] for each in members[key]) == payout["amount"] > 0
        own = movements[payout["balance_transaction"]]
        assert (own["net"], own["type"]) == (-payout["amount"], "payout")
    carried = [each["id"] for group in members.values() for each in group]
    assert len(set(carried)) == len(carried)
    assert companies[book].processor.failures, "one was refused by the bank"


@BOOKS
def test_a_payout_arrives_at_the_bank_to_the_cent_unless_the_bank_refuses_it(
    world: Built, companies: dict[str, Simulated], book: str
) -> None:
    statements = world.statements[profile_of(book, OPTIONS).main.statement_id]
    entries = {entry.reference: entry for each in statements for entry in each.entries}
    arrived = {
        allocation.other.id: entries[line.bank_reference]
        for line in companies[book].lines
        for allocation in line.allocations
        if isinstance(allocation.other, Payout)
    }
    for payout in companies[book].company.world.payouts:
        if payout.id in arrived:
            assert not payout.fails
            assert arrived[payout.id].amount_minor == payout.amount_minor
            assert timedelta(0) <= arrived[payout.id].day - payout.arrives_on <= timedelta(days=4)
        else:
            assert payout.fails or payout.arrives_on > OPTIONS.last_day - timedelta(days=4)


def test_the_processors_balance_is_the_sum_of_its_movements_on_any_day(
    world: Built, companies: dict[str, Simulated]
) -> None:
    movements = companies["us"].company.world.card
    with serving(world.home) as running:
        headers = {"Authorization": f"Bearer {secrets_of('us-stripe', 'stripe')['api_key']}"}
        for days in range(1, 130, 4):
            now = datetime.combine(OPTIONS.first_day + timedelta(days=days), time(3), UTC)
            running.at(now.replace(tzinfo=None).isoformat())
            said = parse_json(running.raw("GET", "/us-stripe/v1/balance", headers)[1])
            balance = {name: said[name][0]["amount"] for name in ("available", "pending")}
            happened = [each for each in movements if each.created_at <= now]
            settled = [each for each in happened if each.available_at.replace(microsecond=0) <= now]
            assert sum(balance.values()) == sum(each.amount_minor - each.fee_minor for each in happened), now
            assert balance["available"] == sum(each.amount_minor - each.fee_minor for each in settled), now


@pytest.mark.parametrize("book", ["us", "de"])
def test_money_in_another_currency_is_converted_near_the_published_rate(
    world: Built, companies: dict[str, Simulated], book: str
) -> None:
    """What is left of an invoice: the day's rate of the ECB's file, less at most 0.8 % and a bank's fee of 25.00."""
    header, *rows = (world.served / "ecb" / "eurofxref-hist.csv").read_text(encoding="utf-8").splitlines()
    published = {
        date.fromisoformat(row[:10]): dict(zip(header.split(","), row.split(","), strict=True)) for row in rows
    }
    home = profile_of(book, OPTIONS).currency

    def per_eur(currency: str, day: date) -> Decimal:
        latest = max(each for each in published if each <= day)
        return Decimal(1) if currency == "EUR" else Decimal(published[latest][currency])

    shapes = set()
    by_bank = [(line.booked_on, line.allocations) for line in companies[book].lines]
    by_card = [(c.transaction.created_at.date(), c.transaction.allocations) for c in companies[book].processor.charges]
    for day, allocations in (*by_bank, *by_card):
        for each in allocations:
            if each.shape in ("foreign", "foreign_charge"):
                assert isinstance(each.other, Document)
                shapes.add(each.shape)
                around = [day + timedelta(days=off) for off in (0, 1)]  # a charge is of a local day, and stands in UTC
                at_par = [each.other.total_minor * per_eur(home, d) / per_eur(each.other.currency, d) for d in around]
                assert min(at_par) * Decimal("0.992") - 2_501 <= each.amount_minor <= max(at_par) + 1
    assert shapes == {"foreign", "foreign_charge"}


def test_statements_come_on_the_morning_after_their_last_day_and_once(world: Built) -> None:
    inbox, days = world.home / "inbox", OPTIONS.first_day + timedelta(days=40)
    delivered = deliver_statements(world.home, datetime.combine(days, time(6), UTC))
    assert sorted(file.name for file in inbox.iterdir()) == sorted(file.name for file in delivered)
    assert max(date.fromisoformat(file.name[:10]) for file in delivered) < days
    sent = [last for _, last in statement_periods(OPTIONS) if last < days]
    assert len(delivered) == len(sent) * 6
    assert deliver_statements(world.home, datetime.combine(days, time(6), UTC)) == []
    rest = deliver_statements(world.home, AT_THE_END)
    assert len(delivered) + len(rest) == len(statement_periods(OPTIONS)) * 6
    original = world.home / "sandbox" / "statements" / rest[0].name
    assert rest[0].read_bytes() == original.read_bytes()
