"""Bad input is a clear error; policy says what it accepts."""

from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest

from finance_pipeline.core.money import UnknownCurrency
from finance_pipeline.core.problems import BadSettings
from finance_pipeline.core.tables import DoesNotFit
from finance_pipeline.matching import schemas
from finance_pipeline.matching.engine import Inputs, reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.policy_reading import policy_from
from finance_pipeline.matching.terms import with_terms
from finance_pipeline_tests.matching.world import World


def test_floats_missing_columns_and_double_ids_are_refused_by_name() -> None:
    good = World().item("INV-1", "9.00").line("a", "9.00", "INV-1").inputs()
    lines = good.bank_lines
    bad = {
        "amount_minor is Float64": lines.cast({"amount_minor": pl.Float64}),
        "column 'currency' is missing": lines.drop("currency"),
        "line_id 'a' stands more than once": pl.concat([lines, lines]),
        "booked_on is empty in 1 rows": lines.with_columns(booked_on=pl.lit(None, pl.Date)),
    }
    for message, frame in bad.items():
        with pytest.raises(DoesNotFit, match=message):
            reconcile(replace(good, bank_lines=frame), Policy())
    with pytest.raises(UnknownCurrency):
        reconcile(replace(good, bank_lines=lines.with_columns(currency=pl.lit("ZZZ"))), Policy())


def test_optional_columns_may_be_missing_and_nothing_at_all_is_fine() -> None:
    full = World().item("INV-1234", "9.00").line("a", "9.00", "INV-1234").inputs()
    lines = full.bank_lines.select("line_id", "book", "account_id", "currency", "amount_minor", "booked_on", "memo")
    items = full.open_items.select("item_id", "book", "kind", "currency", "amount_minor", "issued_on", "number")
    assert reconcile(Inputs(lines, items), Policy()).matches.height == 1
    nothing = reconcile(Inputs(lines.clear(), items.clear()), Policy())
    assert all(getattr(nothing, table.name).equals(table.empty()) for table in OUTPUTS)
    assert reconcile(Inputs(lines, items.clear()), Policy()).exceptions.height == 1
    assert reconcile(Inputs(lines.clear(), items), Policy()).matches.is_empty()


OUTPUTS = (schemas.MATCHES, schemas.ALLOCATIONS, schemas.RETRACTIONS, schemas.EXCEPTIONS, schemas.EXPLANATIONS)


def test_a_thousand_equal_items_and_a_memo_of_ten_thousand_characters_are_an_exception_in_bounded_time() -> None:
    world = World()
    for number in range(1000):
        world.item(f"INV-{number:06d}", "99.00", "Acme Ltd").line(f"{number}", "99.00", counterparty_name="Acme")
    world.line("long", "99.00", "INV-1234 7 " * 1000, counterparty_name="Acme")
    result = world.reconcile()
    assert result.settled() == {}
    assert set(result.reasons().values()) <= {"several_solutions", "reference_unknown", "amount_differs"}


def test_a_policy_names_the_key_that_is_wrong_and_its_digest_follows_its_values() -> None:
    assert policy_from({}) == Policy()
    changed = policy_from({"short_payment_limit_minor": 30, "tiers": [0, 1], "natures": {"gift": {"words": ["gift"]}}})
    assert (changed.short_payment_limit_minor, changed.tiers, changed.natures[-1].name) == (30, (0, 1), "gift")
    assert changed.digest != Policy().digest == policy_from({"payout_lag_days": 7}).digest
    for key, value in {
        "unknown": 1,
        "tiers": [7],
        "early_days": -1,
        "transfer_words": "a",
        "natures": {"x": 1},
        "discount_terms": [{"percent": 2.5, "days": 10}],
    }.items():
        with pytest.raises(BadSettings, match=key):
            policy_from({key: value})


def test_a_discount_of_the_policys_terms_is_of_their_parties_and_kind_and_what_a_document_states_comes_first() -> None:
    terms = policy_from({"discount_terms": [{"percent": "2.5", "days": 10, "parties": ["acme ltd"]},
                                            {"percent": 3, "days": 5, "kind": "bill"}]}).discount_terms  # fmt: skip
    known = World().item("INV-1", "100.00", "Acme Ltd").item("INV-2", "100.00", "Other")
    items = known.item("BILL-1", "-100.00", "Acme Ltd").inputs().open_items
    found = with_terms(items, terms)
    days = (pl.col("discount_until") - pl.col("issued_on")).dt.total_days()
    given = dict(found.select("number", pl.struct("discount_percent", days=days)).rows())
    expected = {"INV-1": ("2.5", 10), "INV-2": (None, None), "BILL-1": ("3", 5)}
    assert given == {
        number: {"discount_percent": percent and Decimal(percent), "days": until}
        for number, (percent, until) in expected.items()
    }
    stated = items.with_columns(discount_percent=pl.lit(Decimal(1)).cast(pl.Decimal(9, 4)))
    assert with_terms(stated, terms).equals(stated)


def test_a_tier_that_the_policy_leaves_out_matches_nothing() -> None:
    world = World().item("INV-1234", "9.00", "Acme Ltd").line("a", "9.00", "INV-1234", counterparty_name="Acme")
    assert world.reconcile(tiers=(0, 2, 5)).settled() == {}
    assert world.reconcile(tiers=(1,)).tier("a") == 1
