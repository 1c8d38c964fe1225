"""What a column means is said once: the same text is on Dagster's page and in the database."""

import pytest

from finance_pipeline.canonical import schemas
from finance_pipeline.core.tables import Table
from finance_pipeline.services import tables
from finance_pipeline.store.database import Database

IN_THE_DATABASE = [
    *(("canonical", table) for table in (*schemas.RECORDS.values(), schemas.FX_RATES)),
    *(("recon", table) for table in (tables.MATCHES, tables.EXCEPTIONS, tables.OPEN_ITEMS, tables.OPEN_LINES)),
    *(("report", table) for table in (tables.TIE_OUTS, tables.CASH_POSITION)),
]


@pytest.mark.parametrize(("schema", "table"), IN_THE_DATABASE, ids=lambda each: getattr(each, "name", each))
def test_a_column_is_described_and_nullable_in_the_database_as_in_its_frame(
    database: Database, schema: str, table: Table
) -> None:
    with database.transaction(role="reader") as conn:
        said = conn.execute(
            """
            select attname, col_description(attrelid, attnum), not attnotnull
            from pg_attribute
            where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
            """,
            (f"{schema}.{table.name}",),
        ).fetchall()
    there = {name: (meaning, nullable) for name, meaning, nullable in said}
    described = {column.name: (column.meaning, column.nullable) for column in table.columns}
    assert described == {name: there.get(name) for name in described}
