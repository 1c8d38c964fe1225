"""Stripe's events, made from the logs: what was created or changed in the last 30 days, as it was then."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import lru_cache

import polars as pl

from finance_pipeline.core.identity import digest
from finance_pipeline.sandbox.servers.log import EventLog

KEPT = timedelta(days=30)
COLUMNS = pl.Schema({"id": pl.String, "type": pl.String, "created": pl.Int64, "sort": pl.Int64, "json": pl.String})
NAMES = {
    **{"payout": "payout", "dispute": "charge.dispute", "charge": "charge", "refund": "refund"},
    **{"customer": "customer", "invoice": "invoice"},
}
"""Kind of object -> what its events' types begin with."""
_REACHED = {
    "payout": {"paid": "payout.paid", "failed": "payout.failed", "canceled": "payout.canceled"},
    "dispute": dict.fromkeys(("won", "lost", "warning_closed"), "charge.dispute.closed"),
    "charge": {"succeeded": "charge.succeeded", "pending": "charge.pending", "failed": "charge.failed"},
    "refund": {"failed": "refund.failed"},
    "customer": {},
    "invoice": {"paid": "invoice.paid", "void": "invoice.voided", "open": "invoice.finalized"},
}
"""Kind -> status -> the event of reaching it."""


def events_of(logs: dict[str, EventLog], now: datetime, api_version: str) -> pl.DataFrame:
    """One row per event of the last 30 days: id, type, created (Unix seconds), sort, json (the whole event)."""
    made = [_of_kind(log, kind, log.position(now - KEPT), log.position(now), api_version) for kind, log in logs.items()]
    found = pl.concat([pl.DataFrame(schema=COLUMNS), *made]).sort("created", "sort", "id")
    return found.with_columns(sort=pl.int_range(pl.len(), dtype=pl.Int64))


@lru_cache(maxsize=16)
def _of_kind(log: EventLog, kind: str, begin: int, end: int, api_version: str) -> pl.DataFrame:
    """The events that the versions in [begin, end) of one log caused."""
    before = pl.col("status").shift(1).over("id")
    versions = log.events.head(end).with_columns(
        first=pl.int_range(pl.len()).over("id") == 0,
        arrived=pl.col("status").ne_missing(before),
        more_refunded=_rose("amount_refunded", log),
        itemised=_became("reconciliation_status", "completed", log),
    )
    gone = pl.col("op") == "removed"
    recent = versions.with_columns(pl.col("json").forward_fill().over("id")).slice(begin)
    first, name = pl.col("first"), NAMES[kind]
    reached = pl.col("status").replace_strict(_REACHED[kind], default=None, return_dtype=pl.String)
    created = pl.lit(None) if kind == "charge" else pl.lit(f"{name}.created")
    types = [
        pl.when(gone).then(pl.lit(f"{name}.deleted")).when(first).then(created).otherwise(pl.lit(f"{name}.updated")),
        pl.when(pl.col("arrived") & ~gone).then(reached),
        pl.when(~first & pl.col("more_refunded")).then(pl.lit("charge.refunded")),
        pl.when(pl.col("itemised")).then(pl.lit("payout.reconciliation_completed")),
    ]
    seconds = pl.col("visible_at").dt.epoch("s").alias("created")
    rows = pl.concat(
        recent.select("id", seconds, (pl.col("sort") * len(types) + turn).alias("sort"), each.alias("type"), "json")
        for turn, each in enumerate(types)
    ).drop_nulls("type")
    found = [_event(api_version, *row) for row in rows.iter_rows()]
    return pl.DataFrame(found, schema=COLUMNS, orient="row")


def _rose(column: str, log: EventLog) -> pl.Expr:
    known = column in log.events.columns
    return (pl.col(column) > pl.col(column).shift(1).over("id")).fill_null(False) if known else pl.lit(False)


def _became(column: str, value: str, log: EventLog) -> pl.Expr:
    if column not in log.events.columns:
        return pl.lit(False)
    return (pl.col(column) == value) & pl.col(column).shift(1).over("id").ne_missing(value)


def _event(
    version: str, object_id: str, created: int, sort: int, kind: str, text: str
) -> tuple[str, str, int, int, str]:
    event_id = "evt_" + digest(object_id, sort, created, kind)[:24]
    head = {"id": event_id, "object": "event", "api_version": version, "created": created, "livemode": False}
    tail = {"pending_webhooks": 0, "request": {"id": None, "idempotency_key": None}, "type": kind}
    spliced = f'{json.dumps(head)[:-1]}, "data": {{"object": {text}}}, {json.dumps(tail)[1:]}'
    return event_id, kind, created, sort, spliced
