"""Replay: canonical versions from evidence alone, beside those that stand, compared with them version by version.

Every mapping that was ever made (landing.mapping_step) is made again, in its order and with what was landed by then,
by the same functions, into a schema that the transaction makes and drops: a replay that is stopped leaves nothing.
Versions that are missing are put back; what stands is never changed or removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
from psycopg import sql

from finance_pipeline.canonical import registry, schemas
from finance_pipeline.canonical.replayed import VERSIONS, Compared, compare
from finance_pipeline.core.period import Month, months
from finance_pipeline.core.settings import Settings
from finance_pipeline.core.tables import Table
from finance_pipeline.landing.manifest import Connection
from finance_pipeline.services.intake.canonicalize import Feed, Step, feed_of, map_news, set_marks
from finance_pipeline.services.intake.publishing import Place, publish_rates
from finance_pipeline.services.workspace import Workspace
from finance_pipeline.store.copy import copy_out
from finance_pipeline.store.locks import book_lock
from finance_pipeline.store.sql import query

Tell = Callable[[str, bool], None]
_SIDE = "replay"
_PLACE = Place(_SIDE, (_SIDE, "mapping"))
_TABLES: tuple[Table, ...] = (*schemas.RECORDS.values(), schemas.FX_RATES)


@dataclass(frozen=True)
class Replayed:
    """What a replay found. restored: versions that were missing and stand again."""

    tables: list[Compared]
    step_count: int
    restored: int
    other_mappers: list[str]
    """Sources whose mapper is another now than in some step."""

    @property
    def differences(self) -> pl.DataFrame:
        return pl.concat([table.differences for table in self.tables])

    def count(self, what: str) -> int:
        return sum(table.count(what) for table in self.tables)

    @property
    def is_whole(self) -> bool:
        """Whether what stands now is what the evidence gives."""
        return self.differences.height == self.restored


def replay(workspace: Workspace, tell: Tell, *, since: date | None = None, restore: bool = True) -> Replayed:
    """Map all evidence again and compare. since: only versions mapped from that day (UTC) on are compared.

    Earlier evidence is mapped in any case, since later versions go on from it. Versions from before mappings were
    recorded are taken as they stand and not compared. Nobody maps or closes a book meanwhile.
    Raises EvidenceMissing, naming the file, where a landed file is gone; BadInput for a book without settings.
    """
    beginning = datetime.combine(since, time(), UTC) if since else datetime.min.replace(tzinfo=UTC)
    with workspace.database.transaction(role="owner") as conn:
        for book in sorted(workspace.settings.book_ids):
            book_lock(conn, book)
        _make_side(conn)
        steps = conn.execute(query("mapping_steps")).fetchall()
        earlier = _map_rates(workspace, conn, beginning) | _map_steps(workspace, conn, steps, beginning, tell)
        compared = [_compare(conn, table, earlier.get(table.name, 0)) for table in _TABLES]
        restored = sum(_restore(conn, each) for each in compared) if restore else 0
        conn.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(_SIDE)))
    others = {step[1] for step in steps if step[4] not in (0, registry.mapper_version(step[1]))}
    return Replayed(compared, len(steps), restored, sorted(others))


def _make_side(conn: Connection) -> None:
    """Empty tables like those that stand, and their views of what is current."""
    side = sql.Identifier(_SIDE)
    conn.execute(sql.SQL("create schema {}").format(side))
    conn.execute(sql.SQL("create table {}.mapping (like landing.mapping including all)").format(side))
    for table in _TABLES:
        name, current = sql.Identifier(table.name), sql.Identifier(f"{table.name}_current")
        conn.execute(
            sql.SQL("create table {side}.{name} (like canonical.{name} including all)").format(side=side, name=name)
        )
        if table.name in schemas.RECORDS:
            conn.execute(
                sql.SQL(
                    """
                    create view {side}.{current} as
                    select this.* from {side}.{name} as this
                    where not exists (
                        select from {side}.{name} as newer
                        where newer.record_id = this.record_id and newer.version > this.version and newer.version > 1
                    )
                    """
                ).format(side=side, name=name, current=current)
            )


def _map_rates(workspace: Workspace, conn: Connection, beginning: datetime) -> dict[str, int]:
    """Rates are published as they land, a landed file at a time, and the first one published counts."""
    name, earlier = schemas.FX_RATES.name, 0
    for path, landed_at in conn.execute(query("landed_rates")).fetchall():
        if landed_at < beginning:
            earlier = -1
        elif earlier == -1:
            earlier = _last_recorded(conn, name)
        publish_rates(conn, registry.map_rates(workspace.landing.read([path]).collect()), _PLACE)
    return {name: _last_recorded(conn, name) if earlier == -1 else earlier}


def _map_steps(
    workspace: Workspace, conn: Connection, steps: list[tuple[Any, ...]], beginning: datetime, tell: Tell
) -> dict[str, int]:
    """Make every mapping again; returns, by table, the last number recorded before the beginning."""
    earlier: dict[str, int] = dict.fromkeys(schemas.RECORDS, 0)
    for number, row in enumerate(steps, 1):
        tell(f"{number} of {len(steps)} mappings made again: {row[0]}, {row[1]}", number == len(steps))
        step = _step(workspace.settings, row)
        from_before = not row[4] and _take_as_they_stand(conn, row)
        if from_before:
            set_marks(conn, step, _PLACE)
        else:
            map_news(workspace, conn, step, _PLACE)
        if from_before or row[7] < beginning:
            earlier = {name: _last_recorded(conn, name) for name in schemas.RECORDS}
    return earlier


def _step(settings: Settings, row: tuple[Any, ...]) -> Step:
    """A row of mapping_steps. Of a step from before they were kept, today's settings say where records came from."""
    book_id, source, connections, accounts, mapper_version, last_month, up_to_seq, _ = row
    book = settings.book(book_id)
    feed = Feed(source, connections, accounts, mapper_version) if mapper_version else feed_of(settings, book, source)
    return Step(book, feed, months(book.first_month, Month.parse(last_month)), up_to_seq)


