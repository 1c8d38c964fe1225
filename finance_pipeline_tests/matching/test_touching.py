"""A pass over the tiers is spared where what was found before can matter to no line that is left; nothing that is found
may depend on that."""

import pytest
from polars.testing import assert_frame_equal

from finance_pipeline.matching import touching
from finance_pipeline.matching.engine import Inputs, reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.sandbox.labelled import Options, generate

FRAMES = ("matches", "allocations", "exceptions", "explanations")


def test_a_pass_that_is_spared_would_have_found_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made = generate(Options(400, "default", 3, judged=False))
    inputs = Inputs(
        made.bank_lines, made.open_items, made.parties, remittances=made.remittances, fx_rates=made.fx_rates
    )
    answers: list[bool] = []
    asked = touching.matters

    def noted(passed: touching.Passed, special: touching.Special) -> bool:
        answers.append(asked(passed, special))
        return answers[-1]

    monkeypatch.setattr(touching, "matters", noted)
    some = reconcile(inputs, Policy())
    assert answers == [True, False]
    monkeypatch.setattr(touching, "matters", lambda *_: True)
    every = reconcile(inputs, Policy())
    for name in FRAMES:
        assert_frame_equal(getattr(some, name), getattr(every, name))
