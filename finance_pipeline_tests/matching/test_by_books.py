"""A book is matched the same whether it is alone or beside others, and others at the same time or after it."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from finance_pipeline.core.tables import DoesNotFit
from finance_pipeline.matching import by_books, engine
from finance_pipeline.matching.engine import Inputs, Outcome, reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.sandbox.labelled import Options, generate
from finance_pipeline_tests.matching.world import World

FRAMES = ("matches", "allocations", "retractions", "exceptions", "explanations")
_OF_ONE_BOOK = ("book", "line_id", "item_id", "other_line_id", "account_id", "processor_account", "account")


def _matched(inputs: Inputs, slice_lines: int, monkeypatch: pytest.MonkeyPatch, slices: int = 1) -> Outcome:
    """The outcome, by so many slices of the books."""
    worked: list[Inputs] = []
    once = engine._once

    def counted(part: Inputs, policy: Policy) -> Outcome:
        worked.append(part)
        return once(part, policy)

    with monkeypatch.context() as patched:
        patched.setattr(by_books, "SLICE_LINES", slice_lines)
        patched.setattr(engine, "_once", counted)
        outcome = reconcile(inputs, Policy())
    assert len(worked) == slices
    return outcome


def _twin(frame: pl.DataFrame) -> pl.DataFrame:
    """The same of other books, with accounts of their own; parties, numbers, amounts and days are the same."""
    return frame.with_columns(pl.col(name) + "-twin" for name in _OF_ONE_BOOK if name in frame.columns)


def test_a_book_is_matched_as_if_alone_beside_one_of_the_same_customers_numbers_and_amounts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = generate(Options(200, "hard", 5, judged=False))
    shared = {"remittances": data.remittances, "fx_rates": data.fx_rates}
    parties = data.parties.with_columns(book=pl.lit(None, pl.String))
    alone = Inputs(data.bank_lines, data.open_items, parties, **shared)
    lines, items = (pl.concat([each, _twin(each)]) for each in (data.bank_lines, data.open_items))
    both = _matched(Inputs(lines, items, parties, **shared), 10**9, monkeypatch)
    found = _matched(alone, 10**9, monkeypatch).allocations.drop("match_id")
    of_twin = pl.col("line_id").str.ends_with("-twin")
    assert found.height > 100
    assert_frame_equal(both.allocations.filter(~of_twin).drop("match_id"), found)
    assert_frame_equal(both.allocations.filter(of_twin).drop("match_id"), _twin(found))
    shuffled = Inputs(lines.sample(fraction=1, shuffle=True, seed=1), items, parties, **shared)
    sliced = _matched(shuffled, 200, monkeypatch, slices=2)
    for name in FRAMES:
        assert_frame_equal(getattr(sliced, name), getattr(both, name))


def test_books_of_one_account_are_matched_together(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World().item("INV-2041", "100.00", "Acme Ltd", book="uk")
    world.line("sent", "-310.00", "RENT", on=3, book="uk", end_to_end_id="E2E-778812")
    world.line("back", "310.00", "RETURNED PAYMENT E2E-778812", on=6, book="us").line("paid", "100.00", "INV-2041")
    world.line("uk-paid", "100.00", "INV-2041", book="uk").line("de", "7.00", "X", book="de", account_id="de-1")
    together = _matched(world.inputs(), 10**9, monkeypatch)
    sliced = _matched(world.inputs(), 1, monkeypatch, slices=2)
    assert sorted(together.matches["rule"]) == ["reference", "returned_payment"]
    for name in FRAMES:
        assert_frame_equal(getattr(sliced, name), getattr(together, name))


def test_one_id_in_two_books_is_refused_though_they_are_matched_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    world = (
        World().line("paid", "100.00", "INV-2041", book="uk").line("other", "7.00", "X", book="de", account_id="de-1")
    )
    inputs = world.item("INV-2041", "100.00", "Acme Ltd", book="uk").inputs()
    lines = inputs.bank_lines.with_columns(line_id=pl.lit("paid"))
    monkeypatch.setattr(by_books, "SLICE_LINES", 1)
    with pytest.raises(DoesNotFit, match=r"line_id 'paid' stands more than once"):
        reconcile(Inputs(lines, inputs.open_items), Policy())
    no_items = reconcile(Inputs(inputs.bank_lines, inputs.open_items.clear()), Policy())
    assert no_items.exceptions["line_id"].to_list() == ["other", "paid"]
