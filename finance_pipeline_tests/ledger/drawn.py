"""Worlds drawn at random: few amounts and days, so that they meet; every kind of fact, and what settles what.

Whatever is settled in another currency is settled whole: what a part of it is carried at is the matching's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st

from finance_pipeline.core.money import format_money
from finance_pipeline.core.settings import BankAccount
from finance_pipeline_tests.ledger.world import US, World, day

SECOND_EURO = BankAccount(id="euro-2", currency="EUR", gl_account="1040")
BOOK = US.model_copy(update={"bank_accounts": (*US.bank_accounts, SECOND_EURO)})
CURRENCIES = {account.id: account.currency for account in BOOK.bank_accounts}
MINOR = st.one_of(st.integers(1, 300), st.integers(1, 10**7))
SIGN = st.sampled_from((1, -1))
DAYS = st.integers(1, 28).map(day)
ROLES = st.sampled_from(("fee", "discount", "write_off"))
MOVEMENTS = {
    "charge": 1, "refund": -1, "fee": -1, "dispute": -1, "dispute_reversal": 1, "dispute_lost": -1, "payout": -1,
    "payout_failure": 1, "adjustment": 1,
}  # fmt: skip


def text(minor: int) -> str:
    """Minor units of dollars or euro as on paper."""
    return format_money(minor, "USD").replace(",", "")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A book in dollars with rates for every day of May and June, and up to six stories of May."""
    world = World(BOOK)
    for n in range(0, 60, 4):
        world.rate(day(1) + timedelta(n), text(draw(st.integers(80, 130))))
    for account in draw(st.sets(st.sampled_from(("operating", "reserve")))):
        world.opening(account, text(draw(SIGN) * draw(MINOR)))
    stories = draw(st.lists(st.sampled_from(STORIES), min_size=1, max_size=6))
    for n, story in enumerate(stories):
        story(draw, world, str(n))
    return world


def _document(draw: st.DrawFn, world: World, name: str, minor: int, currency: str) -> None:
    """An invoice or credit to a supplier for what is owed to us, a bill or credit note for what we owe."""
    kind = draw(st.sampled_from(("invoice", "supplier_credit") if minor > 0 else ("bill", "credit_note")))
    size = abs(minor)
    sign = 1 if minor > 0 else -1
    tax, functional = sign * draw(st.integers(0, size - 1)), sign * draw(st.integers(1, 2 * size))
    on = draw(st.one_of(DAYS, st.just(day(20, 4))))
    carried = text(functional) if currency == "EUR" else None
    world.document(name, text(minor), tax=text(tax), kind=kind, on=on, currency=currency, functional_total=carried)
    nets = draw(st.lists(st.integers(-size, size), max_size=2))
    lines = [*nets, minor - tax - sum(nets)]
    accounts = [draw(st.sampled_from(("200", "400"))) for _ in lines]
    world.facts["document"][name] |= {"line_nets_minor": lines, "line_accounts": accounts}


def _line(draw: st.DrawFn, world: World, name: str, *, least: int = 1) -> tuple[int, str]:
    """A bank line; returns its amount and currency."""
    account = draw(st.sampled_from(sorted(CURRENCIES)))
    minor = draw(SIGN) * (least + draw(MINOR))
    world.line(name, text(minor), on=draw(DAYS), account=account)
    return minor, CURRENCIES[account]


def unmatched(draw: st.DrawFn, world: World, n: str) -> None:
    _line(draw, world, f"line {n}")
    world.line(f"pending {n}", text(draw(MINOR)), status="pending")


def unpaid(draw: st.DrawFn, world: World, n: str) -> None:
    _document(draw, world, f"doc {n}", draw(SIGN) * draw(MINOR), draw(st.sampled_from(("USD", "EUR"))))
    world.document(f"draft {n}", text(draw(MINOR)), status="draft")


def settled(draw: st.DrawFn, world: World, n: str) -> None:
    """A line that settles one or two documents, with something kept, deducted or written off."""
    minor, currency = _line(draw, world, f"line {n}", least=2)
    sign = 1 if minor > 0 else -1
    kept = draw(st.integers(0, 50))
    first = draw(st.integers(1, abs(minor) + kept - 1))
    parts = [first, abs(minor) + kept - first] if draw(st.booleans()) else [abs(minor) + kept]
    principals = []
    for ordinal, part in enumerate(parts):
        _document(draw, world, f"doc {n} {ordinal}", sign * part, currency)
        principals.append(("principal", text(sign * part), f"doc {n} {ordinal}"))
    rest = [(draw(ROLES), text(-sign * kept), None)] if kept else []
    world.match(f"match {n}", f"line {n}", *principals, *rest, on=draw(DAYS))


def overpaid(draw: st.DrawFn, world: World, n: str) -> None:
    """A line in dollars that pays a document, perhaps in part, and brings more: that is on account."""
    paid, more, open_still = draw(MINOR), draw(st.integers(0, 50)), draw(st.integers(0, 50))
    sign = draw(SIGN)
    world.line(f"line {n}", text(sign * (paid + more)), on=draw(DAYS))
    _document(draw, world, f"doc {n}", sign * (paid + open_still), "USD")
    rest = [("residual", text(sign * more), None)] if more else []
    world.match(f"match {n}", f"line {n}", ("principal", text(sign * paid), f"doc {n}"), *rest, on=draw(DAYS))


