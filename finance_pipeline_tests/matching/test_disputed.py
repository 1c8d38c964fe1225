"""Two lines that would take one item together: neither does, whichever rule found them."""

import polars as pl
import pytest

from finance_pipeline.matching.policy import Policy
from finance_pipeline.matching.pool import PAIRS, REFUSED, Found, Pool, pairs_of


def pool_of(open_minor: int) -> Pool:
    numbers = {"l": pl.UInt32, "i": pl.UInt32}
    lines = pl.DataFrame({"l": [0, 1, 2], "amount": [100, 100, 70]}, schema_overrides=numbers)
    items = pl.DataFrame({"i": [0, 1], "amount": [open_minor, 70]}, schema_overrides=numbers)
    nothing = pl.DataFrame(schema=PAIRS), pl.DataFrame(schema=REFUSED)
    return Pool(lines, items, nothing[0].select("l", "i"), nothing[0].select("l", "other_l"), *nothing, Policy())


@pytest.mark.parametrize("open_minor", [100, 199, -200])
def test_lines_that_would_take_more_of_an_item_than_is_open_are_refused_together(open_minor: int) -> None:
    found = pl.DataFrame({"l": [0, 1, 2], "i": [0, 0, 1], "amount": [100, 100, 70], "item_amount": [100, 100, 70]})
    pairs = pairs_of(found, tier=1, rule="references_some", role="principal")
    after = pool_of(open_minor).take(Found(pairs, pl.DataFrame(schema=REFUSED)))
    assert after.pairs["l"].to_list() == [2]
    assert after.lines["l"].to_list() == [0, 1]
    assert sorted(after.refused.select("l", "i").rows()) == [(0, 0), (1, 0)]


def test_lines_that_share_what_is_open_are_taken() -> None:
    found = pl.DataFrame({"l": [0, 1], "i": [0, 0], "amount": [100, 100], "item_amount": [100, 100]})
    pairs = pairs_of(found, tier=1, rule="partial_payment", role="principal")
    assert pool_of(200).take(Found(pairs, pl.DataFrame(schema=REFUSED))).items["i"].to_list() == [1]
