"""What happens in a simulated world: all that makes reconciling hard, in the books and sizes that were asked for."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from rapidfuzz.distance import OSA

from finance_pipeline.core.identity import parse_json
from finance_pipeline.core.problems import BadInput
from finance_pipeline.core.settings import load_settings
from finance_pipeline.sandbox.world import WorldOptions, sandbox_environment, sandbox_settings_yaml
from finance_pipeline.sandbox.world.company import split_amount
from finance_pipeline.sandbox.world.faults import alphanumeric, with_typo
from finance_pipeline.sandbox.world.feed import Feed
from finance_pipeline.sandbox.world.model import Document, Line, RecordedPayment
from finance_pipeline.sandbox.world.numbers import Numbers
from finance_pipeline.sandbox.world.profiles import profile_of
from finance_pipeline_tests.sandbox.worlds import MEDIUM, Simulated, simulated


@pytest.fixture(scope="module")
def world() -> list[Simulated]:
    return simulated(MEDIUM)


def natured(nature: str) -> Callable[[Simulated], int]:
    return lambda each: each.natures()[nature]


def shaped(shape: str) -> Callable[[Simulated], int]:
    return lambda each: each.shapes()[shape]


def card(nature: str) -> Callable[[Simulated], int]:
    return lambda each: sum(movement.nature == nature for movement in each.company.world.card)


def outcome(*outcomes: str) -> Callable[[Simulated], int]:
    return lambda each: sum(1 for c in each.processor.charges if c.dispute and c.dispute.outcome in outcomes)


def documents(fits: Callable[[Document], object]) -> Callable[[Simulated], int]:
    return lambda each: sum(1 for document in each.documents if fits(document))


def lines(fits: Callable[[Line], object]) -> Callable[[Simulated], int]:
    return lambda each: sum(1 for line in each.lines if fits(line))


def invoices_of(line: Line) -> list[Document]:
    return [each.other for each in line.allocations if isinstance(each.other, Document)]


def is_cut_off(line: Line) -> bool:
    """The memo ends in the middle of the one number that it names, where a bank's field ends."""
    if len(line.allocations) != 1 or not invoices_of(line) or len(line.memo) not in (17, 18, 26, 27, 34, 35):
        return False
    number = invoices_of(line)[0].number
    return number not in line.memo and any(line.memo.endswith(number[:length]) for length in range(4, len(number)))


def is_mistyped(line: Line) -> bool:
    """The memo has a word that is one slip away from the one number that the payer meant, and not that number."""
    if len(line.allocations) != 1 or not invoices_of(line) or is_cut_off(line):
        return False
    meant = alphanumeric(invoices_of(line)[0].number)
    return meant not in alphanumeric(line.memo) and any(
        OSA.distance(alphanumeric(word), meant) == 1 for word in line.memo.split()
    )


def pays_in_parts(each: Simulated) -> Iterable[tuple[Document, int, int]]:
    """Invoices and bills that several bank lines settle: the document, how many lines, and how much of it."""
    parts: dict[str, list[int]] = defaultdict(list)
    by_id = {document.id: document for document in each.documents}
    for line in each.lines:
        for allocation in line.allocations:
            if allocation.shape == "partial" and isinstance(allocation.other, Document):
                parts[allocation.other.id].append(abs(allocation.amount_minor))
    return [(by_id[key], len(amounts), sum(amounts)) for key, amounts in parts.items()]


