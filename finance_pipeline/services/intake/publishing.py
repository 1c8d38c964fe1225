"""Canonical versions are written: what is new of a frame, reference rates, tombstones.

Here: SQL over canonical tables, wherever they are kept. Not here: what is mapped, and when (`canonicalize`).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import polars as pl
from psycopg import sql

from finance_pipeline.canonical import schemas
from finance_pipeline.core.tables import Table
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.store.copy import copy_in


@dataclass(frozen=True)
class Place:
    """Where canonical versions are kept: the schema of their tables, and the table that marks what was mapped."""

    schema: str
    marks: tuple[str, str]


STANDING = Place("canonical", ("landing", "mapping"))


def publish(conn: Connection, table: Table, frame: pl.DataFrame, place: Place) -> int:
    """Add a version of every record whose content differs from its current version."""
    rows = table.checked(frame)
    if not _knows_any(conn, table, rows, place):
        first = rows.sort("record_id").with_columns(version=pl.lit(1, pl.Int32))
        return copy_in(conn, f"{place.schema}.{table.name}", first)
    publish_id = uuid.uuid4().hex
    copy_in(conn, f"staging.{table.name}", rows.with_columns(publish_id=pl.lit(publish_id)))
    compared = [name for name in table.names if name not in ("record_id", "content_hash")]
    statement = sql.SQL(
        """
        insert into {schema}.{table} ({columns}, version)
        select {staged}, coalesce(known.version, 0) + 1
        from staging.{table} as staged
        left join {schema}.{current} as known using (record_id)
        where staged.publish_id = {publish_id}
            and (known.record_id is null or row({new}) is distinct from row({old}))
        order by staged.record_id
        """
    ).format(
        schema=sql.Identifier(place.schema),
        table=sql.Identifier(table.name),
        current=sql.Identifier(f"{table.name}_current"),
        columns=sql.SQL(", ").join(map(sql.Identifier, table.names)),
        staged=sql.SQL(", ").join(sql.Identifier("staged", name) for name in table.names),
        new=sql.SQL(", ").join(sql.Identifier("staged", name) for name in compared),
        old=sql.SQL(", ").join(sql.Identifier("known", name) for name in compared),
        publish_id=publish_id,
    )
    added = conn.execute(statement).rowcount
    conn.execute(
        sql.SQL("delete from staging.{table} where publish_id = {publish_id}").format(
            table=sql.Identifier(table.name), publish_id=publish_id
        )
    )
    return added


def _knows_any(conn: Connection, table: Table, rows: pl.DataFrame, place: Place) -> bool:
    """Whether a table holds anything of these rows' books and sources: with nothing, nothing need be compared."""
    statement = sql.SQL("select exists (select from {table} where book = any({books}) and source = any({sources}))")
    row = conn.execute(
        statement.format(
            table=sql.Identifier(place.schema, table.name),
            books=rows["book"].unique().to_list(),
            sources=rows["source"].unique().to_list(),
        )
    ).fetchone()
    return bool(row and row[0])


def publish_rates(conn: Connection, rates: pl.DataFrame, place: Place = STANDING) -> int:
    """Add reference rates that are new; a published rate is never revised. rates: schemas.FX_RATES."""
    rows = schemas.FX_RATES.checked(rates)
    publish_id = uuid.uuid4().hex
    copy_in(conn, "staging.fx_rate", rows.with_columns(publish_id=pl.lit(publish_id)))
    added = conn.execute(
        sql.SQL(
            """
            insert into {schema}.fx_rate (rate_on, currency, per_eur, source, content_hash)
            select rate_on, currency, per_eur, source, content_hash from staging.fx_rate where publish_id = {publish_id}
            order by rate_on, currency
            on conflict (rate_on, currency) do nothing
            """
        ).format(schema=sql.Identifier(place.schema), publish_id=publish_id)
    ).rowcount
    conn.execute("delete from staging.fx_rate where publish_id = %s", (publish_id,))
    return added


def bury(conn: Connection, ids: list[str], place: Place) -> int:
    """Tombstones: the last known version of records that the source removed, marked as removed."""
    if not ids:
        return 0
    buried = 0
    for table in schemas.RECORDS.values():
        copied = [name for name in table.names if name != "removed"]
        buried += conn.execute(
            sql.SQL(
                """
                insert into {schema}.{table} ({columns}, removed, version)
                select {columns}, true, version + 1 from {schema}.{current}
                where record_id = any({ids}) and not removed order by record_id
                """
            ).format(
                schema=sql.Identifier(place.schema),
                table=sql.Identifier(table.name),
                current=sql.Identifier(f"{table.name}_current"),
                columns=sql.SQL(", ").join(map(sql.Identifier, copied)),
                ids=ids,
            )
        ).rowcount
    return buried
