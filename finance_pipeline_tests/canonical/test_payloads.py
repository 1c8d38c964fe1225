"""From JSON to columns: no digit is lost, and one odd record spoils no other."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finance_pipeline.canonical import decoding
from finance_pipeline.canonical.decoding import decode
from finance_pipeline.canonical.payloads import said
from finance_pipeline.core.money import minor_expr, to_minor
from finance_pipeline_tests.canonical.evidence import evidence

SHAPE = {"amount": None, "words": None, "inside": {"amount": None}, "parts": [{"amount": None}]}
DIGITS = {"EUR": 2, "JPY": 0, "KWD": 3}


@st.composite
def amounts(draw: st.DrawFn) -> tuple[str, Decimal]:
    currency = draw(st.sampled_from(sorted(DIGITS)))
    return currency, Decimal(draw(st.integers(-(10**17), 10**17))).scaleb(-DIGITS[currency])


@given(st.lists(amounts(), min_size=1, max_size=20), st.text(max_size=20))
def test_every_amount_of_a_currency_survives_digit_for_digit_wherever_it_stands(
    stated: list[tuple[str, Decimal]], words: str
) -> None:
    records = [
        ("x", str(i), {"amount": value, "words": words, "inside": {"amount": value}, "parts": [{"amount": value}]})
        for i, (_, value) in enumerate(stated)
    ]
    frame, unfit = decode(evidence(*records), SHAPE)
    found = frame.with_columns(currency=pl.Series([currency for currency, _ in stated])).select(
        minor_expr(said("amount"), pl.col("currency")),
        inside=minor_expr(said("inside", "amount"), pl.col("currency")),
        part=minor_expr(said("parts").list.first().struct.field("amount"), pl.col("currency")),
        words=said("words"),
    )
    wanted = [to_minor(value, currency) for currency, value in stated]
    assert unfit.is_empty()
    assert found.rows() == [(minor, minor, minor, words) for minor in wanted]


def test_a_text_that_looks_like_json_stays_a_text() -> None:
    words = 'he said "amount":12.50, and {"amount":3}'
    frame, _ = decode(evidence(("x", "1", {"words": words, "amount": Decimal("1.10")})), SHAPE)
    assert frame.select(said("words"), amount=said("amount")).rows() == [(words, "1.10")]


def test_an_id_or_the_object_itself_can_stand_in_an_expandable_member() -> None:
    records = [("x", "1", {"source": "ch_1"}), ("x", "2", {"source": {"id": "ch_2"}}), ("x", "3", {"source": None})]
    frame, _ = decode(evidence(*records), {"source": {"id": None}}, expandable=("source",))
    assert frame.select(said("source", "id")).to_series().to_list() == ["ch_1", "ch_2", None]


def test_records_that_do_not_have_the_documented_types_are_set_aside_and_the_others_go_through() -> None:
    records = [("x", str(i), {"amount": i}) for i in range(50)]
    records[17] = ("x", "17", {"amount": {"value": 1}})
    records[44] = ("x", "44", {"inside": "text"})
    frame, unfit = decode(evidence(*records), SHAPE)
    assert frame.height == 48
    assert unfit["source_id"].to_list() == ["17", "44"]
    assert unfit["reason"].str.contains("types").all()


@pytest.mark.parametrize("odd", [{}, {"words": {"value": 1}}, {"words": "[1] is a text"}, {"inside": "text"}])
def test_many_records_are_decoded_as_few_are(monkeypatch: pytest.MonkeyPatch, odd: dict[str, object]) -> None:
    whole = {"amount": Decimal("90071992547409.93"), "words": 'says "x":1', "inside": {"amount": None}, "parts": []}
    many = evidence(*(("x", str(i), whole | (odd if i == 2 else {})) for i in range(4)))
    slowly = decode(many, SHAPE)
    monkeypatch.setattr(decoding, "_MANY", 3)
    at_once = decode(many, SHAPE)
    assert all(a.equals(b) for a, b in zip(slowly, at_once, strict=True))
    assert at_once[0]["said"].struct.field("amount")[0] == "90071992547409.93"