IN_EVERY_BOOK: dict[str, Callable[[Simulated], int]] = {
    "a receipt for one invoice": shaped("one_to_one"),
    "a receipt for many invoices": shaped("batch"),
    "a payment run over several bills": shaped("payment_run"),
    "a bill whose payment was recorded beforehand": shaped("recorded_payment"),
    "an invoice paid in two or more parts": lambda each: sum(count > 1 for _, count, _ in pays_in_parts(each)),
    "a part of an invoice that is never paid": lambda each: sum(s < d.total_minor for d, _, s in pays_in_parts(each)),
    "a short payment": lines(lambda li: li.nature == "short_pay" and li.amount_minor < invoices_of(li)[0].total_minor),
    "an invoice in another currency, paid to the bank": lambda each: sum(
        document.currency != each.company.profile.currency
        for line in each.lines
        for document in invoices_of(line)
        if document.kind == "invoice"
    ),
    "money of nobody": natured("unidentified"),
    "a refund with a credit note": lines(lambda li: li.nature == "refund" and li.allocations),
    "a transfer between the book's own accounts": shaped("transfer"),
    "a transfer under way at the end": natured("transfer_in_transit"),
    "payroll": natured("payroll"),
    "tax": natured("tax"),
    "rent": natured("rent"),
    "a loan": natured("loan"),
    "interest": natured("interest"),
    "a bank fee": natured("bank_fee"),
    "a card purchase": natured("card_purchase"),
    "another expense": natured("expense"),
    "a card charge of an invoice": shaped("charge"),
    "a card charge without an invoice": card("charge_without_invoice"),
    "a fee kept by the processor": lambda each: sum(movement.fee_minor > 0 for movement in each.company.world.card),
    "a fee billed by the processor": card("processor_fee"),
    "a card refund with a credit note": card("refund"),
    "a payout": shaped("payout"),
    "a payout that the bank refused": card("payout_failure"),
    "an amended invoice or bill": documents(lambda d: d.amended_at),
    "a voided invoice": documents(lambda d: d.voided_at),
    "a draft": documents(lambda d: d.is_draft),
    "a document entered late": documents(lambda d: d.entered_at.date() > d.issued_on + timedelta(days=1)),
    "a number in full": lines(lambda li: any(a.clue == "reference" for a in li.allocations)),
    "a number without its prefix": lines(lambda li: any(a.clue == "bare_reference" for a in li.allocations)),
    "a damaged number": lines(lambda li: any(a.clue == "damaged_reference" for a in li.allocations)),
    "no number at all": lines(lambda li: any(a.clue == "party_amount" for a in li.allocations)),
    "a mistyped number on a charge": lambda each: sum(c.clue == "typo_reference" for c in each.processor.charges),
    "a mistyped number in a memo": lines(is_mistyped),
    "a name that the bank does not print": lines(lambda li: li.party and not li.shown_name),
    "a name cut off": lines(
        lambda li: li.party and len(li.shown_name) in (18, 27, 35) and len(li.shown_name) < len(li.party.name) - 4
    ),
}


@pytest.mark.parametrize("phenomenon", IN_EVERY_BOOK)
def test_every_book_has(phenomenon: str, world: list[Simulated]) -> None:
    counts = {each.company.profile.book: IN_EVERY_BOOK[phenomenon](each) for each in world}
    assert all(counts.values()), counts


SOMEWHERE: dict[str, Callable[[Simulated], int]] = {
    "an invoice paid twice": lines(lambda li: li.nature == "duplicate_payment" and li.twin and not li.allocations),
    "a memo cut off in a number": lines(is_cut_off),
    "cheques of several customers, banked together": natured("deposit"),
    "a receipt that the bank converted": shaped("foreign"),
    "a receipt on an account of its own currency": shaped("foreign_account"),
    "a charge that the processor converted": shaped("foreign_charge"),
    "a transfer between two currencies": lines(lambda li: li.nature == "transfer" and li.original),
    "a receipt less a credit note": lines(lambda li: any(a.amount_minor < 0 < li.amount_minor for a in li.allocations)),
    "a refund without a credit note": natured("refund_without_credit_note"),
    "a card refund without a credit note": card("refund_without_credit_note"),
    "a refund of a part of a charge": lambda each: sum(
        refund.amount_minor < charge.amount_minor for charge in each.processor.charges for refund in charge.refunded
    ),
    "a lost dispute": outcome("lost"),
    "a won dispute": outcome("won"),
    "a dispute still open at the end": outcome(""),
    "a payment recorded in one month that the bank shows in the next": lambda each: sum(
        isinstance(allocation.other, RecordedPayment) and allocation.other.paid_on.month != line.booked_on.month
        for line in each.lines
        for allocation in line.allocations
    ),
    "a payout still under way at the end": lambda each: (
        sum(not p.fails for p in each.company.world.payouts) - each.shapes()["payout"]
    ),
}


