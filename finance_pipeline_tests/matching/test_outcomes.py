"""What is found is told in slices of matches, so that a large month needs no more memory than a slice."""

import hashlib

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from finance_pipeline.matching import outcomes
from finance_pipeline.matching.engine import Inputs, reconcile
from finance_pipeline.matching.kernels.buffers import plain_texts
from finance_pipeline.matching.kernels.digests import digests
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


def test_many_texts_at_once_have_the_digests_that_each_has_alone() -> None:
    """Of every length around the ends of its blocks, side by side with others that end sooner or later."""
    texts = pl.Series(["".join(chr(97 + (n * k) % 26) for k in range(n * 7 % 201)) for n in range(403)])
    hashed = [hashlib.sha256(text.encode()).hexdigest() for text in texts.to_list()]
    assert digests(plain_texts(texts)).to_list() == hashed
