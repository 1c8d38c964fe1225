"""What holds of the entries of any world: the accounts that must clear, in the currency and in dollars."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import fields
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance_pipeline.ledger.posting import PostingInputs, entries_for
from finance_pipeline.ledger.schemas import ENTRIES
from finance_pipeline_tests.ledger.drawn import BOOK, worlds
from finance_pipeline_tests.ledger.world import World, day

PROPERTY = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
RECEIVABLES, PAYABLES, CLEARING, TRANSIT, EXCHANGE = "1100", "2000", "1200", "1220", "1290"
UNIDENTIFIED_RECEIPTS, UNIDENTIFIED_PAYMENTS = "2100", "1240"
CONTROL = {
    **dict.fromkeys(("invoice", "credit_note", "customer_on_account"), RECEIVABLES),
    **dict.fromkeys(("bill", "supplier_credit", "supplier_on_account"), PAYABLES),
}

Sums = Counter[tuple[str, str]]
"""Minor units by account code and currency; zeros do not count."""


def balances(entries: pl.DataFrame, *codes: str) -> Sums:
    """What is left on some accounts in each currency."""
    lines = entries.select("currency", "accounts", "amounts").explode("accounts", "amounts")
    return added((code, currency, minor) for currency, code, minor in lines.rows() if code in codes)


def added(parts: Any) -> Sums:
    sums: Sums = Counter()
    for code, currency, minor in parts:
        sums[code, currency] += minor
    return Counter({place: minor for place, minor in sums.items() if minor})


def of(world: World, kind: str) -> list[dict[str, Any]]:
    return list(world.facts[kind].values())


@PROPERTY
@given(worlds())
def test_every_entry_adds_to_zero_in_both_currencies_and_nothing_is_held(world: World) -> None:
    postings = world.postings
    assert postings.held.to_dicts() == []
    assert postings.entries.select(pl.struct(ENTRIES.key).is_duplicated().any()).item() in (False, None)
    for entry in postings.entries.iter_rows(named=True):
        own, foreign = entry["functional_amounts"], entry["currency"] != "USD"
        assert (own is not None) == foreign
        assert sum(entry["amounts"]) == sum(own or []) == 0
        assert all(any(line) for line in zip(entry["amounts"], own or entry["amounts"], strict=True))
        assert len(entry["accounts"]) == len(entry["amounts"]) > 1


@PROPERTY
@given(worlds())
def test_each_bank_account_is_the_sum_of_its_lines_and_clearing_that_of_the_processor(world: World) -> None:
    codes = {account.id: account.gl_account for account in BOOK.bank_accounts}
    lines = [
        (codes[r["bank_account"]], r["currency"], r["amount_minor"])
        for r in of(world, "bank")
        if r["status"] == "booked"
    ]
    openings = [(codes[row["account"]], row["currency"], row["balance_minor"]) for row in of(world, "balance")]
    card = [(CLEARING, row["currency"], row["net_minor"]) for row in of(world, "payment") if row["account"] == "card"]
    assert balances(world.postings.entries, CLEARING, *codes.values()) == added([*lines, *openings, *card])


@PROPERTY
@given(worlds())
def test_unidentified_receipts_and_payments_are_the_lines_that_nothing_settles_and_never_net(world: World) -> None:
    waiting = {row["record_id"]: row["amount_minor"] for row in of(world, "bank") if row["status"] == "booked"}
    waiting |= {row["record_id"]: row["amount_minor"] for row in of(world, "payment") if row["kind"] == "adjustment"}
    in_hand = {row["record_id"]: row for kind in ("bank", "payment") for row in of(world, kind)}
    left = dict(waiting)
    for part in of(world, "match"):
        if part["line_kind"] == "bank":
            left[part["line_id"]] -= part["amount_minor"]
        if part.get("relation") in ("transfer", "netted"):
            left[part["other_line_id"]] -= part["other_amount_minor"]
    expected = added(
        (UNIDENTIFIED_RECEIPTS if minor > 0 else UNIDENTIFIED_PAYMENTS, in_hand[record]["currency"], -left[record])
        for record, minor in waiting.items()
    )
    assert balances(world.postings.entries, UNIDENTIFIED_RECEIPTS, UNIDENTIFIED_PAYMENTS) == expected


@PROPERTY
@given(worlds())
def test_receivables_and_payables_are_what_is_open_of_their_documents(world: World) -> None:
    documents = {row["record_id"]: row for row in of(world, "document") if row["status"] == "authorised"}
    owed = [(CONTROL[row["kind"]], row["currency"], row["total_minor"]) for row in documents.values()]
    matched = [
        (CONTROL[part["item_kind"]], part["item_currency"], -part["item_amount_minor"])
        for part in of(world, "match")
        if part["item_kind"] in CONTROL
    ]
    told = [
        (CONTROL[documents[row["settles"]]["kind"]], documents[row["settles"]]["currency"], -row["settled_minor"])
        for row in of(world, "payment")
        if row["settles"]
    ]
    assert balances(world.postings.entries, RECEIVABLES, PAYABLES) == added([*owed, *matched, *told])


@pytest.mark.parametrize("sign", ["", "-"], ids=["money in", "money out"])
def test_half_a_cent_goes_away_from_zero(sign: str) -> None:
    kinds = ("bill", "recorded_payment") if sign else ("invoice", "recorded_receipt")
    world = World().rate(day(3), "1.05").line("line", f"{sign}0.10", account="euro")
    world.document("doc", f"{sign}0.30", currency="EUR", functional_total=f"{sign}0.35", kind=kinds[0])
    world.movement("part", kinds[1], f"{sign}0.15", currency="EUR", settles="doc")
    waiting, control = (UNIDENTIFIED_PAYMENTS, PAYABLES) if sign else (UNIDENTIFIED_RECEIPTS, RECEIVABLES)
    plus, minus = ("Cr", "Dr") if sign else ("Dr", "Cr")
    assert world.said("line") == {"line line": [f"{plus} 1030 0.10 [0.11]", f"{minus} {waiting} 0.10 [0.11]"]}
    assert f"{minus} {control} 0.15 [0.18]" in world.said("recorded")["part recorded"]


@PROPERTY
@given(worlds())
def test_transit_and_exchange_end_at_zero_in_dollars(world: World) -> None:
    carried = world.postings.entries.with_columns(
        currency=pl.lit("USD"), amounts=pl.coalesce("functional_amounts", "amounts")
    )
    assert balances(carried, TRANSIT, EXCHANGE) == {}


@PROPERTY
@given(worlds(), st.randoms(use_true_random=False))
def test_rows_in_any_order_give_the_same_entries(world: World, chance: random.Random) -> None:
    inputs = world.inputs
    mixed = {f.name: getattr(inputs, f.name) for f in fields(PostingInputs)}
    mixed = {name: frame.sample(fraction=1, shuffle=True, seed=chance.randint(0, 99)) for name, frame in mixed.items()}
    one, other = entries_for(inputs, BOOK), entries_for(PostingInputs(**mixed), BOOK)
    assert one.entries.sort(ENTRIES.key).to_dicts() == other.entries.sort(ENTRIES.key).to_dicts()


@PROPERTY
@given(worlds(), st.data())
def test_a_match_added_or_taken_back_changes_no_other_entry_and_never_the_bank(
    world: World, data: st.DataObject
) -> None:
    if not world.facts["match"]:
        return
    match_id = data.draw(st.sampled_from(sorted({part["match_id"] for part in of(world, "match")})))
    without = world
    for name, part in world.facts["match"].items():
        without = without.without("match", name) if part["match_id"] == match_id else without
    entries = world.postings.entries
    assert entries.filter(pl.col("source_id") != match_id).equals(without.postings.entries)
    banks = {account.gl_account for account in BOOK.bank_accounts}
    assert banks.isdisjoint(entries.filter(pl.col("source") == "match")["accounts"].explode())
