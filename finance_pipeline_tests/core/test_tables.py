"""A table's promise is one, whether it is asked quickly or said at length."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pandera.errors
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finance_pipeline.core.tables import Column, DoesNotFit, Table

RECEIPTS = Table(
    "receipt",
    "One row per receipt.",
    (
        Column("receipt_id", pl.String, "Its id."),
        Column("kind", pl.String, "cash or card.", nullable=True, one_of=("cash", "card")),
        Column("amount_minor", pl.Int64, "Minor units."),
        Column("received_on", pl.Date, "Day.", nullable=True),
        Column("names", pl.List(pl.String), "What it names."),
    ),
    key=("receipt_id", "received_on"),
)
VALUES = {
    "receipt_id": st.sampled_from(["a", "b", "c", None]),
    "kind": st.sampled_from(["cash", "card", "cheque", None]),
    "amount_minor": st.sampled_from([0, -1, 10**18, None]),
    "received_on": st.sampled_from([date(2026, 5, 1), date(2026, 5, 2), None]),
    "names": st.sampled_from([[], ["INV-1"], [None], None]),
}


@st.composite
def receipts(draw: st.DrawFn) -> pl.DataFrame:
    """Frames that mostly fit: now and then a null, a value, a type, a column or a row too many."""
    rows = draw(st.lists(st.fixed_dictionaries(VALUES), max_size=3))
    filled = {"receipt_id": "d", "amount_minor": 0, "names": []}
    sound = [row | {name: row[name] or value for name, value in filled.items()} for row in rows]
    frame = pl.DataFrame(draw(st.sampled_from([rows, sound])), schema=RECEIPTS.schema, orient="row")
    changed = {
        "as it is": frame,
        "in another order": frame.select(reversed(RECEIPTS.names)),
        "a column too many": frame.with_columns(more=pl.lit(1)),
        "a column too few": frame.drop("kind"),
        "a narrower type": frame.with_columns(pl.col("amount_minor").cast(pl.Int32, strict=False)),
    }
    return draw(st.sampled_from(["as it is"] * 4 + list(changed)).map(changed.__getitem__))


@given(receipts())
def test_a_frame_is_taken_exactly_if_its_columns_keep_the_written_rules_and_no_key_stands_twice(
    frame: pl.DataFrame,
) -> None:
    try:
        RECEIPTS.model.validate(frame, lazy=True)
        fits = not frame.select(RECEIPTS.key).is_duplicated().any()
    except pandera.errors.SchemaErrors:
        fits = False
    if fits:
        assert RECEIPTS.checked(frame).equals(frame.select(RECEIPTS.names))
    else:
        with pytest.raises(DoesNotFit):
            RECEIPTS.checked(frame)


def test_a_refusal_names_the_column_the_rule_and_the_value() -> None:
    receipt = {"receipt_id": "a", "kind": "cheque", "amount_minor": 1, "names": []}
    with pytest.raises(DoesNotFit, match=r"kind: isin.*cheque"):
        RECEIPTS.checked(RECEIPTS.frame([receipt]))


def test_a_refusal_names_the_key_that_stands_twice() -> None:
    receipt = {"receipt_id": "a", "amount_minor": 1, "names": [], "received_on": date(2026, 5, 1)}
    with pytest.raises(DoesNotFit, match="2 rows share a key, the first receipt_id a, received_on 2026-05-01"):
        RECEIPTS.checked(RECEIPTS.frame([receipt, receipt]))


def test_a_frame_that_fits_is_taken_without_loading_the_checker() -> None:
    """It takes a quarter of a second to load, and whoever starts a run would wait for it."""
    code = "import sys; from finance_pipeline.canonical.schemas import PARTIES; PARTIES.checked(PARTIES.empty());"
    said = subprocess.run(
        [sys.executable, "-c", f"{code} print('pandera' in sys.modules)"], check=True, capture_output=True, text=True
    )
    assert said.stdout == "False\n"
