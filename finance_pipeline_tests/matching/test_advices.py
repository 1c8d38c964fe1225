"""Advices that came apart from the money: when their total alone is enough."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from finance_pipeline.matching import schemas
from finance_pipeline.matching.engine import reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline_tests.matching.world import Result, World, day


def _advice(*rows: tuple[str, int], total: int) -> pl.DataFrame:
    facts = {"remittance_id": "ADV-77", "received_on": day(9), "payer_name": None, "currency": "USD"}
    return schemas.REMITTANCES.frame(
        [{**facts, "total_minor": total, "line_reference": number, "line_minor": part} for number, part in rows]
    )


def _settled(world: World, advice: pl.DataFrame) -> dict[str, dict[str, int]]:
    return Result(reconcile(replace(world.inputs(), remittances=advice), Policy())).settled()


def test_a_total_alone_is_enough_for_documents_of_one_party_in_full_and_for_no_others() -> None:
    world = World().item("D-100", "100.07", "Dune Ltd").item("D-200", "200.04", "Dune Ltd")
    world.item("A-100", "200.04", "Acme Ltd").item("D-300", "900.00", "Dune Ltd").line("paid", "300.11", "THANK YOU")
    in_full = _advice(("D-100", 10007), ("D-200", 20004), total=30011)
    assert _settled(world, in_full) == {"paid": {"D-100": 10007, "D-200": 20004}}
    in_part = _advice(("D-100", 10007), ("D-300", 20004), total=30011)
    of_two = _advice(("D-100", 10007), ("A-100", 20004), total=30011)
    assert _settled(world, in_part) == _settled(world, of_two) == {}
    world.line("also", "300.11", "PAYMENT", on=14)
    assert _settled(world, in_full) == {}


def test_a_total_of_anothers_advice_is_enough_for_documents_in_full_and_for_no_part() -> None:
    world = World().item("D-100", "100.07", "Dune Ltd").item("D-300", "900.00", "Dune Ltd")
    world.line("paid", "300.11", "THANK YOU", counterparty_name="DUNE LTD")
    in_part = _advice(("D-100", 10007), ("D-300", 20004), total=30011)
    assert _settled(world, in_part) == {"paid": {"D-100": 10007, "D-300": 20004}}
    assert _settled(world, in_part.with_columns(payer_name=pl.lit("Acme Ltd"))) == {}
    world.line("all", "1,000.07", "THANK YOU", counterparty_name="DUNE LTD")
    in_full = _advice(("D-100", 10007), ("D-300", 90000), total=100007).with_columns(payer_name=pl.lit("Acme Ltd"))
    assert _settled(world, in_full)["all"] == {"D-100": 10007, "D-300": 90000}


def test_an_advice_pays_no_document_of_another_currency() -> None:
    world = World().item("D-100", "400.00", "Dune Ltd", currency="EUR").line("paid", "300.11", "ADV-77")
    assert _settled(world, _advice(("D-100", 30011), total=30011)) == {}


def test_an_advice_of_which_a_person_declined_one_document_for_the_line_is_not_proposed_again() -> None:
    world = World().item("D-100", "100.07", "Dune Ltd").item("D-200", "200.04", "Dune Ltd")
    world.line("paid", "300.11", "ADV-77").decided("paid", "D-200", "decline")
    assert _settled(world, _advice(("D-100", 10007), ("D-200", 20004), total=30011)) == {}


def test_an_advice_with_an_o_for_a_zero_names_its_document_and_no_part_of_anothers() -> None:
    world = World().item("mine", "69.36", "Dune Ltd", number="2025/41120").line("paid", "169.43", "ADV-77")
    world.item("D-100", "100.07", "Dune Ltd").item("other", "315.48", "Acme Ltd", number="19420-4112")
    advice = _advice(("D-100", 10007), ("2O25/4112O", 6936), total=16943)
    assert _settled(world, advice) == {"paid": {"D-100": 10007, "mine": 6936}}
    del world.items[0]
    assert _settled(world, advice) == {}