@pytest.mark.parametrize("phenomenon", SOMEWHERE)
def test_the_world_has(phenomenon: str, world: list[Simulated]) -> None:
    assert any(SOMEWHERE[phenomenon](each) for each in world)


def test_the_feed_is_late_changes_its_mind_and_shows_lines_before_they_are_booked(world: list[Simulated]) -> None:
    for each in world:
        events = Feed(each.company).transactions()
        said = [(at, op, key, parse_json(text) if text else {}) for at, op, key, text in events]
        added = {key: (at, record) for at, op, key, record in said if op == "added"}
        removed = {key for _, op, key, _ in said if op == "removed"}
        pending = {key for key, (_, record) in added.items() if record["pending"]}
        ids = {line.feed_id for line in each.lines if line.account.external_id}
        taken_back = {(added[key][1]["date"], added[key][1]["amount"]) for key in removed - pending}
        shown_once = [added[key] for key in ids if (added[key][1]["date"], added[key][1]["amount"]) not in taken_back]
        late = [of for at, of in shown_once if at.date() > date.fromisoformat(of["date"]) + timedelta(days=2)]
        followed = {added[key][1]["pending_transaction_id"] for key in ids}
        assert late, "lines that the feed shows days after their booking"
        assert pending & followed, "pending lines whose posted line names them"
        assert pending & removed - followed, "pending lines whose posted line does not, or that never posted"
        assert pending - removed, "pending lines still open at the end"
        assert removed - pending, "booked lines that the feed took away"
        assert any(op == "modified" for _, op, _, _ in said), "lines that it corrected"


def test_a_typo_is_one_slip_of_the_finger() -> None:
    rng = Random(1)
    for number in ("INV-100234", "SI-2026-0412", "RE-26-01874", "GS-26-0100"):
        typos = {with_typo(rng, number) for _ in range(300)}
        assert {OSA.distance(number, typo) for typo in typos} == {1}
        assert len(typos) > 8


def test_a_typo_that_is_another_documents_number_misleads_nobody_who_looks_at_payer_and_amount(
    world: list[Simulated],
) -> None:
    """A document of the same customer or amount is never what a typo leads to; without the payer's name, none is."""
    rng, hits = Random(1), 0
    for each in world:
        ours = [document for document in each.documents if document.kind == "invoice"]
        by_number, numbers = {document.number: document for document in ours}, Numbers(ours)
        for document in ours[:400]:
            assert numbers.mistyped(rng, document, False) not in by_number.keys() - {document.number}
            hit = by_number.get(numbers.mistyped(rng, document, True), document)
            if hit is not document:
                hits += 1
                assert hit.party is not document.party
                assert hit.total_minor != document.total_minor
    assert hits, "numbers are dense, so some typo is another document's number"


def test_a_customer_settles_two_to_fifteen_invoices_at_once(world: list[Simulated]) -> None:
    batches = [invoices_of(line) for each in world for line in each.lines if line.nature == "batch"]
    sizes = {sum(document.kind == "invoice" for document in batch) for batch in batches}
    assert (min(sizes), max(sizes)) == (2, 15)
    assert all(len({document.party.id for document in batch}) == 1 for batch in batches)


def test_subscriptions_cost_a_customer_the_same_each_month(world: list[Simulated]) -> None:
    for each in world:
        amounts: dict[str, set[int]] = defaultdict(set)
        months: dict[str, set[int]] = defaultdict(set)
        for charge in each.processor.charges:
            if charge.invoice and charge.invoice.lines[0].code == "210":
                amounts[charge.party.id].add(charge.amount_minor)
                months[charge.party.id].add(charge.invoice.issued_on.month)
        assert {len(found) for found in amounts.values()} == {1}
        assert max(map(len, months.values())) == MEDIUM.month_count
        assert len(set.union(*amounts.values())) < len(amounts), "two customers with the same plan"


