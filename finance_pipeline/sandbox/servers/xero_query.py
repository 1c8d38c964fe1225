"""Xero's queries: where, order, the list parameters, and which page of the result.

Here: a small part of Xero's filter language over frames of raw JSON. Not here: tokens, tenants, envelopes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import polars as pl

from finance_pipeline.sandbox.servers.log import Fields

DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE = 100, 1000
FIELDS: Fields = {"updated_at": ("$.UpdatedDateUTC", pl.String()), "standing": ("$.Status", pl.String())}
CONTACT_FIELDS: Fields = {**FIELDS, "standing": ("$.ContactStatus", pl.String())}
_CLAUSE = re.compile(r"([A-Za-z][\w.]*)\s*(==|=|!=|>=|<=|>|<)\s*(.+)", re.DOTALL)
_COMPARE = {
    "==": pl.Expr.eq,
    "=": pl.Expr.eq,
    "!=": pl.Expr.ne,
    ">=": pl.Expr.ge,
    "<=": pl.Expr.le,
    ">": pl.Expr.gt,
    "<": pl.Expr.lt,
}


class Unreadable(Exception):
    """A query that Xero would refuse with 400. kind: the exception's name in the answer."""

    def __init__(self, message: str, kind: str = "QueryParseException") -> None:
        self.kind = kind
        super().__init__(message)


@dataclass(frozen=True)
class Endpoint:
    """One list. key: the array's name in the answer. number: what may stand for the id in a path."""

    kind: str
    key: str
    number: str = ""
    paged: bool = True
    lines: bool = False
    """Whether a list that is not paged leaves the line items out."""

    @property
    def fields(self) -> Fields:
        return CONTACT_FIELDS if self.kind == "contact" else FIELDS


@dataclass(frozen=True)
class Page:
    """One page of rows, and Xero's `pagination` object where the call asked for a page."""

    rows: pl.DataFrame
    pagination: Mapping[str, int] | None


def milliseconds(text: pl.Expr) -> pl.Expr:
    """The moment in a text such as /Date(1767225600000+0000)/, in ms since 1970."""
    return text.str.extract(r"Date\((-?\d+)").cast(pl.Int64)


def selected(rows: pl.DataFrame, endpoint: Endpoint, query: Mapping[str, str], since: datetime | None) -> pl.DataFrame:
    """The rows that a query selects, in its order. Raises Unreadable.

    since: only what was updated after that second; a change within the second of `since` is not news to Xero, which is
    why whoever asks has to overlap.
    """
    conditions = list(_listed(endpoint, query))
    if since is not None:
        seconds = milliseconds(pl.col("updated_at")) // 1000
        conditions.append(seconds > int(since.timestamp()))
    if query.get("includeArchived", "").lower() != "true":
        conditions.append(pl.col("standing").ne_missing("ARCHIVED"))
    if where := query.get("where", "").strip():
        conditions += [_condition(clause) for clause in re.split(r"\s+AND\s+|\s*&&\s*", where, flags=re.IGNORECASE)]
    return _ordered(rows.filter(conditions) if conditions else rows, query.get("order", ""))


def page_of(rows: pl.DataFrame, endpoint: Endpoint, query: Mapping[str, str], largest: int | None = None) -> Page:
    """The page that a query asks for; all rows where it asks for none, or the endpoint has no pages.

    largest: bound of a page whatever is asked for.
    """
    if not endpoint.paged or "page" not in query:
        return Page(rows, None)
    number, size = _whole(query, "page", 1), _whole(query, "pageSize", DEFAULT_PAGE_SIZE)
    if size > LARGEST_PAGE_SIZE:
        raise Unreadable(f"pageSize must be at most {LARGEST_PAGE_SIZE}", "ValidationException")
    size = min(size, largest or size)
    pages = -(-rows.height // size)
    pagination = {"page": number, "pageSize": size, "pageCount": pages, "itemCount": rows.height}
    return Page(rows.slice((number - 1) * size, size), pagination)


def modified_since(header: str | None) -> datetime | None:
    """The moment of If-Modified-Since, as HTTP writes it or as ISO 8601 in UTC. Raises Unreadable."""
    if not header:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(header)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise Unreadable(f"If-Modified-Since {header!r} is not a date", "ValidationException")


def _listed(endpoint: Endpoint, query: Mapping[str, str]) -> list[pl.Expr]:
    """The parameters that are comma-separated lists."""
    columns = {
        "IDs": pl.col("id"),
        "Statuses": pl.col("standing"),
        "InvoiceNumbers": _property("InvoiceNumber"),
        "ContactIDs": _property("Contact.ContactID"),
    }
    if endpoint.kind != "invoice":
        columns = {"IDs": columns["IDs"]}
    return [column.is_in(query[name].split(",")) for name, column in columns.items() if query.get(name)]


def _property(path: str) -> pl.Expr:
    return pl.col("json").str.json_path_match(f"$.{path}")


def _condition(clause: str) -> pl.Expr:
    """One comparison, such as Type=="ACCREC", Date>=DateTime(2026,05,01) or AmountDue>0."""
    found = _CLAUSE.fullmatch(re.sub(r"\A\s*\((.*)\)\s*\Z", r"\1", clause, flags=re.DOTALL).strip())
    if not found:
        raise Unreadable(f"could not read {clause!r}")
    compare, value = _COMPARE[found[2]], found[3].strip()
    if text := re.fullmatch(r'(?:Guid\()?"([^"]*)"\)?', value):
        return compare(_property(found[1]), text[1])
    if moment := re.fullmatch(r"DateTime\(\s*(\d+(?:\s*,\s*\d+){2,5})\s*\)", value):
        try:
            at = datetime(*(int(part) for part in moment[1].split(",")), tzinfo=UTC)  # type: ignore[misc, arg-type]
        except ValueError as cause:
            raise Unreadable(f"{value} is not a date") from cause
        return compare(milliseconds(_property(found[1])), int(at.timestamp() * 1000))
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        number = pl.lit(value).cast(pl.Decimal(38, 4))
        return compare(_property(found[1]).cast(pl.Decimal(38, 4), strict=False), number)
    if value.lower() in ("true", "false"):
        return compare(_property(found[1]), value.lower())
    raise Unreadable(f"could not read the value {value!r}")


def _ordered(rows: pl.DataFrame, order: str) -> pl.DataFrame:
    """By the order asked for, else by UpdatedDateUTC; equal ones by id, so that pages never overlap."""
    keys: list[pl.Expr] = []
    descending: list[bool] = []
    for part in order.split(",") if order.strip() else ["UpdatedDateUTC ASC"]:
        found = re.fullmatch(r"([A-Za-z][\w.]*)(?:\s+(ASC|DESC))?", part.strip(), re.IGNORECASE)
        if not found:
            raise Unreadable(f"could not read the order {part!r}")
        text = pl.col("updated_at") if found[1] == "UpdatedDateUTC" else _property(found[1])
        keys += [milliseconds(text), text]
        descending += [(found[2] or "").upper() == "DESC"] * 2
    return rows.sort([*keys, pl.col("id")], descending=[*descending, False], nulls_last=True)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise Unreadable(f"{name} {text!r} is not a positive number", "ValidationException")
    return int(text)
