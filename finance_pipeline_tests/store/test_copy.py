"""COPY: what goes in comes out, to the last bit."""

import datetime
import string
from decimal import Decimal

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance_pipeline.store.copy import copy_in, copy_out
from finance_pipeline.store.database import Database

SCHEMA = pl.Schema(
    {
        "text": pl.String,
        "minor": pl.Int64,
        "small": pl.Int32,
        "yes": pl.Boolean,
        "day": pl.Date,
        "at": pl.Datetime("us", "UTC"),
        "rate": pl.Decimal(18, 10),
        "texts": pl.List(pl.String),
        "minors": pl.List(pl.Int64),
    }
)
TABLE = """
create unlogged table staging.travel (text text, minor bigint, small integer, yes boolean, day date, at timestamptz,
    rate numeric(18, 10), texts text[], minors bigint[])
"""
AWKWARD = st.sampled_from(
    ["", " ", "\\N", "\\.", "NULL", '"', "a,b", "\t", "\n", "\r\n", "\r", "\\", '{"', "{}", "é💶", "'", "%s"]
)
TEXT = AWKWARD | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(string.printable)
MINOR = st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.none() | TEXT,
            "minor": st.none() | MINOR,
            "small": st.none() | st.integers(-(2**31), 2**31 - 1),
            "yes": st.none() | st.booleans(),
            "day": st.none() | st.dates(),
            "at": st.none() | st.datetimes(timezones=st.just(datetime.UTC)),
            "rate": st.none() | st.decimals(Decimal("-99999999"), Decimal("99999999"), places=10),
            "texts": st.none() | st.lists(st.none() | TEXT, max_size=4),
            "minors": st.none() | st.lists(st.none() | MINOR, max_size=4),
        }
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_any_frame_comes_back_as_it_went_in(database: Database, rows: list[dict[str, object]]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    with database.transaction(role="owner") as conn:
        conn.execute(TABLE)
        assert copy_in(conn, "staging.travel", frame) == frame.height
        back = copy_out(conn, "select * from staging.travel", None, SCHEMA)
        conn.execute("drop table staging.travel")
    assert back.schema == SCHEMA
    assert back.rows() == frame.rows()
