"""The promises of the engine, on worlds full of coincidences: few amounts, few names, numbers that are neighbours."""

import random
from dataclasses import replace

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance_pipeline.matching import references
from finance_pipeline.matching.engine import Inputs, Outcome, reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.sandbox.labelled import Options, generate
from finance_pipeline_tests import examples
from finance_pipeline_tests.matching.world import World

AMOUNTS = ("50.00", "100.00", "150.00", "99.70", "-50.00", "-100.00")
NUMBERS = ("INV-2041", "INV-2014", "INV-2042", "INV-3001", "CN-2041", "BILL-7001")
NAMES = ("Acme Ltd", "Blue Ltd", None)
MEMOS = ("", "INV-2O41", "2041", "INV-2041, 42", "TRANSFER TO RESERVE", "STRIPE", "INV-9999", "ACME", *NUMBERS)
FRAMES = ("matches", "allocations", "retractions", "exceptions", "explanations")
PROPERTY = settings(max_examples=examples(5), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World()
    for n in range(draw(st.integers(0, 6))):
        payout = draw(st.integers(0, 5)) == 0
        world.item(
            f"item-{n}",
            draw(st.sampled_from(AMOUNTS)),
            None if payout else draw(st.sampled_from(NAMES)),
            on=draw(st.integers(0, 12)),
            number=f"po_{n}Ab{n}Cd" if payout else draw(st.sampled_from(NUMBERS)),
            kind="payout" if payout else "invoice",
        )
    for n in range(draw(st.integers(1, 6))):
        memo = " ".join(draw(st.lists(st.sampled_from(MEMOS), max_size=3)))
        name = draw(st.sampled_from(("ACME", "BLUE LTD", None)))
        account = draw(st.sampled_from(("us-operating", "us-reserve")))
        amount = draw(st.sampled_from((*AMOUNTS, "200.00", "30.00")))
        world.line(
            f"line-{n}", amount, memo or None, on=draw(st.integers(8, 14)), counterparty_name=name, account_id=account
        )
    return world


def run(inputs: Inputs) -> Outcome:
    return reconcile(inputs, Policy())


def assert_no_minor_unit_is_allocated_twice_and_every_line_is_told_once(inputs: Inputs, outcome: Outcome) -> None:
    lines = dict(inputs.bank_lines.select("line_id", "amount_minor").iter_rows())
    items = dict(inputs.open_items.select("item_id", "amount_minor").iter_rows())
    by_line = outcome.allocations.group_by("line_id").agg(pl.col("amount_minor").sum(), pl.col("match_id").n_unique())
    assert all(total == lines[line] and matches == 1 for line, total, matches in by_line.iter_rows())
    legs = outcome.allocations.drop_nulls("other_line_id").select("line_id", "other_line_id")
    assert all(lines[one] == -lines[other] for one, other in legs.iter_rows())
    seen = [*by_line["line_id"], *legs["other_line_id"], *outcome.exceptions["line_id"]]
    assert sorted(seen) == sorted(lines)
    taken = outcome.allocations.drop_nulls("item_id").group_by("item_id").agg(pl.col("item_amount_minor").sum())
    for item, total in taken.iter_rows():
        assert abs(total) <= abs(items[item])
        assert total * items[item] > 0


@PROPERTY
@given(worlds(), st.integers(0, 1000))
def test_the_same_input_in_any_order_gives_the_same_bytes(world: World, seed: int) -> None:
    inputs = world.inputs()
    mixed = replace(
        inputs,
        bank_lines=inputs.bank_lines.sample(fraction=1, shuffle=True, seed=seed),
        open_items=inputs.open_items.sample(fraction=1, shuffle=True, seed=seed + 1),
    )
    one, other = run(inputs), run(mixed)
    assert [getattr(one, f).write_csv() for f in FRAMES] == [getattr(other, f).write_csv() for f in FRAMES]


@PROPERTY
@given(worlds())
def test_of_two_items_that_nothing_tells_apart_none_is_settled_alone(world: World) -> None:
    twins = [{**item, "item_id": f"{item['item_id']}-twin"} for item in world.items]
    outcome = run(World(lines=world.lines, items=world.items + twins).inputs())
    paid = outcome.allocations.drop_nulls("item_id").group_by("item_id").agg(pl.col("item_amount_minor").sum())
    settled = dict(paid.iter_rows())
    assert all(amount == settled.get(f"{item.removesuffix('-twin')}-twin") for item, amount in settled.items())


@PROPERTY
@given(worlds())
def test_every_line_is_matched_or_explained_once_and_running_again_on_what_stands_changes_nothing(world: World) -> None:
    inputs = world.inputs()
    first = run(inputs)
    assert_no_minor_unit_is_allocated_twice_and_every_line_is_told_once(inputs, first)
    tiers = first.matches.select("match_id", "tier")
    standing = first.allocations.join(tiers, on="match_id")
    again = run(replace(inputs, standing=standing))
    assert again.matches.is_empty()
    assert again.retractions.is_empty()
    assert again.exceptions["line_id"].equals(first.exceptions["line_id"])


@PROPERTY
@given(worlds())
def test_a_declined_pair_never_comes_back_and_an_item_is_not_settled_before_its_time(world: World) -> None:
    inputs = world.inputs()
    found = run(inputs).allocations
    booked = inputs.bank_lines.select("line_id", "booked_on")
    dates = found.join(booked, on="line_id").join(inputs.open_items.select("item_id", "issued_on"), on="item_id")
    assert ((dates["issued_on"] - dates["booked_on"]).dt.total_days() <= 5).all()
    pairs = found.select("line_id", item_id=pl.coalesce("item_id", "other_line_id"), verdict=pl.lit("decline"))
    again = run(replace(inputs, decisions=pairs)).allocations
    both = again.select("line_id", item_id=pl.coalesce("item_id", "other_line_id")).join(
        pairs, on=["line_id", "item_id"], how="semi"
    )
    assert both.is_empty()


def test_whatever_step_found_what_a_person_declines_it_is_not_proposed_again() -> None:
    made = generate(Options(400, "hard", 5, judged=False))
    inputs = Inputs(
        made.bank_lines, made.open_items, made.parties, remittances=made.remittances, fx_rates=made.fx_rates
    )
    found = run(inputs)
    assert found.matches["rule"].n_unique() > 15
    other = pl.coalesce("item_id", "other_line_id").alias("item_id")
    declined = found.allocations.select("line_id", other, verdict=pl.lit("decline")).drop_nulls()
    again = run(replace(inputs, decisions=declined)).allocations.select("line_id", other)
    assert again.join(declined, on=["line_id", "item_id"], how="semi").is_empty()


@PROPERTY
@given(worlds())
def test_stronger_evidence_is_never_weaker_for_the_rest_of_the_book(world: World) -> None:
    """A line that names its item by id wins it, whatever else in the book might want it."""
    world.item("sure", "100.00", "Acme Ltd", number="ZX-88123").line("sure", "100.00", end_to_end_id="ZX-88123")
    outcome = run(world.inputs())
    won = outcome.allocations.filter(pl.col("item_id") == "sure")
    assert won["line_id"].to_list() == ["sure"]


@st.composite
def payments(draw: st.DrawFn) -> tuple[World, dict[str, set[str]], list[tuple[str, ...]]]:
    """Open items, what each line truly pays (one or two of them; no two amounts make a third), and what its payer could
    say of it."""
    world, truth, said = World(), {}, []
    for n in range(draw(st.integers(2, 7))):
        amount, payer = (
            draw(st.sampled_from(("50.00", "70.00", "110.00"))),
            draw(st.sampled_from(("Acme Ltd", "Blue Ltd"))),
        )
        world.item(f"item-{n}", amount, payer, on=draw(st.integers(0, 5)), number=f"INV-{2040 + n * 3}")
    left = draw(st.permutations(world.items))
    while left and draw(st.integers(0, 5)):
        first, paid = left[0], left[: draw(st.integers(1, 2))]
        paid = [item for item in paid if item["party_name"] == first["party_name"]]
        left = [item for item in left if item not in paid]
        line = f"line-{len(truth)}"
        world.line(line, f"{sum(item['amount_minor'] for item in paid) // 100}.00", on=draw(st.integers(6, 14)))
        truth[line] = {item["item_id"] for item in paid}
        said.append((first["party_name"], " ".join(item["number"] for item in paid)))
    return world, truth, said


@PROPERTY
@given(payments(), st.data())
def test_what_payers_say_in_addition_never_makes_a_match_wrong(
    paid: tuple[World, dict[str, set[str]], list[tuple[str, ...]]], data: st.DataObject
) -> None:
    world, truth, said = paid
    levels = [data.draw(st.integers(0, 2)) for _ in said]
    more = [data.draw(st.integers(level, 2)) for level in levels]

    def wrong(known: list[int]) -> int:
        lines = [
            line | {"counterparty_name": name if level else None, "memo": numbers if level == 2 else None}
            for line, (name, numbers), level in zip(world.lines, said, known, strict=True)
        ]
        found = World(lines=lines, items=world.items).reconcile().settled()
        return sum(item not in truth[line] for line, items in found.items() for item in items)

    assert wrong(more) <= wrong(levels)


def test_a_book_never_settles_the_items_of_another() -> None:
    world = World().item("INV-2041", "100.00", "Acme Ltd", book="uk").line("a", "100.00", "INV-2041 ACME")
    random.Random(0).shuffle(world.items)
    assert world.reconcile().settled() == {}


def test_what_a_text_names_does_not_hang_on_the_line_after_it() -> None:
    """An amount at the end of a text is no number of anything, whatever letter or digit the next text begins with."""
    world = World().item("rent", "50.00", "Acme Ltd", on=0, number="R-2026-04102")
    named = []
    for following in ("ACME", "1 ACME"):
        lines = World(items=world.items).line("line-1", "41.02", "PAYMENT RE 00002352 AMOUNT 41.02", on=9)
        given = lines.line("line-2", "7.00", following, on=9).inputs()
        items = given.open_items.rename({"amount_minor": "amount", "party_id": "party"})
        found = references.find(
            given.bank_lines.with_row_index("l"), items.with_row_index("i").with_columns(closed=False)
        )
        named.append(found.hits.filter(pl.col("l") == 0).height)
    assert named == [0, 0]