def coded(draw: st.DrawFn, world: World, n: str) -> None:
    _line(draw, world, f"line {n}")
    world.coded(f"match {n}", f"line {n}", draw(st.sampled_from(("6820", "6300"))), on=draw(DAYS))


def came_back(draw: st.DrawFn, world: World, n: str) -> None:
    """A payment that came back, perhaps less a fee, whether it had settled its bill or not."""
    account = draw(st.sampled_from(("operating", "euro")))
    size, kept = draw(MINOR), draw(st.integers(0, 50))
    world.line(f"line {n}", text(-size), on=draw(DAYS), account=account)
    world.line(f"back {n}", text(size - kept or 1), on=draw(DAYS), account=account)
    kept = size - (size - kept or 1)
    if draw(st.booleans()):
        world.netted(f"match {n} back", f"back {n}", f"line {n}", on=draw(DAYS), fee=text(kept))
        return
    _document(draw, world, f"doc {n}", -size, CURRENCIES[account])
    world.match(f"match {n}", f"line {n}", ("principal", text(-size), f"doc {n}"), on=draw(DAYS))
    world.returned(f"match {n} back", f"back {n}", f"line {n}", f"match {n}", on=draw(DAYS), fee=text(kept))


def settled_across(draw: st.DrawFn, world: World, n: str) -> None:
    """A line that settles a document in the other currency."""
    minor, currency = _line(draw, world, f"line {n}")
    owed = draw(MINOR) * (1 if minor > 0 else -1)
    _document(draw, world, f"doc {n}", owed, "USD" if currency == "EUR" else "EUR")
    world.across(f"match {n}", f"line {n}", f"doc {n}", on=draw(DAYS))


def recorded(draw: st.DrawFn, world: World, n: str) -> None:
    """A payment of a part of a document that the accounting system knows of; in dollars perhaps its bank line."""
    minor, currency = draw(SIGN) * draw(MINOR), draw(st.sampled_from(("USD", "EUR")))
    kind = "recorded_receipt" if minor > 0 else "recorded_payment"
    open_still = draw(st.integers(0, 50)) * (1 if minor > 0 else -1)
    _document(draw, world, f"doc {n}", minor + open_still, currency)
    world.movement(f"recorded {n}", kind, text(minor), on=draw(DAYS), currency=currency, settles=f"doc {n}")
    if currency == "USD" and draw(st.booleans()):
        world.line(f"line {n}", text(minor), on=draw(DAYS))
        world.match(f"match {n}", f"line {n}", ("principal", text(minor), f"recorded {n}"), on=draw(DAYS))


def transferred(draw: st.DrawFn, world: World, n: str) -> None:
    """Between two accounts, perhaps of two currencies, perhaps with a fee."""
    accounts = draw(st.permutations(sorted(CURRENCIES)))[:2]
    sent, fee = draw(MINOR), draw(st.integers(0, 50))
    received = sent if CURRENCIES[accounts[0]] == CURRENCIES[accounts[1]] else draw(MINOR)
    world.line(f"line {n} out", text(-sent - fee), on=draw(DAYS), account=accounts[0])
    world.line(f"line {n} in", text(received), on=draw(DAYS), account=accounts[1])
    world.transfer(f"match {n}", f"line {n} out", f"line {n} in", on=draw(DAYS), fee=text(fee))


def moved(draw: st.DrawFn, world: World, n: str) -> None:
    """A movement of the processor's balance; a charge perhaps with its invoice, a payout perhaps with its line."""
    kind = draw(st.sampled_from(sorted(MOVEMENTS)))
    currency = draw(st.sampled_from(("USD", "EUR")))
    minor = MOVEMENTS[kind] * draw(MINOR) * (draw(SIGN) if kind == "adjustment" else 1)
    fee = 0 if kind in ("payout", "dispute_lost", "fee") else draw(st.integers(0, abs(minor)))
    world.movement(f"moved {n}", kind, text(minor), fee=text(fee), on=draw(DAYS), currency=currency)
    if kind in ("charge", "refund") and draw(st.booleans()):
        _document(draw, world, f"doc {n}", minor, currency)
        world.match(f"match {n}", f"moved {n}", ("principal", text(minor), f"doc {n}"), on=draw(DAYS))
    if kind == "payout" and currency == "USD" and draw(st.booleans()):
        world.line(f"line {n}", text(-minor), on=draw(DAYS))
        world.match(f"match {n}", f"line {n}", ("principal", text(-minor), None), on=draw(DAYS))
        arrived = {"item_kind": "payout", "item_currency": "USD", "item_amount_minor": -minor}
        world.facts["match"][f"match {n}/0"] |= arrived


STORIES: tuple[Callable[[st.DrawFn, World, str], None], ...] = (
    unmatched, unpaid, settled, overpaid, settled_across, recorded, transferred, moved, coded, came_back,
)  # fmt: skip
