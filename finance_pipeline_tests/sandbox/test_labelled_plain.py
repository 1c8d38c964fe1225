"""Plain data: each line pays one invoice in full, and a large number of them is of several books."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from finance_pipeline.matching.engine import Inputs, reconcile
from finance_pipeline.matching.policy import Policy
from finance_pipeline.sandbox.labelled import plain


def test_each_line_pays_one_invoice_of_its_book_in_full_after_it_was_issued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "LINES_A_BOOK", 150)
    lines, items = plain.plain(400, 7)
    for again, frame in zip(plain.plain(400, 7), (lines, items), strict=True):
        assert_frame_equal(again, frame)
    assert items.group_by("book").len().sort("book").rows() == [("book-0", 150), ("book-1", 150), ("book-2", 100)]
    parties = items.unique(["book", "party_id"])
    assert parties["party_id"].is_unique().all(), (
        "a party is of one book, which has as many however many others there are"
    )
    outcome = reconcile(Inputs(lines, items), Policy())
    paid = outcome.allocations.join(lines, on="line_id").join(items, on="item_id", suffix="_of_item")
    assert paid.height > 380
    assert paid["item_id"].n_unique() == paid["line_id"].n_unique() == paid.height
    same = [pl.col(name) == pl.col(f"{name}_of_item") for name in ("book", "amount_minor")]
    assert paid.filter(*same, pl.col("booked_on") > pl.col("issued_on")).height == paid.height
