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
