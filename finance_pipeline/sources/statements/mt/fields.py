"""A SWIFT file as messages of fields, whatever surrounds them.

Banks send the bare fields, or wrap each message in blocks ({1:...}{2:...}{4: ... -}), or put lines of their own before
:20:. Here: where a field and a message begin and end. Not here: what a field means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TAG = re.compile(r":(1[23]D?|20|21|25P?|28[CD]?|34F|37[A-Z]|6[0245][FM]?|61|77E|86|90[CD]|NS):")
_END = re.compile(r"-\s*$|-\}|-\x03")
_TYPE = re.compile(r"\{2:[IO](9\d\d)")
_INDENTED = re.compile(r"^[ \t\xa0]+:(?:61:\d{6}(?:\d{4})?R?[CD]|6[0245][FM]?:[CD]\d{6}[A-Z]{3} *\d)", re.MULTILINE)
"""A line or balance behind blanks: text that somebody wrote does not look like this by chance."""
_INDENT = re.compile(r"^[ \t\xa0]+(?=:\d\d[A-Z]?:|\{[1-5]:|-\s*$|-\})", re.MULTILINE)
_CONTROL = str.maketrans("", "", "\x01\x02\x03\x1a\ufeff")


@dataclass
class Message:
    """Fields in their order, and the type that block 2 states."""

    kind: str = ""
    fields: list[tuple[str, list[str]]] = field(default_factory=list)
    """Tag without colons, and the lines of its content."""
    is_ended: bool = False
    """Whether a terminator stood after its last field."""
    _tags: set[str] = field(default_factory=set)

    def add(self, tag: str, content: str) -> None:
        self.fields.append((tag, [content]))
        self._tags.add(tag)

    def has(self, *tags: str) -> bool:
        return not self._tags.isdisjoint(tags)


def messages(text: str) -> Iterator[Message]:
    """The messages of a file: a new one begins with :20:, or, where banks leave that out, with the next opening."""
    message, kind = Message(), ""
    inside = False
    plain = text.translate(_CONTROL)
    for line in (_INDENT.sub("", plain) if _INDENTED.search(plain) else plain).split("\n"):
        first = line[:1]
        if first == "{" or "{2:" in line:
            stated = _TYPE.search(line)
            kind = stated.group(1) if stated else kind
            if first == "{":
                line = line.rpartition("{4:")[2] if "{4:" in line else ""
                first = line[:1]
        tag = _TAG.match(line) if first == ":" else None
        if tag is None:
            if first == "-" and _END.match(line):
                inside, message.is_ended = False, True
            elif inside:
                message.fields[-1][1].append(line)
            continue
        if _begins(message, tag.group(1)):
            yield message
            message = Message()
        message.kind = message.kind or kind
        message.is_ended = False
        message.add(tag.group(1), line[tag.end() :])
        inside = True
    if message.fields:
        yield message


def _begins(message: Message, tag: str) -> bool:
    """Whether a field with this tag begins another message: some send one :20: for many statements."""
    if tag == "20":
        return message.has("25", "25P", "28", "28C", "60F", "60M", "60", "61", "62F", "62M", "62", "86")
    if message.is_ended and message.has("62F", "62M", "62"):
        return True
    return tag in ("25", "25P", "28", "28C", "60F", "60M", "60") and message.has("62F", "62M", "62")
