"""Input that is too much of something: never a wrong match, and the work stays bounded."""

from finance_pipeline_tests.matching.world import World


def test_a_thousand_equal_items_of_one_party_are_not_told_apart() -> None:
    world = World()
    for n in range(1_000):
        world.item(f"INV-{n:05}", "50.00", "Acme Ltd")
    world.line("one", "50.00", counterparty_name="ACME LTD").line("three", "150.00", counterparty_name="ACME LTD")
    result = world.line("named", "50.00", "INV-00777").reconcile()
    assert result.settled() == {"named": {"INV-00777": 5000}}
    assert result.reasons()["one"] == "several_solutions"


def test_five_thousand_open_items_of_one_party_prove_no_sum() -> None:
    world = World()
    for n in range(5_000):
        world.item(f"INV-{n:05}", f"{100 + n * 7}.{n % 100:02}", "Acme Ltd")
    result = world.line("sum", "31,415.92", "PAYMENT", counterparty_name="ACME LTD").reconcile()
    assert result.settled() == {}


def test_a_line_of_ten_thousand_characters_is_read_to_a_bound_and_settles_nothing_by_what_it_happens_to_hold() -> None:
    world = World()
    for n in range(200):
        world.item(f"INV-{n:05}", "10.00", "Acme Ltd")
    endless = " ".join(f"INV-{n:05}" for n in range(2_000))[:10_000]
    result = world.line("endless", "77.00", endless).line("zero", "0.00", "INV-00001").reconcile()
    assert result.settled() == {}
    assert result.reasons()["zero"] == "amount_zero"