def test_an_invoice_is_amended_only_before_anybody_pays_it(world: list[Simulated]) -> None:
    for each in world:
        by_bank = [(line.booked_on, line.allocations) for line in each.lines]
        by_card = [(movement.created_at.date(), movement.allocations) for movement in each.company.world.card]
        for day, allocations in (*by_bank, *by_card):
            for allocation in allocations:
                if isinstance(allocation.other, Document) and allocation.other.amended_at:
                    assert allocation.other.amended_at.date() < day


def test_the_parts_of_an_amount_add_to_it_and_none_is_a_mere_cent() -> None:
    rng = Random(1)
    for total_minor in range(500, 200_000, 7):
        for count in (2, 3):
            parts = split_amount(rng, total_minor, count)
            assert (len(parts), sum(parts)) == (count, total_minor)
            assert min(parts) * 10 >= total_minor


def test_half_a_year_of_three_books_in_three_currencies_is_the_default() -> None:
    options = WorldOptions()
    assert (options.bank_lines, len(options.months)) == (20_000, 6)
    profiles = [profile_of(book, options) for book in options.books]
    assert [(each.book, each.currency) for each in profiles] == [("us", "USD"), ("uk", "GBP"), ("de", "EUR")]
    assert [len(each.accounts) for each in profiles] == [2, 2, 2]
    assert {each.currency for each in profiles[1].accounts} == {"GBP", "EUR"}
    numbers = {account.statement_id for each in profiles for account in each.accounts}
    assert len(numbers) == 6


def test_its_settings_are_such_as_the_pipeline_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = WorldOptions(books=("us", "de", "de-2"))
    connections = [f"{book}-{vendor}" for book in options.books for vendor in ("plaid", "stripe", "xero")]
    urls = {connection: f"http://127.0.0.1:1/{connection}" for connection in (*connections, "ecb")}
    (tmp_path / "finance_pipeline.yaml").write_text(sandbox_settings_yaml(options, urls), encoding="utf-8")
    for name, value in sandbox_environment(options).items():
        monkeypatch.setenv(name, value)
    settings = load_settings(tmp_path)
    assert [book.currency for book in settings.books] == ["USD", "EUR", "EUR"]
    assert [(len(b.bank_accounts), len(b.processor_accounts)) for b in settings.books] == [(2, 1)] * 3
    assert [account.feed is None for account in settings.book("de").bank_accounts] == [False, True]
    assert {connection.id for connection in settings.connections} == {*connections, "ecb", "statements"}
    assert all(each.secret(name) for each in settings.connections for name in each.secrets)


SIZES = [
    WorldOptions(bank_lines=240, month_count=2),
    WorldOptions(books=("us",), bank_lines=1_500, month_count=1),
    WorldOptions(books=("de", "de-2"), bank_lines=1_600, month_count=3, first_month="2026-11"),
    WorldOptions(books=("uk",), bank_lines=500, month_count=12, card_charge_share=0.6),
]


@pytest.mark.parametrize("options", SIZES, ids=lambda options: f"{options.bank_lines} of {options.month_count} months")
def test_the_number_of_bank_lines_follows_the_options(options: WorldOptions) -> None:
    found = simulated(options)
    assert [each.company.profile.book for each in found] == list(options.books)
    count = sum(len(each.lines) for each in found)
    assert abs(count - options.bank_lines) <= 0.05 * options.bank_lines
    for each in found:
        used = {(line.account.id, line.booked_on.replace(day=1)) for line in each.lines}
        assert len(used) == 2 * options.month_count, "every account has lines in every month, and in no other"
        charges = len(each.processor.charges) / (options.lines_per_book * options.card_charge_share)
        assert 0.8 <= charges <= 1.2


def test_a_year_end_lies_within_a_world_that_crosses_it() -> None:
    months = WorldOptions(first_month="2026-11", month_count=3).months
    assert [str(month) for month in months] == ["2026-11", "2026-12", "2027-01"]


@pytest.mark.parametrize(
    "asked",
    [
        {"books": ("fr",)},
        {"books": ()},
        {"books": ("us", "us")},
        {"bank_lines": 719},
        {"month_count": 0},
        {"first_month": "2026-13"},
    ],
    ids=str,
)
def test_what_cannot_be_simulated_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        WorldOptions(**asked)  # type: ignore[arg-type]
