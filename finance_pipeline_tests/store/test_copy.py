"""COPY: what goes in comes out, to the last bit, and what would not is refused."""

import datetime
import string
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from finance_pipeline.store.address import Connection
from finance_pipeline.store.copy import DoesNotTravel, copy_in, copy_out
from finance_pipeline.store.database import Database

COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.String,
    "minor": pl.Int64,
    "small": pl.Int32,
    "yes": pl.Boolean,
    "day": pl.Date,
    "at": pl.Datetime("us", "UTC"),
    "rate": pl.Decimal(18, 10),
    "share": pl.Float64,
    "texts": pl.List(pl.String),
    "minors": pl.List(pl.Int64),
}
SCHEMA = pl.Schema(COLUMNS)
TABLE = """
create unlogged table staging.travel (text text, minor bigint, small integer, yes boolean, day date, at timestamptz,
    rate numeric(18, 10), share float8, texts text[], minors bigint[])
"""
LOWEST, HIGHEST = -(2**63), 2**63 - 1
AWKWARD = [
    "",
    " ",
    "\\N",
    "\\.",
    "NULL",
    '"',
    "a,b",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\\",
    '{"',
    "{}",
    "é💶",
    "'",
    "%s",
    "\ufeff",
]
TEXT = (
    st.sampled_from(AWKWARD)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    | st.text(string.printable)
)
MINOR = st.integers(LOWEST, HIGHEST)
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
            "share": st.none() | st.floats(allow_nan=False),
            "texts": st.none() | st.lists(st.none() | TEXT, max_size=4),
            "minors": st.none() | st.lists(st.none() | MINOR, max_size=4),
        }
    ),
    max_size=8,
)


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.transaction(role="owner") as opened:
        opened.execute(TABLE)
        yield opened


def through_postgresql(conn: Connection, frame: pl.DataFrame) -> pl.DataFrame:
    conn.execute("truncate staging.travel")
    assert copy_in(conn, "staging.travel", frame) == frame.height
    columns = ", ".join(frame.columns)
    return copy_out(conn, f"select {columns} from staging.travel", None, frame.schema)  # noqa: S608


@settings(deadline=None, max_examples=75, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
@example(rows=[{"minor": LOWEST, "minors": [LOWEST, None, HIGHEST], "texts": []}, {"minor": HIGHEST, "texts": [None]}])
@example(rows=[{"text": each, "texts": [each, None, each]} for each in AWKWARD])
def test_any_frame_comes_back_as_it_went_in(conn: Connection, rows: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    back = through_postgresql(conn, frame)
    assert back.schema == SCHEMA
    assert back.rows() == frame.rows()


def test_a_frame_that_is_parsed_in_several_pieces_comes_back_as_it_went_in(conn: Connection) -> None:
    frame = pl.DataFrame({"text": AWKWARD * 8000, "texts": [AWKWARD[:3], None] * (len(AWKWARD) * 4000)})
    assert through_postgresql(conn, frame).equals(frame)


def test_a_single_column_of_nulls_keeps_its_rows(conn: Connection) -> None:
    frame = pl.DataFrame({"text": [None, "", None]}, schema={"text": pl.String})
    assert through_postgresql(conn, frame).equals(frame)


def test_a_moment_in_another_time_zone_arrives_as_the_same_moment(conn: Connection) -> None:
    in_new_york = pl.DataFrame({"at": [datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)]}).with_columns(
        pl.col("at").dt.convert_time_zone("America/New_York")
    )
    copy_in(conn, "staging.travel", in_new_york)
    row = conn.execute("select at from staging.travel").fetchone()
    assert row == (datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC),)


def test_parameters_are_values_and_never_sql(conn: Connection) -> None:
    hostile = "'; drop table staging.travel; -- %s %(x)s"
    schema = pl.Schema([("text", pl.String), ("texts", pl.List(pl.String))])
    query = "select %(text)s::text as text, %(texts)s::text[] as texts where 'like%%' like 'l%%' -- the end"
    back = copy_out(conn, query, {"text": hostile, "texts": [hostile, ""]}, schema)
    assert back.rows() == [(hostile, [hostile, ""])]


def test_a_query_without_parameters_may_hold_percent_signs_and_end_with_a_semicolon(conn: Connection) -> None:
    back = copy_out(conn, "select 1 as minor where 'abc' like 'a%';\n", None, pl.Schema({"minor": pl.Int64}))
    assert back.rows() == [(1,)]


def test_no_rows_come_back_as_an_empty_frame_with_its_types(conn: Connection) -> None:
    back = copy_out(conn, "select * from staging.travel", None, SCHEMA)
    assert back.is_empty()
    assert back.schema == SCHEMA


def test_a_value_with_more_decimals_than_its_type_is_refused_and_never_cut(conn: Connection) -> None:
    schema = pl.Schema({"rate": pl.Decimal(18, 2)})
    assert copy_out(conn, "select 1.2500 as rate", None, schema).rows() == [(Decimal("1.25"),)]
    with pytest.raises(DoesNotTravel, match=r"1\.255 has more than 2 decimals"):
        copy_out(conn, "select 1.255 as rate", None, schema)


def test_what_postgresql_cannot_hold_is_refused_with_its_table_row_and_column(conn: Connection) -> None:
    with pytest.raises(DoesNotTravel, match=r"staging\.travel.*0x00.*line 2"):
        copy_in(conn, "staging.travel", pl.DataFrame({"text": ["fine", "a\0b"]}))


@pytest.mark.parametrize("dtype", [pl.Datetime("ns"), pl.Struct({"a": pl.Int64}), pl.List(pl.Date), pl.Time])
def test_a_type_that_would_arrive_changed_is_refused(conn: Connection, dtype: pl.DataType) -> None:
    with pytest.raises(DoesNotTravel, match="column odd"):
        copy_in(conn, "staging.travel", pl.DataFrame({"odd": [None]}, schema={"odd": dtype}))
