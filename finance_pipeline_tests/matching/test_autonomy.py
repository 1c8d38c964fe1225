"""Earned autonomy: what is beyond the limits waits for a person, and limits widen by people's decisions alone."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finance_pipeline.matching.autonomy import DECIDED, Limit, accepted_up_to, beyond, lacking, widened
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.pool import PAIRS

USD_100 = Limit(10_000, currency="USD")
LINES = pl.DataFrame(
    {
        "l": [0, 1, 2],
        "line_id": ["receipt", "euro", "fee"],
        "currency": ["USD", "EUR", "USD"],
        "counterparty_name": ["ACME LTD", None, "Bank of Somewhere"],
    },
    schema_overrides={"l": pl.UInt32},
)
ITEMS = pl.DataFrame(
    {"i": [0, 1], "item_id": ["INV-1", "INV-2"], "party_id": ["p1", "p1"], "party_name": ["Acme Ltd", "Acme Ltd"]},
    schema_overrides={"i": pl.UInt32},
)


def found(*pairs: tuple[int, int | None, int, int, str]) -> pl.DataFrame:
    """Allocations: line, item, tier, amount, rule."""
    rows = [{"l": l_, "i": i, "tier": tier, "amount": amount, "rule": rule} for l_, i, tier, amount, rule in pairs]
    return pl.DataFrame([dict.fromkeys(PAIRS) | row | {"role": "principal"} for row in rows], schema=PAIRS)


TWO_INVOICES = ((0, 0, 2, 6_000, "party_and_amount"), (0, 1, 2, 6_000, "party_and_amount"))


def waits(policy: Policy, *pairs: tuple[int, int | None, int, int, str]) -> list[int]:
    return beyond(found(*pairs), LINES, ITEMS, policy)["l"].to_list()


def test_without_limits_everything_found_is_accepted() -> None:
    assert waits(Policy(), *TWO_INVOICES, (1, None, 5, 99_999_999, "transfer")) == []


def test_a_match_is_judged_by_the_size_of_its_line_and_waits_whole_with_all_that_it_settles() -> None:
    said = beyond(found(*TWO_INVOICES), LINES, ITEMS, Policy(autonomy=(USD_100,))).row(0, named=True)
    assert said["words"] == (
        "INV-1, INV-2 fits (tier 2, party and amount), but USD 120.00 is more than the USD 100.00 that is accepted "
        "without a person."
    )
    [suggestion] = json.loads(said["suggestions"])
    assert (suggestion["items"], suggestion["tier"], suggestion["rule"]) == (["INV-1", "INV-2"], 2, "party_and_amount")


@pytest.mark.parametrize(
    ("limits", "waiting"),
    [
        ((USD_100,), [0]),
        ((Limit(20_000, currency="USD"), USD_100), []),
        ((Limit(10_000, tier=1, currency="USD"),), []),
        ((Limit(20_000, party="ACME", currency="USD"), USD_100), []),
        ((Limit(20_000, party="p1", currency="USD"), USD_100), []),
        ((Limit(20_000, party="Zenith", currency="USD"), USD_100), [0]),
        ((Limit(10_000, currency="EUR"),), []),
        ((Limit(0, tier=2),), [0]),
    ],
)
def test_the_first_limit_that_fits_counts(limits: tuple[Limit, ...], waiting: list[int]) -> None:
    assert waits(Policy(autonomy=limits), *TWO_INVOICES) == waiting


def test_a_limit_by_party_reads_the_printed_name_where_nothing_is_settled() -> None:
    never = Policy(autonomy=(Limit(0, party="Bank of Somewhere"),))
    assert waits(never, (2, None, 6, -500, "bank fee"), (1, None, 6, -500, "bank fee")) == [2]


def test_what_a_person_confirmed_is_within_every_limit() -> None:
    assert waits(Policy(autonomy=(Limit(0),)), (0, 0, 0, 6_000, "confirmed")) == []


def test_a_wider_policy_is_told_by_tier_party_and_currency() -> None:
    old = Policy(tiers=(0, 1, 2), autonomy=(Limit(10_000, tier=2, currency="USD"), Limit(0, tier=2)))
    wider = (Limit(50_000, tier=2, party="Acme", currency="USD"), *old.autonomy)
    said = [str(each) for each in widened(old, Policy(tiers=(0, 1, 2, 3), autonomy=wider))]
    assert said == [
        "tier 2 of Acme: up to 100.00 USD before, up to 500.00 USD after",
        "tier 3: nothing before, any amount after",
    ]
    assert widened(old, old) == widened(Policy(), old) == []


limits = st.builds(
    lambda up_to, tier, party, currency: Limit(up_to if currency else 0, tier, party, currency),
    st.integers(0, 3),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from([None, "USD", "EUR"]),
)
policies = st.builds(
    lambda tiers, listed: Policy(tiers=tuple(tiers), autonomy=tuple(listed)),
    st.sets(st.sampled_from([1, 2])),
    st.lists(limits, max_size=3),
)


@given(policies, policies, st.sampled_from(["a", "b", "other"]), st.sampled_from(["USD", "EUR", "GBP"]))
def test_a_policy_accepts_more_exactly_where_a_widening_says_so(
    old: Policy, new: Policy, party: str, currency: str
) -> None:
    told = widened(old, new)
    for tier in (1, 2):
        before, after = (accepted_up_to(policy, tier, party, currency) for policy in (old, new))
        wider = before is not None and (after is None or after > before)
        covered = [w for w in told if w.tier == tier and w.party in (None, party) and w.currency in (None, currency)]
        assert not wider or covered


def decided(*verdicts: str, tier: int = 2, party: str = "Acme Ltd") -> pl.DataFrame:
    rows = [
        {"seq": n, "verdict": v, "tier": tier, "party_id": "p1", "party_name": party, "currency": "USD"}
        for n, v in enumerate(verdicts)
    ]
    return pl.DataFrame(rows, schema=DECIDED)


def test_a_wider_limit_takes_enough_confirmed_decisions_and_none_declined_since() -> None:
    old = Policy(autonomy=(Limit(0, tier=2),))
    new = Policy(autonomy=(Limit(500, tier=2, party="acme", currency="USD"), *old.autonomy))
    wider = widened(old, new)
    assert lacking(wider, decided(*["confirm"] * 3), least=3) == []
    assert lacking(wider, decided("decline", *["confirm"] * 3), least=3) == []
    said = "tier 2 of acme: nothing before, up to 5.00 USD after: it takes 3 confirmed decisions"
    assert lacking(wider, decided(*["confirm"] * 2), least=3) == [f"{said}, and there are 2"]
    after = " since the last one that was declined"
    assert lacking(wider, decided(*["confirm"] * 3, "decline"), least=3) == [f"{said}{after}, and there are 0"]
    assert lacking(wider, decided(*["confirm"] * 3, tier=1), least=3) == [f"{said}, and there are 0"]
    assert lacking(wider, decided(*["confirm"] * 3, party="Zenith"), least=3) == [f"{said}, and there are 0"]


def test_what_waits_says_what_its_difference_is_so_that_confirming_it_does_the_same() -> None:
    kept = found((0, 0, 4, 12_400, "discount"), (0, 0, 4, -400, "discount")).with_columns(
        role=pl.Series(["principal", "discount"])
    )
    [suggestion] = json.loads(beyond(kept, LINES, ITEMS, Policy(autonomy=(Limit(0),)))["suggestions"][0])
    assert (suggestion["items"], suggestion["difference"]) == (["INV-1"], "discount")
