"""Stripe's lists: which records a query selects, newest first, and which page of them it gets.

Here: filters and pages over frames. Not here: HTTP, authorisation, or how one record looks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from finance_pipeline.sandbox.servers.log import Fields

DEFAULT_LIMIT, LARGEST_LIMIT = 10, 100
_RANGES = {"gt": pl.Expr.gt, "gte": pl.Expr.ge, "lt": pl.Expr.lt, "lte": pl.Expr.le}
Query = Sequence[tuple[str, str]]


class Refused(Exception):
    """An error in Stripe's form. param: the parameter at fault."""

    def __init__(
        self, message: str, *, status: int = 400, kind: str = "invalid_request_error", code: str = "", param: str = ""
    ) -> None:
        self.message, self.status, self.kind, self.code, self.param = message, status, kind, code, param
        super().__init__(message)


@dataclass(frozen=True)
class Resource:
    """One kind of object. noun: as error messages say it. equals, ranges: the parameters that its list filters by."""

    kind: str
    noun: str
    fields: Fields
    equals: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ("created",)
    embedded: tuple[str, ...] = field(default=())
    """Properties that the log holds expanded, and that are an id (a list: nothing) unless a call expands them."""


def _fields(*texts: str, whole: tuple[str, ...] = ()) -> Fields:
    """Columns of the same name as the property: texts, and whole numbers beside `created`."""
    found = {name: (f"$.{name}", pl.String()) for name in texts}
    return {**found, **{name: (f"$.{name}", pl.Int64()) for name in ("created", *whole)}}


RESOURCES: Mapping[str, Resource] = {
    "balance_transactions": Resource(
        "balance_transaction",
        "balance transaction",
        {
            **_fields("type", "currency", whole=("available_on", "net")),
            "source_text": ("$.source", pl.String()),
            "source_id": ("$.source.id", pl.String()),
        },
        equals=("type", "currency", "source", "payout"),
        embedded=("source",),
    ),
    "payouts": Resource(
        "payout",
        "payout",
        _fields(
            *("status", "destination", "balance_transaction", "automatic", "reconciliation_status"),
            whole=("arrival_date",),
        ),
        equals=("status", "destination"),
        ranges=("created", "arrival_date"),
    ),
    "disputes": Resource(
        "dispute", "dispute", _fields("charge", "payment_intent", "status"), equals=("charge", "payment_intent")
    ),
    "charges": Resource(
        "charge",
        "charge",
        _fields("customer", "payment_intent", "status", whole=("amount_refunded",)),
        equals=("customer", "payment_intent"),
    ),
    "refunds": Resource(
        "refund", "refund", _fields("charge", "payment_intent", "status"), equals=("charge", "payment_intent")
    ),
    "customers": Resource("customer", "customer", _fields("email", "status"), equals=("email",)),
    "invoices": Resource(
        "invoice",
        "invoice",
        _fields("customer", "status"),
        equals=("customer", "status"),
        ranges=("created", "due_date"),
        embedded=("payments",),
    ),
    "events": Resource("event", "event", {}, equals=("type",)),
}


def newest_first(frame: pl.DataFrame) -> pl.DataFrame:
    """Stripe's order: by creation, the later of one second first."""
    return frame.sort("created", "sort", descending=True)


def selected(frame: pl.DataFrame, resource: Resource, query: Query) -> pl.DataFrame:
    """The rows that pass every filter of a query. Raises Refused for a parameter that the list does not know.

    `source` and `payout` of balance transactions are not columns of the same name: see `source_is`, and the caller.
    """
    conditions: list[pl.Expr] = []
    wanted_types: list[str] = []
    for name, value in query:
        base, _, operator = name.replace("]", "").partition("[")
        if base in ("limit", "starting_after", "ending_before", "expand", "payout"):
            continue
        if base in resource.ranges and (operator in _RANGES or not operator):
            compare = _RANGES.get(operator, pl.Expr.eq)
            conditions.append(compare(pl.col(base), _integer(name, value)))
        elif base == "types" and resource.kind == "event":
            wanted_types.append(value)
        elif base == "source" and base in resource.equals:
            conditions.append(pl.coalesce("source_id", "source_text") == value)
        elif base in resource.equals and not operator:
            conditions.append(pl.col(base) == value)
        else:
            raise Refused(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
    if wanted_types:
        conditions.append(pl.col("type").is_in(wanted_types))
    return frame.filter(conditions) if conditions else frame


def page_of(
    frame: pl.DataFrame, resource: Resource, query: Query, everything: pl.DataFrame, largest: int | None = None
) -> tuple[pl.DataFrame, bool]:
    """The asked page of some rows (newest first), and whether there are more in that direction.

    largest: bound of a page whatever is asked for. everything: all rows of the kind, newest first; the cursor object
    need not pass the filters. Raises Refused for an object that does not exist, and for a limit outside 1 to 100.
    """
    given = dict(query)
    limit = _integer("limit", given.get("limit", str(DEFAULT_LIMIT)))
    if not 1 <= limit <= LARGEST_LIMIT:
        message = f"Invalid integer: limit must be between 1 and {LARGEST_LIMIT}"
        raise Refused(message, code="parameter_invalid_integer", param="limit")
    limit = min(limit, largest or limit)
    after, before = given.get("starting_after"), given.get("ending_before")
    if after and before:
        raise Refused("You may only provide one of these parameters: starting_after, ending_before.")
    if after:
        frame = frame.filter(_beyond(everything, after, resource, "starting_after", older=True))
    elif before:
        nearer = frame.filter(_beyond(everything, before, resource, "ending_before", older=False))
        return nearer.tail(limit), nearer.height > limit
    return frame.head(limit), frame.height > limit


def _beyond(everything: pl.DataFrame, object_id: str, resource: Resource, param: str, *, older: bool) -> pl.Expr:
    """Whether a row stands after (older) or before the object of a cursor, which may itself be filtered out."""
    found = everything.filter(pl.col("id") == object_id).select("created", "sort").rows()
    if not found:
        raise missing(resource, object_id, param=param, status=400)
    created, sort = (int(each) for each in found[0])
    same = pl.col("created") == created
    if older:
        return (pl.col("created") < created) | (same & (pl.col("sort") < sort))
    return (pl.col("created") > created) | (same & (pl.col("sort") > sort))


def missing(resource: Resource, object_id: str, *, param: str = "id", status: int = 404) -> Refused:
    """Stripe's word for an object that does not exist."""
    return Refused(f"No such {resource.noun}: '{object_id}'", status=status, code="resource_missing", param=param)


def _integer(name: str, value: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", value):
        raise Refused(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)
