"""Looking up by place finds what a join would, and sums by place lose no cent."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_pipeline.core.money import exponent
from finance_pipeline.matching import places
from finance_pipeline.matching.text import money_words

LARGEST = 2**63 - 1
CODES = ("EUR", "JPY", "KWD")


def column(numbers: list[int]) -> pl.Series:
    return pl.Series(numbers, dtype=pl.UInt32)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_rows_in_order_stand_by_line_and_item_each_once(each: list[tuple[int, int]]) -> None:
    rows = pl.DataFrame(each, schema={"l": pl.UInt32, "i": pl.UInt32}, orient="row")
    assert places.in_order(rows).rows() == sorted(set(each))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_rows_meet_their_counterparts_as_in_a_join(asked: list[int], known: set[int]) -> None:
    rows = pl.DataFrame({"l": column(asked)}).with_row_index("n")
    facts = pl.DataFrame({"l": column(sorted(known, reverse=True))}).with_columns(name=pl.format("line {}", "l"))
    assert places.met(rows, facts, "l").equals(rows.join(facts, on="l", maintain_order="left"))
    assert places.with_met(rows, facts, "l").equals(rows.join(facts, on="l", how="left", maintain_order="left"))
    assert places.among(rows["l"], facts["l"]).to_list() == [each in known for each in asked]
    assert places.lone(rows["l"]).to_list() == [asked.count(each) == 1 for each in asked]


@settings(max_examples=60, deadline=None)
@given(*2 * [st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)))])
def test_rows_with_and_without_others_are_as_in_joins(
    asked: list[tuple[int, int]], some: list[tuple[int, int]]
) -> None:
    rows, others = (
        pl.DataFrame(pairs, schema={"l": pl.UInt32, "i": pl.UInt32}, orient="row") for pairs in (asked, some)
    )
    for by in (["l"], ["l", "i"]):
        assert places.having(rows, others, *by).equals(rows.join(others, on=by, how="semi", maintain_order="left"))
        assert places.without(rows, others, *by).equals(rows.join(others, on=by, how="anti", maintain_order="left"))
    alone, rest = places.alone(rows, "l", "i")
    single = (pl.len().over("l") == 1) & (pl.len().over("i") == 1)
    assert alone.equals(rows.filter(single))
    assert rest.equals(rows.filter(~single))
    assert places.contested(rows).equals(rows.filter(pl.col("l").n_unique().over("i") > 1))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-(2**53) - 7, 2**53 + 7))))
def test_sums_by_place_are_exact_beyond_what_a_float_holds(parts: list[tuple[int, int]]) -> None:
    found = places.sums(column([place for place, _ in parts]), pl.Series([m for _, m in parts], dtype=pl.Int64), 6)
    assert found.to_list() == [sum(minor for place, minor in parts if place == each) for each in range(6)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.none() | st.integers(-LARGEST - 1, LARGEST), st.none() | st.sampled_from(CODES))))
def test_an_amount_reads_as_a_bookkeeper_writes_it(given_: list[tuple[int | None, str | None]]) -> None:
    frame = pl.DataFrame(given_, schema={"minor": pl.Int64, "code": pl.String}, orient="row")

    def written(minor: int | None, code: str | None) -> str | None:
        if minor is None or code is None:
            return None
        digits = exponent(code)
        whole, cents = divmod(abs(minor), 10**digits)
        decimals = f".{cents:0{digits}}" if digits else ""
        return f"{code} {'-' if minor < 0 else ''}{whole:,}{decimals}"

    said = frame.with_columns(said=money_words("minor", "code", frame))
    assert said["said"].to_list() == [written(minor, code) for minor, code in given_]
