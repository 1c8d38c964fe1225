"""Months and ids: the calendar of a book's own time zone, and names that derive from content."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finance_pipeline.core.identity import content_hash, digest, exact_json, parse_json
from finance_pipeline.core.period import BookMonth, Month, by_book, local_date, months, utc_window
from finance_pipeline.core.problems import BadInput

MONTHS = st.builds(Month, st.integers(1900, 2200), st.integers(1, 12))


@given(MONTHS)
def test_a_month_follows_the_one_before_it_without_a_gap(month: Month) -> None:
    assert month.next.previous == month
    assert (month.next.first_day - month.last_day).days == 1
    assert Month.parse(str(month)) == month


def test_a_new_york_evening_belongs_to_its_own_day_not_to_the_utc_morning() -> None:
    assert local_date(datetime(2026, 6, 1, 2, 0, tzinfo=UTC), "America/New_York") == date(2026, 5, 31)


def test_the_month_in_which_clocks_change_is_an_hour_shorter() -> None:
    begin, end = utc_window(Month(2026, 3), "America/New_York")
    assert (end - begin).total_seconds() == (31 * 24 - 1) * 3600


def test_a_reversed_range_of_months_is_refused() -> None:
    with pytest.raises(BadInput, match="earlier month first"):
        months(Month(2026, 5), Month(2026, 4))


@pytest.mark.parametrize("text", ["2026-13", "2026-5", "26-05", "2026-05-01", ""])
def test_a_text_that_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="YYYY-MM"):
        Month.parse(text)


def test_partitions_group_by_book_in_order_and_once() -> None:
    keys = [BookMonth.parse(text) for text in ("us|2026-06", "de|2026-05", "us|2026-05", "us|2026-06")]
    assert by_book(keys) == {"de": [Month(2026, 5)], "us": [Month(2026, 5), Month(2026, 6)]}


def test_fractions_in_json_keep_every_digit() -> None:
    text = '{"amount":90071992547409.93,"rate":1.10,"whole":7}'
    parsed = parse_json(text)
    assert parsed["amount"] == Decimal("90071992547409.93")
    assert exact_json(parsed) == text


@given(st.dictionaries(st.text(), st.one_of(st.decimals(allow_nan=False, allow_infinity=False), st.text(), st.none())))
def test_the_same_content_always_has_the_same_canonical_text(content: dict[str, object]) -> None:
    backwards = dict(reversed(list(content.items())))
    assert exact_json(content) == exact_json(backwards)
    assert content_hash(exact_json(content).encode()) == content_hash(exact_json(backwards).encode())


def spelled(value: Any) -> str:
    """Canonical JSON as its definition has it, member by member."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{spelled(name)}:{spelled(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_NUMBERS = st.one_of(st.integers(), st.integers(10**18, 10**40), st.decimals(allow_nan=False, allow_infinity=False))
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), _TEXTS, _NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)),
    max_leaves=20,
)


@given(_JSON)
def test_the_text_that_evidence_is_known_by_is_that_of_its_definition(content: Any) -> None:
    said = exact_json(content)
    assert said == spelled(content)
    assert exact_json(parse_json(said)) == said


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ('{"b": 1e5, "a": [-0.00, 0E-7, 1.10]}', '{"a":[-0.00,0E-7,1.10],"b":1E+5}'),
        ('{"\\uffff": 1, "\\ud83d\\ude00": 2}', '{"\uffff":1,"\U0001f600":2}'),
        (r'"\u0000\u001f\u007f\u2028\"\\\/\b\f\n\r\t"', '"\\u0000\\u001f\x7f\u2028\\"\\\\/\\b\\f\\n\\r\\t"'),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_numbers_escapes_and_the_order_of_names_are_spelled_in_one_way(text: str, canonical: str) -> None:
    assert exact_json(parse_json(text)) == canonical == spelled(parse_json(text))


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": Infinity}', '{"a": 1', ""])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_parts_of_a_digest_do_not_run_into_each_other() -> None:
    assert digest("ab", "c") != digest("a", "bc")


def test_a_text_cannot_pass_itself_off_as_a_number_that_breaks_the_json_round_it() -> None:
    sly = {"memo": "\x01null,\x01", "note": 'so "\x011-2\x01', "quoted": '"\x015\x01', "amount": Decimal("1.10")}
    said = parse_json(exact_json(sly))
    assert said == sly
