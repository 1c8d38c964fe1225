"""What stays open says why, and what was matched says why, as a bookkeeper would."""

import json

import polars as pl

from finance_pipeline_tests.matching.world import World


def test_each_kind_of_open_line_has_its_own_reason() -> None:
    world = World().item("INV-2041", "99.00", "Acme Ltd").item("INV-2042", "55.00", "Acme Ltd")
    world.line("fee", "-4.00", "MONTHLY FEE").line("pay", "-9.00", "GUSTO PAYROLL 0512").line("lost", "3.00", "hello")
    world.line("code", "-7.00", "X", transaction_code="TAXS-123").line("known", "60.00", counterparty_name="ACME")
    world.line("other", "8.00", "INV-9999").line("wrong", "98.40", "INV-2041")
    world.line("pending", "5.00", status="pending")
    result = world.reconcile(tiers=(0, 1, 2, 3, 4, 5))
    assert result.reasons() == {
        "pending": "pending",
        "fee": "no_document_expected",
        "pay": "no_document_expected",
        "code": "no_document_expected",
        "known": "party_known_no_item",
        "other": "reference_unknown",
        "wrong": "amount_differs",
        "lost": "nothing_found",
    }
    assert result.suggested("known") == [["INV-2042"]]
    words = dict(result.outcome.exceptions.select("line_id", "words").iter_rows())
    assert words["fee"] == "By its text a bank fee: no document is expected."
    assert words["wrong"] == "It names INV-2041 (USD 99.00 open), but the line is of USD 98.40."
    assert words["other"] == "It names INV9999, which is no open item."
    assert words["known"] == (
        "Of ACME (its name), which has no open item of USD 60.00. The nearest is INV-2042 (USD 55.00 open)."
    )


def test_a_list_that_does_not_add_up_is_told_by_its_first_documents_and_how_many_more_there_are() -> None:
    world = World().item("INV-8", "77.00", "Blue Ltd")
    for number in range(2041, 2046):
        world.item(f"INV-{number}", f"{number}.17", "Acme Ltd")
    world.line("list", "77.00", "INV-2041 INV-2042 INV-2043 INV-2044 INV-2045", counterparty_name="ACME LTD")
    world.line("paid", "2,041.17", "INV-2041", on=3)
    words = dict(world.reconcile().outcome.exceptions.select("line_id", "words").iter_rows())
    assert words["list"] == (
        "It names INV-2041 (settled), INV-2042 (USD 2,042.17 open), INV-2043 (USD 2,043.17 open) and 2 more, "
        "but the line is of USD 77.00."
    )


def test_explanations_read_like_a_bookkeepers_note() -> None:
    world = World().item("INV-2041", "1,000.00", "Acme Ltd").item("INV-2042", "5,250.00").item("INV-2O", "77.00", "Zoo")
    world.line("short", "999.60", "inv 2041").line("part", "2,000.00", "INV-2042").line(
        "zoo", "77.00", "PAID BY ZOO", counterparty_name="ZOO"
    )
    world.line("out", "-500.00", "Transfer to savings").line("in", "500.00", account_id="us-reserve", on=12)
    result = world.reconcile()
    assert result.words("short") == (
        "The memo names INV-2041, open at USD 1,000.00; USD 999.60 came. "
        "The difference, USD -0.40, is within the limit and written off."
    )
    assert result.words("part") == (
        "The memo names INV-2042, open at USD 5,250.00; USD 2,000.00 pays a part of it, and the rest stays open."
    )
    assert (
        result.words("zoo")
        == "ZOO, known by its name, has one open item of USD 77.00: INV-2O, and no other line fits that."
    )
    assert result.words("out") == (
        "USD 500.00 left us-operating on 2026-05-11 and reached us-reserve on 2026-05-13; "
        "no other line fits either, and the text says that it is a transfer."
    )
    evidence = json.loads(
        result.outcome.allocations.join(result.outcome.explanations, on="match_id")
        .filter(pl.col("line_id") == "short")["evidence"][0]
    )  # fmt: skip
    assert evidence["tokens"] == "INV 2041"
    assert [part["amount_minor"] for part in evidence["allocations"]] == [100000, -40]
