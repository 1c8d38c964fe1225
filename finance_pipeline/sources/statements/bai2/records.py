"""BAI2 as logical records: fields between commas, ended by a slash, continued by records 88.

Here: where a record ends and which of its fields are text. Not here: what the fields mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from finance_pipeline.sources.statements.model import MalformedStatement

_CODE = re.compile(r"\s*(01|02|03|16|49|88|98|99)(?=[,/])")
_SEVERAL = re.compile(r"/\s+(?=(?:01|02|03|16|49|88|98|99),)")
_LONGEST_TEXT_CHARS = 100_000
_TEXT_AFTER = {"16": 3}
"""Fields of a record 16 before its funds type; bank's reference, customer's reference and text follow."""


@dataclass
class Record:
    """One logical record: its code, its fields after the code, and how many lines of the file it took."""

    code: str
    fields: list[str]
    text: str = ""
    """What stands after the last field, for a record 16: commas and slashes are part of it."""
    count: int = 1


def records(text: str) -> Iterator[Record]:
    """The records of a file. Several on one line are told apart; a line without a code belongs to the one before.

    Raises MalformedStatement for a record whose text goes on for longer than any bank's.
    """
    current: Record | None = None
    for line in text.split("\n"):
        for piece in _SEVERAL.split(line):
            found = _CODE.match(piece)
            if found is None:
                if current is not None and piece.strip(" /\x1a"):
                    _continue(current, piece.strip())
                continue
            code, rest = found.group(1), piece[found.end() :].removeprefix(",")
            if code == "88":
                if current is not None:
                    current.count += 1
                    _continue(current, rest)
                continue
            if current is not None:
                yield current
            current = Record(code, [])
            _continue(current, rest)
    if current is not None:
        yield current


def _continue(record: Record, rest: str) -> None:
    """Add what a line holds: more fields, or, once those of a record 16 are complete, more of its text."""
    if record.code == "16" and len(record.fields) >= _before_text(record.fields):
        record.text = f"{record.text} {_ended(rest)}".strip()
        if len(record.text) > _LONGEST_TEXT_CHARS:
            raise MalformedStatement(f"the text of a record is longer than {_LONGEST_TEXT_CHARS:,} characters.")
        return
    fields = _ended(rest).split(",")
    record.fields += fields
    if record.code != "16":
        return
    most = _before_text(record.fields)
    if len(record.fields) > most:
        record.text = ",".join(record.fields[most:]).strip()
        del record.fields[most:]


def _ended(rest: str) -> str:
    """A line's content without the slash that ends it."""
    return rest.rstrip(" \x1a").removesuffix("/").rstrip()


def _before_text(fields: list[str]) -> int:
    """Fields of a record 16 before its text: type, amount, funds type with its own fields, and two references."""
    return _TEXT_AFTER["16"] + funds_fields(fields, 2) + 2


def funds_fields(fields: list[str], place: int) -> int:
    """How many fields belong to the funds type that stands at a place: S three amounts, V a day and a time, D pairs."""
    kind = fields[place].strip().upper() if place < len(fields) else ""
    if kind == "S":
        return 3
    if kind == "V":
        return 2
    if kind != "D":
        return 0
    stated = fields[place + 1].strip() if place + 1 < len(fields) else ""
    return 1 + 2 * min(int(stated), 100) if stated.isascii() and stated.isdecimal() else 1
