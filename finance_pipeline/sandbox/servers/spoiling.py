"""What a fault makes of an answer: a wire that breaks, a page that is no page, records that look different.

Numbers stay digit for digit wherever a record is not the one that is spoiled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

from starlette.responses import Response, StreamingResponse

from finance_pipeline.core.identity import exact_json, parse_json
from finance_pipeline.sandbox.servers.calls import Answer, Call, Vendor
from finance_pipeline.sandbox.servers.faults import REFUSALS, Fault
from finance_pipeline.sandbox.servers.network import CutShort, Reset

HTML = b"<!DOCTYPE html><html><head><title>Log in</title></head><body>We will be back soon.</body></html>"
Record = dict[str, Any]
_CURRENCIES = ("iso_currency_code", "currency", "CurrencyCode", "UpdatedDateUTC", "OrganisationID")
_ENUMS = ("payment_channel", "transaction_type", "method", "reason", "ContactStatus")
"""Members that hold a word of the vendor's that nothing is decided by."""


async def spoiled(vendor: Vendor, call: Call, fault: Fault) -> Response:
    """The answer to a call as a fault leaves it."""
    if fault.kind == "reset":
        return Reset()
    if fault.kind in REFUSALS:
        return plain(vendor.refusal(fault.kind, call, fault.retry_after_s))
    if fault.kind == "slow":
        await asyncio.sleep(fault.delay_s)
    if fault.kind in ("expired_token", "token_race"):
        vendor.forget_tokens(next_too=fault.kind == "token_race")
    answer = vendor.answer(call)
    if fault.kind == "reset_after":
        return Reset()
    half = answer.body[: len(answer.body) // 2]
    if fault.kind == "truncated":
        return CutShort(answer.body, half, answer.status, answer.headers, answer.content_type)
    if fault.kind == "slow_body":
        length = {"Content-Length": str(len(answer.body))}
        parts = _in_two(half, answer.body[len(half) :], fault.delay_s)
        return StreamingResponse(parts, answer.status, {**answer.headers, **length}, answer.content_type)
    if fault.kind == "html":
        return Response(HTML, 200, media_type="text/html")
    if fault.kind == "malformed":
        return plain(Answer(answer.status, half, answer.headers, answer.content_type))
    edit = _EDITS.get(fault.kind)
    return plain(answer if edit is None else _edited(answer, fault, edit))


def plain(answer: Answer) -> Response:
    """An answer as it is."""
    return Response(answer.body, answer.status, dict(answer.headers), answer.content_type)


async def _in_two(first: bytes, rest: bytes, delay_s: float) -> AsyncIterator[bytes]:
    yield first
    await asyncio.sleep(delay_s)
    yield rest


def _edited(answer: Answer, fault: Fault, edit: Callable[[list[Record], Fault], list[Record]]) -> Answer:
    """The answer with its lists of records edited; one that has none is left as it is."""
    if answer.status != 200:
        return answer
    try:
        content = parse_json(answer.body)
    except ValueError:
        return answer
    if not isinstance(content, dict):
        return answer
    for name, value in content.items():
        if isinstance(value, list) and value and all(_has_an_id(each) for each in value):
            content[name] = edit(value, fault)
    return Answer(answer.status, exact_json(content).encode(), answer.headers, answer.content_type)


def _has_an_id(record: Any) -> bool:
    """Whether it is a record of its own, and no part of one, such as a balance in one of several currencies."""
    return isinstance(record, dict) and any(name.lower().endswith("id") for name in record)


def _disordered(records: list[Record], fault: Fault) -> list[Record]:
    """Some twice, in any order, the last one last: by it pages are asked for."""
    rng = Random(fault.seed)
    *others, last = records
    others += rng.sample(records, k=(len(records) + 1) // 2)
    rng.shuffle(others)
    return [*others, last]


def _with_new_fields(records: list[Record], fault: Fault) -> list[Record]:
    return [{**record, "introduced_lately": {"by": fault.kind, "level": 1}} for record in records]


def _with_a_changed_type(records: list[Record], fault: Fault) -> list[Record]:
    """One record says in a number what is a text."""
    at = Random(fault.seed).randrange(len(records))
    names = [fault.member] if fault.member else [name for name in _CURRENCIES if name in records[at]]
    changed = {**records[at], **dict.fromkeys(names[:1], 840)}
    return [*records[:at], changed, *records[at + 1 :]]


def _with_an_unknown_word(records: list[Record], fault: Fault) -> list[Record]:
    names = (fault.member,) if fault.member else _ENUMS
    return [{**record, **{name: "brand_new" for name in names if name in record}} for record in records]


_EDITS: dict[str, Callable[[list[Record], Fault], list[Record]]] = {
    "disorder": _disordered,
    "new_fields": _with_new_fields,
    "changed_types": _with_a_changed_type,
    "unknown_enum": _with_an_unknown_word,
}
