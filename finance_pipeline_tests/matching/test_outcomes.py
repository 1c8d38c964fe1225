"""What is found is told in slices of matches, so that a large month needs no more memory than a slice."""

import pytest
from polars.testing import assert_frame_equal

from finance_pipeline.matching import outcomes
from finance_pipeline.matching.engine import Inputs, reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.sandbox.labelled import Options, generate


def test_matches_told_a_few_at_a_time_are_told_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    labelled = generate(Options(200, "hard", 5, judged=False))
    inputs = Inputs(labelled.bank_lines, labelled.open_items, labelled.parties, remittances=labelled.remittances)
    whole = reconcile(inputs, Policy())
    monkeypatch.setattr(outcomes, "_SLICE_MATCHES", 7)
    sliced = reconcile(inputs, Policy())
    assert whole.allocations.height > whole.matches.height > 70
    for name in ("matches", "allocations", "exceptions", "explanations"):
        assert_frame_equal(getattr(sliced, name), getattr(whole, name))