def _take_as_they_stand(conn: Connection, row: tuple[Any, ...]) -> int:
    """Copy what stood when steps began to be kept: in which steps it came about is not known. Returns the versions."""
    book_id, source, recorded_at = row[0], row[1], row[7]
    return sum(
        conn.execute(
            sql.SQL(
                """
                insert into {side} ({columns}) select {columns} from {standing}
                where book = %s and source = %s and recorded_at <= %s
                order by recorded_seq
                """
            ).format(
                side=sql.Identifier(_SIDE, name),
                standing=sql.Identifier("canonical", name),
                columns=sql.SQL(", ").join(map(sql.Identifier, [*table.names, "version"])),
            ),
            (book_id, source, recorded_at),
        ).rowcount
        for name, table in schemas.RECORDS.items()
    )


def _last_recorded(conn: Connection, table: str) -> int:
    row = conn.execute(
        sql.SQL("select coalesce(max(recorded_seq), 0) from {}").format(sql.Identifier(_SIDE, table))
    ).fetchone()
    return int(row[0]) if row else 0


def _compare(conn: Connection, table: Table, earlier_seq: int) -> Compared:
    standing, replayed = (_versions(conn, schema, table, earlier_seq) for schema in ("canonical", _SIDE))
    return compare(table.name, standing, replayed)


def _versions(conn: Connection, schema: str, table: Table, earlier_seq: int) -> pl.DataFrame:
    """VERSIONS of one table: the hash is over the text of all columns that the canonical schema names."""
    statement = sql.SQL(
        """
        select {key} as key, {version} as version, recorded_seq <= {earlier} as earlier,
            encode(sha256(convert_to(row({columns})::text, 'UTF8')), 'hex') as content
        from {table}
        """
    ).format(
        key=_key(table),
        version=sql.SQL("version" if table.name in schemas.RECORDS else "1"),
        earlier=earlier_seq,
        columns=sql.SQL(", ").join(map(sql.Identifier, table.names)),
        table=sql.Identifier(schema, table.name),
    )
    return copy_out(conn, statement, None, VERSIONS)


def _key(table: Table) -> sql.SQL:
    """What a version is known by, beside its number."""
    return sql.SQL("record_id" if table.name in schemas.RECORDS else "rate_on || ' ' || currency")


def _restore(conn: Connection, compared: Compared) -> int:
    """Put back the versions that are missing, in the order in which they were mapped."""
    missing = compared.differences.filter(what="added")
    if missing.is_empty():
        return 0
    table = next(each for each in _TABLES if each.name == compared.table)
    is_record = table.name in schemas.RECORDS
    columns = [*table.names, *(["version"] if is_record else [])]
    statement = sql.SQL(
        """
        insert into {standing} ({columns})
        select {columns} from {side}
        where ({key}, {version}) in (select * from unnest(%s::text[], %s::integer[]))
        order by recorded_seq
        """
    ).format(
        standing=sql.Identifier("canonical", table.name),
        side=sql.Identifier(_SIDE, table.name),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        key=_key(table),
        version=sql.SQL("version" if is_record else "1"),
    )
    return conn.execute(statement, (missing["key"].to_list(), missing["version"].to_list())).rowcount
