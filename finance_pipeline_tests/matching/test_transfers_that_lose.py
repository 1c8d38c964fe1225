"""Money between accounts of ours that arrives as less, or as another currency."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from finance_pipeline.matching import schemas
from finance_pipeline.matching.engine import reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.transfers import OwnAccount
from finance_pipeline_tests.matching.world import Result, World, day

OWN = tuple(OwnAccount(name) for name in ("us-operating", "us-reserve", "us-euro"))
RATES = schemas.FX_RATES.frame([{"date": day(9), "currency": "USD", "per_eur": Decimal("1.0900")}])
OURS = {"counterparty_name": "Harbor Point Supply LLC"}


def matched(world: World) -> dict[str, dict[str, int]]:
    return Result(reconcile(replace(world.inputs(), own_accounts=OWN, fx_rates=RATES), Policy())).settled()


def test_what_arrives_less_a_charge_is_a_transfer_where_both_lines_show_our_name_though_no_text_says_so() -> None:
    world = World().line("out", "-1,000.00", "4711", **OURS)
    world.line("in", "985.00", "4712", account_id="us-reserve", on=11, **OURS)
    assert matched(world) == {"out": {"in": -98500, "None/fee": -1500}}
    world.lines[1]["counterparty_name"] = "Acme Ltd"
    assert matched(world) == {}


def test_of_two_that_agree_at_the_days_rate_the_one_is_meant_of_which_the_bank_states_what_was_sent() -> None:
    world = World().line("out", "-1,090.00", "ACCOUNT TRANSFER", **OURS)
    euro = {"account_id": "us-euro", "currency": "EUR", "on": 11, **OURS}
    world.line("near", "1,001.00", "ACCOUNT TRANSFER", **euro)
    world.line("in", "999.00", "ACCOUNT TRANSFER", **euro)
    assert matched(world) == {}
    world.lines[2] |= {"original_amount_minor": 109000, "original_currency": "USD"}
    assert matched(world) == {"out": {"in": -109000}}


def test_a_line_that_shows_an_account_of_ours_on_its_other_side_is_no_leg_with_a_third() -> None:
    world = World().line("out", "-810.00", "TRANSFER TO EURO", counterparty_account="US 8835 7995 0")
    world.line("in", "810.00", "TRANSFER FROM OPERATING", account_id="us-reserve", on=11)
    own = (OwnAccount("us-operating"), OwnAccount("us-reserve"), OwnAccount("us-euro", names=("US883579950",)))
    assert Result(reconcile(replace(world.inputs(), own_accounts=own), Policy())).settled() == {}
    world.lines[0]["counterparty_account"] = None
    assert Result(reconcile(replace(world.inputs(), own_accounts=own), Policy())).settled() == {"out": {"in": -81000}}


def test_an_item_in_another_currency_is_not_meant_where_the_text_names_one_in_the_lines_own() -> None:
    world = World().item("INV-2500", "100.00", "Acme Ltd", currency="EUR").item("INV-2521", "254.12", "Blue Ltd")
    world.line("part", "109.00", "INV-2521, INV-2500")
    assert matched(world) == {}


def test_a_payment_that_names_nothing_is_of_the_one_foreign_item_very_near_it_at_the_days_rate() -> None:
    def settled(amount: str, *others: str) -> dict[str, dict[str, int]]:
        world = World().item("INV-2500", "1,000.00", "Acme Ltd", currency="EUR")
        for n, other in enumerate(others):
            world.item(f"INV-26{n}", other, "Acme Ltd", currency="EUR")
        return matched(world.line("line", amount, "PAYMENT", counterparty_name="ACME LTD"))

    assert settled("1,082.00") == {"line": {"INV-2500": 108200}}
    assert settled("1,068.00") == {}  # As far as a bank's own rate may be, and as far as chance goes, too.
    assert settled("1,082.00", "1,015.00") == {}
